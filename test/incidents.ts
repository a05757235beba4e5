/** Routes, people and looks at incidents, for tests on a real database. */
import type { Route } from '../model/routing.ts';
import type { Client, Pool, Queryable } from '../store/pool.ts';
import { insertRoute, type RouteRow } from '../store/routes.ts';

/** An app by that name; its id. */
export async function addApp(db: Queryable, name: string): Promise<number> {
  const { rows } = await db.query<{ id: number }>(
    'INSERT INTO apps (name, created_at_ms) VALUES ($1, 0) RETURNING id',
    [name],
  );
  return rows[0]?.id ?? 0;
}

/** A person by that name; the id. */
export async function addPerson(db: Queryable, name: string): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO people (email, display_name, role, password_hash, created_at_ms)
     VALUES (lower($1) || '@example.com', $1, 'editor', '', 0) RETURNING id`,
    [name],
  );
  return rows[0]?.id ?? '';
}

export async function addRoute(db: Queryable, more: Partial<Route>): Promise<RouteRow> {
  const route = await insertRoute(
    db,
    {
      name: 'everything',
      position: 0,
      isEnabled: true,
      isFallback: false,
      appIds: [],
      severities: [],
      subjectKinds: [],
      receiverIds: [],
      policyIds: [],
      ...more,
    },
    0,
  );
  if (route === null) throw new Error('there is a fallback already');
  return route;
}

export async function clearIncidents(pool: Pool): Promise<void> {
  await pool.query(
    `TRUNCATE incidents, incident_events, silences, schedules, schedule_overrides, person_receivers,
       escalation_policies, escalations, notification_routes, receivers, notifications, attempts, delivery_buckets,
       people, apps CASCADE`,
  );
}

export interface SeenIncident {
  id: string;
  number: number;
  subject: string;
  state: string;
  severity: string;
  reopened: number;
  told_severity: string | null;
  withheld: string | null;
  held_reason: string | null;
  flapping_since_ms: number | null;
  acknowledged_by: string | null;
}

/** All, oldest first. */
export async function seeIncidents(db: Pool | Client): Promise<SeenIncident[]> {
  const { rows } = await db.query<SeenIncident>(
    `SELECT id, number, subject, state, severity, reopened, told_severity, withheld, held_reason, flapping_since_ms,
       acknowledged_by FROM incidents ORDER BY number`,
  );
  return rows;
}

/** Kinds of the timeline of all incidents, in the order written. */
export async function seeTimeline(db: Pool | Client): Promise<string[]> {
  const { rows } = await db.query<{ kind: string }>('SELECT kind FROM incident_events ORDER BY id');
  return rows.map(({ kind }) => kind);
}

/** `kind why` of everything enqueued, in order. */
export async function seeOutbox(db: Pool | Client): Promise<string[]> {
  const { rows } = await db.query<{ kind: string; why: string | null }>(
    `SELECT kind, details ->> 'why' AS why FROM notifications ORDER BY id`,
  );
  return rows.map(({ kind, why }) => `${kind} ${why}`);
}
