/**
 * How long things are kept: the tiers, what each is good for, and what people may choose. The environment sets the most;
 * people can choose less, for the whole instance and for some tiers for one app. Pure.
 */
import { DAY, HOUR } from './time.ts';

/** How long rows are kept, ms; names as in the process's configuration. */
export interface KeptSpans {
  keep10sMs: number;
  keep1minMs: number;
  keep1hMs: number;
  keepChunksMs: number;
  keepDetailsMs: number;
  keepQuarantineMs: number;
}

export type RetentionTier = 'seconds' | 'minutes' | 'hours' | 'requests' | 'details' | 'quarantine';

export interface RetentionTierSpec {
  tier: RetentionTier;
  title: string;
  /** Field of the configuration that is the most, and its name in the environment. */
  field: keyof KeptSpans;
  setting: string;
  /** What people give it in. */
  unit: 'h' | 'd';
  /** Less would break what is built on it; why is said in `needs`. */
  minMs: number;
  needs: string;
  /** What is gone when it is gone, as the end of a sentence. */
  lost: string;
  /** Tables that hold it. */
  tables: readonly string[];
  /** Width of what goes at once: rows stay up to so much longer. 0: row by row. */
  wholeMs: number;
  /** Whether an app can have less of its own. */
  perApp: boolean;
}

export const RETENTION_TIERS: readonly RetentionTierSpec[] = [
  {
    tier: 'seconds',
    title: 'Points of 10 seconds',
    field: 'keep10sMs',
    setting: 'DRAINBOARD_KEEP_10S_HOURS',
    unit: 'h',
    minMs: 6 * HOUR,
    needs: 'Rules and the pages of an incident read the last hours in this width.',
    lost: 'charts of that time have points of a minute',
    tables: ['count_buckets_10s', 'sample_buckets_10s'],
    wholeMs: 6 * HOUR,
    perApp: false,
  },
  {
    tier: 'minutes',
    title: 'Points of a minute',
    field: 'keep1minMs',
    setting: 'DRAINBOARD_KEEP_1MIN_DAYS',
    unit: 'd',
    minMs: 7 * DAY,
    needs: 'Proposals and back-tests read a week and more of minutes.',
    lost: 'charts of that time have points of an hour',
    tables: ['count_buckets_1m', 'sample_buckets_1m'],
    wholeMs: DAY,
    perApp: false,
  },
  {
    tier: 'hours',
    title: 'Points of an hour, events, known losses, history of objectives',
    field: 'keep1hMs',
    setting: 'DRAINBOARD_KEEP_1H_DAYS',
    unit: 'd',
    minMs: 93 * DAY,
    needs: 'The longest period of an objective is a quarter.',
    lost: 'nothing of that time is shown any more',
    tables: ['count_buckets_1h', 'sample_buckets_1h', 'events', 'gaps', 'slo_hours'],
    wholeMs: 30 * DAY,
    perApp: false,
  },
  {
    tier: 'requests',
    title: 'Every single request',
    field: 'keepChunksMs',
    setting: 'DRAINBOARD_KEEP_CHUNKS_HOURS',
    unit: 'h',
    minMs: 2 * HOUR,
    needs: 'A process that dies leaves its last minutes here, for another to take over.',
    lost: 'requests of that time are found by id only when they were bad, slow or sampled, and new objectives count that time approximately',
    tables: ['chunks'],
    wholeMs: HOUR,
    perApp: true,
  },
  {
    tier: 'details',
    title: 'Bad, slow and sampled requests',
    field: 'keepDetailsMs',
    setting: 'DRAINBOARD_KEEP_DETAILS_DAYS',
    unit: 'd',
    minMs: DAY,
    needs: 'Samples of yesterday’s incident are what people look for.',
    lost: 'error pages of that time have counts, but no samples',
    tables: ['request_details'],
    wholeMs: DAY,
    perApp: true,
  },
  {
    tier: 'quarantine',
    title: 'Bytes that could not be read',
    field: 'keepQuarantineMs',
    setting: 'DRAINBOARD_KEEP_QUARANTINE_DAYS',
    unit: 'd',
    minMs: DAY,
    needs: 'Somebody must have the time to look at them.',
    lost: 'why lines of that time could not be read is a count only',
    tables: ['quarantine'],
    wholeMs: 0,
    perApp: true,
  },
];

export function retentionTier(tier: string): RetentionTierSpec | undefined {
  return RETENTION_TIERS.find((spec) => spec.tier === tier);
}

/** One decision. appId null: the whole instance. */
export interface RetentionSetting {
  appId: number | null;
  tier: RetentionTier;
  keepMs: number;
}

/** What holds for the whole instance: what people chose, but never more than the environment says. */
export function keptNow<Spans extends KeptSpans>(most: Spans, settings: readonly RetentionSetting[]): Spans {
  const kept = { ...most };
  for (const { appId, tier, keepMs } of settings) {
    const spec = retentionTier(tier);
    if (appId === null && spec !== undefined) kept[spec.field] = Math.min(most[spec.field], keepMs);
  }
  return kept;
}

/** How long one app's rows of a tier are kept: its own choice, but never more than the instance's. */
export function keptOfApp(
  kept: KeptSpans,
  settings: readonly RetentionSetting[],
  appId: number,
  { tier, field }: Pick<RetentionTierSpec, 'tier' | 'field'>,
): number {
  const own = settings.find((setting) => setting.appId === appId && setting.tier === tier);
  return Math.min(kept[field], own?.keepMs ?? Number.POSITIVE_INFINITY);
}

/** Why a span cannot be chosen, in words; null when it can. `kept`: as it is for the instance now. */
export function retentionFault(
  spec: RetentionTierSpec,
  keepMs: number,
  { most, kept, isOfApp }: { most: KeptSpans; kept: KeptSpans; isOfApp: boolean },
): string | null {
  if (isOfApp && !spec.perApp) return 'This is kept for all apps alike.';
  const unitMs = spec.unit === 'h' ? HOUR : DAY;
  if (keepMs % unitMs !== 0) return `Whole ${spec.unit === 'h' ? 'hours' : 'days'}, please.`;
  if (keepMs < Math.min(spec.minMs, most[spec.field])) {
    return `At least ${sayKept(spec.minMs)}. ${spec.needs}`;
  }
  if (isOfApp && keepMs > kept[spec.field]) {
    return `At most ${sayKept(kept[spec.field])}, as the whole instance keeps it.`;
  }
  if (keepMs > most[spec.field]) {
    return `At most ${sayKept(most[spec.field])}: ${spec.setting} sets the limit.`;
  }
  return isOfApp ? null : orderFault(spec, keepMs, kept);
}

/** A coarser row is made of finer ones, and shown where they are gone. */
const ORDER: readonly (keyof KeptSpans)[] = ['keep10sMs', 'keep1minMs', 'keep1hMs'];

function orderFault({ field }: RetentionTierSpec, keepMs: number, kept: KeptSpans): string | null {
  const at = ORDER.indexOf(field);
  if (at < 0) return null;
  const finer = ORDER[at - 1];
  const coarser = ORDER[at + 1];
  if (finer !== undefined && keepMs < kept[finer]) {
    return `Not less than finer points are kept (${sayKept(kept[finer])}): shorten those first.`;
  }
  if (coarser !== undefined && keepMs > kept[coarser]) {
    return `Not more than coarser points are kept (${sayKept(kept[coarser])}).`;
  }
  return null;
}

/** `36 h`, `21 d`: days where they are whole and more than two. */
export function sayKept(ms: number): string {
  return ms % DAY === 0 && ms > 2 * DAY ? `${ms / DAY} d` : `${Math.round(ms / HOUR)} h`;
}
