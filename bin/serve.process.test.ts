import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type Child, startChild } from '../test/child.ts';
import { SAME_INTERRUPT_MS } from './serve.ts';

const RUNNER = fileURLToPath(new URL('../test/run-serve.ts', import.meta.url));
let child: Child;

afterEach(() => child.kill('SIGKILL'));

async function start(): Promise<string> {
  child = startChild(RUNNER);
  const [, port] = await child.says(/"event":"ready","port":(\d+)/);
  return `http://127.0.0.1:${port}`;
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'K-13 on %s the request in flight is answered, exit 0',
  async (signal) => {
    const url = await start();
    const asked = fetch(`${url}/slow`);
    await sleep(150);
    child.kill(signal);
    const answer = await asked;
    expect([answer.status, await answer.text(), answer.headers.get('connection')]).toEqual([
      200,
      'done',
      'close',
    ]);
    expect(await child.exit).toBe(0);
    expect(child.stdout()).toMatch(/process\.stopping.*\n.*"closed".*\n.*process\.stopped/);
  },
);

test('a second Ctrl-C ends at once', async () => {
  const url = await start();
  const cut = expect(fetch(`${url}/hang`)).rejects.toThrow();
  await sleep(150);
  child.kill('SIGINT');
  await child.says(/process\.stopping/);
  await sleep(SAME_INTERRUPT_MS + 50);
  child.kill('SIGINT');
  expect(await child.exit).toBe(1);
  await cut;
});

test('K-13 signals that come twice are one stop: Heroku may send SIGTERM again, npm passes Ctrl-C on', async () => {
  const url = await start();
  const asked = fetch(`${url}/slow`);
  await sleep(150);
  for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM', 'SIGTERM'] as const) {
    child.kill(signal);
    await sleep(20);
  }
  expect((await asked).status).toBe(200);
  expect(await child.exit).toBe(0);
});

test('K-17 what nobody caught is one line in the log and exit 1', async () => {
  const url = await start();
  await expect(fetch(`${url}/mistake`)).rejects.toThrow();
  expect(await child.exit).toBe(1);
  const mistakes = child
    .stdout()
    .split('\n')
    .filter((line) => line.includes('process.mistake'));
  expect(mistakes).toHaveLength(1);
  expect(JSON.parse(mistakes[0] ?? '')).toMatchObject({
    level: 'error',
    error: { message: 'nobody caught this\nat all' },
  });
  expect(child.stderr()).toBe('');
});
