/** Open incidents by app, for pages that are open (tables incidents, incident_events). */
import type { Severity } from '../../model/slo.ts';
import type { Queryable } from '../pool.ts';

export interface OpenIncidents {
  /** Apps without an open one are left out. */
  apps: { app: string; severity: Severity; open: number; unacknowledged: number }[];
  /** Newest line of any timeline; null without any. */
  changedAtMs: number | null;
}

/** Of all apps that are not removed, in one statement of a few index look-ups. */
export async function readOpenIncidents(db: Queryable): Promise<OpenIncidents> {
  const { rows } = await db.query<{
    apps: OpenIncidents['apps'] | null;
    changed_at_ms: number | null;
  }>(
    `SELECT
       (SELECT json_agg(g) FROM (
         SELECT a.name AS app, i.severity, count(*) AS open, count(*) FILTER (WHERE i.state = 'open') AS unacknowledged
         FROM incidents i JOIN apps a ON a.id = i.app_id
         WHERE i.state <> 'resolved' AND a.removed_at_ms IS NULL GROUP BY a.name, i.severity
       ) AS g) AS apps,
       (SELECT at_ms FROM incident_events ORDER BY id DESC LIMIT 1) AS changed_at_ms`,
  );
  return { apps: rows[0]?.apps ?? [], changedAtMs: rows[0]?.changed_at_ms ?? null };
}

export interface AppIncidents {
  page: number;
  ticket: number;
  info: number;
  unacknowledged: number;
  sinceMs: number;
  /** Public id of the gravest, the newest of those. */
  id: string;
}

/** Of each app that has any open. */
export async function readIncidentsByApp(
  db: Queryable,
  appIds: readonly number[],
): Promise<Map<number, AppIncidents>> {
  const { rows } = await db.query<{
    app_id: number;
    page: number;
    ticket: number;
    info: number;
    unacknowledged: number;
    since_ms: number;
    id: string;
  }>(
    `SELECT app_id, count(*) FILTER (WHERE severity = 'page')::int AS page,
       count(*) FILTER (WHERE severity = 'ticket')::int AS ticket,
       count(*) FILTER (WHERE severity = 'info')::int AS info,
       count(*) FILTER (WHERE state = 'open')::int AS unacknowledged, min(started_at_ms) AS since_ms,
       (array_agg(id::text ORDER BY array_position(ARRAY['page', 'ticket', 'info'], severity::text),
         opened_at_ms DESC))[1] AS id
     FROM incidents WHERE state <> 'resolved' AND app_id = ANY ($1::int[]) GROUP BY app_id`,
    [appIds],
  );
  return new Map(rows.map(({ app_id, since_ms, ...row }) => [app_id, { ...row, sinceMs: since_ms }]));
}
