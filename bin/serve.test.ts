import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Log, silentLog } from '../model/log.ts';
import { buildHttpServer, type Running, requireBrowsablePort, type StopStep, serve } from './serve.ts';

interface Setup {
  running: Running;
  stopping: AbortController;
  /** Names of what was closed, in order. */
  closed: string[];
  /** Lets the request that waits be answered. */
  answer(): void;
  /** Resolves once a request has arrived. */
  arrived: Promise<unknown>;
}

async function start(more: { deadlineMs?: number; steps?: StopStep[]; log?: Log } = {}): Promise<Setup> {
  const stopping = new AbortController();
  const closed: string[] = [];
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let arrive = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const server = buildHttpServer((request, response) => {
    if (request.url === '/quick') return void response.end('quick');
    arrive();
    void answered.then(() => response.end('slow'));
  });
  const step = (name: string): StopStep => ({ name, stop: async () => void closed.push(name) });
  const onStop = more.steps ?? [step('pool'), step('loops')];
  const options = { server, port: 0, host: '127.0.0.1', stopping, onStop, log: more.log ?? silentLog };
  const running = await serve({
    ...options,
    ...(more.deadlineMs !== undefined && { deadlineMs: more.deadlineMs }),
  });
  return { running, stopping, closed, answer, arrived };
}

function ask(port: number, path: string, agent: Agent): Promise<{ message: IncomingMessage; text: string }> {
  return new Promise((resolve, reject) => {
    get({ port, path, agent, host: '127.0.0.1' }, (message) => {
      let text = '';
      message.on('data', (bytes: Buffer) => (text += bytes.toString()));
      message.on('end', () => resolve({ message, text }));
    }).once('error', reject);
  });
}

test('K-13 a request in flight is answered with Connection: close, then the parts are closed in reverse', async () => {
  const { running, stopping, closed, answer, arrived } = await start();
  const agent = new Agent({ keepAlive: true });
  const asked = ask(running.port, '/slow', agent);
  await arrived;
  const stopped = running.stop('test');
  expect(stopping.signal.aborted).toBe(true);
  await sleep(20);
  expect(closed).toEqual([]);
  answer();
  const { message, text } = await asked;
  expect([text, message.headers.connection]).toEqual(['slow', 'close']);
  await stopped;
  expect(closed).toEqual(['loops', 'pool']);
  await expect(ask(running.port, '/quick', agent)).rejects.toThrow('ECONNREFUSED');
});

test('idle connections are ended and do not hold the stop up', async () => {
  const { running } = await start();
  const agent = new Agent({ keepAlive: true });
  expect((await ask(running.port, '/quick', agent)).message.headers.connection).toBe('keep-alive');
  const startedMs = performance.now();
  await running.stop('test');
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});

test('K-14 a request and a part that never end are cut at the deadline, and the rest is still closed', async () => {
  const closed: string[] = [];
  const steps: StopStep[] = [
    { name: 'pool', stop: async () => void closed.push('pool') },
    { name: 'broken', stop: () => Promise.reject(new Error('broken')) },
    { name: 'hanging', stop: () => new Promise(() => {}) },
  ];
  const { running, arrived } = await start({ deadlineMs: 300, steps });
  const cut = expect(ask(running.port, '/slow', new Agent())).rejects.toThrow('socket hang up');
  await arrived;
  const startedMs = performance.now();
  await running.stop('test');
  await cut;
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  expect(closed).toEqual(['pool']);
});

test('stopping twice is one stop', async () => {
  const { running, closed } = await start();
  await Promise.all([running.stop('one'), running.stop('two')]);
  expect(closed).toEqual(['loops', 'pool']);
});

test('a port in use is a plain sentence', async () => {
  const { running } = await start();
  const server = buildHttpServer();
  const again = serve({
    server,
    port: running.port,
    host: '127.0.0.1',
    stopping: new AbortController(),
    onStop: [],
    log: silentLog,
  });
  await expect(again).rejects.toThrow(`port ${running.port} is in use`);
  await running.stop('test');
});

test('SEC-52 headers over 16 KiB are refused', async () => {
  const { running } = await start();
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(running.port, '127.0.0.1', () => {
      socket.write(`GET /quick HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17 * 1024)}\r\n\r\n`);
    });
    socket.on('data', (bytes) => (text += bytes.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', () => {});
  });
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  await running.stop('test');
});

test('a port that no browser opens is refused with a sentence instead of waiting for ever', async () => {
  await expect(requireBrowsablePort(5060)).rejects.toThrow('browsers refuse to open port 5060');
  // The list is that of fetch itself.
  await expect(fetch('http://127.0.0.1:5060/')).rejects.toMatchObject({ cause: { message: 'bad port' } });
});
