/** Budgets in slices of time: the slices of an objective as a source of windows. */
import { countSlices } from '../model/budget.ts';
import { nominalMinutes } from '../model/period.ts';
import type { Budgeting } from '../model/slo.ts';
import {
  EMPTY_WINDOW,
  type MinuteCount,
  type MinuteRange,
  mergeRanges,
  type WindowSource,
} from '../model/window-sums.ts';
import type { Client } from '../store/pool.ts';
import { type MinuteCounts, readSloMinutes } from '../store/slo-hours.ts';
import type { SloRow } from '../store/slos.ts';
import type { SloPart } from './slo-facts.ts';

/** Slices are judged one by one, so their minutes are read: not further back than a quarter and the one before. */
const SLICES_MAX_MINUTES = 190 * 1440;

/** null for objectives that count events. */
export async function readSliceCounts(
  db: Client,
  slo: SloRow,
  part: SloPart,
  minute: number,
): Promise<WindowSource | null> {
  const { budgeting, period } = slo.version.definition;
  if (budgeting.kind === 'occurrences') return null;
  const back = Math.min(SLICES_MAX_MINUTES, 2 * nominalMinutes(period) + 7 * 1440);
  const from = Math.floor((minute - back) / 60) * 60;
  const counts = (await readSloMinutes(db, [slo.id], { fromMinute: from, toMinute: minute })).get(slo.id);
  return buildSlices(counts ?? { events: [], bad: [] }, part, { from, to: minute }, budgeting);
}

/** Slices begin at whole hours, so a window counts those that lie wholly within it. */
export function buildSlices(
  counts: MinuteCounts,
  { spans, corrected }: Pick<SloPart, 'spans' | 'corrected'>,
  range: MinuteRange,
  budgeting: Exclude<Budgeting, { kind: 'occurrences' }>,
): WindowSource {
  const minutes = minutesOf(counts, range, [
    ...spans.quiet,
    ...corrected,
    { from: range.from, to: spans.firstMinute ?? range.to },
  ]);
  const { sliceMinutes } = budgeting;
  const sums = [{ events: 0, bad: 0 }];
  for (let at = 0; at + sliceMinutes <= minutes.length; at += sliceMinutes) {
    const slice = countSlices(minutes.slice(at, at + sliceMinutes), budgeting);
    const last = sums.at(-1) ?? slice;
    sums.push({ events: last.events + slice.events, bad: last.bad + slice.bad });
  }
  const before = (slice: number) => sums[Math.min(Math.max(slice, 0), sums.length - 1)] ?? EMPTY_WINDOW;
  return {
    sum: (from, to) => {
      const low = before(Math.ceil((from - range.from) / sliceMinutes));
      const high = before(Math.floor((to - range.from) / sliceMinutes));
      const events = Math.max(0, high.events - low.events);
      return { ...EMPTY_WINDOW, events, bad: Math.max(0, high.bad - low.bad) };
    },
  };
}

/** Every minute of a range; those that are not known, or do not count, have no events. */
export function minutesOf(
  counts: MinuteCounts,
  { from, to }: MinuteRange,
  missing: readonly MinuteRange[],
): MinuteCount[] {
  const minutes: MinuteCount[] = Array.from({ length: to - from }, (_, at) => ({
    events: counts.events[at] ?? 0,
    bad: counts.bad[at] ?? 0,
  }));
  for (const range of mergeRanges(missing)) {
    for (let minute = Math.max(from, range.from); minute < Math.min(to, range.to); minute++) {
      minutes[minute - from] = { events: null, bad: 0 };
    }
  }
  return minutes;
}
