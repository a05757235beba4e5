import type { IngestHealth } from '../../model/ingest-health.ts';
import type { NoticeAnswer } from './health.ts';

/**
 * GET /api/v1/stream?apps=a,b (or none for the fleet): server-sent events, one stream a tab.
 * `ping` every 15 s; `tick` when an app has new committed data (at most one a second and app);
 * `alerts` (AlertsMessage) at once and when the open incidents change; `event` when an event was stored; `health` at once and whenever it changes (at most every 2 s; without an id);
 * `bye` with retry before a restart or when live streams are shed. Ids allow Last-Event-ID.
 */
export interface TickMessage {
  app: string;
  atMs: number;
  dataThroughMs: number;
  messages: number;
}

/**
 * How the process that serves the stream is doing, from its memory: also told while the database is away. A page
 * shows `notices` as its banner until the next message; an empty list takes the banner away.
 */
export interface HealthMessage {
  atMs: number;
  /** As in ProcessAnswer. */
  holder: string;
  database: 'ok' | 'away';
  /** null for a process that takes no frames in. */
  ingest: IngestHealth | null;
  /** Worst first. Only what this process knows by itself: GET /api/v1/health says more. */
  notices: NoticeAnswer[];
}

/** Come back after the `retry` that comes with it; `shed`: streams gave way to taking frames in. */
export interface ByeMessage {
  reason: 'stopping' | 'shed';
}
