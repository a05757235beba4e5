/** What the demo needs in the local installation: fresh apps with drain URLs, an admin, an API token. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readApp, updateApp } from '../../store/apps.ts';
import { withTransaction } from '../../store/pool.ts';
import type { Environment } from '../env.ts';
import { openStoreForCli } from '../local.ts';

const run = promisify(execFile);

export interface Installed {
  app: string;
  drainUrl: string;
}

export interface Admin {
  email: string;
  password: string;
}

/** What the demo remembers of its earlier runs in the same data folder. */
interface Memory {
  apps: string[];
  admin?: Admin;
}

function script(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}

/** Runs a command of ours that prints one JSON object. @throws with what it said when it fails */
async function runJson<T>(env: Environment, args: string[]): Promise<T> {
  const { stdout } = await run(process.execPath, [script('drainboard.ts'), ...args, '--json'], {
    env: { ...env },
  });
  return JSON.parse(stdout) as T;
}

/** Applies the migrations, as the release phase does. */
export async function release(env: Environment): Promise<void> {
  await run(process.execPath, [script('release.ts')], { env: { ...env } });
}

/**
 * Registers the apps anew: those of an earlier demo in this data folder are removed first, so that every
 * count begins at zero. Apps that the demo did not make are never touched.
 * @throws when an app of that name exists and is not the demo's
 */
export async function installApps(
  env: Environment,
  dataDir: string,
  names: string[],
  historyHours: number,
): Promise<Installed[]> {
  const memory = recall(dataDir);
  for (const name of memory.apps) {
    // Somebody may have removed it by hand since.
    await runJson(env, ['app', 'remove', name, '--yes']).catch(() => undefined);
  }
  remember(dataDir, { ...memory, apps: names });
  const installed: Installed[] = [];
  for (const name of names) {
    const history = historyHours > 0 ? ['--history', '48h'] : [];
    installed.push(await runJson<Installed>(env, ['app', 'add', name, ...history]));
  }
  return installed;
}

/** Switches custom metrics on: off is the default, and the demo wants to show them. */
export async function showCustomMetrics(env: Environment, names: string[]): Promise<void> {
  const store = await openStoreForCli(env);
  try {
    await withTransaction(store.pool, async (tx) => {
      for (const name of names) {
        const app = await readApp(tx, name);
        if (app !== null) await updateApp(tx, app.id, { customMetrics: true });
      }
    });
  } finally {
    await store.close();
  }
}

/** An API token that may read. */
export async function makeToken(env: Environment): Promise<string> {
  const { token } = await runJson<{ token: string }>(env, ['token', 'create', '--role', 'viewer']);
  return token;
}

/**
 * The account to look around with: made through set-up in a fresh data folder, remembered afterwards.
 * @returns undefined when set-up is closed and the account is not ours
 * @throws when it is open and still refuses us
 */
export async function makeAdmin(
  baseUrl: string,
  setupToken: string,
  dataDir: string,
): Promise<Admin | undefined> {
  const memory = recall(dataDir);
  if (memory.admin !== undefined) return memory.admin;
  const admin = { email: 'admin@example.com', password: randomBytes(15).toString('base64url') };
  const response = await fetch(`${baseUrl}/api/v1/setup`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: baseUrl, 'Sec-Fetch-Site': 'same-origin' },
    body: JSON.stringify({ token: setupToken, displayName: 'Demo admin', ...admin }),
  });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
    if (problem.code === 'setupClosed') return undefined;
    throw new Error(`the demo's account could not be made: ${response.status} ${problem.detail ?? ''}`);
  }
  remember(dataDir, { ...memory, admin });
  return admin;
}

function memoryFile(dataDir: string): string {
  return join(dataDir, 'demo.json');
}

function recall(dataDir: string): Memory {
  if (!existsSync(memoryFile(dataDir))) return { apps: [] };
  return JSON.parse(readFileSync(memoryFile(dataDir), 'utf8')) as Memory;
}

function remember(dataDir: string, memory: Memory): void {
  const file = memoryFile(dataDir);
  // It holds the demo's password.
  writeFileSync(`${file}.new`, `${JSON.stringify(memory)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
