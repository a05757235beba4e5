import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Account, canEnter } from './account.ts';
import { EmbeddedError, type Native } from './native.ts';

/** The only role, with all rights; reachable through the socket alone, which only its owner may open. */
export const DATABASE_USER = 'drainboard';

/** A minimal environment: nothing of ours, secrets least of all, is handed to the server. */
export const SERVER_ENV = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * How the server is told where its folder is. A folder that `account` cannot reach from the root (a
 * clone under /root) is still usable as the working directory, which is set before the user is changed.
 */
export function nameFolder(folder: string, account: Account | undefined): string {
  if (canEnter(folder, account)) return folder;
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new EmbeddedError(
    `user ${account?.uid} cannot enter ${folder}, and Postgres does not run as root: ` +
      'run as a normal user, or set DRAINBOARD_DATA_DIR to a folder that others may enter',
  );
}

/**
 * Makes the database folder unless it is there. It appears under its name only when complete, so a
 * kill in the middle leaves nothing that looks like a database.
 */
export function createCluster(native: Native, folder: string, account: Account | undefined): void {
  if (existsSync(join(folder, 'PG_VERSION'))) return;
  const partial = `${folder}.new`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  chmodSync(partial, 0o700);
  if (account !== undefined) chownSync(partial, account.uid, account.gid);
  const args = ['-D', nameFolder(partial, account), '-E', 'UTF8', '--locale-provider=builtin'];
  const run = spawnSync(
    native.initdb,
    [...args, '--locale=C.UTF-8', '-U', DATABASE_USER, '-A', 'trust', '--no-instructions'],
    { cwd: partial, env: SERVER_ENV, encoding: 'utf8', ...account },
  );
  if (run.status !== 0) {
    const reason = run.error?.message ?? `${run.stderr}`.trim();
    throw new EmbeddedError(`the database folder could not be made: ${explainFailure(reason)}`);
  }
  renameSync(partial, folder);
}

/** Adds what to do to messages that are known to puzzle. */
export function explainFailure(message: string): string {
  if (/GLIBC|not found.*required|ENOENT/.test(message)) {
    return `${message} (the embedded Postgres needs glibc 2.17 or newer; elsewhere set DATABASE_URL)`;
  }
  if (/user does not exist/.test(message)) {
    return `${message} (Postgres wants a name for it in /etc/passwd: add one, or set DATABASE_URL)`;
  }
  if (/EPERM|Operation not permitted/.test(message)) {
    return `${message} (root here may not change users: run as a normal user or set DATABASE_URL)`;
  }
  return message;
}

/** Throws with a plain sentence when the folder is another user's or another major version's. */
export function checkCluster(native: Native, folder: string): void {
  let version: string;
  try {
    version = readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim();
  } catch (cause) {
    const owner = statSync(folder, { throwIfNoEntry: false })?.uid;
    throw new EmbeddedError(
      `the database in ${folder} belongs to user ${owner} (was it started as root before?): start it as ` +
        'that user or as root, or set DRAINBOARD_DATA_DIR to another folder',
      { cause },
    );
  }
  const major = native.version.split('.')[0];
  if (version !== major) {
    throw new EmbeddedError(
      `the database in ${folder} was made by Postgres ${version}, and this is ${major}: ` +
        'dump it with the old version and load it into a new folder, or keep the old package',
    );
  }
}

/** What `postmaster.pid` says, or undefined when there is none. */
export function readPostmaster(folder: string): { pid: number; status: string } | undefined {
  try {
    const lines = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 0 ? { pid, status: (lines[7] ?? '').trim() } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether process `pid` is the server of this folder. Pids are used again, and an orphan that nobody
 * reaps still takes signals, so on Linux the process's working directory decides; elsewhere its name.
 */
export function isPostmaster(pid: number, folder: string): boolean {
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
    } catch {
      return false;
    }
  }
  const { stdout } = spawnSync('/bin/ps', ['-o', 'stat=,comm=', '-p', String(pid)], { encoding: 'utf8' });
  return /postgres/.test(stdout) && !/^\s*Z/.test(stdout);
}
