/**
 * Bytes of one message to a Message: header, then by its writer the one small parser that knows the form.
 * Nothing here throws, whatever the bytes; what cannot be read becomes kind `other` with a reason, or a note.
 * Router lines, runtime metrics and plain application lines are read without allocating.
 */
import { parseAddonLine } from './addon.ts';
import { parseApiEvent } from './api-event.ts';
import {
  type OtherReason,
  SOURCE_ADDON,
  SOURCE_API,
  SOURCE_APP,
  SOURCE_DATABASE,
  SOURCE_DYNO,
  SOURCE_LOGPLEX,
  SOURCE_ROUTER,
  SOURCE_SHUTTLE,
  sourceOf,
} from './classify.ts';
import { type L2metLine, parseL2met } from './l2met.ts';
import { parseLoss } from './loss.ts';
import {
  type Dialect,
  KIND_ADDON_SAMPLE,
  KIND_API_EVENT,
  KIND_APP,
  KIND_DATABASE_LOG,
  KIND_DYNO_EVENT,
  KIND_DYNO_SAMPLE,
  KIND_LOSS,
  KIND_METRIC,
  KIND_OTHER,
  KIND_REQUEST,
  type Message,
  NONE,
} from './message.ts';
import { NOTE_BAD_METRIC, NOTE_BAD_ROUTER_LINE } from './notes.ts';
import { parseDynoEvent } from './platform.ts';
import { parseDatabaseLog } from './postgres.ts';
import { createRequestFields, readRouterLine } from './router.ts';
import { createSampleFields, isRuntimeLine, readRuntimeLine } from './runtime.ts';
import { ascii, HASH, startsWithBytes, textOfSpan } from './scan.ts';
import { readHeader } from './syslog.ts';

const SAMPLE = ascii('sample');
const COUNT = ascii('count');
const MEASURE = ascii('measure');
const SPACE = 0x20;
/** The one R code that documentation shows with APPNAME `app`; a forged one does no harm. */
const ATTACH_ERROR = ascii('Error R13 (Attach error)');
const RUN = ascii('run.');

/** What kinds of l2met tokens a text has. */
const NO_TOKENS = 0;
const SOME_TOKENS = 1;
const SAMPLE_TOKENS = 2;

/** A message with nothing in it, for a reader to fill again and again. */
export function createMessage(): Message {
  return {
    kind: KIND_OTHER,
    notes: 0,
    priority: NONE,
    timeMs: Number.NaN,
    timestamp: { start: -1, end: -1 },
    appname: { start: -1, end: -1 },
    procid: { start: -1, end: -1 },
    text: { start: -1, end: -1 },
    request: createRequestFields(),
    sample: createSampleFields(),
    addonSample: null,
    metrics: null,
    metricsSkipped: null,
    metricSource: null,
    dynoEvent: null,
    apiEvent: null,
    loss: null,
    databaseLog: null,
    otherReason: null,
  };
}

/** Reads one message after another into the same `message`, which is valid until the next `read`. */
export class MessageReader {
  readonly message: Message = createMessage();

  /**
   * Reads the message in [start, end) of `buf`, its octet count already taken off. `message.timeMs` is the
   * line's own time; the caller decides with `judgeTime` what it is filed under.
   */
  read(buf: Uint8Array, start: number, end: number, dialect: Dialect): void {
    const message = this.message;
    message.addonSample = null;
    message.metrics = null;
    message.metricsSkipped = null;
    message.metricSource = null;
    message.dynoEvent = null;
    message.apiEvent = null;
    message.loss = null;
    message.databaseLog = null;
    message.otherReason = null;
    if (readHeader(message, buf, start, end, dialect)) readText(message, buf);
    else setOther(message, 'badHeader');
  }
}

function readText(message: Message, buf: Uint8Array): void {
  switch (sourceOf(message, buf)) {
    case SOURCE_ROUTER:
      readRouter(message, buf);
      return;
    case SOURCE_DYNO:
      readDyno(message, buf);
      return;
    case SOURCE_APP:
      readApp(message, buf);
      return;
    case SOURCE_ADDON:
      readAddon(message, buf);
      return;
    case SOURCE_DATABASE:
      readDatabase(message, buf);
      return;
    case SOURCE_API:
      readApi(message, buf);
      return;
    case SOURCE_LOGPLEX:
    case SOURCE_SHUTTLE:
      readLoss(message, buf);
      return;
    default:
      setOther(message, 'unknownSource');
  }
}

function setOther(message: Message, reason: OtherReason): void {
  message.kind = KIND_OTHER;
  message.otherReason = reason;
}

function readRouter(message: Message, buf: Uint8Array): void {
  message.kind = KIND_REQUEST;
  if (readRouterLine(message, buf)) return;
  message.notes |= NOTE_BAD_ROUTER_LINE;
  setOther(message, 'badRouterLine');
}

function readDyno(message: Message, buf: Uint8Array): void {
  message.kind = KIND_DYNO_SAMPLE;
  if (isRuntimeLine(message, buf) && readRuntimeLine(message, buf)) return;
  readDynoEvent(message, buf);
}

function readDynoEvent(message: Message, buf: Uint8Array): void {
  const read = parseDynoEvent(textOfSpan(buf, message.text), textOfSpan(buf, message.procid));
  message.notes |= read.notes;
  message.dynoEvent = read.event;
  if (read.event === null) setOther(message, 'unknownEvent');
  else message.kind = KIND_DYNO_EVENT;
}

function readApi(message: Message, buf: Uint8Array): void {
  const read = parseApiEvent(textOfSpan(buf, message.text));
  message.kind = KIND_API_EVENT;
  message.apiEvent = read.event;
  message.notes |= read.notes;
}

function readLoss(message: Message, buf: Uint8Array): void {
  const read = parseLoss(textOfSpan(buf, message.text));
  if (read === null) {
    setOther(message, 'unknownEvent');
    return;
  }
  message.kind = KIND_LOSS;
  message.loss = read.loss;
  message.notes |= read.notes;
}

function readDatabase(message: Message, buf: Uint8Array): void {
  const read = parseDatabaseLog(textOfSpan(buf, message.text));
  if (read === null) {
    readApp(message, buf);
    return;
  }
  message.kind = KIND_DATABASE_LOG;
  message.databaseLog = read.log;
  message.notes |= read.notes;
}

/** An add-on's line with a `sample#` is its metrics; anything else it writes is read as an application's. */
function readAddon(message: Message, buf: Uint8Array): void {
  if (tokensIn(buf, message.text.start, message.text.end) !== SAMPLE_TOKENS) {
    readApp(message, buf);
    return;
  }
  message.kind = KIND_ADDON_SAMPLE;
  message.addonSample = parseAddonLine(textOfSpan(buf, message.text));
  if (message.addonSample.skipped.length > 0) message.notes |= NOTE_BAD_METRIC;
}

/** Application output: text, or custom metrics if at least one l2met token of it can be read. */
function readApp(message: Message, buf: Uint8Array): void {
  message.kind = KIND_APP;
  const { start, end } = message.text;
  if (
    startsWithBytes(buf, ATTACH_ERROR, start, end) &&
    startsWithBytes(buf, RUN, message.procid.start, message.procid.end)
  ) {
    readDynoEvent(message, buf);
    return;
  }
  if (tokensIn(buf, start, end) === NO_TOKENS) return;
  const line: L2metLine = parseL2met(textOfSpan(buf, message.text));
  if (line.skipped.length > 0) message.notes |= NOTE_BAD_METRIC;
  if (line.metrics.length === 0) return;
  message.kind = KIND_METRIC;
  message.metrics = line.metrics;
  message.metricsSkipped = line.skipped.length > 0 ? line.skipped : null;
  message.metricSource = line.source === '' ? null : line.source;
}

/** Looks for `sample#`, `count#` and `measure#` at the start of words. */
function tokensIn(buf: Uint8Array, start: number, end: number): number {
  let found = NO_TOKENS;
  for (let at = start; at < end; at += 1) {
    if (buf[at] !== HASH) continue;
    if (isWordBefore(buf, SAMPLE, start, at)) return SAMPLE_TOKENS;
    if (isWordBefore(buf, COUNT, start, at) || isWordBefore(buf, MEASURE, start, at)) found = SOME_TOKENS;
  }
  return found;
}

/** Whether `word` ends at `at` and begins at `start` or behind a space. */
function isWordBefore(buf: Uint8Array, word: Uint8Array, start: number, at: number): boolean {
  const from = at - word.length;
  if (from < start || (from > start && buf[from - 1] !== SPACE)) return false;
  return startsWithBytes(buf, word, from, at);
}
