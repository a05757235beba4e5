import { isIP } from 'node:net';
import pg from 'pg';
import type { Log } from '../model/log.ts';

export type Pool = pg.Pool;
export type Client = pg.PoolClient;
/** What one statement can be sent to: a pool (any free connection) or the client of a transaction. */
export type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>;

export interface PoolOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`; `?host=/folder` names a unix socket. */
  url: string;
  /** PEM text of the certificate authority to verify the server with. */
  ca?: string | undefined;
  /** Heroku's servers carry self-signed certificates: verify only when `ca` is given. */
  onHeroku?: boolean | undefined;
  /** Most connections open at once. */
  max: number;
  /** So many stay open once they are: where connections run out, these are there already (P-10). */
  keep?: number | undefined;
  applicationName: string;
  /** Upper bound of a statement inside `withTransaction`, set with SET LOCAL. */
  statementTimeoutMs?: number | undefined;
  /** As in TransactionOptions, for every transaction of the pool. */
  idleLimitMs?: number | undefined;
  /**
   * Upper bound of a reply as seen from here. It is what notices a link on which packets vanish (P-17);
   * the connection is discarded. Leave it out where long statements are meant.
   */
  queryTimeoutMs?: number | undefined;
  log: Log;
}

/** How the link to the server is protected, and what an operator should know about it. */
export interface TlsChoice {
  ssl: false | { rejectUnauthorized: boolean; ca?: string; checkServerIdentity?: () => undefined };
  /** Set when the link is open or unverified although the server is elsewhere. */
  notice?: 'unverified' | 'plain';
}

export interface ParsedDatabaseUrl {
  user: string;
  password: string | undefined;
  /** A name, an address, or the folder of a unix socket when it begins with `/`. */
  host: string;
  port: number;
  database: string;
  sslmode: string | undefined;
}

/** How long a connection may take to open, and a caller may wait for a free one. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Idle connections are given back: small Heroku plans have 20 in all. */
const IDLE_TIMEOUT_MS = 30_000;
/** A connection is renewed now and then, so that a failover's new address is found. */
const LIFETIME_SECONDS = 1_800;

/**
 * Takes a database URL apart ourselves, because `pg` lets `sslmode` in a URL override an `ssl` object
 * (brianc/node-postgres#2375). Throws a TypeError that never repeats the URL, which carries a password.
 */
export function parseDatabaseUrl(text: string): ParsedDatabaseUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')) {
    throw new TypeError('not a database URL: it must look like postgres://user:password@host:5432/name');
  }
  const user = decodeURIComponent(url.username) || (url.searchParams.get('user') ?? 'postgres');
  return {
    user,
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    host:
      url.searchParams.get('host') ??
      (decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '') || 'localhost'),
    port: Number(url.searchParams.get('port') ?? (url.port === '' ? '5432' : url.port)),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    sslmode: url.searchParams.get('sslmode') ?? undefined,
  };
}

/**
 * Decides on TLS. Sockets and this machine: none unless asked for. Heroku: always, verified if a CA is
 * given (the chain, not the name: their names do not match). Elsewhere: verified, unless `sslmode` says
 * otherwise; a bare name (a container's neighbour) or a private address without sslmode goes without.
 */
export function chooseTls(
  target: Pick<ParsedDatabaseUrl, 'host' | 'sslmode'>,
  { ca, onHeroku = false }: { ca?: string | undefined; onHeroku?: boolean | undefined } = {},
): TlsChoice {
  const mode = target.sslmode === 'prefer' || target.sslmode === 'allow' ? undefined : target.sslmode;
  if (target.host.startsWith('/')) return { ssl: false };
  if (mode === undefined && isThisMachine(target.host)) return { ssl: false };
  if (mode === 'disable' && !onHeroku) return { ssl: false, notice: 'plain' };
  if (ca !== undefined) {
    const chainOnly = onHeroku || mode === 'verify-ca';
    return {
      ssl: { rejectUnauthorized: true, ca, ...(chainOnly && { checkServerIdentity: () => undefined }) },
    };
  }
  if (onHeroku || mode === 'no-verify') return { ssl: { rejectUnauthorized: false }, notice: 'unverified' };
  if (mode === undefined && isNeighbour(target.host)) return { ssl: false, notice: 'plain' };
  return { ssl: { rejectUnauthorized: true } };
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function isNeighbour(host: string): boolean {
  if (isIP(host) === 4) return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(host);
  if (isIP(host) === 6) return /^f[cd]/i.test(host);
  return !host.includes('.');
}

/** Bounds of every transaction of a pool. */
const limitsByPool = new WeakMap<Pool, Pick<TransactionOptions, 'statementTimeoutMs' | 'idleLimitMs'>>();

/**
 * A pool that never takes the process down and works through a transaction pooler: nothing is set on
 * the session, statements are unnamed. int8 and numeric come back as numbers (a value beyond 2^53 fails
 * the query instead of losing digits), timestamptz as epoch milliseconds, bytea as Buffer.
 */
export function buildPool(options: PoolOptions): Pool {
  const target = parseDatabaseUrl(options.url);
  const tls = chooseTls(target, options);
  if (tls.notice !== undefined) {
    options.log.warn('database.tls', {
      protection: tls.notice,
      host: target.host,
      hint: TLS_HINT[tls.notice],
    });
  }
  const pool = new pg.Pool({
    user: target.user,
    password: target.password ?? '',
    host: target.host,
    port: target.port,
    database: target.database,
    ssl: tls.ssl,
    max: options.max,
    ...(options.keep !== undefined && { min: options.keep }),
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    maxLifetimeSeconds: LIFETIME_SECONDS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(options.queryTimeoutMs !== undefined && { query_timeout: options.queryTimeoutMs }),
    types: { getTypeParser: readType },
  });
  const { statementTimeoutMs, idleLimitMs } = options;
  limitsByPool.set(pool, {
    ...(statementTimeoutMs !== undefined && { statementTimeoutMs }),
    ...(idleLimitMs !== undefined && { idleLimitMs }),
  });
  keepAlive(pool, options.log);
  return pool;
}

const TLS_HINT = {
  unverified: 'the connection is encrypted but the server is not verified; set DATABASE_CA to verify it',
  plain:
    'the connection is not encrypted; add ?sslmode=verify-full to DATABASE_URL where the server offers TLS',
};

/**
 * Idle clients report through the pool (P-14). A client that is checked out has no listener of the
 * pool's, and an error event without one ends the process, so each gets its own for life (P-15); the
 * caller learns of the failure from its query.
 */
function keepAlive(pool: Pool, log: Log): void {
  pool.on('error', (error) => {
    log.warn('database.connectionLost', { while: 'idle', error });
  });
  pool.on('connect', (client) => {
    client.on('error', () => {});
  });
}

export interface TransactionOptions {
  readOnly?: boolean;
  /** Instead of the pool's own bound. */
  statementTimeoutMs?: number;
  /**
   * The server ends the transaction when we say nothing for so long between two statements: a process that is frozen or
   * out of reach lets go of its rows, and what it tries when it wakes up is refused (K-15).
   */
  idleLimitMs?: number;
}

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws, with the
 * error passed on. A connection whose state is unknown is thrown away, not given back.
 */
export async function withTransaction<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(renderBegin({ ...limitsByPool.get(pool), ...options }));
    const value = await work(client);
    await client.query('COMMIT');
    return value;
  } catch (error) {
    broken = await rollBack(client, error);
    throw error;
  } finally {
    client.release(broken);
  }
}

function renderBegin(options: TransactionOptions): string {
  const { statementTimeoutMs: timeoutMs } = options;
  const begin = options.readOnly === true ? 'BEGIN READ ONLY' : 'BEGIN';
  // One round trip; SET LOCAL ends with the transaction, so a pooler may hand the session on.
  const settings = [
    ...(timeoutMs === undefined ? [] : [`statement_timeout = ${Math.trunc(timeoutMs)}`]),
    ...(options.idleLimitMs === undefined
      ? []
      : [`idle_in_transaction_session_timeout = ${Math.trunc(options.idleLimitMs)}`]),
    // A page is read on two connections; workers beside them would cost more than they find, and the drain its turn.
    // Histograms of a page's points are gathered in memory: with 4 MB they went through a file.
    ...(options.readOnly === true ? ['max_parallel_workers_per_gather = 0', "work_mem = '16MB'"] : []),
  ];
  return [begin, ...settings.map((setting) => `SET LOCAL ${setting}`)].join('; ');
}

/** Gives the reason to discard the connection, or undefined when it is clean again. */
async function rollBack(client: Client, cause: unknown): Promise<Error | undefined> {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  // Without an answer to the last statement a ROLLBACK would only queue behind it.
  if (error.message === 'Query read timeout') return error;
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch {
    return error;
  }
}

const INT8 = 20;
const NUMERIC = 1700;
const TIMESTAMPTZ = 1184;

type ReadText = (text: string) => unknown;

/** Parsers per pool, so that nothing changes for other users of the driver in the same process. */
const readType = ((oid: number, format?: 'text' | 'binary') => {
  if (format === 'binary') return pg.types.getTypeParser(oid, 'binary');
  if (oid === INT8 || oid === NUMERIC) return readNumber;
  const standard: ReadText = pg.types.getTypeParser(oid, 'text');
  if (oid !== TIMESTAMPTZ) return standard;
  return (text: string) => {
    const value = standard(text);
    return value instanceof Date ? value.getTime() : value;
  };
}) as typeof pg.types.getTypeParser;

/** Reads int8 and numeric text. Throws a RangeError, which fails the query, beyond 2^53. */
export function readNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError(`a number from the database is beyond 2^53: ${text}`);
  }
  return value;
}
