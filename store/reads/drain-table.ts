/** Every drain of every app, with what was taken, doubled and lost of each app in the last hour. */
import { SERIES_FRAME } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import { readCountPoints } from './count-points.ts';
import { readSeriesNames } from './series-names.ts';
import { readSliceGroups } from './units.ts';

export interface FrameCounts {
  accepted: number;
  duplicate: number;
}

/** Frames of the last hour by app, in a handful of queries; apps without any are left out. */
export async function readFramesOfLastHour(
  db: Queryable,
  appIds: readonly number[],
  nowMs: number,
): Promise<Map<number, FrameCounts>> {
  const names = await readSeriesNames(db, appIds, [SERIES_FRAME]);
  const byId = new Map(names.map((name) => [name.id, name]));
  const toS = Math.ceil(nowMs / 10_000) * 10;
  const frames = new Map<number, FrameCounts>();
  for (const group of await readSliceGroups(db, appIds, { fromS: toS - 3600, toS })) {
    const members = new Set(group.appIds);
    const points = await readCountPoints(db, {
      target: { pairs: names.filter((name) => members.has(name.appId)) },
      slices: group.slices,
      columns: ['count'],
      stepS: null,
      by: 'series',
    });
    for (const { seriesId, sums } of points) {
      const name = byId.get(seriesId);
      if (name?.key !== 'accepted' && name?.key !== 'duplicate') continue;
      const own = frames.get(name.appId) ?? { accepted: 0, duplicate: 0 };
      own[name.key] += sums.count;
      frames.set(name.appId, own);
    }
  }
  return frames;
}
