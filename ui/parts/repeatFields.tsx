/** A weekly recurrence: days, local time, length and zone. */
import type { RepeatRequest } from '../../api/contract/slos.ts';
import { browserZone } from '../localTime.ts';
import { Many, TextBox } from './inputs.tsx';
import type { Sender } from './sender.tsx';

const DAYS = [
  { value: '1', label: 'Mon' },
  { value: '2', label: 'Tue' },
  { value: '3', label: 'Wed' },
  { value: '4', label: 'Thu' },
  { value: '5', label: 'Fri' },
  { value: '6', label: 'Sat' },
  { value: '0', label: 'Sun' },
];

export interface RepeatDraft {
  weekdays: string[];
  at: string;
  minutes: string;
  zone: string;
}

export function newRepeat(): RepeatDraft {
  return { weekdays: ['0'], at: '02:00', minutes: '60', zone: browserZone() };
}

export function repeatDraftOf(repeat: RepeatRequest): RepeatDraft {
  return { ...repeat, weekdays: repeat.weekdays.map(String), minutes: String(repeat.minutes) };
}

export function repeatOf(draft: RepeatDraft): RepeatRequest {
  return {
    weekdays: draft.weekdays.map(Number).sort((a, b) => a - b),
    at: draft.at,
    minutes: Number(draft.minutes) || 0,
    zone: draft.zone.trim(),
  };
}

interface Props {
  draft: RepeatDraft;
  onChange(draft: RepeatDraft): void;
  sender: Sender;
}

export function RepeatFields({ draft, onChange, sender }: Props) {
  const set = (part: Partial<RepeatDraft>) => onChange({ ...draft, ...part });
  return (
    <>
      <Many
        name="weekdays"
        legend="On"
        options={DAYS}
        values={draft.weekdays}
        onChange={(weekdays) => set({ weekdays })}
        fault={sender.faultOf('repeat.weekdays')}
      />
      <TextBox
        name="repeatAt"
        label="At"
        type="time"
        value={draft.at}
        onInput={(at) => set({ at })}
        fault={sender.faultOf('repeat.at')}
      />
      <TextBox
        name="repeatMinutes"
        label="For"
        unit="min"
        inputMode="numeric"
        value={draft.minutes}
        onInput={(minutes) => set({ minutes })}
        fault={sender.faultOf('repeat.minutes')}
      />
      <TextBox
        name="repeatZone"
        label="Time zone"
        value={draft.zone}
        onInput={(zone) => set({ zone })}
        hint="Local time of this zone, summer and winter."
        fault={sender.faultOf('repeat.zone')}
      />
    </>
  );
}
