/** The form of a schedule: rotations of people in a time zone, with the turns that follow from it. */
import { useState } from 'preact/hooks';
import type {
  ScheduleAnswer,
  ScheduleListAnswer,
  SchedulePreviewAnswer,
  ScheduleRequest,
} from '../../api/contract/schedules.ts';
import { showHidden } from '../clean.ts';
import { browserZone, fieldOfMs } from '../localTime.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Choice, Many, TextBox, Tick } from '../parts/inputs.tsx';
import { type Sender, SendFault, useSender } from '../parts/sender.tsx';
import { useApp } from '../state/context.ts';
import { Turns } from './onCallTurns.tsx';

type People = ScheduleListAnswer['people'];

interface RotationDraft {
  key: number;
  id: string | undefined;
  title: string;
  people: string[];
  unit: 'day' | 'week';
  count: string;
  startsOn: string;
  handoverAt: string;
  hours: { weekdays: string[]; from: string; to: string } | null;
}

let keys = 0;
const nextKey = () => {
  keys++;
  return keys;
};

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 0].map((day) => ({ value: String(day), label: DAYS[day] ?? '' }));

function newRotation(nowMs: number): RotationDraft {
  return {
    key: nextKey(),
    id: undefined,
    title: 'Everybody in turn',
    people: [],
    unit: 'week',
    count: '1',
    startsOn: fieldOfMs(nowMs, 'local').slice(0, 10),
    handoverAt: '09:00',
    hours: null,
  };
}

/** The form holds one span of hours; a rotation with several keeps them until its hours are changed here. */
function rotationDrafts(schedule: ScheduleAnswer): RotationDraft[] {
  return schedule.rotations.map((rotation) => {
    const [hours] = rotation.hours;
    return {
      key: nextKey(),
      id: rotation.id,
      title: rotation.title,
      people: rotation.people,
      unit: rotation.turn.unit,
      count: String(rotation.turn.count),
      startsOn: rotation.startsOn,
      handoverAt: rotation.handoverAt,
      hours: hours ? { ...hours, weekdays: hours.weekdays.map(String) } : null,
    };
  });
}

interface Props {
  schedule: ScheduleAnswer | null;
  people: People;
  onDone(): Promise<void>;
  onClose(): void;
}

export function ScheduleForm({ schedule, people, onDone, onClose }: Props) {
  const { client, toast, clock } = useApp();
  const [title, setTitle] = useState(schedule?.title ?? '');
  const [zone, setZone] = useState(schedule?.zone ?? browserZone());
  const [rotations, setRotations] = useState(() =>
    schedule ? rotationDrafts(schedule) : [newRotation(clock.now())],
  );
  const [preview, setPreview] = useState<{ answer: SchedulePreviewAnswer; of: string } | null>(null);
  const [removing, setRemoving] = useState(false);
  const sender = useSender();
  const looker = useSender();
  const request = requestOf(title, zone, rotations, schedule);
  const now = JSON.stringify(request);
  const both: Sender = {
    ...sender,
    faultOf: (...names) => sender.faultOf(...names) ?? looker.faultOf(...names),
  };
  const change = (key: number, part: Partial<RotationDraft>) =>
    setRotations(rotations.map((one) => (one.key === key ? { ...one, ...part } : one)));
  return (
    <form
      class="form grid-form"
      noValidate
      aria-label={schedule ? `Change ${schedule.title}` : 'Add a schedule'}
      onSubmit={(event) => {
        event.preventDefault();
        void sender.send(async () => {
          looker.clear();
          await client.send(
            schedule ? 'PUT' : 'POST',
            schedule ? `/schedules/${schedule.id}` : '/schedules',
            request,
          );
          toast.value = 'Schedule saved';
          await onDone();
        });
      }}
    >
      <TextBox
        name="scheduleTitle"
        label="Title"
        placeholder="Primary"
        value={title}
        onInput={setTitle}
        fault={both.faultOf('title')}
      />
      <TextBox
        name="scheduleZone"
        label="Time zone"
        value={zone}
        onInput={setZone}
        hint="Handing over follows its clock, summer and winter."
        fault={both.faultOf('zone')}
      />
      {rotations.map((rotation, index) => (
        <Rotation
          key={rotation.key}
          rotation={rotation}
          index={index}
          people={people}
          sender={both}
          onChange={(part) => change(rotation.key, part)}
          onRemove={
            rotations.length > 1
              ? () => setRotations(rotations.filter((one) => one.key !== rotation.key))
              : null
          }
        />
      ))}
      <div class="row field-wide">
        <button
          type="button"
          onClick={() => setRotations([...rotations, { ...newRotation(clock.now()), title: 'Over it' }])}
        >
          Add a rotation over these
        </button>
        <button
          type="button"
          disabled={looker.busy}
          onClick={() =>
            void looker.send(async () => {
              sender.clear();
              setPreview({
                answer: await client.send<SchedulePreviewAnswer>('POST', '/schedules/preview', request),
                of: now,
              });
            })
          }
        >
          Show the turns
        </button>
      </div>
      <div class="field-wide">
        <SendFault sender={looker} />
        {preview && (
          <div class={preview.of === now ? '' : 'stale'} role="status">
            {preview.of !== now && <p class="age">You changed something since. Look again.</p>}
            <Turns turns={preview.answer.turns} gaps={preview.answer.gaps} />
            {preview.answer.gaps.length > 0 && (
              <p class="warn small">There are times when nobody is on call.</p>
            )}
          </div>
        )}
      </div>
      <SendFault sender={sender} />
      <div class="row field-wide">
        <button type="submit" class="primary" disabled={sender.busy}>
          {schedule ? 'Save the schedule' : 'Add the schedule'}
        </button>
        <button type="button" onClick={onClose}>
          Close
        </button>
        {schedule && (
          <button type="button" class="danger" onClick={() => setRemoving(true)}>
            Remove
          </button>
        )}
      </div>
      {removing && schedule && (
        <Confirm
          title={`Remove ${showHidden(schedule.title)}?`}
          submit="Remove it"
          danger
          onClose={() => setRemoving(false)}
          onYes={async () => {
            await client.send('DELETE', `/schedules/${schedule.id}`);
            toast.value = 'Schedule removed';
            await onDone();
          }}
        >
          Nobody is called through it any more. Escalation policies that name it have to be changed first.
        </Confirm>
      )}
    </form>
  );
}

interface RotationProps {
  rotation: RotationDraft;
  index: number;
  people: People;
  sender: Sender;
  onChange(part: Partial<RotationDraft>): void;
  onRemove: (() => void) | null;
}

function Rotation({ rotation, index, people, sender, onChange, onRemove }: RotationProps) {
  const at = `rotations.${index}`;
  const name = (part: string) => `rotation-${index}-${part}`;
  const person = (id: string) => people.find((one) => one.id === id)?.name ?? 'removed';
  return (
    <fieldset class="field-wide rotation">
      <legend>{index === 0 ? 'Rotation' : 'Rotation over those above'}</legend>
      <div class="grid-form">
        <TextBox
          name={name('title')}
          label="Name"
          value={rotation.title}
          onInput={(title) => onChange({ title })}
          fault={sender.faultOf(`${at}.title`)}
        />
        <Many
          name={name('people')}
          legend="People"
          hint={
            rotation.people.length > 1
              ? `In this order: ${showHidden(rotation.people.map(person).join(' → '))}. Untick and tick again to move somebody to the end.`
              : 'In the order in which they are ticked.'
          }
          options={people.map((one) => ({ value: one.id, label: showHidden(one.name || one.email) }))}
          values={rotation.people}
          onChange={(chosen) => onChange({ people: chosen })}
          fault={sender.faultOf(`${at}.people`, `${at}.people.0`)}
        />
        <TextBox
          name={name('count')}
          label="Each for"
          inputMode="numeric"
          value={rotation.count}
          onInput={(count) => onChange({ count })}
          fault={sender.faultOf(`${at}.turn.count`)}
        />
        <Choice
          name={name('unit')}
          label="Days or weeks"
          value={rotation.unit}
          options={[
            { value: 'week', label: 'weeks' },
            { value: 'day', label: 'days' },
          ]}
          onChange={(unit) => onChange({ unit })}
          fault={sender.faultOf(`${at}.turn.unit`)}
        />
        <TextBox
          name={name('startsOn')}
          label="The first turn begins"
          type="date"
          value={rotation.startsOn}
          onInput={(startsOn) => onChange({ startsOn })}
          fault={sender.faultOf(`${at}.startsOn`)}
        />
        <TextBox
          name={name('handoverAt')}
          label="Handing over at"
          type="time"
          value={rotation.handoverAt}
          onInput={(handoverAt) => onChange({ handoverAt })}
          fault={sender.faultOf(`${at}.handoverAt`)}
        />
        <Tick
          name={name('limited')}
          label="Only at some hours of the week"
          checked={rotation.hours !== null}
          onChange={(checked) =>
            onChange({
              hours: checked ? { weekdays: ['1', '2', '3', '4', '5'], from: '09:00', to: '17:00' } : null,
            })
          }
        />
        {rotation.hours && (
          <>
            <Many
              name={name('weekdays')}
              legend="On"
              options={WEEKDAYS}
              values={rotation.hours.weekdays}
              onChange={(weekdays) => rotation.hours && onChange({ hours: { ...rotation.hours, weekdays } })}
              fault={sender.faultOf(`${at}.hours.0.weekdays`)}
            />
            <TextBox
              name={name('hoursFrom')}
              label="From"
              type="time"
              value={rotation.hours.from}
              onInput={(from) => rotation.hours && onChange({ hours: { ...rotation.hours, from } })}
              fault={sender.faultOf(`${at}.hours.0.from`)}
            />
            <TextBox
              name={name('hoursTo')}
              label="To"
              type="time"
              value={rotation.hours.to}
              onInput={(to) => rotation.hours && onChange({ hours: { ...rotation.hours, to } })}
              fault={sender.faultOf(`${at}.hours.0.to`, `${at}.hours.0`)}
            />
          </>
        )}
      </div>
      {onRemove && (
        <button type="button" class="quiet" onClick={onRemove}>
          Leave out this rotation
        </button>
      )}
    </fieldset>
  );
}

function requestOf(
  title: string,
  zone: string,
  rotations: RotationDraft[],
  saved: ScheduleAnswer | null,
): ScheduleRequest {
  return {
    title: title.trim(),
    zone: zone.trim(),
    rotations: rotations.map((rotation) => {
      const before = saved?.rotations.find((one) => one.id === rotation.id);
      const hours = rotation.hours
        ? [{ ...rotation.hours, weekdays: rotation.hours.weekdays.map(Number).sort((a, b) => a - b) }]
        : [];
      // Further spans of hours, made over the API, stay while the first is not touched.
      const isSame = before && JSON.stringify(before.hours[0]) === JSON.stringify(hours[0]);
      return {
        ...(rotation.id !== undefined && { id: rotation.id }),
        title: rotation.title.trim(),
        people: rotation.people,
        turn: { unit: rotation.unit, count: Number(rotation.count) },
        startsOn: rotation.startsOn,
        handoverAt: rotation.handoverAt,
        hours: isSame && before ? before.hours : hours,
      };
    }),
  };
}
