/** Lines of an objective's page over a range: budget, requests, burn, and where the budget goes. Pure. */
import { exhaustedAt } from '../model/budget.ts';
import { burnRate } from '../model/burn.ts';
import { nominalMinutes, periodAt } from '../model/period.ts';
import type { ProjectionAnswer } from './contract/slos.ts';
import type { Columns, RangeAnswer } from './contract/time.ts';
import { budgetAt, burnOf, type SloView } from './slo-view.ts';

/** Widths of a point, minutes: each divides the next day, so that points stay where they are as a page refreshes. */
const STEPS_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440] as const;
/** A budget is no heartbeat: more points show nothing more. */
const POINTS_MAX = 240;

export interface LineRange {
  fromMinute: number;
  toMinute: number;
  stepMinutes: number;
  /** Start of each point, none behind the newest closed minute. */
  starts: number[];
}

/** Points over [fromMs, toMs), on whole steps, as far as minutes are closed. */
export function planLine(fromMs: number, toMs: number, newest: number): LineRange {
  const span = (toMs - fromMs) / 60_000;
  const stepMinutes = STEPS_MINUTES.find((step) => span / step <= POINTS_MAX) ?? 1440;
  const fromMinute = Math.floor(fromMs / 60_000 / stepMinutes) * stepMinutes;
  const toMinute = Math.ceil(toMs / 60_000 / stepMinutes) * stepMinutes;
  const starts: number[] = [];
  for (let at = fromMinute; at < Math.min(toMinute, newest); at += stepMinutes) starts.push(at);
  return { fromMinute, toMinute, stepMinutes, starts };
}

export function toRangeAnswer(line: LineRange, newest: number): RangeAnswer {
  const open = Math.floor(newest / line.stepMinutes) * line.stepMinutes;
  return {
    from: line.fromMinute * 60,
    to: line.toMinute * 60,
    step: line.stepMinutes * 60,
    resolution: 60,
    openFrom: open >= line.fromMinute && open < line.toMinute ? open * 60 : null,
  };
}

/** End of a point, as far as it is closed. */
function endOf(view: SloView, line: LineRange, start: number): number {
  return Math.min(start + line.stepMinutes, view.minute);
}

/** What was left at the end of each point. `raw`: the same with nothing taken out by corrections. */
export function budgetLine(view: SloView, line: LineRange, raw: SloView | null): Columns {
  const remaining = (of: SloView) =>
    line.starts.map((start) => budgetAt(of, endOf(view, line, start)).budget.remaining);
  const series = [{ id: 'remaining', label: 'Budget left', unit: 'fraction', values: remaining(view) }];
  if (raw) {
    series.push({
      id: 'uncorrected',
      label: 'Without corrections',
      unit: 'fraction',
      values: remaining(raw),
    });
  }
  return { t: line.starts.map((start) => start * 60), series };
}

/** Good and bad requests per point; null where there was no data at all. */
export function requestLine(view: SloView, line: LineRange): Columns {
  const sums = line.starts.map((start) => view.windows.sum(start, endOf(view, line, start)));
  const of = (pick: (sum: (typeof sums)[number]) => number) =>
    sums.map((sum) => (sum.covered === 0 && sum.events === 0 ? null : pick(sum)));
  return {
    t: line.starts.map((start) => start * 60),
    series: [
      { id: 'good', label: 'Good', unit: 'count', values: of(({ events, bad }) => events - bad) },
      { id: 'bad', label: 'Bad', unit: 'count', values: of(({ bad }) => bad) },
    ],
  };
}

/** Burn rate of the last hour, or of the point where that is longer. */
export function burnLine(view: SloView, line: LineRange): Columns {
  const minutes = Math.max(60, line.stepMinutes);
  const values = line.starts.map((start) => {
    const end = endOf(view, line, start);
    return burnRate(view.windows.sum(end - minutes, end), view.target);
  });
  return {
    t: line.starts.map((start) => start * 60),
    series: [{ id: 'burn', label: 'Burn rate', unit: '×', values }],
  };
}

/** Two ends of the cone: as it burned in the last hour, and in the last day. */
export function project(view: SloView): ProjectionAnswer[] {
  const { period } = view.facts.slo.version.definition;
  const { remaining } = budgetAt(view, view.minute).budget;
  const end = periodAt(period, view.minute).to;
  const nominal = nominalMinutes(period);
  return ([60, 1440] as const).flatMap((minutes) => {
    const { burn } = burnOf(view, minutes);
    if (burn === null || remaining === null) return [];
    const exhausted = exhaustedAt(period, remaining, burn, view.minute, end);
    // Of a rolling period as much comes back as goes while it burns at 1 or less: the line stays level.
    const isLevel = period.kind === 'rolling' && burn <= 1;
    const last = exhausted ?? (period.kind === 'rolling' ? view.minute + nominal / 4 : end);
    const left =
      exhausted !== null
        ? Math.min(remaining, 0)
        : remaining - (isLevel ? 0 : (burn * (last - view.minute)) / nominal);
    return [
      {
        window: minutes === 60 ? ('1h' as const) : ('24h' as const),
        burn,
        exhaustedAtMs: exhausted === null ? null : exhausted * 60_000,
        t: [view.minute * 60, Math.round(last) * 60],
        remaining: [remaining, left],
      },
    ];
  });
}
