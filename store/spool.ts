/**
 * The stream of entries that wait for Postgres (DESIGN 2.5), as Redis commands. One connection appends, with short
 * deadlines and without a queue of its own, so that nothing piles up in here while Redis is away (D-01 to D-03, D-11).
 * Another reads. Reading asks again and again instead of blocking: entries come in outages only, and a blocked read
 * does not notice that its link died.
 */
import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from '../model/log.ts';

/** One name in braces: on a cluster, everything of ours is in one slot. */
export const SPOOL_KEY = 'drainboard:{spool}';
const GROUP = 'movers';
const FIELD = 'e';
/** Lines of an entry's frames, beside it: who does not know the field passes it over. */
const LOGS_FIELD = 'l';

/** Part of the planned size that is used: the rest is room for Redis' own needs and for other keys (R-07). */
export const FULL_SHARE = 0.8;

const CONNECT_TIMEOUT_MS = 3_000;
/** D-11: a confirmation that takes longer is no confirmation. */
const APPEND_TIMEOUT_MS = 500;
/** An entry may be some megabytes on a slow link. */
const READ_TIMEOUT_MS = 10_000;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 2_000;
/** After a missing confirmation the next is not waited for at once: held frames have 4.5 s in all. */
const AWAY_AFTER_TIMEOUT_MS = 1_000;
/** Rates of processes that were not told again for this long do not count, and at last are forgotten. */
const RATE_VALID_MS = 60_000;
const RATE_KEPT_MS = 3_600_000;

export interface SpoolStreamOptions {
  url: string;
  onHeroku: boolean;
  log: Log;
  /** Who reads: the holder of the process. */
  consumer: string;
  /** Of the stream's keys; tests share a server. */
  tag?: string;
}

/** An entry handed to this process to move. */
export interface Delivery {
  id: string;
  /** How often it was handed out, this time included. */
  times: number;
  /** null when the stream has lost it. */
  entry: Buffer | null;
  /** Lines of its frames; null without. */
  logs: Buffer | null;
}

/** What the server says of itself and of the stream. */
export interface SpoolState {
  entries: number;
  /** Bytes of memory the stream takes. */
  bytes: number;
  /** Append time of the oldest entry by the server's clock, epoch ms; null without one. */
  oldestAtMs: number | null;
  usedBytes: number;
  /** 0: no limit. */
  maxBytes: number;
  /** `noeviction`, `allkeys-lru` … */
  policy: string;
  /** Sum of what the processes said they encode, bytes a second. */
  bytesPerSecond: number;
}

/** `full`: the server has no room (OOM). `away`: no confirmation, for whatever reason. */
export class SpoolError extends Error {
  readonly kind: 'full' | 'away';

  constructor(kind: 'full' | 'away', message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export class SpoolStream {
  readonly #key: string;
  readonly #ratesKey: string;
  readonly #consumer: string;
  readonly #appender: Redis;
  readonly #reader: Redis;
  readonly #log: Log;
  #awayUntilMs = 0;
  #hasGroup = false;
  /** Of the connection's last fault, in words for people. */
  lastError = '';

  constructor({ url, onHeroku, log, consumer, tag = SPOOL_KEY }: SpoolStreamOptions) {
    this.#key = tag;
    this.#ratesKey = `${tag}:rates`;
    this.#consumer = consumer;
    this.#log = log;
    this.#appender = this.#connect(url, onHeroku, APPEND_TIMEOUT_MS);
    this.#reader = this.#connect(url, onHeroku, READ_TIMEOUT_MS);
    this.#reader.on('close', () => {
      // Whoever answers next may be another server.
      this.#hasGroup = false;
    });
  }

  #connect(url: string, onHeroku: boolean, commandTimeoutMs: number): Redis {
    let failing = false;
    const settings: RedisOptions = {
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: commandTimeoutMs,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      // Replies as they were before Redis 6; managed servers may be older or newer.
      protocol: 2,
      disableClientInfo: true,
      keepAlive: 10_000,
      // D-09: a server that became a replica is left for whoever the name leads to now.
      reconnectOnError: ({ message }) => {
        if (!message.startsWith('READONLY')) return false;
        this.lastError = message;
        return true;
      },
      retryStrategy: (tries) => Math.min(RETRY_MAX_MS, RETRY_MIN_MS * tries) * (0.75 + Math.random() / 2),
      // Heroku's Redis has a certificate of its own making.
      ...(url.startsWith('rediss:') && onHeroku && { tls: { rejectUnauthorized: false } }),
    };
    const redis = new Redis(url, settings);
    redis.on('error', (error: Error) => {
      this.lastError = error.message;
      if (!failing) this.#log.warn('spool.away', { error });
      failing = true;
    });
    redis.on('ready', () => {
      failing = false;
    });
    return redis;
  }

  /** Calls back whenever the connection for appends is made, also anew. */
  onReady(listener: () => void): void {
    this.#appender.on('ready', listener);
    if (this.#appender.status === 'ready') listener();
  }

  /** Whether an append has a chance at this moment. */
  get isReady(): boolean {
    return this.#appender.status === 'ready' && performance.now() >= this.#awayUntilMs;
  }

  get isReadable(): boolean {
    return this.#reader.status === 'ready';
  }

  /** Commands that wait for a connection or an answer. */
  get queuedCommands(): number {
    const lengths = [this.#appender, this.#reader].map((redis) => {
      const { commandQueue, offlineQueue } = redis as unknown as Record<string, { length: number }>;
      return (commandQueue?.length ?? 0) + (offlineQueue?.length ?? 0);
    });
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  /** Appends an entry; its id in the stream, once Redis has confirmed it. Throws a SpoolError. */
  async append(entry: Buffer, logs: Buffer | null = null): Promise<string> {
    if (!this.isReady) throw new SpoolError('away', this.lastError || 'not connected');
    try {
      const fields = logs === null ? [FIELD, entry] : [FIELD, entry, LOGS_FIELD, logs];
      const id = await this.#appender.xadd(this.#key, '*', ...fields);
      if (id === null) throw new Error('no id for an entry');
      return id;
    } catch (error) {
      const { message, name } = error as Error;
      if (message.startsWith('OOM')) throw new SpoolError('full', message, { cause: error });
      this.lastError = name === 'MaxRetriesPerRequestError' ? 'the connection was closed' : message;
      if (message === 'Command timed out') this.#dropLink();
      throw new SpoolError('away', message, { cause: error });
    }
  }

  /** Answers on this link are late or never come: what still waits for one is given up, and a new link made. */
  #dropLink(): void {
    this.#awayUntilMs = performance.now() + AWAY_AFTER_TIMEOUT_MS;
    this.#appender.disconnect(true);
  }

  /** Entries nobody was given yet, oldest first; given to this process with that. */
  async read(count: number): Promise<Delivery[]> {
    const reply = await this.#withGroup(() =>
      this.#reader.callBuffer(
        'XREADGROUP',
        'GROUP',
        GROUP,
        this.#consumer,
        'COUNT',
        count,
        'STREAMS',
        this.#key,
        '>',
      ),
    );
    const streams = (reply ?? []) as [Buffer, RawEntry[]][];
    return (streams[0]?.[1] ?? []).map((raw) => ({ ...toEntry(raw), times: 1 }));
  }

  /** Entries given to somebody (or to us) longer ago than that and not acknowledged; given to us with that. */
  async claim(minIdleMs: number, count: number): Promise<Delivery[]> {
    const reply = (await this.#withGroup(() =>
      this.#reader.callBuffer(
        'XAUTOCLAIM',
        this.#key,
        GROUP,
        this.#consumer,
        Math.ceil(minIdleMs),
        '0-0',
        'COUNT',
        count,
      ),
    )) as [Buffer, RawEntry[], Buffer[]?];
    const claimed = reply[1].filter((raw) => raw !== null).map(toEntry);
    return await Promise.all(
      claimed.map(async (entry) => ({ ...entry, times: await this.#timesOf(entry.id) })),
    );
  }

  async #timesOf(id: string): Promise<number> {
    const rows = (await this.#reader.xpending(this.#key, GROUP, id, id, 1)) as [
      string,
      string,
      number,
      number,
    ][];
    return rows[0]?.[3] ?? 1;
  }

  /** Gives an entry back for anybody to claim at once, as if it had been handed out that often. */
  async release(id: string, times: number, idleMs: number): Promise<void> {
    await this.#reader.xclaim(
      this.#key,
      GROUP,
      this.#consumer,
      0,
      id,
      'IDLE',
      Math.ceil(idleMs),
      'RETRYCOUNT',
      times,
      'JUSTID',
    );
  }

  /** Entries that are done with leave the stream. Both steps at once, or what died in between would stay for ever. */
  async acknowledge(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const results = await this.#reader
      .multi()
      .xack(this.#key, GROUP, ...ids)
      .xdel(this.#key, ...ids)
      .exec();
    for (const [error] of results ?? []) if (error !== null) throw error;
  }

  /** Id of the oldest entry; null when the stream is empty or gone. */
  async oldestId(): Promise<string | null> {
    const rows = (await this.#reader.callBuffer('XRANGE', this.#key, '-', '+', 'COUNT', 1)) as RawEntry[];
    return rows[0] === undefined ? null : toEntry(rows[0]).id;
  }

  /** Asks the server for everything the spool's health is made of. Throws when it does not answer. */
  async inspect(): Promise<SpoolState> {
    const [info, entries, bytes, oldest, rates] = await Promise.all([
      // CONFIG is closed on managed servers, INFO is not.
      this.#appender.info('memory'),
      this.#appender.xlen(this.#key),
      // Where the rights of the user leave this command out, the server's sum must do.
      this.#appender.memory('USAGE', this.#key).catch(() => null),
      this.oldestId(),
      this.#appender.hgetall(this.#ratesKey),
    ]);
    const memory = parseMemory(info);
    const gone = Object.keys(rates).filter((name) => ageOf(rates[name], Date.now()) > RATE_KEPT_MS);
    if (gone.length > 0) await this.#appender.hdel(this.#ratesKey, ...gone);
    return {
      ...memory,
      entries,
      bytes: entries === 0 ? 0 : (bytes ?? memory.usedBytes),
      oldestAtMs: oldest === null ? null : Number(oldest.split('-')[0]),
      bytesPerSecond: sumRates(rates, Date.now()),
    };
  }

  /** Tells the others what this process encodes, bytes a second. */
  async tellRate(bytesPerSecond: number): Promise<void> {
    await this.#appender
      .multi()
      .hset(this.#ratesKey, this.#consumer, `${Math.round(bytesPerSecond)} ${Date.now()}`)
      .pexpire(this.#ratesKey, RATE_KEPT_MS)
      .exec();
  }

  /** Makes the group when it is not there: at first, and after the stream was thrown away (D-10). */
  async #withGroup(work: () => Promise<unknown>): Promise<unknown> {
    if (!this.#hasGroup) await this.#makeGroup();
    try {
      return await work();
    } catch (error) {
      if (!(error as Error).message.startsWith('NOGROUP')) throw error;
      this.#log.warn('spool.groupGone', { error });
      await this.#makeGroup();
      return await work();
    }
  }

  async #makeGroup(): Promise<void> {
    try {
      // From the beginning: what was handed out by a group that is gone is handed out again, and counts once.
      await this.#reader.xgroup('CREATE', this.#key, GROUP, '0', 'MKSTREAM');
    } catch (error) {
      if (!(error as Error).message.startsWith('BUSYGROUP')) throw error;
    }
    this.#hasGroup = true;
  }

  async stop(): Promise<void> {
    this.#appender.disconnect();
    this.#reader.disconnect();
  }
}

type RawEntry = [id: Buffer, fields: Buffer[] | null];

function toEntry([id, fields]: RawEntry): { id: string; entry: Buffer | null; logs: Buffer | null } {
  const fieldOf = (name: string): Buffer | null => {
    const at = (fields ?? []).findIndex((field, index) => index % 2 === 0 && field.toString() === name);
    return at < 0 ? null : (fields?.[at + 1] ?? null);
  };
  return { id: id.toString(), entry: fieldOf(FIELD), logs: fieldOf(LOGS_FIELD) };
}

/** The three numbers of INFO memory; `unknown` for a policy it does not tell. */
export function parseMemory(info: string): { usedBytes: number; maxBytes: number; policy: string } {
  const field = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  return {
    usedBytes: Number(field('used_memory') ?? 0),
    maxBytes: Number(field('maxmemory') ?? 0),
    policy: field('maxmemory_policy') ?? 'unknown',
  };
}

/** ms since a process told its rate, `<bytes a second> <epoch ms>`. */
function ageOf(told: string | undefined, nowMs: number): number {
  return Math.abs(nowMs - Number(told?.split(' ')[1] ?? 0));
}

function sumRates(rates: Record<string, string>, nowMs: number): number {
  return Object.values(rates)
    .filter((told) => ageOf(told, nowMs) <= RATE_VALID_MS)
    .reduce((sum, told) => sum + (Number(told.split(' ')[0]) || 0), 0);
}

/**
 * Why a server with this policy must not be used as a spool; '' when it may. `allkeys-*` throws away any key, the
 * stream too, with everything that was acknowledged. `volatile-*` throws away only keys with a term, which the stream
 * never has: when nothing else can go, appends fail as under `noeviction` (D-07).
 */
export function refusePolicy(policy: string): string {
  if (policy === 'noeviction' || policy.startsWith('volatile-')) return '';
  if (policy === 'unknown')
    return 'Redis does not say what it does when its memory is full (maxmemory_policy)';
  return `Redis throws waiting frames away when its memory is full (maxmemory-policy ${policy}); set it to noeviction`;
}

/** Whether entries of dead movers could not be claimed (XAUTOCLAIM, Redis 6.2). An unknown version is given a try. */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 6 || (major === 6 && minor < 2);
}
