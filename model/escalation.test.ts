import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkEscalation,
  type EscalationDefinition,
  type EscalationLevel,
  type EscalationState,
  startEscalation,
  stepEscalation,
} from './escalation.ts';
import { HOUR, MINUTE } from './time.ts';

const POLICY: EscalationDefinition = {
  levels: [
    { delayMinutes: 0, targets: [{ kind: 'schedule', id: 1 }] },
    {
      delayMinutes: 15,
      targets: [
        { kind: 'schedule', id: 2 },
        { kind: 'receiver', id: 9 },
      ],
    },
  ],
  rounds: 2,
};

/** Told levels as [minute, round, level], looked at each minute. */
function run(definition: EscalationDefinition, minutes: number): number[][] {
  let state: EscalationState | null = startEscalation(definition, 0);
  const told: number[][] = [];
  for (let minute = 0; minute < minutes && state !== null; minute++) {
    const due = stepEscalation(definition, state, minute * MINUTE);
    if (due === null) continue;
    told.push([minute, due.round, due.level]);
    state = due.next;
  }
  return told;
}

test('levels are told one after the other, round after round, and then no more', () => {
  expect(run(POLICY, 600)).toEqual([
    [0, 0, 0],
    [15, 0, 1],
    // A ladder without a delay at its foot still leaves a minute.
    [16, 1, 0],
    [31, 1, 1],
  ]);
});

test('a worker that comes hours late tells one level and waits as long as ever for the next', () => {
  const state = startEscalation(POLICY, 0);
  const due = state && stepEscalation(POLICY, state, 5 * HOUR);
  expect(due).toMatchObject({ level: 0, next: { level: 1, nextAtMs: 5 * HOUR + 15 * MINUTE } });
});

test('nothing is told before its time', () => {
  const state = { level: 1, round: 0, nextAtMs: 15 * MINUTE };
  expect(stepEscalation(POLICY, state, 15 * MINUTE - 1)).toBeNull();
});

test('a policy that was shortened goes on from its first level, or ends', () => {
  const short = { ...POLICY, levels: POLICY.levels.slice(0, 1) };
  expect(stepEscalation(short, { level: 1, round: 0, nextAtMs: 0 }, 1)).toMatchObject({ level: 0, round: 1 });
  expect(stepEscalation(short, { level: 1, round: 1, nextAtMs: 0 }, 1)).toMatchObject({
    targets: [],
    next: null,
  });
  expect(startEscalation({ levels: [], rounds: 1 }, 0)).toBeNull();
});

test('every escalation ends, after levels times rounds, and never tells two levels in one minute', () => {
  const level = fc.record({
    delayMinutes: fc.integer({ min: 0, max: 30 }),
    targets: fc.constant<EscalationLevel['targets']>([{ kind: 'receiver', id: 1 }]),
  });
  fc.assert(
    fc.property(
      fc.array(level, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 4 }),
      (levels, rounds) => {
        const told = run({ levels, rounds }, 1000);
        expect(told).toHaveLength(levels.length * rounds);
        expect(new Set(told.map(([minute]) => minute)).size).toBe(told.length);
      },
    ),
  );
});

test('what is wrong with a policy is said in words', () => {
  expect(checkEscalation(POLICY)).toEqual([]);
  expect(
    checkEscalation({
      levels: [
        { delayMinutes: 0, targets: [] },
        { delayMinutes: 0, targets: [{ kind: 'receiver', id: 1 }] },
      ],
      rounds: 11,
    }),
  ).toHaveLength(3);
  expect(checkEscalation({ levels: [], rounds: 1 })).toHaveLength(1);
});
