import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../model/time.ts';
import type { WatchFacts } from '../store/watch.ts';
import { judge, type Watcher } from './watch-judge.ts';

const NOW = Date.UTC(2026, 5, 1, 12, 0, 30);
const UP: Watcher = { upMs: HOUR };

function facts(
  change: Partial<WatchFacts> = {},
  signs: { evaluation?: number; delivery?: number } = {},
): WatchFacts {
  const age = { evaluation: 5 * SECOND, delivery: 2 * SECOND, ...signs };
  return {
    nowMs: NOW,
    signs: {
      evaluation: { atMs: NOW - age.evaluation, details: {} },
      delivery: { atMs: NOW - age.delivery, details: {} },
    },
    nextMinute: Math.floor(NOW / MINUTE),
    outboxSinceMs: null,
    deadDeliveries: 0,
    deadPages: 0,
    untold: { pages: 0, tickets: 0 },
    brokenReceivers: [],
    upkeepAtMs: NOW - 10 * SECOND,
    ...change,
  };
}

const names = (given: WatchFacts, watcher: Watcher = UP) => judge(given, watcher).map(({ name }) => name);

test('all is well: nothing is found', () => {
  expect(judge(facts(), UP)).toEqual([]);
  expect(judge(facts({ nextMinute: null, upkeepAtMs: null }), UP)).toEqual([]);
});

describe('R-13 what stands still', () => {
  test('A-13 no sign of evaluation and delivery is one trouble: no worker', () => {
    expect(names(facts({}, { evaluation: 121 * SECOND, delivery: 125 * SECOND }))).toEqual(['workers']);
  });

  test('one of them alone is named', () => {
    expect(names(facts({}, { evaluation: 121 * SECOND }))).toEqual(['evaluation']);
    expect(names(facts({}, { delivery: 121 * SECOND }))).toEqual(['delivery']);
    expect(names(facts({}, { evaluation: 119 * SECOND, delivery: 119 * SECOND }))).toEqual([]);
  });

  test('signs that were never given count from the start of whoever looks', () => {
    const never = facts({ signs: {} });
    expect(names(never, { upMs: 119 * SECOND })).toEqual([]);
    expect(names(never, { upMs: 121 * SECOND })).toEqual(['workers']);
  });

  test('after a start everything has time to give its first sign', () => {
    const old = facts({}, { evaluation: HOUR, delivery: HOUR });
    expect(names(old, { upMs: 59 * SECOND })).toEqual([]);
    expect(names(old, { upMs: 61 * SECOND })).toEqual(['workers']);
  });

  test('T-06 signs from the future are new', () => {
    expect(names(facts({}, { evaluation: -HOUR, delivery: -HOUR }))).toEqual([]);
  });

  test('an objective that is left behind while rounds end', () => {
    expect(names(facts({ nextMinute: Math.floor(NOW / MINUTE) - 6 }))).toEqual([]);
    expect(names(facts({ nextMinute: Math.floor(NOW / MINUTE) - 7 }))).toEqual(['evaluationBehind']);
  });

  test('a message nobody tries', () => {
    expect(names(facts({ outboxSinceMs: NOW - 89 * SECOND }))).toEqual([]);
    expect(names(facts({ outboxSinceMs: NOW - 91 * SECOND }))).toEqual(['outbox']);
  });
});

describe('A-22 a line of our own', () => {
  const minute = (agoMs: number) => ({ seenMinute: Math.floor((NOW - agoMs) / MINUTE) });

  test('within the last two minutes it came through', () => {
    expect(names(facts(), { ...UP, probe: minute(0) })).toEqual([]);
    expect(names(facts(), { ...UP, probe: minute(110 * SECOND) })).toEqual([]);
  });

  test('it is missed when its minute began more than 150 s ago', () => {
    expect(names(facts(), { ...UP, probe: minute(151 * SECOND) })).toEqual(['probe']);
    expect(names(facts(), { ...UP, probe: { seenMinute: null } })).toEqual(['probe']);
  });

  test('a process that has only begun misses nothing, and one that sends none either', () => {
    expect(names(facts(), { upMs: 149 * SECOND, probe: minute(HOUR) })).toEqual([]);
    expect(names(facts(), { upMs: 151 * SECOND, probe: minute(HOUR) })).toEqual(['probe']);
    expect(names(facts(), UP)).toEqual([]);
  });

  test('R-13 from the moment it breaks to the finding it is never more than 155 s', () => {
    // Sent every 20 s, seen at the latest 15 s later; broken at any second of a minute.
    for (let second = 0; second < 60; second++) {
      const brokenMs = Math.floor(NOW / MINUTE) * MINUTE + second * SECOND;
      const seenMinute = Math.floor((brokenMs - 35 * SECOND) / MINUTE);
      const at = (ms: number) => ({ ...facts(), nowMs: brokenMs + ms, signs: {}, outboxSinceMs: null });
      const found = (ms: number) =>
        judge(at(ms), { ...UP, probe: { seenMinute } }).some(({ name }) => name === 'probe');
      expect(found(155 * SECOND)).toBe(true);
    }
  });
});

test('what was told when it happened is shown only', () => {
  const found = judge(
    facts({ brokenReceivers: ['ops', 'mail'], deadPages: 2, upkeepAtMs: NOW - 11 * MINUTE }),
    UP,
  );
  expect(found.map(({ name, isTold }) => [name, isTold])).toEqual([
    ['receivers', false],
    ['deadPages', false],
    ['upkeep', false],
  ]);
  expect(found[0]?.text).toContain('ops, mail');
  expect(found[1]?.text).toContain('2 pages');
});

test('every finding is one sentence with its figure', () => {
  const found = judge(facts({ outboxSinceMs: NOW - 100 * SECOND }, { evaluation: 5 * MINUTE }), UP);
  expect(found.map(({ text }) => text)).toEqual([
    'Objectives and rules have not been evaluated for 5 min.',
    'A notification waits for 100 s without a try.',
  ]);
});
