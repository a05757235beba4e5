/** Real processes for the tests of faults: Postgres in a folder of its own, and our web process beside it. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isPostmaster } from '../bin/embedded/cluster.ts';
import { type Embedded, startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { migrate } from '../store/migrate.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { type Child, startChild } from './child.ts';
import { TEST_KEY } from './drain.ts';

export interface TestServer {
  url: string;
  pool: Pool;
  /** Of the server now. */
  pid(): number;
  /** Its database folder is `postgres` in here. */
  dataDir: string;
  /** Immediate stop (no checkpoint, clients cut off), away for so long, then started again. */
  stopImmediately(awayMs: number): Promise<void>;
  /** Stops it, immediately or in order, and leaves it down until `start`. */
  stop(signal: 'SIGQUIT' | 'SIGINT'): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Server settings on top of the product's. */
  settings?: Record<string, string>;
  /** A folder that holds a server's data already: nothing is migrated, and it stays after `close`. */
  dataDir?: string;
}

/** A migrated, empty database on a server that a test may hurt. */
export async function startServer({
  settings = {},
  dataDir: given,
}: ServerOptions = {}): Promise<TestServer> {
  const dataDir = given ?? mkdtempSync(join(tmpdir(), 'drainboard-faults-'));
  // The user that the server and a pooler run as reaches its socket, which none but that user may open.
  chmodSync(dataDir, 0o755);
  const options = { dataDir, log: silentLog, settings };
  let embedded: Embedded = await startEmbedded(options);
  let isUp = true;
  const { url } = embedded;
  const pool = buildPool({ url, max: 4, applicationName: 'test', log: silentLog });
  if (given === undefined) await migrate(pool, { log: silentLog });
  const stop = async (signal: 'SIGQUIT' | 'SIGINT'): Promise<void> => {
    const pid = embedded.pid();
    // Its keeper must not start it again at once.
    embedded.leave();
    isUp = false;
    process.kill(pid, signal);
    while (isPostmaster(pid, join(dataDir, 'postgres'))) await sleep(20);
  };
  const start = async (): Promise<void> => {
    const before = embedded.pid();
    embedded = await startEmbedded(options);
    isUp = true;
    if (embedded.pid() === before) throw new Error('the server did not stop');
  };
  return {
    url,
    pool,
    dataDir,
    pid: () => embedded.pid(),
    stopImmediately: async (awayMs) => {
      await stop('SIGQUIT');
      await sleep(awayMs);
      await start();
    },
    stop,
    start,
    close: async () => {
      await pool.end();
      if (isUp) await embedded.stop();
      if (given === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const WEB = fileURLToPath(new URL('../bin/web.ts', import.meta.url));

export interface Web extends Child {
  port: number;
}

const running = new Set<Child>();

/** Starts a web process on a port and waits until it listens; with WEB_CONCURRENCY, until all of them do. */
export async function startWeb(
  server: { url: string },
  { port, killPoints, env = {} }: { port: number; killPoints?: string; env?: Record<string, string> },
): Promise<Web> {
  const child = startChild(WEB, [], {
    env: {
      DATABASE_URL: server.url,
      DRAINBOARD_SECRET: TEST_KEY,
      PORT: String(port),
      // Started dozens of times: what was compiled once is read from here.
      NODE_COMPILE_CACHE: join(tmpdir(), 'drainboard-compile-cache'),
      // A line of our own every twenty seconds would be in what tests count.
      DRAINBOARD_PROBE: 'false',
      ...(killPoints !== undefined && { DRAINBOARD_KILL_POINTS: killPoints }),
      ...env,
    },
  });
  running.add(child);
  void child.exit.then(() => running.delete(child));
  const isCluster = Number(env.WEB_CONCURRENCY ?? '1') > 1;
  await child.says(isCluster ? /cluster\.listening/ : /web\.listening/, 30_000);
  return { ...child, port };
}

/** Process ids of those behind a primary that have listened and not died. */
export function childPids(primary: Web): number[] {
  const pids = new Set<number>();
  for (const line of primary.stdout().split('\n')) {
    const pid = Number(/"pid":(\d+)/.exec(line)?.[1]);
    if (line.includes('"web.listening"')) pids.add(pid);
    if (line.includes('"cluster.childDied"')) pids.delete(pid);
  }
  return [...pids];
}

/** Ends every web process that still runs; for a hook. */
export async function killAll(): Promise<void> {
  for (const child of running) {
    child.kill('SIGKILL');
    await child.exit;
  }
}

/** Stops every web process in order, which rolls up what it has; throws when one does not end well. */
export async function stopAll(): Promise<void> {
  const children = [...running];
  for (const child of children) child.kill('SIGTERM');
  for (const child of children) {
    const status = await child.exit;
    if (status !== 0)
      throw new Error(`a web process ended with ${status}:\n${child.stdout()}${child.stderr()}`);
  }
}

/** A port nobody listens on. A process that is started again must come back on the same one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}

/** Lets the leases of all writers run out now instead of in 12 s; who lives renews its own within 2 s. */
export async function expireLeases(pool: Pool): Promise<void> {
  await pool.query("UPDATE writers SET seen_at = seen_at - interval '1 minute' WHERE closed_at IS NULL");
}
