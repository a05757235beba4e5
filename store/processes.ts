/** Web processes as they report themselves (table processes). */
import type { IngestHealth } from '../model/ingest-health.ts';
import { DAY } from '../model/time.ts';
import type { Queryable } from './pool.ts';

export interface ProcessRow {
  /** Host or dyno and process id. */
  holder: string;
  dyno: string;
  version: string;
  roles: string;
  startedAtMs: number;
  seenAtMs: number;
  /** null: it takes no frames in. Of another release a field may be missing. */
  status: IngestHealth | null;
}

/**
 * Writes a process' row over. Of two that call themselves alike, as while one release takes over from another, the
 * one that began later stays.
 */
export async function upsertProcess(db: Queryable, row: ProcessRow): Promise<void> {
  await db.query(
    `INSERT INTO processes (holder, dyno, version, roles, started_at_ms, seen_at_ms, status)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (holder) DO UPDATE SET dyno = excluded.dyno, version = excluded.version, roles = excluded.roles,
       started_at_ms = excluded.started_at_ms, seen_at_ms = excluded.seen_at_ms, status = excluded.status
     WHERE processes.started_at_ms <= excluded.started_at_ms`,
    [
      row.holder,
      row.dyno,
      row.version,
      row.roles,
      row.startedAtMs,
      row.seenAtMs,
      row.status === null ? null : JSON.stringify(row.status),
    ],
  );
}

/** Rows kept without a sign of life, ms. */
const KEPT_MS = DAY;

/** Deletes the rows of processes that are long gone; gives their number. */
export async function deleteGoneProcesses(db: Queryable, nowMs: number): Promise<number> {
  const { rowCount } = await db.query('DELETE FROM processes WHERE seen_at_ms < $1', [nowMs - KEPT_MS]);
  return rowCount ?? 0;
}

/** A process that stops in order takes its row along; one that began later under the same name keeps its own. */
export async function deleteProcess(db: Queryable, holder: string, startedAtMs: number): Promise<void> {
  await db.query('DELETE FROM processes WHERE holder = $1 AND started_at_ms <= $2', [holder, startedAtMs]);
}

/** Those heard of since an instant, newest sign of life first. */
export async function listProcesses(db: Queryable, sinceMs: number, limit: number): Promise<ProcessRow[]> {
  const { rows } = await db.query<{
    holder: string;
    dyno: string;
    version: string;
    roles: string;
    started_at_ms: number;
    seen_at_ms: number;
    status: IngestHealth | null;
  }>(
    `SELECT holder, dyno, version, roles, started_at_ms, seen_at_ms, status FROM processes
     WHERE seen_at_ms >= $1 ORDER BY seen_at_ms DESC, holder LIMIT $2`,
    [sinceMs, limit],
  );
  return rows.map((row) => ({
    holder: row.holder,
    dyno: row.dyno,
    version: row.version,
    roles: row.roles,
    startedAtMs: row.started_at_ms,
    seenAtMs: row.seen_at_ms,
    status: row.status,
  }));
}
