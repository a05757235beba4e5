import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  budgetWords,
  formatAchieved,
  formatBudget,
  formatTarget,
  sloState,
  targetOfPercent,
} from './sloWords.ts';

it('a target typed as per cent is the exact decimal, and back', () => {
  expect(['99.9', '99.95 %', '95', '99,5', '5', '99.9990'].map(targetOfPercent)).toEqual([
    '0.999',
    '0.9995',
    '0.95',
    '0.995',
    '0.05',
    '0.99999',
  ]);
  expect(['0.999', '0.95', '0.9995', '0.9', '0.05', '0.99999'].map(formatTarget)).toEqual(
    ['99.9', '95', '99.95', '90', '5', '99.999'].map((text) => `${text}\u00a0%`),
  );
  expect(targetOfPercent('almost all')).toBe('almost all');
});

it('every target of up to seven digits survives the way through the form', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9_999_999 }), (digits) => {
      const target = `0.${String(digits).padStart(7, '0')}`.replace(/0+$/, '');
      expect(targetOfPercent(formatTarget(target).replace(/[^\d.]/g, ''))).toBe(target);
    }),
  );
});

it('what was achieved is rounded down, so that a missed target never reads as met', () => {
  expect(formatAchieved(0.99899999, '0.999')).toBe('99.89\u00a0%');
  expect(formatAchieved(1, '0.999')).toBe('100\u00a0%');
  expect(formatAchieved(null, '0.999')).toBe('–');
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.998999999, noNaN: true }), (achieved) => {
      expect(Number.parseFloat(formatAchieved(achieved, '0.999'))).toBeLessThan(99.9);
    }),
  );
});

it('a budget that is not whole never reads as 100 %, one that is overspent never as 0 %', () => {
  expect(formatBudget(1)).toBe('100\u00a0%');
  expect(formatBudget(0.9999)).toBe('99.9\u00a0%');
  expect(formatBudget(-0.0001)).toBe('−0.1\u00a0%');
  expect(formatBudget(-0.386)).toBe('−39\u00a0%');
  expect(formatBudget(null)).toBe('–');
});

it('R-05 no state but ok has its tick, and none has it while the database is away', () => {
  const states = [
    'firing',
    'held',
    'noData',
    'exhausted',
    'burning',
    'incomplete',
    'learning',
    'ok',
  ] as const;
  const ticks = (isAway: boolean) =>
    states.filter((state) => sloState({ state, severity: null }, isAway).level === 'ok');
  expect(ticks(false)).toEqual(['ok']);
  expect(ticks(true)).toEqual([]);
  expect(sloState({ state: 'ok', severity: null }, true).word).toBe('was ok');
});

it('tells what is left in requests, and by how much it is overspent', () => {
  const budget = { events: 5_000_000, bad: 1204, allowed: 5000, unit: 'events' } as Parameters<
    typeof budgetWords
  >[0];
  expect(budgetWords(budget)).toBe('3\u202f796 of 5\u202f000 bad requests left');
  expect(budgetWords({ ...budget, bad: 5412 })).toBe('412 more than the 5\u202f000 bad requests allowed');
  expect(budgetWords({ ...budget, events: 0, bad: 0 })).toBe('No requests in the period');
});
