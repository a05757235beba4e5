import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { until } from './drain.ts';
import { startLink, type TcpProxy } from './proxy.ts';

let echo: Server;
let other: Server;
let proxy: TcpProxy;
const open: Socket[] = [];

/** A server that says back what it hears, with a letter in front. */
async function startEcho(letter: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => socket.write(Buffer.concat([Buffer.from(letter), bytes])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return server;
}

const targetOf = (server: Server) => ({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });

beforeAll(async () => {
  [echo, other] = [await startEcho('a'), await startEcho('b')];
});
afterAll(() => {
  echo.close();
  other.close();
});
beforeEach(async () => {
  proxy = await startLink(targetOf(echo), 1);
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await proxy.close();
});

interface Client {
  socket: Socket;
  heard(): string;
  /** 'open', 'closed', or the code of what broke it. */
  state(): string;
}

function dial(): Client {
  const socket = connect(proxy.port, '127.0.0.1');
  open.push(socket);
  let heard = '';
  let state = 'open';
  socket.on('data', (bytes: Buffer) => {
    heard += bytes.toString('latin1');
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    state = error.code ?? 'error';
  });
  socket.on('close', () => {
    if (state === 'open') state = 'closed';
  });
  return { socket, heard: () => heard, state: () => state };
}

test('bytes pass both ways at once', async () => {
  const client = dial();
  client.socket.write('hello');
  await until(() => client.heard() === 'ahello');
  expect(proxy.connections).toBe(1);
});

test('a delay holds bytes back, jitter keeps their order, and heal ends both', async () => {
  const client = dial();
  proxy.weather({ delayMs: 120, jitterMs: 60 }, 'down');
  const startedMs = performance.now();
  for (const letter of '12345') {
    client.socket.write(letter);
    await sleep(5);
  }
  await until(() => client.heard().replaceAll('a', '') === '12345');
  expect(performance.now() - startedMs).toBeGreaterThan(115);
  proxy.heal();
  const healedMs = performance.now();
  client.socket.write('6');
  await until(() => client.heard().endsWith('6'));
  expect(performance.now() - healedMs).toBeLessThan(100);
});

test('a rate lets so many bytes a second through, in slices of the size asked for', async () => {
  const client = dial();
  proxy.weather({ bytesPerSecond: 20_000, sliceBytes: 100 }, 'up');
  const startedMs = performance.now();
  client.socket.write('x'.repeat(4_000));
  await until(() => client.heard().replaceAll('a', '').length === 4_000);
  expect(performance.now() - startedMs).toBeGreaterThan(150);
  // Each slice came alone, or with a neighbour at most now and then.
  expect(client.heard().match(/a/g)?.length).toBeGreaterThan(10);
});

test('a cut after n bytes lets n bytes through and resets the link; the next link is whole', async () => {
  const client = dial();
  const cut = proxy.cutAfter('down', 4);
  client.socket.write('hello');
  await cut;
  await until(() => client.state() !== 'open');
  expect(client.heard().length).toBeLessThanOrEqual(4);
  const next = dial();
  next.socket.write('again');
  await until(() => next.heard() === 'aagain');
});

test('a black hole swallows bytes on open links and new ones; heal cuts what lived through it', async () => {
  const client = dial();
  client.socket.write('1');
  await until(() => client.heard() === 'a1');
  proxy.blackHole();
  const late = dial();
  for (const { socket } of [client, late]) socket.write('2');
  await sleep(60);
  expect([client.state(), late.state(), client.heard(), late.heard()]).toEqual(['open', 'open', 'a1', '']);
  proxy.heal();
  await until(() => client.state() !== 'open' && late.state() !== 'open');
  const next = dial();
  next.socket.write('3');
  await until(() => next.heard() === 'a3');
});

test('half open: the server is gone, the client is not told', async () => {
  const client = dial();
  client.socket.write('1');
  await until(() => client.heard() === 'a1');
  proxy.halfOpen();
  client.socket.write('2');
  await sleep(60);
  expect([client.state(), client.heard()]).toEqual(['open', 'a1']);
});

test('reset, refuse, and another address', async () => {
  const client = dial();
  client.socket.write('1');
  await until(() => client.heard() === 'a1');
  proxy.cutAll('reset');
  await until(() => client.state() === 'ECONNRESET');
  proxy.refuse();
  const refused = dial();
  await until(() => refused.state() !== 'open');
  proxy.heal();
  proxy.pointTo(targetOf(other));
  const next = dial();
  next.socket.write('1');
  await until(() => next.heard() === 'b1');
});
