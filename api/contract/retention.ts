/** How long things are kept: what holds, who chose it, how large it is and will be. */
import type { RetentionTier } from '../../model/retention.ts';

export interface RetentionTierAnswer {
  tier: RetentionTier;
  title: string;
  /** What is gone when it is gone, as the end of a sentence. */
  lost: string;
  needs: string;
  unit: 'h' | 'd';
  /** What holds now, ms. */
  keepMs: number;
  /** What people chose; null: as the environment says. */
  chosen: { keepMs: number; author: string; atMs: number } | null;
  /** The environment's limit, and the setting that gives it. */
  mostMs: number;
  setting: string;
  leastMs: number;
  /** Rows go together: they stay up to so much longer. */
  wholeMs: number;
  perApp: boolean;
  bytes: number;
  /** Start of the oldest that is there; null when empty, or where it is not known. */
  oldestMs: number | null;
  /** null: too little has come to tell. */
  bytesPerDay: number | null;
  /** When all of the span is filled at this rate. */
  projectedBytes: number | null;
}

export interface AppRetentionAnswer {
  app: string;
  tiers: {
    tier: RetentionTier;
    keepMs: number;
    chosen: { keepMs: number; author: string; atMs: number } | null;
    bytesPerDay: number;
    projectedBytes: number;
  }[];
  /** Lines of its log, hours; 0: none are taken in; null: as the instance. */
  keepLogsHours: number | null;
}

/** GET /api/v1/retention */
export interface RetentionAnswer {
  nowMs: number;
  tiers: RetentionTierAnswer[];
  apps: AppRetentionAnswer[];
  /** Lines of logs, which have a budget of their own; null: not kept by this release. */
  logs: {
    keepHours: number;
    bytes: number;
    /** Beyond it the oldest lines of all apps go first; null: no such bound. */
    bytesMax: number | null;
    bytesPerDay: number | null;
    oldestMs: number | null;
  } | null;
  totalBytes: number;
  /** Of all tiers; null while one cannot be told. */
  projectedBytes: number | null;
  /** Rounds that delete come this often. */
  everyMs: number;
}

/** PUT /api/v1/retention → RetentionChangeAnswer */
export interface RetentionRequest {
  tier: RetentionTier;
  /** Left out: the whole instance. */
  app?: string | undefined;
  /** null: as the environment, or the instance, says. */
  keepMs: number | null;
  /** Says what it would do, and changes nothing. */
  dryRun?: boolean | undefined;
}

export interface RetentionChangeAnswer {
  dryRun: boolean;
  beforeMs: number;
  afterMs: number;
  /** What it deletes and when, in plain words. */
  says: string;
  /** About so much goes; null: nothing, or it cannot be told. */
  deletesBytes: number | null;
}

/** PUT /api/v1/apps/:app/keep-logs → 204 */
export interface KeepLogsRequest {
  /** 0: none are taken in, and those there are deleted; null: as the instance. */
  hours: number | null;
}
