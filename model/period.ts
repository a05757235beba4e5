/**
 * The span an objective covers: the last so many days, or a week, month or quarter of a time zone's calendar.
 * Everything in minutes since the epoch; the process's own time zone has no part in it.
 */
import type { Period } from './slo.ts';
import { MINUTE } from './time.ts';
import type { MinuteRange } from './window-sums.ts';
import { instantOf, wallClockAt } from './zone.ts';

const DAY_MINUTES = 24 * 60;
const NOMINAL_DAYS = { week: 7, month: 30, quarter: 90 } as const;
export const ROLLING_DAYS_MAX = 366;

/** The length that factors and shares of the budget refer to: a month counts 30 days, a quarter 90. */
export function nominalMinutes(period: Period): number {
  return (period.kind === 'rolling' ? period.days : NOMINAL_DAYS[period.unit]) * DAY_MINUTES;
}

/**
 * The period that an evaluation at `minute` is in: for a rolling one the minutes it sees, [minute − length,
 * minute); for a calendar one the whole of it, also what is yet to come. `offset` −1 is the one before.
 */
export function periodAt(period: Period, minute: number, offset = 0): MinuteRange {
  if (period.kind === 'rolling') {
    const length = nominalMinutes(period);
    const to = minute + offset * length;
    return { from: to - length, to };
  }
  const { unit, zone } = period;
  const day = localDay(minute, zone);
  // Clocks set back over midnight show the day before once more, although the next period has begun.
  const hasBegun = startOfDay(unitStart(day, unit, 1), zone) <= minute;
  const shift = offset + (hasBegun ? 1 : 0);
  return {
    from: startOfDay(unitStart(day, unit, shift), zone),
    to: startOfDay(unitStart(day, unit, shift + 1), zone),
  };
}

/** A day of the calendar: year, month 0–11, day 1–31. */
type Day = { year: number; month: number; day: number };

/** First day of the week (Monday), month or quarter that holds `day`, `offset` units on. Date.UTC does the carry. */
function unitStart({ year, month, day }: Day, unit: 'week' | 'month' | 'quarter', offset: number): Day {
  if (unit === 'month') return dayOf(Date.UTC(year, month + offset, 1));
  if (unit === 'quarter') return dayOf(Date.UTC(year, month - (month % 3) + 3 * offset, 1));
  const weekday = (new Date(Date.UTC(year, month, day)).getUTCDay() + 6) % 7;
  return dayOf(Date.UTC(year, month, day - weekday + 7 * offset));
}

function dayOf(utcMs: number): Day {
  const date = new Date(utcMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() };
}

function localDay(minute: number, zone: string): Day {
  return dayOf(wallClockAt(minute * MINUTE, zone));
}

/**
 * The first minute of a local day. Where the clocks jump over midnight it begins at the next time there is; where
 * midnight comes twice, at the first.
 */
function startOfDay({ year, month, day }: Day, zone: string): number {
  return Math.ceil(instantOf(Date.UTC(year, month, day), zone) / MINUTE);
}
