/** Minutes that corrections take out of objectives. */

import { MINUTE } from '../model/time.ts';
import type { MinuteRange } from '../model/window-sums.ts';
import { type CorrectionRow, listCorrections, rangesOf, readCorrected } from '../store/corrections.ts';
import type { Client } from '../store/pool.ts';
import type { SloRow } from '../store/slos.ts';
import type { CorrectionAnswer } from './contract/slos.ts';
import { sayRecurrence } from './recurrence-text.ts';

/** By objective, what corrections take out of a range; merged, in order. */
export async function readCorrectedRanges(
  db: Client,
  slos: readonly SloRow[],
  range: MinuteRange,
): Promise<Map<number, MinuteRange[]>> {
  return readCorrected(
    db,
    slos.map((slo) => ({ sloId: slo.id, appId: slo.appId })),
    range,
  );
}

/** Corrections that touch an objective and a range, newest first, also those taken back. */
export async function listCorrectionsOf(
  db: Client,
  slo: SloRow,
  fromMs: number,
  toMs: number,
): Promise<CorrectionAnswer[]> {
  const range = { from: Math.floor(fromMs / MINUTE), to: Math.ceil(toMs / MINUTE) };
  const rows = await listCorrections(db, slo.appId);
  return rows
    .filter((row) => row.sloId === null || row.sloId === slo.id)
    .filter((row) => rangesOf(row, range).length > 0)
    .map((row) => toCorrection(row, row.sloId === null ? null : slo.publicId));
}

export function toCorrection(row: CorrectionRow, sloId: string | null): CorrectionAnswer {
  return {
    id: row.publicId,
    sloId,
    fromMs: row.fromMinute * MINUTE,
    toMs: row.toMinute === null ? null : row.toMinute * MINUTE,
    repeat: row.recurrence,
    repeats: row.recurrence && sayRecurrence(row.recurrence),
    reason: row.reason,
    author: row.author,
    createdAtMs: row.createdAtMs,
    undoneAtMs: row.undoneAtMs,
    undoneBy: row.undoneBy,
  };
}
