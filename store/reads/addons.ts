/** Add-ons of one app in a range: their metrics over time, and the newest value of each. */
import { SERIES_ADDON_METRIC } from '../../model/series.ts';
import type { Queryable } from '../pool.ts';
import type { ColumnSet, ReadRange } from './range.ts';
import { readNewestSamples, readSamplePoints } from './sample-points.ts';
import { averagesOf } from './samples-over-time.ts';
import { readSeriesNames } from './series-names.ts';
import { readSlices } from './units.ts';
import { addonMetricUnit } from './units-of-measure.ts';

export interface AddonFigures {
  addon: string;
  /** Attachment name, such as DATABASE. */
  source: string | null;
  /** Such as heroku-postgres. */
  service: string;
  lastSeenMs: number | null;
  latest: { metric: string; value: number; unit: string }[];
  metrics: ColumnSet;
}

export interface AddonsOfApp {
  /** Whether any add-on ever wrote a metric. */
  everSeen: boolean;
  addons: AddonFigures[];
}

export async function readAddons(db: Queryable, appId: number, range: ReadRange): Promise<AddonsOfApp> {
  const slices = await readSlices(db, appId, range, range.resolutionS);
  const names = await readSeriesNames(db, [appId], [SERIES_ADDON_METRIC]);
  const newest = await readNewestSamples(db, { pairs: names, slices });
  const present = names.filter((name) => newest.has(name.id));
  const columns = await readSamplePoints(db, {
    appId,
    seriesIds: present.map((name) => name.id),
    slices,
    fromS: range.fromS,
    stepS: range.stepS,
    points: range.t.length,
  });
  const addons = new Map<string, AddonFigures>();
  for (const name of present) {
    const sample = newest.get(name.id);
    if (!sample) continue;
    const [service = '', addon = '', metric = ''] = name.key.split('\t');
    const key = `${service}\t${addon}`;
    const entry = addons.get(key) ?? {
      addon,
      source: name.label,
      service,
      lastSeenMs: null,
      latest: [],
      metrics: { t: range.t, series: [] },
    };
    addons.set(key, entry);
    const unit = addonMetricUnit(metric);
    const column = columns.get(name.id);
    entry.lastSeenMs = Math.max(entry.lastSeenMs ?? 0, sample.atMs);
    entry.latest.push({ metric, value: sample.value, unit });
    entry.metrics.series.push({
      id: metric,
      label: metric,
      unit,
      values: column ? averagesOf(column, unit) : [],
    });
  }
  return { everSeen: names.length > 0, addons: [...addons.values()] };
}
