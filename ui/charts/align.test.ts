import { describe, expect, it } from 'vitest';
import type { Columns, RangeAnswer } from '../../api/contract/time.ts';
import {
  cadenceS,
  emptyStretches,
  gapsInside,
  indexAt,
  joinLimitS,
  latestIndex,
  stack,
  thin,
  valueNear,
} from './align.ts';

const t = [0, 10, 20, 30, 40, 50, 60, 70];
const range: RangeAnswer = { from: 0, to: 80, step: 10, resolution: 10, openFrom: 70 };
const columns = (...series: (number | null)[][]): Columns => ({
  t,
  series: series.map((values, index) => ({ id: `s${index}`, label: `s${index}`, unit: 'count', values })),
});

describe('indexAt', () => {
  it('finds the bucket that contains an instant, and none outside', () => {
    expect([indexAt(t, 10, 0), indexAt(t, 10, 9.99), indexAt(t, 10, 10), indexAt(t, 10, 79)]).toEqual([
      0, 0, 1, 7,
    ]);
    expect([indexAt(t, 10, -1), indexAt(t, 10, 80), indexAt([0, 30], 10, 20)]).toEqual([null, null, null]);
  });
});

describe('stack', () => {
  it('adds from the base up and keeps a bucket without any value empty', () => {
    expect(
      stack([
        [1, null, null],
        [2, 5, null],
        [null, 1, null],
      ]),
    ).toEqual([
      [1, 0, null],
      [3, 5, null],
      [3, 6, null],
    ]);
  });
});

describe('latestIndex', () => {
  it('leaves the bucket that still fills out', () => {
    expect(latestIndex(columns([1, 1, 1, 1, 1, null, null, 9]), range)).toBe(4);
    expect(latestIndex(columns([null, null, null, null, null, null, null, 9]), range)).toBeNull();
  });
});

describe('missing values', () => {
  it('tells a long silence from a short pause, and never marks the open bucket', () => {
    expect(emptyStretches(columns([1, null, null, null, null, 1, 1, null]), range)).toEqual([[10, 50]]);
    expect(emptyStretches(columns([1, null, 1, 1, 1, 1, 1, null]), range)).toEqual([]);
    expect(emptyStretches({ t: [], series: [] }, range)).toEqual([[0, 70]]);
  });

  it('takes the pause between samples of a dyno for what it is', () => {
    const every20 = [1, null, 1, null, 1, null, 1, null];
    expect(cadenceS(every20, t, 10)).toBe(20);
    expect(joinLimitS(every20, t, 10)).toBe(50);
    // One that comes when it likes is joined over its usual pauses.
    const sometimes = [1, 1, null, null, 1, null, 1];
    expect(joinLimitS(sometimes, t, 10)).toBe(50);
    expect(joinLimitS([1, 1, 1, 1, 1, 1, 1, 1], t, 10)).toBe(15);
    expect([
      valueNear(every20, t, 3, 50),
      valueNear([7, null, null, null, null, null, null, null], t, 7, 50),
    ]).toEqual([1, null]);
  });

  it('cuts known losses to the range and drops those outside', () => {
    const gap = (from: number, to: number) => ({ from, to, messages: 1, cause: 'L10' });
    expect(
      gapsInside([gap(-20, 5), gap(60, 500), gap(90, 100)], range).map(({ from, to }) => [from, to]),
    ).toEqual([
      [0, 5],
      [60, 80],
    ]);
  });
});

describe('thin', () => {
  it('adds neighbours and keeps nothing as nothing', () => {
    expect(thin([1, 2, null, null, 5], 3)).toEqual({ values: [3, null, 5], per: 2 });
  });
});
