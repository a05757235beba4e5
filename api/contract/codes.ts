/** H, R and L codes. */
import type { EventAnswer } from './events.ts';
import type { HealthSummary } from './health.ts';
import type { Columns, GapAnswer, RangeAnswer } from './time.ts';

export interface CodeInfo {
  code: string;
  title: string;
  meaning: string;
  reason: string;
  firstCheck: string;
  severity: string;
  cause: string;
  countsAgainstAvailability: boolean;
  lifecycle: string;
  known: boolean;
}

/** GET /api/v1/codes : the whole table. */
export interface CodeTableAnswer {
  codes: CodeInfo[];
}

/** GET /api/v1/apps/:app/codes?from&to&step : codes seen in a range, most frequent first. */
export interface CodesAnswer {
  app: string;
  nowMs: number;
  range: RangeAnswer;
  health: HealthSummary;
  gaps: GapAnswer[];
  requests: number;
  codes: (CodeInfo & {
    count: number;
    firstSeenMs: number | null;
    lastSeenMs: number | null;
    shareOfRequests: number | null;
  })[];
  counts: Columns;
}

/** What the page of a code says beside its table entry; also there for a code nobody knows. */
export interface CodeGuideAnswer {
  clientSaw: string;
  checks: readonly [string, string, string];
  /** Titles in Heroku Dev Center, the list of codes first, and where that is. */
  reference: readonly string[];
  referenceUrl: string;
}

/** GET /api/v1/apps/:app/codes/:code?from&to&step : one code on one app, whether it ever occurred or not. */
export interface CodeAnswer {
  app: string;
  nowMs: number;
  range: RangeAnswer;
  health: HealthSummary;
  gaps: GapAnswer[];
  info: CodeInfo;
  guide: CodeGuideAnswer;
  /** Lines with the code in the range, exact. */
  count: number;
  /** The same in a range of the same length just before; null where less than nine tenths of that are known. */
  countBefore: number | null;
  /** All requests in the range. */
  requests: number;
  /** Of H codes; null for others, and without requests. */
  shareOfRequests: number | null;
  /** In the range, as exact as its step. */
  firstSeenMs: number | null;
  lastSeenMs: number | null;
  /** When this app had it for the first time; null: never. */
  everFirstSeenMs: number | null;
  counts: Columns;
  releases: CodeRelease[];
  /** H codes: requests with the code that were kept, from which all below is told; null for R and L. */
  kept: CodeKept | null;
  breakdowns: CodeBreakdown[];
  durations: CodeDurations[];
  samples: KeptRequestAnswer[];
  special: CodeSpecial;
}

export interface CodeKept {
  /** Kept requests with the code. */
  rows: number;
  /** How many of them were read: a uniform choice where there are too many. */
  read: number;
  /** Different networks (addresses are shortened before they are stored), exact for what was kept; null without any address. */
  clients: number | null;
}

/** A stretch of the range under one release, oldest first. */
export interface CodeRelease {
  /** null: no release was seen before it, or it is of several. */
  version: number | null;
  /** Of all releases before the newest 50 of the range, when there are more; left out otherwise. */
  isSeveral?: true;
  fromMs: number;
  toMs: number;
  count: number;
  requests: number;
}

/** Parts of the code's requests, biggest first, at most 8; what is left out is `others`. */
export interface CodeBreakdown {
  by: 'path' | 'dyno' | 'host' | 'network' | 'status';
  rows: {
    /** `GET /cart/{id}`, `web.3` …; '' stands for none (no dyno was reached). */
    key: string;
    /** 0–1 of the code's requests (of its lines, for codes of dynos). */
    share: number;
    count: number;
    /** 0–1 of all requests in the range: a part that is hit as any other has the same. null where it is not counted. */
    baseline: number | null;
  }[];
  /** Keys that are not listed, and their share. */
  others: { keys: number; share: number };
}

/** Durations of the code's requests beside those of all, ms. */
export interface CodeDurations {
  of: 'connect' | 'service';
  p50Ms: number | null;
  p95Ms: number | null;
  maxMs: number | null;
  allP50Ms: number | null;
  allP95Ms: number | null;
}

/** What a code of this kind is asked first. */
export type CodeSpecial =
  | { kind: 'none' }
  /** H11, H12, H19: are dynos busy, or do they wait? Points with the code beside points without. */
  | {
      kind: 'concurrency';
      during: CodePressure;
      otherwise: CodePressure;
      /** Web dynos that answered in the range. */
      dynos: number;
      /** Load is per core only where cores are known. */
      cores: number | null;
    }
  /** H13, H18, H21, H33, H34: do they fall on restarts of their dyno? */
  | {
      kind: 'restarts';
      /** Share of requests within `withinMs` of a stop, restart or crash of their dyno; null when none names a dyno. */
      near: number | null;
      /** The share that chance alone would give. */
      byChance: number | null;
      withinMs: number;
      /** Dynos did so much that only so much of the range, at its end, was looked at; null: all of it was. */
      partMs: number | null;
      /** In all of the range, exact. */
      restarts: number;
      crashes: number;
    }
  /** H10, H20, R10, R11, R99: what dynos did around the first one. */
  | { kind: 'boot'; events: EventAnswer[]; dyno: string | null; atMs: number | null }
  /** R14, R15: the dynos that have it. */
  | { kind: 'memory'; dynos: string[] }
  /** L codes: lines that are missing. */
  | { kind: 'drain'; lostMessages: number; stretches: number };

/** Averages over closed points in which the stream was alive; null without any. */
export interface CodePressure {
  points: number;
  /** Requests in a web dyno at once, by requests and their service time (Little’s law). */
  inFlight: number | null;
  /** load_avg_1m of web dynos. */
  load: number | null;
  requestsPerSecond: number | null;
}

export interface KeptRequestAnswer {
  atMs: number;
  requestId: string | null;
  method: string | null;
  path: string | null;
  host: string | null;
  client: string | null;
  dyno: string | null;
  connectMs: number | null;
  serviceMs: number | null;
  status: number | null;
  bytes: number | null;
  code: string | null;
  release: number | null;
  why: 'bad' | 'slow' | 'sample' | 'log';
  sampleRate: number;
}

/** GET /api/v1/apps/:app/requests?from&to&code&status&dyno&requestId&limit : kept single requests, newest first. */
export interface RequestsAnswer {
  requests: KeptRequestAnswer[];
}
