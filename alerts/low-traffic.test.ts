import { describe, expect, test } from 'vitest';
import { simulateWeek } from '../bench/slo-week.ts';
import { defaultTiers } from '../model/tiers.ts';

const SEEDS = [1, 2, 3, 4, 5];
const week = (more: { requestsPerHour: number; failures: number; outageMinutes?: number }) =>
  SEEDS.map((seed) => ({ outageMinutes: 0, ...more, seed }));

describe('a week of low traffic under the default tiers', () => {
  test('single failures page nobody, although each is many times the allowed share of its hour', () => {
    const weeks = week({ requestsPerHour: 6, failures: 17 });
    expect(weeks.map((one) => simulateWeek(one).pages)).toEqual([0, 0, 0, 0, 0]);
    // What the guard is for: without it there would be a page for nearly each of them.
    const unguarded = defaultTiers({ kind: 'rolling', days: 30 }).map((tier) => ({ ...tier, minBad: 0 }));
    for (const one of weeks) expect(simulateWeek({ ...one, tiers: unguarded }).pages).toBeGreaterThan(10);
  });

  test('a real outage in it pages, within half an hour at 20 requests an hour', () => {
    for (const one of week({ requestsPerHour: 20, failures: 5, outageMinutes: 120 })) {
      const { minutesToPage } = simulateWeek(one);
      expect(minutesToPage).toBeGreaterThan(2);
      expect(minutesToPage).toBeLessThanOrEqual(30);
    }
  });
});
