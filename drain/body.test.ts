import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { head, sendRaw } from '../test/raw.ts';
import { type BodyResult, readBody, unpack } from './body.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});

const USER = { name: 'shop', secret: 's' };

/** What readBody says of a request sent as these bytes. */
async function read(
  parts: (string | Uint8Array)[],
  options: { maxBytes?: number; lateMs?: number; endAfter?: boolean },
) {
  const results: BodyResult[] = [];
  const server = createServer((request, response) => {
    const begin = (): void =>
      readBody(request, options.maxBytes ?? 100, (result) => {
        results.push(result);
        response.writeHead(204).end();
      });
    setTimeout(begin, options.lateMs ?? 0);
  });
  opened.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await sendRaw(port, parts, { waitMs: 150, endAfter: options.endAfter ?? false });
  for (let waited = 0; results.length === 0 && waited < 50; waited++) await sleep(10);
  return results;
}

test('a body of exactly the bound is read, one byte more is too large, however it comes', async () => {
  const full = Buffer.alloc(100, 'x');
  const over = Buffer.alloc(101, 'x');
  expect(
    await read([head(USER, { 'Content-Length': '100' }), full.subarray(0, 60), full.subarray(60)], {}),
  ).toEqual([{ kind: 'read', buf: full }]);
  expect(await read([head(USER, { 'Content-Length': '101' }), over], {})).toEqual([{ kind: 'tooLarge' }]);
  const chunked = head(USER, { 'Transfer-Encoding': 'chunked' });
  expect(await read([chunked, '65\r\n', over, '\r\n0\r\n\r\n'], {})).toEqual([{ kind: 'tooLarge' }]);
});

test('S-07 S-08 a body that is cut is cut, whether its sender leaves before it is looked at or after', async () => {
  const cut = [head(USER, { 'Content-Length': '100' }), 'only this'];
  expect(await read(cut, { endAfter: true })).toEqual([{ kind: 'cut' }]);
  // The sender is long gone when somebody begins to read.
  const results = await read(cut, { endAfter: true, lateMs: 60 });
  expect(results).toEqual([{ kind: 'cut' }]);
  expect(await read([head(USER, { 'Transfer-Encoding': 'chunked' }), '5\r\nhelloX'], {})).toEqual([
    { kind: 'cut' },
  ]);
});

test('I-39 a gzip body is unpacked to its bound and not beyond', async () => {
  expect(await unpack(gzipSync(Buffer.alloc(100, 'x')), 100)).toEqual({
    kind: 'read',
    buf: Buffer.alloc(100, 'x'),
  });
  expect(await unpack(gzipSync(Buffer.alloc(101, 'x')), 100)).toEqual({ kind: 'tooLarge' });
  expect(await unpack(gzipSync(Buffer.alloc(32 * 1024 * 1024)), 1024)).toEqual({ kind: 'tooLarge' });
  expect(await unpack(Buffer.from('no gzip'), 100)).toEqual({ kind: 'badGzip' });
  expect(await unpack(gzipSync('cut short').subarray(0, 15), 100)).toEqual({ kind: 'badGzip' });
  expect(await unpack(Buffer.alloc(0), 100)).toEqual({ kind: 'badGzip' });
});
