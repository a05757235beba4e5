import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EscalationDefinition, EscalationLevel } from '../model/escalation.ts';
import { FITS_ALL } from '../model/silence.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import { acknowledgeIncident, snoozeIncident } from '../store/incident-actions.ts';
import { withTransaction } from '../store/pool.ts';
import { insertPolicy, removePolicy, updatePolicy } from '../store/routes.ts';
import {
  insertOverride,
  insertSchedule,
  listPersonReceivers,
  readSchedule,
  setPersonReceivers,
} from '../store/schedules.ts';
import { insertSilence } from '../store/silences.ts';
import { alertChange, START_MS } from '../test/alert-changes.ts';
import { addApp, addPerson, addRoute, clearIncidents, seeIncidents, seeTimeline } from '../test/incidents.ts';
import { addReceiver } from '../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { escalateDue } from './escalate.ts';
import { applyAlertChanges } from './incident.ts';

const at = (minute: number) => START_MS + minute * MINUTE;

let database: TestDatabase;
let appId = 0;
beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
});
afterAll(() => database.close());
beforeEach(async () => {
  await clearIncidents(database.pool);
  appId = await addApp(database.pool, 'shop');
});

const receiver = async () => (await addReceiver(database.pool, { url: 'https://receiver.example.com' })).id;
const level = (delayMinutes: number, ...receiverIds: number[]): EscalationLevel => ({
  delayMinutes,
  targets: receiverIds.map((id) => ({ kind: 'receiver', id })),
});

async function policy(
  definition: EscalationDefinition,
  name = 'On call',
): Promise<{ id: number; publicId: string }> {
  const row = await insertPolicy(database.pool, { name, definition }, 0);
  if (row === null) throw new Error('the name is taken');
  return row;
}

async function apply(minute: number, severity: 'page' | 'ticket' | null): Promise<void> {
  const change = { ...alertChange(minute, severity), appId };
  await withTransaction(database.pool, (client) => applyAlertChanges(client, [change], at(minute)));
}

/** Looks each minute, as the workers do. */
async function pass(fromMinute: number, toMinute: number): Promise<void> {
  for (let minute = fromMinute; minute <= toMinute; minute++) await escalateDue(database.pool, at(minute));
}

/** [minute, receiver, kind] of everything enqueued. */
async function told(): Promise<[number, number, string][]> {
  const { rows } = await database.pool.query<{ at_ms: number; receiver_id: number; kind: string }>(
    'SELECT created_at_ms AS at_ms, receiver_id, kind FROM notifications ORDER BY id',
  );
  return rows.map(({ at_ms, receiver_id, kind }) => [(at_ms - START_MS) / MINUTE, receiver_id, kind]);
}

test('levels are told one after the other until somebody acknowledges; a new receiver hears of it as of something new', async () => {
  const [chat, first, second] = [await receiver(), await receiver(), await receiver()];
  const { id } = await policy({ levels: [level(0, first), level(15, first, second)], rounds: 3 });
  await addRoute(database.pool, { receiverIds: [chat], policyIds: [id] });
  await apply(0, 'page');
  await pass(0, 20);
  expect(await told()).toEqual([
    [0, chat, 'trigger'],
    [0, first, 'trigger'],
    [15, first, 'reminder'],
    [15, second, 'trigger'],
    [16, first, 'reminder'],
  ]);
  const [incident] = await seeIncidents(database.pool);
  const by = { by: 'Ann', nowMs: at(20) };
  await withTransaction(database.pool, (client) =>
    acknowledgeIncident(client, incident?.id ?? '', 'on it', by),
  );
  await pass(21, 200);
  const later = (await told()).slice(5);
  // Everybody who was told hears that somebody takes care.
  expect(later).toEqual([
    [20, chat, 'acknowledge'],
    [20, first, 'acknowledge'],
    [20, second, 'acknowledge'],
  ]);
});

test('rounds end; an end ends everything', async () => {
  const [one] = [await receiver()];
  const { id } = await policy({ levels: [level(0, one), level(5, one)], rounds: 2 });
  await addRoute(database.pool, { policyIds: [id] });
  await apply(0, 'page');
  await pass(0, 100);
  expect((await told()).map(([minute, , kind]) => [minute, kind])).toEqual([
    [0, 'trigger'],
    [5, 'reminder'],
    [6, 'reminder'],
    [11, 'reminder'],
  ]);
  await apply(101, null);
  expect((await told()).at(-1)).toEqual([101, one, 'resolve']);
  await apply(200, 'page');
  await apply(202, null);
  await pass(202, 300);
  expect((await told()).slice(5).map(([minute, , kind]) => [minute, kind])).toEqual([]);
});

test('two workers that look at once tell a level once', async () => {
  const one = await receiver();
  const { id } = await policy({ levels: [level(0, one), level(5, one)], rounds: 1 });
  await addRoute(database.pool, { policyIds: [id] });
  await apply(0, 'page');
  for (const minute of [0, 5, 6]) {
    await Promise.all([1, 2, 3].map(() => escalateDue(database.pool, at(minute))));
  }
  expect((await told()).map(([minute]) => minute)).toEqual([0, 5]);
});

test('snoozed, silenced or recovered for the moment, it waits, and goes on after', async () => {
  const { pool } = database;
  const one = await receiver();
  const { id } = await policy({ levels: [level(0, one), level(5, one)], rounds: 1 });
  await addRoute(pool, { policyIds: [id] });
  await apply(0, 'page');
  await pass(0, 1);
  const [incident] = await seeIncidents(pool);
  const by = { by: 'Ann', nowMs: at(2) };
  await withTransaction(pool, (client) =>
    snoozeIncident(client, incident?.id ?? '', { untilMs: at(20) }, by),
  );
  await pass(2, 19);
  expect(await told()).toHaveLength(1);
  await insertSilence(
    pool,
    {
      kind: 'maintenance',
      title: '',
      reason: 'moving',
      author: 'Ann',
      match: FITS_ALL,
      startsAtMs: at(19),
      endsAtMs: at(40),
      recurrence: null,
      correctsBudgets: false,
    },
    at(19),
  );
  await pass(20, 39);
  expect(await told()).toHaveLength(1);
  await pass(40, 60);
  expect((await told()).slice(1).map(([, , kind]) => kind)).toEqual(['reminder']);
});

test('a schedule tells who is on call, by their own receivers, exceptions first', async () => {
  const { pool } = database;
  const [ann, bob] = [await addPerson(pool, 'Ann'), await addPerson(pool, 'Bob')];
  const [annsPhone, bobsPhone] = [await receiver(), await receiver()];
  await withTransaction(pool, async (client) => {
    await setPersonReceivers(client, ann, [annsPhone]);
    await setPersonReceivers(client, bob, [bobsPhone]);
  });
  const publicId = await insertSchedule(
    pool,
    {
      name: 'Primary',
      definition: {
        zone: 'Europe/Berlin',
        rotations: [
          {
            id: 'r1',
            title: 'Primary',
            people: [ann],
            turn: { unit: 'week', count: 1 },
            startsOn: '2026-11-02',
            handoverAt: '09:00',
            hours: [],
          },
        ],
      },
    },
    0,
  );
  await insertOverride(
    pool,
    publicId ?? '',
    { personId: bob, startsAtMs: at(10), endsAtMs: at(20), reason: 'dentist', author: 'Ann' },
    0,
  );
  const schedule = await readSchedule(pool, publicId ?? '', at(0));
  expect(schedule?.overrides).toMatchObject([{ personId: bob, reason: 'dentist', startsAtMs: at(10) }]);
  const target = { kind: 'schedule', id: schedule?.id ?? 0 } as const;
  const { id } = await policy({
    levels: [
      { delayMinutes: 0, targets: [target] },
      { delayMinutes: 15, targets: [target] },
    ],
    rounds: 1,
  });
  await addRoute(pool, { policyIds: [id] });
  await apply(0, 'page');
  await pass(0, 30);
  expect(await told()).toEqual([
    [0, annsPhone, 'trigger'],
    [15, bobsPhone, 'trigger'],
  ]);
  const { rows } = await pool.query(
    `SELECT detail -> 'people' AS people FROM incident_events WHERE kind = 'escalated'`,
  );
  expect(rows).toEqual([{ people: ['Ann'] }, { people: ['Bob'] }]);
  expect(await listPersonReceivers(pool, [ann, bob])).toEqual(
    new Map([
      [ann, [annsPhone]],
      [bob, [bobsPhone]],
    ]),
  );
});

test('a level that reaches nobody is written down and does not hold up the next', async () => {
  const { pool } = database;
  const last = await receiver();
  const publicId = await insertSchedule(
    pool,
    { name: 'Empty', definition: { zone: 'UTC', rotations: [] } },
    0,
  );
  const schedule = await readSchedule(pool, publicId ?? '', 0);
  const { id } = await policy({
    levels: [{ delayMinutes: 0, targets: [{ kind: 'schedule', id: schedule?.id ?? 0 }] }, level(30, last)],
    rounds: 1,
  });
  await addRoute(pool, { policyIds: [id] });
  await apply(0, 'page');
  await pass(0, 1);
  expect(await told()).toEqual([[1, last, 'trigger']]);
  expect(await seeTimeline(pool)).toEqual(['opened', 'notTold', 'escalated']);
});

test('a policy that is changed or removed meanwhile counts as it is', async () => {
  const { pool } = database;
  const [one, two] = [await receiver(), await receiver()];
  const { id, publicId } = await policy({ levels: [level(0, one), level(5, one)], rounds: 1 });
  await addRoute(pool, { policyIds: [id] });
  await apply(0, 'page');
  await pass(0, 1);
  await updatePolicy(
    pool,
    publicId,
    { name: 'On call', definition: { levels: [level(0, two), level(5, two)], rounds: 2 } },
    at(2),
  );
  await pass(2, 5);
  expect((await told()).slice(1)).toEqual([[5, two, 'trigger']]);
  await removePolicy(pool, publicId, at(6));
  await pass(6, 60);
  expect(await told()).toHaveLength(2);
  const { rowCount } = await pool.query('SELECT FROM escalations');
  expect(rowCount).toBe(0);
});

test('what becomes a page after somebody took care of the ticket is escalated anew', async () => {
  const { pool } = database;
  const one = await receiver();
  const { id } = await policy({ levels: [level(0, one), level(5, one)], rounds: 1 });
  await addRoute(pool, { policyIds: [id] });
  await apply(0, 'ticket');
  await escalateDue(pool, at(0) + 29 * SECOND);
  expect(await told()).toEqual([]);
  await pass(1, 1);
  const [incident] = await seeIncidents(pool);
  const by = { by: 'Ann', nowMs: at(2) };
  await withTransaction(pool, (client) => acknowledgeIncident(client, incident?.id ?? '', 'on it', by));
  await pass(2, 30);
  await apply(31, 'page');
  await pass(31, 60);
  expect((await told()).map(([minute, , kind]) => [minute, kind])).toEqual([
    [1, 'trigger'],
    [2, 'acknowledge'],
    [31, 'trigger'],
    [36, 'reminder'],
  ]);
});
