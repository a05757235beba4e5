import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ShedPart } from '../model/ingest-health.ts';
import { ALL_LINES } from '../model/log-filter.ts';
import { formatLogKey, type LogLine } from '../model/log-line.ts';
import { SECOND } from '../model/time.ts';
import { createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi } from '../test/api-client.ts';
import { readEvents, type StreamEvent } from '../test/event-stream.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { logLine, storeLogBlock, storeLogChunk } from '../test/stored-logs.ts';
import type { LogTailLines, LogTailSampled, LogTailSkipped } from './contract/logs.ts';
import { READER_MAX_BYTES } from './log-reader.ts';
import { LogTails, TAILS_MAX } from './log-tails.ts';

let database: TestDatabase;
let api: TestApi;
let server: ServerType;
let port: number;
let token: string;
let appId: number;
let seq = 0;
const shed: ShedPart[] = [];
const stopping = new AbortController();
const nowMs = () => Date.now();

beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
  api = buildTestApi(database.pool, {
    nowMs,
    stopping: stopping.signal,
    gaveWay: (part) => shed.includes(part),
  });
  appId = (await createApp(database.pool, { name: 'shop', key: TEST_KEY, nowMs: nowMs() })).app.id;
  token = await api.token('viewer');
  server = serve({ fetch: api.app.fetch, port: 0, hostname: '127.0.0.1' });
  await vi.waitFor(() => expect(server.listening).toBe(true));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.close();
  await database.close();
});

/** Commits lines as one group; gives them with their places. */
async function commit(lines: readonly Partial<LogLine>[], app = appId): Promise<LogLine[]> {
  seq++;
  const placed = lines.map((line, index) => logLine({ atMs: nowMs(), ...line, writerId: 7, seq, index }));
  await storeLogChunk(database.pool, { appId: app, writerId: 7, seq, committedAtMs: nowMs(), lines: placed });
  return placed;
}

/** Opens a tail over a real connection. */
function open(query = '', withToken = token, at = port): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const path = `/api/v1/apps/shop/logs/tail?${query}`;
    const headers = { authorization: `Bearer ${withToken}` };
    httpRequest({ host: '127.0.0.1', port: at, path, headers }, resolve).on('error', reject).end();
  });
}

/** What a tail said up to the first event of a name, this one included. */
async function until(stream: ReturnType<typeof readEvents>, name: string): Promise<StreamEvent> {
  for (;;) {
    const event = await stream.next();
    if (event === null) throw new Error(`the stream ended before ${name}`);
    if (event.event === name) return event;
  }
}

/** Until it is told everything that is committed from then on: the ping that says so has an id. */
async function untilLive(stream: ReturnType<typeof readEvents>): Promise<void> {
  for (let isLive = false; !isLive; ) isLive = (await until(stream, 'ping')).id !== undefined;
}

function linesOf(event: StreamEvent): LogTailLines['lines'] {
  return (JSON.parse(event.data) as LogTailLines).lines;
}

describe('a live tail', () => {
  test('tells lines that fit as they are committed, and goes on where a reader was', async () => {
    await commit([{ text: 'before' }]);
    const response = await open('q=order');
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    const stream = readEvents(response);
    expect((await until(stream, 'ping')).data).toContain('atMs');
    await untilLive(stream);
    const [first] = await commit([{ text: 'order 1' }, { text: 'no' }]);
    const told = await until(stream, 'lines');
    expect(linesOf(told).map(({ id, text }) => [id, text])).toEqual([
      [first && formatLogKey(first), 'order 1'],
    ]);
    response.destroy();
    const missed = await commit([{ text: 'order 2', atMs: nowMs() - 20 * SECOND }, { text: 'order 3' }]);
    const again = await open(`q=order&after=${encodeURIComponent(told.id ?? '')}`);
    const back = readEvents(again);
    expect(linesOf(await until(back, 'lines')).map(({ id }) => id)).toEqual(missed.map(formatLogKey));
    const next = await commit([{ text: 'order 4' }]);
    expect(linesOf(await until(back, 'lines')).map(({ id }) => id)).toEqual(next.map(formatLogKey));
    again.destroy();
  });

  test('what a search found and what its tail tells join without a gap and without a line told twice', async () => {
    await commit([{ text: 'join 1' }]);
    const browser = api.withToken(token);
    const { body } = await browser.get('/apps/shop/logs?q=join');
    expect(body.lines.map(({ text }: LogLine) => text)).toEqual(['join 1']);
    // Late by some seconds, and so before the line that was found.
    await commit([{ text: 'join late', atMs: nowMs() - 3 * SECOND }]);
    const response = await open(`q=join&after=${encodeURIComponent(body.newer)}`);
    const stream = readEvents(response);
    expect(linesOf(await until(stream, 'lines')).map(({ text }) => text)).toEqual(['join late']);
    response.destroy();
  });

  test('a reader that was away for long is told the newest lines from blocks, and that there were more', async () => {
    const old = Array.from({ length: 700 }, (_, index) =>
      logLine({ atMs: nowMs() - 600_000 + index * 500, writerId: 5, seq: 1, index, text: 'long ago' }),
    );
    await storeLogBlock(database.pool, appId, old);
    const response = await open(`q=long&after=${formatLogKey(old[10] ?? old[0]!)}`);
    const stream = readEvents(response);
    const skipped = JSON.parse((await until(stream, 'skipped')).data) as LogTailSkipped;
    expect(skipped).toMatchObject({ lines: 0, fromMs: old[10]?.atMs });
    const lines: string[] = [];
    while (lines.length < 500) lines.push(...linesOf(await until(stream, 'lines')).map(({ id }) => id));
    expect(lines).toEqual(old.slice(-500).map(formatLogKey));
    response.destroy();
  });

  test('a reader that comes back is told that there was something in between which cannot be read', async () => {
    const response = await open();
    const stream = readEvents(response);
    await untilLive(stream);
    const [known] = await commit([{ text: 'before the damage' }]);
    const told = await until(stream, 'lines');
    response.destroy();
    expect(linesOf(told).map(({ id }) => id)).toEqual([known && formatLogKey(known)]);
    const damagedSeq = (await commit([{ text: 'damaged' }]))[0]?.seq;
    await database.pool.query(
      "UPDATE log_chunks SET body = '\\x0901', section_ends = '{2}' WHERE writer_id = 7 AND seq = $1",
      [damagedSeq],
    );
    await commit([{ text: 'after the damage' }, { text: 'late', atMs: nowMs() - 30 * SECOND }]);
    const back = await open(`after=${encodeURIComponent(told.id ?? '')}`);
    const again = readEvents(back);
    const skipped = JSON.parse((await until(again, 'skipped')).data) as LogTailSkipped;
    expect([skipped.lines, skipped.toMs >= skipped.fromMs]).toEqual([0, true]);
    expect(linesOf(await until(again, 'lines')).map(({ text }) => text)).toEqual([
      'late',
      'after the damage',
    ]);
    back.destroy();
    await database.pool.query('DELETE FROM log_chunks WHERE writer_id = 7 AND seq = $1', [damagedSeq]);
  });

  test('C-08 above its rate a reader is shown one line in so many, and is told so; codes, 5xx and errors all come', async () => {
    const response = await open('rate=10');
    const stream = readEvents(response);
    await untilLive(stream);
    const important = [
      { code: 'H12' },
      { status: 503, source: 'router' as const },
      { level: 'error' as const },
    ];
    const sent = await commit([
      ...Array.from({ length: 600 }, (_, n) => ({ text: `quiet ${n}` })),
      ...Array.from({ length: 60 }, (_, n) => ({ ...important[n % 3], text: `loud ${n}` })),
    ]);
    const sampled = JSON.parse((await until(stream, 'sampled')).data) as LogTailSampled;
    const shown = linesOf(await until(stream, 'lines'));
    expect(sampled.oneIn).toBeGreaterThanOrEqual(20);
    expect([sampled.shown + sampled.leftOut, sampled.shown]).toEqual([sent.length, shown.length]);
    expect(shown.filter(({ text }) => text.startsWith('loud'))).toHaveLength(60);
    expect(shown.filter(({ text }) => text.startsWith('quiet')).length).toBe(Math.ceil(600 / sampled.oneIn));
    response.destroy();
  });

  test('C-07 a reader that stops reading holds 1 MiB at most, is told how many it missed, and the others miss none', async () => {
    const tails = new LogTails({ read: (work) => work(database.pool), nowMs, pollMs: 40 });
    const options = {
      appId,
      filter: ALL_LINES,
      filterKey: '',
      ratePerS: 500,
      cursor: null,
      isAllowed: async () => true,
    };
    const [stuck, brisk] = ['stuck', 'brisk'].map((caller) => tails.open({ ...options, caller }));
    if (!(stuck instanceof ReadableStream && brisk instanceof ReadableStream)) throw new Error('not opened');
    const reading = readEvents(brisk);
    await untilLive(reading);
    const text = 'x'.repeat(3_900);
    let sent = 0;
    let heard = 0;
    for (let round = 0; round < 5; round++) {
      // Errors are never sampled: every one of them is meant for both.
      sent += (await commit(Array.from({ length: 120 }, () => ({ text, level: 'error' as const })))).length;
      while (heard < sent) heard += linesOf(await until(reading, 'lines')).length;
      expect(tails.heldBytes).toBeLessThanOrEqual(READER_MAX_BYTES);
    }
    expect(sent * text.length).toBeGreaterThan(2 * READER_MAX_BYTES);
    expect(tails.heldBytes).toBeGreaterThan(READER_MAX_BYTES / 2);
    const late = readEvents(stuck);
    let [got, missed] = [0, 0];
    while (got + missed < sent) {
      const event = await late.next();
      if (event === null) throw new Error('the stream ended');
      if (event.event === 'lines') got += linesOf(event).length;
      if (event.event === 'skipped') missed += (JSON.parse(event.data) as LogTailSkipped).lines;
    }
    expect([got + missed, missed > 0, got > 0]).toEqual([sent, true, true]);
    await commit([{ text: 'after that', level: 'error' }]);
    expect(linesOf(await until(late, 'lines')).map((line) => line.text)).toEqual(['after that']);
    await Promise.all([late.cancel(), reading.cancel()]);
    expect(tails.size).toBe(0);
  });

  test('C-07 a connection that is open and not read holds no more in the process, and the others go on', async () => {
    const tails = new LogTails({ read: (work) => work(database.pool), nowMs, pollMs: 20 });
    const options = {
      appId,
      filter: ALL_LINES,
      filterKey: '',
      ratePerS: 500,
      cursor: null,
      isAllowed: async () => true,
    };
    const own = serve({
      fetch: () => new Response(tails.open({ ...options, caller: 'one' }) as ReadableStream<Uint8Array>),
      port: 0,
      hostname: '127.0.0.1',
    });
    await vi.waitFor(() => expect(own.listening).toBe(true));
    const [idle, brisk] = await Promise.all(
      [1, 2].map(() => open('', token, (own.address() as AddressInfo).port)),
    );
    if (!idle || !brisk) throw new Error('not opened');
    const stream = readEvents(brisk);
    await untilLive(stream);
    let [heard, sent] = [0, 0];
    // As much as the system's own buffers take for a connection, and then more than may be held here.
    while (tails.heldBytes < READER_MAX_BYTES / 2 || sent * 3_900 < 8 * READER_MAX_BYTES) {
      sent += (
        await commit(
          Array.from({ length: 200 }, () => ({ text: 'y'.repeat(3_900), level: 'error' as const })),
        )
      ).length;
      while (heard < sent) heard += linesOf(await until(stream, 'lines')).length;
      expect(tails.heldBytes).toBeLessThanOrEqual(READER_MAX_BYTES);
      if (sent > 40_000) throw new Error('nothing was ever held back');
    }
    const held = sent;
    for (let round = 0; round < 2; round++) {
      sent += (
        await commit(
          Array.from({ length: 200 }, () => ({ text: 'z'.repeat(3_900), level: 'error' as const })),
        )
      ).length;
      while (heard < sent) heard += linesOf(await until(stream, 'lines')).length;
    }
    const late = readEvents(idle);
    const skipped = JSON.parse((await until(late, 'skipped')).data) as LogTailSkipped;
    expect(skipped.lines).toBeGreaterThan(0);
    expect(skipped.lines).toBeLessThan(held);
    idle.destroy();
    brisk.destroy();
    await vi.waitFor(() => expect(tails.size).toBe(0));
    own.close();
  });

  test('C-07 500 tails of a process are read at once, the next one is refused, and there is room again when one ends', async () => {
    const tails = new LogTails({ read: (work) => work(database.pool), nowMs, pollMs: 40 });
    const options = {
      appId,
      filter: ALL_LINES,
      filterKey: '',
      ratePerS: 50,
      cursor: null,
      isAllowed: async () => true,
    };
    const opened = Array.from({ length: TAILS_MAX }, (_, n) =>
      tails.open({ ...options, caller: `caller ${n % 25}` }),
    );
    expect(opened.every((stream) => stream instanceof ReadableStream)).toBe(true);
    expect(tails.size).toBe(500);
    expect(tails.open({ ...options, caller: 'one more' })).toBe('tooMany');
    const readers = opened.map((stream) => readEvents(stream as ReadableStream<Uint8Array>));
    await untilLive(readers[0]!);
    const [line] = await commit([{ text: 'to all of them' }]);
    const told = await Promise.all(readers.map(async (reader) => linesOf(await until(reader, 'lines'))));
    expect(told.every((lines) => lines.length === 1 && lines[0]?.id === (line && formatLogKey(line)))).toBe(
      true,
    );
    await readers[0]?.cancel();
    expect(tails.size).toBe(499);
    expect(tails.open({ ...options, caller: 'one more' })).toBeInstanceOf(ReadableStream);
    tails.close('stopping');
    expect(tails.size).toBe(0);
  });

  test('C-07 whoever has too many open is refused in clear words', async () => {
    const own = await api.token('viewer');
    const mine = await Promise.all(Array.from({ length: 20 }, () => open('', own)));
    expect(mine.every(({ statusCode }) => statusCode === 200)).toBe(true);
    const refused = await api.withToken(own).get('/apps/shop/logs/tail');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    expect(refused.body.detail).toContain('Too many live logs');
    for (const response of mine) response.destroy();
    await vi.waitFor(async () => {
      const next = await open('', own);
      next.destroy();
      expect(next.statusCode).toBe(200);
    });
  });

  test('SEC-59 SEC-22 a page of elsewhere gets no tail, and signing out ends those of the session', async () => {
    const { browser } = await api.signedIn('viewer');
    const foreign = { headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } };
    expect((await browser.raw('/api/v1/apps/shop/logs/tail', foreign)).status).toBe(403);
    const stream = readEvents(
      (await browser.raw('/api/v1/apps/shop/logs/tail')).body as ReadableStream<Uint8Array>,
    );
    await until(stream, 'ping');
    await browser.send('POST', '/sign-out');
    for (let event = await stream.next(); event !== null; event = await stream.next())
      expect(event.event).not.toBe('lines');
  });

  test('an app whose lines are not kept has no tail, and says so', async () => {
    const off = (await createApp(database.pool, { name: 'off', key: TEST_KEY, nowMs: nowMs() })).app.id;
    await database.pool.query('UPDATE apps SET keep_logs_hours = 0 WHERE id = $1', [off]);
    const response = await api.withToken(token).raw('/api/v1/apps/off/logs/tail');
    const stream = readEvents(response.body as ReadableStream<Uint8Array>);
    expect((await until(stream, 'bye')).data).toBe('{"reason":"off"}');
    expect(await stream.next()).toBeNull();
  });

  test('R-09 tails give way under pressure, with a time to come back, and end when the process stops', async () => {
    const stream = readEvents(await open());
    await until(stream, 'ping');
    shed.push('liveTail');
    const bye = await until(stream, 'bye');
    expect([bye.data, Number(bye.retry) >= 10_000]).toEqual(['{"reason":"shed"}', true]);
    expect((await open()).statusCode).toBe(503);
    shed.length = 0;
    const last = readEvents(await open());
    await until(last, 'ping');
    stopping.abort();
    expect((await until(last, 'bye')).data).toBe('{"reason":"stopping"}');
  });
});
