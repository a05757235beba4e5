/** Routes and escalation policies (tables notification_routes, escalation_policies). */
import type { SubjectKind } from '../model/alert-change.ts';
import type { EscalationDefinition } from '../model/escalation.ts';
import type { Route } from '../model/routing.ts';
import type { Severity } from '../model/slo.ts';
import type { Queryable } from './pool.ts';

export interface RouteRow extends Route {
  publicId: string;
  position: number;
  createdAtMs: number;
  updatedAtMs: number;
}

export type RouteInput = Omit<Route, 'id'> & { position: number };

interface RouteRecord {
  id: number;
  public_id: string;
  name: string;
  position: number;
  is_enabled: boolean;
  is_fallback: boolean;
  app_ids: number[];
  severities: Severity[];
  subject_kinds: SubjectKind[];
  receiver_ids: number[];
  escalation_policy_ids: number[];
  created_at_ms: number;
  updated_at_ms: number;
}

const ROUTE_COLUMNS = `id, public_id, name, position, is_enabled, is_fallback, app_ids, severities, subject_kinds,
  receiver_ids, escalation_policy_ids, created_at_ms, updated_at_ms`;

function toRoute(record: RouteRecord): RouteRow {
  return {
    id: record.id,
    publicId: record.public_id,
    name: record.name,
    position: record.position,
    isEnabled: record.is_enabled,
    isFallback: record.is_fallback,
    appIds: record.app_ids,
    severities: record.severities,
    subjectKinds: record.subject_kinds,
    receiverIds: record.receiver_ids,
    policyIds: record.escalation_policy_ids,
    createdAtMs: record.created_at_ms,
    updatedAtMs: record.updated_at_ms,
  };
}

function routeValues(route: RouteInput, nowMs: number): unknown[] {
  return [
    route.name,
    route.position,
    route.isEnabled,
    route.isFallback,
    route.appIds,
    route.severities,
    route.subjectKinds,
    route.receiverIds,
    route.policyIds,
    nowMs,
  ];
}

/**
 * In the order in which they are shown. Of their apps those that are there: a route whose apps were all removed counts
 * as switched off, for an empty list would fit every app.
 */
export async function listRoutes(db: Queryable): Promise<RouteRow[]> {
  const { rows } = await db.query<RouteRecord>(
    `SELECT id, public_id, name, position, is_enabled AND (app_ids = '{}' OR own.ids <> '{}') AS is_enabled,
       is_fallback, own.ids AS app_ids, severities, subject_kinds, receiver_ids, escalation_policy_ids,
       created_at_ms, updated_at_ms
     FROM notification_routes CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(given.id ORDER BY given.at), '{}') AS ids
       FROM unnest(app_ids) WITH ORDINALITY AS given (id, at)
       JOIN apps ON apps.id = given.id AND apps.removed_at_ms IS NULL) AS own
     ORDER BY is_fallback, position, notification_routes.id`,
  );
  return rows.map(toRoute);
}

/** null when it is to be the fallback and there is one. */
export async function insertRoute(db: Queryable, route: RouteInput, nowMs: number): Promise<RouteRow | null> {
  const { rows } = await db.query<RouteRecord>(
    `INSERT INTO notification_routes (name, position, is_enabled, is_fallback, app_ids, severities, subject_kinds,
       receiver_ids, escalation_policy_ids, created_at_ms, updated_at_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
     ON CONFLICT (is_fallback) WHERE is_fallback DO NOTHING RETURNING ${ROUTE_COLUMNS}`,
    routeValues(route, nowMs),
  );
  return rows[0] ? toRoute(rows[0]) : null;
}

/** null when there is none by that id, or another one is the fallback. */
export async function updateRoute(
  db: Queryable,
  publicId: string,
  route: RouteInput,
  nowMs: number,
): Promise<RouteRow | null> {
  const { rows } = await db.query<RouteRecord>(
    `UPDATE notification_routes SET name = $1, position = $2, is_enabled = $3, is_fallback = $4, app_ids = $5,
       severities = $6, subject_kinds = $7, receiver_ids = $8, escalation_policy_ids = $9, updated_at_ms = $10
     WHERE public_id = $11
       AND NOT ($4 AND EXISTS (SELECT FROM notification_routes WHERE is_fallback AND public_id <> $11))
     RETURNING ${ROUTE_COLUMNS}`,
    [...routeValues(route, nowMs), publicId],
  );
  return rows[0] ? toRoute(rows[0]) : null;
}

export async function deleteRoute(db: Queryable, publicId: string): Promise<boolean> {
  const { rowCount } = await db.query('DELETE FROM notification_routes WHERE public_id = $1', [publicId]);
  return rowCount === 1;
}

export interface PolicyRow {
  id: number;
  publicId: string;
  name: string;
  definition: EscalationDefinition;
  createdAtMs: number;
  updatedAtMs: number;
}

interface PolicyRecord {
  id: number;
  public_id: string;
  name: string;
  definition: EscalationDefinition;
  created_at_ms: number;
  updated_at_ms: number;
}

const POLICY_COLUMNS = 'id, public_id, name, definition, created_at_ms, updated_at_ms';

function toPolicy(record: PolicyRecord): PolicyRow {
  return {
    id: record.id,
    publicId: record.public_id,
    name: record.name,
    definition: record.definition,
    createdAtMs: record.created_at_ms,
    updatedAtMs: record.updated_at_ms,
  };
}

/** Those that are not removed, by name. */
export async function listPolicies(db: Queryable): Promise<PolicyRow[]> {
  const { rows } = await db.query<PolicyRecord>(
    `SELECT ${POLICY_COLUMNS} FROM escalation_policies WHERE removed_at_ms IS NULL ORDER BY lower(name)`,
  );
  return rows.map(toPolicy);
}

/** null when the name is taken. */
export async function insertPolicy(
  db: Queryable,
  policy: Pick<PolicyRow, 'name' | 'definition'>,
  nowMs: number,
): Promise<PolicyRow | null> {
  const { rows } = await db.query<PolicyRecord>(
    `INSERT INTO escalation_policies (name, definition, created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $3)
     ON CONFLICT (lower(name)) WHERE removed_at_ms IS NULL DO NOTHING RETURNING ${POLICY_COLUMNS}`,
    [policy.name, JSON.stringify(policy.definition), nowMs],
  );
  return rows[0] ? toPolicy(rows[0]) : null;
}

/** null when there is none by that id, or another one has the name. */
export async function updatePolicy(
  db: Queryable,
  publicId: string,
  policy: Pick<PolicyRow, 'name' | 'definition'>,
  nowMs: number,
): Promise<PolicyRow | null> {
  const { rows } = await db.query<PolicyRecord>(
    `UPDATE escalation_policies SET name = $2, definition = $3, updated_at_ms = $4
     WHERE public_id = $1 AND removed_at_ms IS NULL
       AND NOT EXISTS (SELECT FROM escalation_policies
         WHERE lower(name) = lower($2) AND removed_at_ms IS NULL AND public_id <> $1)
     RETURNING ${POLICY_COLUMNS}`,
    [publicId, policy.name, JSON.stringify(policy.definition), nowMs],
  );
  return rows[0] ? toPolicy(rows[0]) : null;
}

/** Escalations of it that are under way end. False when there is none. */
export async function removePolicy(db: Queryable, publicId: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE escalation_policies SET removed_at_ms = $2 WHERE public_id = $1 AND removed_at_ms IS NULL',
    [publicId, nowMs],
  );
  return rowCount === 1;
}
