/**
 * A body's messages to rows of a section. Everything that may not be stored is taken out here, before anything
 * leaves the process (SEC-44, SEC-45). Pure: no clock, no database, no throw.
 */

import type { EventRecord, LossRecord } from '../model/deltas.ts';
import { type ApiEvent, type DynoEvent, KINDS, type Loss, NOTES } from '../model/observation.ts';
import { redactText } from '../model/redact.ts';
import { SERIES_ADDON_METRIC, SERIES_CUSTOM, SERIES_DYNO_METRIC, seriesKey } from '../model/series.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import { Framer } from './framing.ts';
import { makeTerm, type Term } from './intern.ts';
import {
  type Dialect,
  DYNO_METRICS,
  KIND_ADDON_SAMPLE,
  KIND_API_EVENT,
  KIND_DYNO_EVENT,
  KIND_DYNO_SAMPLE,
  KIND_LOSS,
  KIND_METRIC,
  KIND_REQUEST,
  type Message,
} from './message.ts';
import { NOTE_BAD_HEADER, NOTE_BAD_NUMBER, NOTE_BAD_ROUTER_LINE, noteBit } from './notes.ts';
import { MessageReader } from './reader.ts';
import { textOfSpan } from './scan.ts';
import {
  ABSENT,
  FLAG_AT_ERROR,
  FLAG_NO_TLS,
  FLAG_TLS,
  FLAG_UUID,
  type FrameEntry,
  packCode,
  type Section,
} from './section.ts';
import { cleanText, NAME_MAX, Terms } from './terms.ts';
import { judgeTime } from './timestamp.ts';

/** What the intake knows of the app whose lines it reads. */
export interface AppState {
  appId: number;
  customMetrics: boolean;
  /** Until then lines keep their own time up to HISTORY_MAX_MS back. */
  historyOpenUntilMs: number;
  /** Release that serves now, stamped on each request; '' before the first was seen. */
  release: Term;
  releaseAtMs: number;
}

/** How old a line of an open history may be: what the finest resolution keeps, less an hour for the way. */
export const HISTORY_MAX_MS = 47 * HOUR;

export interface Body {
  buf: Uint8Array;
  dialect: Dialect;
  receivedAtMs: number;
  drainId: number;
  /** The drain as the receiver knows it: the newest line time taken over, ms; 0 without. Moved on by the intake. */
  drain: { lastLineMs: number };
  /** `Logplex-Msg-Count`; −1 when absent. */
  announced: number;
  /** Losses told by headers of the request, `Logplex-Drop-Count` and `Logplex-Lost-Count`; 0 without. */
  dropCount: number;
  lostCount: number;
  /** Identity of the frame, part of the key of losses told by headers. */
  frameKey: string;
  /** The frame was counted before: only its loss notices are read. */
  lossesOnly: boolean;
}

/** The shortest message takes three bytes: a shorter body cannot hold too many. */
const MESSAGE_BYTES_MIN = 3;

const QUARANTINE_PER_FRAME = 5;
const QUARANTINE_BYTES = 1024;
/** A single request says at most this; more is damage, and sums of it would not fit the tables. */
const BYTES_MAX = 1e12;
const DURATION_MAX_MS = 1e9;
/** A notice's gap begins at the line before it, but no longer than this before the time it states. */
const GAP_SLACK_MS = 5 * MINUTE;
const TEXT_MAX = 300;

const NOTE_COUNT_MISMATCH = noteBit('countMismatch');
const NOTE_EMPTY_MESSAGE = noteBit('emptyMessage');
const NOTES_QUARANTINED = NOTE_BAD_HEADER | NOTE_BAD_ROUTER_LINE;

/** Whether a body holds more messages than allowed; costs nothing for ordinary bodies. */
export function exceedsMessages(buf: Uint8Array, messagesMax: number): boolean {
  if (buf.length < messagesMax * MESSAGE_BYTES_MIN) return false;
  const framer = new Framer();
  framer.start(buf);
  for (let messages = 0; framer.next(); ) if (++messages > messagesMax) return true;
  return false;
}

export class Intake {
  readonly #terms: Terms;
  readonly #framer = new Framer();
  readonly #reader = new MessageReader();
  /** Series keys of a dyno's metrics, by the dyno's name. */
  readonly #dynoKeys = new Map<string, Term[]>();
  readonly #hashUser: (user: string) => string;

  /** @param hashUser keyed hash of a person's name or address: what is stored instead of it */
  constructor(options: { storeClientAddresses: boolean; hashUser: (user: string) => string }) {
    this.#terms = new Terms(options.storeClientAddresses);
    this.#hashUser = options.hashUser;
  }

  /** Appends a body to a section as one frame. `position`: of the frame in the whole chunk. */
  add(section: Section, position: number, app: AppState, body: Body): FrameEntry {
    const entry: FrameEntry = {
      position,
      drainId: body.drainId,
      receivedAtMs: body.receivedAtMs,
      bodyBytes: body.buf.length,
      messages: 0,
      kinds: KINDS.map(() => 0),
      notes: NOTES.map(() => 0),
      redactions: 0,
      lastLineMs: 0,
    };
    const frame = section.frames.push(entry) - 1;
    const to: Target = {
      section,
      frame,
      entry,
      app,
      body,
      previousLineMs: body.drain.lastLineMs,
      quarantined: 0,
    };
    this.#addHeaderLosses(to);
    const framer = this.#framer;
    framer.start(body.buf);
    while (framer.next()) {
      this.#reader.read(body.buf, framer.messageStart, framer.messageEnd, body.dialect);
      if (body.lossesOnly) {
        // The loss notice is the first message of its batch (FORMATS 2.6): the rest was counted before.
        if (this.#reader.message.kind !== KIND_LOSS) break;
        this.#addMessage(to, framer.messageStart, framer.messageEnd);
        break;
      }
      this.#addMessage(to, framer.messageStart, framer.messageEnd);
    }
    if (!body.lossesOnly) this.#addFramingNotes(to);
    if (entry.lastLineMs > body.drain.lastLineMs) body.drain.lastLineMs = entry.lastLineMs;
    return entry;
  }

  #addFramingNotes(to: Target): void {
    const { entry, body } = to;
    const framer = this.#framer;
    if (framer.problem !== '') {
      note(entry, noteBit(framer.problem));
      this.#quarantine(to, framer.problem, framer.at, body.buf.length);
    }
    for (let i = 0; i < framer.emptyMessages; i++) note(entry, NOTE_EMPTY_MESSAGE);
    if (body.announced >= 0 && body.announced !== entry.messages + framer.emptyMessages) {
      note(entry, NOTE_COUNT_MISMATCH);
    }
  }

  #addHeaderLosses(to: Target): void {
    const { body } = to;
    const counts = [
      ['dropCount', body.dropCount],
      ['lostCount', body.lostCount],
    ] as const;
    for (const [cause, messages] of counts) {
      if (messages <= 0) continue;
      const fromMs = to.previousLineMs > 0 ? to.previousLineMs : body.receivedAtMs;
      this.#addLoss(to, body.receivedAtMs, {
        type: 'loss',
        cause,
        fromMs: Math.max(Math.min(fromMs, body.receivedAtMs), body.receivedAtMs - GAP_SLACK_MS),
        toMs: body.receivedAtMs,
        messages,
        dedupeKey: `${cause}:${body.frameKey}`,
      });
    }
  }

  #addLoss(to: Target, timeMs: number, body: LossRecord): void {
    to.section.records.push({ frame: to.frame, timeMs, body });
  }

  #addMessage(to: Target, start: number, end: number): void {
    const { message } = this.#reader;
    const { entry } = to;
    entry.messages++;
    entry.kinds[message.kind] = (entry.kinds[message.kind] ?? 0) + 1;
    const timeMs = filedTime(message, to);
    switch (message.kind) {
      case KIND_REQUEST:
        this.#addRequest(to, message, timeMs);
        break;
      case KIND_DYNO_SAMPLE:
        this.#addDynoSample(to, message, timeMs);
        break;
      case KIND_ADDON_SAMPLE:
        this.#addAddonSample(to, message, timeMs);
        break;
      case KIND_METRIC:
        if (to.app.customMetrics) this.#addMetrics(to, message, timeMs);
        break;
      case KIND_DYNO_EVENT:
        this.#addDynoEvent(to, message.dynoEvent, timeMs);
        break;
      case KIND_API_EVENT:
        this.#addApiEvent(to, message.apiEvent, timeMs);
        break;
      case KIND_LOSS:
        this.#addLossNotice(to, message.loss, timeMs);
        break;
    }
    if (message.notes !== 0) {
      note(entry, message.notes);
      if ((message.notes & NOTES_QUARANTINED) !== 0) {
        this.#quarantine(
          to,
          (message.notes & NOTE_BAD_HEADER) !== 0 ? 'badHeader' : 'badRouterLine',
          start,
          end,
        );
      }
    }
  }

  #addRequest(to: Target, message: Message, timeMs: number): void {
    const { section, entry, body } = to;
    const { requests } = section;
    const fields = message.request;
    const { buf } = body;
    const terms = this.#terms;
    const row = requests.add();
    requests.frame[row] = to.frame;
    requests.timeMs[row] = timeMs;
    requests.method[row] = use(
      section,
      entry,
      terms.methods.term(buf, at(fields.method.start), fields.method.end),
    );
    requests.path[row] = use(section, entry, terms.paths.term(buf, at(fields.path.start), fields.path.end));
    requests.host[row] = use(section, entry, terms.hosts.term(buf, at(fields.host.start), fields.host.end));
    requests.client[row] = use(section, entry, terms.client(buf, at(fields.client.start), fields.client.end));
    requests.dyno[row] = use(section, entry, terms.dynos.term(buf, at(fields.dyno.start), fields.dyno.end));
    requests.protocol[row] = use(
      section,
      entry,
      terms.protocols.term(buf, at(fields.protocol.start), fields.protocol.end),
    );
    requests.release[row] = section.number(to.app.release);
    requests.connectMs[row] = bounded(fields.connectMs, DURATION_MAX_MS, message);
    requests.serviceMs[row] = bounded(fields.serviceMs, DURATION_MAX_MS, message);
    requests.status[row] = fields.status;
    requests.bytes[row] = bounded(fields.bytes, BYTES_MAX, message);
    requests.code[row] = packCode(fields.codeFamily, fields.codeNumber);
    let flags = fields.tls === 1 ? FLAG_TLS : fields.tls === 0 ? FLAG_NO_TLS : 0;
    // `error` has five letters, `info` four, `warning` seven: no text is needed.
    if (fields.at.end - fields.at.start === 5) flags |= FLAG_AT_ERROR;
    requests.requestIdText[row] = 0;
    if (readUuid(buf, fields.requestId.start, fields.requestId.end, requests.requestId, row * 16))
      flags |= FLAG_UUID;
    else if (fields.requestId.start >= 0 && fields.requestId.end > fields.requestId.start) {
      requests.requestIdText[row] = section.number(makeTerm(cleanText(textOfSpan(buf, fields.requestId))));
    }
    requests.flags[row] = flags;
  }

  #addDynoSample(to: Target, message: Message, timeMs: number): void {
    const { section, body } = to;
    const dyno = this.#terms.dynos.term(body.buf, at(message.procid.start), message.procid.end).text;
    const { sample } = message;
    let keys = this.#dynoKeys.get(dyno);
    if (keys === undefined) {
      if (this.#dynoKeys.size > 2000) this.#dynoKeys.clear();
      keys = DYNO_METRICS.map((metric) => makeTerm(seriesKey(dyno, metric)));
      this.#dynoKeys.set(dyno, keys);
    }
    for (let metric = 0; metric < keys.length; metric++) {
      if ((sample.present & (1 << metric)) === 0) continue;
      const key = section.number(keys[metric]!);
      section.samples.add(to.frame, timeMs, SERIES_DYNO_METRIC, key, 0, sample.values[metric]!);
    }
    if (sample.others === null) return;
    for (const [metric, value] of sample.others) {
      const key = section.number(makeTerm(seriesKey(dyno, cleanText(metric))));
      section.samples.add(to.frame, timeMs, SERIES_DYNO_METRIC, key, 0, value);
    }
  }

  #addAddonSample(to: Target, message: Message, timeMs: number): void {
    const { addonSample } = message;
    if (addonSample === null) return;
    const { section, body } = to;
    const service = cleanText(textOfSpan(body.buf, message.procid), 64);
    const source = cleanText(addonSample.source ?? '');
    const instance = cleanText(addonSample.addon ?? '') || source;
    const label = source === '' ? 0 : section.number(makeTerm(source));
    for (const [metric, value] of addonSample.values) {
      const key = section.number(makeTerm(seriesKey(service, instance, cleanText(metric))));
      section.samples.add(to.frame, timeMs, SERIES_ADDON_METRIC, key, label, value);
    }
  }

  #addMetrics(to: Target, message: Message, timeMs: number): void {
    const { section } = to;
    for (const metric of message.metrics ?? []) {
      const key = section.number(makeTerm(seriesKey(metric.type, cleanText(metric.name))));
      const label = metric.unit === undefined ? 0 : section.number(makeTerm(cleanText(metric.unit, 16)));
      section.samples.add(to.frame, timeMs, SERIES_CUSTOM, key, label, metric.value);
    }
  }

  #addEvent(to: Target, timeMs: number, body: EventRecord): void {
    to.section.records.push({ frame: to.frame, timeMs, body });
  }

  #addDynoEvent(to: Target, event: DynoEvent | null, timeMs: number): void {
    // `Process running mem=` comes with every R14 and says what the samples say.
    if (event === null || event.event === 'memory') return;
    const { dyno, code, event: kind, ...detail } = event;
    this.#addEvent(to, timeMs, {
      type: 'event',
      kind,
      dyno: cleanText(dyno, 64),
      ...(code !== undefined && { code }),
      ...(Object.keys(detail).length > 0 && { detail: cleanDetail(detail) }),
    });
  }

  #addApiEvent(to: Target, event: ApiEvent | null, timeMs: number): void {
    if (event === null) return;
    const { event: kind, version, user, text, ...detail } = event;
    const { app } = to;
    if (kind === 'release' && version !== undefined && timeMs >= app.releaseAtMs) {
      app.release = makeTerm(String(version));
      app.releaseAtMs = timeMs;
    }
    this.#addEvent(to, timeMs, {
      type: 'event',
      kind: kind === 'other' ? 'apiOther' : kind,
      ...(version !== undefined && { version }),
      detail: cleanDetail({
        ...detail,
        ...(text !== undefined && { text: redactText(text, TEXT_MAX).text }),
        ...(user !== undefined && { userHash: this.#hashUser(user) }),
      }),
    });
  }

  #addLossNotice(to: Target, loss: Loss | null, timeMs: number): void {
    if (loss === null) return;
    const { code, dropped, sinceMs } = loss;
    if (code !== 'L10' && code !== 'L12' && code !== 'L13') {
      this.#addEvent(to, timeMs, { type: 'event', kind: 'code', code });
      return;
    }
    const statedMs = Math.min(sinceMs ?? timeMs, timeMs);
    const beforeMs = to.previousLineMs > 0 ? Math.min(statedMs, to.previousLineMs) : statedMs;
    this.#addLoss(to, timeMs, {
      type: 'loss',
      cause: code,
      code,
      fromMs: Math.max(beforeMs, statedMs - GAP_SLACK_MS),
      toMs: timeMs,
      ...(dropped !== undefined && { messages: dropped }),
      dedupeKey: `${code}:${sinceMs ?? timeMs}`,
    });
  }

  #quarantine(to: Target, reason: string, start: number, end: number): void {
    if (to.quarantined >= QUARANTINE_PER_FRAME || end <= start) return;
    to.quarantined++;
    const { buf } = to.body;
    const shown = Buffer.from(buf.buffer, buf.byteOffset + start, Math.min(end - start, QUARANTINE_BYTES));
    const { text, redactions } = redactText(
      cleanText(shown.toString('utf8'), QUARANTINE_BYTES),
      QUARANTINE_BYTES,
    );
    to.entry.redactions += redactions;
    to.section.records.push({
      frame: to.frame,
      timeMs: to.body.receivedAtMs,
      body: {
        type: 'quarantine',
        reason,
        sizeBytes: end - start,
        base64: Buffer.from(text, 'utf8').toString('base64'),
      },
    });
  }
}

interface Target {
  section: Section;
  frame: number;
  entry: FrameEntry;
  app: AppState;
  body: Body;
  previousLineMs: number;
  quarantined: number;
}

/** The instant a message is filed under; says so in the message's notes when it is not the line's own. */
function filedTime(message: Message, to: Target): number {
  const { body, app, entry } = to;
  const verdict = judgeTime(message.timeMs, body.receivedAtMs);
  const history =
    verdict === 'lateTime' &&
    body.receivedAtMs < app.historyOpenUntilMs &&
    message.timeMs >= body.receivedAtMs - HISTORY_MAX_MS;
  if (verdict !== 'line' && !history) {
    // A message without a header has no time either: one note is enough.
    if ((message.notes & NOTE_BAD_HEADER) === 0) message.notes |= noteBit(verdict);
    return body.receivedAtMs;
  }
  const timeMs = Math.floor(message.timeMs);
  if (timeMs > entry.lastLineMs) entry.lastLineMs = timeMs;
  return timeMs;
}

function note(entry: FrameEntry, bits: number): void {
  for (let index = 0, rest = bits; rest !== 0; index++, rest >>>= 1) {
    if ((rest & 1) !== 0) entry.notes[index] = (entry.notes[index] ?? 0) + 1;
  }
}

/** Number of a term, its findings counted. */
function use(section: Section, entry: FrameEntry, term: Term): number {
  if (term.notes !== 0) note(entry, term.notes);
  entry.redactions += term.redactions;
  return section.number(term);
}

/** Absent spans are empty ones. */
function at(start: number): number {
  return start < 0 ? 0 : start;
}

function bounded(value: number, max: number, message: Message): number {
  if (value <= max) return value;
  message.notes |= NOTE_BAD_NUMBER;
  return ABSENT;
}

/** Texts of an event's detail as they may be stored. */
function cleanDetail(detail: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(detail), (_key, value: unknown) =>
    typeof value === 'string' ? cleanText(value, TEXT_MAX) : value,
  ) as Record<string, unknown>;
}

/** Reads `8-4-4-4-12` hex digits into 16 bytes; false when it is anything else. */
function readUuid(buf: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  if (start < 0 || end - start !== 36) return false;
  let from = start;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) {
      if (buf[from] !== 0x2d) return false;
      from++;
    }
    const high = HEX[buf[from]!]!;
    const low = HEX[buf[from + 1]!]!;
    if (high < 0 || low < 0) return false;
    into[at + i] = (high << 4) | low;
    from += 2;
  }
  return true;
}

/** Value of a lower-case hex digit by byte; −1 for others, so that what is read back is what was written. */
const HEX = buildHex();

function buildHex(): Int8Array {
  const values = new Int8Array(256).fill(-1);
  for (let digit = 0; digit < 16; digit++) values[digit.toString(16).charCodeAt(0)] = digit;
  return values;
}

/** The longest name kept; for callers that clean names of their own. */
export { NAME_MAX };
