/** What was done to apps lately, and who wants to hear of it (tables events, receivers). */
import { type AppEvent, CHANGE_KINDS, type ChangeKind } from '../../model/change-event.ts';
import type { Queryable } from '../pool.ts';

/** More in one look are left out: nobody scales that often. */
const EVENTS_MAX = 1_000;

/** Of apps that are there, oldest first. */
export async function listChangeEvents(
  db: Queryable,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<AppEvent[]> {
  const { rows } = await db.query<{
    app_id: number;
    kind: ChangeKind;
    at_ms: number;
    version: number | null;
    detail: Record<string, unknown>;
  }>(
    `SELECT e.app_id, e.kind, e.at_ms, e.version, e.detail FROM events e JOIN apps a ON a.id = e.app_id
     WHERE e.at_ms >= $1 AND e.at_ms < $2 AND e.kind = ANY ($3) AND a.removed_at_ms IS NULL
     ORDER BY e.at_ms, e.id LIMIT $4`,
    [fromMs, toMs, CHANGE_KINDS, EVENTS_MAX],
  );
  return rows.map(({ app_id, kind, at_ms, version, detail }) => ({
    appId: app_id,
    kind,
    atMs: at_ms,
    version,
    detail,
  }));
}

/** Receivers that take changes, with the instant they were made; what was before it is none of theirs. */
export async function listChangeReceivers(db: Queryable): Promise<{ id: number; sinceMs: number }[]> {
  const { rows } = await db.query<{ id: number; created_at_ms: number }>(
    `SELECT id, created_at_ms FROM receivers
     WHERE (kind = 'pagerdutyChange' OR kind = 'webhook' AND settings -> 'releases' = 'true') AND is_enabled AND health <> 'broken' AND removed_at_ms IS NULL`,
  );
  return rows.map(({ id, created_at_ms }) => ({ id, sinceMs: created_at_ms }));
}
