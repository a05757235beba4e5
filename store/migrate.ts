import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Log } from '../model/log.ts';
import { type Client, type Pool, withTransaction } from './pool.ts';

/** One file of migrations/. */
export interface Migration {
  version: number;
  name: string;
  sql: string;
  /** SHA-256 of the text with plain newlines, as hex. */
  checksum: string;
  /** False when its first line is `-- no-transaction`: statements run one by one, each safe twice. */
  inTransaction: boolean;
}

export type MigrationFault = 'badName' | 'twice' | 'changed' | 'outOfOrder' | 'failed' | 'lockTimeout';

/** Why migrating stopped. What was applied before stays applied. */
export class MigrationError extends Error {
  override name = 'MigrationError';
  readonly fault: MigrationFault;

  constructor(fault: MigrationFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}

export interface MigrationState {
  /** Versions in the database. */
  applied: number[];
  /** Versions of this code that the database lacks. */
  pending: number[];
  /** Versions of the database that this code does not know: a newer release ran before, which is fine. */
  ahead: number[];
}

export interface MigrateOptions {
  log: Log;
  /** Default: the product's migrations/. */
  directory?: string;
  /** How long a statement may wait for a table lock: meanwhile everybody else queues behind it. */
  lockTimeoutMs?: number;
  /** How often one migration is tried again after such a wait, with growing pauses. */
  lockTries?: number;
  /** How long to wait for another migrating process. */
  waitMs?: number;
}

export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('../migrations/', import.meta.url));

/** One number for all Drainboards: the lock belongs to a database anyway. ASCII for "drai". */
const LOCK_KEY = 0x64726169;
const LOCK_NOT_AVAILABLE = '55P03';
/** Whoever comes after waits as long, frames too: they must be answered within a second all the same (P-12). */
const LOCK_TIMEOUT_MS = 500;
/** With their pauses some 90 s. */
const LOCK_TRIES = 20;
/** Worth another try: a lock that was not to be had, a deadlock with one who held it. */
const LOCK_FAILURES = new Set([LOCK_NOT_AVAILABLE, '40P01']);
const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;
/** Not a step but the dump of the result. */
const SCHEMA_DUMP = 'schema.sql';

/**
 * Brings the database to this code's schema; safe twice, beside another that does the same, and on a
 * database that is ahead. Gives the versions this call applied. Throws a MigrationError.
 */
export async function migrate(pool: Pool, options: MigrateOptions): Promise<number[]> {
  const migrations = readMigrations(options.directory ?? MIGRATIONS_DIRECTORY);
  const done: number[] = [];
  for (const migration of migrations) {
    const applied = await applyWithRetries(pool, migration, options);
    if (!applied) continue;
    done.push(migration.version);
    options.log.info('migration.applied', { version: migration.version, name: migration.name });
  }
  return done;
}

/** Compares database and files without changing anything. Throws a MigrationError for a changed file. */
export async function readMigrationState(
  pool: Pool,
  directory = MIGRATIONS_DIRECTORY,
): Promise<MigrationState> {
  const migrations = readMigrations(directory);
  const { rows } = await pool.query<{ found: boolean }>(
    `SELECT to_regclass('schema_migrations') IS NOT NULL AS found`,
  );
  const applied = rows[0]?.found === true ? await readApplied(pool) : new Map<number, AppliedRow>();
  for (const migration of migrations) checkApplied(migration, applied);
  const known = new Set(migrations.map((migration) => migration.version));
  return {
    applied: [...applied.keys()],
    pending: [...known].filter((version) => !applied.has(version)),
    ahead: [...applied.keys()].filter((version) => !known.has(version)),
  };
}

/** Reads NNNN_name.sql in order. A file of any other name, or a number given twice, is a mistake. */
export function readMigrations(directory: string): Migration[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.sql') && name !== SCHEMA_DUMP);
  const migrations = names.sort().map((name) => readMigration(directory, name));
  for (const [index, migration] of migrations.entries()) {
    if (migrations[index - 1]?.version === migration.version) {
      throw new MigrationError('twice', `two migrations are number ${migration.version} in ${directory}`);
    }
  }
  return migrations;
}

function readMigration(directory: string, fileName: string): Migration {
  const [, version, name] = FILE_NAME.exec(fileName) ?? [];
  if (version === undefined || name === undefined) {
    throw new MigrationError('badName', `${fileName} in ${directory} is not named NNNN_what_it_does.sql`);
  }
  const sql = readFileSync(join(directory, fileName), 'utf8').replaceAll('\r\n', '\n');
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { version: Number(version), name, sql, checksum, inTransaction: !/^-- no-transaction\b/.test(sql) };
}

async function applyWithRetries(pool: Pool, migration: Migration, options: MigrateOptions): Promise<boolean> {
  const tries = options.lockTries ?? LOCK_TRIES;
  for (let tried = 1; ; tried++) {
    try {
      return await withTransaction(pool, (client) => applyUnderLock(pool, client, migration, options), {
        statementTimeoutMs: 0,
      });
    } catch (error) {
      if (error instanceof MigrationError) throw error;
      const waited = LOCK_FAILURES.has((error as { code?: string }).code ?? '');
      if (!waited) throw new MigrationError('failed', renderFailure(migration, error), { cause: error });
      if (tried >= tries) {
        const message = `${renderFailure(migration, error)}: a table stayed locked over ${tries} tries`;
        throw new MigrationError('lockTimeout', message, { cause: error });
      }
      options.log.warn('migration.lockWait', { version: migration.version, tried });
      await sleep(Math.min(250 * 2 ** tried, 5_000));
    }
  }
}

function renderFailure(migration: Migration, error: unknown): string {
  const cause = error as { message?: string; code?: string };
  return `migration ${migration.version} (${migration.name}) failed: ${cause.message ?? String(error)}`;
}

/** True when this call applied it, false when it was there. */
async function applyUnderLock(
  pool: Pool,
  client: Client,
  migration: Migration,
  options: MigrateOptions,
): Promise<boolean> {
  await lockOut(client, options.waitMs ?? 600_000);
  await client.query(CREATE_TABLE);
  const applied = await readApplied(client);
  if (checkApplied(migration, applied)) return false;
  const lockTimeout = `SET LOCAL lock_timeout = ${Math.trunc(options.lockTimeoutMs ?? LOCK_TIMEOUT_MS)}`;
  if (migration.inTransaction) {
    await client.query(lockTimeout);
    await client.query(migration.sql);
  } else {
    // Another connection, while this one's open transaction keeps the lock and holds no snapshot.
    for (const statement of splitStatements(migration.sql)) await runAlone(pool, statement, lockTimeout);
  }
  await client.query(
    'INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, now())',
    [migration.version, migration.name, migration.checksum],
  );
  return true;
}

/** These run in no transaction, and wait without a lock that others would queue behind. */
const ALONE = /\bCONCURRENTLY\b|^VACUUM\b/i;
const INDEX_BUILT = /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (\w+)/i;

async function runAlone(pool: Pool, statement: string, lockTimeout: string): Promise<void> {
  if (!ALONE.test(statement)) {
    await withTransaction(pool, (client) => client.query(`${lockTimeout}; ${statement}`), {
      statementTimeoutMs: 0,
    });
    return;
  }
  const [, index] = INDEX_BUILT.exec(statement) ?? [];
  if (index !== undefined) await dropInvalidIndex(pool, index);
  await pool.query(statement);
}

/** A build that was cut off leaves an index that nobody uses and every write pays for; IF NOT EXISTS is content with it. */
async function dropInvalidIndex(pool: Pool, index: string): Promise<void> {
  const { rowCount } = await pool.query(
    'SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid',
    [index],
  );
  if (rowCount === 1) await pool.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index}`);
}

/**
 * Lets one process in at a time. Asked for again and again instead of waited for: a statement that
 * waits holds a snapshot, and CREATE INDEX CONCURRENTLY in the other process would wait for it for ever.
 */
async function lockOut(client: Client, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    // Without parameters: the extended protocol would leave a portal open, and its snapshot with it.
    const { rows } = await client.query<{ locked: boolean }>(
      `SELECT pg_try_advisory_xact_lock(${LOCK_KEY}) AS locked`,
    );
    if (rows[0]?.locked === true) return;
    if (performance.now() > deadline) {
      throw new MigrationError('lockTimeout', `another process has been migrating for ${waitMs} ms`);
    }
    await sleep(100);
  }
}

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version int PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL
)`;

interface AppliedRow {
  version: number;
  name: string;
  checksum: string;
}

async function readApplied(from: Pick<Pool | Client, 'query'>): Promise<Map<number, AppliedRow>> {
  const { rows } = await from.query<AppliedRow>(
    'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
  );
  return new Map(rows.map((row) => [row.version, row]));
}

/** True when it is applied as it stands in the file. */
function checkApplied(migration: Migration, applied: Map<number, AppliedRow>): boolean {
  const row = applied.get(migration.version);
  if (row !== undefined && row.checksum !== migration.checksum) {
    throw new MigrationError(
      'changed',
      `migration ${migration.version} (${migration.name}) was applied as ${row.name} with another content: ` +
        'an applied file must not be edited; put it back and add a new one',
    );
  }
  if (row === undefined && [...applied.keys()].some((version) => version > migration.version)) {
    throw new MigrationError(
      'outOfOrder',
      `migration ${migration.version} (${migration.name}) is not applied but a later one is: give it a new number`,
    );
  }
  return row !== undefined;
}

/** For files without transaction: statements end at a `;` that ends a line, so no function bodies. */
export function splitStatements(sql: string): string[] {
  const statements = sql.split(/;[ \t]*(?:\n|$)/).map((text) => text.replace(/^\s*--.*$/gm, '').trim());
  return statements.filter((text) => text !== '');
}
