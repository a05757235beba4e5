/** Newest values of the add-ons of one app in a range. */
import { SERIES_ADDON_METRIC } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import type { ReadRange } from './range.ts';
import { readNewestSamples } from './sample-points.ts';
import { readSeriesNames } from './series-names.ts';
import { readSlices } from './units.ts';
import { addonMetricUnit } from './units-of-measure.ts';

export interface AddonFigures {
  addon: string;
  /** Attachment name, such as DATABASE. */
  source: string | null;
  /** Such as heroku-postgresql. */
  service: string;
  lastSeenMs: number | null;
  latest: { metric: string; value: number; unit: string }[];
}

export async function readAddons(db: Queryable, appId: number, range: ReadRange): Promise<AddonFigures[]> {
  const slices = await readSlices(db, appId, range, range.resolutionS);
  const names = await readSeriesNames(db, [appId], [SERIES_ADDON_METRIC]);
  const newest = await readNewestSamples(db, { pairs: names, slices });
  const addons = new Map<string, AddonFigures>();
  for (const name of names) {
    const sample = newest.get(name.id);
    if (!sample) continue;
    const [service = '', addon = '', metric = ''] = name.key.split('\t');
    const key = `${service}\t${addon}`;
    const entry = addons.get(key) ?? { addon, source: name.label, service, lastSeenMs: null, latest: [] };
    addons.set(key, entry);
    entry.lastSeenMs = Math.max(entry.lastSeenMs ?? 0, sample.atMs);
    entry.latest.push({ metric, value: sample.value, unit: addonMetricUnit(metric) });
  }
  return [...addons.values()];
}
