/** Reading incidents (table incidents). Written: incident-writes.ts; their timelines: incident-events.ts. */
import type { IncidentState } from '../model/incident.ts';
import type { Severity } from '../model/slo.ts';
import { COLUMNS, type IncidentRecord, type IncidentRow, toIncident, UUID } from './incident-row.ts';
import type { Queryable } from './pool.ts';

export type { IncidentRow } from './incident-row.ts';

/** null when there is none. */
export async function readIncident(db: Queryable, id: string): Promise<IncidentRow | null> {
  return (await readIncidents(db, [id])).get(id.toLowerCase()) ?? null;
}

/** By id; those that are not there are left out. */
export async function readIncidents(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, IncidentRow>> {
  const { rows } = await db.query<IncidentRecord>(
    `SELECT ${COLUMNS} FROM incidents i WHERE id = ANY ($1::uuid[])`,
    [ids.filter((id) => UUID.test(id))],
  );
  return new Map(rows.map((record) => [record.id, toIncident(record)]));
}

export interface IncidentFilter {
  /** null: of all apps. */
  appIds: readonly number[] | null;
  states: readonly IncidentState[];
  severities: readonly Severity[];
  /** One that touches [fromMs, toMs): began before its end and was over after its start. */
  fromMs?: number;
  toMs?: number;
  sloId?: number;
  ruleId?: number;
}

/** Where the page before ended. */
export interface IncidentCursor {
  isOver: boolean;
  startedAtMs: number;
  number: number;
}

/** Open ones first, then the newest. Empty lists of states and severities take all. */
export async function listIncidents(
  db: Queryable,
  filter: IncidentFilter,
  { limit, after }: { limit: number; after?: IncidentCursor | undefined },
): Promise<IncidentRow[]> {
  const { rows } = await db.query<IncidentRecord>(
    `SELECT ${COLUMNS} FROM incidents i
     WHERE ($1::int[] IS NULL OR app_id = ANY ($1))
       AND (cardinality($2::text[]) = 0 OR state = ANY ($2))
       AND (cardinality($3::text[]) = 0 OR severity = ANY ($3))
       AND ($4::bigint IS NULL OR coalesce(resolved_at_ms, $4) >= $4)
       AND ($5::bigint IS NULL OR opened_at_ms < $5)
       AND ($6::int IS NULL OR slo_id = $6)
       AND ($7::int IS NULL OR rule_id = $7)
       AND ($8::boolean IS NULL
         OR ((state = 'resolved')::int, -started_at_ms, -number) > ($8::int, -$9::bigint, -$10::int))
     ORDER BY (state = 'resolved')::int, -started_at_ms, -number LIMIT $11`,
    [
      filter.appIds,
      filter.states,
      filter.severities,
      filter.fromMs ?? null,
      filter.toMs ?? null,
      filter.sloId ?? null,
      filter.ruleId ?? null,
      after?.isOver ?? null,
      after?.startedAtMs ?? null,
      after?.number ?? null,
      limit,
    ],
  );
  return rows.map(toIncident);
}

export interface OpenCounts {
  bySeverity: Record<Severity, number>;
  unacknowledged: number;
  /** Pages and tickets that no route leads from to anybody. */
  unrouted: number;
  /** Of the newest line of any timeline; null without any. */
  changedAtMs: number | null;
}

/** Of all apps when appIds is null. */
export async function countOpenIncidents(
  db: Queryable,
  appIds: readonly number[] | null,
): Promise<OpenCounts> {
  const { rows } = await db.query<{
    page: number;
    ticket: number;
    info: number;
    open: number;
    unrouted: number;
    changed_at_ms: number | null;
  }>(
    `SELECT count(*) FILTER (WHERE severity = 'page') AS page,
       count(*) FILTER (WHERE severity = 'ticket') AS ticket,
       count(*) FILTER (WHERE severity = 'info') AS info,
       count(*) FILTER (WHERE state = 'open') AS open,
       count(*) FILTER (WHERE withheld = 'noRoute' AND severity <> 'info') AS unrouted,
       (SELECT at_ms FROM incident_events ORDER BY id DESC LIMIT 1) AS changed_at_ms
     FROM incidents WHERE state <> 'resolved' AND ($1::int[] IS NULL OR app_id = ANY ($1))`,
    [appIds],
  );
  const row = rows[0];
  return {
    bySeverity: { page: row?.page ?? 0, ticket: row?.ticket ?? 0, info: row?.info ?? 0 },
    unacknowledged: row?.open ?? 0,
    unrouted: row?.unrouted ?? 0,
    changedAtMs: row?.changed_at_ms ?? null,
  };
}
