/** What a simulated app is: data that the other files turn into lines. */
import type { Random } from './random.ts';

export type DynoSize = 'Eco' | 'Basic' | 'Standard-1X' | 'Standard-2X' | 'Performance-M';

/** Memory quota by dyno size, MB of 2^20 bytes (FORMATS 5.1). */
export const QUOTA_MB: Record<DynoSize, number> = {
  Eco: 512,
  Basic: 512,
  'Standard-1X': 512,
  'Standard-2X': 1024,
  'Performance-M': 2560,
};

export interface TrafficSpec {
  /** Requests per minute at the best hour of a weekday. */
  peakRpm: number;
  /** Share of the peak at the quietest hour, 0–1. */
  nightRatio: number;
  /** Local hour of the peak, 0–24. */
  peakHour: number;
  /** Saturday and Sunday as a share of a weekday. */
  weekendRatio: number;
  /** How far the rate wanders from its rhythm, 0–1. */
  noiseRatio: number;
  /** Local hours [from, to) in which nobody comes; an Eco dyno idles then. */
  idleHours?: [number, number];
}

export interface HostSpec {
  host: string;
  weight: number;
  tlsVersion: 'tls1.2' | 'tls1.3' | 'unknown';
}

export interface RouteSpec {
  method: string;
  /** Path with `{id}`, `{uuid}`, `{hex}`, `{slug}`, `{word}`, `{page}`, `{token}`, `{email}` to fill. */
  path: string;
  weight: number;
  /** Median and deviation (of the logarithm) of the service time. */
  medianMs: number;
  sigma: number;
  medianBytes: number;
  /** Status and weight. */
  statuses: [number, number][];
  /** `asset`: untouched by a slow database. `socket`: a WebSocket, logged when it closes. */
  nature?: 'asset' | 'socket';
}

export interface MemorySpec {
  baseMb: number;
  /** Slow growth of a long-lived process. */
  growthMbPerHour: number;
  /** Height and length of the collector's sawtooth. */
  sawtoothMb: number;
  sawtoothMinutes: number;
}

export interface ProcessSpec {
  type: string;
  quantity: number;
  size: DynoSize;
  command: string;
  memory: MemorySpec;
  /** Load average at the app's peak. */
  peakLoad: number;
  /** Jobs a minute and dyno at the peak: a worker's output. */
  jobsPerMinute?: number;
  /** Scaled up to `quantity` between two local hours. */
  daytime?: { quantity: number; fromHour: number; toHour: number };
}

export interface PostgresSpec {
  kind: 'heroku-postgres';
  addon: string;
  /** Attachment name, as in `source=`. */
  source: string;
  databaseBytes: number;
  maxDatabaseBytes: number;
  tables: number;
  maxConnections: number;
  maxIops: number;
  memoryKb: number;
  /** Connections in use at the peak. */
  peakConnections: number;
  pgbouncer?: true;
  follower?: true;
}

export interface RedisSpec {
  kind: 'heroku-redis';
  addon: string;
  source: string;
  maxConnections: number;
  peakConnections: number;
  memoryBytes: number;
  hitRate: number;
}

export type AddonSpec = PostgresSpec | RedisSpec;

export interface JobSpec {
  command: string;
  everyMinutes: number;
  medianSeconds: number;
  /** Share of runs that exit with status 1. */
  failRatio: number;
}

export type OutputStyle = 'rails' | 'node' | 'python' | 'go';

export interface AppSpec {
  name: string;
  /** The number in `dyno=heroku.<number>.<uuid>`. */
  appNumber: number;
  utcOffsetHours: number;
  traffic: TrafficSpec;
  hosts: HostSpec[];
  routes: RouteSpec[];
  /** Distinct visitors, roughly. */
  clients: number;
  formation: ProcessSpec[];
  addons: AddonSpec[];
  jobs: JobSpec[];
  output: OutputStyle;
  /** Application lines for each request, 0–1. */
  outputPerRequest: number;
  /** Lines of a `checkout` in the l2met convention for each request that creates something. */
  customMetrics: boolean;
  releasesPerDay: number;
  /** Command of the release phase. */
  releaseCommand?: string;
  firstVersion: number;
  /** Who deploys. */
  users: string[];
}

/** A chooser for a weighted list; the weights need not add up to one. */
export function weighted<T>(list: readonly (readonly [T, number])[]): (random: Random) => T {
  const total = list.reduce((sum, [, weight]) => sum + weight, 0);
  return (random) => {
    let left = random.next() * total;
    for (const [item, weight] of list) {
      left -= weight;
      if (left < 0) return item;
    }
    return (list.at(-1) as readonly [T, number])[0];
  };
}
