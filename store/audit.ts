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

/** The newest entries, newest first; beforeId pages back. */
export async function listAudit(
  db: Queryable,
  page: { limit: number; beforeId?: number | undefined },
): Promise<(AuditEntry & { id: number })[]> {
  const { rows } = await db.query<{
    id: number;
    at_ms: number;
    actor: string;
    action: string;
    subject: string;
    address: string;
    before: Record<string, unknown> | null;
    after: Record<string, unknown> | null;
  }>(
    `SELECT id, at_ms, actor, action, subject, address, before, after FROM audit_log
     WHERE id < $1 ORDER BY id DESC LIMIT $2`,
    [page.beforeId ?? Number.MAX_SAFE_INTEGER, page.limit],
  );
  return rows.map(({ at_ms, before, after, ...row }) => ({
    ...row,
    atMs: at_ms,
    before: before ?? undefined,
    after: after ?? undefined,
  }));
}
