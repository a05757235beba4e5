/** Who is on call: rotations in a time zone, later ones over earlier ones, and exceptions over all. Pure. */
import { DAY, MINUTE } from './time.ts';
import {
  dayNumber,
  instantOf,
  isZoneKnown,
  parseLocalDay,
  parseLocalTime,
  wallClockAt,
  weekdayOf,
} from './zone.ts';

export interface ScheduleDefinition {
  /** IANA name. */
  zone: string;
  /** Later ones lie over earlier ones. */
  rotations: Rotation[];
}

/** Turns of equal length, everybody once, then again from the first. */
export interface Rotation {
  id: string;
  title: string;
  /** Ids of people, in order. */
  people: string[];
  turn: { unit: 'day' | 'week'; count: number };
  /** First day of the first turn, `2026-11-23`. */
  startsOn: string;
  /** Local time of handing over, `09:00`. */
  handoverAt: string;
  /** Hours of the week it covers; empty: always. */
  hours: CoveredHours[];
}

/** From a local time to another; up to the next day when `to` is not after `from`. */
export interface CoveredHours {
  /** 0 Sunday … 6 Saturday, of the start. */
  weekdays: number[];
  from: string;
  to: string;
}

/** Somebody steps in. Of several at once the one made last counts. */
export interface Override {
  id: string;
  personId: string;
  startsAtMs: number;
  endsAtMs: number;
  createdAtMs: number;
}

export interface Turn {
  fromMs: number;
  toMs: number;
  /** null: nobody. */
  personId: string | null;
  via: 'rotation' | 'override';
  /** Of the rotation or the exception; '' for nobody. */
  viaId: string;
}

type OnCall = Pick<Turn, 'personId' | 'via' | 'viaId'>;
const NOBODY: OnCall = { personId: null, via: 'rotation', viaId: '' };

/** Who is on call at an instant. */
export function onCallAt(
  definition: ScheduleDefinition,
  overrides: readonly Override[],
  atMs: number,
): OnCall {
  const override = overrides
    .filter(({ startsAtMs, endsAtMs }) => startsAtMs <= atMs && atMs < endsAtMs)
    .reduce<Override | null>((last, one) => (last === null || isMadeLater(one, last) ? one : last), null);
  if (override !== null) return { personId: override.personId, via: 'override', viaId: override.id };
  for (const rotation of definition.rotations.toReversed()) {
    const personId = personOf(rotation, definition.zone, atMs);
    if (personId !== null) return { personId, via: 'rotation', viaId: rotation.id };
  }
  return NOBODY;
}

function isMadeLater(one: Override, other: Override): boolean {
  return one.createdAtMs === other.createdAtMs ? one.id > other.id : one.createdAtMs > other.createdAtMs;
}

/** The whole of [fromMs, toMs) in order, without overlap; what is nobody's has personId null. */
export function listTurns(
  definition: ScheduleDefinition,
  overrides: readonly Override[],
  fromMs: number,
  toMs: number,
): Turn[] {
  const edges = new Set<number>([fromMs]);
  const add = (atMs: number) => {
    if (atMs > fromMs && atMs < toMs) edges.add(atMs);
  };
  for (const { startsAtMs, endsAtMs } of overrides) {
    add(startsAtMs);
    add(endsAtMs);
  }
  for (const rotation of definition.rotations)
    listEdges(rotation, definition.zone, fromMs, toMs).forEach(add);
  const starts = [...edges].sort((a, b) => a - b);
  const turns: Turn[] = [];
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? toMs;
    const now = onCallAt(definition, overrides, start);
    const last = turns.at(-1);
    if (last !== undefined && isSame(last, now)) last.toMs = end;
    else turns.push({ fromMs: start, toMs: end, ...now });
  }
  return turns;
}

function isSame(one: OnCall, other: OnCall): boolean {
  return one.personId === other.personId && one.via === other.via && one.viaId === other.viaId;
}

/** Instants at which a rotation may change hands, a day more on either side. */
function listEdges(rotation: Rotation, zone: string, fromMs: number, toMs: number): number[] {
  const times = [rotation.handoverAt, ...rotation.hours.flatMap(({ from, to }) => [from, to])];
  const edges: number[] = [];
  const lastDay = dayNumber(wallClockAt(toMs, zone)) + 1;
  for (let day = dayNumber(wallClockAt(fromMs, zone)) - 1; day <= lastDay; day++) {
    for (const time of new Set(times)) edges.push(instantOf(localMs(day, time), zone));
  }
  return edges;
}

function localMs(day: number, time: string): number {
  return day * DAY + (parseLocalTime(time) ?? 0) * MINUTE;
}

/** The person of the turn that holds an instant; null before the first turn and outside the covered hours. */
function personOf(rotation: Rotation, zone: string, atMs: number): string | null {
  const startDay = parseLocalDay(rotation.startsOn);
  const { people, turn, handoverAt } = rotation;
  if (startDay === null || people.length === 0) return null;
  const turnDays = turn.count * (turn.unit === 'week' ? 7 : 1);
  const begins = (number: number) => instantOf(localMs(startDay + number * turnDays, handoverAt), zone);
  const today = dayNumber(wallClockAt(atMs, zone));
  // The count of days is off by one turn at most: before the hand-over of the day, or where a clock was changed.
  let number = Math.floor((today - startDay) / turnDays) + 1;
  while (begins(number) > atMs) number--;
  if (number < 0 || !isCovered(rotation.hours, zone, atMs, today)) return null;
  return people[number % people.length] ?? null;
}

function isCovered(hours: readonly CoveredHours[], zone: string, atMs: number, today: number): boolean {
  if (hours.length === 0) return true;
  // Hours that go over midnight began yesterday.
  return hours.some(({ weekdays, from, to }) =>
    [today - 1, today].some((day) => {
      if (!weekdays.includes(weekdayOf(day))) return false;
      const lastDay = (parseLocalTime(to) ?? 0) > (parseLocalTime(from) ?? 0) ? day : day + 1;
      return instantOf(localMs(day, from), zone) <= atMs && atMs < instantOf(localMs(lastDay, to), zone);
    }),
  );
}

const PEOPLE_MAX = 100;
const ROTATIONS_MAX = 20;
const TURN_MAX = 52;

/** What is wrong with a definition, each fault in words; empty when nothing is. */
export function checkSchedule(definition: ScheduleDefinition): string[] {
  const faults: string[] = [];
  if (!isZoneKnown(definition.zone)) {
    faults.push(`"${definition.zone}" is no time zone, such as Europe/Berlin.`);
  }
  if (definition.rotations.length > ROTATIONS_MAX)
    faults.push(`A schedule has ${ROTATIONS_MAX} rotations at most.`);
  for (const [index, rotation] of definition.rotations.entries()) {
    const name = rotation.title || `Rotation ${index + 1}`;
    faults.push(...checkRotation(rotation).map((fault) => `${name}: ${fault}`));
  }
  return faults;
}

function checkRotation(rotation: Rotation): string[] {
  const faults: string[] = [];
  const { people, turn, hours } = rotation;
  if (people.length < 1 || people.length > PEOPLE_MAX) faults.push(`name 1 to ${PEOPLE_MAX} people.`);
  if (!Number.isInteger(turn.count) || turn.count < 1 || turn.count > TURN_MAX) {
    faults.push(`a turn lasts 1 to ${TURN_MAX} days or weeks.`);
  }
  if (parseLocalDay(rotation.startsOn) === null) faults.push('the first day must look like 2026-11-23.');
  if (parseLocalTime(rotation.handoverAt) === null)
    faults.push('the time of handing over must look like 09:00.');
  for (const { weekdays, from, to } of hours) {
    if (parseLocalTime(from) === null || parseLocalTime(to) === null)
      faults.push('hours must look like 09:00.');
    if (weekdays.length === 0 || weekdays.some((day) => !Number.isInteger(day) || day < 0 || day > 6)) {
      faults.push('hours need at least one day of the week, 0 for Sunday to 6 for Saturday.');
    }
  }
  return faults;
}
