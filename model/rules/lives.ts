/** Rules about the lives of dynos: restarts, crashes, R14 and R15, and the release phase. */
import type { SettingsByKind } from '../rule.ts';
import { type AppFacts, type FactEvent, missingOf } from '../rule-facts.ts';
import { judged, type KeyReading, type KindReader, takesType, typeOf } from '../rule-reader.ts';
import { MINUTE } from '../time.ts';

/** The daily cycle is announced this long before the dyno starts again, a release restarts dynos for some minutes. */
const CYCLE_WITHIN_MS = 2 * MINUTE;
const RELEASE_WITHIN_MS = 5 * MINUTE;
/** R14 is repeated about every 20 s while it lasts. */
const EPISODE_FRESH_MS = 2 * MINUTE;
/** R15 stops the dyno: it is over at once, and was bad all the same. */
const STOPPED_FOR_MS = 10 * MINUTE;

interface Counted {
  count: number;
  processTypes: string[];
  windowMinutes: number;
}

/** Events of a window by process type, each type with its dyno that has most. */
function countByType(
  { count, processTypes, windowMinutes }: Counted,
  facts: AppFacts,
  minute: number,
  unit: string,
  events: readonly FactEvent[],
): KeyReading[] {
  const fromMs = (minute - windowMinutes) * MINUTE;
  const byType = Map.groupBy(
    events.filter(({ atMs, dyno }) => {
      const type = typeOf(dyno);
      return atMs >= fromMs && atMs < minute * MINUTE && dyno !== '' && takesType(processTypes, type);
    }),
    (event) => typeOf(event.dyno),
  );
  const missing = missingOf(facts, minute, windowMinutes);
  return [...byType].map(([key, own]) => ({
    ...judged(own.length >= count, missing),
    key,
    value: own.length,
    threshold: count,
    unit,
    about: mostFrequent(own.map((event) => event.dyno)),
    bad: own.length,
    windowMinutes,
  }));
}

function mostFrequent(names: readonly string[]): string {
  const groups = [...Map.groupBy(names, (name) => name)];
  return groups.sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? '';
}

/** Process types without an event in the window have none: a zero, unless nothing is known. */
const eachMinute = { everyMinutes: 1, goneAfterMinutes: 0 };

export const crashes: KindReader<SettingsByKind['crashes']> = {
  ...eachMinute,
  lookBackMinutes: ({ windowMinutes }) => windowMinutes,
  read: (settings, facts, minute) =>
    countByType(
      settings,
      facts,
      minute,
      'crashes',
      facts.events.filter(({ kind, to }) => kind === 'state' && to === 'crashed'),
    ),
};

export const restarts: KindReader<SettingsByKind['restarts']> = {
  ...eachMinute,
  lookBackMinutes: ({ windowMinutes }) => windowMinutes + RELEASE_WITHIN_MS / MINUTE,
  read: (settings, facts, minute) => {
    const fromMs = (minute - settings.windowMinutes) * MINUTE - RELEASE_WITHIN_MS;
    const near = facts.events.filter(({ atMs }) => atMs >= fromMs && atMs < minute * MINUTE);
    return countByType(
      settings,
      facts,
      minute,
      'restarts',
      near.filter((event) => isUnasked(event, near)),
    );
  },
};

/** A start of a dyno that ran before, which neither the daily cycle nor a release asked for. */
function isUnasked(start: FactEvent, near: readonly FactEvent[]): boolean {
  if (start.kind !== 'state' || start.to !== 'starting') return false;
  if (start.from === 'provisioning' || start.from === 'created') return false;
  return !near.some(({ kind, dyno, atMs }) => {
    const beforeMs = start.atMs - atMs;
    if (kind === 'cycling') return dyno === start.dyno && beforeMs >= 0 && beforeMs <= CYCLE_WITHIN_MS;
    return kind === 'release' && beforeMs >= 0 && beforeMs <= RELEASE_WITHIN_MS;
  });
}

export const memoryCode: KindReader<SettingsByKind['memoryCode']> = {
  ...eachMinute,
  // An episode that reaches into it is there with its beginning, however long ago.
  lookBackMinutes: () => STOPPED_FOR_MS / MINUTE + 1,
  read: ({ codes, minMinutes, processTypes }, facts, minute) => {
    const nowMs = minute * MINUTE;
    const missing = missingOf(facts, minute, 1);
    const worst = new Map<string, KeyReading>();
    for (const { kind, code, dyno, atMs, untilMs } of facts.events) {
      const type = typeOf(dyno);
      if (kind !== 'code' || !codes.includes(code) || !takesType(processTypes, type)) continue;
      const isStop = code === 'R15';
      // What an evaluation knows of an episode is what lies before it.
      const heardMs = Math.min(untilMs, nowMs);
      if (atMs >= nowMs || nowMs - heardMs > (isStop ? STOPPED_FOR_MS : EPISODE_FRESH_MS)) continue;
      const lastsMinutes = (heardMs - atMs) / MINUTE;
      const isAbove = isStop || lastsMinutes >= minMinutes;
      const known = worst.get(type);
      if (known !== undefined && (known.isAbove || !isAbove) && (known.value ?? 0) >= lastsMinutes) continue;
      worst.set(type, {
        ...judged(isAbove, missing),
        key: type,
        value: Math.round(lastsMinutes),
        threshold: isStop ? 0 : minMinutes,
        unit: 'min',
        about: `${dyno} ${code}`,
        windowMinutes: minMinutes,
      });
    }
    return [...worst.values()];
  },
};

/** `release.4410`, or `release` where names are joined. */
function isReleaseDyno(dyno: string): boolean {
  return typeOf(dyno) === 'release';
}

export const releasePhaseFailed: KindReader<SettingsByKind['releasePhaseFailed']> = {
  ...eachMinute,
  lookBackMinutes: () => 1,
  eventsBackMinutes: ({ clearAfterMinutes }) => clearAfterMinutes,
  read: ({ clearAfterMinutes }, facts, minute) => {
    const fromMs = (minute - clearAfterMinutes) * MINUTE;
    const newest = facts.events.findLast(
      ({ kind, dyno, atMs, exitStatus }) =>
        kind === 'exit' &&
        isReleaseDyno(dyno) &&
        exitStatus !== null &&
        atMs >= fromMs &&
        atMs < minute * MINUTE,
    );
    const status = newest?.exitStatus ?? 0;
    return [
      {
        ...judged(status !== 0, missingOf(facts, minute, 1)),
        key: '',
        value: status,
        threshold: null,
        unit: '',
        about: newest === undefined ? '' : `${newest.dyno} exit ${status}`,
        windowMinutes: clearAfterMinutes,
      },
    ];
  },
};
