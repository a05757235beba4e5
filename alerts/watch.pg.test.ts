import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { HOUR, SECOND } from '../model/time.ts';
import { readDatabaseNow } from '../store/completeness.ts';
import { withTransaction } from '../store/pool.ts';
import { listWatchAlerts, readLastRound, writeSign } from '../store/watch.ts';
import { alertChange } from '../test/alert-changes.ts';
import { startDrain, TEST_KEY, until } from '../test/drain.ts';
import { addApp } from '../test/incidents.ts';
import { addReceiver, buildSender, type Listener, listen, ok, status, tell } from '../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { foldMinutes } from './fold.ts';
import { beat } from './heartbeat.ts';
import { applyAlertChanges } from './incident.ts';
import { buildOutbound } from './outbound.ts';
import { parseRanges } from './outbound-address.ts';
import { Probe } from './probe.ts';
import { watch } from './watch.ts';
import { Watchman } from './watchman.ts';

let database: TestDatabase;
const listeners: Listener[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) listener.close();
  await database.pool.query('TRUNCATE receivers, notifications, attempts, watch_signs, watch_alerts CASCADE');
});
afterAll(() => database.close());

async function place(answer = ok): Promise<Listener> {
  const listener = await listen(answer);
  listeners.push(listener);
  return listener;
}

function outbound() {
  const allowed = parseRanges('127.0.0.0/8');
  if (!allowed.ok) throw new Error(allowed.error);
  return buildOutbound({
    rules: { allowed: allowed.value, ports: 'any', ownHosts: [] },
    userAgent: 'Drainboard/test',
  });
}

/** Signs of evaluation and delivery, so many ms old. */
async function signs(agesMs: { evaluation?: number; delivery?: number }): Promise<void> {
  const nowMs = await readDatabaseNow(database.pool);
  await database.pool.query('TRUNCATE watch_signs');
  for (const name of ['evaluation', 'delivery'] as const) {
    await writeSign(database.pool, name, nowMs - (agesMs[name] ?? 0));
  }
}

function watchman(upMs = HOUR, probe?: Probe): Watchman {
  const { pool } = database;
  const { sender } = buildSender(pool, { ms: Date.now() });
  return new Watchman({ pool, log: silentLog, sender, probe, upMs: () => upMs });
}

/** Rounds until what is under way has arrived. */
async function rounds(man: Watchman, count = 1): Promise<void> {
  for (let n = 0; n < count; n++) await man.round();
  await man.stop();
}

test('A-13 R-13 all workers dead: a process that is none of them tells the owners by itself, once, and when it is over', async () => {
  const { pool } = database;
  const [owners, others] = [await place(), await place()];
  await addReceiver(pool, owners, { tellsOwners: true });
  const team = await addReceiver(pool, others);
  await signs({ evaluation: 130 * SECOND, delivery: 130 * SECOND });
  const nowMs = await readDatabaseNow(pool);
  await tell(pool, team, { incidentId: randomUUID(), sequence: 1, kind: 'trigger', nowMs });
  // Two web processes look at the same time, several times.
  await Promise.all([rounds(watchman(), 3), rounds(watchman(), 3)]);
  expect(owners.told).toHaveLength(1);
  expect(owners.told[0]).toMatchObject({
    kind: 'watch',
    details: {
      name: 'workers',
      isFiring: true,
      text: expect.stringContaining('No worker has given a sign for 2 min'),
    },
  });
  // While nobody else sends, what is due is sent all the same.
  expect(others.told.map(({ kind }) => kind)).toEqual(['trigger']);

  await signs({});
  await Promise.all([rounds(watchman()), rounds(watchman())]);
  await rounds(watchman());
  expect(owners.told.map(({ details }) => details.isFiring)).toEqual([true, false]);
  // It may happen again, and is told again.
  await signs({ evaluation: HOUR, delivery: HOUR });
  await rounds(watchman());
  expect(owners.told.map(({ details }) => details.isFiring)).toEqual([true, false, true]);
});

test('A-13 with workers alive the watchman sends nothing but its own', async () => {
  const { pool } = database;
  const owners = await place();
  const receiver = await addReceiver(pool, owners);
  await signs({ evaluation: 130 * SECOND });
  await tell(pool, receiver, {
    incidentId: randomUUID(),
    sequence: 1,
    kind: 'trigger',
    nowMs: await readDatabaseNow(pool),
  });
  await rounds(watchman());
  expect(owners.told.map(({ kind, details }) => [kind, details.name])).toEqual([['watch', 'evaluation']]);
});

test('R-13 a process that has only begun says neither that something stands still nor that it is over', async () => {
  const { pool } = database;
  const owners = await place();
  await addReceiver(pool, owners);
  await signs({ evaluation: HOUR, delivery: HOUR });
  await rounds(watchman(50 * SECOND));
  expect(owners.told).toHaveLength(0);
  await rounds(watchman(HOUR));
  expect(owners.told).toHaveLength(1);
  await rounds(watchman(50 * SECOND));
  expect(owners.told).toHaveLength(1);
});

test('R-13 a message nobody tries is told by another sender', async () => {
  const { pool } = database;
  const owners = await place();
  const receiver = await addReceiver(pool, owners);
  await signs({});
  const nowMs = await readDatabaseNow(pool);
  await tell(pool, receiver, {
    incidentId: randomUUID(),
    sequence: 1,
    kind: 'trigger',
    nowMs: nowMs - 100 * SECOND,
  });
  const { findings } = await watch({ pool, log: silentLog }, { upMs: HOUR });
  expect(findings.map(({ name }) => name)).toEqual(['outbox']);
});

test('A-22 a line of our own is seen where objectives are evaluated; when it is not, that is told', async () => {
  const { pool } = database;
  const drain = await startDrain(database);
  const owners = await place();
  await addReceiver(pool, owners);
  const probe = new Probe({
    pool,
    key: TEST_KEY,
    outbound: outbound(),
    drainUrl: `http://127.0.0.1:${drain.port}`,
  });
  try {
    const nowMs = await readDatabaseNow(pool);
    // Until the drain knows the new app.
    await until(async () => {
      await pool.query("DELETE FROM watch_signs WHERE name = 'probe'");
      return probe.send(nowMs);
    }, 20_000);
    await until(async () => {
      await foldMinutes(pool);
      return (await probe.seen(nowMs))?.seenMinute === Math.floor(nowMs / 60_000);
    }, 20_000);
    await signs({});
    await rounds(watchman(HOUR, probe));
    expect(owners.told).toHaveLength(0);
    // Another sent it a moment ago: this one leaves it.
    await probe.send(nowMs);
    const { rows } = await pool.query<{ messages: number }>(
      `SELECT coalesce(sum(events), 0) AS messages FROM minute_deltas WHERE slo_version_id = 0`,
    );
    expect(rows[0]?.messages).toBe(0);
    // Everything stands still for three minutes.
    await pool.query('UPDATE app_hours SET messages = array_fill(0, ARRAY[60])');
    await signs({});
    await rounds(watchman(HOUR, probe));
    expect(owners.told.map(({ details }) => details.name)).toEqual(['probe']);
  } finally {
    await drain.stop();
  }
});

test('the outside watchdog is told after a whole round, once a minute, over all processes', async () => {
  const { pool } = database;
  const dog = await place((response) => response.writeHead(200).end());
  const deps = { pool, log: silentLog, outbound: bareGet(dog), url: dog.url };
  const nowMs = await readDatabaseNow(pool);
  const both = await Promise.all([beat(deps, { nowMs, failed: [] }), beat(deps, { nowMs, failed: [] })]);
  expect(both.sort()).toEqual(['notDue', 'sent']);
  expect(await beat(deps, { nowMs: nowMs + 50 * SECOND, failed: [] })).toBe('notDue');
  expect(await beat(deps, { nowMs: nowMs + 55 * SECOND, failed: [] })).toBe('sent');
  expect(dog.told).toHaveLength(2);
  expect((await readLastRound(pool)).lastRoundMs).toBe(nowMs + 55 * SECOND);
  expect(await beat({ ...deps, url: undefined }, { nowMs, failed: [] })).toBe('notDue');
});

test('R-13 a round that is not whole gives no sign and no heartbeat', async () => {
  const { pool } = database;
  const dog = await place();
  const deps = { pool, log: silentLog, outbound: bareGet(dog), url: dog.url };
  const nowMs = await readDatabaseNow(pool);
  expect(await beat(deps, { nowMs, failed: ['rules'] })).toBe('withheld');
  expect(dog.told).toHaveLength(0);
  expect((await readLastRound(pool)).lastRoundMs).toBeNull();
});

test('a page of which nobody is told is in the banner and told to the owners, until somebody is told of it', async () => {
  const { pool } = database;
  const owners = await place();
  await addReceiver(pool, owners, { tellsOwners: true });
  await signs({});
  const appId = await addApp(pool, 'untold');
  const nowMs = await readDatabaseNow(pool);
  const change = { ...alertChange(0, 'page'), appId, atMs: nowMs - 200 * SECOND };
  await withTransaction(pool, (client) => applyAlertChanges(client, [change], nowMs));
  const look = async () => {
    await watch({ pool, log: silentLog }, { upMs: HOUR });
    return (await listWatchAlerts(pool)).map(({ text }) => text);
  };
  const text = 'A page is open of which nobody is told: no route leads to a receiver, or nobody is on call.';
  expect(await look()).toEqual([text]);
  expect(await look()).toEqual([text]);
  const { rows } = await pool.query("SELECT count(*) AS told FROM notifications WHERE kind = 'watch'");
  expect(rows).toEqual([{ told: 1 }]);
  // Told by an escalation of which nobody is on call: nobody again.
  await pool.query("UPDATE incidents SET withheld = NULL, told_severity = 'page'");
  expect(await look()).toEqual([text]);
  await pool.query('UPDATE incidents SET receiver_ids = ARRAY(SELECT id FROM receivers)');
  expect(await look()).toEqual([]);
  await pool.query('DELETE FROM apps WHERE id = $1', [appId]);
});

test('R-13 a stuck outbox stops the heartbeat, though evaluation goes on', async () => {
  const { pool } = database;
  const dog = await place();
  const receiver = await addReceiver(pool, dog);
  const deps = { pool, log: silentLog, outbound: bareGet(dog), url: dog.url };
  const nowMs = await readDatabaseNow(pool);
  await tell(pool, receiver, {
    incidentId: randomUUID(),
    sequence: 1,
    kind: 'trigger',
    nowMs: nowMs - 61 * SECOND,
  });
  expect(await beat(deps, { nowMs, failed: [] })).toBe('withheld');
  expect((await readLastRound(pool)).lastRoundMs).toBe(nowMs);
  expect(dog.told).toHaveLength(0);
});

test('A-01 what waits behind a message that is tried again later is not stuck: the heartbeat goes on', async () => {
  const { pool } = database;
  const dog = await place();
  const receiver = await addReceiver(pool, dog);
  const nowMs = await readDatabaseNow(pool);
  const incidentId = randomUUID();
  await tell(pool, receiver, { incidentId, sequence: 1, kind: 'trigger', nowMs: nowMs - 300 * SECOND });
  await pool.query('UPDATE notifications SET attempts = 9, next_at_ms = $1', [nowMs + 60 * SECOND]);
  await tell(pool, receiver, { incidentId, sequence: 2, kind: 'update', nowMs: nowMs - 200 * SECOND });
  await signs({});
  expect((await watch({ pool, log: silentLog }, { upMs: HOUR })).findings).toEqual([]);
  const deps = { pool, log: silentLog, outbound: bareGet(dog), url: dog.url };
  expect(await beat(deps, { nowMs, failed: [] })).toBe('sent');
});

test('R-13 a trouble that matters stops the heartbeat until it is over', async () => {
  const { pool } = database;
  const dog = await place();
  const deps = { pool, log: silentLog, outbound: bareGet(dog), url: dog.url };
  await signs({ delivery: HOUR });
  await watch({ pool, log: silentLog }, { upMs: HOUR });
  const nowMs = await readDatabaseNow(pool);
  expect(await beat(deps, { nowMs, failed: [] })).toBe('withheld');
  await signs({});
  await watch({ pool, log: silentLog }, { upMs: HOUR });
  expect(await beat(deps, { nowMs, failed: [] })).toBe('sent');
});

test('a heartbeat is tried three times and then left: a late one is a lie', async () => {
  const { pool } = database;
  const dog = await place(status(500));
  const deps = { pool, log: silentLog, outbound: bareGet(dog), url: dog.url, pauseMs: 5 };
  const nowMs = await readDatabaseNow(pool);
  expect(await beat(deps, { nowMs, failed: [] })).toBe('failed');
  expect(dog.told).toHaveLength(3);
  expect(await beat(deps, { nowMs: nowMs + SECOND, failed: [] })).toBe('notDue');
  const { rows } = await pool.query("SELECT details FROM watch_signs WHERE name = 'heartbeat'");
  expect(rows).toEqual([{ details: { reason: 'it answered 500' } }]);
});

/** The real client; the listener of these tests wants a body to note. */
function bareGet(dog: Listener) {
  const client = outbound();
  return {
    request: (request: Parameters<typeof client.request>[0]) => {
      expect(request).toMatchObject({ method: 'GET', url: dog.url, timeoutMs: 5_000 });
      return client.request({ ...request, body: '{}' });
    },
  };
}
