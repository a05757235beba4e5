/** What the API is built from. */
import type { ShedPart } from '../model/ingest-health.ts';
import type { Log } from '../model/log.ts';
import type { OwnProcess } from '../model/process.ts';
import type { SloDefinition } from '../model/slo.ts';
import type { Pool } from '../store/pool.ts';
import type { Kept } from '../store/reads/plan.ts';
import type { KeptRequest } from '../store/reads/requests.ts';
import type { KeptNow } from './kept.ts';
import type { LiveFeed, StreamGauge } from './live.ts';
import type { RememberedCallers } from './remembered.ts';

/** The part of the configuration the API looks at; bin/env.ts' Config is one. */
export interface ApiConfig extends Kept {
  /** Key of all hashes (DRAINBOARD_SECRET). */
  secret?: string | undefined;
  /** Public address without a slash at the end, when it was set. */
  baseUrl?: string | undefined;
  /** On Heroku the router's headers can be trusted, nowhere else. */
  onHeroku: boolean;
  herokuAppName?: string | undefined;
  herokuDomain?: string | undefined;
  keepDetailsMs: number;
  keepChunksMs?: number | undefined;
  keepQuarantineMs?: number | undefined;
  /** Lines of logs: hours for apps that say nothing else, and most bytes of all apps together. */
  keepLogsHours?: number | undefined;
  logsBytes?: number | undefined;
}

export interface ApiDeps {
  /** For reading and for people's writes; best with a bound on connections of its own. */
  pool: Pool;
  config: ApiConfig & { secret: string };
  nowMs: () => number;
  live: LiveFeed;
  log: Log;
  /** The one-time token that lets its holder make the first admin. */
  setupToken: string;
  version?: string;
  /** Folder of the built pages; left out: no pages are served. */
  uiDir?: string | undefined;
  /** Aborted when the process begins to stop: readiness ends, streams say goodbye. */
  stopping?: AbortSignal | undefined;
  /** How this process is doing at this moment, from its memory. Left out: nothing is known of it. */
  ownProcess?: (() => OwnProcess) | undefined;
  /** Kept up to date by the streams. */
  streamGauge?: StreamGauge | undefined;
  /** Whether a part gives way now, so that frames are taken in; each yes is counted. Left out: never. */
  gaveWay?: ((part: ShedPart) => boolean) | undefined;
  /** Who may read while the database is away; buildApi makes one. */
  remembered?: RememberedCallers | undefined;
  /** What holds of the spans above by what people chose; buildApi makes one. */
  kept?: KeptNow | undefined;
  /** Called once after the first admin was made. */
  onClaimed?: (() => void) | undefined;
  /** Longest that one search of logs works for an answer, ms. Left out: as each route says. */
  logSearchMs?: number | undefined;
  /** Looks a request id up in the durable log; newest first, with `why` = `log`. */
  findRequestInChunks?:
    | ((query: { appId: number; requestId: string; fromMs: number; toMs: number }) => Promise<KeptRequest[]>)
    | undefined;
  /** What an objective would have counted by minute, exactly, from the durable log, as far back as it takes some seconds. */
  countInLog?:
    | ((query: { appId: number; definition: SloDefinition; fromMs: number; toMs: number }) => Promise<{
        minutes: { minute: number; events: number; bad: number }[];
        /** From this minute on it is whole. */
        fromMinute: number;
      }>)
    | undefined;
}

/** Longest a reading statement may run (P-24). */
export const READ_TIMEOUT_MS = 10_000;
