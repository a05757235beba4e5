/** Bytes that could not be read, kept for a while for "why is my line not counted?" (table quarantine). */
import type { AppDeltas } from '../model/deltas.ts';
import type { Client } from './pool.ts';

/** Adds the unreadable bytes of a roll-up in its transaction. What the bound of an app allows is retention's matter. */
export async function insertQuarantine(client: Client, apps: AppDeltas[]): Promise<void> {
  const rows = apps.flatMap((app) => app.quarantine.map((entry) => ({ appId: app.appId, ...entry })));
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO quarantine (app_id, drain_id, received_at_ms, reason, bytes, size_bytes)
     SELECT a, d, t, r, decode(b, 'base64'), s
     FROM unnest($1::int[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::int[]) AS n (a, d, t, r, b, s)`,
    [
      rows.map((row) => row.appId),
      rows.map((row) => row.drainId),
      rows.map((row) => row.receivedAtMs),
      rows.map((row) => row.reason),
      rows.map((row) => row.base64),
      rows.map((row) => row.sizeBytes),
    ],
  );
}
