/**
 * The l2met convention of add-ons and apps (FORMATS 6.4; ryandotsmith/l2met parser):
 * `(measure|sample|count)#name=value[unit]`, any number a line, between plain `key=value` pairs. The old
 * spelling `measure.name=value` is read as well; vendors' `gauge#`, `counter#`, `metric#` are not.
 */
import type { CustomMetric } from '../model/observation.ts';

/** Metrics read of one line; more are skipped and noted. */
export const MAX_METRICS_PER_LINE = 256;
/** Names of skipped metrics kept of one line. */
const MAX_SKIPPED = 64;
const MAX_NAME = 200;
/** Stands in for the name of a metric that has none. */
const NAMELESS = '?';
const MAX_VALUE = 64;

const TOKEN = /^(measure|sample|count)#([^=]*)(=?)(.*)$/s;
const OLD_TOKEN = /^measure\.([A-Za-z0-9_.:-]+)(=)(.*)$/s;
const NAME = /^[A-Za-z0-9_.:-]+$/;
const QUANTITY = /^(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)([A-Za-z%]*)$/;

/** What one of a unit is in base units: bytes, seconds, fractions; counts and pages are their own base. */
const UNITS: ReadonlyMap<string, (value: number) => number> = new Map([
  ['', (value: number) => value],
  ['bytes', (value: number) => value],
  ['kB', (value: number) => value * 2 ** 10],
  ['MB', (value: number) => value * 2 ** 20],
  ['GB', (value: number) => value * 2 ** 30],
  // Divided, not multiplied by 0.001, so that 12.5ms is 0.0125 s and no digit more.
  ['ms', (value: number) => value / 1000],
  ['s', (value: number) => value],
  ['pages', (value: number) => value],
  ['%', (value: number) => value / 100],
]);

export interface Quantity {
  /** As written. */
  value: number;
  unit: string;
  /** In base units. */
  base: number;
}

/** `12.5ms` → value 12.5, unit ms, base 0.0125. Null for NaN, infinity, unknown units and anything else. */
export function readQuantity(text: string): Quantity | null {
  const match = text.length > MAX_VALUE ? null : QUANTITY.exec(text);
  const unit = match?.[2] ?? '';
  const toBase = UNITS.get(unit);
  const value = Number(match?.[1]);
  if (match === null || toBase === undefined || !Number.isFinite(toBase(value))) return null;
  return { value, unit, base: toBase(value) };
}

/** Whether a name is one: letters, digits, `_ . : -`, 200 at most. */
export function isMetricName(name: string): boolean {
  return name.length <= MAX_NAME && NAME.test(name);
}

export interface L2metLine {
  metrics: (CustomMetric & { base: number })[];
  /** Names of metrics that could not be read, at most 64. */
  skipped: string[];
  /** Plain pairs that mean something to us. */
  source: string;
  addon: string;
}

/** Reads all tokens of a line. A metric that cannot be read is named in `skipped`, the others stay valid. */
export function parseL2met(text: string): L2metLine {
  const line: L2metLine = { metrics: [], skipped: [], source: '', addon: '' };
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf(' ', start);
    if (end < 0) end = text.length;
    const token = text.slice(start, end);
    const match = TOKEN.exec(token);
    if (match !== null) addMetric(line, match[1] as CustomMetric['type'], match[2] ?? '', match[4] ?? '');
    else if (token.startsWith('source=')) line.source ||= token.slice('source='.length);
    else if (token.startsWith('addon=')) line.addon ||= token.slice('addon='.length);
    else if (token.startsWith('measure.')) addOldMetric(line, token);
    if (line.skipped.length === MAX_SKIPPED && line.metrics.length === MAX_METRICS_PER_LINE) break;
  }
  return line;
}

function addOldMetric(line: L2metLine, token: string): void {
  const match = OLD_TOKEN.exec(token);
  if (match !== null) addMetric(line, 'measure', match[1] ?? '', match[3] ?? '');
}

function addMetric(line: L2metLine, type: CustomMetric['type'], name: string, text: string): void {
  const quantity = isMetricName(name) ? readQuantity(text) : null;
  if (quantity !== null && line.metrics.length < MAX_METRICS_PER_LINE) {
    const metric = { name, type, value: quantity.value, base: quantity.base };
    line.metrics.push(quantity.unit === '' ? metric : { ...metric, unit: quantity.unit });
  } else if (line.skipped.length < MAX_SKIPPED) line.skipped.push(name.slice(0, MAX_NAME) || NAMELESS);
}
