/** What sets a range apart from a baseline. */
import type { GapAnswer } from './time.ts';

/** What a range is held against: four times its length just before it, or the same time a week ago. */
export type ExplainBase = 'before' | 'week';

export interface ExplainWindow {
  /** Epoch s, on whole stored buckets; `to` exclusive. */
  from: number;
  to: number;
  /** Requests that count for availability, and of these the bad ones. */
  requests: number;
  bad: number;
  /** Requests that count for latency, and of these the ones that took at least `slowFromMs`. */
  timed: number;
  slow: number;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
  /** Known losses that touch it. */
  gaps: GapAnswer[];
}

export interface ExplainSideAnswer {
  /** Requests with this value that count; 0 where only bad (slow) ones are told apart. */
  requests: number;
  /** Bad (slow) ones of them. */
  hits: number;
  /** Of all bad (slow) requests of the window, 0–1; null when there were none. */
  share: number | null;
  /** Bad (slow) share of the requests with this value; null where those are not known. */
  ratio: number | null;
}

/** A value of an attribute whose share of the bad (slow) requests grew. */
export interface ExplainRow {
  attribute: 'code' | 'status' | 'path' | 'method' | 'host' | 'dyno' | 'release';
  /** As stored: `H12`, `503`, `GET /cart/{id}`, `web.3`, `214`; '' for no dyno, and before the first release seen. */
  value: string;
  /** As people call it: `v214`, `Status 503`. */
  name: string;
  range: ExplainSideAnswer;
  baseline: ExplainSideAnswer;
  /** Requests of the range without this value; null where they are not known. */
  others: { requests: number; hits: number; ratio: number | null } | null;
  /** Part of the rise of bad (slow) requests that has this value, 0–1; null without a rise. */
  ofIncrease: number | null;
  /** By how much the share grew at least (95 %), 0–1: the rank. */
  score: number;
  /** true when told from a sample of kept requests. */
  isEstimate: boolean;
  sentence: string;
}

/** GET /api/v1/apps/:app/explain?from&to&base&slowMs */
export interface ExplainAnswer {
  app: string;
  nowMs: number;
  base: ExplainBase;
  range: ExplainWindow;
  baseline: ExplainWindow;
  /** From here on a request is slow: the baseline's p95 unless asked for otherwise; null when nothing was timed. */
  slowFromMs: number | null;
  /** Ranked, most grown first; at most 25 each. Empty where too few were bad (slow), or nothing stands out. */
  bad: ExplainRow[];
  slow: ExplainRow[];
  /** Releases from the start of the baseline to the end of the range, oldest first. */
  releases: { version: number; atMs: number }[];
  /** How long it took to read and to rank, ms. */
  tookMs: number;
}
