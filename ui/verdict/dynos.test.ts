import { describe, expect, test } from 'vitest';
import type { DynoAnswer, DynoComparison, DynoDetailAnswer, DynosAnswer } from '../../api/contract/dynos.ts';
import {
  buildDynosVerdict,
  buildDynoVerdict,
  leakReading,
  loadReading,
  unlike,
  worstFirst,
} from './dynos.ts';

const NOW = Date.UTC(2026, 10, 20, 10, 42);
const MB = 2 ** 20;

function dyno(name: string, more: Partial<DynoAnswer> = {}): DynoAnswer {
  return {
    dyno: name,
    processType: name.split('.')[0] ?? name,
    state: 'up',
    stateSinceMs: NOW - 7_200_000,
    requests: 100,
    bad: 0,
    p95Ms: 200,
    memoryBytes: 256 * MB,
    memoryQuotaBytes: 512 * MB,
    quotaSource: 'line',
    memoryRatio: 0.5,
    load1m: 0.5,
    restarts: 0,
    crashes: 0,
    lastSeenMs: NOW,
    memory: [],
    swap: [],
    marks: [],
    startedMs: null,
    leak: { points: 40, spanMinutes: 390, isEnough: true, growth: null },
    life: { boots: 0, cycles: 0, exits: [], bootMs: null, firstRequestMs: null },
    ...more,
  };
}

const heard = {
  app: 'shop',
  nowMs: NOW,
  range: { from: NOW / 1000 - 3600, to: NOW / 1000, step: 60, resolution: 60, openFrom: null },
  health: { state: 'receiving' as const, dataThroughMs: NOW, lagMs: 2000, lostMessages: 0, messages: 100 },
  gaps: [],
};

function page(dynos: DynoAnswer[], more: Partial<DynosAnswer> = {}): DynosAnswer {
  return { ...heard, hasRuntimeMetrics: true, t: [], dynos, leftOut: 0, types: [], ...more };
}

const grows = (minutesToQuota: number, minutesToCycle: number) => ({
  points: 40,
  spanMinutes: 390,
  isEnough: true,
  growth: { bytesPerHour: 14 * MB, minutesToQuota, minutesToCycle, isLeak: minutesToQuota < minutesToCycle },
});
const text = (verdict: { clauses: { text: string }[] }) =>
  verdict.clauses.map((clause) => clause.text).join(' ');

describe('the reading of a leak', () => {
  test('quota before the daily restart is a warning, with both times', () => {
    expect(leakReading(dyno('web.2', { leak: grows(360, 540) }))).toEqual({
      level: 'warning',
      text: 'grows 14\u00a0MB/h, reaches 512\u00a0MB in 6\u00a0h, daily restart in 9\u00a0h',
    });
  });

  test('the restart before the quota is calm', () => {
    expect(leakReading(dyno('web.2', { leak: grows(700, 540) }))).toMatchObject({ level: 'ok' });
    expect(leakReading(dyno('web.2', { leak: grows(9_000, 540) }))?.text).toContain('long before');
  });

  test('over the quota already, and too little known, are told as such; without samples nothing is', () => {
    expect(leakReading(dyno('web.2', { leak: grows(0, 540) }))?.text).toContain('is over 512');
    const short = { points: 3, spanMinutes: 20, isEnough: false, growth: null };
    expect(leakReading(dyno('web.2', { leak: short }))).toMatchObject({ level: 'unknown' });
    expect(leakReading(dyno('web.2', { leak: short, memoryBytes: null }))).toBeNull();
  });
});

test('load is told per core only where cores are known', () => {
  const type = {
    processType: 'web',
    dynos: 1,
    size: 'Standard-1X',
    sizeSource: 'heroku' as const,
    sizeAtMs: 0,
    cores: null,
    coresSource: null,
  };
  expect(loadReading(dyno('web.1', { load1m: 3 }), type)).toEqual({ level: 'unknown', text: '3 a dyno' });
  expect(loadReading(dyno('web.1', { load1m: 3 }), { ...type, cores: 2, coresSource: 'you' })).toEqual({
    level: 'critical',
    text: '1.5 a core',
  });
  expect(loadReading(dyno('web.1', { load1m: null }), type)).toBeNull();
});

describe('dynos', () => {
  test('worst first: crashed, over the quota, leaking, the fullest', () => {
    const dynos = [
      dyno('web.1'),
      dyno('web.2', { memoryRatio: 0.9 }),
      dyno('web.3', { crashes: 1 }),
      dyno('web.4', { memoryRatio: 0.6, leak: grows(100, 200) }),
    ];
    expect(worstFirst(dynos).map((one) => one.dyno)).toEqual(['web.3', 'web.4', 'web.2', 'web.1']);
  });

  test('crashes come first, with the status that says killed, and lead to the lines before', () => {
    const crashed = dyno('web.3', {
      crashes: 2,
      marks: [{ atMs: NOW - 60_000, untilMs: NOW - 60_000, kind: 'crash', count: 1 }],
      life: { boots: 2, cycles: 0, exits: [{ status: 137, count: 2 }], bootMs: 1, firstRequestMs: null },
    });
    const verdict = buildDynosVerdict(page([crashed, dyno('web.1')]), [crashed, dyno('web.1')], 'utc');
    expect(verdict).toMatchObject({ level: 'critical', word: 'Crashes' });
    expect(verdict.clauses[0]?.text).toBe('web.3 crashed 2 times, exit status 137 (killed).');
    expect(verdict.clauses[0]?.href).toMatch(/^\/a\/shop\/logs\?from=.*dyno=web\.3$/);
  });

  test('a leak is a warning that names the dyno; daily restarts are no trouble', () => {
    const leaking = dyno('web.2', { leak: grows(360, 540) });
    expect(buildDynosVerdict(page([leaking]), [leaking], 'utc')).toMatchObject({
      level: 'warning',
      word: 'Leak',
    });
    const cycled = dyno('web.1', { restarts: 1, life: { ...dyno('x').life, cycles: 1 } });
    const calm = buildDynosVerdict(page([cycled]), [cycled], 'utc');
    expect(calm).toMatchObject({ level: 'ok', word: 'All well' });
    expect(text(calm)).toContain('1 daily restart');
  });

  test('R-05 without metrics, over a gap, or in silence nothing is called well', () => {
    const one = [dyno('web.1', { memoryRatio: null })];
    expect(buildDynosVerdict(page(one, { hasRuntimeMetrics: false }), one, 'utc').level).toBe('unknown');
    const gaps = [{ from: NOW / 1000 - 600, to: NOW / 1000 - 500, messages: 12, cause: 'L10' }];
    expect(buildDynosVerdict(page(one, { gaps }), one, 'utc')).toMatchObject({ word: 'Incomplete' });
    const health = { ...heard.health, state: 'silent' as const, dataThroughMs: NOW - 600_000 };
    expect(buildDynosVerdict(page(one, { health }), one, 'utc')).toMatchObject({
      level: 'critical',
      word: 'Silent',
    });
    const before = { ...health, dataThroughMs: NOW - 7_200_000 };
    expect(buildDynosVerdict(page([], { health: before }), [], 'utc').word).toBe('No data');
    const waiting = { ...heard.health, state: 'waiting' as const, dataThroughMs: null };
    expect(buildDynosVerdict(page([], { health: waiting }), [], 'utc').word).toBe('Waiting');
    expect(buildDynosVerdict(page([]), [], 'utc').word).toBe('No dynos');
  });
});

function compared(
  of: DynoComparison['of'],
  own: number | null,
  median: number | null,
  low: number | null,
  high: number | null,
) {
  return { of, unit: '', own, median, low, high, columns: { t: [], series: [] } };
}

describe('one dyno beside its siblings', () => {
  const detail = (comparisons: DynoComparison[], siblings = ['web.1', 'web.2']): DynoDetailAnswer => ({
    ...heard,
    hasRuntimeMetrics: true,
    processType: 'web',
    type: null,
    dyno: dyno('web.3'),
    siblings,
    comparisons,
    events: [],
  });

  test('far beyond all of them is told, a little or within their spread is not', () => {
    expect(unlike(compared('p95', 900, 300, 290, 310))).toBe('higher');
    expect(unlike(compared('p95', 330, 300, 290, 310))).toBeNull();
    expect(unlike(compared('p95', 12, 5, 4, 6))).toBeNull();
    expect(unlike(compared('share', 0.05, 0.3, 0.25, 0.4))).toBe('lower');
    expect(unlike(compared('p95', 900, null, null, null))).toBeNull();
  });

  test('two bad ones of four are both called so', () => {
    expect(unlike(compared('p95', 900, 300, 290, 905))).toBe('higher');
    const both = buildDynoVerdict(detail([compared('p95', 900, 300, 290, 905)]), 'web.3', 'utc');
    expect(text(both)).not.toContain('this dyno');
  });

  test('of three, two of which are alike, none stands out by the median alone', () => {
    expect(unlike(compared('p95', 3_800, 2_300, 1_100, 3_400))).toBeNull();
  });

  test('slow at the same work is the dyno, slow at more work is not', () => {
    const slow = compared('p95', 900, 300, 290, 310);
    const verdict = buildDynoVerdict(detail([slow]), 'web.3', 'utc');
    expect(verdict).toMatchObject({ level: 'warning', word: 'Stands out' });
    expect(text(verdict)).toContain('this dyno, not the app');
    const busy = buildDynoVerdict(detail([slow, compared('share', 0.6, 0.2, 0.19, 0.21)]), 'web.3', 'utc');
    expect(text(busy)).not.toContain('this dyno');
  });

  test('like the others, alone, and unknown', () => {
    expect(buildDynoVerdict(detail([compared('p95', 300, 300, 290, 310)]), 'web.3', 'utc').word).toBe(
      'Like the others',
    );
    expect(text(buildDynoVerdict(detail([], []), 'web.3', 'utc'))).toContain('only web dyno');
    const none = buildDynoVerdict({ ...detail([]), dyno: null }, 'web.9', 'utc');
    expect(none).toMatchObject({ level: 'unknown', word: 'Nothing' });
    expect(text(none)).toContain('web.1 and web.2');
  });
});
