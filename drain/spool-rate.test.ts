import { expect, test } from 'vitest';
import { ArrivalRate } from './spool-rate.ts';

test('a steady flow has its own rate, whenever one looks', () => {
  const rate = new ArrivalRate(5_000);
  for (let ms = 5_000; ms <= 400_000; ms += 100) {
    rate.add(50, ms);
    if (ms > 30_000) {
      expect(rate.perSecond(ms)).toBeGreaterThan(490);
      expect(rate.perSecond(ms)).toBeLessThan(510);
    }
  }
});

test('the first frames of a process are no flood: their rate is taken over twenty seconds', () => {
  const rate = new ArrivalRate(0);
  rate.add(20_000, 10);
  expect(rate.perSecond(20)).toBe(1_000);
});

test('what is over three minutes old does not count', () => {
  const rate = new ArrivalRate(0);
  rate.add(1_000_000, 1_000);
  expect(rate.perSecond(60_000)).toBeGreaterThan(0);
  expect(rate.perSecond(190_000)).toBe(0);
  rate.add(1_000, 3_600_000);
  expect(rate.perSecond(3_600_000)).toBeLessThan(10);
});
