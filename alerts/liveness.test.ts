import { describe, expect, test } from 'vitest';
import { followLines, GapCounts, limitOf, quietBefore } from './liveness.ts';

const every = (minutes: number, from: number, to: number) =>
  Array.from({ length: Math.ceil((to - from) / minutes) }, (_, at) => from + at * minutes);

describe('an app’s own habit', () => {
  const usual = (lines: readonly number[]) => {
    const gaps = new GapCounts();
    for (const line of lines) gaps.addLine(line);
    return gaps.usualMinutes();
  };

  test('lines in each minute: silent after five minutes', () => {
    expect(limitOf(usual(every(1, 0, 500)))).toBe(5);
  });

  test('a rare break does not make a busy app slow; one in ten does', () => {
    const rare = every(1, 0, 500).filter((line) => line !== 250 && line !== 251);
    expect(limitOf(usual(rare))).toBe(5);
    const often = every(1, 0, 500).filter((line) => line % 10 !== 0);
    expect(limitOf(usual(often))).toBe(10);
  });

  test('three times the usual gap, between ten minutes and a day; ten minutes until it is known', () => {
    expect(limitOf(usual(every(20, 0, 10_000)))).toBe(60);
    expect(limitOf(usual(every(2, 0, 10_000)))).toBe(10);
    expect(limitOf(usual(every(900, 0, 10_000)))).toBe(1440);
    expect(limitOf(usual([7]))).toBe(10);
    expect(limitOf(usual([]))).toBe(10);
  });

  test('full hours count as their minutes one by one', () => {
    const [short, long] = [new GapCounts(), new GapCounts()];
    short.addLine(55);
    long.addLine(55);
    short.addFullHour(1);
    for (let minute = 60; minute < 120; minute++) long.addLine(minute);
    short.addLine(150);
    long.addLine(150);
    expect(short).toEqual(long);
  });
});

describe('silences', () => {
  const busy = { lastLine: 99, limitMinutes: 5 };

  test('A-14 a busy app is silent once five minutes have passed without a line, and all of them are without data', () => {
    expect(followLines(busy, [], 104).spans).toEqual([]);
    expect(followLines(busy, [], 105).spans).toEqual([{ from: 100, to: null, known: 105 }]);
  });

  test('R-05 an evaluation knows of a silence only once it was one', () => {
    const { spans } = followLines(busy, [120], 121);
    expect(spans).toEqual([{ from: 100, to: 120, known: 105 }]);
    expect(quietBefore(spans, 104)).toEqual([]);
    expect(quietBefore(spans, 107)).toEqual([{ from: 100, to: 107 }]);
    expect(quietBefore(spans, 130)).toEqual([{ from: 100, to: 120 }]);
  });

  test('followed in steps or at once, silences are the same', () => {
    const lines = [100, 101, 109, 110, 111, 130, 131];
    const once = followLines(busy, lines, 150);
    const known = new Map<number, unknown>();
    let lastLine: number | null = busy.lastLine;
    for (let minute = 101; minute <= 150; minute++) {
      const step = followLines(
        { ...busy, lastLine },
        lines.filter((line) => line === minute - 1),
        minute,
      );
      for (const span of step.spans) known.set(span.from, span);
      ({ lastLine } = step);
    }
    expect([...known.values()]).toEqual(once.spans);
    expect(lastLine).toBe(once.lastLine);
  });

  test('before the first line nothing is silent', () => {
    expect(followLines({ lastLine: null, limitMinutes: 5 }, [], 1000).spans).toEqual([]);
    expect(followLines({ lastLine: null, limitMinutes: 5 }, [900], 1000).spans).toHaveLength(1);
  });
});
