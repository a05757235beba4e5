/**
 * Ticks between the processes of several dynos over Redis publish/subscribe. A convenience: without Redis, or while it
 * is away, other processes' data is found by looking into Postgres every few seconds, and nothing waits or grows.
 */
import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from '../model/log.ts';

const CHANNEL = 'drainboard:ticks';
const CONNECT_TIMEOUT_MS = 3_000;
const COMMAND_TIMEOUT_MS = 500;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;
/** A message of another version or of a stranger is not looked into beyond this. */
const MESSAGE_MAX = 1024;

/** What one process tells the others: an app has new data. */
export interface RemoteTick {
  /** Random, of the process that tells: one's own ticks come back too. */
  from: string;
  appId: number;
  lastReceivedAtMs: number;
  lastLineAtMs: number;
  messages: number;
}

export interface TickChannel {
  /** Tells the others; lost without a trace when Redis is away. */
  publish(tick: RemoteTick): void;
  stop(): Promise<void>;
}

/** Opens the channel in the background; never throws and never holds anybody up. */
export function openTickChannel(options: {
  url: string;
  onHeroku: boolean;
  log: Log;
  onTick: (tick: RemoteTick) => void;
}): TickChannel {
  const { url, onHeroku, log, onTick } = options;
  const publisher = connect(url, onHeroku, log);
  const subscriber = connect(url, onHeroku, log);
  // Subscribed anew after every reconnection, which is when it has just become ready.
  subscriber.on('ready', () => {
    subscriber.subscribe(CHANNEL).catch((error: unknown) => log.warn('redis.subscribeFailed', { error }));
  });
  subscriber.on('message', (_channel: string, text: string) => {
    const tick = parseTick(text);
    if (tick !== null) onTick(tick);
  });
  return {
    publish: (tick) => {
      if (publisher.status !== 'ready') return;
      publisher.publish(CHANNEL, JSON.stringify(tick)).catch(() => {
        // The connection's own error event has said why.
      });
    },
    stop: async () => {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

function connect(url: string, onHeroku: boolean, log: Log): Redis {
  let failing = false;
  const settings: RedisOptions = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // Nothing queues up in here while Redis is away (D-01 to D-03).
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    retryStrategy: (tries) => Math.min(RETRY_MAX_MS, RETRY_MIN_MS * tries) * (0.75 + Math.random() / 2),
    // Heroku's Redis has a certificate of its own making.
    ...(url.startsWith('rediss:') && onHeroku && { tls: { rejectUnauthorized: false } }),
  };
  const redis = new Redis(url, settings);
  redis.on('error', (error: Error) => {
    if (!failing) log.warn('redis.away', { error });
    failing = true;
  });
  redis.on('ready', () => {
    failing = false;
  });
  return redis;
}

/** A tick, or null for anything else that somebody published. */
export function parseTick(text: string): RemoteTick | null {
  if (text.length > MESSAGE_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { from, appId, lastReceivedAtMs, lastLineAtMs, messages } = value as Record<string, unknown>;
  if (typeof from !== 'string' || typeof appId !== 'number' || typeof lastReceivedAtMs !== 'number')
    return null;
  if (typeof lastLineAtMs !== 'number' || typeof messages !== 'number') return null;
  return { from, appId, lastReceivedAtMs, lastLineAtMs, messages };
}
