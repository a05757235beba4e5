import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LogFields } from '../model/log.ts';
import { startLoop } from './loop.ts';

const events: [string, LogFields | undefined][] = [];
const say = (event: string, fields?: LogFields) => void events.push([event, fields]);
const log = { info: say, warn: say, error: say };

beforeEach(() => {
  events.length = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a loop works at once and then after each pause', async () => {
  const work = vi.fn(async () => {});
  const loop = startLoop({ name: 'x', everyMs: 10_000, work, log });
  await loop.firstSuccess;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(work).toHaveBeenCalledTimes(4);
  await loop.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(work).toHaveBeenCalledTimes(4);
});

test('a slow round is never overlapped by the next', async () => {
  let atOnce = 0;
  let most = 0;
  const loop = startLoop({
    name: 'x',
    everyMs: 10,
    work: async () => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      atOnce--;
    },
    log,
  });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(most).toBe(1);
  const stopped = loop.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  await stopped;
});

test('failures are logged once, tried again with growing pauses, and reported as over', async () => {
  let failing = true;
  const tries: number[] = [];
  const loop = startLoop({
    name: 'x',
    everyMs: 10_000,
    work: async () => {
      tries.push(Date.now());
      if (failing) throw new Error('away');
    },
    log,
  });
  await vi.advanceTimersByTimeAsync(7_500);
  expect(tries.map((at) => at - tries[0]!)).toEqual([0, 1_000, 3_000, 7_000]);
  expect(events).toEqual([['loop.failed', { loop: 'x', error: new Error('away') }]]);
  failing = false;
  await vi.advanceTimersByTimeAsync(8_000);
  expect(events.at(-1)).toEqual(['loop.recovered', { loop: 'x', failures: 4 }]);
  await loop.firstSuccess;
  await loop.stop();
});

test('stopping waits for the running round, but not for one that hangs', async () => {
  vi.useRealTimers();
  let isDone = false;
  const loop = startLoop({
    name: 'x',
    everyMs: 10,
    work: async () => {
      await sleep(50);
      isDone = true;
    },
    log,
  });
  await loop.stop();
  expect(isDone).toBe(true);
  vi.useFakeTimers();
  const hanging = startLoop({ name: 'x', everyMs: 10, work: () => new Promise(() => {}), log });
  const stopped = hanging.stop();
  await vi.advanceTimersByTimeAsync(5_000);
  await stopped;
});
