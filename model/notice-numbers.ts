/**
 * Numbers and times in messages. Plain characters only, for they are read aloud by pagers and copied out of mails;
 * times in UTC and marked so, for a message is read in many places.
 */
import { DAY, HOUR, MINUTE } from './time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 1,204; fractions are rounded. */
export function sayCount(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** About three digits: 0.034, 3.42, 342, 12,431. */
export function sayNumber(value: number): string {
  if (Math.abs(value) >= 1000) return sayCount(value);
  return String(Number(value.toPrecision(Math.abs(value) < 1 ? 2 : 3)));
}

/** A fraction as percent: `0.02 %`, `2.3 %`, `96 %`; `under 0.01 %`, and never 100 % for less. */
export function sayShare(ratio: number): string {
  const percent = ratio * 100;
  const size = Math.abs(percent);
  if (size > 0 && size < 0.01) return 'under 0.01 %';
  if (size > 99 && size < 100) return `${Math.floor(size * 100) / 100} %`;
  const digits = size >= 10 ? 0 : size >= 1 ? 1 : 2;
  return `${Number(percent.toFixed(digits))} %`;
}

/** An exact decimal as percent, without rounding: '0.9995' → `99.95 %`. As it is when it is none. */
export function sayTarget(target: string): string {
  const match = /^0?\.(\d{1,20})$/.exec(target);
  if (!match) return target;
  const digits = (match[1] ?? '').padEnd(2, '0');
  const whole = String(Number(digits.slice(0, 2)));
  const rest = digits.slice(2).replace(/0+$/, '');
  return `${rest === '' ? whole : `${whole}.${rest}`} %`;
}

/** `40 s`, `12 min`, `3.5 h`, `2 days`. */
export function saySpan(ms: number): string {
  const size = Math.max(0, ms);
  if (size < 90_000) return `${Math.round(size / 1000)} s`;
  if (size < 90 * MINUTE) return `${Math.round(size / MINUTE)} min`;
  if (size < 2 * DAY) return `${Number((size / HOUR).toFixed(size < 10 * HOUR ? 1 : 0))} h`;
  return `${Math.round(size / DAY)} days`;
}

/** A window as people name it: `5 min`, `hour`, `6 h`, `3 days`; reads well after "in the last". */
export function sayWindow(minutes: number): string {
  if (minutes === 60) return 'hour';
  if (minutes < 60) return minutes === 1 ? 'minute' : `${minutes} min`;
  if (minutes < 2 * 1440 && minutes % 60 === 0) return `${minutes / 60} h`;
  if (minutes % 1440 === 0) return `${minutes / 1440} days`;
  return saySpan(minutes * MINUTE);
}

/** `10:42 UTC`, of another day than now `20 Nov 10:42 UTC`, of another year with it. */
export function sayInstant(ms: number, nowMs: number): string {
  const [at, now] = [new Date(ms), new Date(nowMs)];
  const clock = `${at.toISOString().slice(11, 16)} UTC`;
  if (at.toISOString().slice(0, 10) === now.toISOString().slice(0, 10)) return clock;
  const day = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()] ?? ''}`;
  return at.getUTCFullYear() === now.getUTCFullYear()
    ? `${day} ${clock}`
    : `${day} ${at.getUTCFullYear()} ${clock}`;
}

/** A value in the unit of its evidence; a unit that is not known is printed behind the number. */
export function sayValue(value: number, unit: string): string {
  switch (unit) {
    case '%':
      return sayShare(value / 100);
    case 'fraction':
      return sayShare(value);
    case 'per min':
      return `${sayNumber(value)} a minute`;
    case '×':
      return `${sayNumber(value)} times`;
    case 'ms':
      return value >= 1000 ? `${sayNumber(value / 1000)} s` : `${sayNumber(value)} ms`;
    case 'bytes':
      return sayBytes(value);
    case 'count':
    case '':
      return sayNumber(value);
    default:
      return `${sayNumber(value)} ${unit}`;
  }
}

function sayBytes(value: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${sayNumber(size)} ${units[unit] ?? ''}`;
}
