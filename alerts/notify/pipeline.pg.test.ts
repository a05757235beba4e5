import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../model/time.ts';
import { enqueueTest, replayNotification } from '../../store/notifications.ts';
import { readReceiver, updateReceiver } from '../../store/receivers.ts';
import {
  type Answer,
  addReceiver,
  BOX_KEY,
  buildSender,
  type Clock,
  hang,
  type Listener,
  listen,
  ok,
  outboxOf,
  status,
  tell,
} from '../../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';

const T0 = Date.UTC(2026, 5, 1, 12);

let database: TestDatabase;
const listeners: { close(): void }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) listener.close();
  await database.pool.query(
    'TRUNCATE receivers, notifications, attempts, delivery_buckets, watch_alerts CASCADE',
  );
});
afterAll(() => database.close());

async function place(answer: Answer = ok, port = 0): Promise<Listener> {
  const listener = await listen(answer, port);
  listeners.push(listener);
  return listener;
}

/** Lets time pass in steps, delivering at each, as the loop of a worker would. */
async function pass(clock: Clock, deliver: () => Promise<number>, ms: number, stepMs: number): Promise<void> {
  for (const endMs = clock.ms + ms; clock.ms < endMs; ) {
    clock.ms += stepMs;
    await deliver();
  }
}

test('A-01 a receiver that is down for an hour is told in order when it is up, and its state is seen meanwhile', async () => {
  const { pool } = database;
  const gone = await place();
  const receiver = await addReceiver(pool, gone);
  gone.close();
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  const incidentId = randomUUID();
  await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  const [first] = await outboxOf(pool, receiver);
  expect(first).toMatchObject({ state: 'waiting', attempts: 1 });
  expect(first?.reason).toContain('ECONNREFUSED');
  await pass(clock, deliver, 10 * MINUTE, MINUTE);
  await tell(pool, receiver, { incidentId, sequence: 2, kind: 'acknowledge', nowMs: clock.ms });
  await tell(pool, receiver, { incidentId, sequence: 3, kind: 'update', nowMs: clock.ms });
  await pass(clock, deliver, 50 * MINUTE, MINUTE);
  const waiting = await outboxOf(pool, receiver);
  expect(waiting.map(({ state }) => state)).not.toContain('delivered');
  expect((await readReceiver(pool, receiver.publicId))?.lastFailedAtMs).toBeGreaterThan(T0 + 50 * MINUTE);

  const back = await place(ok, gone.port);
  await pass(clock, deliver, 6 * MINUTE, MINUTE);
  expect(back.told.map(({ kind }) => kind)).toEqual(['trigger', 'acknowledge']);
  expect(back.told.every(({ incidentId: id }) => id === incidentId)).toBe(true);
  // No attempt can have arrived: nothing is called a repeat.
  expect(back.told.every(({ mayRepeat }) => !mayRepeat)).toBe(true);
  const after = await outboxOf(pool, receiver);
  expect(after.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'trigger delivered',
    'acknowledge delivered',
    'update merged',
  ]);
});

test('A-02 a receiver that hangs is cut at the deadline, tried again, marked; the others are on time', async () => {
  const { pool } = database;
  const [slow, quick] = [await place(hang), await place()];
  const [hanging, other] = [await addReceiver(pool, slow), await addReceiver(pool, quick)];
  const clock = { ms: T0 };
  const { sender, deliver } = buildSender(pool, clock, { sendMs: 400 });
  for (let n = 0; n < 6; n++) {
    await tell(pool, hanging, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  }
  await tell(pool, other, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  const startedMs = performance.now();
  await sender.deliverDue(T0);
  await expect.poll(() => quick.told.length, { interval: 5 }).toBe(1);
  expect(performance.now() - startedMs).toBeLessThan(300);
  // Four of it under way: later rounds take no more of it, and others still go.
  await tell(pool, other, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await sender.deliverDue(T0);
  await expect.poll(() => quick.told.length, { interval: 5 }).toBe(2);
  expect(slow.told).toHaveLength(4);
  await sender.settled();
  const cut = (await outboxOf(pool, hanging)).filter(({ attempts }) => attempts > 0);
  expect(cut).toHaveLength(4);
  expect(cut[0]).toMatchObject({ state: 'waiting', may_repeat: true, reason: 'no answer came in time' });
  slow.answer = ok;
  const ids = new Set(slow.told.map(({ deliveryId }) => deliveryId));
  await pass(clock, deliver, 4 * SECOND, 2 * SECOND);
  const later = slow.told.slice(4);
  expect(later).toHaveLength(6);
  // Only what was under way when it was cut may have arrived before.
  expect(
    later
      .filter(({ mayRepeat }) => mayRepeat)
      .map(({ deliveryId }) => deliveryId)
      .sort(),
  ).toEqual([...ids].sort());
});

test('A-03 429 with Retry-After waits as told, the whole place does, and later events are merged', async () => {
  const { pool } = database;
  const busy = await place(status(429, { 'retry-after': '120' }));
  const receiver = await addReceiver(pool, busy);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  const [one, two] = [randomUUID(), randomUUID()];
  await tell(pool, receiver, { incidentId: one, sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  expect(busy.told).toHaveLength(1);
  await tell(pool, receiver, { incidentId: one, sequence: 2, kind: 'update', nowMs: T0 });
  await tell(pool, receiver, { incidentId: one, sequence: 3, kind: 'update', nowMs: T0 });
  await tell(pool, receiver, { incidentId: two, sequence: 1, kind: 'trigger', nowMs: T0 });
  busy.answer = ok;
  await pass(clock, deliver, 119 * SECOND, 17 * SECOND);
  expect(busy.told).toHaveLength(1);
  clock.ms = T0 + 121 * SECOND;
  await deliver();
  // Of two incidents either may be first: they are sent at once.
  const later = busy.told.slice(1).map(({ incidentId, kind }) => ({ incidentId, kind }));
  expect(later).toHaveLength(2);
  expect(later).toContainEqual({ incidentId: one, kind: 'trigger' });
  expect(later).toContainEqual({ incidentId: two, kind: 'trigger' });
  const states = (await outboxOf(pool, receiver)).map(({ state }) => state);
  expect(states).toEqual(['delivered', 'merged', 'merged', 'delivered']);
});

test('A-03 a page does not wait longer than an hour, whatever is asked for', async () => {
  const { pool } = database;
  const busy = await place(status(503, { 'retry-after': '86400' }));
  const receiver = await addReceiver(pool, busy);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  expect((await outboxOf(pool, receiver))[0]?.next_at_ms).toBe(T0 + HOUR);
  busy.answer = ok;
  clock.ms = T0 + HOUR;
  await deliver();
  expect(busy.told).toHaveLength(2);
});

test('A-04 200 that carries an error is a failure, and is tried again', async () => {
  const { pool } = database;
  const liar = await place(status(200, {}, '{"ok":false,"error":"internal_error"}'));
  const receiver = await addReceiver(pool, liar);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  expect((await outboxOf(pool, receiver))[0]).toMatchObject({
    state: 'waiting',
    attempts: 1,
    reason: 'it answered 200 and an error',
  });
  const { rows } = await pool.query('SELECT outcome, status, answer FROM attempts');
  expect(rows).toEqual([
    { outcome: 'retry', status: 200, answer: expect.stringContaining('internal_error') },
  ]);
});

test.each([404, 410])(
  'A-05 a receiver that answers %s three times is broken; its pages and that it is broken are told by another',
  async (code) => {
    const { pool } = database;
    const [gone, owners] = [await place(status(code)), await place()];
    const receiver = await addReceiver(pool, gone);
    await addReceiver(pool, owners, { tellsOwners: true });
    const clock = { ms: T0 };
    const { deliver } = buildSender(pool, clock);
    const incidents = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    for (const incidentId of incidents) {
      await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs: clock.ms });
      await deliver();
      await deliver();
      clock.ms += 5 * SECOND;
    }
    expect(await readReceiver(pool, receiver.publicId)).toMatchObject({ health: 'broken' });
    // Broken: nobody asks it any more.
    expect(gone.told.length).toBeLessThanOrEqual(3);
    const told = owners.told.filter(({ kind }) => kind === 'trigger');
    expect(told.map(({ incidentId }) => incidentId)).toEqual(incidents);
    expect(told[0]?.details.insteadOf).toBe(receiver.name);
    const watch = owners.told.filter(({ kind }) => kind === 'watch').map(({ details }) => details.text);
    expect(watch).toContainEqual(
      expect.stringMatching(new RegExp(`^The receiver “${receiver.name}” is broken: it answered ${code}`)),
    );
    expect(watch).toContainEqual(expect.stringContaining('A page could not be delivered'));
    // Once an hour, not once a page.
    expect(watch).toHaveLength(2);

    gone.answer = ok;
    await updateReceiver(pool, BOX_KEY, receiver.publicId, { isEnabled: true }, clock.ms);
    await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: clock.ms });
    await deliver();
    expect(await readReceiver(pool, receiver.publicId)).toMatchObject({ health: 'ok', healthReason: '' });
    await deliver();
    expect(owners.told.at(-1)).toMatchObject({ kind: 'watch', details: { isFiring: false } });
    expect(owners.told.filter(({ kind }) => kind === 'watch')).toHaveLength(3);
  },
);

test('A-05 a test goes to a broken receiver and mends it when it arrives', async () => {
  const { pool } = database;
  const gone = await place(status(410));
  const receiver = await addReceiver(pool, gone);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  await enqueueTest(pool, { receiverId: receiver.id, by: 'ada@example.com' }, T0);
  await deliver();
  expect(await readReceiver(pool, receiver.publicId)).toMatchObject({ health: 'broken' });
  gone.answer = ok;
  await enqueueTest(pool, { receiverId: receiver.id, by: 'ada@example.com' }, T0);
  await deliver();
  expect(gone.told.map(({ kind }) => kind)).toEqual(['test', 'test']);
  expect(await readReceiver(pool, receiver.publicId)).toMatchObject({ health: 'ok' });
});

test('A-05 a page for a receiver that is switched off is told by another, also where none is marked for it', async () => {
  const { pool } = database;
  const [off, other] = [await place(), await place()];
  const receiver = await addReceiver(pool, off);
  await addReceiver(pool, other);
  await updateReceiver(pool, BOX_KEY, receiver.publicId, { isEnabled: false }, T0);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  const incidentId = randomUUID();
  await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs: T0 });
  await tell(pool, receiver, {
    incidentId: randomUUID(),
    sequence: 1,
    kind: 'trigger',
    severity: 'ticket',
    nowMs: T0,
  });
  await deliver();
  await deliver();
  expect(off.told).toHaveLength(0);
  const told = other.told.map(({ kind, incidentId: id }) => [kind, id]);
  expect(told).toHaveLength(2);
  expect(told).toEqual(
    expect.arrayContaining([
      ['trigger', incidentId],
      ['watch', null],
    ]),
  );
  const { rows } = await pool.query('SELECT state, reason FROM notifications WHERE receiver_id = $1', [
    receiver.id,
  ]);
  expect(rows).toEqual(Array(2).fill({ state: 'dead', reason: 'the receiver is switched off' }));
});

test('A-05 when the other fails as well nothing goes round in circles', async () => {
  const { pool } = database;
  const places = [await place(status(400)), await place(status(400)), await place(status(400))];
  const [first] = await Promise.all(places.map((one) => addReceiver(pool, one, { tellsOwners: true })));
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  if (first === undefined) throw new Error('no receiver');
  await tell(pool, first, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  for (let n = 0; n < 10; n++) await deliver();
  const triggers = places.flatMap(({ told }) => told.filter(({ kind }) => kind === 'trigger'));
  expect(triggers).toHaveLength(3);
  expect(await deliver()).toBe(0);
});

test('A-06 TLS that cannot be verified is a failure with its reason', async () => {
  const { pool } = database;
  const pem = (name: string) => readFileSync(new URL(`../../test/fixtures/tls/${name}.pem`, import.meta.url));
  const server = createTlsServer({ key: pem('key'), cert: pem('cert') }, (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  listeners.push({ close: () => server.close() });
  const receiver = await addReceiver(pool, {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  });
  const { deliver } = buildSender(pool, { ms: T0 });
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  const [row] = await outboxOf(pool, receiver);
  expect(row).toMatchObject({ state: 'waiting', may_repeat: false });
  expect(row?.reason).toBe('the TLS connection could not be verified (DEPTH_ZERO_SELF_SIGNED_CERT)');
});

test('A-07 I-54 a redirect is not followed: it is a failure that stays', async () => {
  const { pool } = database;
  const inner = await place();
  const { port } = await place(status(307, { location: inner.url }));
  const receiver = await addReceiver(pool, { url: `http://127.0.0.1:${port}/` });
  const { deliver } = buildSender(pool, { ms: T0 });
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  expect((await outboxOf(pool, receiver))[0]).toMatchObject({
    state: 'dead',
    reason: 'it answered 307, a redirect, which is not followed',
  });
  expect(inner.told).toHaveLength(0);
});

test('A-08 an endless answer counts by its status; 2 KiB of it are kept', async () => {
  const { pool } = database;
  const endless = await place((response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write('words '.repeat(1_000)));
    };
    response.on('drain', more);
    more();
  });
  const receiver = await addReceiver(pool, endless);
  const { deliver } = buildSender(pool, { ms: T0 });
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  expect((await outboxOf(pool, receiver))[0]?.state).toBe('delivered');
  const { rows } = await pool.query<{ answer: string }>('SELECT answer FROM attempts');
  expect(rows[0]?.answer).toHaveLength(2_048);
});

test('A-11 many incidents in one minute are one message a minute to people, all of them counted in it', async () => {
  const { pool } = database;
  const [people, service] = [await place(), await place()];
  const slack = await addReceiver(pool, people, { kind: 'slackWebhook' });
  const keyed = await addReceiver(pool, service);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  const all: string[] = [];
  // In ten parts over twenty seconds, as evaluations are committed.
  for (let part = 0; part < 10; part++) {
    for (let n = 0; n < 10; n++) {
      const incidentId = randomUUID();
      all.push(incidentId);
      await tell(pool, slack, { incidentId, sequence: 1, kind: 'trigger', nowMs: clock.ms });
      if (part === 0) await tell(pool, keyed, { incidentId, sequence: 1, kind: 'trigger', nowMs: clock.ms });
    }
    await pass(clock, deliver, 2 * SECOND, SECOND);
  }
  expect(people.told.map(({ kind }) => kind)).toEqual(['digest']);
  // Services with alerts of their own hear of each.
  expect(service.told).toHaveLength(10);
  await pass(clock, deliver, MINUTE, SECOND);
  expect(people.told.map(({ kind }) => kind)).toEqual(['digest', 'digest']);
  const listed = people.told.flatMap(({ details }) =>
    (details.incidents as { incidentId: string }[]).map(({ incidentId }) => incidentId),
  );
  expect(listed.sort()).toEqual(all.sort());
});

test('A-11 the first incident goes at once, the second within its minute is told at the end of it', async () => {
  const { pool } = database;
  const people = await place();
  const slack = await addReceiver(pool, people, { kind: 'slackWebhook' });
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  await tell(pool, slack, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: clock.ms });
  await deliver();
  expect(people.told).toHaveLength(1);
  clock.ms += 5 * SECOND;
  const second = randomUUID();
  await tell(pool, slack, { incidentId: second, sequence: 1, kind: 'trigger', nowMs: clock.ms });
  await pass(clock, deliver, 54 * SECOND, SECOND);
  expect(people.told).toHaveLength(1);
  await pass(clock, deliver, 2 * SECOND, SECOND);
  expect(people.told.map(({ kind, incidentId }) => [kind, incidentId])[1]).toEqual(['trigger', second]);
});

test('A-11 what follows an incident told among others waits until they are told', async () => {
  const { pool } = database;
  const people = await place(status(503));
  const slack = await addReceiver(pool, people, { kind: 'slackWebhook' });
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  const [one, two] = [randomUUID(), randomUUID()];
  for (const incidentId of [one, two]) {
    await tell(pool, slack, { incidentId, sequence: 1, kind: 'trigger', nowMs: T0 });
  }
  await deliver();
  await tell(pool, slack, { incidentId: one, sequence: 2, kind: 'resolve', nowMs: clock.ms });
  people.answer = ok;
  await pass(clock, deliver, 3 * SECOND, SECOND);
  expect(people.told.map(({ kind }) => kind)).toEqual(['digest', 'digest', 'resolve']);
});

test('A-20 opened and resolved before anybody could be told is one message that says both', async () => {
  const { pool } = database;
  const gone = await place(status(503));
  const receiver = await addReceiver(pool, gone);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  const incidentId = randomUUID();
  await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  await tell(pool, receiver, { incidentId, sequence: 2, kind: 'update', nowMs: T0 });
  await tell(pool, receiver, { incidentId, sequence: 3, kind: 'resolve', nowMs: T0 });
  gone.answer = ok;
  await pass(clock, deliver, 10 * SECOND, SECOND);
  expect(gone.told.slice(1)).toEqual([expect.objectContaining({ kind: 'resolve', isCombined: true })]);
  const rows = await outboxOf(pool, receiver);
  expect(rows.map(({ state }) => state)).toEqual(['merged', 'merged', 'delivered']);
  expect(rows[0]?.merged_into).toBe(rows[2]?.id);
});

test('the end of an incident waits for its opening, and is dropped when that was given up unseen', async () => {
  const { pool } = database;
  const refusing = await place(status(400));
  const receiver = await addReceiver(pool, refusing);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  const incidentId = randomUUID();
  await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  refusing.answer = ok;
  await tell(pool, receiver, { incidentId, sequence: 2, kind: 'resolve', nowMs: T0 });
  await pass(clock, deliver, 5 * SECOND, SECOND);
  expect(refusing.told).toHaveLength(1);
  expect((await outboxOf(pool, receiver)).map(({ state, reason }) => [state, reason])).toEqual([
    ['dead', 'it answered 400'],
    ['dropped', 'its opening never arrived'],
  ]);
});

test('the end of an incident is told where the opening was given up but may have arrived', async () => {
  const { pool } = database;
  const place1 = await place(hang);
  const receiver = await addReceiver(pool, place1);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock, { sendMs: 150 });
  const incidentId = randomUUID();
  await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  place1.answer = status(400);
  clock.ms += 2 * SECOND;
  await deliver();
  place1.answer = ok;
  await tell(pool, receiver, { incidentId, sequence: 2, kind: 'resolve', nowMs: clock.ms });
  await deliver();
  expect(place1.told.map(({ kind }) => kind)).toEqual(['trigger', 'trigger', 'resolve']);
});

test('what is given up after six hours was tried all the while, with pauses of five minutes at most', async () => {
  const { pool } = database;
  const down = await place(status(503));
  const receiver = await addReceiver(pool, down);
  const clock = { ms: T0 };
  const { deliver } = buildSender(pool, clock);
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  for (let n = 0; n < 200; n++) {
    const [row] = await outboxOf(pool, receiver);
    if (row?.state !== 'waiting') break;
    clock.ms = row.next_at_ms;
    await deliver();
  }
  const [row] = await outboxOf(pool, receiver);
  expect(row?.state).toBe('dead');
  expect(clock.ms - T0).toBeGreaterThan(5.9 * HOUR);
  expect(clock.ms - T0).toBeLessThanOrEqual(6 * HOUR);
  expect(row?.attempts).toBeGreaterThan(6 * 12 - 3);
});

test('A-10 K-15 a sender that was frozen beyond its claim sends nothing: the message is another’s', async () => {
  const { pool } = database;
  const listener = await place();
  const receiver = await addReceiver(pool, listener);
  const clock = { ms: T0 };
  let thaw = () => {};
  const frozen = new Promise<void>((resolve) => {
    thaw = resolve;
  });
  let isFrozen = false;
  const { bareNotices } = await import('../../test/outbox.ts');
  const zombie = buildSender(pool, clock, {
    claimMs: 100,
    readNotice: async (request) => {
      isFrozen = true;
      await frozen;
      return bareNotices(request);
    },
  });
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await zombie.sender.deliverDue(T0);
  await expect.poll(() => isFrozen).toBe(true);
  const successor = buildSender(pool, clock);
  expect(await successor.deliver()).toBe(0);
  await expect.poll(() => successor.deliver(), { timeout: 2_000 }).toBe(1);
  thaw();
  await zombie.sender.settled();
  expect(listener.told).toHaveLength(1);
  // It was not begun before: it cannot have arrived twice.
  expect(listener.told[0]?.mayRepeat).toBe(false);
  expect((await outboxOf(pool, receiver))[0]).toMatchObject({ state: 'delivered', attempts: 1 });
});

test('R-12 ten senders at once send each message once', async () => {
  const { pool } = database;
  const listener = await place();
  const receivers = await Promise.all([1, 2, 3].map(() => addReceiver(pool, listener)));
  const clock = { ms: T0 };
  for (let n = 0; n < 30; n++) {
    const receiver = receivers[n % 3];
    if (receiver === undefined) throw new Error('no receiver');
    const incidentId = randomUUID();
    await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs: T0 });
    await tell(pool, receiver, { incidentId, sequence: 2, kind: 'acknowledge', nowMs: T0 });
  }
  const senders = Array.from({ length: 10 }, () => buildSender(pool, clock));
  for (let round = 0; round < 40 && listener.told.length < 60; round++) {
    await Promise.all(senders.map(({ deliver }) => deliver()));
  }
  expect(listener.told).toHaveLength(60);
  expect(new Set(listener.told.map(({ deliveryId }) => deliveryId)).size).toBe(60);
  const order = new Map<string | null, string[]>();
  for (const { incidentId, kind } of listener.told) {
    order.set(incidentId, [...(order.get(incidentId) ?? []), kind]);
  }
  expect([...order.values()]).toEqual(Array(30).fill(['trigger', 'acknowledge']));
});

test('SEC-43 the secret address is in no row but its box, nor in what was answered', async () => {
  const { pool } = database;
  const parrot = await place((response) =>
    response.writeHead(500).end(`no such hook: ${parrot.url} s3cr3t-path-0123456789`),
  );
  const receiver = await addReceiver(pool, parrot);
  const { deliver } = buildSender(pool, { ms: T0 });
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  expect(parrot.told).toHaveLength(1);
  const { rows } = await pool.query<{ text: string }>(
    `SELECT row_to_json(t)::text AS text FROM (SELECT * FROM notifications, attempts, receivers, delivery_buckets) t`,
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]?.text).toContain('no such hook');
  expect(rows[0]?.text).not.toContain('s3cr3t-path');
  expect(Buffer.from(rows[0]?.text ?? '').toString('hex')).not.toContain(
    Buffer.from('s3cr3t').toString('hex'),
  );
});

test('what was given up is sent again when a person asks for it, once for each time', async () => {
  const { pool } = database;
  const listener = await place(status(400));
  const receiver = await addReceiver(pool, listener);
  const { deliver } = buildSender(pool, { ms: T0 });
  await tell(pool, receiver, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs: T0 });
  await deliver();
  listener.answer = ok;
  const { rows } = await pool.query<{ public_id: string }>('SELECT public_id FROM notifications');
  const again = await replayNotification(pool, rows[0]?.public_id ?? '', 'ada@example.com', T0);
  expect(again).not.toBeNull();
  await deliver();
  expect(listener.told).toHaveLength(2);
  expect(listener.told[1]?.details).toMatchObject({ replayedBy: 'ada@example.com' });
  expect(await replayNotification(pool, again ?? '', 'ada@example.com', T0)).toBeNull();
});

test('A-20 a quiet end that tells an opening nobody heard of is not quiet any more', async () => {
  const { pool } = database;
  const listener = await place();
  const receiver = await addReceiver(pool, listener);
  const { deliver } = buildSender(pool, { ms: T0 });
  const incidentId = randomUUID();
  await tell(pool, receiver, {
    incidentId,
    sequence: 1,
    kind: 'trigger',
    nowMs: T0,
    details: { isQuiet: false },
  });
  await tell(pool, receiver, {
    incidentId,
    sequence: 2,
    kind: 'resolve',
    nowMs: T0,
    details: { isQuiet: true },
  });
  await deliver();
  expect(listener.told).toEqual([
    expect.objectContaining({ kind: 'resolve', isCombined: true, details: { isQuiet: false } }),
  ]);
});
