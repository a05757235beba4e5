/**
 * The span an objective covers: the last so many days, or a week, month or quarter of a time zone's calendar.
 * Everything in minutes since the epoch; the process's own time zone has no part in it.
 */
import type { Period } from './slo.ts';
import type { MinuteRange } from './window-sums.ts';

const DAY_MINUTES = 24 * 60;
const NOMINAL_DAYS = { week: 7, month: 30, quarter: 90 } as const;
export const ROLLING_DAYS_MAX = 366;

/** The length that factors and shares of the budget refer to: a month counts 30 days, a quarter 90. */
export function nominalMinutes(period: Period): number {
  return (period.kind === 'rolling' ? period.days : NOMINAL_DAYS[period.unit]) * DAY_MINUTES;
}

/** Whether this is a time zone that the runtime knows. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return zone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
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

const formats = new Map<string, Intl.DateTimeFormat>();

/** Wall clock of an instant in a zone, as if it were UTC; ms, whole seconds. */
function wallClockMs(atMs: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const part = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const field = (name: string) => part.get(name as Intl.DateTimeFormatPartTypes) ?? 0;
  return Date.UTC(
    field('year'),
    field('month') - 1,
    field('day'),
    field('hour'),
    field('minute'),
    field('second'),
  );
}

function localDay(minute: number, zone: string): Day {
  return dayOf(wallClockMs(minute * 60_000, zone));
}

/**
 * The first minute of a local day. Where the clocks jump over midnight it begins at the next time there is; where
 * midnight comes twice, at the first.
 */
function startOfDay(day: Day, zone: string): number {
  const midnightMs = Date.UTC(day.year, day.month, day.day);
  const candidates = new Set<number>();
  // The offsets of a day before and a day after: one of them holds at midnight, or the clocks jump over it.
  for (const nearMs of [midnightMs - 24 * 3_600_000, midnightMs + 24 * 3_600_000]) {
    const offsetMs = wallClockMs(nearMs, zone) - nearMs;
    candidates.add(midnightMs - offsetMs);
  }
  const exact = [...candidates].filter((atMs) => wallClockMs(atMs, zone) === midnightMs);
  const startMs = exact.length > 0 ? Math.min(...exact) : firstAfterJump([...candidates], midnightMs, zone);
  return Math.ceil(startMs / 60_000);
}

/** Midnight was skipped: the instant of the jump is where the wall clock first passes it. */
function firstAfterJump(candidates: number[], midnightMs: number, zone: string): number {
  let [low, high] = [Math.min(...candidates) - 60_000, Math.max(...candidates) + 60_000];
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (wallClockMs(middle, zone) >= midnightMs) high = middle;
    else low = middle;
  }
  return high;
}
