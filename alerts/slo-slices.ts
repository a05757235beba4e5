/** Budgets in slices of time: minutes of the period joined into slices, which count in place of events. */
import { countSlices } from '../model/budget.ts';
import { periodAt } from '../model/period.ts';
import type { MinuteCount } from '../model/window-sums.ts';
import type { Client } from '../store/pool.ts';
import { readSloMinutes } from '../store/slo-hours.ts';
import type { BudgetSums, DueSlo } from './slo-evaluation.ts';
import type { Gathered } from './slo-gather.ts';
import { versionAt } from './slo-run.ts';

/** Every minute of the period is read for it, so each SLO has its turn once an hour. */
const EVERY_MINUTES = 60;

/** undefined: the budget counts events. null: it is not this SLO's turn. */
export async function readSliceSums(
  client: Client,
  { row, versions, through, memory }: DueSlo,
  { source, sloIds, outOf }: Gathered,
): Promise<BudgetSums | null | undefined> {
  const version = versionAt(versions, through - 1);
  if (version === null || version.definition.budgeting.kind === 'occurrences') return undefined;
  if (memory.levels !== null && (through + row.sloId) % EVERY_MINUTES !== 0) return null;
  const { budgeting, period } = version.definition;
  const from = Math.floor(periodAt(period, through).from / EVERY_MINUTES) * EVERY_MINUTES;
  const counts = await readSloMinutes(client, sloIds, { fromMinute: from, toMinute: through });
  source.seeAs(through);
  const minutes: MinuteCount[] = [];
  for (let minute = from; minute < through; minute++) {
    const count: MinuteCount = { events: source.isKnown(minute) ? 0 : null, bad: 0 };
    for (const [sloId, own] of counts) {
      if (outOf.get(sloId)?.some(({ from: start, to }) => start <= minute && minute < to) === true) continue;
      if (count.events !== null) count.events += own.events[minute - from] ?? 0;
      count.bad += own.bad[minute - from] ?? 0;
    }
    minutes.push(count);
  }
  // Slices begin at whole hours: one counts where all of it does.
  const edge = (minute: number, round: (value: number) => number): number =>
    Math.max(0, round((minute - from) / budgeting.sliceMinutes) * budgeting.sliceMinutes);
  return (start, end) => countSlices(minutes.slice(edge(start, Math.ceil), edge(end, Math.floor)), budgeting);
}
