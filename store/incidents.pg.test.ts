import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { listIncidents } from './incidents.ts';
import { readRuleRecords } from './reads/rule-record.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 1 });
});
afterAll(() => database.close());

const scans = async (): Promise<Record<string, number>> => {
  await database.pool.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await database.pool.query<{ name: string; scans: number }>(
    `SELECT indexrelname AS name, idx_scan::int AS scans FROM pg_stat_user_indexes
     WHERE indexrelname IN ('incidents_rule', 'incidents_listed')`,
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.scans]));
};

test('R-09 a page of the list and the records of rules are found by indexes, however many incidents there are', async () => {
  const { pool } = database;
  await pool.query("INSERT INTO apps (name, created_at_ms) VALUES ('shop', 0)");
  await pool.query(
    `INSERT INTO incidents (app_id, subject, subject_kind, rule_id, title, severity, worst_severity, state,
       opened_at_ms, started_at_ms, resolved_at_ms, changed_at_ms, evidence)
     SELECT (SELECT id FROM apps), 'rule:' || i % 100 || ':', 'rule', i % 100, 'x', 'ticket', 'ticket', 'resolved',
       i, i, i, i, '{}' FROM generate_series(1, 5000) AS i`,
  );
  await pool.query('ANALYZE incidents');
  const page = { limit: 3 };
  const filter = { appIds: null, states: [], severities: [] };
  const started = (await listIncidents(pool, filter, page)).map((row) => row.startedAtMs);
  expect(started).toEqual([5000, 4999, 4998]);
  expect((await readRuleRecords(pool, [7], 0)).get(7)?.lastFive.incidents).toBe(5);
  const { incidents_rule: byRule, incidents_listed: listed } = await scans();
  expect(byRule).toBeGreaterThan(0);
  expect(listed).toBeGreaterThan(0);
});
