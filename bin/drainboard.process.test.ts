import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT_FOLDER } from './settings.ts';

const PROGRAM = join(PROJECT_FOLDER, 'bin', 'drainboard.ts');
let dataDir: string;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'drainboard-cli-'));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

interface Ran {
  status: number;
  out: string;
  err: string;
}

/** Runs the program as npx does: by its shebang, with the project's Node first on the path. */
function run(
  args: string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
): Promise<Ran> {
  const path = `${join(PROJECT_FOLDER, 'node_modules', '.bin')}:${process.env.PATH}`;
  return new Promise((resolve) => {
    const child = execFile(
      PROGRAM,
      args,
      { env: { PATH: path, DRAINBOARD_DATA_DIR: dataDir, ...env }, timeout: 60_000 },
      (error, out, err) =>
        resolve({ status: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}

const BASE = { env: { DRAINBOARD_BASE_URL: 'https://drains.example.com' } };

test('the program is executable as it lies in the clone', () => {
  expect(statSync(PROGRAM).mode & 0o111).toBe(0o111);
});

describe('with no server running', () => {
  test('app add gives the drain URL and the commands to paste, once', async () => {
    const made = await run(['app', 'add', 'shop', '--history', '48h', '--json'], BASE);
    expect([made.status, made.err]).toEqual([0, '']);
    const answer = JSON.parse(made.out);
    expect(Object.keys(answer)).toEqual(['app', 'drainUrl', 'commands']);
    expect(answer.drainUrl).toMatch(/^https:\/\/shop:[A-Za-z0-9_]{28,}@drains\.example\.com\/drain$/);
    expect(answer.commands[0]).toBe(`heroku drains:add "${answer.drainUrl}" -a shop`);
    const again = await run(['app', 'add', 'shop', '--json'], BASE);
    expect([again.status, again.out]).toEqual([1, '']);
    expect(again.err).toContain('already registered');
  });

  test('app list, rotate and remove work on it', async () => {
    await run(['app', 'add', 'second', '--json'], BASE);
    const list = JSON.parse((await run(['app', 'list', '--json'])).out);
    expect(list.map((row: { app: string }) => row.app)).toEqual(['second', 'shop']);
    const rotated = await run(['--json', 'app', 'rotate', 'second', '--now'], BASE);
    expect(JSON.parse(rotated.out).drainUrl).toContain('https://second:');
    const unsure = await run(['app', 'remove', 'second']);
    expect(unsure.status, 'nobody is there to confirm').toBe(2);
    const removed = await run(['app', 'remove', 'second', '--yes', '--json'], BASE);
    expect(JSON.parse(removed.out)).toMatchObject({ app: 'second', removed: true });
    expect((await run(['app', 'rotate', 'second'])).status).toBe(1);
  });

  test('token create prints the token, and doctor sees the installation', async () => {
    const token = JSON.parse((await run(['token', 'create', '--role', 'editor', '--json'])).out);
    expect(token.token).toMatch(/^dbt_/);
    expect(token.role).toBe('editor');
    const doctor = await run(['doctor', '--json'], BASE);
    const answer = JSON.parse(doctor.out);
    expect([doctor.status, answer.ok]).toEqual([0, true]);
    const levels = new Map(answer.checks.map((c: { check: string; level: string }) => [c.check, c.level]));
    expect(levels.get('migrations')).toBe('ok');
    expect(levels.get('drains'), 'shop never sent').toBe('warn');
  });
});

test('doctor names all faults of the configuration together and fails', async () => {
  const { status, out } = await run(['doctor', '--json'], {
    env: { PORT: 'abc', DRAINBOARD_SECRET: 'short' },
  });
  const answer = JSON.parse(out);
  expect([status, answer.ok]).toEqual([1, false]);
  expect(answer.checks.map((check: { text: string }) => check.text.split(' ')[0]).sort()).toEqual([
    'DRAINBOARD_SECRET',
    'PORT',
  ]);
});

test('doctor fails when the database cannot be reached, and says nothing of its password', async () => {
  const { status, out } = await run(['doctor'], {
    env: {
      DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x',
      DRAINBOARD_SECRET: 'x'.repeat(32),
      DRAINBOARD_SETUP_TOKEN: 'y'.repeat(16),
    },
  });
  expect(status).toBe(1);
  expect(out).toContain('fail  database');
  expect(out).not.toContain('hunter2');
});

test('parse needs neither database nor configuration', async () => {
  const line = '<174>1 2012-07-22T00:06:26+00:00 host erlang console - Hi from erlang\n';
  const { status, out } = await run(['parse'], { input: `${line.length} ${line}`, env: { PORT: 'abc' } });
  expect(status).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ kind: 'app', text: 'Hi from erlang' });
});

test.each([
  [[]],
  [['nope']],
  [['__proto__']],
  [['app']],
  [['app', 'nope']],
  [['app', 'add']],
  [['app', 'add', 'a', 'b']],
  [['app', 'add', 'a', '--histroy', '48h']],
  [['app', 'add', 'a', '--history', '48 hours']],
  [['token', 'create']],
  [['token', 'create', '--role', 'root']],
  [['replay', 'file']],
])('%j is called wrongly: usage on standard error, nothing on standard output, exit 2', async (args) => {
  const { status, out, err } = await run([...args, '--json']);
  expect([status, out]).toEqual([2, '']);
  expect(err).toContain('Usage: drainboard COMMAND');
});

test('help and version answer on standard output', async () => {
  expect((await run(['help'])).out).toContain('app add NAME [--history 48h]');
  expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(JSON.parse((await run(['app', '--help', '--json'])).out).usage).toHaveLength(5);
});
