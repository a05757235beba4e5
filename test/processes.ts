/** Real processes for the tests of faults: Postgres in a folder of its own, and our web process beside it. */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Embedded, startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { migrate } from '../store/migrate.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { type Child, startChild } from './child.ts';
import { TEST_KEY } from './drain.ts';

export interface TestServer {
  url: string;
  pool: Pool;
  /** Immediate stop (no checkpoint, clients cut off), away for so long, then started again. */
  stopImmediately(awayMs: number): Promise<void>;
  close(): Promise<void>;
}

/** A migrated, empty database on a server that a test may hurt. */
export async function startServer(): Promise<TestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-faults-'));
  const options = { dataDir, log: silentLog };
  let embedded: Embedded = await startEmbedded(options);
  const { url } = embedded;
  const pool = buildPool({ url, max: 4, applicationName: 'test', log: silentLog });
  await migrate(pool, { log: silentLog });
  return {
    url,
    pool,
    stopImmediately: async (awayMs) => {
      const pid = embedded.pid();
      // Its keeper must not start it again at once.
      embedded.leave();
      process.kill(pid, 'SIGQUIT');
      await sleep(awayMs);
      embedded = await startEmbedded(options);
      if (embedded.pid() === pid) throw new Error('the server did not stop');
    },
    close: async () => {
      await pool.end();
      await embedded.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const WEB = fileURLToPath(new URL('../bin/web.ts', import.meta.url));

export interface Web extends Child {
  port: number;
}

const running = new Set<Child>();

/** Starts a web process on a port and waits until it listens. */
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
      ...(killPoints !== undefined && { DRAINBOARD_KILL_POINTS: killPoints }),
      ...env,
    },
  });
  running.add(child);
  void child.exit.then(() => running.delete(child));
  await child.says(/web\.listening/, 30_000);
  return { ...child, port };
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
