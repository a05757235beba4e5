/** Metric lines of Heroku Postgres, PgBouncer and Key-Value Store, about one a minute (FORMATS 6). */
import type { AppSpec, PostgresSpec, RedisSpec } from './app.ts';
import { PRIORITY_PLATFORM, type SimLine } from './line.ts';
import { fraction, type Random, seededRandom } from './random.ts';

const ADDON_EVERY_MS = 60_000;
/** Minutes between two times that Redis saves itself. */
const SAVED_EVERY = 5;

/** How an app's data services are doing at an instant. */
export interface AddonState {
  /** Share of the peak traffic. */
  busyness: number;
  /** 0–1: how bad a slow database is. */
  trouble: number;
}

export function addonLinesBetween(
  app: AppSpec,
  seed: string,
  span: { fromMs: number; toMs: number },
  state: (timeMs: number) => AddonState,
): SimLine[] {
  const lines: SimLine[] = [];
  for (const addon of app.addons) {
    const phaseMs = Math.floor(fraction(seed, app.name, addon.addon) * ADDON_EVERY_MS);
    const first = Math.ceil((span.fromMs - phaseMs) / ADDON_EVERY_MS);
    for (let k = first; phaseMs + k * ADDON_EVERY_MS < span.toMs; k += 1) {
      const atMs = phaseMs + k * ADDON_EVERY_MS;
      const random = seededRandom(seed, app.name, addon.addon, k);
      if (addon.kind === 'heroku-redis') {
        lines.push(addonLine(atMs, addon.kind, redisText(addon, state(atMs), random)));
        if (k % SAVED_EVERY === 0) lines.push(...redisServerLog(atMs, k));
      } else lines.push(...postgresLines(addon, atMs, state(atMs), random));
    }
  }
  return lines;
}

function addonLine(atMs: number, procid: string, text: string): SimLine {
  return {
    atMs,
    micros: 0,
    precision: 'seconds',
    priority: PRIORITY_PLATFORM,
    appname: 'app',
    procid,
    text,
    mark: { kind: 'addonSample' },
  };
}

/** What the server itself writes, in the form of its own log: no metrics. */
function redisServerLog(atMs: number, k: number): SimLine[] {
  const pid = 40 + (k % 9_000);
  const time = new Date(atMs).toUTCString().slice(5, 25);
  return [
    `1:M ${time}.104 * 100 changes in 300 seconds. Saving...`,
    `1:M ${time}.105 * Background saving started by pid ${pid}`,
    `${pid}:C ${time}.311 * DB saved on disk`,
  ].map((text) => ({ ...addonLine(atMs, 'heroku-redis', text), mark: { kind: 'app' } }));
}

function postgresLines(spec: PostgresSpec, atMs: number, state: AddonState, random: Random): SimLine[] {
  const lines = [addonLine(atMs, spec.kind, postgresText(spec, atMs, state, random))];
  if (spec.pgbouncer) {
    lines.push(addonLine(atMs, 'heroku-pgbouncer', pgbouncerText(spec, state, random)));
  }
  return lines;
}

function samples(pairs: [string, string | number][]): string {
  return pairs.map(([name, value]) => `sample#${name}=${value}`).join(' ');
}

/** A value around a middle, never negative. */
function around(middle: number, random: Random, share = 0.12): number {
  return Math.max(0, middle * (1 + share * random.normal()));
}

function digits(value: number, places: number): number {
  return Number(value.toFixed(places));
}

function postgresText(spec: PostgresSpec, atMs: number, state: AddonState, random: Random): string {
  const { busyness, trouble } = state;
  const active = Math.min(
    spec.maxConnections,
    Math.round(
      around(spec.peakConnections * (0.35 + 0.65 * busyness), random) + trouble * spec.maxConnections,
    ),
  );
  const load = around(0.05 + 0.5 * busyness + 3.4 * trouble, random);
  const iops = Math.min(spec.maxIops, around(20 * busyness + trouble * spec.maxIops, random, 0.3));
  const bytes = spec.databaseBytes + Math.floor((atMs / 1000 - 1_700_000_000) * 40);
  const freeKb = Math.round(around(spec.memoryKb * 0.03, random));
  const cachedKb = Math.round(spec.memoryKb * (0.86 - 0.1 * trouble));
  return `source=${spec.source} addon=${spec.addon} ${samples([
    ['current_transaction', Math.floor(atMs / 1000 - 1_600_000_000) * 11],
    ['db_size', `${bytes}bytes`],
    ['db-size-percentage-used', digits(bytes / spec.maxDatabaseBytes, 5)],
    ['tables', spec.tables],
    ['active-connections', active],
    ['waiting-connections', Math.round(trouble * around(24, random))],
    ['max-connections', spec.maxConnections],
    ['connections-percentage-used', digits(active / spec.maxConnections, 5)],
    ['index-cache-hit-rate', digits(Math.min(1, 0.9985 - 0.08 * trouble * random.next()), 5)],
    ['table-cache-hit-rate', digits(Math.min(1, 0.991 - 0.3 * trouble * random.next()), 5)],
    ['load-avg-1m', digits(load, 3)],
    ['load-avg-5m', digits(load * 0.9, 3)],
    ['load-avg-15m', digits(load * 0.8, 3)],
    ['read-iops', digits(iops, 2)],
    ['write-iops', digits(around(60 * busyness, random, 0.3), 2)],
    ['max-iops', spec.maxIops],
    ['iops-percentage-used', digits(iops / spec.maxIops, 5)],
    ['tmp-disk-used', 543_600_640],
    ['tmp-disk-available', 72_435_191_808],
    ['memory-total', `${spec.memoryKb}kB`],
    ['memory-free', `${freeKb}kB`],
    ['memory-percentage-used', digits(1 - freeKb / spec.memoryKb, 5)],
    ['memory-cached', `${cachedKb}kB`],
    ['memory-postgres', `${Math.round(around(spec.memoryKb * (0.03 + 0.05 * busyness), random))}kB`],
    ...(spec.follower ? [['follower-lag-commits', random.integer(0, 40)] as [string, number]] : []),
    ['wal-percentage-used', 0.064 + 0.02 * random.next() + 0.4 * trouble],
  ])}`;
}

function pgbouncerText(spec: PostgresSpec, state: AddonState, random: Random): string {
  const clients = Math.round(around(2 * spec.peakConnections * (0.2 + state.busyness), random));
  const queryMicros = around(8_700 + 900_000 * state.trouble, random);
  return `source=pgbouncer addon=${spec.addon} ${samples([
    ['client_active', clients],
    ['client_waiting', Math.round(state.trouble * around(35, random))],
    ['server_active', Math.round(around(3 + 20 * state.trouble, random))],
    ['server_idle', Math.round(around(16 * (1 - state.trouble), random))],
    ['max_wait', Math.round(6 * state.trouble)],
    ['avg_query', Math.round(queryMicros)],
    ['avg_recv', Math.round(around(37_000 * (0.1 + state.busyness), random))],
    ['avg_sent', Math.round(around(1_300_000 * (0.1 + state.busyness), random))],
  ])}`;
}

function redisText(spec: RedisSpec, state: AddonState, random: Random): string {
  const connections = Math.round(around(spec.peakConnections * (0.5 + 0.5 * state.busyness), random));
  const active = Math.min(spec.maxConnections, Math.max(1, connections));
  const load = around(0.1 + 0.2 * state.busyness, random);
  const totalKb = 16_041_732;
  const usedRatio = 0.35 + 0.05 * random.next();
  return `source=${spec.source} addon=${spec.addon} ${samples([
    ['active-connections', active],
    ['max-connections', spec.maxConnections],
    ['connection-percentage-used', (active / spec.maxConnections).toFixed(5)],
    ['load-avg-1m', digits(load, 3)],
    ['load-avg-5m', digits(load * 0.95, 3)],
    ['load-avg-15m', digits(load * 0.9, 3)],
    ['read-iops', 0],
    ['write-iops', digits(around(2 * state.busyness, random, 0.4), 5)],
    ['max-iops', 3000],
    ['iops-percentage-used', '0.00000'],
    ['memory-total', `${totalKb}kB`],
    ['memory-free', `${Math.round(totalKb * (1 - usedRatio - 0.1))}kB`],
    ['memory-percentage-used', usedRatio.toFixed(5)],
    ['memory-cached', `${Math.round(totalKb * 0.08)}kB`],
    [
      'memory-redis',
      `${Math.round(around(spec.memoryBytes * (0.6 + 0.4 * state.busyness), random, 0.02))}bytes`,
    ],
    ['hit-rate', digits(Math.min(1, around(spec.hitRate, random, 0.01)), 5)],
    ['evicted-keys', 0],
  ])}`;
}
