/** Who changed what, when, from where (table audit_log, insert-only; SEC-48). Never holds a secret. */
import type { Queryable } from './pool.ts';

export interface AuditEntry {
  atMs: number;
  /** A person's id, `token:<id>`, `cli` or `setup`. */
  actor: string;
  /** Verb of a closed list, such as `app.create`. */
  action: string;
  /** What was changed: an app's name, a person's id. */
  subject: string;
  address: string;
  before?: Record<string, unknown> | undefined;
  after?: Record<string, unknown> | undefined;
}

export async function insertAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query(
    `INSERT INTO audit_log (at_ms, actor, action, subject, address, before, after)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      entry.atMs,
      entry.actor,
      entry.action,
      entry.subject,
      entry.address,
      entry.before === undefined ? null : JSON.stringify(entry.before),
      entry.after === undefined ? null : JSON.stringify(entry.after),
    ],
  );
}

export interface AuditFilter {
  limit: number;
  beforeId?: number | undefined;
  /** Beginning of the action: `app.` takes all of apps. */
  action?: string | undefined;
  /** Part of what was changed, as it is written. */
  subject?: string | undefined;
  actor?: string | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
}

/** The newest entries that fit, newest first; beforeId pages back. */
export async function listAudit(
  db: Queryable,
  filter: AuditFilter,
): Promise<(AuditEntry & { id: number; actorName: string })[]> {
  const { rows } = await db.query<{
    id: number;
    at_ms: number;
    actor: string;
    actor_name: string | null;
    action: string;
    subject: string;
    address: string;
    before: Record<string, unknown> | null;
    after: Record<string, unknown> | null;
  }>(
    `SELECT l.id, at_ms, actor, action, subject, address, before, after,
       coalesce(nullif(p.display_name, ''), p.email, 'API token "' || t.name || '"') AS actor_name
     FROM audit_log l
     LEFT JOIN people p ON p.id::text = l.actor
     LEFT JOIN api_tokens t ON 'token:' || t.id::text = l.actor
     WHERE l.id < $1 AND ($3::text IS NULL OR starts_with(action, $3))
       AND ($4::text IS NULL OR strpos(lower(subject), lower($4)) > 0) AND ($5::text IS NULL OR actor = $5)
       AND ($6::bigint IS NULL OR at_ms >= $6) AND ($7::bigint IS NULL OR at_ms < $7)
     ORDER BY l.id DESC LIMIT $2`,
    [
      filter.beforeId ?? Number.MAX_SAFE_INTEGER,
      filter.limit,
      filter.action ?? null,
      filter.subject ?? null,
      filter.actor ?? null,
      filter.fromMs ?? null,
      filter.toMs ?? null,
    ],
  );
  return rows.map(({ at_ms, actor_name: actorName, before, after, ...row }) => ({
    ...row,
    actorName: actorName ?? NAMES[row.actor] ?? row.actor,
    atMs: at_ms,
    before: before ?? undefined,
    after: after ?? undefined,
  }));
}

const NAMES: Record<string, string> = {
  cli: 'command line',
  setup: 'whoever claimed this instance',
  worker: 'Drainboard',
};
