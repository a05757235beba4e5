/** Drain health of apps: how far the data goes, what was lost, doubled or left out. */

import { SERIES_MESSAGE } from '../../model/series.ts';
import { HOUR } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { listDrains, type StreamHealth, streamHealthOf } from './drains.ts';
import { readLostMessages } from './gaps.ts';
import { planSlices } from './plan.ts';
import { readSeriesNames } from './series-names.ts';

export interface HealthOfApp extends StreamHealth {
  /** Upper bound, last hour. */
  lostMessages: number;
  /** Last hour. */
  messages: number;
}

/** Health of some apps in four queries, whatever their number. */
export async function readHealth(
  db: Queryable,
  appIds: readonly number[],
  nowMs: number,
): Promise<Map<number, HealthOfApp>> {
  const drains = await listDrains(db, appIds);
  const lost = await readLostMessages(db, appIds, nowMs - HOUR, nowMs + HOUR);
  const messages = await readMessagesOfLastHour(db, appIds, nowMs);
  return new Map(
    appIds.map((appId) => [
      appId,
      {
        ...streamHealthOf(
          drains.filter((drain) => drain.appId === appId),
          nowMs,
        ),
        lostMessages: lost.get(appId) ?? 0,
        messages: messages.get(appId) ?? 0,
      },
    ]),
  );
}

async function readMessagesOfLastHour(
  db: Queryable,
  appIds: readonly number[],
  nowMs: number,
): Promise<Map<number, number>> {
  const names = await readSeriesNames(db, appIds, [SERIES_MESSAGE]);
  const toS = Math.ceil(nowMs / 10_000) * 10;
  const points = await readCountPoints(db, {
    target: { pairs: names },
    slices: planSlices({ fromS: toS - 3600, toS }, 10, []),
    columns: ['count'],
    stepS: null,
    by: 'app',
  });
  return new Map(points.map((point) => [point.appId, point.sums.count]));
}

export interface QuarantinedBytes {
  receivedMs: number;
  reason: string;
  sizeBytes: number;
  /** Beginning of what was received, redacted before it was stored; unreadable bytes as U+FFFD. */
  excerpt: string;
}

/** The newest unreadable pieces of an app. */
export async function readQuarantine(
  db: Queryable,
  appId: number,
  limit: number,
): Promise<QuarantinedBytes[]> {
  const { rows } = await db.query<{
    received_at_ms: number;
    reason: string;
    size_bytes: number;
    bytes: Buffer;
  }>(
    `SELECT received_at_ms, reason, size_bytes, substring(bytes from 1 for 512) AS bytes FROM quarantine
     WHERE app_id = $1 ORDER BY id DESC LIMIT $2`,
    [appId, limit],
  );
  return rows.map((row) => ({
    receivedMs: row.received_at_ms,
    reason: row.reason,
    sizeBytes: row.size_bytes,
    excerpt: row.bytes.toString('utf8'),
  }));
}
