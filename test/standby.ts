/** A streaming standby of a test's Postgres: what a hosting provider fails over to. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDatabaseUrl } from '../store/pool.ts';
import { startServer, type TestServer } from './processes.ts';

export interface Standby extends TestServer {
  /** Waits until it has everything the primary has, then makes it one that takes writes. */
  promote(): Promise<void>;
}

/** Copies a running server and follows it from there. */
export async function startStandby(primary: TestServer): Promise<Standby> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-standby-'));
  const folder = join(dataDir, 'postgres');
  // As pg_basebackup does it, which the embedded server comes without.
  const client = await primary.pool.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', true)");
    const { status, stderr } = spawnSync('cp', ['-a', join(primary.dataDir, 'postgres'), folder], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop()');
    const copied = spawnSync('cp', [
      '-a',
      `${join(primary.dataDir, 'postgres', 'pg_wal')}/.`,
      join(folder, 'pg_wal'),
    ]);
    if (copied.status !== 0) throw new Error('the log could not be copied');
    // What belongs to the running server, not to its data.
    for (const name of ['postmaster.pid', '.s.PGSQL.5432', '.s.PGSQL.5432.lock']) {
      rmSync(join(folder, name), { force: true });
    }
    addFile(folder, 'backup_label', rows[0]?.labelfile ?? '');
  } finally {
    client.release();
  }
  addFile(folder, 'standby.signal', '');
  const { host, port, user } = parseDatabaseUrl(primary.url);
  appendFileSync(
    join(folder, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${host} port=${port} user=${user}'\nhot_standby = on\nwal_retrieve_retry_interval = '200ms'\n`,
  );
  const server = await startServer({ dataDir });
  return {
    ...server,
    promote: async () => {
      const { rows } = await primary.pool.query<{ at: string }>(
        'SELECT pg_current_wal_flush_lsn()::text AS at',
      );
      for (;;) {
        const { rows: replayed } = await server.pool.query<{ there: boolean }>(
          'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS there',
          [rows[0]?.at],
        );
        if (replayed[0]?.there === true) break;
        await sleep(20);
      }
      await server.pool.query('SELECT pg_promote(true, 30)');
    },
    close: async () => {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A file of the server's own user. */
function addFile(folder: string, name: string, text: string): void {
  const file = join(folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  const { uid, gid } = statSync(folder);
  chownSync(file, uid, gid);
}
