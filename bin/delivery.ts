/** Delivery and the watchman, wired: what leaves us, who sends it, who looks after that. */
import { randomBytes } from 'node:crypto';
import { BlockList } from 'node:net';
import { hostname } from 'node:os';
import { buildNoticeReader } from '../alerts/facts.ts';
import { beat } from '../alerts/heartbeat.ts';
import { buildAdapters } from '../alerts/notify/adapters.ts';
import { Sender } from '../alerts/notify/pipeline.ts';
import { parseSmtpUrl } from '../alerts/notify/smtp-url.ts';
import { buildOutbound, type Outbound } from '../alerts/outbound.ts';
import type { OutboundProxy } from '../alerts/outbound-socket.ts';
import { Probe } from '../alerts/probe.ts';
import { WATCH_EVERY_MS, Watchman } from '../alerts/watchman.ts';
import type { Log } from '../model/log.ts';
import { DAY, HOUR, SECOND } from '../model/time.ts';
import { readDatabaseNow } from '../store/completeness.ts';
import { deleteIdleBuckets } from '../store/delivery-buckets.ts';
import { deleteOldNotifications } from '../store/notifications.ts';
import type { Pool } from '../store/pool.ts';
import { deriveBoxKey } from '../store/secret-box.ts';
import { writeSign } from '../store/watch.ts';
import type { ConfigWith } from './env.ts';
import { startLoop } from './loop.ts';

export interface DeliveryOptions {
  pool: Pool;
  config: ConfigWith<'secret'>;
  log: Log;
  /** Of this release, for the User-Agent. */
  version: string;
  /** Public address, for links. */
  baseUrl: string;
}

export interface Delivery {
  /** At the end of each round of alerting: the sign that it was whole, and the outside heartbeat. */
  beat: (at: { nowMs: number; failed: readonly string[] }) => Promise<unknown>;
  stop(): Promise<void>;
}

const SEND_EVERY_MS = SECOND;
const SIGN_EVERY_MS = 10 * SECOND;
const CLEAN_EVERY_MS = HOUR;
/** Messages and their attempts stay this long after they ended. */
const KEPT_MS = 90 * DAY;
/** After an outage of the database people are told at once. */
const RETRY_MAX_MS = 5 * SECOND;
/** A receiver that hangs, or a database, must not keep a process that stops: claims run out by themselves. */
const STOP_WAIT_MS = 3 * SECOND;

/** Starts a worker's sender: a look at the outbox each second. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { pool, config, log } = options;
  const { sender, clock } = buildSender(options);
  let signedMs = 0;
  let cleanedMs = 0;
  const round = async () => {
    const nowMs = await clock.read();
    await sender.deliverDue(nowMs);
    if (Math.abs(nowMs - signedMs) >= SIGN_EVERY_MS) {
      await writeSign(pool, 'delivery', nowMs);
      signedMs = nowMs;
    }
    if (Math.abs(nowMs - cleanedMs) >= CLEAN_EVERY_MS) {
      await deleteOldNotifications(pool, nowMs - KEPT_MS);
      await deleteIdleBuckets(pool, nowMs - DAY);
      cleanedMs = nowMs;
    }
  };
  const loop = startLoop({
    name: 'delivery',
    everyMs: SEND_EVERY_MS,
    work: round,
    log,
    retryMaxMs: RETRY_MAX_MS,
  });
  const outbound = operatorsOutbound(options.version);
  return {
    beat: (at) => beat({ pool, log, outbound, url: config.heartbeatUrl }, at),
    stop: () => within(Promise.all([loop.stop(), sender.stop()])),
  };
}

/** Starts the watchman, which every process has. drainUrl: where this process takes frames in, if it does. */
export function startWatchman(
  options: DeliveryOptions & { drainUrl?: string | undefined },
): Pick<Delivery, 'stop'> {
  const { pool, config, log, drainUrl, version } = options;
  const startedMs = performance.now();
  const { sender, clock } = buildSender(options);
  const probe = new Probe({ pool, key: config.secret, outbound: operatorsOutbound(version), drainUrl });
  const watchman = new Watchman({
    pool,
    log,
    sender,
    upMs: () => performance.now() - startedMs,
    ...(config.probe && { probe }),
  });
  const round = async () => {
    await clock.read();
    await watchman.round();
  };
  const loop = startLoop({
    name: 'watchman',
    everyMs: WATCH_EVERY_MS,
    work: round,
    log,
    retryMaxMs: RETRY_MAX_MS,
  });
  return {
    stop: () => within(Promise.all([loop.stop(), watchman.stop()])),
  };
}

async function within(work: Promise<unknown>): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(limit.resolve, STOP_WAIT_MS);
  await Promise.race([work, limit.promise]);
  clearTimeout(timer);
}

function buildSender({ pool, config, log, version, baseUrl }: DeliveryOptions) {
  const clock = new DatabaseClock(pool);
  const sender = new Sender({
    pool,
    log,
    holder: `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`.slice(0, 120),
    keys: [deriveBoxKey(config.secret)],
    adapters: buildAdapters({
      email: {
        server: config.smtpUrl === undefined ? null : parseSmtpUrl(config.smtpUrl),
        from: config.smtpFrom ?? '',
      },
    }),
    outbound: peoplesOutbound(config, version),
    readNotice: buildNoticeReader({ pool, baseUrl }),
    nowMs: () => clock.nowMs(),
  });
  return { sender, clock };
}

/** The database's clock (T-07), carried on by our monotonic one between two readings, so that no step moves it (T-05). */
class DatabaseClock {
  readonly #pool: Pool;
  #readMs = Date.now();
  #atMs = performance.now();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async read(): Promise<number> {
    this.#readMs = await readDatabaseNow(this.#pool);
    this.#atMs = performance.now();
    return this.#readMs;
  }

  nowMs(): number {
    return Math.round(this.#readMs + performance.now() - this.#atMs);
  }
}

/** For addresses that people enter. */
function peoplesOutbound(config: DeliveryOptions['config'], version: string): Outbound {
  const own = [
    config.herokuDomain ?? '',
    config.baseUrl === undefined ? '' : new URL(config.baseUrl).hostname,
  ];
  return buildOutbound({
    rules: {
      allowed: config.outboundAllow ?? new BlockList(),
      ports: config.outboundPorts ?? [],
      ownHosts: own.filter((host) => host !== '').map((host) => host.toLowerCase()),
    },
    userAgent: `Drainboard/${version}`,
    ...(config.outboundProxy !== undefined && { proxy: toProxy(config.outboundProxy) }),
  });
}

/** For what the operator set, and for ourselves: any address, and no way round. */
function operatorsOutbound(version: string): Outbound {
  const allowed = new BlockList();
  allowed.addSubnet('0.0.0.0', 0, 'ipv4');
  allowed.addSubnet('::', 0, 'ipv6');
  return buildOutbound({
    rules: { allowed, ports: 'any', ownHosts: [] },
    userAgent: `Drainboard/${version}`,
  });
}

function toProxy(text: string): OutboundProxy {
  const { hostname: host, port, username, password } = new URL(text);
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    ...(username !== '' && { authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
  };
}
