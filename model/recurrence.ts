/** What comes again on days of the week at a local time, for so many minutes. */
import { DAY, MINUTE } from './time.ts';
import { dayNumber, instantOf, isZoneKnown, parseLocalTime, wallClockAt, weekdayOf } from './zone.ts';

export interface Recurrence {
  /** 0 Sunday … 6 Saturday; all seven for daily. */
  weekdays: number[];
  /** `02:00`. */
  at: string;
  /** Length in real minutes, whatever the clocks do meanwhile. */
  minutes: number;
  /** IANA name. */
  zone: string;
}

/** From an instant to another, the latter not included; epoch ms. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** A week: longer ones would overlap themselves. */
export const RECURRENCE_MINUTES_MAX = 7 * 24 * 60;

/**
 * Its times that touch [fromMs, toMs), in order. On a day whose local time is skipped it begins at the next instant
 * there is; one that comes twice begins once, at the first (T-09, T-10).
 */
export function listSpans(recurrence: Recurrence, fromMs: number, toMs: number): Span[] {
  const atMinutes = parseLocalTime(recurrence.at) ?? 0;
  const lengthMs = recurrence.minutes * MINUTE;
  const firstDay = dayNumber(wallClockAt(fromMs - lengthMs, recurrence.zone)) - 1;
  const lastDay = dayNumber(wallClockAt(toMs, recurrence.zone)) + 1;
  const spans: Span[] = [];
  for (let day = firstDay; day <= lastDay; day++) {
    if (!recurrence.weekdays.includes(weekdayOf(day))) continue;
    const startMs = instantOf(day * DAY + atMinutes * MINUTE, recurrence.zone);
    const span = { fromMs: startMs, toMs: startMs + lengthMs };
    // A day that a zone left out altogether begins where the next one does: once is enough.
    if (spans.at(-1)?.fromMs !== startMs && span.toMs > fromMs && startMs < toMs) spans.push(span);
  }
  return spans;
}

/** What is wrong with it, in words; empty when nothing is. */
export function checkRecurrence(recurrence: Recurrence): string[] {
  const faults: string[] = [];
  const { weekdays, minutes } = recurrence;
  if (weekdays.length === 0 || weekdays.some((day) => !Number.isInteger(day) || day < 0 || day > 6)) {
    faults.push('Name at least one day of the week, 0 for Sunday to 6 for Saturday.');
  }
  if (parseLocalTime(recurrence.at) === null) faults.push('The time must look like 02:00.');
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > RECURRENCE_MINUTES_MAX) {
    faults.push('It may last 1 minute to 7 days.');
  }
  if (!isZoneKnown(recurrence.zone))
    faults.push(`"${recurrence.zone}" is no time zone, such as Europe/Berlin.`);
  return faults;
}
