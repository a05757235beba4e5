/** Which minutes of an app are without a live drain (tables app_liveness, quiet_spans). */
import { parseIntArray } from './int-array.ts';
import type { Client, Queryable } from './pool.ts';

/** Where following an app's lines stands. A minute is floor(epoch s / 60). */
export interface LivenessRow {
  appId: number;
  /** Minutes before it have been looked at. */
  nextMinute: number;
  firstLineMinute: number | null;
  lastLineMinute: number | null;
  /** Minutes without a line after which the drain is silent. */
  limitMinutes: number;
  /** Hour (epoch h) in which the limit was found. */
  habitHour: number;
  /** First minute with lines that came after it had been looked at; null: none. */
  lateFromMinute: number | null;
}

/** Minutes [fromMinute, toMinute) without a live drain; null while it lasts. */
export interface QuietRow {
  appId: number;
  fromMinute: number;
  toMinute: number | null;
  /** First evaluation that could know. */
  knownMinute: number;
}

interface LivenessRecord {
  app_id: number;
  next_minute: number;
  first_line_minute: number | null;
  last_line_minute: number | null;
  limit_minutes: number;
  habit_hour: number;
  late_from_minute: number | null;
}

const COLUMNS =
  'app_id, next_minute, first_line_minute, last_line_minute, limit_minutes, habit_hour, late_from_minute';

function toLiveness(record: LivenessRecord): LivenessRow {
  return {
    appId: record.app_id,
    nextMinute: record.next_minute,
    firstLineMinute: record.first_line_minute,
    lastLineMinute: record.last_line_minute,
    limitMinutes: record.limit_minutes,
    habitHour: record.habit_hour,
    lateFromMinute: record.late_from_minute,
  };
}

/** Begins to follow apps that have lines and are not followed yet: from `fromMinute`, or their first line after it. */
export async function insertNewLiveness(
  db: Queryable,
  { fromMinute, limitMinutes }: { fromMinute: number; limitMinutes: number },
): Promise<number> {
  const { rowCount } = await db.query(
    `INSERT INTO app_liveness (app_id, next_minute, limit_minutes, habit_hour)
     SELECT a.id, greatest($1::int, first.hour * 60), $2, 0
     FROM apps a
     CROSS JOIN LATERAL (
       SELECT hour FROM app_hours h WHERE h.app_id = a.id AND h.hour >= $1::int / 60 ORDER BY hour LIMIT 1
     ) AS first
     WHERE a.removed_at_ms IS NULL AND NOT EXISTS (SELECT FROM app_liveness l WHERE l.app_id = a.id)
     ORDER BY a.id
     ON CONFLICT DO NOTHING`,
    [fromMinute, limitMinutes],
  );
  return rowCount ?? 0;
}

/**
 * Takes apps that are behind `minute` or have late lines; what another process is at is left to it. A row ahead of
 * `minute` by more than two was written under a clock that went wrong, and is taken too.
 */
export async function claimLiveness(client: Client, minute: number, limit: number): Promise<LivenessRow[]> {
  const { rows } = await client.query<LivenessRecord>(
    `SELECT ${COLUMNS} FROM app_liveness
     WHERE next_minute < $1 OR next_minute > $1 + 2 OR late_from_minute IS NOT NULL
     ORDER BY next_minute, app_id LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [minute, limit],
  );
  return rows.map(toLiveness);
}

/** Of these apps; those that are not followed are left out. */
export async function readLiveness(
  db: Queryable,
  appIds: readonly number[],
): Promise<Map<number, LivenessRow>> {
  const { rows } = await db.query<LivenessRecord>(
    `SELECT ${COLUMNS} FROM app_liveness WHERE app_id = ANY ($1::int[])`,
    [appIds],
  );
  return new Map(rows.map((row) => [row.app_id, toLiveness(row)]));
}

export async function updateLiveness(client: Client, rows: readonly LivenessRow[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `UPDATE app_liveness l SET next_minute = n.next, first_line_minute = n.first, last_line_minute = n.last,
       limit_minutes = n.max, habit_hour = n.habit, late_from_minute = NULL
     FROM unnest($1::int[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[])
       AS n (app, next, first, last, max, habit)
     WHERE l.app_id = n.app`,
    [
      rows.map((row) => row.appId),
      rows.map((row) => row.nextMinute),
      rows.map((row) => row.firstLineMinute),
      rows.map((row) => row.lastLineMinute),
      rows.map((row) => row.limitMinutes),
      rows.map((row) => row.habitHour),
    ],
  );
}

/** Minutes with lines of each app, in order: those of [its fromMinute, toMinute). */
export async function readLineMinutes(
  db: Queryable,
  apps: readonly { appId: number; fromMinute: number }[],
  toMinute: number,
): Promise<Map<number, number[]>> {
  const { rows } = await db.query<{ app_id: number; hour: number; messages: string }>(
    `SELECT h.app_id, h.hour, h.messages::text AS messages
     FROM unnest($1::int[], $2::int[]) AS n (app, minute)
     JOIN app_hours h ON h.app_id = n.app AND h.hour >= n.minute / 60 AND h.hour <= $3::int / 60
     ORDER BY h.app_id, h.hour`,
    [apps.map((app) => app.appId), apps.map((app) => app.fromMinute), toMinute],
  );
  const from = new Map(apps.map((app) => [app.appId, app.fromMinute]));
  const lines = new Map<number, number[]>();
  for (const row of rows) {
    const known = lines.get(row.app_id) ?? [];
    const minutes = minutesOf(row, from.get(row.app_id) ?? 0, toMinute);
    if (known.length === 0) lines.set(row.app_id, minutes);
    else known.push(...minutes);
  }
  return lines;
}

function minutesOf(
  { hour, messages }: { hour: number; messages: string },
  from: number,
  to: number,
): number[] {
  const minutes: number[] = [];
  parseIntArray(messages).forEach((count, at) => {
    const minute = hour * 60 + at;
    if (count > 0 && minute >= from && minute < to) minutes.push(minute);
  });
  return minutes;
}

/** The newest minute with a line before `minute`; null without one in what is stored. */
export async function readLastLineBefore(
  db: Queryable,
  appId: number,
  minute: number,
): Promise<number | null> {
  // The hour of `minute` itself may have lines only after it; the one before it has some, or no row.
  const { rows } = await db.query<{ hour: number; messages: string }>(
    `SELECT hour, messages::text AS messages FROM app_hours WHERE app_id = $1 AND hour <= $2
     ORDER BY hour DESC LIMIT 2`,
    [appId, Math.floor(minute / 60)],
  );
  for (const row of rows) {
    const last = minutesOf(row, 0, minute).at(-1);
    if (last !== undefined) return last;
  }
  return null;
}

/** An hour of an app's lines; null minutes: there are some in each of them. */
export interface HabitHour {
  appId: number;
  hour: number;
  minutes: number[] | null;
}

/** Hours [fromHour, toHour) with lines, by app and hour. */
export async function readHabitHours(
  db: Queryable,
  appIds: readonly number[],
  { fromHour, toHour }: { fromHour: number; toHour: number },
): Promise<HabitHour[]> {
  const { rows } = await db.query<{ app_id: number; hour: number; messages: string | null }>(
    `SELECT app_id, hour,
       CASE WHEN 0 = ANY (messages) OR cardinality(messages) < 60 THEN messages::text END AS messages
     FROM app_hours WHERE app_id = ANY ($1::int[]) AND hour >= $2 AND hour < $3 ORDER BY app_id, hour`,
    [appIds, fromHour, toHour],
  );
  return rows.map(({ app_id: appId, hour, messages }) => ({
    appId,
    hour,
    minutes: messages === null ? null : minutesOf({ hour, messages }, 0, Number.POSITIVE_INFINITY),
  }));
}

interface QuietRecord {
  app_id: number;
  from_minute: number;
  to_minute: number | null;
  known_minute: number;
}

/** Silences of these apps that reach beyond `afterMinute`, in order. */
export async function listQuietSpans(
  db: Queryable,
  appIds: readonly number[],
  afterMinute: number,
): Promise<QuietRow[]> {
  const { rows } = await db.query<QuietRecord>(
    `SELECT app_id, from_minute, to_minute, known_minute FROM quiet_spans
     WHERE app_id = ANY ($1::int[]) AND (to_minute IS NULL OR to_minute > $2) ORDER BY app_id, from_minute`,
    [appIds, afterMinute],
  );
  return rows.map((row) => ({
    appId: row.app_id,
    fromMinute: row.from_minute,
    toMinute: row.to_minute,
    knownMinute: row.known_minute,
  }));
}

/** Writes spans, over those with the same beginning, after taking away `gone`. */
export async function writeQuietSpans(
  client: Client,
  spans: readonly QuietRow[],
  gone: readonly { appId: number; fromMinute: number }[],
): Promise<void> {
  if (gone.length > 0) {
    await client.query(
      `DELETE FROM quiet_spans q USING unnest($1::int[], $2::int[]) AS n (app, start)
       WHERE q.app_id = n.app AND q.from_minute = n.start`,
      [gone.map((span) => span.appId), gone.map((span) => span.fromMinute)],
    );
  }
  if (spans.length === 0) return;
  await client.query(
    `INSERT INTO quiet_spans (app_id, from_minute, to_minute, known_minute)
     SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::int[])
     ON CONFLICT (app_id, from_minute)
       DO UPDATE SET to_minute = excluded.to_minute, known_minute = excluded.known_minute`,
    [
      spans.map((span) => span.appId),
      spans.map((span) => span.fromMinute),
      spans.map((span) => span.toMinute),
      spans.map((span) => span.knownMinute),
    ],
  );
}

/** Deletes silences that were over before `minute`; gives how many. */
export async function deleteOldQuietSpans(db: Queryable, minute: number): Promise<number> {
  const { rowCount } = await db.query('DELETE FROM quiet_spans WHERE to_minute < $1', [minute]);
  return rowCount ?? 0;
}
