/** Who is on call, and how people are reached (tables schedules, schedule_overrides, person_receivers). */
import { type Override, onCallAt, type ScheduleDefinition } from '../model/schedule.ts';
import type { Client, Queryable } from './pool.ts';

export interface OverrideRow extends Override {
  /** Internal; `id` is what people see. */
  reason: string;
  author: string;
}

export interface ScheduleRow {
  id: number;
  publicId: string;
  name: string;
  definition: ScheduleDefinition;
  version: number;
  overrides: OverrideRow[];
  createdAtMs: number;
  updatedAtMs: number;
}

interface ScheduleRecord {
  id: number;
  public_id: string;
  name: string;
  definition: ScheduleDefinition;
  version: number;
  overrides: OverrideRow[];
  created_at_ms: number;
  updated_at_ms: number;
}

/** Exceptions that ended more than a month ago are history. */
const SELECT = `SELECT s.id, s.public_id, s.name, s.definition, s.version, s.created_at_ms, s.updated_at_ms,
  coalesce((
    SELECT jsonb_agg(jsonb_build_object('id', o.public_id, 'personId', o.person_id, 'startsAtMs', o.starts_at_ms,
      'endsAtMs', o.ends_at_ms, 'createdAtMs', o.created_at_ms, 'reason', o.reason, 'author', o.author)
      ORDER BY o.starts_at_ms, o.id)
    FROM schedule_overrides o WHERE o.schedule_id = s.id AND o.ends_at_ms > $1::bigint - 2592000000
  ), '[]') AS overrides
  FROM schedules s WHERE s.removed_at_ms IS NULL`;

function toSchedule(record: ScheduleRecord): ScheduleRow {
  return {
    id: record.id,
    publicId: record.public_id,
    name: record.name,
    definition: record.definition,
    version: record.version,
    overrides: record.overrides,
    createdAtMs: record.created_at_ms,
    updatedAtMs: record.updated_at_ms,
  };
}

/** By name. */
export async function listSchedules(db: Queryable, nowMs: number): Promise<ScheduleRow[]> {
  const { rows } = await db.query<ScheduleRecord>(`${SELECT} ORDER BY lower(s.name)`, [nowMs]);
  return rows.map(toSchedule);
}

export async function readSchedule(
  db: Queryable,
  publicId: string,
  nowMs: number,
): Promise<ScheduleRow | null> {
  const { rows } = await db.query<ScheduleRecord>(`${SELECT} AND s.public_id = $2`, [nowMs, publicId]);
  return rows[0] ? toSchedule(rows[0]) : null;
}

/** The public id; null when the name is taken. The definition was checked (model/schedule.ts). */
export async function insertSchedule(
  db: Queryable,
  { name, definition }: Pick<ScheduleRow, 'name' | 'definition'>,
  nowMs: number,
): Promise<string | null> {
  const { rows } = await db.query<{ public_id: string }>(
    `INSERT INTO schedules (name, definition, created_at_ms, updated_at_ms) VALUES ($1, $2, $3, $3)
     ON CONFLICT (lower(name)) WHERE removed_at_ms IS NULL DO NOTHING RETURNING public_id`,
    [name, JSON.stringify(definition), nowMs],
  );
  return rows[0]?.public_id ?? null;
}

/** False when there is none by that id, or another one has the name. */
export async function updateSchedule(
  db: Queryable,
  publicId: string,
  { name, definition }: Pick<ScheduleRow, 'name' | 'definition'>,
  nowMs: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE schedules SET name = $2, definition = $3, version = version + 1, updated_at_ms = $4
     WHERE public_id = $1 AND removed_at_ms IS NULL
       AND NOT EXISTS (SELECT FROM schedules
         WHERE lower(name) = lower($2) AND removed_at_ms IS NULL AND public_id <> $1)`,
    [publicId, name, JSON.stringify(definition), nowMs],
  );
  return rowCount === 1;
}

export async function removeSchedule(db: Queryable, publicId: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE schedules SET removed_at_ms = $2 WHERE public_id = $1 AND removed_at_ms IS NULL',
    [publicId, nowMs],
  );
  return rowCount === 1;
}

export interface NewOverride {
  personId: string;
  startsAtMs: number;
  endsAtMs: number;
  reason: string;
  author: string;
}

/** The public id; null when there is no such schedule or person. */
export async function insertOverride(
  db: Queryable,
  schedulePublicId: string,
  override: NewOverride,
  nowMs: number,
): Promise<string | null> {
  const { rows } = await db.query<{ public_id: string }>(
    `INSERT INTO schedule_overrides (schedule_id, person_id, starts_at_ms, ends_at_ms, reason, author, created_at_ms)
     SELECT s.id, p.id, $3, $4, $5, $6, $7 FROM schedules s, people p
     WHERE s.public_id = $1 AND s.removed_at_ms IS NULL AND p.id = $2
     RETURNING public_id`,
    [
      schedulePublicId,
      override.personId,
      override.startsAtMs,
      override.endsAtMs,
      override.reason,
      override.author,
      nowMs,
    ],
  );
  return rows[0]?.public_id ?? null;
}

export async function deleteOverride(
  db: Queryable,
  schedulePublicId: string,
  publicId: string,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `DELETE FROM schedule_overrides o USING schedules s
     WHERE o.schedule_id = s.id AND s.public_id = $1 AND o.public_id = $2`,
    [schedulePublicId, publicId],
  );
  return rowCount === 1;
}

/** Receivers of each of the people; those without any are left out. */
export async function listPersonReceivers(
  db: Queryable,
  personIds: readonly string[],
): Promise<Map<string, number[]>> {
  const { rows } = await db.query<{ person_id: string; receiver_ids: number[] }>(
    `SELECT person_id, array_agg(receiver_id ORDER BY receiver_id) AS receiver_ids
     FROM person_receivers WHERE person_id = ANY ($1::uuid[]) GROUP BY person_id`,
    [personIds],
  );
  return new Map(rows.map(({ person_id, receiver_ids }) => [person_id, receiver_ids]));
}

/** Sets how a person is reached, in a transaction of the caller's. */
export async function setPersonReceivers(
  tx: Client,
  personId: string,
  receiverIds: readonly number[],
): Promise<void> {
  await tx.query('DELETE FROM person_receivers WHERE person_id = $1', [personId]);
  await tx.query(
    `INSERT INTO person_receivers (person_id, receiver_id) SELECT $1, r FROM unnest($2::int[]) AS r
     ON CONFLICT DO NOTHING`,
    [personId, receiverIds],
  );
}

/** Who is on call, and the receivers of theirs: none when nobody is, or the person has none or is disabled. */
export interface Reached {
  personId: string | null;
  name: string;
  receiverIds: number[];
}

/** For each schedule by its id; a removed schedule reaches nobody. */
export async function readOnCall(
  db: Queryable,
  scheduleIds: readonly number[],
  nowMs: number,
): Promise<Map<number, Reached>> {
  if (scheduleIds.length === 0) return new Map();
  const { rows } = await db.query<ScheduleRecord>(`${SELECT} AND s.id = ANY ($2::int[])`, [
    nowMs,
    scheduleIds,
  ]);
  const onCall = new Map(
    rows.map(({ id, definition, overrides }) => [id, onCallAt(definition, overrides, nowMs).personId]),
  );
  const people = await readReachable(
    db,
    [...onCall.values()].filter((id) => id !== null),
  );
  const nobody: Reached = { personId: null, name: '', receiverIds: [] };
  return new Map(scheduleIds.map((id) => [id, people.get(onCall.get(id) ?? '') ?? nobody]));
}

async function readReachable(db: Queryable, personIds: readonly string[]): Promise<Map<string, Reached>> {
  const { rows } = await db.query<{ id: string; name: string; receiver_ids: number[] }>(
    `SELECT p.id, coalesce(nullif(p.display_name, ''), p.email) AS name,
       coalesce((SELECT array_agg(receiver_id ORDER BY receiver_id) FROM person_receivers WHERE person_id = p.id),
         '{}') AS receiver_ids
     FROM people p WHERE p.id = ANY ($1::uuid[]) AND p.disabled_at_ms IS NULL`,
    [personIds],
  );
  return new Map(
    rows.map(({ id, name, receiver_ids }) => [id, { personId: id, name, receiverIds: receiver_ids }]),
  );
}
