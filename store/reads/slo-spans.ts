/** What is not known of apps: minutes without a live drain, minutes of which lines are lost. */
import { MINUTE } from '../../model/time.ts';
import type { MinuteRange } from '../../model/window-sums.ts';
import type { Queryable } from '../pool.ts';

export interface AppSpans {
  /** First minute with a line of any kind; null before the first line. */
  firstMinute: number | null;
  /** Without a live drain, half open, in order; the last may go on beyond the range. */
  quiet: MinuteRange[];
  /** Of which lines are known to be lost. */
  uncertain: MinuteRange[];
  /** Since when the drain has been silent; null while it is alive. */
  quietSinceMinute: number | null;
}

const NOTHING: AppSpans = { firstMinute: null, quiet: [], uncertain: [], quietSinceMinute: null };
/** An app with more known losses than this is told of the newest. */
const SPANS_MAX = 5000;

/** Of each app, what touches [fromMinute, toMinute). Every app asked for is in the answer. */
export async function readAppSpans(
  db: Queryable,
  appIds: readonly number[],
  fromMinute: number,
  toMinute: number,
): Promise<Map<number, AppSpans>> {
  const { rows } = await db.query<{
    app_id: number;
    first_line_minute: number | null;
    quiet: [number, number | null][] | null;
    uncertain: [number, number][] | null;
  }>(
    `SELECT a.app_id, l.first_line_minute,
       (SELECT json_agg(json_build_array(q.from_minute, q.to_minute) ORDER BY q.from_minute) FROM quiet_spans q
        WHERE q.app_id = a.app_id AND q.from_minute < $3 AND (q.to_minute IS NULL OR q.to_minute > $2)) AS quiet,
       (SELECT json_agg(json_build_array(g.from_ms / ${MINUTE}, g.to_ms / ${MINUTE})) FROM (
          SELECT from_ms, to_ms FROM gaps
          WHERE app_id = a.app_id AND to_ms >= $4 AND from_ms < $5 ORDER BY to_ms DESC LIMIT ${SPANS_MAX}
        ) AS g) AS uncertain
     FROM unnest($1::int[]) AS a (app_id) LEFT JOIN app_liveness l ON l.app_id = a.app_id`,
    [appIds, fromMinute, toMinute, fromMinute * MINUTE, toMinute * MINUTE],
  );
  const byApp = new Map(appIds.map((appId) => [appId, NOTHING]));
  for (const row of rows) {
    const open = row.quiet?.find(([, to]) => to === null);
    byApp.set(row.app_id, {
      firstMinute: row.first_line_minute,
      quiet: (row.quiet ?? []).map(([from, to]) => ({ from, to: to ?? toMinute })),
      uncertain: (row.uncertain ?? [])
        .map(([from, to]) => ({ from, to: to + 1 }))
        .sort((a, b) => a.from - b.from),
      quietSinceMinute: open?.[0] ?? null,
    });
  }
  return byApp;
}
