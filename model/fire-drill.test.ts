import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DRILL_JUDGED_WITHIN_MS,
  DRILL_KEPT_MS,
  DRILL_OWED_WITHIN_MS,
  DRILL_SETTLES_WITHIN_MS,
  type DrillFacts,
  type DrillStanding,
  drillRule,
  drillSteps,
  NO_DRILL_FACTS,
  nextMove,
} from './fire-drill.ts';

const T = 1_800_000_000_000;
const running: DrillStanding = {
  state: 'running',
  endsAtMs: T + 600_000,
  endingAtMs: null,
  facts: NO_DRILL_FACTS,
  isResolvedByHand: false,
  isUnsettled: false,
};
const ending: DrillStanding = { ...running, state: 'ending', endingAtMs: T };
const opened: DrillFacts = { ...NO_DRILL_FACTS, incidentNumber: 214, openedAtMs: T };

test('the rule of a drill is a real one that says what it is, with the severity asked for', () => {
  expect(drillRule('ticket', 'https://drains.example.com/settings/drill?app=shop')).toMatchObject({
    severity: 'ticket',
    title: expect.stringMatching(/^DRILL: /),
    runbookUrl: 'https://drains.example.com/settings/drill?app=shop',
    forMinutes: 0,
    keepFiringMinutes: 0,
  });
  expect(drillRule('page', 'nonsense').runbookUrl).toBe('');
});

describe('what is done next', () => {
  test('it goes on until somebody acknowledges, resolves, or the time is over', () => {
    expect(nextMove(running, T)).toEqual({ do: 'wait' });
    const seen = { ...running, facts: { ...opened, acknowledgedAtMs: T + 1 } };
    expect(nextMove(seen, T)).toEqual({ do: 'end', why: 'acknowledged' });
    expect(nextMove({ ...running, isResolvedByHand: true }, T)).toEqual({ do: 'end', why: 'resolved' });
    expect(nextMove({ ...running, facts: { ...opened, resolvedAtMs: T } }, T)).toEqual({
      do: 'end',
      why: 'resolved',
    });
    expect(nextMove(running, T + 600_000)).toEqual({ do: 'end', why: 'timeout' });
  });

  test('what resolved stays a minute for its readers, longer while a receiver still has to hear of it', () => {
    const over = { ...ending, facts: { ...opened, resolvedAtMs: T + 5_000 } };
    expect(nextMove(over, T + 5_000 + DRILL_KEPT_MS - 1)).toEqual({ do: 'wait' });
    expect(nextMove(over, T + 5_000 + DRILL_KEPT_MS)).toEqual({ do: 'clean' });
    const waiting = { ...over, isUnsettled: true };
    expect(nextMove(waiting, T + 5_000 + DRILL_KEPT_MS)).toEqual({ do: 'wait' });
    expect(nextMove(waiting, T + 5_000 + DRILL_SETTLES_WITHIN_MS)).toEqual({ do: 'clean' });
  });

  test('a receiver that took the trigger is told of the end before it is deleted, as long as that is tried', () => {
    const one = { receiver: 'PagerDuty', atMs: T, tookMs: 1, reason: '' };
    const trigger = { ...one, kind: 'trigger', state: 'delivered' } as const;
    const resolve = { ...one, kind: 'resolve', state: 'waiting' } as const;
    const facts = { ...opened, resolvedAtMs: T, told: [trigger, resolve] };
    const owed = { ...ending, facts, isUnsettled: true };
    expect(nextMove(owed, T + DRILL_SETTLES_WITHIN_MS)).toEqual({ do: 'wait' });
    expect(nextMove(owed, T + DRILL_OWED_WITHIN_MS)).toEqual({ do: 'clean' });
    const taken = {
      ...owed,
      facts: { ...facts, told: [trigger, { ...resolve, state: 'delivered' as const }] },
    };
    expect(nextMove({ ...taken, isUnsettled: false }, T + DRILL_KEPT_MS)).toEqual({ do: 'clean' });
    const never = { ...owed, facts: { ...facts, told: [{ ...trigger, state: 'failed' as const }, resolve] } };
    expect(nextMove(never, T + DRILL_SETTLES_WITHIN_MS)).toEqual({ do: 'clean' });
  });

  test('one that never fired is deleted once no evaluation can have its rule in hand any more', () => {
    expect(nextMove(ending, T + DRILL_JUDGED_WITHIN_MS - 1)).toEqual({ do: 'wait' });
    expect(nextMove(ending, T + DRILL_JUDGED_WITHIN_MS)).toEqual({ do: 'clean' });
    expect(nextMove({ ...ending, isUnsettled: true }, T + DRILL_JUDGED_WITHIN_MS)).toEqual({ do: 'wait' });
  });

  test('an incident that is open is never deleted, whatever else is known', () => {
    const time = fc.option(fc.integer({ min: T - 1e7, max: T + 1e7 }), { nil: null });
    fc.assert(
      fc.property(
        fc.constantFrom('running' as const, 'ending' as const),
        time,
        time,
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: T, max: T + 1e9 }),
        (state, endingAtMs, acknowledgedAtMs, isResolvedByHand, isUnsettled, nowMs) => {
          const facts = { ...opened, acknowledgedAtMs, resolvedAtMs: null };
          const drill = { ...running, state, endingAtMs, facts, isResolvedByHand, isUnsettled };
          expect(nextMove(drill, nowMs).do).not.toBe('clean');
        },
      ),
    );
  });
});

describe('the steps tell', () => {
  const course = {
    state: 'running',
    endReason: null,
    startedAtMs: T,
    endsAtMs: T + 600_000,
    overAtMs: null,
  } as const;
  const told = { receiver: 'Slack', kind: 'trigger', atMs: T + 2_000, tookMs: 1_400, reason: '' } as const;
  const find = (facts: Partial<DrillFacts>, id: string, nowMs = T + 3_000) =>
    drillSteps({ ...course, facts: { ...opened, ...facts } }, nowMs).find((step) => step.id === id);

  test('who took the message and how fast, and who did not and why', () => {
    expect(find({ told: [{ ...told, state: 'delivered' }] }, 'told')).toMatchObject({
      state: 'done',
      text: 'Taken by Slack in 1 s.',
    });
    const refused = { ...told, receiver: 'Pager', state: 'failed', reason: 'it answered 403' } as const;
    expect(find({ told: [{ ...told, state: 'delivered' }, refused] }, 'told')).toMatchObject({
      state: 'stalled',
      text: 'Taken by Slack in 1 s. Pager did not take it: it answered 403.',
    });
    expect(find({ told: [refused] }, 'told')).toMatchObject({ state: 'stalled' });
  });

  test('that nobody is told, and why; that a message takes long', () => {
    expect(find({ withheld: 'noRoute' }, 'told')?.text).toContain('no route leads');
    expect(find({ withheld: 'silence' }, 'told')?.text).toContain('silence');
    const waiting = { ...told, state: 'waiting', atMs: null, tookMs: null } as const;
    expect(find({ told: [waiting] }, 'told')).toMatchObject({
      state: 'waiting',
      text: 'On its way to Slack.',
    });
    expect(find({ told: [waiting] }, 'told', T + 31_000)).toMatchObject({ state: 'stalled' });
  });

  test('that the rule is not judged, after two minutes', () => {
    const steps = (nowMs: number) => drillSteps({ ...course, facts: NO_DRILL_FACTS }, nowMs)[0];
    expect(steps(T + DRILL_JUDGED_WITHIN_MS)).toMatchObject({ state: 'waiting' });
    expect(steps(T + DRILL_JUDGED_WITHIN_MS + 1)).toMatchObject({ state: 'stalled' });
  });
});
