/** A release held against what was before it. */
import type { EventAnswer } from './events.ts';
import type { ExplainRow } from './explain.ts';
import type { GapAnswer } from './time.ts';

/** One of two windows of the same length: up to the release, and from it on. */
export interface ReleaseWindow {
  /** Epoch s, on whole stored buckets; `to` exclusive. */
  from: number;
  to: number;
  /** Requests that count for availability, and the bad ones of them. */
  requests: number;
  bad: number;
  timed: number;
  slow: number;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
  /** H, R and L codes, most frequent first. */
  codes: { code: string; count: number }[];
  /** Average of `memory_total` over the dynos that told it, and of the dyno with most; null without runtime metrics. */
  memoryMeanBytes: number | null;
  memoryWorst: { dyno: string; bytes: number } | null;
  gaps: GapAnswer[];
}

/** GET /api/v1/apps/:app/releases/:version?spanMs : windows end at the next release and at now, and are of one length. */
export interface ReleaseAnswer {
  app: string;
  nowMs: number;
  version: number;
  atMs: number;
  /** Lines of the API and of the build around it. */
  events: EventAnswer[];
  previous: { version: number; atMs: number } | null;
  next: { version: number; atMs: number } | null;
  before: ReleaseWindow;
  after: ReleaseWindow;
  /** true while the window after it still grows. */
  isRunning: boolean;
  slowFromMs: number | null;
  /** What has more of the bad and of the slow requests than before. */
  bad: ExplainRow[];
  slow: ExplainRow[];
}
