import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { type Child, startChild } from '../test/child.ts';
import { startEmbedded } from './embedded/server.ts';
import { forgetSetupToken, readServerNote, writeServerNote } from './local.ts';

const RUNNER = fileURLToPath(new URL('../test/run-local.ts', import.meta.url));
const RELEASE = fileURLToPath(new URL('release.ts', import.meta.url));

interface Ready {
  secret: string;
  setupToken: string;
  databaseUrl: string;
  notes: string[];
  pid: number;
}

let dataDir: string;
const children: Child[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'drainboard-local-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exit;
  }
  if (existsSync(join(dataDir, 'postgres', 'postmaster.pid'))) {
    await (await startEmbedded({ dataDir, log: silentLog })).stop();
  }
  rmSync(dataDir, { recursive: true, force: true });
});

function run(file: string, args: string[], env: Record<string, string> = {}): Child {
  const child = startChild(file, args, { env: { DRAINBOARD_DATA_DIR: dataDir, ...env } });
  children.push(child);
  return child;
}

async function start(): Promise<Ready & { child: Child }> {
  const child = run(RUNNER, ['start']);
  const [line] = await child.says(/^\{.*"event":"ready".*$/m, 60_000);
  return { ...(JSON.parse(line) as Ready), child };
}

test('npm start makes its secrets once, keeps them from others’ eyes and says where the data is', async () => {
  const first = await start();
  first.child.kill('SIGINT');
  expect(await first.child.exit).toBe(0);
  const second = await start();
  expect([second.secret, second.setupToken]).toEqual([first.secret, first.setupToken]);
  expect(second.secret).toMatch(/^[0-9a-f]{64}$/);
  expect(second.notes.join('\n')).toContain(dataDir);
  for (const name of ['secret', 'setup-token'])
    expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
  const log =
    first.child.stderr() + second.child.stderr() + readFileSync(join(dataDir, 'postgres.log'), 'utf8');
  expect(log.includes(first.secret) || log.includes(first.setupToken)).toBe(false);
});

test('a command uses the server that runs and leaves it running', async () => {
  const server = await start();
  writeServerNote(dataDir, { baseUrl: 'http://localhost:5123', pid: server.child.pid });
  await expect(release(server.databaseUrl)).resolves.toBe(0);
  const command = run(RUNNER, ['cli']);
  expect(await command.exit).toBe(0);
  expect(JSON.parse(command.stdout())).toEqual({
    event: 'cli',
    apps: 0,
    baseUrl: 'http://localhost:5123',
    secret: server.secret,
  });
  await expect(release(server.databaseUrl)).resolves.toBe(0);
});

function release(databaseUrl: string): Promise<number | string> {
  return run(RELEASE, [], { DATABASE_URL: databaseUrl }).exit;
}

test('commands without a server start one, also several at once, and leave none behind', async () => {
  const commands = [1, 2, 3].map(() => run(RUNNER, ['cli']));
  const ends = await Promise.all(commands.map((command) => command.exit));
  expect([ends, commands.map((command) => command.stderr()).join('')]).toEqual([
    [0, 0, 0],
    expect.any(String),
  ]);
  const secrets = commands.map((command) => (JSON.parse(command.stdout()) as { secret: string }).secret);
  expect(new Set(secrets).size).toBe(1);
  const last = run(RUNNER, ['cli']);
  expect(await last.exit).toBe(0);
  expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
});

test('U-06 U-07 on a dyno nothing is generated: what is missing is named and the exit status is 1', async () => {
  const child = run(RUNNER, ['start'], { DYNO: 'web.1', DRAINBOARD_WORKR: 'x' });
  expect(await child.exit).toBe(1);
  for (const name of ['DATABASE_URL', 'DRAINBOARD_SECRET', 'DRAINBOARD_SETUP_TOKEN', 'DRAINBOARD_WORKR']) {
    expect(child.stderr()).toContain(`  ${name} `);
  }
  expect(existsSync(join(dataDir, 'secret'))).toBe(false);
});

test('U-03 a release phase that cannot reach its database fails with one line and exit status 1', async () => {
  const child = run(RELEASE, [], { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/none' });
  expect(await child.exit).toBe(1);
  expect(child.stdout().trim().split('\n')).toHaveLength(1);
  expect(JSON.parse(child.stdout())).toMatchObject({ event: 'release.failed', level: 'error' });
  expect(child.stdout()).not.toContain('hunter2');
});

test('the set-up token is forgotten once it is used, and notes that are damaged count as absent', async () => {
  const { child } = await start();
  child.kill('SIGINT');
  await child.exit;
  forgetSetupToken(dataDir);
  expect(existsSync(join(dataDir, 'setup-token'))).toBe(false);
  expect(readServerNote(dataDir)).toBeUndefined();
});
