import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { buildOutbound, type OutboundOptions } from './outbound.ts';
import { parseRanges } from './outbound-address.ts';

const PEM = (name: string) =>
  readFileSync(new URL(`../test/fixtures/tls/${name}.pem`, import.meta.url), 'utf8');

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

function outbound(ranges: string, more: Partial<OutboundOptions> = {}) {
  const allowed = parseRanges(ranges);
  if (!allowed.ok) throw new Error(allowed.error);
  return buildOutbound({
    rules: { allowed: allowed.value, ports: 'any', ownHosts: [] },
    userAgent: 'Drainboard/test',
    ...more,
  });
}
const LOOPBACK = '127.0.0.0/8';

async function listen(
  server: Server | ReturnType<typeof createTcpServer>,
  host = '127.0.0.1',
): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  open.push({
    close: () => {
      if ('closeAllConnections' in server) server.closeAllConnections();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A server that notes what it was asked and answers as told. */
async function fake(
  answer: (response: ServerResponse, seen: Seen) => void,
): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const one = { method: request.method, url: request.url, headers: request.headers, body };
      seen.push(one);
      answer(response, one);
    });
  });
  return { port: await listen(server), seen };
}

/** A server of raw bytes; its sockets are destroyed at the end. */
async function rawServer(handle: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handle(socket);
  });
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  });
  return listen(server);
}

test('SEC-39 a request arrives whole, under our name, at an address the operator allowed', async () => {
  const { port, seen } = await fake((response) => response.writeHead(202, { 'x-one': '1' }).end('taken'));
  const result = await outbound(LOOPBACK).request({
    method: 'POST',
    url: `http://127.0.0.1:${port}/hook?a=1`,
    headers: { 'content-type': 'application/json', 'User-Agent': 'somebody else' },
    body: '{"ä":1}',
  });
  expect(result).toMatchObject({ kind: 'answer', status: 202, isCut: false });
  expect(result.kind === 'answer' && result.body.toString()).toBe('taken');
  expect(result.kind === 'answer' && result.headers['x-one']).toBe('1');
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/hook?a=1', body: '{"ä":1}' });
  expect(seen[0]?.headers).toMatchObject({ host: `127.0.0.1:${port}`, 'content-length': '8' });
  expect(seen[0]?.headers['user-agent']).toBe('Drainboard/test');
});

test('SEC-39 SEC-40 nobody is asked at a private address that was not allowed', async () => {
  const { port, seen } = await fake((response) => response.end());
  const asked = await Promise.all(
    [
      `http://127.0.0.1:${port}/`,
      `https://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      `http://2130706433:${port}/`,
    ].map((url) => outbound('10.0.0.0/8').request({ method: 'POST', url, body: 'x' })),
  );
  expect(asked.map((result) => result.kind === 'failed' && result.failure)).toEqual(Array(4).fill('address'));
  expect(seen).toHaveLength(0);
});

test('I-52 a name with a public and a private answer is refused, whichever comes first', async () => {
  const { port, seen } = await fake((response) => response.end());
  for (const addresses of [
    ['8.8.8.8', '127.0.0.1'],
    ['127.0.0.1', '8.8.8.8'],
  ]) {
    const client = outbound('192.0.2.0/24', { resolve: async () => addresses });
    const result = await client.request({ method: 'POST', url: `https://receiver.test:${port}/` });
    expect(result).toMatchObject({ kind: 'failed', failure: 'address', mayHaveArrived: false });
  }
  expect(seen).toHaveLength(0);
});

test('I-53 the checked answer is the one connected to: a name is resolved once a request, and again at the next', async () => {
  const good = await fake((response) => response.end('good'));
  let asked = 0;
  // The first answer is allowed; every later one leads elsewhere.
  const client = outbound('127.0.0.1', {
    resolve: async () => (asked++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']),
  });
  const url = `http://receiver.test:${good.port}/`;
  const first = await client.request({ method: 'GET', url });
  expect(first.kind === 'answer' && first.body.toString()).toBe('good');
  expect(asked).toBe(1);
  expect(good.seen[0]?.headers.host).toBe(`receiver.test:${good.port}`);
  expect(await client.request({ method: 'GET', url })).toMatchObject({ kind: 'failed', failure: 'address' });
  expect(asked).toBe(2);
  expect(good.seen).toHaveLength(1);
});

test('I-54 A-07 a redirect is an answer like any other: nobody goes where it points', async () => {
  const inner = await fake((response) => response.end('secret'));
  const { port } = await fake((response) =>
    response.writeHead(302, { location: `http://127.0.0.1:${inner.port}/` }).end(),
  );
  const result = await outbound(LOOPBACK).request({ method: 'POST', url: `http://127.0.0.1:${port}/` });
  expect(result).toMatchObject({ kind: 'answer', status: 302 });
  expect(inner.seen).toHaveLength(0);
});

test('A-08 SEC-41 an endless answer is read to 64 KiB and left', async () => {
  let written = 0;
  let isClosed = false;
  const { port } = await fake((response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16 * 1024, 'a'))) written += 16 * 1024;
    };
    response.on('drain', more);
    response.on('close', () => {
      isClosed = true;
    });
    more();
  });
  const result = await outbound(LOOPBACK).request({ method: 'GET', url: `http://127.0.0.1:${port}/` });
  expect(result).toMatchObject({ kind: 'answer', status: 200, isCut: true });
  expect(result.kind === 'answer' && result.body.length).toBe(64 * 1024);
  await expect.poll(() => isClosed).toBe(true);
  expect(written).toBeGreaterThan(0);
});

test('A-02 a receiver that takes the request and hangs is cut at the deadline, and the request may have arrived', async () => {
  const { port, seen } = await fake(() => {});
  const startedMs = performance.now();
  const result = await outbound(LOOPBACK).request({
    method: 'POST',
    url: `http://127.0.0.1:${port}/`,
    body: 'x',
    timeoutMs: 300,
  });
  expect(result).toMatchObject({ kind: 'failed', failure: 'timeout', mayHaveArrived: true });
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(seen).toHaveLength(1);
});

test('A-02 an answer whose end never comes is known by its status', async () => {
  const { port } = await fake((response) => response.writeHead(200).write('so far'));
  const result = await outbound(LOOPBACK).request({
    method: 'POST',
    url: `http://127.0.0.1:${port}/`,
    timeoutMs: 300,
  });
  expect(result).toMatchObject({ kind: 'answer', status: 200, isCut: true });
  expect(result.kind === 'answer' && result.body.toString()).toBe('so far');
});

test('A-06 TLS that cannot be verified fails with its reason, and nothing is sent', async () => {
  let requests = 0;
  const server = createTlsServer({ key: PEM('key'), cert: PEM('cert') }, (_, response) => {
    requests++;
    response.end();
  });
  const port = await listen(server as unknown as Server);
  const resolve = async () => ['127.0.0.1'];
  const ask = (url: string, more: Partial<OutboundOptions>) =>
    outbound(LOOPBACK, { resolve, ...more }).request({ method: 'POST', url, body: 'x' });
  const unknown = await ask(`https://receiver.test:${port}/`, {});
  expect(unknown).toMatchObject({ kind: 'failed', failure: 'tls', mayHaveArrived: false });
  expect(unknown.kind === 'failed' && unknown.reason).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
  const otherName = await ask(`https://other.test:${port}/`, { ca: PEM('cert') });
  expect(otherName.kind === 'failed' && otherName.reason).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(requests).toBe(0);
  expect(await ask(`https://receiver.test:${port}/`, { ca: PEM('cert') })).toMatchObject({
    kind: 'answer',
    status: 200,
  });
  expect(requests).toBe(1);
});

test('A-06 a port that speaks no TLS fails as TLS', async () => {
  const { port } = await fake((response) => response.end());
  const result = await outbound(LOOPBACK).request({ method: 'POST', url: `https://127.0.0.1:${port}/` });
  expect(result).toMatchObject({ kind: 'failed', failure: 'tls', mayHaveArrived: false });
});

test('A-01 a port nobody listens on fails at once, and nothing can have arrived', async () => {
  const port = await rawServer(() => {});
  for (const server of open.splice(0)) server.close();
  const result = await outbound(LOOPBACK).request({ method: 'POST', url: `http://127.0.0.1:${port}/` });
  expect(result).toMatchObject({ kind: 'failed', failure: 'connect', mayHaveArrived: false });
  expect(result.kind === 'failed' && result.reason).toContain('ECONNREFUSED');
});

test('a connection that breaks after the request leaves open whether it arrived', async () => {
  const port = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const result = await outbound(LOOPBACK).request({
    method: 'POST',
    url: `http://127.0.0.1:${port}/`,
    body: 'x',
  });
  expect(result).toMatchObject({ kind: 'failed', failure: 'broken', mayHaveArrived: true });
});

test('an answer that is no HTTP is a broken one', async () => {
  const port = await rawServer((socket) =>
    socket.once('data', () => socket.end('220 mail.example.com ready\r\n')),
  );
  const result = await outbound(LOOPBACK).request({
    method: 'POST',
    url: `http://127.0.0.1:${port}/`,
    body: 'x',
  });
  expect(result).toMatchObject({ kind: 'failed', failure: 'broken' });
});

test('a name nobody knows fails as a name, and the next address of a name is tried', async () => {
  const { port } = await fake((response) => response.end());
  const nobody = outbound(LOOPBACK, {
    resolve: async () => {
      throw new Error('ENOTFOUND');
    },
  });
  expect(await nobody.request({ method: 'GET', url: `http://receiver.test:${port}/` })).toMatchObject({
    failure: 'name',
  });
  const second = outbound(LOOPBACK, { resolve: async () => ['127.0.0.3', '127.0.0.1'] });
  expect(await second.request({ method: 'GET', url: `http://receiver.test:${port}/` })).toMatchObject({
    kind: 'answer',
  });
});

test('through a proxy the checked address is asked for, with its credentials, and TLS stays between the ends', async () => {
  const server = createTlsServer({ key: PEM('key'), cert: PEM('cert') }, (_, response) => response.end('in'));
  const port = await listen(server as unknown as Server);
  const greetings: string[] = [];
  const proxyPort = await rawServer((socket) => {
    socket.once('data', (greeting: Buffer) => {
      greetings.push(greeting.toString());
      const { connect } = process.getBuiltinModule('node:net');
      const onward = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      onward.on('error', () => {});
    });
  });
  const client = outbound(LOOPBACK, {
    ca: PEM('cert'),
    resolve: async () => ['127.0.0.1'],
    proxy: { host: '127.0.0.1', port: proxyPort, authorization: 'Basic eA==' },
  });
  const result = await client.request({ method: 'GET', url: `https://receiver.test:${port}/` });
  expect(result.kind === 'answer' && result.body.toString()).toBe('in');
  expect(greetings[0]).toContain(`CONNECT 127.0.0.1:${port} HTTP/1.1`);
  expect(greetings[0]).toContain('Proxy-Authorization: Basic eA==');
});

test('a proxy that refuses fails as a connection', async () => {
  const proxyPort = await rawServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 407 No\r\n\r\n')),
  );
  const client = outbound(LOOPBACK, { proxy: { host: '127.0.0.1', port: proxyPort } });
  const result = await client.request({ method: 'GET', url: 'https://127.0.0.1/' });
  expect(result).toMatchObject({ kind: 'failed', failure: 'connect' });
  expect(result.kind === 'failed' && result.reason).toContain('407');
});

test('SEC-41 no reason repeats the address or what the other side said', async () => {
  const port = await rawServer((socket) => socket.once('data', () => socket.end('hunter2 hunter2\r\n\r\n')));
  for (const url of [
    `http://127.0.0.1:${port}/T0/B0/tok3n`,
    `http://127.0.0.9:1/T0/B0/tok3n`,
    'https://u:tok3n@x/',
    'tok3n',
  ]) {
    const result = await outbound(LOOPBACK).request({ method: 'POST', url, body: 'x', timeoutMs: 1_000 });
    expect(JSON.stringify(result)).not.toMatch(/tok3n|hunter2|127\.0\.0/);
  }
});
