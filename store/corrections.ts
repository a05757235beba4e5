/** Minutes that leave both sides of an SLO's ratio: planned maintenance and the like (table corrections). */
import { listSpans, type Recurrence } from '../model/recurrence.ts';
import { MINUTE } from '../model/time.ts';
import { type MinuteRange, mergeRanges } from '../model/window-sums.ts';
import type { Queryable } from './pool.ts';

export interface CorrectionRow {
  id: number;
  publicId: string;
  appId: number;
  /** null: every SLO of the app. */
  sloId: number | null;
  /** floor(epoch s / 60), toMinute exclusive. Of a recurring one: it recurs between these; null without end. */
  fromMinute: number;
  toMinute: number | null;
  recurrence: Recurrence | null;
  reason: string;
  author: string;
  createdAtMs: number;
  /** Set once it was taken back: it counts for nothing, but stays listed. */
  undoneAtMs: number | null;
  undoneBy: string | null;
}

interface CorrectionRecord {
  id: number;
  public_id: string;
  app_id: number;
  slo_id: number | null;
  from_minute: number;
  to_minute: number | null;
  recurrence: Recurrence | null;
  reason: string;
  author: string;
  created_at_ms: number;
  undone_at_ms: number | null;
  undone_by: string | null;
}

const COLUMNS = `id, public_id, app_id, slo_id, from_minute, to_minute, recurrence, reason, author, created_at_ms,
  undone_at_ms, undone_by`;

function toCorrection(record: CorrectionRecord): CorrectionRow {
  return {
    id: record.id,
    publicId: record.public_id,
    appId: record.app_id,
    sloId: record.slo_id,
    fromMinute: record.from_minute,
    toMinute: record.to_minute,
    recurrence: record.recurrence,
    reason: record.reason,
    author: record.author,
    createdAtMs: record.created_at_ms,
    undoneAtMs: record.undone_at_ms,
    undoneBy: record.undone_by,
  };
}

/** Adds one. A single one needs its end; `reason` has 1 to 1,000 characters. */
export async function insertCorrection(
  db: Queryable,
  input: Pick<
    CorrectionRow,
    'appId' | 'sloId' | 'fromMinute' | 'toMinute' | 'recurrence' | 'reason' | 'author'
  > & { nowMs: number },
): Promise<CorrectionRow> {
  const { rows } = await db.query<CorrectionRecord>(
    `INSERT INTO corrections (app_id, slo_id, from_minute, to_minute, recurrence, reason, author, created_at_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`,
    [
      input.appId,
      input.sloId,
      input.fromMinute,
      input.toMinute,
      input.recurrence === null ? null : JSON.stringify(input.recurrence),
      input.reason,
      input.author,
      input.nowMs,
    ],
  );
  return toCorrection(rows[0]!);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** null when there is none. */
export async function readCorrection(db: Queryable, publicId: string): Promise<CorrectionRow | null> {
  if (!UUID.test(publicId)) return null;
  const { rows } = await db.query<CorrectionRecord>(
    `SELECT ${COLUMNS} FROM corrections WHERE public_id = $1`,
    [publicId],
  );
  return rows[0] === undefined ? null : toCorrection(rows[0]);
}

/** Takes one back, for the past too; null when there is none, or it was taken back before. */
export async function undoCorrection(
  db: Queryable,
  input: { publicId: string; author: string; nowMs: number },
): Promise<CorrectionRow | null> {
  if (!UUID.test(input.publicId)) return null;
  const { rows } = await db.query<CorrectionRecord>(
    `UPDATE corrections SET undone_at_ms = $2, undone_by = $3
     WHERE public_id = $1 AND undone_at_ms IS NULL RETURNING ${COLUMNS}`,
    [input.publicId, input.nowMs, input.author],
  );
  return rows[0] === undefined ? null : toCorrection(rows[0]);
}

/**
 * Ends a recurring one: what is past stays taken out. null when there is none that recurs after nowMs; one that would
 * begin only later is to be taken back instead.
 */
export async function endCorrection(
  db: Queryable,
  publicId: string,
  nowMs: number,
): Promise<CorrectionRow | null> {
  if (!UUID.test(publicId)) return null;
  const { rows } = await db.query<CorrectionRecord>(
    `UPDATE corrections SET to_minute = $2
     WHERE public_id = $1 AND undone_at_ms IS NULL AND recurrence IS NOT NULL
       AND from_minute < $2 AND (to_minute IS NULL OR to_minute > $2) RETURNING ${COLUMNS}`,
    [publicId, Math.ceil(nowMs / MINUTE)],
  );
  return rows[0] === undefined ? null : toCorrection(rows[0]);
}

/** Of an app, newest first, those taken back too. */
export async function listCorrections(db: Queryable, appId: number): Promise<CorrectionRow[]> {
  const { rows } = await db.query<CorrectionRecord>(
    `SELECT ${COLUMNS} FROM corrections WHERE app_id = $1 ORDER BY id DESC`,
    [appId],
  );
  return rows.map(toCorrection);
}

/** The times of a correction within a range of minutes, in order. Its first and last minute may be cut off by its bounds. */
export function rangesOf(
  { fromMinute, toMinute, recurrence }: Pick<CorrectionRow, 'fromMinute' | 'toMinute' | 'recurrence'>,
  range: MinuteRange,
): MinuteRange[] {
  const from = Math.max(fromMinute, range.from);
  const to = Math.min(toMinute ?? range.to, range.to);
  if (from >= to) return [];
  if (recurrence === null) return [{ from, to }];
  const spans = listSpans(recurrence, from * MINUTE, to * MINUTE);
  return mergeRanges(
    spans.map(({ fromMs, toMs }) => ({
      from: Math.max(from, Math.floor(fromMs / MINUTE)),
      to: Math.min(to, Math.ceil(toMs / MINUTE)),
    })),
  );
}

/** What corrections take out of some SLOs within a range, by SLO: merged, in order; an SLO without any is not in it. */
export async function readCorrected(
  db: Queryable,
  slos: readonly { sloId: number; appId: number }[],
  range: MinuteRange,
): Promise<Map<number, MinuteRange[]>> {
  const { rows } = await db.query<CorrectionRecord>(
    `SELECT ${COLUMNS} FROM corrections
     WHERE app_id = ANY ($1::int[]) AND undone_at_ms IS NULL AND from_minute < $3
       AND (to_minute IS NULL OR to_minute > $2)`,
    [[...new Set(slos.map((slo) => slo.appId))], range.from, range.to],
  );
  const byApp = Map.groupBy(rows.map(toCorrection), (correction) => correction.appId);
  const corrected = new Map<number, MinuteRange[]>();
  for (const { sloId, appId } of slos) {
    const own = (byApp.get(appId) ?? []).filter((each) => each.sloId === null || each.sloId === sloId);
    const ranges = mergeRanges(own.flatMap((correction) => rangesOf(correction, range)));
    if (ranges.length > 0) corrected.set(sloId, ranges);
  }
  return corrected;
}
