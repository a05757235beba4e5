import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Period, Tier } from './slo.ts';
import { parseTarget, targetOf } from './target.ts';
import {
  budgetShare,
  canFire,
  defaultTiers,
  defaultTiersFor,
  impossibleTier,
  nearestUsable,
  rescaleTiers,
} from './tiers.ts';

const MONTH: Period = { kind: 'rolling', days: 30 };

test('the four tiers of 30 days', () => {
  const rows = defaultTiers(MONTH).map((tier) => [
    tier.severity,
    tier.longMinutes,
    tier.shortMinutes,
    tier.factor,
    tier.forMinutes,
    tier.keepFiringMinutes,
    tier.minBad,
  ]);
  expect(rows).toEqual([
    ['page', 60, 5, 14.4, 2, 10, 5],
    ['page', 360, 30, 6, 2, 10, 5],
    ['ticket', 1440, 120, 3, 0, 10, 5],
    ['ticket', 4320, 360, 1, 0, 10, 5],
  ]);
});

test('another period keeps the windows and the share of the budget, not the factor', () => {
  const week: Period = { kind: 'rolling', days: 7 };
  expect(defaultTiers(week).map(({ factor }) => factor)).toEqual([3.36, 1.4, 0.7, 7 / 30]);
  expect(defaultTiers(week).map((tier) => budgetShare(tier, week))).toEqual([0.02, 0.05, 0.1, 0.1]);
  expect(rescaleTiers(defaultTiers(MONTH), MONTH, week)).toEqual(defaultTiers(week));
  const month: Period = { kind: 'calendar', unit: 'month', zone: 'Europe/Berlin' };
  expect(defaultTiers(month)).toEqual(defaultTiers(MONTH));
});

describe('a tier that can never fire', () => {
  const page = defaultTiers(MONTH)[0] as Tier;

  test('is one whose factor a total outage does not exceed', () => {
    expect(canFire(page, targetOf('0.9'))).toBe(false);
    expect(canFire(page, targetOf('0.99'))).toBe(true);
    expect(canFire({ factor: 10 }, targetOf('0.9'))).toBe(false);
    expect(canFire({ factor: 9.999 }, targetOf('0.9'))).toBe(true);
    expect(defaultTiersFor(MONTH, targetOf('0.9')).map(({ factor }) => factor)).toEqual([6, 3, 1]);
  });

  test('is explained, with the nearest usable share', () => {
    expect(impossibleTier(page, targetOf('0.99'), MONTH)).toBeNull();
    expect(impossibleTier(page, targetOf('0.9'), MONTH)).toEqual({
      text: 'can never fire: a total outage burns 10 times as fast as allowed, and the factor is 14.4',
      advice: 'the nearest usable share of the budget for this window is 1.3 %, a factor of 9.36',
    });
    const minute = { ...page, longMinutes: 1, factor: 100 };
    expect(impossibleTier(minute, targetOf('0.5'), MONTH)?.advice).toBe(
      'leave this tier out, or promise more',
    );
  });

  test('what is offered can fire, and one hundredth of it more could not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 9990 }),
        fc.integer({ min: 10, max: 4320 }),
        fc.integer({ min: 1, max: 366 }),
        (parts, longMinutes, days) => {
          const target = parseTarget((parts / 10_000).toFixed(4));
          if (!target.ok) throw new Error(target.error);
          const usable = nearestUsable({ longMinutes }, target.value, { kind: 'rolling', days });
          if (usable === null) return;
          expect(canFire(usable, target.value)).toBe(true);
          expect(canFire({ factor: usable.factor * 1.12 }, target.value)).toBe(false);
        },
      ),
    );
  });
});
