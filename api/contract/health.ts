/** Drain health: how far the data goes, what was lost, doubled or left out. Shown in every page's header. */
import type { IngestHealth } from '../../model/ingest-health.ts';
import type { GapAnswer } from './time.ts';

/** State of an app's stream: `receiving`; `silent` (had data, none for 3 min); `waiting` (never had any). */
export type StreamState = 'receiving' | 'silent' | 'waiting';

export interface HealthSummary {
  state: StreamState;
  /** Newest line time taken over, epoch ms; null before the first line. */
  dataThroughMs: number | null;
  /** Arrival minus line time of the newest lines, ms; null before the first line. */
  lagMs: number | null;
  /** Messages known to be lost in the last hour (upper bound). */
  lostMessages: number;
  /** Messages counted in the last hour. */
  messages: number;
}

export interface DrainAnswer {
  id: number;
  /** `d.…` or empty for senders without one. */
  token: string;
  state: 'adopted' | 'new' | 'banned';
  sender: string;
  firstReceivedMs: number;
  lastReceivedMs: number;
  dataThroughMs: number | null;
}

/** GET /api/v1/apps/:app/health?from&to */
export interface AppHealthAnswer extends HealthSummary {
  app: string;
  from: number;
  to: number;
  framesAccepted: number;
  framesDuplicate: number;
  messagesByKind: Record<string, number>;
  /** Reason (NOTES of model/observation.ts) → messages or bodies. */
  skipped: Record<string, number>;
  redactions: number;
  gaps: GapAnswer[];
  drains: DrainAnswer[];
  unknownTokens: number;
  quarantine: { receivedMs: number; reason: string; sizeBytes: number; excerpt: string }[];
}

/** A sentence for a banner. `code` names what it is about and stays the same while its figures change. */
export interface NoticeAnswer {
  level: 'info' | 'warning' | 'critical';
  code: NoticeCode;
  text: string;
}

export type NoticeCode =
  | 'databaseAway'
  | 'commitsFailing'
  | 'readOnly'
  | 'spool'
  | 'shedding'
  | 'shedApps'
  | 'overflow'
  | 'loop'
  | 'connections'
  | 'chartsBehind'
  | 'partitions'
  | 'compactionBehind'
  | 'databaseConnections'
  | 'clock'
  | 'unknownTokens'
  | 'refused'
  | 'silent'
  | 'processGone'
  /** Alerting itself, or a receiver. */
  | 'alerting';

/** One web process, as it reported itself within the last hour. */
export interface ProcessAnswer {
  /** Host or dyno and process id, as in `writers`. */
  holder: string;
  dyno: string;
  version: string;
  roles: 'drain' | 'api' | 'all';
  startedMs: number;
  /** Reports come every 5 s; one that is older than 20 s is of a process that is gone or cut off. */
  seenMs: number;
  /** The process that answers: its figures are of this moment. */
  isThis: boolean;
  /** null for a process that takes no frames in. */
  ingest: IngestHealth | null;
}

/** GET /api/v1/health */
export interface InstanceHealthAnswer {
  /** Worst state over all apps' streams, and the database. */
  database: 'ok' | 'away';
  serverTimeMs: number;
  version: string;
  refusedSenders: { userName: string; attempts: number; firstMs: number; lastMs: number; reason: string }[];
  writers: { id: number; holder: string; behindChunks: number; seenMs: number }[];
  compactionsDue: number;
  storage: { table: string; bytes: number }[];
  /** This process first, then the others, newest sign of life first. */
  processes: ProcessAnswer[];
  /** Sentences for a banner, worst first; empty when all is well. */
  notices: NoticeAnswer[];
}

/** GET /api/v1/drains : counts are of the last hour */
export interface DrainsAnswer {
  nowMs: number;
  apps: {
    app: string;
    createdAtMs: number;
    strictTokens: boolean;
    customMetrics: boolean;
    health: HealthSummary;
    framesAccepted: number;
    framesDuplicate: number;
    /** 401s under the app's name. */
    refused: number;
    drains: DrainAnswer[];
  }[];
  /** Refused under names that are no app's. */
  strangers: { userName: string; attempts: number; firstMs: number; lastMs: number; reason: string }[];
}

/** GET /api/v1/health/database : for admins */
export interface DatabaseHealthAnswer {
  version: string;
  bytes: number;
  connections: number;
  maxConnections: number;
  byApplication: { application: string; count: number; active: number }[];
  /** Longest of the statements that run now, ms. */
  longestMs: number;
  /** By time since the statistics were reset; null: the server does not count statements (pg_stat_statements). */
  slow: { text: string; calls: number; meanMs: number; maxMs: number; share: number }[] | null;
}

/** GET /api/v1/apps/:app/counts?from&to : exact totals over [from, to). */
export interface CountsAnswer {
  app: string;
  from: number;
  to: number;
  messages: number;
  messagesByKind: Record<string, number>;
  requests: number;
  bad: number;
  excluded: number;
  statuses: Record<string, number>;
  codes: Record<string, number>;
  framesAccepted: number;
  framesDuplicate: number;
  /** Messages reported lost (gaps), upper bound. */
  lossMessages: number;
}
