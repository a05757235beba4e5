/** Exact totals of one app over [from, to). */
import {
  SERIES_CODE,
  SERIES_DYNO,
  SERIES_FRAME,
  SERIES_MESSAGE,
  SERIES_SKIPPED,
  SERIES_STATUS,
} from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { readLostMessages } from './gaps.ts';
import { finestKeptS, type Kept } from './plan.ts';
import { readSeriesNames } from './series-names.ts';
import { readSlices } from './units.ts';

export interface AppCounts {
  /** Bounds as they were read, epoch seconds: on whole buckets of what is still kept at that age. */
  fromS: number;
  toS: number;
  messages: number;
  messagesByKind: Record<string, number>;
  requests: number;
  bad: number;
  excluded: number;
  statuses: Record<string, number>;
  codes: Record<string, number>;
  skipped: Record<string, number>;
  framesAccepted: number;
  framesDuplicate: number;
  lossMessages: number;
}

const KINDS = [SERIES_DYNO, SERIES_STATUS, SERIES_CODE, SERIES_MESSAGE, SERIES_SKIPPED, SERIES_FRAME];

/** Whole hours come from rows of an hour, edges from finer ones, as far as those are kept. */
export async function readCounts(
  db: Queryable,
  appId: number,
  asked: { fromMs: number; toMs: number },
  nowMs: number,
  kept: Kept,
): Promise<AppCounts> {
  const { fromS, toS } = alignCounts(asked, nowMs, kept);
  const slices = await readSlices(db, appId, { fromS, toS }, 3600);
  const names = await readSeriesNames(db, [appId], KINDS);
  const points = await readCountPoints(db, {
    target: { appId, seriesIds: names.map((name) => name.id) },
    slices,
    columns: ['count', 'bad', 'excluded'],
    stepS: null,
    by: 'series',
  });
  const lost = await readLostMessages(db, [appId], asked.fromMs, asked.toMs);
  const sums = new Map(points.map((point) => [point.seriesId, point.sums]));
  const byKey = (kind: number): Record<string, number> => {
    // Keys come from outside: an object without prototype takes any of them.
    const record: Record<string, number> = Object.create(null);
    for (const name of names) {
      const sum = name.kind === kind ? sums.get(name.id) : undefined;
      if (sum && sum.count > 0) record[name.key] = sum.count;
    }
    return record;
  };
  const requests = names.filter((name) => name.kind === SERIES_DYNO).map((name) => sums.get(name.id));
  const messagesByKind = byKey(SERIES_MESSAGE);
  const frames = byKey(SERIES_FRAME);
  return {
    fromS,
    toS,
    messages: Object.values(messagesByKind).reduce((sum, count) => sum + count, 0),
    messagesByKind,
    requests: requests.reduce((sum, row) => sum + (row?.count ?? 0), 0),
    bad: requests.reduce((sum, row) => sum + (row?.bad ?? 0), 0),
    excluded: requests.reduce((sum, row) => sum + (row?.excluded ?? 0), 0),
    statuses: byKey(SERIES_STATUS),
    codes: byKey(SERIES_CODE),
    skipped: byKey(SERIES_SKIPPED),
    framesAccepted: frames.accepted ?? 0,
    framesDuplicate: frames.duplicate ?? 0,
    lossMessages: lost.get(appId) ?? 0,
  };
}

/** Outwards to whole buckets of the finest width still kept at each end. */
export function alignCounts(
  asked: { fromMs: number; toMs: number },
  nowMs: number,
  kept: Kept,
): { fromS: number; toS: number } {
  const nowS = Math.floor(nowMs / 1000);
  const [fromS, toS] = [Math.floor(asked.fromMs / 1000), Math.ceil(asked.toMs / 1000)];
  const first = finestKeptS(fromS, nowS, kept);
  const last = finestKeptS(toS, nowS, kept);
  return { fromS: Math.floor(fromS / first) * first, toS: Math.ceil(toS / last) * last };
}
