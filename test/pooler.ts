/** PgBouncer in transaction mode before a test's Postgres, as poolers of hosting providers run it. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseAccount } from '../bin/embedded/account.ts';
import { parseDatabaseUrl } from '../store/pool.ts';
import { findProgram } from './chromium.ts';

export interface Pooler {
  /** The same database through the pooler. */
  url: string;
  port: number;
  pid: number;
  /** Ends it at once, cutting every client off, and starts it again on its port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface PoolerOptions {
  /** Connections to the server, shared by all clients: small, so that sessions do change hands. */
  poolSize?: number;
}

export function findPgbouncer(): string | undefined {
  return findProgram(['pgbouncer']);
}

/** Starts a pooler before the database of this URL. Throws a sentence that says how to get the program. */
export async function startPooler(databaseUrl: string, options: PoolerOptions = {}): Promise<Pooler> {
  const program = findPgbouncer();
  if (program === undefined) {
    throw new Error(
      'there is no pgbouncer on this machine, which these tests need: apt-get install pgbouncer',
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'drainboard-pooler-'));
  // Read by another user than root.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const ini = join(folder, 'pgbouncer.ini');
  writeFileSync(ini, renderIni(databaseUrl, port, folder, options));
  writeFileSync(join(folder, 'users'), `"${parseDatabaseUrl(databaseUrl).user}" ""\n`);
  let child = await run(program, ini);
  const end = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: urlOf(databaseUrl, port),
    port,
    get pid() {
      return child.pid ?? 0;
    },
    restart: async () => {
      await end();
      child = await run(program, ini);
    },
    close: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function renderIni(
  databaseUrl: string,
  port: number,
  folder: string,
  { poolSize = 6 }: PoolerOptions,
): string {
  const { host, port: serverPort, database, user } = parseDatabaseUrl(databaseUrl);
  return [
    '[databases]',
    `${database} = host=${host} port=${serverPort} dbname=${database} user=${user}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = trust',
    `auth_file = ${join(folder, 'users')}`,
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    'max_client_conn = 500',
    // The next client may get the session of any other: what was set on it would show. This is the default.
    'server_reset_query_always = 0',
    'server_login_retry = 1',
    'server_round_robin = 1',
    'log_connections = 0',
    'log_disconnections = 0',
    '',
  ].join('\n');
}

async function run(program: string, ini: string) {
  // It refuses to run as root, and the server's socket belongs to the user that the server runs as.
  const account = chooseAccount('/nowhere');
  const child = spawn(program, [ini], { stdio: ['ignore', 'ignore', 'pipe'], ...account });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`pgbouncer ended with ${code}: ${said}`)));
    child.stderr.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-2_000);
      if (/process up/.test(said)) resolve();
    });
  });
  return child;
}

function urlOf(databaseUrl: string, port: number): string {
  const { user, database } = parseDatabaseUrl(databaseUrl);
  return `postgres://${user}@127.0.0.1:${port}/${database}?sslmode=disable`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
