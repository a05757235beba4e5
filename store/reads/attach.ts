/** What has been seen of an app so far, for the checklist of attaching it. */
import { SERIES_DYNO, SERIES_DYNO_METRIC, SERIES_MESSAGE } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';

export interface AttachFacts {
  /** First request of any drain. */
  firstReceivedMs: number | null;
  /** First line of any kind. */
  firstLineMs: number | null;
  firstRequestMs: number | null;
  firstMetricMs: number | null;
  firstReleaseMs: number | null;
  /** 401s under the app's name, when the last was after sinceMs. */
  refused: number;
  refusedReason: string;
  /** Names that are no app's, tried since then, most attempts first: a name mistyped in the drain URL is among them. */
  strangers: { userName: string; attempts: number }[];
  /** Lines that Heroku says it dropped before they reached us, since then (L10 and its like). */
  lostMessages: number;
  /** Drains of the app that somebody banned. */
  bannedDrains: number;
}

const STRANGERS_MAX = 3;

/** Series are made with their first bucket, so their making is the first time something was seen. */
export async function readAttachFacts(
  db: Queryable,
  app: { id: number; name: string },
  sinceMs: number,
): Promise<AttachFacts> {
  const { rows } = await db.query<{
    received: number | null;
    line: number | null;
    request: number | null;
    metric: number | null;
    release: number | null;
    refused: number | null;
    reason: string | null;
    strangers: { userName: string; attempts: number }[] | null;
    lost: number;
    banned: number;
  }>(
    `SELECT (SELECT min(first_received_at_ms) FROM drains WHERE app_id = $1 AND state <> 'banned') AS received,
       s.line, s.request, s.metric,
       (SELECT min(at_ms) FROM events WHERE app_id = $1 AND kind = 'release') AS release,
       r.attempts AS refused, r.reason,
       (SELECT json_agg(o) FROM (
          SELECT user_name AS "userName", attempts FROM refused_senders
          WHERE reason = 'unknownUser' AND user_name <> '' AND last_at_ms >= $6
          ORDER BY attempts DESC, user_name LIMIT ${STRANGERS_MAX}) AS o) AS strangers,
       (SELECT coalesce(sum(messages::float8), 0) FROM gaps WHERE app_id = $1 AND to_ms >= $6) AS lost,
       (SELECT count(*)::int FROM drains WHERE app_id = $1 AND state = 'banned') AS banned
     FROM (
       SELECT min(created_at_ms) FILTER (WHERE kind = $3) AS line,
         min(created_at_ms) FILTER (WHERE kind = $4) AS request,
         min(created_at_ms) FILTER (WHERE kind = $5) AS metric
       FROM series WHERE app_id = $1
     ) s LEFT JOIN refused_senders r ON r.user_name = $2 AND r.last_at_ms >= $6`,
    [app.id, app.name, SERIES_MESSAGE, SERIES_DYNO, SERIES_DYNO_METRIC, sinceMs],
  );
  const row = rows[0];
  return {
    firstReceivedMs: row?.received ?? row?.line ?? null,
    firstLineMs: row?.line ?? null,
    firstRequestMs: row?.request ?? null,
    firstMetricMs: row?.metric ?? null,
    firstReleaseMs: row?.release ?? null,
    refused: row?.refused ?? 0,
    refusedReason: row?.reason ?? '',
    strangers: row?.strangers ?? [],
    lostMessages: row?.lost ?? 0,
    bannedDrains: row?.banned ?? 0,
  };
}
