import { expect, test } from 'vitest';
import { RestartPolicy, YOUNG_DEATHS_MAX, YOUNG_MS } from './cluster-restarts.ts';

const YOUNG = { livedMs: 50, listened: false, signal: null };
const KILLED = { livedMs: 50, listened: true, signal: 'SIGKILL' };

test('a child that keeps ending itself is tried again with growing pauses, then given up', () => {
  const policy = new RestartPolicy();
  const verdicts = Array.from({ length: YOUNG_DEATHS_MAX }, () => policy.died(YOUNG));
  expect(verdicts).toEqual([
    { kind: 'again', afterMs: 100 },
    { kind: 'again', afterMs: 200 },
    { kind: 'again', afterMs: 400 },
    { kind: 'again', afterMs: 800 },
    { kind: 'giveUp' },
  ]);
});

test('one that lived for a while begins anew', () => {
  const policy = new RestartPolicy();
  for (let i = 1; i < YOUNG_DEATHS_MAX; i++) policy.died(YOUNG);
  expect(policy.died({ ...YOUNG, livedMs: YOUNG_MS })).toEqual({ kind: 'again', afterMs: 100 });
  expect(policy.died(YOUNG)).toEqual({ kind: 'again', afterMs: 200 });
});

test('K-18 killed from outside a hundred times it always comes back', () => {
  const policy = new RestartPolicy();
  for (let i = 0; i < 100; i++) expect(policy.died(KILLED)).toMatchObject({ kind: 'again' });
  expect(policy.died(KILLED)).toEqual({ kind: 'again', afterMs: 5_000 });
});
