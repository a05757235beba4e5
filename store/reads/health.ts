/** Drain health of apps: how far the data goes, what was lost, doubled or left out. */

import { SERIES_FILED, SERIES_MESSAGE } from '../../model/series.ts';
import { HOUR } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { listDrains, type StreamHealth, streamHealthOf } from './drains.ts';
import { readLostMessages } from './gaps.ts';
import { readSeriesNames } from './series-names.ts';
import { readSliceGroups } from './units.ts';

export interface HealthOfApp extends StreamHealth {
  /** Upper bound, last hour. */
  lostMessages: number;
  /** Last hour. */
  messages: number;
}

/** Health of some apps in a handful of queries, whatever their number. */
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

/** Messages as filed are one series; apps that have none of it yet count theirs by kind. */
async function readMessagesOfLastHour(
  db: Queryable,
  appIds: readonly number[],
  nowMs: number,
): Promise<Map<number, number>> {
  const names = await readSeriesNames(db, appIds, [SERIES_FILED, SERIES_MESSAGE]);
  const filed = new Set(names.filter((name) => name.kind === SERIES_FILED).map((name) => name.appId));
  const own = names.filter((name) => name.kind === SERIES_FILED || !filed.has(name.appId));
  const toS = Math.ceil(nowMs / 10_000) * 10;
  const messages = new Map<number, number>();
  for (const group of await readSliceGroups(db, appIds, { fromS: toS - 3600, toS })) {
    const members = new Set(group.appIds);
    const points = await readCountPoints(db, {
      target: { pairs: own.filter((name) => members.has(name.appId)) },
      slices: group.slices,
      columns: ['count'],
      stepS: null,
      by: 'app',
    });
    for (const point of points) messages.set(point.appId, point.sums.count);
  }
  return messages;
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
