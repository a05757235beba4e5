import { expect, test } from 'vitest';
import { LogGate } from './log-gate.ts';

/** Work that ends when it is told to. */
function held(): { work: () => Promise<string>; finish: () => void; isRunning: () => boolean } {
  const { promise, resolve } = Promise.withResolvers<string>();
  let running = false;
  return {
    work: () => {
      running = true;
      return promise;
    },
    finish: () => resolve('done'),
    isRunning: () => running,
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const { signal } = new AbortController();

test('three searches run at once, the others wait for their turn in order', async () => {
  const gate = new LogGate();
  const all = Array.from({ length: 5 }, held);
  const answers = all.map(({ work }) => gate.run(signal, work));
  await turn();
  expect(all.map(({ isRunning }) => isRunning())).toEqual([true, true, true, false, false]);
  all[1]?.finish();
  await answers[1];
  await turn();
  expect(all.map(({ isRunning }) => isRunning())).toEqual([true, true, true, true, false]);
  for (const { finish } of all) finish();
  expect(await Promise.all(answers)).toEqual(Array(5).fill('done'));
});

test('who leaves while waiting gives its turn to the next one, and a failure gives its place back', async () => {
  const gate = new LogGate();
  const all = Array.from({ length: 3 }, held);
  const running = all.map(({ work }) => gate.run(signal, work));
  const gone = new AbortController();
  const left = gate.run(gone.signal, held().work);
  const next = held();
  const last = gate.run(signal, next.work);
  gone.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  for (const { finish } of all) finish();
  await Promise.all(running);
  next.finish();
  expect(await last).toBe('done');
  await expect(gate.run(signal, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  const again = Array.from({ length: 3 }, held);
  const answers = again.map(({ work }) => gate.run(signal, work));
  await turn();
  expect(again.every(({ isRunning }) => isRunning())).toBe(true);
  for (const { finish } of again) finish();
  await Promise.all(answers);
});

test('beyond 20 that wait a search is refused, with a time to come back', async () => {
  const gate = new LogGate();
  const all = Array.from({ length: 23 }, held);
  const answers = all.map(({ work }) => gate.run(signal, work));
  await expect(gate.run(signal, held().work)).rejects.toMatchObject({ code: 'tooMany', retryAfterS: 2 });
  for (const { finish } of all) finish();
  expect(await Promise.all(answers)).toHaveLength(23);
});
