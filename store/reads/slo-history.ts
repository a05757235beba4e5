/** Minutes of an objective that was never counted, from the buckets of its app. */
import { encodeBins } from '../../model/histogram.ts';
import type { CutRow, Estimate } from '../../model/slo-estimate.ts';
import type { MinuteRange } from '../../model/window-sums.ts';
import type { Queryable } from '../pool.ts';
import { readMinutesRetiredS } from '../slo-backfills.ts';
import type { MinuteCounts } from '../slo-hours.ts';
import { readCountPoints } from './count-points.ts';
import { readLatencies } from './histograms.ts';
import { readSeriesNames, type SeriesName } from './series-names.ts';
import { readSlices } from './units.ts';

const COLUMNS = ['count', 'bad', 'excluded', 'platform'] as const;

export interface EstimatedMinutes {
  /** Of each minute of the range, position 0 being its first. */
  counts: MinuteCounts;
  /** Of those before it buckets are gone: their counts are unknown, not 0. Not before the range, nor after it. */
  knownFromMinute: number;
}

/**
 * Counts of each minute of a range. Buckets are joined in Postgres, whatever the number of dynos or paths;
 * `withLatencies` for estimates that look at durations.
 */
export async function readEstimatedMinutes(
  db: Queryable,
  appId: number,
  estimate: Estimate,
  range: MinuteRange,
  withLatencies: boolean,
): Promise<EstimatedMinutes> {
  const [main = 0, ...others] = estimate.kinds;
  const span = { fromS: range.from * 60, toS: range.to * 60 };
  const slices = await readSlices(db, appId, span, 60);
  const names = (await readSeriesNames(db, [appId], estimate.kinds)).filter((name) =>
    estimate.takes(name.kind, name.key),
  );
  const idsOf = (kinds: readonly number[]) =>
    names.filter((name) => kinds.includes(name.kind)).map((name) => name.id);
  const target = { appId, seriesIds: idsOf([main]) };
  const rows = new Map<number, CutRow[]>();
  const add = (t: number, row: CutRow) => rows.set(t, [...(rows.get(t) ?? []), row]);
  const counts = { slices, columns: COLUMNS, stepS: 60 } as const;
  for (const { t, sums } of await readCountPoints(db, { ...counts, target, by: 'none' })) {
    add(t, { kind: main, key: '', ...sums, serviceHist: null });
  }
  if (others.length > 0) {
    const byId = new Map(names.map((name): [number, SeriesName] => [name.id, name]));
    const apart = { ...counts, target: { appId, seriesIds: idsOf(others) }, by: 'series' as const };
    for (const { t, seriesId, sums } of await readCountPoints(db, apart)) {
      const name = byId.get(seriesId);
      if (name) add(t, { kind: name.kind, key: name.key, ...sums, serviceHist: null });
    }
  }
  if (withLatencies) {
    const { byOwner } = await readLatencies(db, { target, slices, of: 'service', stepS: 60, by: 'none' });
    for (const [t, { bins }] of byOwner.get(0) ?? []) {
      add(t, { ...NO_COUNTS, kind: main, serviceHist: encodeBins(Uint32Array.from(bins)) });
    }
  }
  // Asked last: what retention took while the counts were read is noted by now.
  const retired = Math.ceil((await readMinutesRetiredS(db)) / 60);
  return {
    counts: countMinutes(rows, estimate, range),
    knownFromMinute: Math.min(range.to, Math.max(range.from, retired)),
  };
}

const NO_COUNTS = { key: '', count: 0, bad: 0, excluded: 0, platform: 0 };

function countMinutes(
  rows: ReadonlyMap<number, CutRow[]>,
  estimate: Estimate,
  { from, to }: MinuteRange,
): MinuteCounts {
  const counts: MinuteCounts = { events: [], bad: [] };
  for (let minute = from; minute < to; minute++) {
    const own = rows.get(minute * 60);
    const { events, bad } = own ? estimate.count(own) : { events: 0, bad: 0 };
    counts.events.push(Math.round(events));
    counts.bad.push(Math.min(Math.round(bad), Math.round(events)));
  }
  return counts;
}

/** Latencies of all requests of an app over a range, joined; null without any. */
export async function readAllLatencies(
  db: Queryable,
  appId: number,
  kind: number,
  range: { fromS: number; toS: number },
) {
  const slices = await readSlices(db, appId, range, 3600);
  const names = await readSeriesNames(db, [appId], [kind]);
  const target = { appId, seriesIds: names.map((name) => name.id) };
  const { byOwner } = await readLatencies(db, { target, slices, of: 'service', stepS: null, by: 'none' });
  return byOwner.get(0)?.get(0) ?? null;
}
