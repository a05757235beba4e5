/**
 * A log-runtime-metrics line to a sample (FORMATS 5):
 *
 *   source=web.1 dyno=heroku.15253441.cfe2c338-… sample#memory_total=256.80MB sample#memory_pgpgin=1651pages sample#memory_quota=512.00MB
 *
 * Two come from every dyno each 20 s, so the known metrics go by number into a fixed array. MB is 2^20 bytes:
 * a 512 MB dyno shows `512.00MB`, and the percentages of its memory events agree.
 */

import { isMetricName, readQuantity } from './l2met.ts';
import { DYNO_METRICS, type Message, type SampleFields } from './message.ts';
import { NOTE_BAD_METRIC } from './notes.ts';
import {
  byteAt,
  clearSpan,
  DASH,
  DOT,
  EQUALS,
  isText,
  type Literal,
  literal,
  SPACE,
  setSpan,
  startsWith,
  textOfWords,
  untilByte,
  ZERO,
} from './scan.ts';

const SOURCE_IS = literal('source=');
const DYNO_IS = literal('dyno=');
const SAMPLE = literal('sample#');
/** `memory_total=` … */
const NAMES = DYNO_METRICS.map((name) => literal(`${name}=`));
const PAGES = literal('pages');

/** Units of memory, with what one is in bytes. */
const SIZES: readonly { unit: Literal; bytes: number }[] = [
  { unit: literal('MB'), bytes: 2 ** 20 },
  { unit: literal('GB'), bytes: 2 ** 30 },
  { unit: literal('kB'), bytes: 2 ** 10 },
  { unit: literal('bytes'), bytes: 1 },
];
const FIRST_MEMORY = DYNO_METRICS.indexOf('memory_total');
const FIRST_PAGES = DYNO_METRICS.indexOf('memory_pgpgin');
const LAST_PAGES = DYNO_METRICS.indexOf('memory_pgpgout');

/** Powers of ten that are exact and keep `digits / power` correctly rounded. */
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
/** Names kept of the metrics that were left out, and of unknown ones: a bound on a hostile line. */
const MAX_NAMES = 64;

export function createSampleFields(): SampleFields {
  return {
    dynoId: { start: -1, end: -1 },
    present: 0,
    values: new Float64Array(DYNO_METRICS.length),
    others: null,
    skipped: null,
  };
}

/** Whether the text of a (`heroku`, dyno) message is for `readRuntimeLine`. */
export function isRuntimeLine(message: Message, words: DataView): boolean {
  return startsWith(words, SOURCE_IS, message.text.start, message.text.end);
}

/**
 * Reads message.text into message.sample. False when there is no `sample#` in it at all. A metric that cannot
 * be read (`NaN`, empty, a unit that does not belong to it) is skipped with note `badMetric`, the others count.
 */
export function readRuntimeLine(message: Message, words: DataView): boolean {
  const { start, end } = message.text;
  const sample = message.sample;
  clearSpan(sample.dynoId);
  sample.present = 0;
  sample.others = null;
  sample.skipped = null;
  let seen = false;
  let expected = 0;
  let at = start;
  while (at < end) {
    if (startsWith(words, SAMPLE, at, end)) {
      seen = true;
      expected = readMetric(message, words, at + SAMPLE.length, end, expected) + 1;
      at = afterMetric + 1;
      continue;
    }
    const tokenEnd = untilByte(words, SPACE, at, end);
    if (startsWith(words, DYNO_IS, at, tokenEnd)) setSpan(sample.dynoId, at + DYNO_IS.length, tokenEnd);
    at = tokenEnd + 1;
  }
  return seen;
}

/** Position behind the token that `readMetric` has just read. */
let afterMetric = 0;

/** Reads `name=value` at `start` and gives the number of the metric, so that the next one is tried first. */
function readMetric(message: Message, words: DataView, start: number, end: number, expected: number): number {
  const metric = metricNumber(words, start, end, expected);
  if (metric < 0) {
    afterMetric = untilByte(words, SPACE, start, end);
    readOther(message, words, start, untilByte(words, EQUALS, start, afterMetric), afterMetric);
    return expected - 1;
  }
  const sample = message.sample;
  const nameEnd = start + NAMES[metric]!.length - 1;
  const value = readValue(words, nameEnd + 1, end, metric);
  if (Number.isFinite(value)) {
    sample.values[metric] = value;
    sample.present |= 1 << metric;
  } else skip(message, words, start, nameEnd);
  return metric;
}

function metricNumber(words: DataView, start: number, end: number, expected: number): number {
  const first = NAMES[expected];
  if (first !== undefined && startsWith(words, first, start, end)) return expected;
  for (let metric = 0; metric < NAMES.length; metric += 1) {
    if (startsWith(words, NAMES[metric]!, start, end)) return metric;
  }
  return -1;
}

/** A metric Heroku has added since: kept by name if it reads like any other l2met value. */
function readOther(message: Message, words: DataView, start: number, nameEnd: number, end: number): void {
  const name = textOfWords(words, start, nameEnd);
  const quantity =
    nameEnd < end && isMetricName(name) ? readQuantity(textOfWords(words, nameEnd + 1, end)) : null;
  const sample = message.sample;
  sample.others ??= new Map();
  if (quantity === null || sample.others.size >= MAX_NAMES) skip(message, words, start, nameEnd);
  else sample.others.set(name, quantity.base);
  if (sample.others.size === 0) sample.others = null;
}

function skip(message: Message, words: DataView, start: number, end: number): void {
  message.notes |= NOTE_BAD_METRIC;
  message.sample.skipped ??= [];
  if (message.sample.skipped.length < MAX_NAMES) {
    message.sample.skipped.push(textOfWords(words, start, Math.min(end, start + MAX_NAMES)));
  }
}

/**
 * Value in base units of the token that begins at `start`, or NaN; sets `afterMetric`. Plain decimals are read
 * from the bytes, anything else through a string.
 */
function readValue(words: DataView, start: number, end: number, metric: number): number {
  let at = start;
  const negative = byteAt(words, at, end) === DASH;
  if (negative) at += 1;
  let digits = 0;
  let decimals = -1;
  let value = 0;
  for (; at < end; at += 1) {
    const byte = words.getUint8(at);
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits += 1;
      if (decimals >= 0) decimals += 1;
    } else if (byte === DOT && decimals < 0 && digits > 0) decimals = 0;
    else break;
  }
  afterMetric = untilByte(words, SPACE, at, end);
  const exponent = at < afterMetric && (words.getUint8(at) | 0x20) === 0x65;
  if (exponent || digits > 15) return readLongValue(words, start, afterMetric, metric);
  if (digits === 0 || decimals === 0) return Number.NaN;
  const factor = factorOf(words, at, afterMetric, metric);
  const plain = decimals > 0 ? value / POWERS_OF_TEN[decimals]! : value;
  return (negative ? -plain : plain) * factor;
}

/** `1.5e3MB`, or more digits than a double holds: rare enough for a string. */
function readLongValue(words: DataView, start: number, end: number, metric: number): number {
  const quantity = readQuantity(textOfWords(words, start, end));
  if (quantity === null) return Number.NaN;
  const unitStart = end - quantity.unit.length;
  return quantity.value * factorOf(words, unitStart, end, metric);
}

/** What the unit at [start, end) is worth for a metric, NaN when it is none of its units. */
function factorOf(words: DataView, start: number, end: number, metric: number): number {
  if (metric < FIRST_MEMORY) return start === end ? 1 : Number.NaN;
  if (metric >= FIRST_PAGES && metric <= LAST_PAGES) {
    return start === end || isText(words, PAGES, start, end) ? 1 : Number.NaN;
  }
  for (const size of SIZES) if (isText(words, size.unit, start, end)) return size.bytes;
  return Number.NaN;
}
