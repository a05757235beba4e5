import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { migrate, readMigrationState, readMigrations, splitStatements } from './migrate.ts';
import { withTransaction } from './pool.ts';

let database: TestDatabase;
let directory: string;

beforeEach(async () => {
  database = await createTestDatabase({ empty: true });
  directory = mkdtempSync(join(tmpdir(), 'drainboard-migrations-'));
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

function write(name: string, sql: string): void {
  writeFileSync(join(directory, name), sql);
}

function run(more: object = {}): Promise<number[]> {
  return migrate(database.pool, { directory, log: silentLog, ...more });
}

test('migrations are applied in order, once, and running again does nothing', async () => {
  write('0002_more.sql', 'ALTER TABLE boats ADD COLUMN sails int NOT NULL DEFAULT 2;');
  write('0001_boats.sql', "CREATE TABLE boats (name text);\nINSERT INTO boats VALUES ('a');");
  expect(await run()).toEqual([1, 2]);
  expect(await run()).toEqual([]);
  const { rows } = await database.pool.query('SELECT * FROM boats');
  expect(rows).toEqual([{ name: 'a', sails: 2 }]);
  expect(await readMigrationState(database.pool, directory)).toEqual({
    applied: [1, 2],
    pending: [],
    ahead: [],
  });
});

test('U-04 of two that migrate at once one works, the other waits and finds it done', async () => {
  write('0001_slow.sql', 'CREATE TABLE boats (name text); SELECT pg_sleep(0.4);');
  write('0002_more.sql', 'CREATE TABLE ships (name text);');
  const runs = await Promise.all([run(), run(), run()]);
  expect(runs.flat().toSorted((a, b) => a - b)).toEqual([1, 2]);
});

test('a migration that fails leaves nothing of itself, keeps those before it, and says which and why', async () => {
  write('0001_boats.sql', 'CREATE TABLE boats (name text);');
  write('0002_bad.sql', 'CREATE TABLE ships (name text); SELECT 1 / 0;');
  await expect(run()).rejects.toMatchObject({
    fault: 'failed',
    message: 'migration 2 (bad) failed: division by zero',
  });
  expect(await readMigrationState(database.pool, directory)).toMatchObject({ applied: [1], pending: [2] });
  const { rows } = await database.pool.query(`SELECT to_regclass('ships') AS ships`);
  expect(rows).toEqual([{ ships: null }]);
});

test('a changed file that was applied is refused', async () => {
  write('0001_boats.sql', 'CREATE TABLE boats (name text);');
  await run();
  write('0001_boats.sql', 'CREATE TABLE boats (name text, sails int);');
  await expect(run()).rejects.toMatchObject({ fault: 'changed' });
  await expect(readMigrationState(database.pool, directory)).rejects.toMatchObject({ fault: 'changed' });
});

test('line ends of another system do not count as a change', async () => {
  write('0001_boats.sql', 'CREATE TABLE boats (\n  name text);\n');
  await run();
  write('0001_boats.sql', 'CREATE TABLE boats (\r\n  name text);\r\n');
  expect(await run()).toEqual([]);
});

test('U-02 older code on a newer database does nothing and sees that it is ahead', async () => {
  write('0001_boats.sql', 'CREATE TABLE boats (name text);');
  write('0002_ships.sql', 'CREATE TABLE ships (name text);');
  await run();
  rmSync(join(directory, '0002_ships.sql'));
  expect(await run()).toEqual([]);
  expect(await readMigrationState(database.pool, directory)).toEqual({
    applied: [1, 2],
    pending: [],
    ahead: [2],
  });
});

test('a file numbered below an applied one is refused', async () => {
  write('0002_ships.sql', 'CREATE TABLE ships (name text);');
  await run();
  write('0001_boats.sql', 'CREATE TABLE boats (name text);');
  await expect(run()).rejects.toMatchObject({ fault: 'outOfOrder' });
});

test('U-03 a locked table is tried again, and a lock that stays fails cleanly', async () => {
  write('0001_boats.sql', 'CREATE TABLE boats (name text);');
  await run();
  write('0002_more.sql', 'ALTER TABLE boats ADD COLUMN sails int;');
  await withTransaction(database.pool, async (client) => {
    await client.query('LOCK TABLE boats IN ACCESS SHARE MODE');
    await expect(run({ lockTimeoutMs: 50, lockTries: 2 })).rejects.toMatchObject({ fault: 'lockTimeout' });
    setTimeout(() => client.query('COMMIT'), 300);
    expect(await run({ lockTimeoutMs: 50 })).toEqual([2]);
  });
});

test('a file marked no-transaction may build an index concurrently, also while another process waits', async () => {
  write('0001_boats.sql', 'CREATE TABLE boats (name text);');
  write(
    '0002_index.sql',
    '-- no-transaction\n-- why\nCREATE INDEX CONCURRENTLY IF NOT EXISTS by_name ON boats (name);\nSELECT 1;\n',
  );
  const runs = await Promise.all([run(), run()]);
  expect(runs.flat().toSorted((a, b) => a - b)).toEqual([1, 2]);
});

test('names that are no migration and numbers given twice are mistakes', () => {
  write('0001_boats.sql', 'SELECT 1;');
  write('schema.sql', 'the dump');
  expect(readMigrations(directory)).toHaveLength(1);
  write('0001_ships.sql', 'SELECT 1;');
  expect(() => readMigrations(directory)).toThrow('two migrations are number 1');
  rmSync(join(directory, '0001_ships.sql'));
  write('2_ships.sql', 'SELECT 1;');
  expect(() => readMigrations(directory)).toThrow('2_ships.sql');
});

test('statements are told apart at line ends and comments left out', () => {
  expect(splitStatements("-- a\nSELECT ';' AS x;\n\nSELECT 2")).toEqual(["SELECT ';' AS x", 'SELECT 2']);
});
