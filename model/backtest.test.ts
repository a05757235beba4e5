import { describe, expect, test } from 'vitest';
import { type BacktestOptions, backtest, type FiringInterval, parseMinuteCsv } from './backtest.ts';
import type { Tier } from './slo.ts';
import { targetOf } from './target.ts';
import { defaultTiers } from './tiers.ts';
import type { MinuteCount } from './window-sums.ts';

const MONTH = { kind: 'rolling', days: 30 } as const;
/** The four tiers without guards, as the book has them. */
const RAW: Tier[] = defaultTiers(MONTH).map((tier) => ({
  ...tier,
  forMinutes: 0,
  keepFiringMinutes: 0,
  minBad: 0,
}));
const GUARDED = defaultTiers(MONTH);

function run(
  minutes: readonly MinuteCount[],
  target: string,
  options: Partial<BacktestOptions> = {},
): FiringInterval[][] {
  return backtest(minutes, {
    target: targetOf(target),
    periodMinutes: 43_200,
    tiers: RAW,
    useCoverage: false,
    holdOnMissing: false,
    ...options,
  }).firing;
}

const EVENTS = 10_000;

/** A good stretch, then `ratio` bad of a busy app for `length` minutes. */
function outage(goodMinutes: number, ratio: number, length: number, afterMinutes = 0): MinuteCount[] {
  const good = { events: EVENTS, bad: 0 };
  const bad = { events: EVENTS, bad: Math.round(EVENTS * ratio) };
  return [
    ...Array.from({ length: goodMinutes }, () => good),
    ...Array.from({ length }, () => bad),
    ...Array.from({ length: afterMinutes }, () => good),
  ];
}

describe('detection, as the table of the specification has it', () => {
  const GOOD = 4320;
  // Minutes of errors until each tier fires: error rate, target, [1h, 6h, 24h, 3d]; null: never.
  test.each<[number, string, (number | null)[]]>([
    [1, '0.999', [0.9, 2.2, 4.3, 4.3]],
    [1, '0.995', [4.3, 10.8, 21.6, 21.6]],
    [1, '0.99', [8.6, 21.6, 43.2, 43.2]],
    [0.1, '0.999', [8.6, 21.6, 43.2, 43.2]],
    [0.1, '0.995', [43.2, 108, 216, 216]],
    [0.1, '0.99', [null, 216, 432, 432]],
    [0.02, '0.999', [43.2, 108, 216, 216]],
    [0.02, '0.995', [null, null, 1080, 1080]],
    [0.02, '0.99', [null, null, null, 2160]],
    [0.005, '0.999', [null, null, 864, 864]],
    [0.005, '0.995', [null, null, null, null]],
  ])('%d bad at %s', (ratio, target, expected) => {
    const firing = run(outage(GOOD, ratio, 4400), target);
    for (const [at, minutes] of expected.entries()) {
      // Strictly greater: the first whole minute past the table's instant.
      const first = minutes === null ? null : GOOD + Math.floor(minutes + 1e-9) + 1;
      expect(firing[at]?.[0]?.[0] ?? null).toBe(first);
    }
  });
});

describe('reset', () => {
  test('after a total outage of 20 minutes each tier ends one short window later at most', () => {
    const end = 4320 + 20;
    const firing = run(outage(4320, 1, 20, 500), '0.999');
    expect(firing.map((intervals) => (intervals[0]?.[1] ?? 0) - end)).toEqual([5, 30, 120, 360]);
  });

  test('two minutes of a total outage at 99.9 % page for about six, one minute for exactly five', () => {
    expect(run(outage(4320, 1, 2, 100), '0.999')[0]).toEqual([[4321, 4327]]);
    expect(run(outage(4320, 1, 1, 100), '0.999')[0]).toEqual([[4321, 4326]]);
  });
});

describe('guards and damping', () => {
  test('35 flips of a page in 12 hours become 1 with a keep of 10 minutes', () => {
    // Ten-minute rhythm: two bad minutes, eight good, 35 times within twelve hours.
    const minutes = [...outage(4320, 0, 1)];
    for (let round = 0; round < 35; round++) minutes.push(...outage(0, 1, 2, 8));
    minutes.push(...outage(0, 0, 370));
    const page = RAW.slice(0, 1);
    expect(run(minutes, '0.999', { tiers: page })[0]).toHaveLength(35);
    const kept = page.map((tier) => ({ ...tier, keepFiringMinutes: 10 }));
    expect(run(minutes, '0.999', { tiers: kept })[0]).toHaveLength(1);
  });

  test('keep alone is not enough: four bad minutes each half hour flip 48 times in a day', () => {
    const minutes = outage(4320, 0, 1);
    for (let round = 0; round < 48; round++) minutes.push(...outage(0, 1, 4, 26));
    const kept = RAW.slice(0, 1).map((tier) => ({ ...tier, keepFiringMinutes: 10 }));
    expect(run(minutes, '0.999', { tiers: kept })[0]).toHaveLength(48);
  });

  test('a week at 6 requests an hour with a failure now and then pages raw and not guarded', () => {
    const minutes = Array.from({ length: 10_080 }, (_, minute) => {
      const events = minute % 10 === 0 ? 1 : 0;
      return { events, bad: events === 1 && minute % 600 === 0 ? 1 : 0 };
    });
    const raw = run(minutes, '0.999').slice(0, 2).flat();
    expect(raw.length).toBeGreaterThanOrEqual(17);
    expect(run(minutes, '0.999', { tiers: GUARDED, useCoverage: true }).slice(0, 2).flat()).toEqual([]);
  });

  test('a new app with a failure in its first minute pages raw and not guarded', () => {
    const minutes = outage(0, 0.02, 1, 60);
    expect(run(minutes, '0.999')[0]?.[0]?.[0]).toBe(1);
    expect(run(minutes, '0.999', { tiers: GUARDED, useCoverage: true }).flat()).toEqual([]);
  });

  test('a total outage of an app with a request each three minutes pages within 17 minutes', () => {
    const minutes = Array.from({ length: 4320 + 60 }, (_, minute) => {
      const events = minute % 3 === 0 ? 1 : 0;
      return { events, bad: minute >= 4320 ? events : 0 };
    });
    const first = run(minutes, '0.999', { tiers: GUARDED, useCoverage: true })[0]?.[0]?.[0] ?? Infinity;
    expect(first - 4320).toBeLessThanOrEqual(17);
    expect(first - 4320).toBeGreaterThan(10);
  });

  test('the long ratio is scaled by the share of its minutes with data', () => {
    // One minute of data with 2 % bad is 20 times the allowed share, but speaks for a sixtieth of the hour.
    const one = [{ events: 1000, bad: 20 }];
    const page = RAW.slice(0, 1);
    expect(run(one, '0.999', { tiers: page })).toEqual([[[1, null]]]);
    expect(run(one, '0.999', { tiers: page, useCoverage: true })).toEqual([[]]);
  });
});

describe('missing minutes', () => {
  const hole = Array.from({ length: 30 }, () => ({ events: null, bad: 0 }));
  const minutes = [...outage(4320, 1, 10), ...hole, ...outage(0, 0, 60)];
  const page = RAW.slice(0, 1);

  test('R-05 held, the alert does not end in the hole but when data is back', () => {
    const [raw] = run(minutes, '0.999', { tiers: page });
    const [held] = run(minutes, '0.999', { tiers: page, holdOnMissing: true });
    expect(raw).toEqual([[4321, 4335]]);
    expect(held).toEqual([[4321, 4361]]);
  });

  test('a waiting alert waits on where it stood', () => {
    const waiting = page.map((tier) => ({ ...tier, forMinutes: 2 }));
    const series = [...outage(4320, 1, 2), ...hole, ...outage(0, 1, 10)];
    const [held] = run(series, '0.999', { tiers: waiting, holdOnMissing: true });
    // True at 4321 and 4322, held for 30 evaluations, true at 4353: that is the third.
    expect(held?.[0]?.[0]).toBe(4353);
  });

  test('an empty window, and one without events, is not above anything', () => {
    expect(run(hole, '0.5').flat()).toEqual([]);
    expect(
      run(
        Array.from({ length: 30 }, () => ({ events: 0, bad: 0 })),
        '0.5',
      ).flat(),
    ).toEqual([]);
  });
});

describe('the CSV of minutes', () => {
  test('rows in order, an empty events field is a missing minute, line ends of any kind', () => {
    const rows = [
      { events: 10, bad: 1 },
      { events: null, bad: 0 },
      { events: 0, bad: 0 },
    ];
    expect(parseMinuteCsv('minute,events,bad\n0,10,1\n1,,\n2,0,0\n')).toEqual({ ok: true, value: rows });
    expect(parseMinuteCsv('\ufeffminute,events,bad\r\n0,10,1\r\n1,,\r\n2,0,0\r\n\r\n')).toEqual({
      ok: true,
      value: rows,
    });
    expect(parseMinuteCsv('minute,events,bad')).toEqual({ ok: true, value: [] });
  });

  test.each([
    ['', 1, 'header'],
    ['time,events,bad\n0,1,1', 1, 'header'],
    ['minute,events,bad\n1,1,1', 2, 'minute 0 is expected'],
    ['minute,events,bad\n0,1,1\n2,1,1', 3, 'minute 1 is expected'],
    ['minute,events,bad\n0,1', 2, '2 fields'],
    ['minute,events,bad\n0,1,2', 2, 'more bad events'],
    ['minute,events,bad\n0,1.5,0', 2, 'events is not'],
    ['minute,events,bad\n0,-1,0', 2, 'events is not'],
    ['minute,events,bad\n0,1,', 2, 'bad is not'],
    ['minute,events,bad\n\n0,1,1', 2, 'fields'],
  ])('%j is refused with its line', (text, line, words) => {
    const result = parseMinuteCsv(text);
    expect(result).toMatchObject({ ok: false, error: { line } });
    expect(result.ok ? '' : result.error.text).toContain(words);
  });
});
