import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, silentLog } from '../model/log.ts';
import { countOtherClients, pingDatabase } from '../store/database.ts';
import { causeOf } from '../store/failure.ts';
import { MigrationError, migrate } from '../store/migrate.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { EmbeddedError } from './embedded/native.ts';
import { type Embedded, LockedError, nameEmbedded, startEmbedded } from './embedded/server.ts';
import {
  type Config,
  type ConfigWith,
  type Environment,
  findBaseUrl,
  readConfig,
  unwrapConfig,
} from './env.ts';

/** A configuration with which everything can be started. */
export type LocalConfig = ConfigWith<'databaseUrl' | 'secret' | 'setupToken'>;

export interface Local {
  config: LocalConfig;
  /** The embedded server, unless DATABASE_URL names another. */
  embedded: Embedded | undefined;
  /** Stops what was started here; call it last. */
  stop(): Promise<void>;
  /** What the person at the terminal should know, a sentence each. */
  notes: string[];
}

/**
 * Prepares one machine to run everything: a data folder, generated secrets kept in it, and the embedded
 * Postgres if DATABASE_URL is absent. Prints all faults and exits when the configuration is at fault;
 * throws an EmbeddedError with a sentence when the database cannot be had.
 */
export async function prepareLocal(env: Environment, log: Log): Promise<Local> {
  const config = fillSecrets(unwrapConfig(readConfig(env, findNeeds(env))));
  const notes = [`Data folder: ${config.dataDir}`];
  if (config.databaseUrl !== undefined) {
    notes.push('Database: the one DATABASE_URL names.');
    const databaseUrl = config.databaseUrl;
    return { config: { ...config, databaseUrl }, embedded: undefined, stop: async () => {}, notes };
  }
  const embedded = await startEmbedded({ dataDir: config.dataDir, log });
  notes.push(
    `Database: embedded Postgres in ${join(config.dataDir, 'postgres')}` +
      `${embedded.adopted ? ' (was still running, taken over)' : ''}; set DATABASE_URL to use another.`,
  );
  return { config: { ...config, databaseUrl: embedded.url }, embedded, stop: () => embedded.stop(), notes };
}

/** A dyno's disk is gone at the next restart: nothing may be generated or kept there. */
function findNeeds(env: Environment): ('databaseUrl' | 'secret' | 'setupToken')[] {
  return env.DYNO === undefined ? [] : ['databaseUrl', 'secret', 'setupToken'];
}

function fillSecrets(config: Config): ConfigWith<'secret' | 'setupToken'> {
  return {
    ...config,
    secret: config.secret ?? keepSecret(config.dataDir, 'secret', 32),
    setupToken: config.setupToken ?? keepSecret(config.dataDir, SETUP_TOKEN_FILE, 20),
  };
}

function explainRefusal(error: unknown, dataDir: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return new EmbeddedError(`the data folder ${dataDir} is not a folder`, { cause: error });
  if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') return error;
  return new EmbeddedError(
    `the data folder ${dataDir} belongs to another user or is read-only: run as its owner, or set ` +
      'DRAINBOARD_DATA_DIR to a folder of your own',
    { cause: error },
  );
}

/** Makes a data folder. @throws an EmbeddedError with a sentence when it cannot be had */
export function ensureFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw explainRefusal(error, dataDir);
  }
}

const SETUP_TOKEN_FILE = 'setup-token';

/** Reads a secret of the data folder, made at first use and readable by its owner alone. */
function keepSecret(dataDir: string, name: string, bytes: number): string {
  ensureFolder(dataDir);
  const file = join(dataDir, name);
  const made = `${file}.${process.pid}.new`;
  try {
    if (!existsSync(file)) {
      // Whole before it has its name, and its name is given once: of two processes one makes it, and both read the same.
      writeFileSync(made, `${randomBytes(bytes).toString('hex')}\n`, { mode: 0o600, flush: true });
      linkSync(made, file);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw explainRefusal(error, dataDir);
  } finally {
    rmSync(made, { force: true });
  }
  let kept: string;
  try {
    kept = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw explainRefusal(error, dataDir);
  }
  if (kept.length < bytes * 2)
    throw new EmbeddedError(`${file} is damaged: put the kept secret back or remove it`);
  return kept;
}

/** Once the first admin exists the token opens nothing; its file goes too. */
export function forgetSetupToken(dataDir: string): void {
  rmSync(join(dataDir, SETUP_TOKEN_FILE), { force: true });
}

/** What a running server leaves for the command line. */
export interface ServerNote {
  /** Where people and senders reach it, without a slash at the end. */
  baseUrl: string;
  pid: number;
}

/** Written by start once it listens; kept after it stops, for the address seldom changes. */
export function writeServerNote(dataDir: string, note: ServerNote): void {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'server.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(note)}\n`);
  renameSync(`${file}.new`, file);
}

export function readServerNote(dataDir: string): ServerNote | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8'));
    const { baseUrl, pid } = note as Partial<ServerNote>;
    return typeof baseUrl === 'string' && typeof pid === 'number' ? { baseUrl, pid } : undefined;
  } catch {
    return undefined;
  }
}

export interface CliStore {
  pool: Pool;
  config: LocalConfig;
  /** For drain URLs and links. */
  baseUrl: string;
  /** Closes the pool, and the embedded server if this command started it and nobody else uses it. */
  close(): Promise<void>;
}

/**
 * Opens the database for one command: DATABASE_URL, or the embedded server of the data folder, which is
 * started for the command if it does not run. Faults as `prepareLocal`.
 */
export async function openStoreForCli(env: Environment, log: Log = silentLog): Promise<CliStore> {
  const config = fillSecrets(unwrapConfig(readConfig(env, findNeeds(env))));
  const baseUrl =
    config.baseUrl ?? readServerNote(config.dataDir)?.baseUrl ?? findBaseUrl(config, config.port);
  const { url, pool, close } = await openPool(config, log);
  return { pool, config: { ...config, databaseUrl: url }, baseUrl, close };
}

/** Of this process, so that its own connections are told from those of other commands. */
const APPLICATION_NAME = `drainboard-cli/${process.pid}`;

/** A server that another command stops as this one comes is started again. */
const OPEN_TRIES = 5;

async function openPool(
  config: Config,
  log: Log,
): Promise<{ url: string; pool: Pool; close(): Promise<void> }> {
  for (let tried = 1; ; tried++) {
    const server = config.databaseUrl === undefined ? await reachEmbedded(config.dataDir, log) : undefined;
    const url = server?.url ?? config.databaseUrl ?? '';
    const pool = buildPool({
      url,
      ca: config.databaseCa,
      onHeroku: config.onHeroku,
      max: 2,
      // As long as a command is connected, no other one stops the server.
      ...(server !== undefined && { keep: 1 }),
      applicationName: APPLICATION_NAME,
      log,
    });
    const close = async (): Promise<void> => {
      await pool.end();
      await server?.close();
    };
    try {
      if (server !== undefined) await migrate(pool, { log });
      return { url, pool, close };
    } catch (error) {
      await close();
      const reason = error instanceof MigrationError ? error.cause : error;
      if (server === undefined || tried === OPEN_TRIES || causeOf(reason) !== 'away') throw error;
    }
  }
}

/** Connects to the server if it runs; else starts it. Waits for one that another process is starting. */
async function reachEmbedded(dataDir: string, log: Log): Promise<{ url: string; close(): Promise<void> }> {
  mkdirSync(dataDir, { recursive: true });
  for (let tried = 0; ; tried++) {
    const url = nameEmbedded(dataDir);
    if (await answers(url)) return { url, close: () => closeIfLeftBehind(dataDir, log) };
    try {
      const embedded = await startEmbedded({ dataDir, log, lockWaitMs: 0 });
      return { url: embedded.url, close: () => closeUnlessUsed(embedded) };
    } catch (error) {
      if (!(error instanceof LockedError) || tried > 100) throw error;
      await sleep(200);
    }
  }
}

/** The last of several commands turns off the light: nobody owns the server and nobody is connected. */
async function closeIfLeftBehind(dataDir: string, log: Log): Promise<void> {
  try {
    await closeUnlessUsed(await startEmbedded({ dataDir, log, lockWaitMs: 0 }));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await pingDatabase(url, silentLog);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return false;
    throw new EmbeddedError('the embedded database runs as another user: call this command as that user', {
      cause: error,
    });
  }
}

async function closeUnlessUsed(embedded: Embedded): Promise<void> {
  const others = await countOtherClients(embedded.url, APPLICATION_NAME, silentLog).catch(() => 0);
  if (others === 0) await embedded.stop();
  else embedded.leave();
}
