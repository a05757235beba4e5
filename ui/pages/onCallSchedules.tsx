/** Schedules: who is on call now and next, turns and holes of the next two weeks, overrides. */
import { useState } from 'preact/hooks';
import type { ScheduleAnswer, ScheduleListAnswer } from '../../api/contract/schedules.ts';
import { showHidden } from '../clean.ts';
import { errorText } from '../client.ts';
import { formatInstant, formatRange, formatSpan, zoneName, zoneSuffix } from '../format.ts';
import { Choice, InstantBox, TextBox } from '../parts/inputs.tsx';
import { SendFault, useSender } from '../parts/sender.tsx';
import { StateWord } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import { Turns } from './onCallTurns.tsx';
import { ScheduleForm } from './scheduleForm.tsx';

interface Props {
  answer: ScheduleListAnswer;
  onChange(): Promise<void>;
}

export function Schedules({ answer, onChange }: Props) {
  const { session } = useApp();
  const [editing, setEditing] = useState<string | null>(null);
  const isAdmin = session.isAdmin.value;
  async function done() {
    setEditing(null);
    await onChange();
  }
  return (
    <section class="group" aria-labelledby="schedules">
      <h2 id="schedules">Schedules</h2>
      {answer.schedules.length === 0 && (
        <p class="chart-empty calm">
          No schedule. One says who is on call when; an escalation policy calls whoever that is.
        </p>
      )}
      {answer.schedules.map((schedule) =>
        editing === schedule.id ? (
          <div class="boxed" key={schedule.id}>
            <ScheduleForm
              schedule={schedule}
              people={answer.people}
              onDone={done}
              onClose={() => setEditing(null)}
            />
          </div>
        ) : (
          <One
            key={schedule.id}
            schedule={schedule}
            people={answer.people}
            onEdit={isAdmin ? () => setEditing(schedule.id) : null}
            onChange={onChange}
          />
        ),
      )}
      {isAdmin &&
        (editing === 'new' ? (
          <div class="boxed">
            <ScheduleForm
              schedule={null}
              people={answer.people}
              onDone={done}
              onClose={() => setEditing(null)}
            />
          </div>
        ) : (
          <p>
            <button type="button" onClick={() => setEditing('new')}>
              Add a schedule
            </button>
          </p>
        ))}
    </section>
  );
}

interface OneProps {
  schedule: ScheduleAnswer;
  people: ScheduleListAnswer['people'];
  onEdit: (() => void) | null;
  onChange(): Promise<void>;
}

function One({ schedule, people, onEdit, onChange }: OneProps) {
  const { range, clock, session, client, toast } = useApp();
  const [overriding, setOverriding] = useState(false);
  const zone = range.zone.value;
  const nowMs = clock.nowMs.value;
  const at = (ms: number) => `${formatInstant(ms, zone, false, nowMs)}${zoneSuffix(ms, zone)}`;
  async function removeOverride(id: string) {
    try {
      await client.send('DELETE', `/schedules/${schedule.id}/overrides/${id}`);
      toast.value = 'Override removed';
    } catch (error) {
      toast.value = errorText(error);
    }
    await onChange();
  }
  return (
    <article class="schedule" data-row aria-labelledby={`schedule-${schedule.id}`}>
      <div class="row">
        <h3 id={`schedule-${schedule.id}`}>{showHidden(schedule.title)}</h3>
        <span class="muted small">{schedule.zone}</span>
        <span class="grow" />
        {onEdit && (
          <button type="button" class="quiet" onClick={onEdit}>
            Change<span class="sr"> {showHidden(schedule.title)}</span>
          </button>
        )}
      </div>
      <p class="on-call">
        {schedule.now ? (
          <>
            <strong>{showHidden(schedule.now.name)}</strong> is on call
            {schedule.now.via === 'override' && ' (override)'}, until {at(schedule.now.toMs)}{' '}
            <span class="muted">({formatSpan(schedule.now.toMs - nowMs)})</span>
          </>
        ) : (
          <StateWord level="critical" word="Nobody is on call now" />
        )}
        {schedule.next && (
          <span class="muted">
            {' '}
            · then {showHidden(schedule.next.name)}, from {at(schedule.next.fromMs)}
          </span>
        )}
      </p>
      {schedule.gaps.length + schedule.warnings.length > 0 && (
        <ul class="banner banner-warning plain-list">
          {schedule.warnings.map((warning) => (
            <li key={warning}>{showHidden(warning)}</li>
          ))}
          {schedule.gaps.slice(0, 5).map((gap) => (
            <li key={gap.fromMs}>
              Nobody is on call {formatRange(gap.fromMs, gap.toMs, zone, nowMs)} {zoneName(gap.fromMs, zone)}.
            </li>
          ))}
          {schedule.gaps.length > 5 && <li>and {schedule.gaps.length - 5} more holes in the next 14 days</li>}
        </ul>
      )}
      <Turns turns={schedule.turns} gaps={schedule.gaps} />
      {schedule.overrides.length > 0 && (
        <ul class="plain-list overrides">
          {schedule.overrides.map((one) => (
            <li key={one.id}>
              {showHidden(one.name)} instead, {formatRange(one.fromMs, one.toMs, zone, nowMs)}{' '}
              {zoneName(one.fromMs, zone)}
              {one.reason && <span class="muted"> ({showHidden(one.reason)})</span>}
              {session.canEdit.value && (
                <button type="button" class="quiet" onClick={() => void removeOverride(one.id)}>
                  Remove<span class="sr"> the override of {showHidden(one.name)}</span>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      <p class="small muted">
        {schedule.usedBy.length === 0
          ? 'No escalation policy uses it: nobody is called through it.'
          : `Used by ${showHidden(schedule.usedBy.join(', '))}.`}
      </p>
      {session.canEdit.value && (
        <p>
          <button type="button" aria-expanded={overriding} onClick={() => setOverriding(!overriding)}>
            Somebody takes over
          </button>
        </p>
      )}
      {overriding && (
        <Override
          schedule={schedule}
          people={people}
          onDone={async () => {
            setOverriding(false);
            await onChange();
          }}
        />
      )}
    </article>
  );
}

function Override({
  schedule,
  people,
  onDone,
}: Omit<OneProps, 'onEdit' | 'onChange'> & { onDone(): Promise<void> }) {
  const { client, toast, clock, session } = useApp();
  const sender = useSender();
  const me = session.person.value?.id ?? '';
  const [personId, setPerson] = useState(people.some((one) => one.id === me) ? me : (people[0]?.id ?? ''));
  const [fromMs, setFrom] = useState<number | null>(Math.floor(clock.now() / 60_000) * 60_000);
  const [toMs, setTo] = useState<number | null>(null);
  const [reason, setReason] = useState('');
  return (
    <form
      class="form grid-form boxed"
      noValidate
      aria-label={`Somebody takes over ${schedule.title}`}
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          await client.send('POST', `/schedules/${schedule.id}/overrides`, {
            personId,
            fromMs: fromMs ?? Number.NaN,
            toMs: toMs ?? Number.NaN,
            reason: reason.trim(),
          });
          toast.value = 'Taken over';
          await onDone();
        });
      }}
    >
      <Choice
        name={`who-${schedule.id}`}
        label="Who"
        value={personId}
        options={people.map((one) => ({ value: one.id, label: showHidden(one.name || one.email) }))}
        onChange={setPerson}
        fault={sender.faultOf('personId')}
      />
      <InstantBox
        name={`from-${schedule.id}`}
        label="From"
        valueMs={fromMs}
        onChange={setFrom}
        fault={sender.faultOf('fromMs')}
      />
      <InstantBox
        name={`to-${schedule.id}`}
        label="To"
        valueMs={toMs}
        onChange={setTo}
        fault={sender.faultOf('toMs')}
      />
      <TextBox
        name={`reason-${schedule.id}`}
        label="Why (optional)"
        value={reason}
        onInput={setReason}
        fault={sender.faultOf('reason')}
      />
      <SendFault sender={sender} />
      <button type="submit" class="primary" disabled={sender.busy}>
        Take over
      </button>
    </form>
  );
}
