import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type Child, startChild } from '../test/child.ts';
import { until } from '../test/drain.ts';

const RUNNER = fileURLToPath(new URL('../test/run-cluster.ts', import.meta.url));
let primary: Child;
const agents: Agent[] = [];

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  primary.kill('SIGKILL');
  // One that hangs would not notice, and keep the output open.
  for (const { pid } of events('ready')) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
  await primary.exit;
});

async function start(processes: number, pingEveryMs = 25): Promise<number> {
  primary = startChild(RUNNER, [String(processes), '', String(pingEveryMs)]);
  const [, port] = await primary.says(/"event":"cluster\.listening","port":(\d+)/);
  return Number(port);
}

/** A sender's one connection, kept. */
function connection(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agents.push(agent);
  return agent;
}

function ask(
  port: number,
  path: string,
  agent = connection(),
): Promise<{ text: string; connection?: string }> {
  return new Promise((resolve, reject) => {
    const sending = request({ port, path, agent, host: '127.0.0.1', method: 'POST' }, (message) => {
      let text = '';
      message.on('data', (bytes: Buffer) => (text += bytes.toString()));
      message.on('end', () => resolve({ text, connection: message.headers.connection ?? '' }));
      message.on('error', reject);
    });
    sending.once('error', reject);
    sending.setTimeout(20_000, () => sending.destroy(new Error(`no answer:\n${primary.stdout()}`)));
    sending.end();
  });
}

/** How many of these connections each process has, smallest first; what was cut is opened anew. */
async function shares(port: number, senders: readonly Agent[]): Promise<number[]> {
  const counts = new Map<string, number>();
  for (const sender of senders) {
    const answer = await ask(port, '/drain', sender).catch(() => ask(port, '/drain', sender));
    counts.set(answer.text, (counts.get(answer.text) ?? 0) + 1);
  }
  return [...counts.values()].sort((a, b) => a - b);
}

const events = (name: string): Record<string, unknown>[] =>
  primary
    .stdout()
    .split('\n')
    .filter((line) => line.includes(`"${name}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('R-14 few connections are shared evenly, and again after a child was killed and started anew', async () => {
  const port = await start(3);
  const senders = Array.from({ length: 6 }, connection);
  expect(await shares(port, senders)).toEqual([2, 2, 2]);
  const victim = Number((await ask(port, '/who', senders[0])).text);
  process.kill(victim, 'SIGKILL');
  await primary.says(/cluster\.childDied/);
  expect(await shares(port, senders)).toEqual([3, 3]);
  await until(async () => String(await shares(port, senders)) === '2,2,2');
  expect(events('cluster.childDied')).toMatchObject([{ pid: victim, signal: 'SIGKILL', level: 'error' }]);
});

test('K-15 a child that hangs gets one more connection at most, is killed and replaced', async () => {
  const port = await start(2, 150);
  const lost = expect(ask(port, '/hang')).rejects.toThrow();
  await sleep(100);
  let answered = 0;
  for (let i = 0; i < 6; i++) {
    void ask(port, '/who').then(
      () => answered++,
      () => {},
    );
  }
  await until(() => answered >= 5, 4_000);
  expect(events('cluster.childHangs')).toEqual([]);
  await primary.says(/cluster\.childHangs/);
  await lost;
  await primary.says(/cluster\.childDied/);
  const senders = [connection(), connection(), connection(), connection()];
  await until(async () => (await shares(port, senders)).length === 2);
});

test('K-17 a mistake nobody caught is one line, ends one child, and that one comes back', async () => {
  const port = await start(2);
  await expect(ask(port, '/mistake')).rejects.toThrow();
  await primary.says(/cluster\.childDied/);
  expect(events('process.mistake')).toHaveLength(1);
  expect(events('cluster.childDied')).toMatchObject([{ code: 1 }]);
  const senders = [connection(), connection(), connection(), connection()];
  await until(async () => (await shares(port, senders)).length === 2);
});

test('children hear from one another, never from themselves', async () => {
  const port = await start(3);
  await ask(port, '/tick');
  await until(() => events('tick').length === 2);
  await sleep(50);
  expect(events('tick')).toMatchObject([{ app: 7 }, { app: 7 }]);
  expect(new Set(events('tick').map(({ slot }) => slot)).size).toBe(2);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'K-13 on %s to every process, as platforms and terminals send it: requests in flight are answered, exit 0',
  async (signal) => {
    const port = await start(3);
    const pids = new Set<number>();
    for (let i = 0; i < 3; i++) pids.add(Number((await ask(port, '/who')).text));
    const asked = Array.from({ length: 6 }, () => ask(port, '/slow'));
    await until(() => events('asked').length === 6);
    for (const pid of [primary.pid, ...pids]) process.kill(pid, signal);
    for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ connection: 'close' });
    expect(await primary.exit).toBe(0);
    expect(events('process.stopped')).toHaveLength(3);
    expect(primary.stdout()).toMatch(/"closed".*\n.*"cluster\.stopped".*"clean":true/);
    await expect(ask(port, '/who')).rejects.toThrow('ECONNREFUSED');
  },
);

test('K-13 while the last requests are answered, new connections are refused', async () => {
  const port = await start(2);
  const asked = [ask(port, '/slow'), ask(port, '/slow')];
  await until(() => events('asked').length === 2);
  primary.kill('SIGTERM');
  await until(() => events('process.stopping').length === 2);
  await sleep(50);
  await expect(ask(port, '/who')).rejects.toThrow('ECONNREFUSED');
  for (const answer of await Promise.all(asked)) expect(answer.text).toMatch(/^slow/);
  expect(await primary.exit).toBe(0);
});

test('K-15 a child that hangs while all stop is killed at the deadline, and the exit status tells', async () => {
  const port = await start(2);
  const frozen = Number((await ask(port, '/who')).text);
  process.kill(frozen, 'SIGSTOP');
  const startedMs = performance.now();
  primary.kill('SIGTERM');
  expect(await primary.exit).toBe(1);
  expect(performance.now() - startedMs).toBeGreaterThan(2_300);
  expect(events('cluster.childCut')).toMatchObject([{ pid: frozen }]);
  expect(events('process.stopped')).toHaveLength(1);
});

test('children that end themselves at once are given up: exit 1, so that the platform sees it', async () => {
  primary = startChild(RUNNER, ['1', 'dies']);
  expect(await primary.exit).toBe(1);
  expect(events('cluster.childDied')).toHaveLength(5);
  expect(events('cluster.givesUp')).toHaveLength(1);
});

test('R-14 when the primary is killed, its children answer what is in flight and end', async () => {
  const port = await start(2);
  const asked = [ask(port, '/slow'), ask(port, '/slow')];
  await until(() => events('asked').length === 2);
  primary.kill('SIGKILL');
  for (const answer of await Promise.all(asked)) expect(answer.text).toMatch(/^slow/);
  await until(() => events('process.stopped').length === 2);
  await expect(ask(port, '/who')).rejects.toThrow('ECONNREFUSED');
});
