/** Rules about what dynos report: memory against quota, swap, load. Of each process type the worst dyno counts. */
import type { SettingsByKind } from '../rule.ts';
import { type AppFacts, gaugeOf, missingOf } from '../rule-facts.ts';
import { type KeyReading, type KindReader, percentOf, takesType, typeOf } from '../rule-reader.ts';

const MB = 2 ** 20;
/** A dyno reports about every 20 s; a process type that does not for so long was scaled away. */
const GONE_AFTER_MINUTES = 30;

interface Settings {
  processTypes: string[];
  windowMinutes: number;
}

/** Worst value of each process type, given those of its dynos; dynos without one are left out. */
function worstByType(
  { processTypes, windowMinutes }: Settings,
  facts: AppFacts,
  minute: number,
  bound: { threshold: number; unit: string },
  worthOf: (metrics: ReadonlyMap<string, Float64Array>, from: number, to: number) => number | null,
): KeyReading[] {
  const worst = new Map<string, { value: number; dyno: string }>();
  for (const [dyno, metrics] of facts.dynos) {
    const type = typeOf(dyno);
    if (!takesType(processTypes, type)) continue;
    const value = worthOf(metrics, minute - windowMinutes, minute);
    if (value !== null && value > (worst.get(type)?.value ?? Number.NEGATIVE_INFINITY)) {
      worst.set(type, { value, dyno });
    }
  }
  const missing = missingOf(facts, minute, windowMinutes);
  return [...worst].map(([key, { value, dyno }]) => ({
    key,
    value,
    ...bound,
    isAbove: value >= bound.threshold,
    // Samples that are lost are some of many: those that are there tell what there is.
    missing: missing === 'gap' ? null : missing,
    about: dyno,
    windowMinutes,
  }));
}

const common = {
  everyMinutes: 1,
  goneAfterMinutes: GONE_AFTER_MINUTES,
  lookBackMinutes: ({ windowMinutes }: Settings) => windowMinutes,
};

export const memory: KindReader<SettingsByKind['memory']> = {
  ...common,
  read: (settings, facts, minute) =>
    worstByType(
      settings,
      facts,
      minute,
      { threshold: percentOf(settings.ratio), unit: '%' },
      (metrics, from, to) => {
        const used = gaugeOf(facts, metrics.get('memory_total'), from, to);
        const quota = gaugeOf(facts, metrics.get('memory_quota'), from, to);
        return used === null || quota === null || quota.newest <= 0
          ? null
          : percentOf(used.average / quota.newest);
      },
    ),
};

export const swap: KindReader<SettingsByKind['swap']> = {
  ...common,
  read: (settings, facts, minute) =>
    worstByType(settings, facts, minute, { threshold: settings.mb, unit: 'MB' }, (metrics, from, to) => {
      const used = gaugeOf(facts, metrics.get('memory_swap'), from, to);
      return used === null ? null : used.average / MB;
    }),
};

export const load: KindReader<SettingsByKind['load']> = {
  ...common,
  read: (settings, facts, minute) =>
    worstByType(
      settings,
      facts,
      minute,
      { threshold: settings.load, unit: '' },
      (metrics, from, to) => gaugeOf(facts, metrics.get('load_avg_1m'), from, to)?.average ?? null,
    ),
};
