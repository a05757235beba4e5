import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { readIncidentsByApp } from './open-incidents.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

async function addApps(count: number): Promise<number[]> {
  const { rows } = await database.pool.query<{ id: number }>(
    `INSERT INTO apps (name, created_at_ms) SELECT 'app-' || n, 0 FROM generate_series(1, $1) n RETURNING id`,
    [count],
  );
  return rows.map((row) => row.id);
}

/** `n`: makes its subject its own; opened and started at n. */
async function addIncident(appId: number, n: number, severity: string, state: string): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `INSERT INTO incidents (app_id, subject, subject_kind, title, severity, worst_severity, state, opened_at_ms,
       started_at_ms, changed_at_ms, evidence)
     VALUES ($1, 'rule:' || $2::bigint, 'rule', 'Title', $3, $3, $4, $2::bigint, $2::bigint, $2::bigint, '{}') RETURNING id`,
    [appId, n, severity, state],
  );
  return rows[0]?.id ?? '';
}

test('open incidents of each app: by severity, how many nobody has, since when, and the gravest of them', async () => {
  const [first = 0, second = 0, third = 0] = await addApps(3);
  await addIncident(first, 10, 'ticket', 'open');
  await addIncident(first, 20, 'page', 'acknowledged');
  const newestPage = await addIncident(first, 30, 'page', 'open');
  await addIncident(first, 5, 'page', 'resolved');
  const own = await addIncident(second, 40, 'info', 'open');
  await addIncident(third, 50, 'page', 'resolved');
  const found = await readIncidentsByApp(database.pool, [first, second, third]);
  expect(new Set(found.keys())).toEqual(new Set([first, second]));
  expect(found.get(first)).toEqual({
    page: 2,
    ticket: 1,
    info: 0,
    unacknowledged: 2,
    sinceMs: 10,
    id: newestPage,
  });
  expect(found.get(second)).toMatchObject({ info: 1, sinceMs: 40, id: own });
  expect(await readIncidentsByApp(database.pool, [third])).toEqual(new Map());
});

test('a year of incidents that are over is not read for those that are open', async () => {
  await database.pool.query(
    `INSERT INTO incidents (app_id, subject, subject_kind, title, severity, worst_severity, state, opened_at_ms,
       started_at_ms, changed_at_ms, evidence)
     SELECT a.id, 'past:' || n, 'rule', 'Title', 'page', 'page', 'resolved', n, n, n, '{}'
     FROM apps a, generate_series(1, 3000) n`,
  );
  await database.pool.query('ANALYZE incidents');
  const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN SELECT app_id, count(*) FROM incidents WHERE state <> 'resolved' AND app_id = ANY ('{1,2,3}'::int[]) GROUP BY 1`,
  );
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index/);
});
