import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AlertChange } from '../model/alert-change.ts';
import { FITS_ALL } from '../model/silence.ts';
import { HOUR, MINUTE, SECOND } from '../model/time.ts';
import { eraseRemovedApps } from '../store/erasure.ts';
import { acknowledgeIncident } from '../store/incident-actions.ts';
import { listIncidentEvents } from '../store/incident-events.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { withTransaction } from '../store/pool.ts';
import { endSilence, insertSilence } from '../store/silences.ts';
import { alertChange, START_MS } from '../test/alert-changes.ts';
import { addApp, addRoute, clearIncidents, seeIncidents, seeOutbox, seeTimeline } from '../test/incidents.ts';
import { addReceiver, buildSender, type Listener, listen } from '../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { applyAlertChanges } from './incident.ts';
import { remindDue } from './reminders.ts';

const at = (minute: number) => START_MS + minute * MINUTE;

let database: TestDatabase;
let appId = 0;
let place: Listener;
let receiverId = 0;
beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
});
afterAll(() => database.close());
beforeEach(async () => {
  const { pool } = database;
  await clearIncidents(pool);
  appId = await addApp(pool, 'shop');
  place = await listen();
  receiverId = (await addReceiver(pool, place)).id;
  await addRoute(pool, { receiverIds: [receiverId] });
});
afterEach(() => place.close());

/** One evaluator's transaction. */
async function apply(changes: AlertChange[], nowMs?: number): Promise<void> {
  const own = changes.map((change) => ({ ...change, appId }));
  await withTransaction(database.pool, (client) =>
    applyAlertChanges(client, own, nowMs ?? own.at(-1)?.atMs ?? 0),
  );
}

/** What workers do as time passes, at the given pace, with delivery. */
async function pass(fromMs: number, toMs: number, stepMs: number): Promise<void> {
  const clock = { ms: fromMs };
  const { deliver } = buildSender(database.pool, clock);
  for (; clock.ms <= toMs; clock.ms += stepMs) {
    await remindDue(database.pool, clock.ms);
    await deliver();
  }
}
const rule = (ruleId: number, key = '') => ({ kind: 'rule', ruleId, key }) as const;

test('an alert that fires is an incident with its timeline, the release before it, and one message a receiver', async () => {
  const { pool } = database;
  await ensurePartitions(pool, { nowMs: START_MS, ahead: 1 });
  await pool.query(
    `INSERT INTO events (at_ms, app_id, kind, version, until_ms, detail, dedupe_key)
     VALUES ($1, $2, 'release', 213, $1, '{}', 'r213'), ($3, $2, 'release', 214, $3, '{"by": "ann"}', 'r214')`,
    [at(-60), appId, at(-4)],
  );
  await apply([alertChange(0, 'page')]);
  const [incident] = await seeIncidents(pool);
  expect(incident).toMatchObject({
    subject: 'slo:1',
    state: 'open',
    severity: 'page',
    told_severity: 'page',
  });
  const events = await listIncidentEvents(pool, incident?.id ?? '');
  expect(events.map(({ kind, atMs, detail }) => [kind, atMs, detail.version])).toEqual([
    ['release', at(-4), 214],
    ['opened', at(0), undefined],
  ]);
  const { rows } = await pool.query(
    'SELECT incident_id, receiver_id, kind, severity, sequence, dedupe_key FROM notifications',
  );
  expect(rows).toEqual([
    {
      incident_id: incident?.id,
      receiver_id: receiverId,
      kind: 'trigger',
      severity: 'page',
      sequence: 1,
      dedupe_key: `${incident?.id}/1/${receiverId}`,
    },
  ]);
});

test('a transaction that fails leaves neither state nor message (K-09)', async () => {
  await expect(
    withTransaction(database.pool, async (client) => {
      await applyAlertChanges(client, [{ ...alertChange(0, 'page'), appId }], at(0));
      throw new Error('the evaluator dies here');
    }),
  ).rejects.toThrow('dies here');
  expect(await seeIncidents(database.pool)).toEqual([]);
  expect(await seeOutbox(database.pool)).toEqual([]);
});

test('A-09 two evaluators that find the same at once open one incident, with one page', async () => {
  const { pool } = database;
  for (let round = 0; round < 10; round++) {
    const subject = { kind: 'slo', sloId: 100 + round } as const;
    const change = { ...alertChange(0, 'page', { subject }), appId };
    let inside = 0;
    const evaluator = () =>
      withTransaction(pool, async (client) => {
        await applyAlertChanges(client, [change], at(0));
        inside++;
        // The slower one meets the row of the quicker one before that is committed.
        await sleep(5);
      });
    await Promise.all([evaluator(), evaluator()]);
    expect(inside).toBe(2);
  }
  expect(await seeIncidents(pool)).toHaveLength(10);
  expect(await seeOutbox(pool)).toHaveLength(10);
  expect(await seeTimeline(pool)).toEqual(Array(10).fill('opened'));
});

test('P-18 workers that change the same incidents at once, in whatever order, wait for one another and lose nothing', async () => {
  const { pool } = database;
  const subjects = Array.from({ length: 12 }, (_, index) => rule(index + 1));
  const worker = async (number: number) => {
    for (let minute = 0; minute < 10; minute++) {
      const turned = number % 2 === 0 ? subjects : subjects.toReversed();
      const changes = turned.map((subject) => ({
        ...alertChange(minute, (minute + number) % 3 === 0 ? 'page' : 'ticket', { subject }),
        appId,
      }));
      await withTransaction(pool, (client) => applyAlertChanges(client, changes, at(minute)));
    }
  };
  await Promise.all([1, 2, 3, 4].map(worker));
  const incidents = await seeIncidents(pool);
  expect(incidents).toHaveLength(subjects.length);
  expect(incidents.every(({ state }) => state === 'open')).toBe(true);
  const { rows } = await pool.query<{ messages: number; greatest: number }>(
    `SELECT count(*) AS messages, max(sequence) AS greatest FROM notifications GROUP BY incident_id`,
  );
  // Every number of a sequence was given once.
  expect(rows).toHaveLength(subjects.length);
  expect(rows.every(({ messages, greatest }) => messages === greatest)).toBe(true);
});

test('A-11 500 rules that fire in one minute are one message a minute, with all of them in it', async () => {
  const { pool } = database;
  const people = await listen();
  const chat = await addReceiver(pool, people, { kind: 'slackWebhook' });
  await pool.query('UPDATE notification_routes SET receiver_ids = $1', [[chat.id]]);
  const changes = Array.from({ length: 500 }, (_, index) =>
    alertChange(0, 'page', { subject: rule(index + 1) }),
  );
  const startedMs = performance.now();
  // Not in one batch only: an evaluator of each kind hands over its own.
  await apply(changes.slice(0, 300), at(0));
  await apply(changes.slice(300), at(0) + 3 * SECOND);
  const tookMs = performance.now() - startedMs;
  await pass(at(0), at(3), 10 * SECOND);
  people.close();
  expect(await seeIncidents(pool)).toHaveLength(500);
  const counted = people.told.map(({ kind, details }) => [
    kind,
    (details.incidents as { incidentId: string }[]).length,
  ]);
  expect(counted).toEqual([
    ['digest', 300],
    ['digest', 200],
  ]);
  const ids = people.told.flatMap(({ details }) =>
    (details.incidents as { incidentId: string }[]).map(({ incidentId }) => incidentId),
  );
  expect(new Set(ids).size).toBe(500);
  // Bulk statements: far from a statement an incident.
  expect(tookMs).toBeLessThan(5_000);
});

test('A-12 on and off each minute for an hour is 6 messages at most, and shown as flapping', async () => {
  for (let minute = 0; minute < 60; minute++) {
    await apply([alertChange(minute, minute % 2 === 0 ? 'page' : null)]);
    await pass(at(minute), at(minute) + 50 * SECOND, 10 * SECOND);
  }
  expect(place.told.map(({ kind }) => kind).slice(0, 4)).toEqual(['trigger', 'resolve', 'trigger', 'update']);
  expect(place.told.length).toBeLessThanOrEqual(6);
  const [incident, ...others] = await seeIncidents(database.pool);
  expect(others).toEqual([]);
  expect(incident?.flapping_since_ms).toBe(at(6));
  expect(incident?.reopened).toBe(29);
  // Its last state was over; an hour later that is told, once.
  await pass(at(60), at(59) + HOUR + MINUTE, MINUTE);
  expect(place.told.at(-1)?.kind).toBe('resolve');
});

test('A-14 A-15 without data what fires stays firing, is shown as held, and ends only when data is back', async () => {
  const { pool } = database;
  await apply([alertChange(0, 'page')]);
  const held = { reason: 'noData', sinceMs: at(4) } as const;
  await apply([alertChange(5, null, { held, reason: 'held' })]);
  expect(await seeIncidents(pool)).toMatchObject([
    { state: 'open', severity: 'page', held_reason: 'noData' },
  ]);
  await apply([alertChange(6, null, { held: { ...held, reason: 'gap' }, reason: 'held' })]);
  expect(await seeIncidents(pool)).toMatchObject([{ state: 'open', held_reason: 'gap' }]);
  await apply([alertChange(20, null)]);
  expect(await seeIncidents(pool)).toMatchObject([{ state: 'resolved', held_reason: null }]);
  expect(await seeTimeline(pool)).toEqual(['opened', 'held', 'dataReturned', 'recovered']);
  expect(await seeOutbox(pool)).toEqual(['trigger opened', 'update held', 'resolve recovered']);
});

test('A-17 a deploy while it fires repeats nothing: the new process finds what was told', async () => {
  await apply([alertChange(0, 'page')]);
  await pass(at(0), at(1), 10 * SECOND);
  const restarted = await createSecondPool();
  await withTransaction(restarted.pool, (client) =>
    applyAlertChanges(client, [{ ...alertChange(2, 'page'), appId }], at(2)),
  );
  await remindDue(restarted.pool, at(2));
  await restarted.end();
  await pass(at(2), at(5), 10 * SECOND);
  expect(place.told.map(({ kind }) => kind)).toEqual(['trigger']);
});

test('A-18 A-19 an edit while it fires is one update, a deletion one end', async () => {
  await apply([alertChange(0, 'page')]);
  await pass(at(0), at(1), 10 * SECOND);
  await apply([alertChange(3, 'page', { reason: 'sloChanged' })]);
  await pass(at(3), at(4), 10 * SECOND);
  await apply([alertChange(6, null, { reason: 'removed' })]);
  await apply([alertChange(7, null, { reason: 'removed' })]);
  await pass(at(7), at(40), MINUTE);
  expect(place.told.map(({ kind }) => kind)).toEqual(['trigger', 'update', 'resolve']);
  expect(await seeOutbox(database.pool)).toEqual(['trigger opened', 'update changed', 'resolve removed']);
});

test('A-19 an app that is removed while it fires is erased when its end was told, or could not be for half a day', async () => {
  const { pool } = database;
  await apply([alertChange(0, 'page')]);
  await pass(at(0), at(1), 10 * SECOND);
  await pool.query('UPDATE apps SET removed_at_ms = $2 WHERE id = $1', [appId, at(2)]);
  const erase = async (minute: number) =>
    (await eraseRemovedApps(pool, { nowMs: at(minute) })).map(({ app }) => app);
  expect(await erase(30)).toEqual([]);
  await apply([alertChange(31, null, { reason: 'removed' })]);
  expect(await erase(32)).toEqual([]);
  await pass(at(33), at(34), 10 * SECOND);
  expect(place.told.map(({ kind }) => kind)).toEqual(['trigger', 'resolve']);
  expect(await erase(35)).toEqual(['shop']);

  appId = await addApp(pool, 'shop');
  await apply([alertChange(40, 'page')]);
  await pool.query('UPDATE apps SET removed_at_ms = $2 WHERE id = $1', [appId, at(41)]);
  expect(await erase(41 + 719)).toEqual([]);
  expect(await erase(41 + 721)).toEqual(['shop']);
});

test('a route whose receivers are all switched off leaves the alert to the fallback', async () => {
  const { pool } = database;
  const other = await listen();
  const fallback = await addReceiver(pool, other);
  await addRoute(pool, { isFallback: true, receiverIds: [fallback.id] });
  await pool.query('UPDATE receivers SET is_enabled = false WHERE id = $1', [receiverId]);
  await apply([alertChange(0, 'page')]);
  await pass(at(0), at(1), 10 * SECOND);
  expect(place.told).toEqual([]);
  expect(other.told.map(({ kind }) => kind)).toEqual(['trigger']);
  other.close();
});

test('A-20 what was resolved before the first attempt succeeded is told in one combined message', async () => {
  const { port } = place;
  place.close();
  await apply([alertChange(0, 'page')]);
  await pass(at(0), at(3), MINUTE);
  await apply([alertChange(4, null)]);
  place = await listen(undefined, port);
  await pass(at(4), at(9), MINUTE);
  expect(place.told.map(({ kind, isCombined }) => [kind, isCombined])).toEqual([['resolve', true]]);
});

test('A-21 acknowledged before a restart stays acknowledged after it, and nobody is reminded', async () => {
  const { pool } = database;
  await apply([alertChange(0, 'page')]);
  const [incident] = await seeIncidents(pool);
  const by = { by: 'Ann', nowMs: at(1) };
  await withTransaction(pool, (client) => acknowledgeIncident(client, incident?.id ?? '', 'on it', by));
  const restarted = await createSecondPool();
  await withTransaction(restarted.pool, (client) =>
    applyAlertChanges(client, [{ ...alertChange(3, 'page'), appId }], at(3)),
  );
  for (let hour = 1; hour < 30; hour++) await remindDue(restarted.pool, START_MS + hour * HOUR);
  await restarted.end();
  expect(await seeIncidents(pool)).toMatchObject([{ state: 'acknowledged', acknowledged_by: 'Ann' }]);
  expect(await seeOutbox(pool)).toEqual(['trigger opened', 'acknowledge acknowledged']);
});

test('A-21 silenced before a restart stays silenced after it; what still fires at the end is told', async () => {
  const { pool } = database;
  const silence = await insertSilence(
    pool,
    {
      kind: 'silence',
      title: '',
      reason: 'known',
      author: 'Ann',
      match: { ...FITS_ALL, appIds: [appId] },
      startsAtMs: at(-5),
      endsAtMs: at(600),
      recurrence: null,
      correctsBudgets: false,
    },
    at(-5),
  );
  await apply([alertChange(0, 'page')]);
  expect(await seeIncidents(pool)).toMatchObject([
    { state: 'open', withheld: 'silence', told_severity: null },
  ]);
  const restarted = await createSecondPool();
  for (let minute = 1; minute < 10; minute++) await remindDue(restarted.pool, at(minute));
  expect(await seeOutbox(pool)).toEqual([]);
  expect(await seeTimeline(pool)).toEqual(['opened', 'silenced']);
  await endSilence(pool, silence.id, { by: 'Ann', nowMs: at(10) });
  await remindDue(restarted.pool, at(11));
  await restarted.end();
  expect(await seeOutbox(pool)).toEqual(['trigger opened']);
});

test('a silence by tag withholds what the objectives with that tag say, their budgets too, and nothing else', async () => {
  const { pool } = database;
  const ids: number[] = [];
  for (const tag of ['checkout', 'search']) {
    const { rows } = await pool.query<{ id: number }>(
      `WITH slo AS (INSERT INTO slos (app_id, slug, created_at_ms) VALUES ($1, $2, 0) RETURNING id)
       INSERT INTO slo_versions (slo_id, version, valid_from_s, definition, author, created_at_ms, generation)
       SELECT id, 1, 0, $3, '', 0, 1 FROM slo RETURNING slo_id AS id`,
      [appId, tag, JSON.stringify({ tags: [tag] })],
    );
    ids.push(rows[0]?.id ?? 0);
  }
  await insertSilence(
    pool,
    {
      kind: 'maintenance',
      title: '',
      reason: 'moving',
      author: 'Ann',
      match: { ...FITS_ALL, tags: ['checkout'] },
      startsAtMs: at(-5),
      endsAtMs: at(60),
      recurrence: null,
      correctsBudgets: false,
    },
    at(-5),
  );
  const [checkout = 0, search = 0] = ids;
  await apply([
    alertChange(0, 'page', { subject: { kind: 'slo', sloId: checkout } }),
    alertChange(0, 'info', { subject: { kind: 'budget', sloId: checkout, remainingPercent: 25 } }),
    alertChange(0, 'page', { subject: { kind: 'slo', sloId: search } }),
    alertChange(0, 'page', { subject: rule(checkout) }),
  ]);
  const withheld = (await seeIncidents(pool)).filter((incident) => incident.withheld === 'silence');
  expect(withheld.map(({ subject }) => subject).sort()).toEqual([`budget:${checkout}:25`, `slo:${checkout}`]);
  expect(await seeOutbox(pool)).toHaveLength(2);
});

test('a ticket is collected for 30 s; one that becomes a page meanwhile goes at once', async () => {
  await apply([alertChange(0, 'ticket')]);
  await pass(at(0), at(0) + 29 * SECOND, 29 * SECOND);
  expect(place.told).toEqual([]);
  await apply([alertChange(0, 'page')], at(0) + 10 * SECOND);
  await pass(at(0) + 10 * SECOND, at(0) + 10 * SECOND, SECOND);
  expect(place.told.map(({ kind, details }) => [kind, details.why])).toEqual([['trigger', 'raised']]);
});

test('a page that no route leads from to anybody is open, marked, and told as soon as one does', async () => {
  const { pool } = database;
  await pool.query('UPDATE receivers SET is_enabled = false');
  await apply([alertChange(0, 'page')]);
  expect(await seeIncidents(pool)).toMatchObject([{ state: 'open', withheld: 'noRoute' }]);
  expect(await seeTimeline(pool)).toEqual(['opened', 'notTold']);
  await pool.query('UPDATE receivers SET is_enabled = true');
  await remindDue(pool, at(1));
  expect(await seeIncidents(pool)).toMatchObject([{ withheld: null, told_severity: 'page' }]);
  expect(await seeOutbox(pool)).toEqual(['trigger opened']);
});

test('a receiver that was told goes on being told, whatever the routes are by then', async () => {
  const { pool } = database;
  await apply([alertChange(0, 'ticket')]);
  const other = await addReceiver(pool, place);
  await pool.query('UPDATE notification_routes SET receiver_ids = $1', [[other.id]]);
  await apply([alertChange(1, 'page')]);
  await apply([alertChange(9, null)]);
  const { rows } = await pool.query('SELECT kind, receiver_id FROM notifications ORDER BY id');
  expect(rows).toEqual([
    { kind: 'trigger', receiver_id: receiverId },
    { kind: 'trigger', receiver_id: receiverId },
    { kind: 'trigger', receiver_id: other.id },
    { kind: 'resolve', receiver_id: receiverId },
    { kind: 'resolve', receiver_id: other.id },
  ]);
});

test('caught up after downtime: only the net state is told, what came and went is listed', async () => {
  const { pool } = database;
  const late = { detectedLateMs: 14 * MINUTE };
  await apply(
    [
      alertChange(0, 'page', { overBeforeTold: true, ...late }),
      alertChange(0, 'page', { subject: rule(7), ...late }),
      alertChange(5, null, { subject: rule(7), ...late }),
      alertChange(9, 'ticket', { subject: rule(8, 'web.1'), ...late }),
    ],
    at(20),
  );
  expect(await seeIncidents(pool)).toMatchObject([
    { subject: 'rule:7:', state: 'resolved', told_severity: null },
    { subject: 'rule:8:web.1', state: 'open' },
    { subject: 'slo:1', state: 'resolved' },
  ]);
  expect(await seeOutbox(pool)).toEqual(['trigger opened']);
  await remindDue(pool, at(60));
  expect(await seeOutbox(pool)).toHaveLength(1);
});

test('a re-fire after more than 30 minutes is another incident, also when one call brings both ends', async () => {
  const { pool } = database;
  await apply([alertChange(0, 'page')]);
  await apply([alertChange(5, null)]);
  await apply([alertChange(36, 'page')]);
  expect(await seeIncidents(pool)).toMatchObject([{ state: 'resolved' }, { state: 'open', reopened: 0 }]);
  // Nobody heard of it, so nobody takes what comes next for the same.
  await pool.query('UPDATE receivers SET is_enabled = false');
  const subject = rule(1);
  await apply([alertChange(40, 'page', { subject })]);
  await apply([alertChange(50, null, { subject }), alertChange(81, 'ticket', { subject })], at(90));
  const ofRule = (await seeIncidents(pool)).filter((incident) => incident.subject === 'rule:1:');
  expect(ofRule.map(({ state, severity }) => [state, severity])).toEqual([
    ['resolved', 'page'],
    ['open', 'ticket'],
  ]);
});

async function createSecondPool() {
  const { buildPool } = await import('../store/pool.ts');
  const { silentLog } = await import('../model/log.ts');
  const pool = buildPool({ url: database.url, max: 2, applicationName: 'restarted', log: silentLog });
  return { pool, end: () => pool.end() };
}
