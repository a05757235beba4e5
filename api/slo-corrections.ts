/** Minutes that corrections take out of objectives. */
import type { MinuteRange } from '../model/window-sums.ts';
import type { Client } from '../store/pool.ts';
import type { SloRow } from '../store/slos.ts';
import type { CorrectionAnswer } from './contract/slos.ts';

/** By objective, what corrections take out of a range; merged, in order. */
export async function readCorrectedRanges(
  _db: Client,
  slos: readonly SloRow[],
  _range: MinuteRange,
): Promise<Map<number, MinuteRange[]>> {
  return new Map(slos.map((slo) => [slo.id, []]));
}

/** Corrections that touch an objective and a range, newest first, also those taken back. */
export async function listCorrections(
  _db: Client,
  _slo: SloRow,
  _fromMs: number,
  _toMs: number,
): Promise<CorrectionAnswer[]> {
  return [];
}
