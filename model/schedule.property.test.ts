import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listTurns, type Override, onCallAt, type Rotation } from './schedule.ts';
import { DAY, HOUR } from './time.ts';

const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom('00', '15', '30', '45'))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${minute}`);
const weekdays = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 });
const rotation: fc.Arbitrary<Rotation> = fc.record({
  id: fc.constantFrom('r1', 'r2', 'r3'),
  title: fc.constant('Turns'),
  people: fc.array(fc.constantFrom('ann', 'bob', 'cyd', 'dan'), { minLength: 1, maxLength: 4 }),
  turn: fc.record({ unit: fc.constantFrom('day', 'week'), count: fc.integer({ min: 1, max: 3 }) }),
  startsOn: fc.constantFrom('2026-03-01', '2026-03-28', '2026-10-20', '2024-02-29'),
  handoverAt: time,
  hours: fc.array(fc.record({ weekdays, from: time, to: time }), { maxLength: 2 }),
});
const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
);
// Around changes of clocks in either half of the world.
const start = fc
  .tuple(
    fc.constantFrom(Date.UTC(2026, 2, 27), Date.UTC(2026, 9, 3), Date.UTC(2026, 9, 24)),
    fc.integer({ min: 0, max: DAY }),
  )
  .map(([base, offset]) => base + offset);

test('T-09 T-10 turns cover a span without hole or overlap, and say of every instant who is on call', () => {
  fc.assert(
    fc.property(
      zone,
      fc.array(rotation, { minLength: 1, maxLength: 3 }),
      start,
      fc.array(fc.tuple(fc.integer({ min: -10, max: 80 }), fc.integer({ min: 1, max: 30 })), {
        maxLength: 2,
      }),
      fc.array(fc.integer({ min: 0, max: 3 * DAY - 1 }), { minLength: 3, maxLength: 6 }),
      (name, rotations, fromMs, absences, offsets) => {
        const definition = { zone: name, rotations };
        const toMs = fromMs + 3 * DAY;
        const overrides: Override[] = absences.map(([at, hours], index) => ({
          id: `o${index}`,
          personId: 'eve',
          startsAtMs: fromMs + at * HOUR,
          endsAtMs: fromMs + (at + hours) * HOUR,
          createdAtMs: index,
        }));
        const turns = listTurns(definition, overrides, fromMs, toMs);
        expect(turns[0]?.fromMs).toBe(fromMs);
        expect(turns.at(-1)?.toMs).toBe(toMs);
        for (const [index, turn] of turns.entries()) {
          expect(turn.toMs).toBeGreaterThan(turn.fromMs);
          expect(turns[index + 1]?.fromMs ?? toMs).toBe(turn.toMs);
        }
        for (const offset of offsets) {
          const atMs = fromMs + offset;
          const turn = turns.find((one) => one.fromMs <= atMs && atMs < one.toMs);
          expect(turn?.personId).toBe(onCallAt(definition, overrides, atMs).personId);
        }
      },
    ),
    { numRuns: 60 },
  );
});
