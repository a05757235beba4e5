/** Rules about what add-ons and the app itself report. */
import type { AddonMeasure, SettingsByKind } from '../rule.ts';
import { type AddonFacts, type AppFacts, gaugeOf, heardMinutes, missingOf, sumOf } from '../rule-facts.ts';
import { isBeyond, judged, type KindReader } from '../rule-reader.ts';

/** Add-ons report every few minutes: ten minutes without a line is no data (FORMATS 6.1). */
const FRESH_MINUTES = 10;
const GONE_AFTER_MINUTES = 24 * 60;

type Gauge = NonNullable<ReturnType<typeof gaugeOf>>;

/** How a measure is found among an add-on's metrics, whose names differ by kind and age (FORMATS 6.1, 6.2). */
interface Measure {
  /** Metrics to look for; the worst of those that are there counts. */
  names: readonly string[];
  /** Where there is none of them: a part and its whole. */
  ratio?: readonly [part: string, whole: string];
  of: (gauge: Gauge) => number;
  unit: string;
}

const average = ({ average: value }: Gauge): number => value;
const max = ({ max: value }: Gauge): number => value;

const MEASURES: Record<Exclude<AddonMeasure, 'metric'>, Measure> = {
  connections: {
    names: ['connections-percentage-used', 'connection-percentage-used'],
    ratio: ['active-connections', 'max-connections'],
    of: average,
    unit: '%',
  },
  waitingConnections: { names: ['waiting-connections'], of: average, unit: 'connections' },
  cacheHits: { names: ['index-cache-hit-rate', 'table-cache-hit-rate', 'hit-rate'], of: average, unit: '%' },
  evictions: { names: ['evicted-keys'], of: max, unit: 'keys' },
  disk: {
    names: ['db-size-percentage-used'],
    ratio: ['db-size', 'db-max-size'],
    of: average,
    unit: '%',
  },
  replicationLag: { names: ['follower-lag-commits'], of: average, unit: 'commits' },
  load: { names: ['load-avg-1m'], of: average, unit: '' },
  memory: { names: ['memory-percentage-used'], of: average, unit: '%' },
  iops: { names: ['iops-percentage-used'], of: average, unit: '%' },
};

/** Names as facts have them. */
export function normalMetric(name: string): string {
  return name.replaceAll('_', '-');
}

/** Metrics that a rule looks at, as facts name them. */
export function addonMetricsOf({ measure, metric }: SettingsByKind['addon']): readonly string[] {
  if (measure === 'metric') return [normalMetric(metric)];
  const { names, ratio = [] } = MEASURES[measure];
  return [...names, ...ratio];
}

export const addon: KindReader<SettingsByKind['addon']> = {
  everyMinutes: 1,
  goneAfterMinutes: GONE_AFTER_MINUTES,
  lookBackMinutes: ({ windowMinutes }) => Math.max(windowMinutes, FRESH_MINUTES),
  read: (settings, facts, minute) => {
    const measure =
      settings.measure === 'metric'
        ? { names: [normalMetric(settings.metric)], of: average, unit: '' }
        : MEASURES[settings.measure];
    const missing = missingOf(facts, minute, settings.windowMinutes);
    return [...facts.addons].flatMap(([name, own]) => {
      if (settings.addon !== '' && settings.addon !== name) return [];
      const value = worthOf(measure, own, facts, { minute, settings });
      if (value === null) return [];
      const factor = measure.unit === '%' ? 100 : 1;
      return {
        key: name,
        value: round(value * factor),
        threshold: round(settings.value * factor),
        unit: measure.unit,
        isAbove: isBeyond(value, settings.direction, settings.value),
        missing: missing === 'gap' ? null : missing,
        about: own.service,
        windowMinutes: settings.windowMinutes,
      };
    });
  },
};

function worthOf(
  measure: Measure,
  { metrics }: AddonFacts,
  facts: AppFacts,
  { minute, settings }: { minute: number; settings: SettingsByKind['addon'] },
): number | null {
  const gaugeIn = (name: string): Gauge | null => {
    const values = metrics.get(name);
    const inWindow = gaugeOf(facts, values, minute - settings.windowMinutes, minute);
    if (inWindow !== null) return inWindow;
    // Between two lines the last one stands; what was before it is over.
    const newest = gaugeOf(facts, values, minute - FRESH_MINUTES, minute)?.newest;
    return newest === undefined ? null : { average: newest, max: newest, newest };
  };
  const found = measure.names
    .map(gaugeIn)
    .filter((gauge) => gauge !== null)
    .map(measure.of)
    // An empty database has a hit rate of 0 and nothing wrong.
    .filter((value) => settings.measure !== 'cacheHits' || value > 0);
  if (found.length > 0) return settings.direction === 'over' ? Math.max(...found) : Math.min(...found);
  if (measure.ratio === undefined) return null;
  const [part, whole] = measure.ratio.map(gaugeIn);
  return part && whole && whole.newest > 0 ? measure.of(part) / whole.newest : null;
}

function round(value: number): number {
  return Number(value.toPrecision(9));
}

export const custom: KindReader<SettingsByKind['custom']> = {
  everyMinutes: 1,
  goneAfterMinutes: 0,
  lookBackMinutes: ({ windowMinutes }) => windowMinutes,
  read: ({ metric, direction, value: bound, windowMinutes }, facts, minute) => {
    const own = facts.customs.get(metric) ?? [];
    const missing = missingOf(facts, minute, windowMinutes);
    const [from, to] = [minute - windowMinutes, minute];
    const counted = own.find(({ type }) => type === 'count');
    const isCount = counted !== undefined;
    const [sum, count] = own.reduce(
      ([sums, counts], { sums: s, counts: c }) => [
        sums + sumOf(facts, s, from, to),
        counts + sumOf(facts, c, from, to),
      ],
      [0, 0],
    );
    // Of a count nothing written is nothing counted; of a measure it is nothing known.
    const heard = direction === 'under' ? heardMinutes(facts, minute, windowMinutes) : windowMinutes;
    const value = isCount ? sumOf(facts, counted.sums, from, to) / heard : count > 0 ? sum / count : null;
    const isAbove = value !== null && isBeyond(value, direction, bound);
    const known = value === null ? (missing ?? 'noData') : missing;
    return [
      {
        ...(direction === 'over' ? judged(isAbove, known) : { isAbove, missing: known }),
        key: '',
        value: value === null ? null : round(value),
        threshold: bound,
        unit: isCount ? 'per min' : '',
        about: metric,
        windowMinutes,
      },
    ];
  },
};
