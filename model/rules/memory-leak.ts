/** The rule about memory that grows to its quota before the daily restart. */
import { judgeLeak, type LeakVerdict } from '../leak.ts';
import type { SettingsByKind } from '../rule.ts';
import { missingOf } from '../rule-facts.ts';
import { type KindReader, takesType, typeOf } from '../rule-reader.ts';

const MB = 2 ** 20;
/** Memory moves slowly, and its points are ten minutes apart. */
export const LEAK_EVERY_MINUTES = 10;
/** A dyno lives no longer than its day and the 216 min by which restarts are spread. */
export const LEAK_LOOK_BACK_MINUTES = 28 * 60;

export const memoryLeak: KindReader<SettingsByKind['memoryLeak']> = {
  everyMinutes: LEAK_EVERY_MINUTES,
  // After a restart too little is known for a while: what leaked is gone with the process.
  goneAfterMinutes: 0,
  // Points are read apart, not minute by minute.
  lookBackMinutes: () => 1,
  read: ({ processTypes }, facts, minute) => {
    const missing = missingOf(facts, minute, 1);
    const soonest = new Map<string, LeakVerdict>();
    for (const dyno of facts.leaks) {
      const type = typeOf(dyno.dyno);
      const verdict = takesType(processTypes, type) ? judgeLeak(dyno, minute) : null;
      if (verdict?.isLeak !== true) continue;
      if (verdict.minutesToQuota < (soonest.get(type)?.minutesToQuota ?? Number.POSITIVE_INFINITY))
        soonest.set(type, verdict);
    }
    return [...soonest].map(([key, verdict]) => ({
      key,
      value: Math.round((verdict.bytesPerHour / MB) * 10) / 10,
      threshold: null,
      unit: 'MB/h',
      isAbove: true,
      missing: missing === 'gap' ? null : missing,
      about: aboutLeak(verdict),
      windowMinutes: LEAK_LOOK_BACK_MINUTES,
    }));
  },
};

/** `web.2 reaches 512 MB in 6 h, daily restart in 9 h`. */
export function aboutLeak({ dyno, quotaBytes, minutesToQuota, minutesToCycle }: LeakVerdict): string {
  const quota = `${Math.round(quotaBytes / MB)} MB`;
  const reaches = minutesToQuota === 0 ? `is over ${quota}` : `reaches ${quota} in ${hours(minutesToQuota)}`;
  return `${dyno} ${reaches}, daily restart in ${hours(minutesToCycle)}`;
}

function hours(minutes: number): string {
  return minutes < 90 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}
