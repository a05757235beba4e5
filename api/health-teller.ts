/** What open pages are told of the process that serves them: from memory, also while the database is away. */
import type { OwnProcess } from '../model/process.ts';
import type { HealthMessage } from './contract/stream.ts';
import { ownNotices } from './notices.ts';

/** News are looked for this often, ms. */
export const HEALTH_EVERY_MS = 2_000;
/** What only differs in its figures (how long, how many) is told again this often, ms; at every look in an outage. */
const FIGURES_EVERY_MS = 10_000;

export interface HealthTeller {
  /** The message as of now, as JSON. */
  now(): string;
  /** The message when it is worth telling everybody again, else null. */
  news(): string | null;
}

export function buildHealthTeller(own: () => OwnProcess, nowMs: () => number): HealthTeller {
  let told = { matter: '', notices: '', atMs: Number.NEGATIVE_INFINITY };
  const message = (): HealthMessage => {
    const process = own();
    return {
      atMs: nowMs(),
      holder: process.holder,
      database: process.database,
      ingest: process.ingest,
      notices: ownNotices(process),
    };
  };
  return {
    now: () => JSON.stringify(message()),
    news: () => {
      const health = message();
      const matter = matterOf(health);
      const notices = JSON.stringify(health.notices);
      const isDue = health.atMs - told.atMs >= FIGURES_EVERY_MS || health.atMs < told.atMs;
      const isNews = matter !== told.matter || (isDue && notices !== told.notices);
      if (!isNews && !isOutage(health)) return null;
      told = { matter, notices, atMs: health.atMs };
      return JSON.stringify(health);
    },
  };
}

/** Somebody watches how it goes: what is held, what waits in Redis, for how long there is room. */
function isOutage({ database, ingest }: HealthMessage): boolean {
  if (database === 'away') return true;
  if (ingest === null) return false;
  return ingest.failingForMs !== null || !['off', 'ready'].includes(ingest.spool.state);
}

/** What a reader would call a change: what is wrong, not by how much. */
function matterOf({ database, ingest, notices }: HealthMessage): string {
  return JSON.stringify([
    database,
    ingest?.failure,
    ingest?.spool.state,
    ingest?.shedding,
    notices.map(({ level, code }) => [level, code]),
  ]);
}
