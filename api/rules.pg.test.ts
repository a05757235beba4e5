import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SERIES_FILED } from '../model/series.ts';
import { type AppRow, createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { makePartitions, seriesIds } from '../test/seed-buckets.ts';

let database: TestDatabase;
let api: TestApi;
let viewer: TestBrowser;
let editor: TestBrowser;
let shop: AppRow;
let apps = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  viewer = (await api.signedIn('viewer')).browser;
  editor = (await api.signedIn('editor')).browser;
});
afterAll(() => database.close());
beforeEach(async () => {
  const name = `shop-${++apps}`;
  shop = (await createApp(database.pool, { name, key: TEST_KEY, nowMs: api.clock.nowMs })).app;
});

const LATENCY = {
  kind: 'latency',
  title: 'Checkout is slow',
  severity: 'ticket',
  settings: { quantile: 'p95', ms: 800, minRequests: 20, windowMinutes: 5 },
  forMinutes: 2,
};

async function make(rule: object = LATENCY) {
  const answer = await editor.send('POST', `/apps/${shop.name}/rules`, rule);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  const { rows } = await database.pool.query<{ id: number }>('SELECT id FROM rules WHERE public_id = $1', [
    answer.body.id,
  ]);
  return { rule: answer.body, ruleId: rows[0]?.id ?? 0 };
}

describe('making and changing a rule', () => {
  test('what is left out has the default of its kind, and the rule says what it does', async () => {
    const { rule } = await make();
    expect(rule).toMatchObject({
      app: shop.name,
      kind: 'latency',
      isOn: true,
      isDefault: false,
      onNoData: 'hold',
      state: 'ok',
      lastFiredMs: null,
      sentence: 'Tickets when p95 is at or over 800 ms in the last 5 min, for 2 min.',
      learning: null,
    });
    // A rule about what is usual says nothing before the app is three days old.
    const young = (await viewer.get(`/rules?app=${shop.name}`)).body.rules.find(
      (one: { kind: string }) => one.kind === 'trafficCollapse',
    );
    if (young) expect(young.learning).toEqual({ day: 1, of: 3 });
    const { kinds } = (await viewer.get('/rules/kinds')).body;
    const kind = kinds.find((one: { kind: string }) => one.kind === 'latency');
    expect(rule.keepFiringMinutes).toBe(kind.defaults.keepFiringMinutes);
    const plain = await make({ kind: 'drainSilent' });
    expect(plain.rule.title).toBe(kinds.find((one: { kind: string }) => one.kind === 'drainSilent').title);
  });

  test('every fault is told at its place; what no kind knows is refused', async () => {
    const path = `/apps/${shop.name}/rules`;
    const answer = await editor.send('POST', path, {
      ...LATENCY,
      settings: { ...LATENCY.settings, ms: -1, quantile: 'p42', colour: 'red' },
    });
    expect(answer.status).toBe(422);
    const fields = answer.body.faults.map((fault: { field: string }) => fault.field).sort();
    expect(fields).toEqual(['settings.colour', 'settings.ms', 'settings.quantile']);
    expect((await editor.send('POST', path, { ...LATENCY, kind: 'weather' })).body.faults[0].field).toBe(
      'kind',
    );
    const preview = await editor.send('POST', `${path}/preview`, {
      rule: { kind: 'latency', settings: { ms: 'fast' } },
    });
    expect(preview.body.faults[0].field).toBe('rule.settings.ms');
  });

  test('a rule is changed, switched, removed; each with an entry in the audit log', async () => {
    const { rule } = await make();
    const path = `/apps/${shop.name}/rules/${rule.id}`;
    const changed = await editor.send('PUT', path, {
      ...LATENCY,
      settings: { ...LATENCY.settings, ms: 1200 },
    });
    expect([changed.status, changed.body.settings.ms, changed.body.version]).toEqual([200, 1200, 2]);
    const off = await editor.send('PATCH', path, { isOn: false });
    expect([off.body.isOn, off.body.settings.ms]).toEqual([false, 1200]);
    const other = await editor.send('PUT', path, { kind: 'swap' });
    expect([other.status, other.body.faults[0].field]).toEqual([422, 'kind']);
    expect((await editor.send('DELETE', path)).status).toBe(204);
    expect((await viewer.get(path)).status).toBe(404);
    const { rows } = await database.pool.query<{ action: string }>(
      'SELECT action FROM audit_log WHERE subject = $1 ORDER BY id',
      [`${shop.name}: Checkout is slow`],
    );
    expect(rows.map((row) => row.action)).toEqual([
      'rule.create',
      'rule.change',
      'rule.change',
      'rule.remove',
    ]);
  });

  test('SEC-09 a viewer changes nothing; SEC-11 a rule of another app is not there', async () => {
    const { rule } = await make();
    const path = `/apps/${shop.name}/rules/${rule.id}`;
    expect((await viewer.send('PATCH', path, { isOn: false })).status).toBe(403);
    expect((await viewer.send('POST', `/apps/${shop.name}/rules/preview`, { rule: LATENCY })).status).toBe(
      403,
    );
    const other = `other-${apps}`;
    await createApp(database.pool, { name: other, key: TEST_KEY, nowMs: api.clock.nowMs });
    expect((await viewer.get(`/apps/${other}/rules/${rule.id}`)).status).toBe(404);
    expect((await editor.send('DELETE', `/apps/${other}/rules/${rule.id}`)).status).toBe(404);
  });

  test('defaults that were removed are made again, once', async () => {
    const path = `/apps/${shop.name}/rules/defaults`;
    const made = (await editor.send('POST', path)).body.created;
    expect(made.length).toBeGreaterThan(5);
    expect((await editor.send('POST', path)).body.created).toEqual([]);
    const { rules } = (await viewer.get(`/rules?app=${shop.name}`)).body;
    expect(rules).toHaveLength(made.length);
    expect(rules.every((rule: { isDefault: boolean }) => rule.isDefault)).toBe(true);
    await editor.send('DELETE', `/apps/${shop.name}/rules/${rules[0].id}`);
    expect((await editor.send('POST', path)).body.created).toEqual([rules[0].title]);
  });
});

describe('how a rule stands', () => {
  test('its keys worst first, when it last fired, how often, and whether anybody cared', async () => {
    const { ruleId } = await make();
    const { nowMs } = api.clock;
    const minute = Math.floor(nowMs / 60_000);
    await database.pool.query(
      `INSERT INTO rule_states (rule_id, key, state, since_minute, held_reason, held_since_minute, value, seen_minute)
       VALUES ($1, 'a', 'pending', $2, NULL, NULL, 7, $2), ($1, 'b', 'firing', $2, NULL, NULL, 9, $2),
         ($1, 'c', 'firing', $2, 'noData', $2, 8, $2)`,
      [ruleId, minute],
    );
    for (let n = 0; n < 5; n++) {
      await database.pool.query(
        `INSERT INTO alert_transitions (app_id, rule_id, key, tier, severity, minute, from_state, to_state, reason, at_ms)
         VALUES ($1, $2, 'b', 0, 'ticket', $3, 'pending', 'firing', 'threshold', $4)`,
        [shop.id, ruleId, minute - n * 60, nowMs - n * 3_600_000],
      );
      await incident(ruleId, nowMs - n * 3_600_000, n === 0 ? 'open' : 'resolved');
    }
    const [rule] = (await viewer.get(`/rules?app=${shop.name}`)).body.rules;
    expect(rule).toMatchObject({
      state: 'firing',
      lastFiredMs: nowMs,
      firings: 5,
      acknowledged: 0,
      isNoisy: true,
    });
    expect(rule.keys.map((key: { key: string; state: string }) => [key.key, key.state])).toEqual([
      ['b', 'firing'],
      ['c', 'held'],
      ['a', 'pending'],
    ]);
    await database.pool.query(
      `INSERT INTO incident_events (incident_id, at_ms, kind, actor) VALUES ($1, $2, 'acknowledged', 'Kim')`,
      [rule.incidentId, nowMs],
    );
    const [cared] = (await viewer.get(`/rules?app=${shop.name}`)).body.rules;
    expect(cared).toMatchObject({ acknowledged: 1, isNoisy: false });
  });
});

async function incident(ruleId: number, openedAtMs: number, state: string): Promise<void> {
  await database.pool.query(
    `INSERT INTO incidents (app_id, subject, subject_kind, rule_id, title, severity, worst_severity, state,
       opened_at_ms, started_at_ms, changed_at_ms, evidence)
     VALUES ($1, $2, 'rule', $3, 'Slow', 'ticket', 'ticket', $4, $5, $5, $5, '{}')`,
    [shop.id, `rule:${ruleId}:b`, ruleId, state, openedAtMs],
  );
}

describe('back-test of a rule', () => {
  test('says how often it would have told somebody, with the times, and saves nothing', async () => {
    const rule = { kind: 'drainDropping', severity: 'page', forMinutes: 0, keepFiringMinutes: 0 };
    const { nowMs } = api.clock;
    for (const agoHours of [50, 20]) {
      const fromMs = nowMs - agoHours * 3_600_000;
      await database.pool.query(
        `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
         VALUES ($1, 1, 'L10', $2, $3, 500, $4)`,
        [shop.id, fromMs, fromMs + 60_000, String(agoHours)],
      );
    }
    await aliveFor(shop.id, 72);
    const answer = await editor.send('POST', `/apps/${shop.name}/rules/preview`, { rule, days: 3 });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(answer.body.sentence).toBe('Would have paged 2 times in 3 days.');
    expect(
      answer.body.firings.map((firing: { fromMs: number }) =>
        Math.round((nowMs - firing.fromMs) / 3_600_000),
      ),
    ).toEqual([50, 20]);
    expect(answer.body.series.series.at(-1).id).toBe('threshold');
    expect((await viewer.get(`/rules?app=${shop.name}`)).body.rules).toEqual([]);
  });
});

/** A line of the app in every minute of the last hours, as roll-ups count what was filed. */
async function aliveFor(appId: number, hours: number): Promise<void> {
  const nowS = Math.floor(api.clock.nowMs / 60_000) * 60;
  const fromS = nowS - hours * 3600;
  await makePartitions(database.pool, fromS, nowS + 60);
  const ids = await seriesIds(database.pool, [{ appId, kind: SERIES_FILED, key: '' }]);
  await database.pool.query(
    `INSERT INTO count_buckets_10s (app_id, series_id, bucket_s, writer_id, count)
     SELECT $1, $2, s, 1, 10 FROM generate_series($3::int, $4::int, 60) AS s`,
    [appId, [...ids.values()][0], fromS, nowS],
  );
}

describe("Heroku's own alerts", () => {
  test('are shown first, then made once, with what differs', async () => {
    const path = `/apps/${shop.name}/heroku-alerts`;
    const alerts = [
      { kind: 'LATENCY', value: 900, sensitivityMinutes: 5, reminderMinutes: 60 },
      { kind: 'ERROR_RATE', value: 0.05, sensitivityMinutes: 1, reminderMinutes: 1440 },
      { kind: 'LATENCY', value: 10, sensitivityMinutes: 1, reminderMinutes: 5 },
    ];
    const shown = (await editor.send('POST', path, { alerts, dryRun: true })).body;
    expect(shown.rules.map((rule: { outcome: string }) => rule.outcome)).toEqual([
      'created',
      'created',
      'refused',
    ]);
    expect((await viewer.get(`/rules?app=${shop.name}`)).body.rules).toEqual([]);
    const made = (await editor.send('POST', path, { alerts: alerts.slice(0, 2) })).body;
    expect(made.rules[0]).toMatchObject({
      outcome: 'created',
      title: "p95 at or over 900 ms (as Heroku's alert)",
    });
    expect(made.rules[0].notes[0]).toContain('Heroku reminds every 60 min');
    const again = (await editor.send('POST', path, { alerts: alerts.slice(0, 2) })).body;
    expect(again.rules.map((rule: { outcome: string }) => rule.outcome)).toEqual(['unchanged', 'unchanged']);
    expect((await viewer.get(`/rules?app=${shop.name}`)).body.rules).toHaveLength(2);
  });
});
