/** Known losses (table gaps). */
import type { AppDeltas } from '../model/deltas.ts';
import type { Client, Queryable } from './pool.ts';

/**
 * Adds the losses of a roll-up in its transaction. A notice repeated for the same drain, cause and start widens its
 * gap and keeps the largest count: Logplex's numbers are cumulative since the start (FORMATS 2.6).
 */
export async function upsertGaps(client: Client, apps: AppDeltas[]): Promise<void> {
  const losses = new Map<string, { appId: number } & AppDeltas['losses'][number]>();
  for (const app of apps) {
    for (const loss of app.losses) {
      const key = `${app.appId}\t${loss.drainId}\t${loss.dedupeKey}`;
      const known = losses.get(key);
      // One statement may touch a row once only, so repeats are joined before.
      if (known === undefined) losses.set(key, { appId: app.appId, ...loss });
      else {
        known.fromMs = Math.min(known.fromMs, loss.fromMs);
        known.toMs = Math.max(known.toMs, loss.toMs);
        if (loss.messages !== undefined) known.messages = Math.max(known.messages ?? 0, loss.messages);
      }
    }
  }
  if (losses.size === 0) return;
  const rows = [...losses.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, loss]) => loss);
  await client.query(
    `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
     SELECT a, d, c, f, t, m, k
     FROM unnest($1::int[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
       AS n (a, d, c, f, t, m, k)
     ON CONFLICT (app_id, drain_id, dedupe_key) DO UPDATE SET
       from_ms = least(gaps.from_ms, excluded.from_ms),
       to_ms = greatest(gaps.to_ms, excluded.to_ms),
       messages = greatest(gaps.messages, excluded.messages)`,
    [
      rows.map((loss) => loss.appId),
      rows.map((loss) => loss.drainId),
      rows.map((loss) => loss.cause),
      rows.map((loss) => Math.floor(loss.fromMs)),
      rows.map((loss) => Math.floor(loss.toMs)),
      rows.map((loss) => loss.messages ?? null),
      rows.map((loss) => loss.dedupeKey),
    ],
  );
}

/**
 * Adds one gap of unknown size to every app there is; gives the number of apps. Whoever else tells of the same start
 * widens it.
 */
export async function insertGapOfAll(
  db: Queryable,
  { cause, fromMs, toMs }: { cause: string; fromMs: number; toMs: number },
): Promise<number> {
  const { rowCount } = await db.query(
    `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
     SELECT id, 0, $1::text, $2::bigint, $3::bigint, NULL, $1::text || ':' || $2::bigint FROM apps WHERE removed_at_ms IS NULL AND created_at_ms < $3::bigint
     ORDER BY id
     ON CONFLICT (app_id, drain_id, dedupe_key) DO UPDATE SET to_ms = greatest(gaps.to_ms, excluded.to_ms)`,
    [cause, Math.floor(fromMs), Math.floor(toMs)],
  );
  return rowCount ?? 0;
}
