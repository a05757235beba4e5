import { afterEach, expect, test } from 'vitest';
import { armKillPoints, killPoint } from './kill-point.ts';

afterEach(() => armKillPoints(''));

test('a spot that is not armed does nothing', () => {
  armKillPoints('commit.after:1:throw');
  expect(() => killPoint('commit.before')).not.toThrow();
});

test('an armed spot acts at its pass and at no other', () => {
  armKillPoints('commit.before:2:throw, commit.before:4:throw');
  const acted = [1, 2, 3, 4, 5].map(() => {
    try {
      killPoint('commit.before');
      return false;
    } catch {
      return true;
    }
  });
  expect(acted).toEqual([false, true, false, true, false]);
});

test('a spot can hold the whole process up', () => {
  armKillPoints('commit.before:1:wait30');
  const startedMs = performance.now();
  killPoint('commit.before');
  expect(performance.now() - startedMs).toBeGreaterThan(25);
});

test('every fault of the text is named, and nothing is armed then', () => {
  expect(() =>
    armKillPoints('commit.before:1:throw,nowhere:1:kill,commit.after:0:kill,commit.after:1:sing'),
  ).toThrow(/nowhere:1:kill.*commit\.after:0:kill.*commit\.after:1:sing/);
  expect(() => killPoint('commit.before')).not.toThrow();
});
