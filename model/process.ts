/** A web process as it knows itself: what it reports to the table `processes` and to its own live streams. */
import type { IngestHealth } from './ingest-health.ts';

export type Roles = 'drain' | 'api' | 'all';

export interface OwnProcess {
  /** Host or dyno and process id, as in `writers`. */
  holder: string;
  dyno: string;
  version: string;
  roles: Roles;
  startedAtMs: number;
  /** Whether the last thing this process asked of the database was answered. */
  database: 'ok' | 'away';
  /** null: it takes no frames in. */
  ingest: IngestHealth | null;
}

/** Reports come this often, ms. */
export const REPORT_EVERY_MS = 5_000;
/** A process whose last report is older is gone or cut off, ms. */
export const GONE_AFTER_MS = 4 * REPORT_EVERY_MS;
