import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../model/log.ts';
import { DAY } from '../../model/time.ts';
import { ensureDatabase, withDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { alignedRange, ensurePartitionsForRange, partitionName } from '../../store/partitions.ts';
import { buildPool, type Pool } from '../../store/pool.ts';
import { until } from '../drain.ts';
import { freePort, killAll, startServer, startWeb, type TestServer } from '../processes.ts';
import { type Load, readAccount, startLoad } from './load.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';

let server: TestServer;
const loads: Load[] = [];
const disks: SmallDisk[] = [];

beforeAll(async () => {
  server = await startServer();
});
afterEach(async () => {
  for (const load of loads.splice(0)) load.stop();
  await killAll();
});
afterAll(async () => {
  await server.close();
  for (const disk of disks) disk.close();
});

async function load(pool: Pool, port: number): Promise<Load> {
  const started = await startLoad(pool, { port, perSecond: 80 });
  loads.push(started);
  await until(() => started.delivered() > 40);
  return started;
}

/** All was kept, none was told a failure. */
async function expectNothingLost(pool: Pool, sending: Load): Promise<void> {
  await sending.finish();
  const account = await readAccount(pool, sending);
  expect(account.wrong).toEqual([]);
  expect(account.gaps).toEqual([]);
  expect(account.sent.lost.messages + account.sent.unknown.messages).toBe(0);
}

test('P-07 R-07 INSERT is taken away for being over the plan: frames are held, the oldest details are truncated, and with the right back all is counted and on record', async () => {
  // Not the server's own user, who may do anything: the owner of a database, as a hosting provider gives it out.
  await server.pool.query('CREATE ROLE tenant LOGIN');
  const url = withDatabase(server.url, 'tenant').replace('drainboard@', 'tenant@');
  await ensureDatabase(withDatabase(server.url, 'tenant'), silentLog);
  await server.pool.query('ALTER DATABASE tenant OWNER TO tenant');
  const pool = buildPool({ url, max: 3, applicationName: 'test', log: silentLog });
  try {
    await migrate(pool, { log: silentLog });
    const oldMs = Date.now() - 3 * DAY;
    await ensurePartitionsForRange(pool, 'request_details', oldMs, Date.now());
    await pool.query(
      `INSERT INTO request_details (at_ms, app_id, reason, sample_rate, path)
       SELECT $1, 1, 'sample', 1, repeat(md5(n::text), 8) FROM generate_series(1, 30000) AS n`,
      [oldMs],
    );
    const port = await freePort();
    const web = await startWeb({ url }, { port });
    const sending = await load(pool, port);
    await pool.query('REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM tenant');
    await web.says(/commit\.waiting.*42501/);
    await web.says(/retention\.madeRoom/);
    const partition = partitionName('request_details', alignedRange('request_details', oldMs).from);
    const { rows } = await pool.query(`SELECT count(*) AS n FROM ${partition}`);
    expect(rows).toEqual([{ n: 0 }]);
    await pool.query('GRANT INSERT ON ALL TABLES IN SCHEMA public TO tenant');
    await expectNothingLost(pool, sending);
    await until(async () => {
      const audit = await pool.query("SELECT after FROM audit_log WHERE action = 'retention.madeRoom'");
      return JSON.stringify(audit.rows).includes(partition);
    });
  } finally {
    await pool.end();
  }
});

test('P-08 R-07 the disk of the data is full for 3 s (53100): as away, and it goes on by itself once there is room', async () => {
  const port = await freePort();
  const web = await startWeb(server, { port });
  const sending = await load(server.pool, port);
  const { rows } = await server.pool.query<{ name: string }>(
    `SELECT tableoid::regclass::text AS name FROM chunks ORDER BY committed_at_ms DESC LIMIT 1`,
  );
  const partition = rows[0]?.name ?? '';
  const disk = mountSmallDisk(16, join(server.dataDir, 'postgres'));
  if (disk === null) {
    // Mounting needs rights that not every machine gives: then the server is made to answer as if.
    await server.pool.query(
      `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON ${partition} FOR EACH ROW EXECUTE FUNCTION full_disk()`,
    );
  } else {
    disks.push(disk);
    await server.pool.query(`CREATE TABLESPACE small LOCATION '${disk.folder}'`);
    await server.pool.query(`ALTER TABLE ${partition} SET TABLESPACE small`);
    disk.fill();
  }
  await web.says(/commit\.waiting.*53100/);
  await sleep(3_000);
  if (disk === null) await server.pool.query('DROP FUNCTION full_disk CASCADE');
  else disk.free();
  await expectNothingLost(server.pool, sending);
  // Not on the small disk any more, which is gone at the end.
  if (disk !== null) await server.pool.query(`ALTER TABLE ${partition} SET TABLESPACE pg_default`);
  if (disk !== null) await server.pool.query('DROP TABLESPACE small');
});

test('P-09 R-07 the disk of the write-ahead log is full and the server goes down: as away, and all is there once there is room', async () => {
  const folder = join(server.dataDir, 'postgres');
  const disk = mountSmallDisk(96, folder);
  if (disk !== null) {
    disks.push(disk);
    await server.stop('SIGINT');
    for (const command of [`cp -a ${folder}/pg_wal ${disk.folder}/`, `rm -rf ${folder}/pg_wal`]) {
      expect(spawnSync('sh', ['-c', command]).status).toBe(0);
    }
    symlinkSync(join(disk.folder, 'pg_wal'), join(folder, 'pg_wal'));
    await server.start();
  }
  const port = await freePort();
  const web = await startWeb(server, { port });
  const sending = await load(server.pool, port);
  if (disk === null) {
    // What a full log disk comes to: the server is gone, and does not come back before somebody acts.
    await server.stop('SIGQUIT');
  } else {
    disk.fill();
    // Somebody writes a lot until there is no room for the next piece of the log.
    const flood = buildPool({ url: server.url, max: 1, applicationName: 'flood', log: silentLog });
    await flood.query('CREATE TABLE flood (text text)');
    await expect(
      (async () => {
        for (;;)
          await flood.query("INSERT INTO flood SELECT repeat('x', 7000) FROM generate_series(1, 2000)");
      })(),
    ).rejects.toThrow();
    await flood.end();
  }
  await web.says(/commit\.waiting/);
  await sleep(2_500);
  if (disk === null) await server.start();
  else disk.free();
  await until(async () => (await server.pool.query('SELECT 1').catch(() => null)) !== null, 20_000);
  await expectNothingLost(server.pool, sending);
});
