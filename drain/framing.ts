/**
 * Body to messages by octet count: `body = *( count SP message )`, count = decimal number of **bytes**
 * (heroku/logplex doc/README.http_drains.md; RFC 6587 section 3.4.1). There is no separator: the newline
 * one sees is the last byte of the message and may be missing (L10 notices of 2017).
 *
 * What is decided here:
 * - a count has 1 to 7 digits; leading zeros are read (`0066` is 66) as long as there are at most 7 digits;
 * - a count of zero is a message of no bytes: skipped and counted in `emptyMessages`;
 * - blanks and line ends that fill the rest of the body end it without a fault (a body of blanks has no message);
 * - after a broken count nothing is searched for: a later "count <" may be text inside a message.
 */
import { NEWLINE, RETURN, SPACE, TAB, ZERO } from './scan.ts';

/**
 * Why the rest of a body was left unread: '' it was not; `badFraming` no count where one must stand;
 * `cutBody` the body ends inside a count or before the message that a count announces.
 */
export type FramingProblem = '' | 'badFraming' | 'cutBody';

/** No message is near 10 MB: Logplex takes 10,240 bytes, we take bodies of 8 MiB at most. */
const MAX_COUNT_DIGITS = 7;

/** Walks over one body after another without allocating. */
export class Framer {
  /** First byte of the message just found, and the byte after its last (its newline included). */
  messageStart = 0;
  messageEnd = 0;
  /** Valid once `next` has given false. */
  problem: FramingProblem = '';
  /** Where the next count begins; after a problem: where the unread rest begins. */
  at = 0;
  /** Messages of zero bytes since `start`. */
  emptyMessages = 0;
  private buf: Uint8Array = new Uint8Array(0);
  private length = 0;

  /** Begins a body of `length` bytes, at most `buf.length`. */
  start(buf: Uint8Array, length: number = buf.length): void {
    this.buf = buf;
    this.length = length;
    this.messageStart = 0;
    this.messageEnd = 0;
    this.problem = '';
    this.at = 0;
    this.emptyMessages = 0;
  }

  /** Moves to the next message. False at the end of the body and at a problem; false ever after. */
  next(): boolean {
    if (this.problem !== '') return false;
    const { buf, length } = this;
    while (this.at < length) {
      let at = this.at;
      let count = 0;
      while (at < length) {
        const digit = buf[at]! - ZERO;
        if (digit < 0 || digit > 9 || at - this.at > MAX_COUNT_DIGITS) break;
        count = count * 10 + digit;
        at += 1;
      }
      const digits = at - this.at;
      if (digits === 0) return this.stopWithoutCount();
      if (digits > MAX_COUNT_DIGITS) return this.stop('badFraming');
      if (at === length) return this.stop('cutBody');
      if (buf[at] !== SPACE) return this.stop('badFraming');
      at += 1;
      if (count === 0) {
        this.emptyMessages += 1;
        this.at = at;
        continue;
      }
      if (count > length - at) return this.stop('cutBody');
      this.messageStart = at;
      this.messageEnd = at + count;
      this.at = at + count;
      return true;
    }
    return false;
  }

  private stop(problem: FramingProblem): false {
    this.problem = problem;
    return false;
  }

  /** No digit where a count must stand: the end if only blanks are left. */
  private stopWithoutCount(): false {
    for (let at = this.at; at < this.length; at += 1) {
      const byte = this.buf[at];
      if (byte !== SPACE && byte !== NEWLINE && byte !== RETURN && byte !== TAB)
        return this.stop('badFraming');
    }
    this.at = this.length;
    return false;
  }
}

/** The messages of a body as ranges, with what stopped the walk. */
export interface Framed {
  messages: { start: number; end: number }[];
  problem: FramingProblem;
  /** Where the unread rest begins; the length of the body when there is none. */
  at: number;
  emptyMessages: number;
}

/** Frames a whole body at once; for tests and tools (the drain walks with a `Framer`). */
export function frame(buf: Uint8Array): Framed {
  const framer = new Framer();
  framer.start(buf);
  const messages: { start: number; end: number }[] = [];
  while (framer.next()) messages.push({ start: framer.messageStart, end: framer.messageEnd });
  return { messages, problem: framer.problem, at: framer.at, emptyMessages: framer.emptyMessages };
}
