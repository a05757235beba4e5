/** The app that stands for Drainboard's own line through the whole path. */
import { createHmac } from 'node:crypto';
import { keyedHash } from '../model/secret.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import type { Pool, Queryable } from './pool.ts';
import { withTransaction } from './pool.ts';

/** No name that a person can give, so that it is in no list and under no address. */
export const PROBE_APP = 'drainboard~probe';

export interface ProbeApp {
  appId: number;
  userName: string;
  secret: string;
}

/** Its secret follows from the instance's, so that every process knows it and nobody keeps it. */
function probeSecret(key: string): string {
  return createHmac('sha256', key).update('probe').digest('base64url').replaceAll('-', '_');
}

/** Makes the app where it is missing. */
export async function ensureProbeApp(pool: Pool, key: string, nowMs: number): Promise<ProbeApp> {
  const secret = probeSecret(key);
  const appId = await withTransaction(pool, async (tx) => {
    await tx.query('INSERT INTO apps (name, created_at_ms) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [
      PROBE_APP,
      nowMs,
    ]);
    const { rows } = await tx.query<{ id: number }>('SELECT id FROM apps WHERE name = $1', [PROBE_APP]);
    const id = rows[0]?.id;
    if (id === undefined) throw new Error('the app of the probe was not made');
    await tx.query(
      `INSERT INTO drain_secrets (app_id, secret_hash, created_at_ms) VALUES ($1, $2, $3)
       ON CONFLICT (secret_hash) DO NOTHING`,
      [id, keyedHash(key, 'drain', secret), nowMs],
    );
    return id;
  });
  return { appId, userName: PROBE_APP, secret };
}

/** The app, where some process has made it. */
export async function readProbeApp(db: Queryable, key: string): Promise<ProbeApp | null> {
  const { rows } = await db.query<{ id: number }>('SELECT id FROM apps WHERE name = $1', [PROBE_APP]);
  return rows[0] === undefined ? null : { appId: rows[0].id, userName: PROBE_APP, secret: probeSecret(key) };
}

/** Newest minute of the last hour in which a line of the app was received, counted and folded; null for none. */
export async function readSeenMinute(db: Queryable, appId: number, nowMs: number): Promise<number | null> {
  const { rows } = await db.query<{ minute: number | null }>(
    `SELECT max(h.hour * 60 + m.position::int - 1) AS minute
     FROM app_hours h CROSS JOIN LATERAL unnest(h.messages) WITH ORDINALITY AS m (messages, position)
     WHERE h.app_id = $1 AND h.hour >= $2 AND m.messages > 0 AND h.hour * 60 + m.position::int - 1 >= $3`,
    [appId, Math.floor((nowMs - HOUR) / HOUR), Math.floor((nowMs - HOUR) / MINUTE)],
  );
  return rows[0]?.minute ?? null;
}
