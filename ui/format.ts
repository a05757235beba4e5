/**
 * Numbers and times as people read them. A thin space is never used inside a number that may be copied:
 * thousands are grouped with a narrow no-break space, units follow after a no-break space.
 */

import { leftPercent } from '../model/budget-left.ts';

const NBSP = '\u00a0';
const GROUP = '\u202f';

/** What stands for a value that is not there. */
export const NOTHING = '–';

/** A whole number with its thousands grouped: 12 431. Fractions are rounded. */
export function formatCount(value: number | null): string {
  if (value === null) return NOTHING;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, GROUP);
}

/** A number with about three significant digits: 0.034, 3.42, 342, 12.4k, 3.1M. */
export function formatNumber(value: number | null): string {
  if (value === null) return NOTHING;
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9, 3)}G`;
  if (size >= 1e6) return `${trim(value / 1e6, 3)}M`;
  if (size >= 1e4) return `${trim(value / 1e3, 3)}k`;
  if (size >= 1000) return formatCount(value);
  return trim(value, size < 1 ? 2 : 3);
}

function trim(value: number, digits: number): string {
  if (value === 0) return '0';
  const text = Number(value.toPrecision(digits));
  return Math.abs(text) < 1e-6 ? text.toExponential(1) : String(text);
}

/** Bytes in steps of 1,024, named as Heroku names them: `512 MB`. */
export function formatBytes(value: number | null): string {
  if (value === null) return NOTHING;
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let size = value;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const digits = unit === 0 || Math.abs(size) >= 100 ? 0 : 1;
  return `${Number(size.toFixed(digits))}${NBSP}${units[unit]}`;
}

/** A latency in ms, seconds from one second on: `310 ms`, `2.9 s`. */
export function formatMs(value: number | null): string {
  if (value === null) return NOTHING;
  if (Math.abs(value) >= 1000) return `${trim(value / 1000, Math.abs(value) >= 10_000 ? 3 : 2)}${NBSP}s`;
  return `${trim(value, 3)}${NBSP}ms`;
}

/** A fraction as percent with enough digits to tell small ones apart: `0.02 %`, `2.3 %`, `96 %`. */
export function formatRatio(value: number | null): string {
  if (value === null) return NOTHING;
  const percent = value * 100;
  if (percent !== 0 && Math.abs(percent) < 0.01) return `<${NBSP}0.01${NBSP}%`;
  const digits = Math.abs(percent) >= 10 ? 0 : Math.abs(percent) >= 1 ? 1 : 2;
  return `${Number(percent.toFixed(digits))}${NBSP}%`;
}

/** A span of time in its largest sensible unit: `4 s`, `12 min`, `3 h`, `2 d`. */
export function formatSpan(ms: number | null): string {
  if (ms === null) return NOTHING;
  const size = Math.max(0, ms);
  if (size < 1000) return `${Math.round(size)}${NBSP}ms`;
  const seconds = size / 1000;
  if (seconds < 90) return `${Math.round(seconds)}${NBSP}s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `${Math.round(minutes)}${NBSP}min`;
  const hours = minutes / 60;
  if (hours < 48) return `${Number(hours.toFixed(hours < 10 ? 1 : 0))}${NBSP}h`;
  return `${Math.round(hours / 24)}${NBSP}d`;
}

/** A value in the unit of its series; units we do not know are printed behind the number. */
export function formatUnit(value: number | null, unit: string): string {
  if (value === null) return NOTHING;
  switch (unit) {
    case 'count':
      return Number.isInteger(value) && Math.abs(value) < 1e6 ? formatCount(value) : formatNumber(value);
    case 'bytes':
      return formatBytes(value);
    case 'ms':
      return formatMs(value);
    case 's':
    case 'seconds':
      return formatMs(value * 1000);
    case 'fraction':
      return formatRatio(value);
    case 'microseconds':
      return Math.abs(value) < 1000 ? `${formatNumber(value)}${NBSP}µs` : formatMs(value / 1000);
    case 'bytesPerSecond':
      return `${formatBytes(value)}/s`;
    case 'perSecond':
      return `${formatNumber(value)}/s`;
    case 'left': {
      // What is left of a budget is never rounded up, in a chart as little as in a tile.
      const percent = leftPercent(value);
      return `${percent < 0 ? '−' : ''}${Math.abs(percent)}${NBSP}%`;
    }
    case '×':
      return `${formatNumber(value)}×`;
    case 'load':
    case '':
      return formatNumber(value);
    default:
      return `${formatNumber(value)}${NBSP}${unit}`;
  }
}

/** The zone instants are shown in. */
export type Zone = 'utc' | 'local';

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = formatters.get(key);
  if (!found) {
    // en-GB gives 24-hour clocks and day before month, whatever the machine is set to.
    found = new Intl.DateTimeFormat('en-GB', {
      ...options,
      hourCycle: 'h23',
      timeZone: zone === 'utc' ? 'UTC' : undefined,
    });
    formatters.set(key, found);
  }
  return found;
}

/** `10:41` or, with seconds, `10:41:50`. */
export function formatClock(ms: number, zone: Zone, seconds = true): string {
  return formatter(zone, {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds && { second: '2-digit' }),
  }).format(ms);
}

/** `20 Nov`; of another year than now `20 Nov 2025`. */
export function formatDay(ms: number, zone: Zone, nowMs = Date.now()): string {
  const year = formatter(zone, { year: 'numeric' });
  if (year.format(ms) !== year.format(nowMs)) return formatDate(ms, zone);
  return formatter(zone, { day: 'numeric', month: 'short' }).format(ms);
}

/** `20 Nov 2026`. */
export function formatDate(ms: number, zone: Zone): string {
  return formatter(zone, { day: 'numeric', month: 'short', year: 'numeric' }).format(ms);
}

/** `20 Nov 10:41:50`, the short form for lists; with the year where it is another one. */
export function formatInstant(ms: number, zone: Zone, seconds = true, nowMs = Date.now()): string {
  return `${formatDay(ms, zone, nowMs)} ${formatClock(ms, zone, seconds)}`;
}

/** Name of the zone at an instant, as short as the browser knows it: `UTC`, `CET`, `GMT+2`. */
export function zoneName(ms: number, zone: Zone): string {
  if (zone === 'utc') return 'UTC';
  const part = formatter(zone, { timeZoneName: 'short' })
    .formatToParts(ms)
    .find((p) => p.type === 'timeZoneName');
  return part?.value ?? 'local';
}

/** `Z` behind a clock in UTC, ` CET` in a named zone: short enough for a pill. */
export function zoneSuffix(ms: number, zone: Zone): string {
  return zone === 'utc' ? 'Z' : `${NBSP}${zoneName(ms, zone)}`;
}

/** Width of a point after “per”: `30 s`, `minute`, `10 min`, `hour`. */
export function formatStep(stepS: number): string {
  const names: Record<number, string> = { 60: 'minute', 3600: 'hour', 86400: 'day' };
  return names[stepS] ?? formatSpan(stepS * 1000);
}

/** `20 Nov 10:00–11:00`, with both days where they differ and the year where it is another one. */
export function formatRange(fromMs: number, toMs: number, zone: Zone, nowMs = Date.now()): string {
  const seconds = (toMs - fromMs) % 60_000 !== 0 || fromMs % 60_000 !== 0;
  const clock = (ms: number) => formatClock(ms, zone, seconds);
  const [from, to] = [formatDay(fromMs, zone, nowMs), formatDay(toMs, zone, nowMs)];
  if (from === to) return `${from} ${clock(fromMs)}–${clock(toMs)}`;
  return `${from} ${clock(fromMs)} – ${to} ${clock(toMs)}`;
}

/** `12 min ago`, `just now`. */
export function formatAgo(atMs: number, nowMs: number): string {
  const age = nowMs - atMs;
  return age < 5000 ? 'just now' : `${formatSpan(age)} ago`;
}

/** `1 event`, `3 events`: the plural by adding an s, or as given. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : many}`;
}
