/** Whether alerting works, for uptime monitors outside: they need no account and learn no more than that (SEC-60). */
import type { Context, Hono } from 'hono';
import { MINUTE, SECOND } from '../../model/time.ts';
import type { Pool } from '../../store/pool.ts';
import { readLastRound } from '../../store/watch.ts';

/** Three intervals of evaluation without a finished round. */
const LATE_MS = 3 * MINUTE;
/** Strangers ask as often as they like; the database is asked this often. */
const REMEMBERED_MS = 5 * SECOND;

/**
 * GET /health/alerting: 200 `ok`, or 503 `late` when the last finished evaluation round is older than three intervals,
 * or nobody can say.
 */
export function mountAlertingHealth<E extends { Variables: object }>(
  server: Hono<E>,
  { pool, nowMs }: { pool: Pool; nowMs: () => number },
): void {
  let remembered: { isLate: Promise<boolean>; atMs: number } | null = null;
  const ask = (): Promise<boolean> => {
    const at = nowMs();
    if (remembered === null || Math.abs(at - remembered.atMs) >= REMEMBERED_MS) {
      remembered = { isLate: isLate(pool), atMs: at };
    }
    return remembered.isLate;
  };
  server.get('/health/alerting', async (c: Context) => {
    const late = await ask();
    return c.text(late ? 'late' : 'ok', late ? 503 : 200, { 'cache-control': 'no-store' });
  });
}

async function isLate(pool: Pool): Promise<boolean> {
  try {
    const { nowMs, lastRoundMs } = await readLastRound(pool);
    return lastRoundMs === null || nowMs - lastRoundMs > LATE_MS;
  } catch {
    // Without a database nothing is evaluated either.
    return true;
  }
}
