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
import { readUsualRouterLine } from './router-usual.ts';
import { createSampleFields, isRuntimeLine, readRuntimeLine } from './runtime.ts';
import { HASH, type Literal, literal, SPACE, startsWith, textOfSpan, untilByte, wordsOf } from './scan.ts';
import { readHeader, readUsualHead, readUsualRest, textEnd } from './syslog.ts';

const SAMPLE = literal('sample');
const COUNT = literal('count');
const MEASURE = literal('measure');
/** The one R code that documentation shows with APPNAME `app`; a forged one does no harm. */
const ATTACH_ERROR = literal('Error R13 (Attach error)');
const RUN = literal('run.');

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
  private buf: Uint8Array = new Uint8Array(0);
  private words: DataView = wordsOf(this.buf);

  /**
   * Reads the message in [start, end) of `buf`, its octet count already taken off. `message.timeMs` is the
   * line's own time; the caller decides with `judgeTime` what it is filed under.
   */
  read(buf: Uint8Array, start: number, end: number, dialect: Dialect): void {
    const message = this.message;
    // The kinds in front of these two set nothing that would have to be taken back.
    if (message.kind > KIND_DYNO_SAMPLE && message.kind !== KIND_APP) clearRare(message);
    const words = this.view(buf);
    const last = textEnd(words, start, end);
    const appname = readUsualHead(message, words, start, last);
    if (appname < 0) readAny(message, buf, words, start, end, dialect);
    else if (dialect === 'logplex' && readUsualRouterLine(message, words, appname, last)) {
      message.kind = KIND_REQUEST;
    } else if (readUsualRest(message, words, start, appname, last, dialect)) readText(message, buf, words);
    else setOther(message, 'badHeader');
  }

  /** The view that a body is read through: made once a body. */
  view(buf: Uint8Array): DataView {
    if (buf !== this.buf) {
      this.buf = buf;
      this.words = wordsOf(buf);
    }
    return this.words;
  }
}

/** Reads a message of any form, the general way: what the usual forms are tested against. All that is rare must be null. */
export function readAny(
  message: Message,
  buf: Uint8Array,
  words: DataView,
  start: number,
  end: number,
  dialect: Dialect,
): void {
  if (readHeader(message, words, start, end, dialect)) readText(message, buf, words);
  else setOther(message, 'badHeader');
}

function clearRare(message: Message): void {
  message.addonSample = null;
  message.metrics = null;
  message.metricsSkipped = null;
  message.metricSource = null;
  message.dynoEvent = null;
  message.apiEvent = null;
  message.loss = null;
  message.databaseLog = null;
  message.otherReason = null;
}

function readText(message: Message, buf: Uint8Array, words: DataView): void {
  switch (sourceOf(message, words)) {
    case SOURCE_ROUTER:
      readRouter(message, words);
      return;
    case SOURCE_DYNO:
      readDyno(message, buf, words);
      return;
    case SOURCE_APP:
      readApp(message, buf, words);
      return;
    case SOURCE_ADDON:
      readAddon(message, buf, words);
      return;
    case SOURCE_DATABASE:
      readDatabase(message, buf, words);
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

function readRouter(message: Message, words: DataView): void {
  message.kind = KIND_REQUEST;
  if (readRouterLine(message, words)) return;
  message.notes |= NOTE_BAD_ROUTER_LINE;
  setOther(message, 'badRouterLine');
}

function readDyno(message: Message, buf: Uint8Array, words: DataView): void {
  message.kind = KIND_DYNO_SAMPLE;
  if (isRuntimeLine(message, words) && readRuntimeLine(message, words)) return;
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

function readDatabase(message: Message, buf: Uint8Array, words: DataView): void {
  const read = parseDatabaseLog(textOfSpan(buf, message.text));
  if (read === null) {
    readApp(message, buf, words);
    return;
  }
  message.kind = KIND_DATABASE_LOG;
  message.databaseLog = read.log;
  message.notes |= read.notes;
}

/** An add-on's line with a `sample#` is its metrics; anything else it writes is read as an application's. */
function readAddon(message: Message, buf: Uint8Array, words: DataView): void {
  if (tokensIn(words, message.text.start, message.text.end) !== SAMPLE_TOKENS) {
    readApp(message, buf, words);
    return;
  }
  message.kind = KIND_ADDON_SAMPLE;
  message.addonSample = parseAddonLine(textOfSpan(buf, message.text));
  if (message.addonSample.skipped.length > 0) message.notes |= NOTE_BAD_METRIC;
}

/** Application output: text, or custom metrics if at least one l2met token of it can be read. */
function readApp(message: Message, buf: Uint8Array, words: DataView): void {
  message.kind = KIND_APP;
  const { start, end } = message.text;
  if (
    startsWith(words, ATTACH_ERROR, start, end) &&
    startsWith(words, RUN, message.procid.start, message.procid.end)
  ) {
    readDynoEvent(message, buf);
    return;
  }
  if (tokensIn(words, start, end) === NO_TOKENS) return;
  const line: L2metLine = parseL2met(textOfSpan(buf, message.text));
  if (line.skipped.length > 0) message.notes |= NOTE_BAD_METRIC;
  if (line.metrics.length === 0) return;
  message.kind = KIND_METRIC;
  message.metrics = line.metrics;
  message.metricsSkipped = line.skipped.length > 0 ? line.skipped : null;
  message.metricSource = line.source === '' ? null : line.source;
}

/** Looks for `sample#`, `count#` and `measure#` at the start of words. */
function tokensIn(words: DataView, start: number, end: number): number {
  let found = NO_TOKENS;
  for (let at = untilByte(words, HASH, start, end); at < end; at = untilByte(words, HASH, at + 1, end)) {
    if (isWordBefore(words, SAMPLE, start, at)) return SAMPLE_TOKENS;
    if (isWordBefore(words, COUNT, start, at) || isWordBefore(words, MEASURE, start, at)) found = SOME_TOKENS;
  }
  return found;
}

/** Whether `word` ends at `at` and begins at `start` or behind a space. */
function isWordBefore(words: DataView, word: Literal, start: number, at: number): boolean {
  const from = at - word.length;
  if (from < start || (from > start && words.getUint8(from - 1) !== SPACE)) return false;
  return startsWith(words, word, from, at);
}
