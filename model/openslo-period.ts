/** OpenSLO's timeWindow as a period. */
import { type Notes, parseShorthand, type Shorthand } from './openslo.ts';
import { at, type Fields, isFields, listOf, textOf } from './openslo-document.ts';
import type { Period } from './slo.ts';

const CALENDAR_UNITS: Record<string, 'week' | 'month' | 'quarter'> = {
  '1w': 'week',
  '7d': 'week',
  '1M': 'month',
  '1Q': 'quarter',
  '3M': 'quarter',
};

/**
 * The period of an SLO's spec, its numbers unchecked; undefined for the default, or with a fault when it cannot be
 * one of ours.
 */
export function readPeriod(spec: Fields, notes: Notes): Period | undefined {
  const [window] = listOf(spec.timeWindow);
  if (!isFields(window)) {
    notes.warnings.push('spec.timeWindow: there is none, 30 rolling days are taken');
    return undefined;
  }
  const duration = parseShorthand(window.duration);
  if (duration === null) {
    notes.faults.push(
      `spec.timeWindow: the duration "${textOf(window.duration)}" is no shorthand such as 30d`,
    );
    return undefined;
  }
  return isFields(window.calendar)
    ? readCalendar(window, duration, notes)
    : readRolling(window, duration, notes);
}

function readRolling(window: Fields, duration: Shorthand, notes: Notes): Period {
  if (window.isRolling === false) {
    notes.warnings.push('spec.timeWindow: neither rolling nor with a calendar, taken as rolling');
  }
  if ('MQY'.includes(duration.unit)) {
    notes.warnings.push(
      `spec.timeWindow: ${duration.count}${duration.unit} rolling is taken as ${duration.minutes / 1440} days`,
    );
  }
  return { kind: 'rolling', days: duration.minutes / 1440 };
}

function readCalendar(window: Fields, duration: Shorthand, notes: Notes): Period | undefined {
  const calendar = at(window, 'calendar');
  let unit = CALENDAR_UNITS[`${duration.count}${duration.unit}`];
  if (unit === undefined && duration.count === 1 && duration.unit === 'm') {
    // The specification's own examples write a calendar month so.
    notes.warnings.push('spec.timeWindow: a calendar of 1m (one minute) is taken as 1M, one month');
    unit = 'month';
  }
  if (unit === undefined) {
    notes.faults.push('spec.timeWindow: calendar periods are 1w, 1M and 1Q here');
    return undefined;
  }
  if (!isNaturalStart(textOf(calendar.startTime), unit)) {
    notes.warnings.push(
      `spec.timeWindow: a ${unit} begins at midnight on ${unit === 'week' ? 'Monday' : 'its first day'} here, not as at ${textOf(calendar.startTime)}`,
    );
  }
  const zone = textOf(calendar.timeZone) || 'UTC';
  if (textOf(calendar.timeZone) === '') notes.warnings.push('spec.timeWindow: no timeZone, UTC is taken');
  return { kind: 'calendar', unit, zone };
}

function isNaturalStart(startTime: string, unit: 'week' | 'month' | 'quarter'): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)[T ]00:00(?::00)?Z?$/.exec(startTime);
  if (!match) return false;
  const [month, day] = [Number(match[2]), Number(match[3])];
  if (unit === 'week') return new Date(Date.UTC(Number(match[1]), month - 1, day)).getUTCDay() === 1;
  return day === 1 && (unit === 'month' || month % 3 === 1);
}
