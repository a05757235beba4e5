import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialMemory, isFiring, step } from './alert.ts';
import { RuleBacktester } from './rule-backtest.ts';
import { checkRule } from './rule-check.ts';
import { type AppFacts, emptyFacts, markLossy, setLines } from './rule-facts.ts';
import { type KeyMemory, type WalkedRule, walkRule } from './rule-walk.ts';
import { MINUTE } from './time.ts';

const START = 30_000_000;
const LENGTH = 90;
const BEFORE = 20;

/** What happens to an app in one minute. */
interface Minute {
  isAlive: boolean;
  isLost: boolean;
  bad: number;
}

const minutes = fc.array(
  fc.record({
    // Runs of the same, or nothing would ever be silent for long.
    isAlive: fc.constantFrom(true, true, true, true, false),
    isLost: fc.constantFrom(false, false, false, false, false, false, true),
    bad: fc.constantFrom(0, 0, 0, 50),
    length: fc.integer({ min: 1, max: 12 }),
  }),
  { minLength: 12, maxLength: 40 },
);

function factsOf(runs: (Minute & { length: number })[]): AppFacts {
  const all: Minute[] = runs.flatMap(({ length, ...minute }) => Array.from({ length }, () => minute));
  const facts = emptyFacts(1, { from: START - BEFORE, to: START + LENGTH });
  facts.silentAfterMinutes = 5;
  const lines: number[] = [];
  for (let at = 0; at < BEFORE + LENGTH; at++) {
    const minute = START - BEFORE + at;
    const now = at < BEFORE ? { isAlive: true, isLost: false, bad: 0 } : (all[at - BEFORE] ?? all[0]);
    if (now?.isLost)
      facts.losses.push({ fromMs: minute * MINUTE, toMs: minute * MINUTE, messages: 1, cause: 'L10' });
    if (!now?.isAlive) continue;
    lines.push(minute);
    facts.requests[at] = 100;
    facts.bad[at] = now.bad;
  }
  setLines(facts, lines, null);
  markLossy(facts);
  return facts;
}

function ruleOf(forMinutes: number, keepFiringMinutes: number, windowMinutes = 1): WalkedRule {
  const draft = checkRule({
    kind: 'failedShare',
    settings: { ratio: 0.25, minRequests: 1, windowMinutes },
    forMinutes,
    keepFiringMinutes,
  });
  if (!draft.ok) throw new Error('not a rule');
  return { ...draft.value, appId: 1 };
}

const timing = [fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 6 })] as const;

describe('a walk', () => {
  test('is the step of an alert, minute by minute: a naive one over the same minutes agrees', () => {
    fc.assert(
      fc.property(minutes, ...timing, (runs, forMinutes, keepFiringMinutes) => {
        const facts = factsOf(runs);
        const memories = new Map<string, KeyMemory>();
        let naive = initialMemory(START);
        for (let minute = START; minute < START + LENGTH; minute++) {
          walkRule(ruleOf(forMinutes, keepFiringMinutes), facts, { from: minute, to: minute + 1 }, memories);
          const at = minute - 1 - facts.span.from;
          const last = facts.lastLine[at] ?? -1;
          const isAbove = (facts.bad[at] ?? 0) > 0;
          const isLost = facts.lossy[at] === 1;
          const isMissing = last < minute - 1 ? 'noData' : isLost && !isAbove ? 'gap' : null;
          const { memory } = step(naive, { isAbove, isMissing }, minute, {
            forMinutes,
            keepFiringMinutes,
            holdOnMissing: true,
          });
          // What is well is forgotten, held or not.
          naive = memory.state === 'ok' ? initialMemory(minute) : memory;
          const alert = memories.get('')?.alert;
          if (naive.state === 'ok') expect(alert).toBeUndefined();
          else expect(alert).toEqual(naive);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('in one go or in pieces, from stored states or not, it ends the same and tells the same changes', () => {
    fc.assert(
      fc.property(
        minutes,
        ...timing,
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 8 }),
        (runs, a, b, cuts) => {
          const facts = factsOf(runs);
          const rule = ruleOf(a, b, 3);
          const whole = new Map<string, KeyMemory>();
          const atOnce = walkRule(rule, facts, { from: START, to: START + LENGTH }, whole);
          const parts = new Map<string, KeyMemory>();
          const inPieces = [];
          let from = START;
          for (const cut of [...cuts, LENGTH]) {
            const to = Math.min(from + cut, START + LENGTH);
            inPieces.push(...walkRule(rule, facts, { from, to }, parts));
            from = to;
          }
          const told = (transitions: typeof atOnce) =>
            transitions.map(({ key, minute, transition }) => ({ key, minute, ...transition }));
          expect(told(inPieces)).toEqual(told(atOnce));
          expect([...parts].map(([key, { alert }]) => [key, alert])).toEqual(
            [...whole].map(([key, { alert }]) => [key, alert]),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test('R-05 nothing fires before its time, and nothing ends in a silence or on a minute with losses', () => {
    fc.assert(
      fc.property(minutes, ...timing, (runs, forMinutes, keepFiringMinutes) => {
        const facts = factsOf(runs);
        const rule = ruleOf(forMinutes, keepFiringMinutes);
        const transitions = walkRule(rule, facts, { from: START, to: START + LENGTH }, new Map());
        for (const { minute, transition } of transitions) {
          const at = minute - 1 - facts.span.from;
          const isSilent = (facts.lastLine[at] ?? -1) < minute - 1;
          if (transition.to === 'ok') {
            expect(isSilent).toBe(false);
            expect(facts.lossy[at]).toBe(0);
          }
          if (transition.to === 'firing' && transition.from === 'pending') {
            for (let back = 0; back <= forMinutes; back++) {
              const was = at - back;
              const wasSilent = (facts.lastLine[was] ?? -1) < facts.span.from + was;
              // Each minute waited was bad, or one in which time stood still.
              expect((facts.bad[was] ?? 0) > 0 || wasSilent || facts.lossy[was] === 1).toBe(true);
            }
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('the back-test says what the walk did', () => {
    fc.assert(
      fc.property(minutes, ...timing, (runs, forMinutes, keepFiringMinutes) => {
        const facts = factsOf(runs);
        const rule = ruleOf(forMinutes, keepFiringMinutes);
        const span = { from: START, to: START + LENGTH };
        const tester = new RuleBacktester(rule, span);
        tester.add(facts, { from: START, to: START + 40 });
        tester.add(facts, { from: START + 40, to: START + LENGTH });
        const memories = new Map<string, KeyMemory>();
        const transitions = walkRule(rule, facts, span, memories);
        const begun = transitions.filter(
          ({ transition: { from, to } }) => to === 'firing' && (from === 'ok' || from === 'pending'),
        );
        const { firings, sentence } = tester.result();
        expect(firings.map(({ fromMs }) => fromMs)).toEqual(begun.map(({ minute }) => minute * MINUTE));
        const isOpen = [...memories.values()].some(({ alert }) => isFiring(alert));
        expect(firings.filter(({ toMs }) => toMs === null)).toHaveLength(isOpen ? 1 : 0);
        expect(sentence).toMatch(/^Would have made (no ticket|one ticket|\d+ tickets) in 2 h\.$/);
      }),
      { numRuns: 100 },
    );
  });
});
