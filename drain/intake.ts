/**
 * A body's messages to rows of a section. Everything that may not be stored is taken out here, before anything
 * leaves the process (SEC-44, SEC-45). Pure: no clock, no database, no throw.
 */

import { KINDS, NOTES } from '../model/observation.ts';
import { BUCKET_S, bucketStartS } from '../model/time.ts';
import { Framer } from './framing.ts';
import type { LogBounds, LogGuard } from './log-guard.ts';
import { LogIntake } from './log-intake.ts';
import {
  KIND_ADDON_SAMPLE,
  KIND_API_EVENT,
  KIND_DYNO_EVENT,
  KIND_DYNO_SAMPLE,
  KIND_LOSS,
  KIND_METRIC,
  KIND_REQUEST,
  type Message,
} from './message.ts';
import { NOTE_BAD_HEADER, NOTE_BAD_ROUTER_LINE, noteBit } from './notes.ts';
import { MessageReader } from './reader.ts';
import { addApiEvent, addDynoEvent, addHeaderLosses, addLossNotice, quarantine } from './records.ts';
import { addRequest } from './request-row.ts';
import { SampleRows } from './sample-rows.ts';
import type { FrameEntry, Section } from './section.ts';
import { type AppState, type Body, HISTORY_MAX_MS, note, type Target } from './target.ts';
import { Terms } from './terms.ts';
import { judgeTime } from './timestamp.ts';

/** The shortest message takes three bytes: a shorter body cannot hold too many. */
const MESSAGE_BYTES_MIN = 3;

const NO_KINDS = KINDS.map(() => 0);
const NO_NOTES = NOTES.map(() => 0);
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
  readonly #samples: SampleRows;
  readonly #hashUser: (user: string) => string;
  readonly #logs: LogIntake | null;
  /** Of the body being read; null when no lines of it are kept. */
  #guard: LogGuard | null = null;

  /**
   * @param hashUser keyed hash of a person's name or address: what is stored instead of it
   * @param logs how many lines of a log are kept of each second; left out: none
   */
  constructor(options: {
    storeClientAddresses: boolean;
    hashUser: (user: string) => string;
    logs?: LogBounds | undefined;
  }) {
    this.#terms = new Terms(options.storeClientAddresses);
    this.#samples = new SampleRows(this.#terms.dynos);
    this.#hashUser = options.hashUser;
    const { logs, storeClientAddresses } = options;
    this.#logs = logs === undefined ? null : new LogIntake({ ...logs, storeClientAddresses });
  }

  /** Appends a body to a section as one frame. `position`: of the frame in the whole chunk. */
  add(section: Section, position: number, app: AppState, body: Body): FrameEntry {
    const entry: FrameEntry = {
      position,
      drainId: body.drainId,
      receivedAtMs: body.receivedAtMs,
      bodyBytes: body.buf.length,
      messages: 0,
      kinds: NO_KINDS.slice(),
      filed: [],
      notes: NO_NOTES.slice(),
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
      words: this.#reader.view(body.buf),
      previousLineMs: body.drain.lastLineMs,
      quarantined: 0,
    };
    this.#guard = this.#logs?.open(to) ?? null;
    if (body.dropCount > 0 || body.lostCount > 0) addHeaderLosses(to);
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
      quarantine(to, framer.problem, framer.at, body.buf.length);
    }
    for (let i = 0; i < framer.emptyMessages; i++) note(entry, NOTE_EMPTY_MESSAGE);
    if (body.announced >= 0 && body.announced !== entry.messages + framer.emptyMessages) {
      note(entry, NOTE_COUNT_MISMATCH);
    }
  }

  #addMessage(to: Target, start: number, end: number): void {
    const { message } = this.#reader;
    const { entry } = to;
    entry.messages++;
    entry.kinds[message.kind] = (entry.kinds[message.kind] ?? 0) + 1;
    const timeMs = filedTime(message, to);
    countFiled(entry, timeMs);
    if (message.kind === KIND_REQUEST) {
      addRequest(this.#terms, to, message, timeMs);
      if (this.#guard !== null) this.#logs?.addRequest(to, this.#guard, message, timeMs);
    } else {
      this.#addOther(to, message, timeMs);
      if (this.#guard !== null) this.#logs?.addOther(to, this.#guard, message, timeMs);
    }
    if (message.notes !== 0) {
      note(entry, message.notes);
      if ((message.notes & NOTES_QUARANTINED) !== 0) {
        quarantine(to, (message.notes & NOTE_BAD_HEADER) !== 0 ? 'badHeader' : 'badRouterLine', start, end);
      }
    }
  }

  #addOther(to: Target, message: Message, timeMs: number): void {
    switch (message.kind) {
      case KIND_DYNO_SAMPLE:
        this.#samples.addDyno(to, message, timeMs);
        break;
      case KIND_ADDON_SAMPLE:
        this.#samples.addAddon(to, message, timeMs);
        break;
      case KIND_METRIC:
        if (to.app.customMetrics) this.#samples.addCustom(to, message, timeMs);
        break;
      case KIND_DYNO_EVENT:
        addDynoEvent(to, message.dynoEvent, timeMs);
        break;
      case KIND_API_EVENT:
        addApiEvent(to, message.apiEvent, timeMs, this.#hashUser);
        break;
      case KIND_LOSS:
        addLossNotice(to, message.loss, timeMs);
        break;
    }
  }
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

/** Counts a message in the bucket it is filed under. */
function countFiled(entry: FrameEntry, timeMs: number): void {
  const { filed } = entry;
  // Lines come nearly in order of time: the last bucket is nearly always the right one.
  if (filed.length > 0) {
    const last = filed[filed.length - 1]!;
    const sinceMs = timeMs - last.bucketS * 1000;
    if (sinceMs >= 0 && sinceMs < BUCKET_S * 1000) {
      last.count++;
      return;
    }
  }
  const bucketS = bucketStartS(timeMs, BUCKET_S);
  const known = filed.find((one) => one.bucketS === bucketS);
  if (known === undefined) filed.push({ bucketS, count: 1 });
  else known.count++;
}
