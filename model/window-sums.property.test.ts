import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type HourRow,
  HourSums,
  type MinuteCount,
  type MinuteRange,
  MinuteSeries,
  mergeRanges,
  rangesWithout,
  withoutRanges,
} from './window-sums.ts';

const minuteArb: fc.Arbitrary<MinuteCount> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .nat(1000)
      .chain((events) => fc.record({ events: fc.constant(events), bad: fc.nat(events) })),
  },
  { weight: 1, arbitrary: fc.constant({ events: null, bad: 0 }) },
);
const rangeArb: fc.Arbitrary<MinuteRange> = fc
  .tuple(fc.integer({ min: -20, max: 200 }), fc.nat(60))
  .map(([from, length]) => ({ from, to: from + length }));

/** Added up minute by minute. */
function naive(minutes: readonly MinuteCount[], start: number, isIn: (minute: number) => boolean) {
  const sum = { events: 0, bad: 0, covered: 0, unknown: 0 };
  for (const [at, { events, bad }] of minutes.entries()) {
    if (!isIn(start + at)) continue;
    if (events === null) sum.unknown++;
    else {
      sum.events += events;
      sum.bad += bad;
      sum.covered++;
    }
  }
  return sum;
}

describe('windows', () => {
  test('of any place and length are what adding up gives', () => {
    fc.assert(
      fc.property(
        fc.array(minuteArb, { maxLength: 150 }),
        fc.nat(50),
        rangeArb,
        (minutes, start, { from, to }) => {
          const series = new MinuteSeries(start, minutes);
          expect(series.sum(from, to)).toEqual(
            naive(minutes, start, (minute) => minute >= from && minute < to),
          );
        },
      ),
    );
  });

  test('minutes of corrections leave both sides and are neither covered nor unknown', () => {
    fc.assert(
      fc.property(
        fc.array(minuteArb, { maxLength: 150 }),
        fc.array(rangeArb, { maxLength: 5 }),
        rangeArb,
        (minutes, excluded, { from, to }) => {
          const source = withoutRanges(new MinuteSeries(0, minutes), excluded);
          const isExcluded = (minute: number) =>
            excluded.some((range) => minute >= range.from && minute < range.to);
          expect(source.sum(from, to)).toEqual(
            naive(minutes, 0, (minute) => minute >= from && minute < to && !isExcluded(minute)),
          );
        },
      ),
    );
  });

  test('a minute with lines known to be lost is counted and unknown', () => {
    const series = new MinuteSeries(7);
    series.push({ events: 5, bad: 1 }, true);
    expect(series.sum(0, 100)).toEqual({ events: 5, bad: 1, covered: 1, unknown: 1 });
    expect(series.endMinute).toBe(8);
  });

  test('three months and five minutes cost the same: no minute of the window is looked at', () => {
    let reads = 0;
    const series = new MinuteSeries(
      0,
      Array.from({ length: 130_000 }, () => ({ events: 3, bad: 1 })),
    );
    const inner = series as unknown as { events: Float64Array };
    inner.events = new Proxy(inner.events, {
      get(array, key) {
        reads++;
        return Reflect.get(array, key) as unknown;
      },
    });
    expect(series.sum(0, 129_600).events).toBe(388_800);
    const long = reads;
    reads = 0;
    series.sum(129_595, 129_600);
    expect([long, reads]).toEqual([2, 2]);
  });
});

describe('stored hours', () => {
  /** Hours as the store has them: those without events are left out. */
  function hoursOf(minutes: readonly { events: number; bad: number }[], firstHour: number): HourRow[] {
    const rows: HourRow[] = [];
    let [cumEvents, cumBad] = [0, 0];
    for (let at = 0; at < minutes.length; at += 60) {
      const part = minutes.slice(at, at + 60);
      const events = part.map((minute) => minute.events);
      const bad = part.map((minute) => minute.bad);
      const sum = events.reduce((a, b) => a + b, 0);
      if (sum > 0) rows.push({ hour: firstHour + at / 60, events, bad, cumEvents, cumBad });
      cumEvents += sum;
      cumBad += bad.reduce((a, b) => a + b, 0);
    }
    return rows;
  }

  const busy = fc.nat(9).chain((events) => fc.record({ events: fc.constant(events), bad: fc.nat(events) }));
  const quiet = fc.constant({ events: 0, bad: 0 });
  const hourArb = fc.oneof(
    fc.array(busy, { minLength: 60, maxLength: 60 }),
    fc.array(quiet, { minLength: 60, maxLength: 60 }),
  );

  test('give the counts between any two minutes', () => {
    fc.assert(
      fc.property(fc.array(hourArb, { maxLength: 6 }), fc.nat(420), fc.nat(420), (hours, a, b) => {
        const minutes = hours.flat();
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const expected = naive(minutes, 6000, (minute) => minute >= 6000 + from && minute < 6000 + to);
        const sums = new HourSums(hoursOf(minutes, 100).reverse());
        expect(sums.between(6000 + from, 6000 + to)).toEqual({ events: expected.events, bad: expected.bad });
      }),
      { numRuns: 60 },
    );
  });

  test('two rows serve a window of any length', () => {
    const minutes = Array.from({ length: 60 * 50 }, (_, at) => ({
      events: at % 7,
      bad: at % 2 === 0 ? 0 : at % 7,
    }));
    const all = hoursOf(minutes, 0);
    const two = new HourSums(all.filter(({ hour }) => hour === 3 || hour === 47));
    expect(two.between(3 * 60 + 11, 47 * 60 + 59)).toEqual(
      new HourSums(all).between(3 * 60 + 11, 47 * 60 + 59),
    );
  });

  test('history that was cut off does not come back as counts', () => {
    const row = { hour: 10, events: [1], bad: [1], cumEvents: 500, cumBad: 20 };
    expect(new HourSums([row]).between(0, 11 * 60)).toEqual({ events: 1, bad: 1 });
    expect(new HourSums([]).between(0, 600)).toEqual({ events: 0, bad: 0 });
  });
});

test('ranges are merged, and cut out of others', () => {
  const ranges = [
    { from: 30, to: 40 },
    { from: 5, to: 10 },
    { from: 10, to: 12 },
    { from: 35, to: 38 },
    { from: 50, to: 50 },
  ];
  const merged = mergeRanges(ranges);
  expect(merged).toEqual([
    { from: 5, to: 12 },
    { from: 30, to: 40 },
  ]);
  expect(rangesWithout(0, 35, merged)).toEqual([
    { from: 0, to: 5 },
    { from: 12, to: 30 },
  ]);
  expect(rangesWithout(6, 11, merged)).toEqual([]);
});
