/** Of an incident: what people do about it. Large enough for a thumb, in the order one needs them. */
import { useRef, useState } from 'preact/hooks';
import type { IncidentAnswer, IncidentRow } from '../../api/contract/incidents.ts';
import { showHidden } from '../clean.ts';
import { formatSpan } from '../format.ts';
import { InstantBox, LongText, TextBox } from '../parts/inputs.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { useApp } from '../state/context.ts';
import { at, failingLogs } from '../verdict/incident.ts';

type Doing = 'acknowledge' | 'snooze' | 'resolve' | null;

interface Props {
  data: IncidentAnswer;
  onChange(): Promise<void>;
}

const HOUR = 3_600_000;
const SNOOZES = [1, 4, 8, 24, 72];

/**
 * The first row holds what is needed first: taking it on, and the log lines that fail. On a phone it stays at the lower
 * edge, under the thumb, and the reasons open above it.
 */
export function Actions({ data, onChange }: Props) {
  const { session, clock, range, router } = useApp();
  const [doing, setDoing] = useState<Doing>(null);
  const { incident: row, runbookUrl } = data;
  const zone = range.zone.value;
  const nowMs = clock.nowMs.value;
  const snoozed = row.snoozedUntilMs !== null && row.snoozedUntilMs > nowMs;
  const isOver = row.state === 'resolved';
  const canAct = session.canEdit.value && !isOver;
  const toggle = (what: Doing) => setDoing(doing === what ? null : what);
  const logs = failingLogs(data);
  const toLines = useRef<HTMLAnchorElement>(null);
  async function done() {
    setDoing(null);
    await onChange();
  }
  async function acknowledged() {
    await done();
    // The button that had the focus is gone; what comes next is the lines.
    toLines.current?.focus({ preventScroll: true });
  }
  return (
    <section class="act" aria-label="What to do">
      {row.acknowledgedBy && row.state === 'acknowledged' && (
        <p>
          Acknowledged by <strong>{showHidden(row.acknowledgedBy)}</strong>
          {row.acknowledgedAtMs !== null && ` ${at(row.acknowledgedAtMs, nowMs, zone)}`}:{' '}
          {showHidden(row.acknowledgeReason)}
        </p>
      )}
      {snoozed && row.snoozedUntilMs !== null && <p>Snoozed until {at(row.snoozedUntilMs, nowMs, zone)}.</p>}
      {isOver && row.resolution && <p class="muted small">Ended: {showHidden(row.resolution)}.</p>}
      <div class="act-bar">
        <div class="act-row">
          {canAct && row.state === 'open' && (
            <button
              type="button"
              class="primary"
              aria-expanded={doing === 'acknowledge'}
              onClick={() => toggle('acknowledge')}
            >
              Acknowledge
            </button>
          )}
          <a ref={toLines} class="button" href={router.link(logs.href)}>
            {showHidden(logs.text)}
          </a>
        </div>
        {doing === 'acknowledge' && <Acknowledge row={row} onDone={acknowledged} />}
      </div>
      {(canAct || runbookUrl !== '') && (
        <div class="act-row">
          {canAct && (
            <>
              <button type="button" aria-expanded={doing === 'snooze'} onClick={() => toggle('snooze')}>
                {snoozed ? 'Change snooze' : 'Snooze'}
              </button>
              <button type="button" aria-expanded={doing === 'resolve'} onClick={() => toggle('resolve')}>
                Resolve by hand
              </button>
            </>
          )}
          {runbookUrl !== '' && (
            <a class="button" href={runbookUrl} target="_blank" rel="noreferrer noopener">
              Runbook
            </a>
          )}
        </div>
      )}
      {!session.canEdit.value && !isOver && (
        <p class="muted small">Someone with the role editor or admin can acknowledge it.</p>
      )}
      {doing === 'snooze' && <Snooze row={row} isOn={snoozed} onDone={done} />}
      {doing === 'resolve' && <Resolve row={row} onDone={done} />}
    </section>
  );
}

interface FormProps {
  row: IncidentRow;
  onDone(): Promise<void>;
}

const REASONS = ['Looking into it', 'Known, a fix is on its way', 'Rolling back'];

function Acknowledge({ row, onDone }: FormProps) {
  const { client, toast } = useApp();
  const sender = useSender();
  const [reason, setReason] = useState('');
  const acknowledge = (text: string) =>
    sender.send(async () => {
      await client.send('POST', `/incidents/${row.id}/acknowledge`, { reason: text });
      toast.value = 'Acknowledged: nobody else is called';
      await onDone();
    });
  return (
    <form
      class="form act-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void acknowledge(reason);
      }}
    >
      <fieldset class="act-row" aria-label="Usual reasons">
        {REASONS.map((text) => (
          <button key={text} type="button" disabled={sender.busy} onClick={() => void acknowledge(text)}>
            {text}
          </button>
        ))}
      </fieldset>
      <TextBox
        name="reason"
        label="Or say what you do about it"
        value={reason}
        onInput={setReason}
        hint="Stands in the timeline and goes to everybody who was told. It clears when the incident recovers."
        fault={sender.faultOf('reason')}
      />
      <SendFault sender={sender} />
      <button type="submit" class="primary" disabled={sender.busy}>
        Acknowledge with this reason
      </button>
    </form>
  );
}

function Snooze({ row, isOn, onDone }: FormProps & { isOn: boolean }) {
  const { client, toast, clock } = useApp();
  const sender = useSender();
  const [untilMs, setUntilMs] = useState<number | null>(null);
  const snooze = (until: number | null) =>
    sender.send(async () => {
      await client.send('POST', `/incidents/${row.id}/snooze`, { untilMs: until });
      toast.value = until === null ? 'Snooze ended' : `Quiet for ${formatSpan(until - clock.now())}`;
      await onDone();
    });
  return (
    <form
      class="form act-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (untilMs !== null) void snooze(untilMs);
      }}
    >
      <p>Reminders and escalation rest until then. If it gets worse or becomes a page, it is told at once.</p>
      <fieldset class="act-row" aria-label="Snooze for">
        {SNOOZES.map((hours) => (
          <button
            key={hours}
            type="button"
            disabled={sender.busy}
            onClick={() => void snooze(clock.now() + hours * HOUR)}
          >
            {formatSpan(hours * HOUR)}
          </button>
        ))}
        {isOn && (
          <button type="button" disabled={sender.busy} onClick={() => void snooze(null)}>
            End the snooze
          </button>
        )}
      </fieldset>
      <InstantBox
        name="untilMs"
        label="Or until"
        valueMs={untilMs}
        onChange={setUntilMs}
        hint="At most seven days ahead."
        fault={sender.faultOf('untilMs')}
      />
      <SendFault sender={sender} />
      <button type="submit" class="primary" disabled={sender.busy || untilMs === null}>
        Snooze until then
      </button>
    </form>
  );
}

function Resolve({ row, onDone }: FormProps) {
  const { client, toast } = useApp();
  const sender = useSender();
  const [reason, setReason] = useState('');
  return (
    <form
      class="form act-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          await client.send('POST', `/incidents/${row.id}/resolve`, { reason });
          toast.value = 'Resolved by hand';
          await onDone();
        });
      }}
    >
      <p>
        It resolves by itself when its numbers recover. By hand it is closed now; if it fires again within 30
        minutes it reopens.
      </p>
      <LongText
        name="resolveReason"
        label="Why it is over"
        rows={2}
        value={reason}
        onInput={setReason}
        fault={sender.faultOf('reason')}
      />
      <SendFault sender={sender} />
      <button type="submit" class="primary" disabled={sender.busy}>
        Resolve
      </button>
    </form>
  );
}
