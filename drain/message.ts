/**
 * One message of a body after reading: offsets into the body's bytes and numbers, no strings. The reader
 * fills the same object again for every message, so that a body of a thousand router lines allocates
 * nothing; who needs a text takes it from the bytes (`Span`).
 */
import type {
  AddonSample,
  ApiEvent,
  CustomMetric,
  DatabaseLog,
  DynoEvent,
  Loss,
} from '../model/observation.ts';

/** Which sender wrote the body: decides how many dashes belong to the header (FORMATS 2.2). */
export type Dialect = 'logplex' | 'shuttle';

/** Numbers of `KINDS` in model/observation.ts, as constants for the hot path. */
export const KIND_REQUEST = 0;
export const KIND_DYNO_SAMPLE = 1;
export const KIND_ADDON_SAMPLE = 2;
export const KIND_METRIC = 3;
export const KIND_DYNO_EVENT = 4;
export const KIND_API_EVENT = 5;
export const KIND_LOSS = 6;
export const KIND_APP = 7;
export const KIND_DATABASE_LOG = 8;
export const KIND_OTHER = 9;

/** A range of bytes of the body; `start === end` for empty, `start === -1` for absent. */
export interface Span {
  start: number;
  end: number;
}

/** A number field that is absent, empty or unreadable. */
export const NONE = -1;

/** Fields of a router line (FORMATS 4.1), numbers decoded, texts as spans. */
export interface RequestFields {
  at: Span;
  method: Span;
  /** Without its quotes. */
  path: Span;
  host: Span;
  requestId: Span;
  /** Without its quotes; may be empty. */
  fwd: Span;
  /** The last address in `fwd`. */
  client: Span;
  dyno: Span;
  protocol: Span;
  tlsVersion: Span;
  desc: Span;
  cause: Span;
  agent: Span;
  sock: Span;
  /** Code as a number and family: `H12` → codeFamily 72 ('H'), codeNumber 12; absent → NONE. */
  codeFamily: number;
  codeNumber: number;
  code: Span;
  /** ms, integer ≥ 0; NONE when empty, absent or unreadable. */
  connectMs: number;
  serviceMs: number;
  /** 100–599 or NONE. */
  status: number;
  /** Bytes ≥ 0 or NONE. */
  bytes: number;
  /** 1 true, 0 false, NONE absent. */
  tls: number;
  /** The bytes of `requestId` as little-endian words, if it is a UUID in lower case. */
  uuid: Int32Array;
  isUuid: boolean;
  /** Whether fields that a line of the usual form does not have may be set: code, desc, cause, agent, sock. */
  odd: boolean;
}

/** The metrics of log-runtime-metrics, in the order of `SampleFields.values`. Append only. */
export const DYNO_METRICS = [
  'load_avg_1m',
  'load_avg_5m',
  'load_avg_15m',
  'memory_total',
  'memory_rss',
  'memory_cache',
  'memory_swap',
  'memory_pgpgin',
  'memory_pgpgout',
  'memory_quota',
] as const;

/** A runtime-metrics line (FORMATS 5). */
export interface SampleFields {
  /** `heroku.<app number>.<uuid>`: the uuid changes at every restart. */
  dynoId: Span;
  /** One bit a metric of DYNO_METRICS that was read. */
  present: number;
  /** By index of DYNO_METRICS, in base units: load as is, bytes, pages. */
  values: Float64Array;
  /** Metrics of other names, in base units; null when there are none. */
  others: Map<string, number> | null;
  skipped: string[] | null;
}

export interface Message {
  /** Number of KINDS. */
  kind: number;
  /** Bit set of NOTES: bit i is NOTES[i]. */
  notes: number;
  /** 0–191 or NONE. */
  priority: number;
  /** The line's own time in ms since the epoch, with fraction for microseconds; NaN when unreadable. */
  timeMs: number;
  timestamp: Span;
  appname: Span;
  procid: Span;
  /** MSG, without one trailing newline. */
  text: Span;
  /** Valid when kind is KIND_REQUEST. */
  request: RequestFields;
  /** Valid when kind is KIND_DYNO_SAMPLE. */
  sample: SampleFields;
  /** Valid for the rare kinds, by kind; null otherwise. */
  addonSample: AddonSample | null;
  metrics: CustomMetric[] | null;
  /** Names of metrics of an app line that were left out. */
  metricsSkipped: string[] | null;
  /** `source=` of an app line with metrics, as text; null when absent. */
  metricSource: string | null;
  dynoEvent: DynoEvent | null;
  apiEvent: ApiEvent | null;
  loss: Loss | null;
  databaseLog: DatabaseLog | null;
  /** For KIND_OTHER: why nothing was made of it, from a closed list (see classify.ts). */
  otherReason: string | null;
}
