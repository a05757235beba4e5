import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, silentLog } from '../../model/log.ts';
import { ensureDatabase, pingDatabase } from '../../store/database.ts';
import { type Account, chooseAccount } from './account.ts';
import {
  checkCluster,
  createCluster,
  DATABASE_USER,
  explainFailure,
  isPostmaster,
  nameFolder,
  readPostmaster,
  SERVER_ENV,
} from './cluster.ts';
import { type Lock, takeLock } from './lock.ts';
import { EmbeddedError, type Native, prepareNative } from './native.ts';
import { forgetSocket, reachSocket } from './socket.ts';

export interface EmbeddedOptions {
  /** The data folder; the database lives in its `postgres`. Made if absent. */
  dataDir: string;
  log: Log;
  /** How long to wait for another process that has the folder, before giving up with a `LockedError`. */
  lockWaitMs?: number;
  /** Server settings on top of ours, for tests and benchmarks. */
  settings?: Record<string, string>;
}

export interface Embedded {
  /** For `buildPool`: the socket's folder is its `host` parameter. */
  url: string;
  socketDir: string;
  /** The server was already running, left behind by a process that died. */
  adopted: boolean;
  /** Of the server now; another one after it died and was started again. */
  pid(): number;
  /** Stops the server (open transactions are rolled back) and gives the folder free. Twice is fine. */
  stop(): Promise<void>;
  /** Gives the folder free and leaves the server running, for a successor to adopt. */
  leave(): void;
}

/** Another process has the data folder. */
export class LockedError extends EmbeddedError {
  override name = 'LockedError';
}

const SETTINGS: Record<string, string> = {
  listen_addresses: '',
  unix_socket_directories: '.',
  unix_socket_permissions: '0700',
  shared_buffers: '128MB',
  max_connections: '60',
  max_wal_size: '1GB',
  wal_compression: 'on',
  fsync: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // A statement whose client is gone is ended, not finished for nobody.
  client_connection_check_interval: '2s',
  // The server's log must not hold what was in a row or a statement.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

/** A crashed server's children need a moment to go before its memory may be used again. */
const START_TRIES = 60;
const RETRY_DELAY_MS = 500;
/** Recovery after a crash replays at most max_wal_size; slow disks need minutes, never this long. */
const READY_TIMEOUT_MS = 600_000;
const WATCH_INTERVAL_MS = 500;
const STOP_TIMEOUT_MS = 20_000;
const SERVER_LOG_LIMIT_BYTES = 10 * 1024 * 1024;

/**
 * Starts the embedded Postgres of a data folder, or adopts the one that a dead process left running, and
 * keeps it running until `stop()`. Throws an EmbeddedError with a sentence for the person at the terminal.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true });
  const lock = await waitForLock(dataDir, options.lockWaitMs ?? 3_000);
  try {
    const server = new Server(realpathSync(dataDir), lock, options);
    await server.start();
    return server;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The URL of a folder's server, whether or not it runs. */
export function nameEmbedded(dataDir: string): string {
  const real = existsSync(dataDir) ? realpathSync(dataDir) : resolve(dataDir);
  return renderUrl(reachSocket(join(real, 'postgres'), join(real, 'postgres-socket')));
}

function renderUrl(socketDir: string): string {
  return `postgres://${DATABASE_USER}@localhost/drainboard?host=${encodeURIComponent(socketDir)}`;
}

async function waitForLock(dataDir: string, waitMs: number): Promise<Lock> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const lock = takeLock(join(dataDir, 'lock'));
    if (lock !== undefined) return lock;
    if (performance.now() > deadline) {
      throw new LockedError(
        `another process (npm start?) already uses the data folder ${dataDir}: stop it first, or give ` +
          'this one a folder of its own with DRAINBOARD_DATA_DIR',
      );
    }
    await sleep(100);
  }
}

class Server implements Embedded {
  adopted = false;
  url = '';
  socketDir = '';
  readonly #folder: string;
  readonly #dataDir: string;
  readonly #lock: Lock;
  readonly #log: Log;
  readonly #account: Account | undefined;
  readonly #native: Native;
  readonly #settings: Record<string, string>;
  #pid = 0;
  #stopping = false;
  #watch: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  readonly #wake = new AbortController();

  constructor(dataDir: string, lock: Lock, options: EmbeddedOptions) {
    this.#dataDir = dataDir;
    this.#folder = join(dataDir, 'postgres');
    this.#lock = lock;
    this.#log = options.log;
    this.#account = chooseAccount(this.#folder);
    this.#native = prepareNative(this.#account);
    this.#settings = { ...SETTINGS, ...options.settings };
  }

  async start(): Promise<void> {
    if (!existsSync(this.#folder)) createCluster(this.#native, this.#folder, this.#account);
    checkCluster(this.#native, this.#folder);
    this.#reach();
    await this.#bringUp();
    await ensureDatabase(this.url, silentLog);
    this.#watch = this.#keepRunning();
  }

  pid(): number {
    return this.#pid;
  }

  leave(): void {
    this.#stopping = true;
    this.#wake.abort();
    this.#lock.release();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopOnce();
    return this.#stopped;
  }

  async #stopOnce(): Promise<void> {
    this.#stopping = true;
    this.#wake.abort();
    await this.#watch;
    // SIGINT is Postgres's fast shutdown: clients are disconnected, a checkpoint is written.
    await this.#end('SIGINT');
    if (this.#isRunning()) await this.#end('SIGQUIT');
    forgetSocket(this.#socketNote());
    this.#lock.release();
  }

  async #end(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    if (this.#isRunning()) process.kill(this.#pid, signal);
    while (this.#isRunning() && performance.now() < deadline) await sleep(20);
  }

  #isRunning(): boolean {
    return this.#pid > 0 && isPostmaster(this.#pid, this.#folder);
  }

  #reach(): void {
    this.socketDir = reachSocket(this.#folder, this.#socketNote());
    this.url = renderUrl(this.socketDir);
  }

  /** Makes the server answer: adopts a running one, waits out one that stops, else starts one. */
  async #bringUp(): Promise<void> {
    let reason = '';
    for (let tried = 0; tried < START_TRIES && !this.#stopping; tried++) {
      const found = readPostmaster(this.#folder);
      if (found !== undefined && isPostmaster(found.pid, this.#folder)) {
        this.#pid = found.pid;
        if (await this.#becomesReady()) {
          this.adopted = true;
          this.#log.info('embedded.adopted', { pid: this.#pid });
          return;
        }
        continue;
      }
      // Its process is gone, or the number belongs to another by now, which would stop Postgres.
      if (found !== undefined) rmSync(join(this.#folder, 'postmaster.pid'), { force: true });
      const logStart = this.#logSize();
      this.#pid = this.#spawn();
      if (await this.#becomesReady()) return;
      reason = this.#readLog(logStart);
      await sleep(RETRY_DELAY_MS);
    }
    if (this.#stopping) return;
    throw new EmbeddedError(
      `Postgres did not start: ${explainFailure(reason)} (its log: ${this.#logFile()})`,
    );
  }

  #spawn(): number {
    if (this.#logSize() > SERVER_LOG_LIMIT_BYTES) renameSync(this.#logFile(), `${this.#logFile()}.1`);
    const output = openSync(this.#logFile(), 'a', 0o600);
    const args = ['-D', nameFolder(this.#folder, this.#account)];
    for (const [name, value] of Object.entries(this.#settings)) args.push('-c', `${name}=${value}`);
    // A session of its own: Ctrl-C reaches us alone, and we stop the server last. Output goes to a file,
    // for a pipe would end with us and take the server along.
    const child = spawn(this.#native.postgres, args, {
      cwd: this.#folder,
      env: SERVER_ENV,
      stdio: ['ignore', output, output],
      detached: true,
      ...this.#account,
    });
    closeSync(output);
    child.on('error', (error) => this.#log.error('embedded.spawnFailed', { error }));
    child.unref();
    return child.pid ?? 0;
  }

  /** True when it answers, false when the process is gone first. */
  async #becomesReady(): Promise<boolean> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    const askUrl = new URL(this.url);
    askUrl.pathname = '/postgres';
    // A process just forked has not reached its working directory yet.
    for (let asked = 0; performance.now() < deadline; asked++) {
      try {
        await pingDatabase(askUrl.href, silentLog);
        return true;
      } catch {
        if (asked > 2 && !this.#isRunning()) return false;
      }
      await sleep(Math.min(25 * 2 ** asked, 250));
    }
    return false;
  }

  /** Starts the server again when it dies under us; pools reconnect through the same socket. */
  async #keepRunning(): Promise<void> {
    let delayMs = WATCH_INTERVAL_MS;
    while (!this.#stopping) {
      await sleep(delayMs, undefined, { ref: false, signal: this.#wake.signal }).catch(() => {});
      if (this.#stopping) return;
      delayMs = WATCH_INTERVAL_MS;
      if (this.#isRunning()) continue;
      this.#log.error('embedded.died', {
        pid: this.#pid,
        hint: `it is started again; see ${this.#logFile()}`,
      });
      try {
        this.#reach();
        await this.#bringUp();
        this.#log.info('embedded.restarted', { pid: this.#pid });
      } catch (error) {
        this.#log.error('embedded.restartFailed', { error });
        delayMs = 5_000;
      }
    }
  }

  #socketNote(): string {
    return join(this.#dataDir, 'postgres-socket');
  }

  #logFile(): string {
    return join(this.#dataDir, 'postgres.log');
  }

  #logSize(): number {
    return statSync(this.#logFile(), { throwIfNoEntry: false })?.size ?? 0;
  }

  #readLog(from: number): string {
    if (this.#logSize() === 0) return 'it said nothing';
    return readFileSync(this.#logFile()).subarray(from).toString('utf8').trim().slice(-600);
  }
}
