/** Silences and maintenance windows (table silences). Never deleted: ended, and kept for the record. */
import type { Recurrence } from '../model/recurrence.ts';
import type { Silence, SilenceMatch } from '../model/silence.ts';
import type { Queryable } from './pool.ts';

export interface SilenceRow extends Silence {
  title: string;
  reason: string;
  author: string;
  correctsBudgets: boolean;
  createdAtMs: number;
  endedBy: string | null;
}

export type NewSilence = Pick<
  SilenceRow,
  | 'kind'
  | 'title'
  | 'reason'
  | 'author'
  | 'match'
  | 'startsAtMs'
  | 'endsAtMs'
  | 'recurrence'
  | 'correctsBudgets'
>;

interface SilenceRecord {
  id: string;
  kind: 'silence' | 'maintenance';
  title: string;
  reason: string;
  author: string;
  match: SilenceMatch;
  starts_at_ms: number;
  ends_at_ms: number;
  recurrence: Recurrence | null;
  corrects_budgets: boolean;
  created_at_ms: number;
  ended_at_ms: number | null;
  ended_by: string | null;
}

const COLUMNS = `id, kind, title, reason, author, match, starts_at_ms, ends_at_ms, recurrence, corrects_budgets,
  created_at_ms, ended_at_ms, ended_by`;

function toSilence(record: SilenceRecord): SilenceRow {
  return {
    id: record.id,
    kind: record.kind,
    title: record.title,
    reason: record.reason,
    author: record.author,
    match: record.match,
    startsAtMs: record.starts_at_ms,
    endsAtMs: record.ends_at_ms,
    recurrence: record.recurrence,
    correctsBudgets: record.corrects_budgets,
    createdAtMs: record.created_at_ms,
    endedAtMs: record.ended_at_ms,
    endedBy: record.ended_by,
  };
}

export async function insertSilence(db: Queryable, silence: NewSilence, nowMs: number): Promise<SilenceRow> {
  const { rows } = await db.query<SilenceRecord>(
    `INSERT INTO silences (kind, title, reason, author, match, starts_at_ms, ends_at_ms, recurrence,
       corrects_budgets, created_at_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING ${COLUMNS}`,
    [
      silence.kind,
      silence.title,
      silence.reason,
      silence.author,
      JSON.stringify(silence.match),
      silence.startsAtMs,
      silence.endsAtMs,
      silence.recurrence === null ? null : JSON.stringify(silence.recurrence),
      silence.correctsBudgets,
      nowMs,
    ],
  );
  const [record] = rows;
  if (record === undefined) throw new Error('a silence was inserted without a row');
  return toSilence(record);
}

/** Changes one that is not over; null when there is none such. */
export async function updateSilence(
  db: Queryable,
  id: string,
  silence: Omit<NewSilence, 'author'>,
  nowMs: number,
): Promise<SilenceRow | null> {
  const { rows } = await db.query<SilenceRecord>(
    `UPDATE silences SET kind = $2, title = $3, reason = $4, match = $5, starts_at_ms = $6, ends_at_ms = $7,
       recurrence = $8, corrects_budgets = $9
     WHERE id = $1 AND ended_at_ms IS NULL AND ends_at_ms > $10 RETURNING ${COLUMNS}`,
    [
      id,
      silence.kind,
      silence.title,
      silence.reason,
      JSON.stringify(silence.match),
      silence.startsAtMs,
      silence.endsAtMs,
      silence.recurrence === null ? null : JSON.stringify(silence.recurrence),
      silence.correctsBudgets,
      nowMs,
    ],
  );
  return rows[0] ? toSilence(rows[0]) : null;
}

/** Ends one now; null when there is none, or it is over. */
export async function endSilence(
  db: Queryable,
  id: string,
  { by, nowMs }: { by: string; nowMs: number },
): Promise<SilenceRow | null> {
  const { rows } = await db.query<SilenceRecord>(
    `UPDATE silences SET ended_at_ms = $2, ended_by = $3
     WHERE id = $1 AND ended_at_ms IS NULL AND ends_at_ms > $2 RETURNING ${COLUMNS}`,
    [id, nowMs, by],
  );
  return rows[0] ? toSilence(rows[0]) : null;
}

export async function readSilence(db: Queryable, id: string): Promise<SilenceRow | null> {
  const { rows } = await db.query<SilenceRecord>(`SELECT ${COLUMNS} FROM silences WHERE id = $1`, [id]);
  return rows[0] ? toSilence(rows[0]) : null;
}

/** Those that are not over at an instant, by their start; also those to come. */
export async function listLiveSilences(db: Queryable, nowMs: number): Promise<SilenceRow[]> {
  const { rows } = await db.query<SilenceRecord>(
    `SELECT ${COLUMNS} FROM silences
     WHERE ended_at_ms IS NULL AND ends_at_ms > $1 ORDER BY starts_at_ms, id`,
    [nowMs],
  );
  return rows.map(toSilence);
}

/** Those that are over, the newest first. */
export async function listPastSilences(db: Queryable, nowMs: number, limit: number): Promise<SilenceRow[]> {
  const { rows } = await db.query<SilenceRecord>(
    `SELECT ${COLUMNS} FROM silences WHERE ended_at_ms IS NOT NULL OR ends_at_ms <= $1
     ORDER BY least(ends_at_ms, ended_at_ms) DESC, id LIMIT $2`,
    [nowMs, limit],
  );
  return rows.map(toSilence);
}
