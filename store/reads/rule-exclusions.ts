/** Spans of apps that teach nothing about what is usual: incidents, corrections, losses; releases, for latencies. */
import type { MinuteSpan } from '../../model/rule-facts.ts';
import { readCorrected } from '../corrections.ts';
import type { Queryable } from '../pool.ts';

export interface ExcludedSpan extends MinuteSpan {
  what: 'incident' | 'correction' | 'loss' | 'release';
}

/** Longer than this, an incident is how things are: a change for good would be left out for ever. */
const INCIDENT_MAX_MINUTES = 24 * 60;
const RELEASE_MINUTES = 60;
/** Of one app: more of them would leave nothing over anyway. */
const SPANS_MAX = 2_000;

/**
 * By app, those that touch [from, to). Incidents: of objectives, pages, and of rules about traffic and streams; a memory
 * leak changes nothing about the hour's traffic.
 */
export async function readExcludedSpans(
  db: Queryable,
  appIds: readonly number[],
  { from, to }: MinuteSpan,
): Promise<Map<number, ExcludedSpan[]>> {
  const [fromMs, toMs] = [from * 60_000, to * 60_000];
  const { rows } = await db.query<{
    app_id: number;
    from_ms: number;
    to_ms: number;
    what: ExcludedSpan['what'];
  }>(
    `SELECT s.* FROM unnest($1::int[]) AS a (app_id), LATERAL (
       (SELECT i.app_id, i.opened_at_ms AS from_ms, least(coalesce(i.resolved_at_ms, $3),
          i.opened_at_ms + ${INCIDENT_MAX_MINUTES * 60_000}) AS to_ms, 'incident' AS what
        FROM incidents i LEFT JOIN rules r ON r.id = i.rule_id
        WHERE i.app_id = a.app_id AND i.opened_at_ms < $3 AND coalesce(i.resolved_at_ms, $3) >= $2
          AND (i.subject_kind = 'slo' OR i.worst_severity = 'page'
            OR r.kind IN ('anomaly', 'trafficCollapse', 'drainSilent', 'failedShare', 'latency', 'requestRate'))
        LIMIT ${SPANS_MAX})
       UNION ALL
       (SELECT app_id, from_ms, to_ms + 1, 'loss' FROM gaps
        WHERE app_id = a.app_id AND to_ms >= $2 AND from_ms < $3 LIMIT ${SPANS_MAX})
       UNION ALL
       (SELECT app_id, at_ms, at_ms + ${RELEASE_MINUTES * 60_000}, 'release' FROM events
        WHERE app_id = a.app_id AND kind = 'release' AND at_ms >= $2::bigint - ${RELEASE_MINUTES * 60_000}
          AND at_ms < $3 LIMIT ${SPANS_MAX})
     ) AS s`,
    [appIds, fromMs, toMs],
  );
  const byApp = new Map<number, ExcludedSpan[]>();
  for (const row of rows) {
    const own = byApp.get(row.app_id) ?? [];
    byApp.set(row.app_id, own);
    own.push({
      from: Math.floor(row.from_ms / 60_000),
      to: Math.ceil(row.to_ms / 60_000),
      what: row.what,
    });
  }
  // Those of all objectives of an app; what is left out of one objective alone says nothing about traffic.
  const corrected = await readCorrected(
    db,
    appIds.map((appId) => ({ appId, sloId: -appId })),
    { from, to },
  );
  for (const [sloId, ranges] of corrected) {
    const own = byApp.get(-sloId) ?? [];
    byApp.set(-sloId, own);
    own.push(...ranges.map((range) => ({ ...range, what: 'correction' as const })));
  }
  return byApp;
}
