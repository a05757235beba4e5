/** This installation (table instance): whether it was claimed, and the address people know it by. */
import type { Queryable } from './pool.ts';

export interface InstanceRow {
  /** When the first admin was made: set-up is closed from then on. */
  claimedAtMs: number | null;
  baseUrl: string | null;
}

export async function readInstance(db: Queryable): Promise<InstanceRow> {
  const { rows } = await db.query<{ claimed_at_ms: number | null; base_url: string | null }>(
    'SELECT claimed_at_ms, base_url FROM instance',
  );
  return { claimedAtMs: rows[0]?.claimed_at_ms ?? null, baseUrl: rows[0]?.base_url ?? null };
}

/** Closes set-up for good. False when somebody was faster: the row is locked until the winner commits. */
export async function claimInstance(db: Queryable, nowMs: number, baseUrl: string | null): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE instance SET claimed_at_ms = $1, base_url = coalesce($2, base_url) WHERE claimed_at_ms IS NULL',
    [nowMs, baseUrl],
  );
  return rowCount === 1;
}
