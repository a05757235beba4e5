import { expect, test } from 'vitest';
import {
  checkSchedule,
  listTurns,
  type Override,
  onCallAt,
  type Rotation,
  type ScheduleDefinition,
} from './schedule.ts';

const iso = (text: string) => new Date(`${text}Z`).getTime();
const show = (atMs: number) => new Date(atMs).toISOString().slice(0, 16);

const rotation = (more: Partial<Rotation> = {}): Rotation => ({
  id: 'r1',
  title: 'Primary',
  people: ['ann', 'bob', 'cyd'],
  turn: { unit: 'day', count: 1 },
  startsOn: '2026-03-27',
  handoverAt: '02:30',
  hours: [],
  ...more,
});
const schedule = (zone: string, ...rotations: Rotation[]): ScheduleDefinition => ({ zone, rotations });
const turns = (definition: ScheduleDefinition, from: string, to: string, overrides: Override[] = []) =>
  listTurns(definition, overrides, iso(from), iso(to)).map(({ fromMs, personId }) => [
    show(fromMs),
    personId,
  ]);

test.each([
  [
    'Europe/Berlin',
    '2026-03-27',
    '2026-03-28T12:00',
    [
      ['2026-03-28T12:00', 'bob'],
      ['2026-03-29T01:00', 'cyd'],
      ['2026-03-30T00:30', 'ann'],
    ],
  ],
  [
    'America/New_York',
    '2026-03-06',
    '2026-03-07T12:00',
    [
      ['2026-03-07T12:00', 'bob'],
      ['2026-03-08T07:00', 'cyd'],
      ['2026-03-09T06:30', 'ann'],
    ],
  ],
  [
    'Australia/Lord_Howe',
    '2026-10-02',
    '2026-10-03T00:00',
    [
      ['2026-10-03T00:00', 'bob'],
      ['2026-10-03T15:30', 'cyd'],
      ['2026-10-04T15:30', 'ann'],
    ],
  ],
])(
  'T-09 in %s a hand-over in the hour that is skipped comes at its end',
  (zone, startsOn, from, expected) => {
    const end = new Date(iso(from) + 44 * 3_600_000).toISOString().slice(0, 16);
    expect(turns(schedule(zone, rotation({ startsOn })), from, end)).toEqual(expected);
  },
);

test.each([
  ['Europe/Berlin', '2026-10-23', '02:30', '2026-10-24T12:00', ['2026-10-25T00:30', '2026-10-26T01:30']],
  ['America/New_York', '2026-10-30', '01:30', '2026-10-31T12:00', ['2026-11-01T05:30', '2026-11-02T06:30']],
])(
  'T-10 in %s a hand-over in the hour that comes twice happens once',
  (zone, startsOn, handoverAt, from, edges) => {
    const end = new Date(iso(from) + 44 * 3_600_000).toISOString().slice(0, 16);
    const seen = turns(schedule(zone, rotation({ startsOn, handoverAt })), from, end);
    expect(seen).toEqual([
      [from, 'bob'],
      [edges[0], 'cyd'],
      [edges[1], 'ann'],
    ]);
  },
);

test('T-12 weeks go on over leap days and the turn of the year', () => {
  const weekly = rotation({ turn: { unit: 'week', count: 1 }, startsOn: '2027-12-20', handoverAt: '09:00' });
  expect(turns(schedule('UTC', weekly), '2027-12-20T09:00', '2028-01-11T00:00')).toEqual([
    ['2027-12-20T09:00', 'ann'],
    ['2027-12-27T09:00', 'bob'],
    ['2028-01-03T09:00', 'cyd'],
    ['2028-01-10T09:00', 'ann'],
  ]);
  // 2028-02-28 is ten weeks after the first day.
  expect(onCallAt(schedule('UTC', weekly), [], iso('2028-02-29T12:00')).personId).toBe('bob');
  expect(onCallAt(schedule('UTC', weekly), [], iso('2028-03-06T12:00')).personId).toBe('cyd');
});

test('nobody is on call before the first turn', () => {
  const definition = schedule('UTC', rotation({ handoverAt: '09:00' }));
  expect(onCallAt(definition, [], iso('2026-03-27T08:59')).personId).toBeNull();
  expect(onCallAt(definition, [], iso('2026-03-27T09:00')).personId).toBe('ann');
  expect(onCallAt(schedule('UTC'), [], iso('2026-03-27T09:00')).personId).toBeNull();
});

test('a later rotation lies over an earlier one in its hours, over midnight too', () => {
  const nights = rotation({
    id: 'r2',
    people: ['owl'],
    handoverAt: '00:00',
    // Of Friday and Saturday evening.
    hours: [{ weekdays: [5, 6], from: '22:00', to: '06:00' }],
  });
  const days = rotation({ people: ['ann'], handoverAt: '00:00' });
  // 2026-03-27 is a Friday; Berlin is an hour ahead, from Sunday two.
  expect(turns(schedule('Europe/Berlin', days, nights), '2026-03-27T12:00', '2026-03-29T12:00')).toEqual([
    ['2026-03-27T12:00', 'ann'],
    ['2026-03-27T21:00', 'owl'],
    ['2026-03-28T05:00', 'ann'],
    ['2026-03-28T21:00', 'owl'],
    ['2026-03-29T04:00', 'ann'],
  ]);
});

test('hours that nobody covers are told as nobody', () => {
  const office = rotation({
    people: ['ann'],
    handoverAt: '00:00',
    hours: [{ weekdays: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }],
  });
  expect(turns(schedule('UTC', office), '2026-03-27T16:00', '2026-03-30T10:00')).toEqual([
    ['2026-03-27T16:00', 'ann'],
    ['2026-03-27T17:00', null],
    ['2026-03-30T09:00', 'ann'],
  ]);
});

test('exceptions count over everything, the one made last first', () => {
  const override = (
    id: string,
    personId: string,
    from: string,
    to: string,
    createdAtMs: number,
  ): Override => ({
    id,
    personId,
    startsAtMs: iso(from),
    endsAtMs: iso(to),
    createdAtMs,
  });
  const overrides = [
    override('o1', 'dan', '2026-03-28T10:00', '2026-03-28T14:00', 2),
    override('o2', 'eve', '2026-03-28T12:00', '2026-03-28T18:00', 1),
  ];
  const definition = schedule('UTC', rotation({ people: ['ann'], handoverAt: '00:00' }));
  expect(turns(definition, '2026-03-28T09:00', '2026-03-28T20:00', overrides)).toEqual([
    ['2026-03-28T09:00', 'ann'],
    ['2026-03-28T10:00', 'dan'],
    ['2026-03-28T14:00', 'eve'],
    ['2026-03-28T18:00', 'ann'],
  ]);
  expect(onCallAt(definition, overrides, iso('2026-03-28T13:00'))).toEqual({
    personId: 'dan',
    via: 'override',
    viaId: 'o1',
  });
});

test('what is wrong with a schedule is said in words, each fault', () => {
  expect(checkSchedule(schedule('Europe/Berlin', rotation()))).toEqual([]);
  const broken = rotation({
    people: [],
    turn: { unit: 'week', count: 0 },
    startsOn: '2026-02-30',
    handoverAt: '25:00',
    hours: [{ weekdays: [7], from: '9', to: '17:00' }],
  });
  const faults = checkSchedule(schedule('Berlin', broken));
  expect(faults).toHaveLength(7);
  expect(faults[1]).toMatch(/^Primary: /);
});
