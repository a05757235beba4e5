import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../model/time.ts';
import { acknowledgeIncident, resolveIncident, snoozeIncident } from '../store/incident-actions.ts';
import { listIncidents } from '../store/incidents.ts';
import { withTransaction } from '../store/pool.ts';
import { insertPolicy } from '../store/routes.ts';
import { alertChange, START_MS } from '../test/alert-changes.ts';
import { addApp, addRoute, clearIncidents } from '../test/incidents.ts';
import { addReceiver, buildSender, listen } from '../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { escalateDue } from './escalate.ts';
import { applyAlertChanges } from './incident.ts';
import { forgetIncidents, remindDue } from './reminders.ts';

const at = (minute: number) => START_MS + minute * MINUTE;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 12 });
});
afterAll(() => database.close());
beforeEach(() => clearIncidents(database.pool));

/** A generator of numbers in [0, 1) that gives the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Row {
  incident_id: string;
  receiver_id: number;
  sequence: number;
  kind: string;
}

test('P-18 evaluators, people, reminders, escalations and delivery at once: no deadlock, one open incident a subject, no end before its beginning', async () => {
  const { pool } = database;
  const place = await listen();
  const receivers = [
    await addReceiver(pool, place),
    await addReceiver(pool, place),
    await addReceiver(pool, place),
  ];
  const [one, two, three] = receivers.map(({ id }) => id);
  const policy = await insertPolicy(
    pool,
    {
      name: 'On call',
      definition: {
        levels: [
          { delayMinutes: 0, targets: [{ kind: 'receiver', id: two ?? 0 }] },
          { delayMinutes: 5, targets: [{ kind: 'receiver', id: three ?? 0 }] },
        ],
        rounds: 3,
      },
    },
    0,
  );
  await addRoute(pool, { receiverIds: [one ?? 0], policyIds: [policy?.id ?? 0] });
  const appId = await addApp(pool, 'shop');
  const seed = Date.now() % 1_000_000;
  const random = randomFrom(seed);
  const pick = <Value>(values: readonly [Value, ...Value[]]): Value =>
    values[Math.floor(random() * values.length)] ?? values[0];

  const evaluator = async (minute: number) => {
    const changes = Array.from({ length: 20 }, () =>
      alertChange(minute, pick(['page', 'ticket', null, null]), {
        appId,
        subject: { kind: 'rule', ruleId: 1 + Math.floor(random() * 15), key: pick(['', 'web.1']) },
        held: random() < 0.1 ? { reason: 'gap', sinceMs: at(minute) } : null,
      }),
    );
    await withTransaction(pool, (client) => applyAlertChanges(client, changes, at(minute)));
  };
  const person = async (minute: number) => {
    const open = await listIncidents(pool, { appIds: null, states: ['open'], severities: [] }, { limit: 5 });
    const by = { by: 'Ann', nowMs: at(minute) };
    for (const { id } of open) {
      await withTransaction(pool, async (client) => {
        const chance = random();
        if (chance < 0.4) await acknowledgeIncident(client, id, 'on it', by);
        else if (chance < 0.6) await snoozeIncident(client, id, { untilMs: at(minute + 7) }, by);
        else if (chance < 0.7) await resolveIncident(client, id, 'known', by);
      });
    }
  };
  for (let minute = 0; minute < 36; minute += 3) {
    const clock = { ms: at(minute) };
    const { deliver } = buildSender(pool, clock);
    await Promise.all([
      evaluator(minute),
      evaluator(minute),
      person(minute),
      remindDue(pool, at(minute)),
      remindDue(pool, at(minute)),
      escalateDue(pool, at(minute)),
      escalateDue(pool, at(minute) + SECOND),
      deliver(),
    ]).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
  place.close();

  const { rows: doubles } = await pool.query(
    `SELECT subject FROM incidents WHERE state <> 'resolved' GROUP BY subject HAVING count(*) > 1`,
  );
  expect(doubles, `seed ${seed}`).toEqual([]);
  const { rows } = await pool.query<Row>(
    'SELECT incident_id, receiver_id, sequence, kind FROM notifications WHERE incident_id IS NOT NULL ORDER BY sequence, id',
  );
  expect(rows.length).toBeGreaterThan(50);
  expect(new Set(rows.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(4);
  for (const queue of Map.groupBy(rows, (row) => `${row.incident_id}/${row.receiver_id}`).values()) {
    let isKnown = false;
    for (const { kind } of queue) {
      if (kind === 'trigger') isKnown = true;
      else expect(isKnown, `seed ${seed}: ${queue.map((row) => row.kind).join(' ')}`).toBe(true);
      if (kind === 'resolve') isKnown = false;
    }
    // A number of a sequence belongs to one message of a receiver.
    expect(new Set(queue.map(({ sequence }) => sequence)).size).toBe(queue.length);
  }
});

test('two workers that look at what is due at once remind once', async () => {
  const { pool } = database;
  const receiver = await addReceiver(pool, { url: 'https://receiver.example.com' });
  await addRoute(pool, { receiverIds: [receiver.id] });
  const appId = await addApp(pool, 'shop');
  const changes = Array.from({ length: 30 }, (_, index) =>
    alertChange(0, 'page', { appId, subject: { kind: 'slo', sloId: index } }),
  );
  await withTransaction(pool, (client) => applyAlertChanges(client, changes, at(0)));
  const nowMs = START_MS + 4 * HOUR;
  const seen = await Promise.all([1, 2, 3, 4].map(() => remindDue(pool, nowMs)));
  expect(seen.reduce((sum, round) => sum + round.seen, 0)).toBe(30);
  const { rows } = await pool.query(`SELECT count(*) AS count FROM notifications WHERE kind = 'reminder'`);
  expect(rows).toEqual([{ count: 30 }]);
});

test('what is over for more than a year is forgotten, what is open never', async () => {
  const { pool } = database;
  const appId = await addApp(pool, 'shop');
  const subject = { kind: 'slo', sloId: 2 } as const;
  const changes = [
    alertChange(0, 'page', { appId }),
    alertChange(0, 'page', { appId, subject }),
    alertChange(5, null, { appId, subject }),
  ];
  for (const change of changes) {
    await withTransaction(pool, (client) => applyAlertChanges(client, [change], change.atMs));
  }
  const yearMs = 366 * 24 * HOUR;
  expect(await forgetIncidents(pool, at(4) + yearMs)).toBe(0);
  expect(await forgetIncidents(pool, at(6) + yearMs)).toBe(1);
  const { rows } = await pool.query('SELECT state FROM incidents');
  expect(rows).toEqual([{ state: 'open' }]);
});
