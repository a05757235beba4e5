/**
 * A Message as the JSON object that `drainboard parse` prints: keys left out when unknown or empty, never NaN,
 * times as ISO 8601 UTC with the decimals the line gave.
 */
import { isUtf8 } from 'node:buffer';
import { isDyno } from '../model/heroku.ts';
import { KINDS } from '../model/observation.ts';
import { countsForLatency, OUTCOMES, outcomeOf } from '../model/outcome.ts';
import { sinceOf } from './loss.ts';
import {
  DYNO_METRICS,
  KIND_ADDON_SAMPLE,
  KIND_API_EVENT,
  KIND_APP,
  KIND_DATABASE_LOG,
  KIND_DYNO_EVENT,
  KIND_DYNO_SAMPLE,
  KIND_LOSS,
  KIND_METRIC,
  KIND_REQUEST,
  type Message,
  type Span,
} from './message.ts';
import { NOTE_BAD_UTF8, NOTE_FUTURE_TIME, NOTE_LATE_TIME, notesOf } from './notes.ts';
import { isErrorLine } from './router.ts';
import { textOfSpan } from './scan.ts';
import { isoTextOf, judgeTime } from './timestamp.ts';

export type Described = Record<string, unknown>;

/**
 * `checked`: a line far ahead of its arrival, or long before it, is shown under the arrival, as the drain files
 * it. `asWritten`: a readable time is shown whatever its age, for a body that was recorded some day.
 */
export type TimeRule = 'checked' | 'asWritten';

/** Describes a message that was read from `buf`. `receivedAtMs` is its arrival, ms since the epoch. */
export function describe(
  message: Message,
  buf: Uint8Array,
  receivedAtMs: number,
  rule: TimeRule = 'checked',
): Described {
  const verdict =
    rule === 'asWritten' && !Number.isNaN(message.timeMs) ? 'line' : judgeTime(message.timeMs, receivedAtMs);
  const own = verdict === 'line';
  const time = own
    ? isoTextOf(buf, message.timestamp.start, message.timestamp.end)
    : new Date(receivedAtMs).toISOString();
  let notes = message.notes;
  if (verdict === 'futureTime') notes |= NOTE_FUTURE_TIME;
  if (verdict === 'lateTime') notes |= NOTE_LATE_TIME;
  if (!isUtf8(bytesOfMessage(message, buf))) notes |= NOTE_BAD_UTF8;
  return withoutEmpty({
    kind: KINDS[message.kind],
    time,
    timeSource: own ? 'line' : 'arrival',
    appname: textOfSpan(buf, message.appname),
    procid: textOfSpan(buf, message.procid),
    ...fieldsOf(message, buf, time),
    notes: notesOf(notes),
  });
}

/** APPNAME to the end of the text: everything a description takes texts from. */
function bytesOfMessage(message: Message, buf: Uint8Array): Uint8Array {
  const start = message.appname.start < 0 ? message.text.start : message.appname.start;
  return buf.subarray(start, message.text.end);
}

/** Leaves out what is unknown or empty. `Object.fromEntries` also keeps a key named `__proto__` a plain key. */
function withoutEmpty(fields: Described): Described {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => {
      if (value === undefined || value === null || value === '') return false;
      if (typeof value === 'number') return Number.isFinite(value);
      return typeof value !== 'object' || Object.keys(value).length > 0;
    }),
  );
}

function fieldsOf(message: Message, buf: Uint8Array, time: string): Described {
  switch (message.kind) {
    case KIND_REQUEST:
      return requestFields(message, buf);
    case KIND_DYNO_SAMPLE:
      return sampleFields(message, buf);
    case KIND_ADDON_SAMPLE:
      return addonFields(message);
    case KIND_METRIC:
      return { values: metricValues(message) };
    case KIND_DYNO_EVENT:
      return dynoEventFields(message);
    case KIND_API_EVENT:
      return apiEventFields(message);
    case KIND_LOSS:
      return lossFields(message, buf, time);
    case KIND_APP:
      return appFields(message, buf);
    case KIND_DATABASE_LOG:
      return { ...message.databaseLog };
    default:
      return { reason: message.otherReason, text: textOfSpan(buf, message.text) };
  }
}

function requestFields(message: Message, buf: Uint8Array): Described {
  const request = message.request;
  const { codeFamily, codeNumber, status, serviceMs } = request;
  const text = (span: Span): string => textOfSpan(buf, span);
  const outcome = outcomeOf(codeFamily, codeNumber, isErrorLine(buf, request), status);
  return {
    at: text(request.at),
    method: text(request.method),
    path: text(request.path),
    host: text(request.host),
    requestId: text(request.requestId),
    fwd: text(request.fwd),
    client: text(request.client),
    dyno: text(request.dyno),
    connectMs: known(request.connectMs),
    serviceMs: known(serviceMs),
    status: known(status),
    bytes: known(request.bytes),
    protocol: text(request.protocol),
    tls: request.tls < 0 ? undefined : request.tls === 1,
    tlsVersion: text(request.tlsVersion),
    code: text(request.code),
    desc: text(request.desc),
    sock: text(request.sock),
    outcome: OUTCOMES[outcome],
    countsForLatency: countsForLatency(codeFamily, codeNumber, status, serviceMs),
  };
}

function known(value: number): number | undefined {
  return value < 0 ? undefined : value;
}

/** `memory_rss` → `memoryRssBytes`, `memory_pgpgin` → `memoryPgpginPages`, `load_avg_1m` → `loadAvg1m`. */
export function sampleName(metric: string): string {
  const camel = metric.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  if (metric.startsWith('memory_pgpg')) return `${camel}Pages`;
  return metric.startsWith('memory_') ? `${camel}Bytes` : camel;
}

function sampleFields(message: Message, buf: Uint8Array): Described {
  const { dynoId, present, values, others } = message.sample;
  const named = DYNO_METRICS.map((metric, index): [string, number] => [
    sampleName(metric),
    values[index] ?? 0,
  ]);
  const read = named.filter((_, index) => (present & (1 << index)) !== 0);
  return {
    dyno: textOfSpan(buf, message.procid),
    dynoId: textOfSpan(buf, dynoId),
    values: Object.fromEntries([...read, ...(others ?? [])]),
  };
}

function addonFields(message: Message): Described {
  const sample = message.addonSample;
  return {
    addon: sample?.addon,
    source: sample?.source,
    values: Object.fromEntries(sample?.values ?? []),
    skipped: sample?.skipped,
  };
}

function metricValues(message: Message): Described {
  return Object.fromEntries(
    (message.metrics ?? []).map(({ name, type, value, unit }) => [name, withoutEmpty({ type, value, unit })]),
  );
}

function dynoEventFields(message: Message): Described {
  const { command: _, ...shown } = message.dynoEvent ?? {};
  return shown;
}

function apiEventFields(message: Message): Described {
  const { command: _command, result: _result, text: _text, ...shown } = message.apiEvent ?? {};
  return shown;
}

function lossFields(message: Message, buf: Uint8Array, time: string): Described {
  const since = sinceOf(textOfSpan(buf, message.text));
  return {
    code: message.loss?.code,
    dropped: message.loss?.dropped,
    since: message.loss?.sinceMs === undefined ? undefined : isoTextOf(since, 0, since.length),
    at: time,
  };
}

/** The dyno that wrote the text, or else the source: a partner's add-on. */
function appFields(message: Message, buf: Uint8Array): Described {
  const procid = textOfSpan(buf, message.procid);
  const writer = isDyno(procid) ? { dyno: procid } : { source: procid === '-' ? '' : procid };
  return { ...writer, text: textOfSpan(buf, message.text) };
}
