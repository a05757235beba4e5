/** The reader of each kind of rule. */
import type { RuleKind, RuleWhat, SettingsByKind } from './rule.ts';
import type { AppFacts } from './rule-facts.ts';
import type { KeyReading, KindReader } from './rule-reader.ts';
import { addon, custom } from './rules/addons.ts';
import { drainDropping, drainSilent, incompleteData } from './rules/drain.ts';
import { load, memory, swap } from './rules/dynos.ts';
import { crashes, memoryCode, releasePhaseFailed, restarts } from './rules/lives.ts';
import { memoryLeak } from './rules/memory-leak.ts';
import { codeRate, failedShare, latency, requestRate } from './rules/requests.ts';
import { anomaly, trafficCollapse } from './rules/unusual.ts';

const READINGS: { [Kind in RuleKind]: KindReader<SettingsByKind[Kind]> } = {
  codeRate,
  failedShare,
  latency,
  requestRate,
  memory,
  swap,
  load,
  restarts,
  crashes,
  memoryCode,
  memoryLeak,
  addon,
  custom,
  drainSilent,
  drainDropping,
  incompleteData,
  trafficCollapse,
  anomaly,
  releasePhaseFailed,
};

/** The kind's reader as one that takes any settings: a rule's are those of its kind (rule-check.ts). */
function readingOf(kind: RuleKind): KindReader<SettingsByKind[RuleKind]> {
  return READINGS[kind] as KindReader<SettingsByKind[RuleKind]>;
}

/** Things that one rule watches at most: what a hostile app makes up beyond them is not followed (C-03). */
export const RULE_KEYS_MAX = 50;
/** Names come from log lines; a key is stored with its alert. */
export const RULE_KEY_LENGTH_MAX = 200;

/** What a rule reads at an evaluation; what is beyond its bound first, if there are too many. */
export function readRule(
  { kind, settings }: RuleWhat,
  facts: AppFacts,
  minute: number,
  isFiring: (key: string) => boolean,
): KeyReading[] {
  const readings = readingOf(kind)
    .read(settings, facts, minute, isFiring)
    .map((reading) =>
      reading.key.length > RULE_KEY_LENGTH_MAX
        ? { ...reading, key: reading.key.slice(0, RULE_KEY_LENGTH_MAX).toWellFormed() }
        : reading,
    );
  if (readings.length <= RULE_KEYS_MAX) return readings;
  const weight = (reading: KeyReading): number =>
    (isFiring(reading.key) ? 2 : 0) + (reading.isAbove && reading.missing === null ? 1 : 0);
  return readings.toSorted((a, b) => weight(b) - weight(a)).slice(0, RULE_KEYS_MAX);
}

/** Whether a rule is read at an evaluation. Rules that are read seldom take turns by app. */
export function isDue({ kind }: Pick<RuleWhat, 'kind'>, appId: number, minute: number): boolean {
  const { everyMinutes } = readingOf(kind);
  // Buckets end where the clock says; leaks may be looked at whenever.
  const offset = kind === 'memoryLeak' ? appId % everyMinutes : 0;
  return (minute + offset) % everyMinutes === 0;
}

export function goneAfterMinutes({ kind }: Pick<RuleWhat, 'kind'>): number {
  return readingOf(kind).goneAfterMinutes;
}

export function everyMinutesOf({ kind }: Pick<RuleWhat, 'kind'>): number {
  return readingOf(kind).everyMinutes;
}

/** Minutes before an evaluation that must be among the facts. */
export function lookBackMinutes({ kind, settings }: RuleWhat): number {
  return readingOf(kind).lookBackMinutes(settings);
}

/** Minutes before an evaluation of which events must be among the facts. */
export function eventsBackMinutes({ kind, settings }: RuleWhat): number {
  const reading = readingOf(kind);
  return (reading.eventsBackMinutes ?? reading.lookBackMinutes)(settings);
}
