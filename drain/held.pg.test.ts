import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readCounts, readGaps } from '../test/account.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain, until } from '../test/drain.ts';
import { frameId, requests } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { head, sendRaw } from '../test/raw.ts';

let database: TestDatabase;
let drain: TestDrain;
let app: TestApp;
const sockets: Socket[] = [];

const HELD_MAX = 350_000;

beforeAll(async () => {
  database = await createTestDatabase();
  drain = await startDrain(database, { heldBytesMax: HELD_MAX });
  app = await addApp(database.pool);
  // Known from here on: app, secret and drain.
  await sendRaw(drain.port, [head(app, { 'Content-Length': '0' })], { answers: 1, waitMs: 4_000 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await until(() => drain.drain.status().heldBytes === 0);
});
afterAll(async () => {
  await drain.stop();
  await database.close();
});

/** A body with this many bytes, all of it readable. */
function bodyOfSize(bytes: number): Buffer {
  const start = requests(Math.floor(bytes / 400));
  const rest = bytes - start.length;
  const filler = Buffer.from(`<190>1 - host app web.1 - `);
  const count = rest - String(rest).length - 1;
  return Buffer.concat([start, Buffer.from(`${count} `), filler, Buffer.alloc(count - filler.length, 'f')]);
}

/** Sends the head and a part of the body; `rest` sends the rest of it. */
function begin(body: Buffer, sent: number): { rest(): void; answer: Promise<string> } {
  const socket = connect(drain.port, '127.0.0.1');
  sockets.push(socket);
  socket.write(head(app, { 'Content-Length': String(body.length), 'Logplex-Frame-Id': frameId() }));
  socket.write(body.subarray(0, sent));
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (data) => resolve(data.toString('latin1').slice(0, 12)));
    socket.once('error', (error) => resolve(error.message));
  });
  return { rest: () => socket.write(body.subarray(sent)), answer };
}

test('R-09 bodies that are being read count against the room for held ones: what does not fit is not read yet', async () => {
  const body = bodyOfSize(100_000);
  expect(body.length).toBe(100_000);
  const senders = Array.from({ length: 6 }, () => begin(body, 50_000));
  await until(() => drain.drain.status().heldBytes === 300_000);
  await sleep(150);
  expect(drain.drain.status().heldBytes).toBe(300_000);
  for (const sender of senders) sender.rest();
  expect(await Promise.all(senders.map((sender) => sender.answer))).toEqual(
    senders.map(() => 'HTTP/1.1 204'),
  );
  await until(() => drain.drain.status().heldBytes === 0);
});

test('R-09 a body larger than all the room there is comes through alone', async () => {
  const body = bodyOfSize(900_000);
  const sender = begin(body, 900_000);
  expect(await sender.answer).toBe('HTTP/1.1 204');
});

test('R-08 with the room used up while Postgres hangs, no new body is read: 503 at 4.5 s, and everything held is committed once', async () => {
  const own = await readCounts(database.pool, app.id);
  await rolledUp(database.pool);
  const before = (await readCounts(database.pool, app.id)).requests;
  expect(before).toBeGreaterThanOrEqual(own.requests);
  const lock = await database.pool.connect();
  await lock.query('BEGIN; LOCK TABLE chunks IN SHARE MODE');
  const body = bodyOfSize(100_000);
  const perBody = Math.floor(100_000 / 400);
  const held = [begin(body, 100_000), begin(body, 100_000), begin(body, 100_000)];
  await until(() => drain.drain.status().heldBytes === 300_000);
  const startedMs = performance.now();
  const refused = begin(body, 100_000);
  expect(await refused.answer).toBe('HTTP/1.1 503');
  expect(performance.now() - startedMs).toBeGreaterThan(4_300);
  expect(performance.now() - startedMs).toBeLessThan(4_950);
  expect(drain.drain.status().heldBytes).toBe(300_000);
  await lock.query('ROLLBACK');
  lock.release();
  expect(await Promise.all(held.map((sender) => sender.answer))).toEqual(held.map(() => 'HTTP/1.1 503'));
  await until(() => drain.drain.status().heldBytes === 0);
  await rolledUp(database.pool);
  expect((await readCounts(database.pool, app.id)).requests).toBe(before + 3 * perBody);
  expect(await readGaps(database.pool, app.id)).toEqual([]);
});

test('R-04 a body too large is not refused before its gap is committed: while Postgres hangs it is held, and told 503', async () => {
  const own = await addApp(database.pool);
  await sendRaw(drain.port, [head(own, { 'Content-Length': '0' })], { answers: 1, waitMs: 4_000 });
  const lock = await database.pool.connect();
  await lock.query('BEGIN; LOCK TABLE chunks IN SHARE MODE');
  const large = head(own, {
    'Content-Length': '2000000',
    'Logplex-Frame-Id': frameId(),
    'Logplex-Msg-Count': '900',
  });
  const { statuses } = await sendRaw(drain.port, [large], { waitMs: 6_000 });
  expect(statuses).toEqual([503]);
  await lock.query('ROLLBACK');
  lock.release();
  const again = await sendRaw(drain.port, [large], { answers: 1, waitMs: 4_000 });
  expect(again.statuses).toEqual([413]);
  await rolledUp(database.pool);
  expect(await readGaps(database.pool, own.id)).toMatchObject([{ cause: 'tooLarge', messages: 900 }]);
});
