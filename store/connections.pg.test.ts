import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { readConnectionLimit } from './connections.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

test('P-10 the limit is the least of server, role and database', async () => {
  const { pool, name } = database;
  const { rows } = await pool.query<{ free: number }>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - coalesce(current_setting('reserved_connections', true)::int, 0) AS free`,
  );
  expect(await readConnectionLimit(pool)).toBe(rows[0]?.free);
  await pool.query(`ALTER DATABASE ${name} CONNECTION LIMIT 17`);
  expect(await readConnectionLimit(pool)).toBe(17);
});
