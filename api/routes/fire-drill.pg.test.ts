/** Fire drills on the real path: API, rules' evaluation, incident, routes, outbox, sender, Slack as its API behaves. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { buildNoticeReader } from '../../alerts/facts.ts';
import { buildAdapters } from '../../alerts/notify/adapters.ts';
import { buildAlerting } from '../../bin/alerting.ts';
import { silentLog } from '../../model/log.ts';
import { MINUTE, SECOND } from '../../model/time.ts';
import { insertReceiver } from '../../store/receivers.ts';
import { buildTestApi, type TestApi, type TestBrowser } from '../../test/api-client.ts';
import { type Child, startChild } from '../../test/child.ts';
import { addRoute } from '../../test/incidents.ts';
import { BOX_KEY, buildSender } from '../../test/outbox.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { BOT_TOKEN } from '../../test/receivers/places.ts';
import { startSlack } from '../../test/receivers/slack.ts';
import { RuleWorld } from '../../test/rule-world.ts';

const T0 = Math.floor(Date.UTC(2026, 10, 21, 8, 0) / MINUTE);

let database: TestDatabase;
let world: RuleWorld;
let api: TestApi;
let editor: TestBrowser;
let admin: TestBrowser;
let slack: Awaited<ReturnType<typeof startSlack>>;
let deliver: () => Promise<number>;
let receiverId: number;
const clock = { ms: 0 };

beforeAll(async () => {
  database = await createTestDatabase({ max: 6 });
  const { pool } = database;
  world = new RuleWorld(pool);
  await world.prepare(T0);
  slack = await startSlack();
  api = buildTestApi(pool);
  at(T0, 10);
  [editor, admin] = [(await api.signedIn('editor')).browser, (await api.signedIn('admin')).browser];
  const row = await insertReceiver(
    pool,
    BOX_KEY,
    {
      name: 'Slack',
      kind: 'slackBot',
      settings: { channel: '#incidents', baseUrl: `${slack.url}/api` },
      secrets: { token: BOT_TOKEN },
      tellsOwners: false,
      createdBy: '',
    },
    0,
  );
  receiverId = row?.id ?? 0;
  ({ deliver } = buildSender(pool, clock, {
    adapters: buildAdapters({ email: { server: null, from: '' } }),
    readNotice: buildNoticeReader({ pool, baseUrl: 'https://drains.example.com' }),
  }));
});
afterAll(async () => {
  await slack.close();
  await database.close();
});
beforeEach(async () => {
  slack.messages.clear();
  await database.pool.query(
    'TRUNCATE apps, incidents, notifications, notification_routes, delivery_buckets CASCADE',
  );
  at(T0, 10);
});

/** Every clock there is: so many seconds into a minute. */
function at(minute: number, seconds: number): void {
  clock.ms = minute * MINUTE + seconds * SECOND;
  api.clock.nowMs = clock.ms;
}

/** An app whose lines arrive all the time. */
async function attached(name: string): Promise<number> {
  const appId = await world.app(name, T0);
  await world.lines(appId, T0 - 60, T0 + 60);
  await world.requests(appId, T0 - 5, T0 + 60, { count: 42 });
  await database.pool.query(
    `INSERT INTO drains (app_id, token, state, first_received_at_ms, last_received_at_ms, last_line_at_ms)
     VALUES ($1, 'd.1', 'adopted', $2, $3, $3)`,
    [appId, (T0 - 60) * MINUTE, (T0 + 60) * MINUTE],
  );
  return appId;
}

/** What a worker does in the seconds after a minute was closed; twice at once, as two workers do. */
async function round(minute: number, seconds = 46): Promise<void> {
  at(minute, seconds);
  const build = () =>
    buildAlerting({ pool: database.pool, log: silentLog, readNow: () => Promise.resolve(clock.ms) });
  expect(await Promise.all([build().tick(), build().tick()])).toEqual(['done', 'done']);
  await deliver();
}

async function left(): Promise<Record<string, number>> {
  const { rows } = await database.pool.query(
    `SELECT (SELECT count(*)::int FROM incidents) AS incidents, (SELECT count(*)::int FROM incident_events) AS events,
       (SELECT count(*)::int FROM notifications) AS notifications, (SELECT count(*)::int FROM attempts) AS attempts,
       (SELECT count(*)::int FROM rule_states) AS states,
       (SELECT count(*)::int FROM rules WHERE title LIKE 'DRILL%') AS rules,
       (SELECT count(*)::int FROM alert_transitions) AS transitions`,
  );
  return rows[0];
}

const NOTHING = {
  incidents: 0,
  events: 0,
  notifications: 0,
  attempts: 0,
  states: 0,
  rules: 0,
  transitions: 0,
};

const stateOf = (body: { drill: { steps: { id: string; state: string }[] } }) =>
  Object.fromEntries(body.drill.steps.map(({ id, state }) => [id, state]));

test('a drill fires by a real rule, calls whom a real alert would, is acknowledged, resolves, and leaves nothing', async () => {
  await attached('shop');
  await addRoute(database.pool, { receiverIds: [receiverId] });
  const before = await editor.get('/apps/shop/fire-drill');
  expect(before.body).toMatchObject({ drill: null, obstacle: '', willTell: { page: ['Slack'] } });
  const started = await editor.send('POST', '/apps/shop/fire-drill', {});
  expect(started.status).toBe(201);
  expect(stateOf(started.body)).toMatchObject({ rule: 'waiting', told: 'waiting' });

  await round(T0 + 1);
  await round(T0 + 1, 51);
  const fired = (await editor.get('/apps/shop/fire-drill')).body;
  expect(stateOf(fired)).toMatchObject({ rule: 'done', told: 'done', acknowledged: 'waiting' });
  const [message] = [...slack.messages.values()];
  expect(message?.text).toContain('[FIRING] shop: DRILL: nothing is wrong');
  // It is an incident like any other, and no part of what is exported.
  const shown = await editor.get(`/incidents/${fired.drill.incidentId}`);
  expect(shown.body.incident?.title ?? shown.body.title).toMatch(/^DRILL/);
  const file = await admin.get('/config');
  expect(JSON.stringify(file.body)).not.toContain('DRILL');

  at(T0 + 2, 20);
  const acked = await editor.send('POST', `/incidents/${fired.drill.incidentId}/acknowledge`, {
    reason: 'seen',
  });
  expect(acked.status).toBeLessThan(300);
  await round(T0 + 2, 25);
  await round(T0 + 2);
  await round(T0 + 2, 51);
  const over = (await editor.get('/apps/shop/fire-drill')).body;
  expect(stateOf(over)).toMatchObject({ acknowledged: 'done', resolved: 'done', deleted: 'waiting' });
  expect([...slack.messages.values()].some(({ text }) => text.startsWith('[RESOLVED] shop: DRILL'))).toBe(
    true,
  );
  expect(await left()).toMatchObject({ incidents: 1, rules: 1 });

  await round(T0 + 4);
  expect(await left()).toEqual(NOTHING);
  const last = (await editor.get('/apps/shop/fire-drill')).body;
  expect(last.drill).toMatchObject({ state: 'over', endReason: 'acknowledged', incidentId: null });
  expect(stateOf(last)).toEqual({
    rule: 'done',
    told: 'done',
    acknowledged: 'done',
    resolved: 'done',
    deleted: 'done',
  });
  const { rows } = await database.pool.query(
    `SELECT action, subject FROM audit_log WHERE action LIKE 'drill.%'`,
  );
  expect(rows).toEqual([{ action: 'drill.start', subject: 'shop' }]);
});

test('SEC-09 of ten people who start a drill of one app at once one does; another app has its own; viewers may not', async () => {
  await attached('shop');
  await attached('blog');
  const tries = await Promise.all(
    Array.from({ length: 10 }, () => editor.send('POST', '/apps/shop/fire-drill', { severity: 'ticket' })),
  );
  expect(tries.map(({ status }) => status).sort((a, b) => a - b)).toEqual([201, ...Array(9).fill(409)]);
  expect((await left()).rules).toBe(1);
  expect((await editor.send('POST', '/apps/blog/fire-drill', {})).status).toBe(201);
  const viewer = (await api.signedIn('viewer')).browser;
  expect((await viewer.send('POST', '/apps/shop/fire-drill', {})).status).toBe(403);
  expect((await viewer.get('/apps/shop/fire-drill')).body.obstacle).toContain('under way');
});

test('a drill nobody hears of says why; one nobody acknowledges ends by itself; one that never fired leaves nothing', async () => {
  await attached('shop');
  await editor.send('POST', '/apps/shop/fire-drill', { minutes: 3 });
  await round(T0 + 1);
  const told = (await editor.get('/apps/shop/fire-drill')).body.drill.steps[1];
  expect(told).toMatchObject({ id: 'told', state: 'stalled' });
  expect(told.text).toContain('no route leads');
  // What a round decides is seen by the next: two workers at once may look before it is committed.
  for (const minute of [3, 4, 5, 6]) await round(T0 + minute);
  expect((await editor.get('/apps/shop/fire-drill')).body.drill).toMatchObject({
    state: 'over',
    endReason: 'timeout',
  });
  expect(await left()).toEqual(NOTHING);

  // Stopped before any evaluation.
  at(T0 + 7, 5);
  await editor.send('POST', '/apps/shop/fire-drill', {});
  const stopped = await editor.send('DELETE', '/apps/shop/fire-drill');
  expect(stopped.body.drill).toMatchObject({ state: 'ending', endReason: 'stopped' });
  for (const minute of [7, 9, 10]) await round(T0 + minute);
  expect(await left()).toEqual(NOTHING);
  expect((await editor.send('DELETE', '/apps/shop/fire-drill')).status).toBe(404);
});

test('an app without lines has no drill, and says what to do; more than six an hour are refused', async () => {
  await world.app('new', T0);
  const refused = await editor.send('POST', '/apps/new/fire-drill', {});
  expect([refused.status, refused.body.detail]).toEqual([
    409,
    expect.stringContaining('attach the app first'),
  ]);
  const appId = await attached('shop');
  for (let n = 0; n < 6; n++) {
    await database.pool.query(
      `INSERT INTO fire_drills (app_id, rule_id, state, severity, author, started_at_ms, ends_at_ms, over_at_ms)
       VALUES ($1, 0, 'over', 'page', '', $2, $2, $2)`,
      [appId, clock.ms - MINUTE],
    );
  }
  const seventh = await editor.send('POST', '/apps/shop/fire-drill', {});
  expect([seventh.status, seventh.headers.get('retry-after')]).toEqual([429, '900']);
});

test('K-09 a worker killed while it brings a drill on leaves it as it was, and another one goes on', async () => {
  await attached('shop');
  await editor.send('POST', '/apps/shop/fire-drill', {});
  await round(T0 + 1);
  await editor.send('DELETE', '/apps/shop/fire-drill');
  await round(T0 + 2);
  // Seen by the next round at the latest: two workers at once may look before the other's end is committed.
  await round(T0 + 2, 51);
  const ended = (await editor.get('/apps/shop/fire-drill')).body;
  expect(stateOf(ended)).toMatchObject({ resolved: 'done', deleted: 'waiting' });
  expect((await left()).incidents).toBe(1);
  // Late enough that the drill is to be deleted: the process dies with the deletion in its transaction.
  const { rows } = await database.pool.query<{ ms: number }>(
    'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms',
  );
  const env = {
    DATABASE_URL: database.url,
    BASE_MS: String((T0 + 4) * MINUTE + 46_000),
    ORIGIN_MS: String(rows[0]?.ms ?? 0),
    DRAINBOARD_KILL_POINTS: 'drill.before:1:kill',
  };
  const child: Child = startChild('test/run-alerting.ts', [], { env });
  expect(await child.exit).toBe('SIGKILL');
  expect((await left()).incidents).toBe(1);
  let minute = T0 + 5;
  // The server may take a moment to see that the connection is gone: until then the drill is somebody else's.
  await expect
    .poll(
      async () => {
        await round(minute++);
        return left();
      },
      { timeout: 10_000 },
    )
    .toEqual(NOTHING);
});
