import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY, HOUR, MINUTE } from '../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo } from '../test/slos.ts';
import { createApp, removeApp } from './apps.ts';
import { insertCorrection } from './corrections.ts';
import { eraseRemovedApps } from './erasure.ts';
import { type Pool, withTransaction } from './pool.ts';
import { trimSloTables } from './slo-retention.ts';
import { createSlo, keepSloDays, removeSlo } from './slos.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 30);
const KEEP = 396 * DAY;

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool;
});
afterAll(() => database.close());

const makeApp = async (name: string) =>
  (await createApp(pool, { name, key: 'k'.repeat(32), nowMs: NOW - 800 * DAY })).app.id;

async function makeSlo(appId: number, days: number): Promise<number> {
  const slo = await createSlo(pool, {
    appId,
    slug: `slo-${days}`,
    definition: exampleSlo({ period: { kind: 'rolling', days } }),
    author: 'ada',
    nowMs: NOW - 500 * DAY,
  });
  for (let day = 0; day < 300; day += 30) {
    await pool.query(
      `INSERT INTO slo_hours (slo_id, hour, events, bad, cum_events, cum_bad) VALUES ($1, $2, '{}', '{}', 0, 0)`,
      [slo!.id, Math.floor((NOW - day * DAY) / HOUR)],
    );
  }
  return slo!.id;
}

async function addAppHours(appId: number): Promise<void> {
  await pool.query(
    `INSERT INTO app_hours (app_id, hour, messages) SELECT $1, $2::int - day * 24, '{}' FROM generate_series(0, 290, 30) AS day`,
    [appId, Math.floor(NOW / HOUR)],
  );
}

/** Days before now of the oldest row, by SLO or app. */
async function oldestDay(table: 'slo_hours' | 'app_hours', id: number): Promise<number | null> {
  const column = table === 'slo_hours' ? 'slo_id' : 'app_id';
  const { rows } = await pool.query<{ hour: number | null }>(
    `SELECT min(hour) AS hour FROM ${table} WHERE ${column} = $1`,
    [id],
  );
  const hour = rows[0]?.hour ?? null;
  return hour === null ? null : Math.round((NOW / HOUR - hour) / 24);
}

test('R-18 counts are kept for two periods of their SLO, of apps as long as their SLOs need them; of a removed SLO they go', async () => {
  const [shop, blog] = [await makeApp('shop'), await makeApp('blog')];
  const [month, quarter, removed] = [
    await makeSlo(shop, 30),
    await makeSlo(shop, 90),
    await makeSlo(shop, 28),
  ];
  await addAppHours(shop);
  await addAppHours(blog);
  await withTransaction(pool, (client) => removeSlo(client, removed, NOW - 32 * DAY));
  const insertTransition = (minute: number, atMs: number) =>
    pool.query(
      `INSERT INTO alert_transitions (app_id, slo_id, tier, severity, minute, from_state, to_state, reason, at_ms)
       VALUES ($1, $2, 0, 'page', $3, 'ok', 'firing', 'threshold', $4)`,
      [shop, month, minute, atMs],
    );
  await insertTransition(1, NOW - KEEP - 1);
  await insertTransition(2, NOW - KEEP + 1);
  const deleted = await trimSloTables(pool, { nowMs: NOW, keepMs: KEEP });
  expect(deleted).toEqual({ slo_hours: 6 + 3 + 10, app_hours: 3 + 6, alert_transitions: 1, slos: 0 });
  expect(await oldestDay('slo_hours', month)).toBe(90);
  expect(await oldestDay('slo_hours', quarter)).toBe(180);
  expect(await oldestDay('slo_hours', removed)).toBeNull();
  expect([await oldestDay('app_hours', shop), await oldestDay('app_hours', blog)]).toEqual([180, 90]);
  expect(await trimSloTables(pool, { nowMs: NOW, keepMs: KEEP })).toEqual({
    slo_hours: 0,
    app_hours: 0,
    alert_transitions: 0,
    slos: 0,
  });
  expect((await trimSloTables(pool, { nowMs: NOW + KEEP, keepMs: KEEP })).slos).toBe(1);
});

test('what is kept covers the longest period and the one before it', () => {
  const days = (period: Parameters<typeof keepSloDays>[0]['period']) => keepSloDays({ period });
  expect(days({ kind: 'rolling', days: 7 })).toBe(100);
  expect(days({ kind: 'rolling', days: 366 })).toBe(742);
  expect(days({ kind: 'calendar', unit: 'quarter', zone: 'UTC' })).toBe(194);
});

test('R-18 an app that is removed takes its SLOs, their counts, corrections and alerts with it', async () => {
  const gone = await makeApp('gone');
  const stays = await makeApp('stays');
  for (const appId of [gone, stays]) {
    const sloId = await makeSlo(appId, 30);
    await addAppHours(appId);
    await pool.query('INSERT INTO minute_deltas VALUES ($1, 0, 5, 1, 0)', [appId]);
    await insertCorrection(pool, {
      appId,
      sloId,
      fromMinute: 1,
      toMinute: 2,
      recurrence: null,
      reason: 'test',
      author: 'ada',
      nowMs: NOW,
    });
    await pool.query(
      `INSERT INTO alert_transitions (app_id, slo_id, tier, severity, minute, from_state, to_state, reason, at_ms)
       VALUES ($1, $2, 0, 'page', 1, 'ok', 'firing', 'threshold', $3)`,
      [appId, sloId, NOW],
    );
  }
  await removeApp(pool, gone, NOW);
  expect(await eraseRemovedApps(pool, { nowMs: NOW + 10 * MINUTE })).toHaveLength(1);
  for (const table of ['slos', 'app_hours', 'minute_deltas', 'corrections', 'alert_transitions']) {
    const { rows } = await pool.query<{ app_id: number }>(`SELECT DISTINCT app_id FROM ${table}`);
    const ids = rows.map((row) => row.app_id);
    expect([table, ids.includes(gone), ids.includes(stays)]).toEqual([table, false, true]);
  }
  for (const table of ['slo_versions', 'slo_hours', 'slo_states', 'slo_backfills']) {
    const { rowCount } = await pool.query(
      `SELECT FROM ${table} t WHERE NOT EXISTS (SELECT FROM slos s WHERE s.id = t.slo_id)`,
    );
    expect([table, rowCount]).toEqual([table, 0]);
  }
});

test('counts of the parts of a composite are kept as long as it looks back, of a removed part too', async () => {
  const app = await makeApp('parts');
  const [short, removed, alone] = [await makeSlo(app, 7), await makeSlo(app, 14), await makeSlo(app, 21)];
  const { rows } = await pool.query<{ public_id: string }>(
    'SELECT public_id FROM slos WHERE id = ANY ($1::int[])',
    [[short, removed]],
  );
  const members = rows.map((row) => row.public_id);
  const definition = exampleSlo({
    period: { kind: 'rolling', days: 90 },
    indicator: { kind: 'composite', members },
  });
  await createSlo(pool, { appId: app, slug: 'whole', definition, author: 'ada', nowMs: NOW - 400 * DAY });
  for (const id of [removed, alone])
    await withTransaction(pool, (client) => removeSlo(client, id, NOW - 32 * DAY));
  await trimSloTables(pool, { nowMs: NOW, keepMs: KEEP });
  const kept = keepSloDays(definition);
  for (const id of [short, removed])
    expect(await oldestDay('slo_hours', id)).toBe(Math.floor(kept / 30) * 30);
  expect(await oldestDay('slo_hours', alone)).toBeNull();
});
