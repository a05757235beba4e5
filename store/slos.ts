/** SLOs and their versions (tables slos, slo_versions, slo_generation). */
import type { SloDefinition } from '../model/slo.ts';
import { MINUTE } from '../model/time.ts';
import type { Client, Queryable } from './pool.ts';

/** What an SLO says from one whole minute to another. */
export interface SloVersionRow {
  id: number;
  sloId: number;
  /** From 1. */
  version: number;
  /** Epoch s, whole minutes; validToS is exclusive, null without end. Equal ones: it was replaced before it began. */
  validFromS: number;
  validToS: number | null;
  definition: SloDefinition;
  author: string;
  createdAtMs: number;
}

/** How far back an SLO's counts go, and which of them are approximate. */
export interface SloHistory {
  /** waiting: counting of the past has not begun; exact, older: under way; done. */
  phase: 'waiting' | 'exact' | 'older' | 'done';
  /** Minutes from here on are exact; null until it is known. */
  exactFromMinute: number | null;
  /** First minute with a count; before exactFromMinute they are approximate. null until it is known, or without. */
  historyFromMinute: number | null;
  /** Why history is shorter than it could be; '' otherwise. */
  note: string;
}

export interface SloRow {
  id: number;
  publicId: string;
  appId: number;
  slug: string;
  createdAtMs: number;
  removedAtMs: number | null;
  /** The newest one: it may begin only in a minute or two. */
  version: SloVersionRow;
  history: SloHistory;
}

/** A version as those who count need it. */
export interface CountingVersion
  extends Pick<SloVersionRow, 'id' | 'sloId' | 'validFromS' | 'validToS' | 'definition'> {
  appId: number;
}

/** A version begins this long after it was written, rounded up to a whole minute. */
export const VERSION_AHEAD_MS = MINUTE;

/** First whole minute in which a version written now can be valid, epoch s. */
export function versionStartS(nowMs: number): number {
  return Math.ceil((nowMs + VERSION_AHEAD_MS) / MINUTE) * 60;
}

/** Days of counts at the least, and how much longer than two periods: what comes next is compared with the last one. */
const KEEP_DAYS_MIN = 100;
const KEEP_DAYS_MORE = 10;

/** How long an SLO's counts are kept: two of its periods and some days, 100 days at the least. */
export function keepSloDays({ period }: Pick<SloDefinition, 'period'>): number {
  const days = period.kind === 'rolling' ? period.days : { week: 7, month: 31, quarter: 92 }[period.unit];
  return Math.max(KEEP_DAYS_MIN, 2 * days + KEEP_DAYS_MORE);
}

interface VersionRecord {
  id: number;
  slo_id: number;
  version: number;
  valid_from_s: number;
  valid_to_s: number | null;
  definition: SloDefinition;
  author: string;
  created_at_ms: number;
}

const VERSION_COLUMNS = 'id, slo_id, version, valid_from_s, valid_to_s, definition, author, created_at_ms';

function toVersion(record: VersionRecord): SloVersionRow {
  return {
    id: record.id,
    sloId: record.slo_id,
    version: record.version,
    validFromS: record.valid_from_s,
    validToS: record.valid_to_s,
    definition: record.definition,
    author: record.author,
    createdAtMs: record.created_at_ms,
  };
}

/**
 * Makes an SLO with its first version, the row of its evaluation, and the order to count its past (none for a composite,
 * whose members count). null when the app has one by that slug.
 */
export async function createSlo(
  db: Queryable,
  input: { appId: number; slug: string; definition: SloDefinition; author: string; nowMs: number },
): Promise<SloRow | null> {
  const startS = versionStartS(input.nowMs);
  const isComposite = input.definition.indicator.kind === 'composite';
  const { rows } = await db.query<{ id: number }>(
    `WITH slo AS (
       INSERT INTO slos (app_id, slug, created_at_ms) VALUES ($1, $2, $3)
       ON CONFLICT (app_id, slug) WHERE removed_at_ms IS NULL DO NOTHING RETURNING id
     ), generation AS (
       UPDATE slo_generation SET generation = generation + 1 WHERE EXISTS (SELECT FROM slo) RETURNING generation
     ), version AS (
       INSERT INTO slo_versions (slo_id, version, valid_from_s, definition, author, created_at_ms, generation)
       SELECT slo.id, 1, $4, $5, $6, $3, generation.generation FROM slo, generation
     ), state AS (
       INSERT INTO slo_states (slo_id, next_minute) SELECT id, $4 / 60 FROM slo
     ), backfill AS (
       INSERT INTO slo_backfills (slo_id, phase) SELECT id, $7 FROM slo
     )
     SELECT id FROM slo`,
    [
      input.appId,
      input.slug,
      input.nowMs,
      startS,
      JSON.stringify(input.definition),
      input.author,
      isComposite ? 'done' : 'waiting',
    ],
  );
  const id = rows[0]?.id;
  return id === undefined ? null : await readSloById(db, id);
}

export type VersionOutcome =
  | { kind: 'added'; version: SloVersionRow }
  /** Somebody else wrote one since the caller looked. */
  | { kind: 'conflict' }
  /** No such SLO, or it was removed. */
  | { kind: 'gone' };

/**
 * Adds a version; the one before ends where it begins. History is left as it was counted. In a transaction of the
 * caller's. ifVersion: number of the version that the caller changed; left out: whichever is the newest.
 */
export async function addSloVersion(
  tx: Client,
  input: { sloId: number; definition: SloDefinition; author: string; nowMs: number; ifVersion?: number },
): Promise<VersionOutcome> {
  const last = await lockNewest(tx, input.sloId);
  if (last === null) return { kind: 'gone' };
  if (input.ifVersion !== undefined && input.ifVersion !== last.version) return { kind: 'conflict' };
  const startS = Math.max(versionStartS(input.nowMs), last.validFromS);
  const generation = await nextGeneration(tx);
  await tx.query('UPDATE slo_versions SET valid_to_s = $2, generation = $3 WHERE id = $1', [
    last.id,
    startS,
    generation,
  ]);
  const { rows } = await tx.query<VersionRecord>(
    `INSERT INTO slo_versions (slo_id, version, valid_from_s, definition, author, created_at_ms, generation)
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${VERSION_COLUMNS}`,
    [
      input.sloId,
      last.version + 1,
      startS,
      JSON.stringify(input.definition),
      input.author,
      input.nowMs,
      generation,
    ],
  );
  return { kind: 'added', version: toVersion(rows[0]!) };
}

/** Ends an SLO in a minute or two; false when it is gone already. In a transaction of the caller's. */
export async function removeSlo(tx: Client, sloId: number, nowMs: number): Promise<boolean> {
  const last = await lockNewest(tx, sloId);
  if (last === null) return false;
  const generation = await nextGeneration(tx);
  await tx.query('UPDATE slo_versions SET valid_to_s = $2, generation = $3 WHERE id = $1', [
    last.id,
    Math.max(versionStartS(nowMs), last.validFromS),
    generation,
  ]);
  await tx.query('UPDATE slos SET removed_at_ms = $2 WHERE id = $1', [sloId, nowMs]);
  return true;
}

/** The newest version of an SLO that is not removed, which nobody else changes until the transaction ends. */
async function lockNewest(tx: Client, sloId: number): Promise<SloVersionRow | null> {
  const { rowCount } = await tx.query(
    'SELECT id FROM slos WHERE id = $1 AND removed_at_ms IS NULL FOR NO KEY UPDATE',
    [sloId],
  );
  if (rowCount === 0) return null;
  const { rows } = await tx.query<VersionRecord>(
    `SELECT ${VERSION_COLUMNS} FROM slo_versions WHERE slo_id = $1 ORDER BY version DESC LIMIT 1`,
    [sloId],
  );
  return rows[0] === undefined ? null : toVersion(rows[0]);
}

async function nextGeneration(tx: Client): Promise<number> {
  const { rows } = await tx.query<{ generation: number }>(
    'UPDATE slo_generation SET generation = generation + 1 RETURNING generation',
  );
  return rows[0]!.generation;
}

interface SloRecord extends VersionRecord {
  version_id: number;
  public_id: string;
  app_id: number;
  slug: string;
  slo_created_at_ms: number;
  removed_at_ms: number | null;
  phase: SloHistory['phase'];
  exact_from_minute: number | null;
  history_from_minute: number | null;
  note: string;
}

const SELECT_SLOS = `
  SELECT s.id AS slo_id, s.public_id, s.app_id, s.slug, s.created_at_ms AS slo_created_at_ms, s.removed_at_ms,
    v.id AS version_id, v.version, v.valid_from_s, v.valid_to_s, v.definition, v.author, v.created_at_ms,
    b.phase, b.exact_from_minute, b.history_from_minute, b.note
  FROM slos s
  JOIN LATERAL (SELECT * FROM slo_versions WHERE slo_id = s.id ORDER BY version DESC LIMIT 1) AS v ON true
  JOIN slo_backfills b ON b.slo_id = s.id`;

function toSlo(record: SloRecord): SloRow {
  return {
    id: record.slo_id,
    publicId: record.public_id,
    appId: record.app_id,
    slug: record.slug,
    createdAtMs: record.slo_created_at_ms,
    removedAtMs: record.removed_at_ms,
    version: toVersion({ ...record, id: record.version_id }),
    history: {
      phase: record.phase,
      exactFromMinute: record.exact_from_minute,
      historyFromMinute: record.history_from_minute,
      note: record.note,
    },
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** By its public id, removed ones too; null when there is none. */
export async function readSlo(db: Queryable, publicId: string): Promise<SloRow | null> {
  if (!UUID.test(publicId)) return null;
  const { rows } = await db.query<SloRecord>(`${SELECT_SLOS} WHERE s.public_id = $1`, [publicId]);
  return rows[0] === undefined ? null : toSlo(rows[0]);
}

export async function readSloById(db: Queryable, id: number): Promise<SloRow | null> {
  const { rows } = await db.query<SloRecord>(`${SELECT_SLOS} WHERE s.id = $1`, [id]);
  return rows[0] === undefined ? null : toSlo(rows[0]);
}

/** SLOs that are not removed, by app and slug. appIds left out: of every app. */
export async function listSlos(db: Queryable, appIds?: readonly number[]): Promise<SloRow[]> {
  const { rows } = await db.query<SloRecord>(
    `${SELECT_SLOS} WHERE s.removed_at_ms IS NULL AND ($1::int[] IS NULL OR s.app_id = ANY ($1))
     ORDER BY s.app_id, s.slug`,
    [appIds ?? null],
  );
  return rows.map(toSlo);
}

/** Every version of these SLOs, oldest first. */
export async function listSloVersions(db: Queryable, sloIds: readonly number[]): Promise<SloVersionRow[]> {
  const { rows } = await db.query<VersionRecord>(
    `SELECT ${VERSION_COLUMNS} FROM slo_versions WHERE slo_id = ANY ($1::int[]) ORDER BY slo_id, version`,
    [sloIds],
  );
  return rows.map(toVersion);
}

/** The newest version of every SLO, of removed ones too. */
export async function listNewestVersions(db: Queryable): Promise<
  {
    sloId: number;
    publicId: string;
    appId: number;
    removedAtMs: number | null;
    definition: SloDefinition;
  }[]
> {
  const { rows } = await db.query<{
    slo_id: number;
    public_id: string;
    app_id: number;
    removed_at_ms: number | null;
    definition: SloDefinition;
  }>(
    `SELECT DISTINCT ON (v.slo_id) v.slo_id, s.public_id, s.app_id, s.removed_at_ms, v.definition
     FROM slo_versions v JOIN slos s ON s.id = v.slo_id ORDER BY v.slo_id, v.version DESC`,
  );
  return rows.map((row) => ({
    sloId: row.slo_id,
    publicId: row.public_id,
    appId: row.app_id,
    removedAtMs: row.removed_at_ms,
    definition: row.definition,
  }));
}

interface CountingRecord {
  id: number;
  slo_id: number;
  app_id: number;
  valid_from_s: number;
  valid_to_s: number | null;
  definition: SloDefinition;
  generation: number;
}

/**
 * Versions written or ended after `generation` (−1: all), and the generation to ask with the next time. What was
 * committed before the call is in it.
 */
export async function listVersionsSince(
  db: Queryable,
  generation: number,
): Promise<{ generation: number; versions: CountingVersion[] }> {
  const { rows } = await db.query<CountingRecord>(
    `SELECT v.id, v.slo_id, s.app_id, v.valid_from_s, v.valid_to_s, v.definition, v.generation
     FROM slo_versions v JOIN slos s ON s.id = v.slo_id WHERE v.generation > $1 ORDER BY v.generation, v.id`,
    [generation],
  );
  return {
    generation: rows.at(-1)?.generation ?? generation,
    versions: rows.map((row) => ({
      id: row.id,
      sloId: row.slo_id,
      appId: row.app_id,
      validFromS: row.valid_from_s,
      validToS: row.valid_to_s,
      definition: row.definition,
    })),
  };
}
