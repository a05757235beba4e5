import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LedgerSnapshot } from '../sim/ledger.ts';

const DEMO = fileURLToPath(new URL('./demo.ts', import.meta.url));
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, () => resolve());
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Running {
  child: ChildProcess;
  output(): string;
  /** The demo's exit status. */
  ended: Promise<number | null>;
}

async function startDemo(...args: string[]): Promise<Running> {
  const port = String(await freePort());
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, DRAINBOARD_DATA_DIR: folder };
  const child = spawn(process.execPath, [DEMO, '--port', port, '--no-open', '--check', ...args], { env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => {
      text += piece.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, output: () => text, ended };
}

/** The newest web process of the demo, once there is another than `not`. */
async function webPid(running: Running, not: number | undefined): Promise<number> {
  for (let tried = 0; tried < 300; tried += 1) {
    const pids = [...running.output().matchAll(/web process (\d+) is starting/g)].map((found) =>
      Number(found[1]),
    );
    const newest = pids.at(-1);
    if (newest !== undefined && newest !== not) return newest;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  throw new Error(`no web process came up:\n${running.output()}`);
}

it('R-01 R-02 K-01 kill -9 of the web process under load: every count equals what was sent', async () => {
  const running = await startDemo('--apps', '3', '--history', '4', '--minutes', '0.15');
  let pid: number | undefined;
  for (let kill = 0; kill < 3; kill += 1) {
    pid = await webPid(running, pid);
    await new Promise((resolve) => {
      setTimeout(resolve, 4_000);
    });
    process.kill(pid, 'SIGKILL');
  }
  const status = await running.ended;
  expect(running.output()).toMatch(
    /All \d+ counts (are equal|agree).* the web process was restarted 3 times/,
  );
  expect(status).toBe(0);
  const account = JSON.parse(
    await readFile(join(folder, 'demo', 'demo-ledger.json'), 'utf8'),
  ) as LedgerSnapshot;
  const apps = Object.values(account.apps);
  expect(apps.reduce((sum, app) => sum + app.delivered.messages, 0)).toBeGreaterThan(40_000);
  expect(apps.map((app) => app.waiting)).toEqual([0, 0, 0]);
});

it('says what is wrong with an option and leaves with status 2', async () => {
  const running = await startDemo('--apps', 'many');
  expect(await running.ended).toBe(2);
  expect(running.output()).toContain('--apps is a number from 1 to 30');
});
