/** Of an incident: the timeline that writes itself, notes, the cause people found, whom it told. */
import { useState } from 'preact/hooks';
import type { IncidentAnswer, TimelineEntry } from '../../api/contract/incidents.ts';
import { showHidden } from '../clean.ts';
import { formatClock, formatDay, formatInstant, formatSpan, zoneName, zoneSuffix } from '../format.ts';
import { deliveryKind, deliveryState } from '../incidentWords.ts';
import { LongText, TextBox } from '../parts/inputs.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { StateWord } from '../parts/state.tsx';
import { receiverPath } from '../paths.ts';
import { useApp } from '../state/context.ts';

interface Props {
  data: IncidentAnswer;
  onChange(): Promise<void>;
}

/** What a kind of entry looks like at the edge of the timeline. */
const MARKS: Partial<Record<TimelineEntry['kind'], string>> = {
  opened: 'bad',
  raised: 'bad',
  reopened: 'bad',
  notTold: 'bad',
  held: 'unknown',
  flapping: 'bad',
  recovered: 'good',
  resolved: 'good',
  acknowledged: 'person',
  note: 'person',
  cause: 'person',
  snoozed: 'person',
  release: 'release',
  changed: 'release',
};

const WORDS: Record<TimelineEntry['kind'], string> = {
  opened: 'Opened',
  raised: 'Got worse',
  lowered: 'Got better',
  held: 'Held',
  dataReturned: 'Data returned',
  recovered: 'Recovered',
  resolved: 'Resolved',
  reopened: 'Reopened',
  flapping: 'Flapping',
  told: 'Told',
  notTold: 'Not told',
  escalated: 'Escalated',
  acknowledged: 'Acknowledged',
  unacknowledged: 'Acknowledgement cleared',
  snoozed: 'Snoozed',
  unsnoozed: 'Snooze ended',
  silenced: 'Silenced',
  note: 'Note',
  cause: 'Cause',
  release: 'Release',
  changed: 'Changed',
};

export function Timeline({ data, onChange }: Props) {
  const { range, session, clock } = useApp();
  const zone = range.zone.value;
  const entries = [...data.timeline].sort((a, b) => a.atMs - b.atMs);
  let day = '';
  return (
    <section class="group" aria-labelledby="timeline">
      <h2 id="timeline">
        Timeline <span class="muted per">{zoneName(data.nowMs, zone)}</span>
      </h2>
      <ol class="timeline">
        {entries.map((entry) => {
          const on = formatDay(entry.atMs, zone, clock.now());
          const isNewDay = on !== day;
          day = on;
          return (
            <li key={entry.id} class={`entry entry-${MARKS[entry.kind] ?? 'plain'}`}>
              <time dateTime={new Date(entry.atMs).toISOString()}>
                {isNewDay && <span class="entry-day">{on} </span>}
                {formatClock(entry.atMs, zone)}
              </time>
              <div>
                <span class="strong">{WORDS[entry.kind]}</span>
                {entry.actor && <span class="muted"> {showHidden(entry.actor)}</span>}
                {/* Who was told stands in the line above; here why. */}
                <p class="entry-text">
                  {entry.kind === 'told' && typeof entry.detail.kind === 'string'
                    ? toldText(entry.detail.kind)
                    : showHidden(entry.text)}
                </p>
              </div>
            </li>
          );
        })}
      </ol>
      {session.canEdit.value && <AddNote id={data.incident.id} onChange={onChange} />}
    </section>
  );
}

function toldText(kind: string): string {
  const known = ['trigger', 'update', 'acknowledge', 'resolve', 'reminder', 'digest'] as const;
  const found = known.find((one) => one === kind);
  if (found === 'reminder') return 'A reminder.';
  if (found === 'digest') return 'Together with others.';
  return found ? `That it was ${deliveryKind(found)}.` : '';
}

function AddNote({ id, onChange }: { id: string; onChange(): Promise<void> }) {
  const { client, toast } = useApp();
  const sender = useSender();
  const [text, setText] = useState('');
  return (
    <form
      class="form note-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          await client.send('POST', `/incidents/${id}/notes`, { text });
          setText('');
          toast.value = 'Note added';
          await onChange();
        });
      }}
    >
      <LongText
        name="note"
        label="Add a note"
        rows={2}
        value={text}
        onInput={setText}
        fault={sender.faultOf('text')}
      />
      <SendFault sender={sender} />
      <button type="submit" disabled={sender.busy || text.trim() === ''}>
        Add note
      </button>
    </form>
  );
}

export function Cause({ data, onChange }: Props) {
  const { session, client, toast, range } = useApp();
  const sender = useSender();
  const [open, setOpen] = useState(false);
  const [release, setRelease] = useState('');
  const [text, setText] = useState('');
  const { cause } = data;
  const releases = [
    ...new Set(data.events.flatMap((event) => (event.version === null ? [] : [event.version]))),
  ].sort((a, b) => b - a);
  if (!cause && !session.canEdit.value) return null;
  function edit() {
    setRelease(cause?.release ? String(cause.release) : '');
    setText(cause?.text ?? '');
    setOpen(!open);
  }
  return (
    <section class="group" aria-labelledby="cause">
      <h2 id="cause">Cause</h2>
      {cause && (
        <p>
          {cause.release !== null && <span class="strong">v{cause.release}. </span>}
          {showHidden(cause.text)}{' '}
          <span class="muted small">
            {showHidden(cause.author)}, {formatInstant(cause.atMs, range.zone.value, false, data.nowMs)}
          </span>
        </p>
      )}
      {session.canEdit.value && (
        <button type="button" aria-expanded={open} onClick={edit}>
          {cause ? 'Change the cause' : 'Mark what caused it'}
        </button>
      )}
      {open && (
        <form
          class="form act-form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void sender.send(async () => {
              const version = release.trim().replace(/^v/i, '');
              await client.send('PUT', `/incidents/${data.incident.id}/cause`, {
                release: version === '' ? null : Number(version),
                text,
              });
              toast.value = 'Cause noted';
              setOpen(false);
              await onChange();
            });
          }}
        >
          <TextBox
            name="causeRelease"
            label="Release"
            placeholder={releases[0] ? `v${releases[0]}` : 'v214'}
            value={release}
            onInput={setRelease}
            inputMode="numeric"
            list="cause-releases"
            hint="Empty if it was none."
            fault={sender.faultOf('release')}
          />
          <datalist id="cause-releases">
            {releases.map((version) => (
              <option key={version} value={`v${version}`} />
            ))}
          </datalist>
          <LongText
            name="causeText"
            label="In words"
            rows={2}
            value={text}
            onInput={setText}
            fault={sender.faultOf('text')}
          />
          <SendFault sender={sender} />
          <button type="submit" class="primary" disabled={sender.busy}>
            Save the cause
          </button>
        </form>
      )}
    </section>
  );
}

export function Deliveries({ data }: { data: IncidentAnswer }) {
  const { router, range, clock } = useApp();
  const zone = range.zone.value;
  const { deliveries } = data;
  return (
    <section class="group" aria-labelledby="told">
      <h2 id="told">Who was told</h2>
      {deliveries.length === 0 ? (
        <p class="muted">Nobody so far.</p>
      ) : (
        <table class="data stack">
          <caption class="sr">Messages about this incident, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Receiver</th>
              <th scope="col">Told</th>
              <th scope="col">How it went</th>
              <th scope="col">When</th>
            </tr>
          </thead>
          <tbody>
            {deliveries.map((delivery) => {
              const state = deliveryState(delivery);
              const ms = delivery.deliveredAtMs ?? delivery.createdAtMs;
              return (
                <tr key={delivery.id}>
                  <th scope="row" data-label="Receiver">
                    <a href={router.link(receiverPath(delivery.receiver.id))}>
                      {showHidden(delivery.receiver.name)}
                    </a>
                  </th>
                  <td data-label="Told">{deliveryKind(delivery.kind)}</td>
                  <td data-label="How it went">
                    <StateWord level={state.level} word={state.word} />
                    {delivery.state !== 'delivered' && delivery.lastReason && (
                      <span class="why">{showHidden(delivery.lastReason)}</span>
                    )}
                    {delivery.state === 'waiting' && delivery.dueAtMs > clock.nowMs.value && (
                      <span class="why">in {formatSpan(delivery.dueAtMs - clock.nowMs.value)}</span>
                    )}
                  </td>
                  <td data-label="When">
                    {formatInstant(ms, zone, true, clock.now())}
                    {zoneSuffix(ms, zone)}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </section>
  );
}
