/**
 * Private keys that were printed over several lines, each of which came as a message of its own (SEC-44): what follows
 * an unclosed BEGIN is hidden until its END. What can be known is what this process was sent, in the order it came:
 * where a key's lines reach several processes, or another connection overtakes, those without their BEGIN are not known.
 */
import type { Redacted } from './redact.ts';

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
/** Base64, indented, quoted or joined as printed literals are; nothing at all; also the piece of a line that was split. */
const KEY_LINE = /^[\s"'`|>[(]{0,40}(?:[A-Za-z0-9+/=]|\\[nr])*[\s"'`|,;+\\)\]]{0,40}$/;
const HEADER_LINE =
  /^[\s"'`|>]{0,40}(?:Proc-Type|DEK-Info|Content-Domain|Key-Info|MIC-Info|Version|Comment|Charset|Hash|MessageID): /;
/** Lines of the longest keys in use: RSA of 8192 bits has 99. */
const LINES_MAX = 100;
/** A key is printed at once. */
const OPEN_MS = 60_000;
/** Keys that are being printed at a time; beyond them the oldest is forgotten. */
const OPEN_MAX = 1_000;
/** Stands where every key begins; bytes without it hold none. Dashes would be looked at in every request id. */
export const KEY_MARK = 'PRIVATE KEY';
const MASK = '{privateKey}';

interface OpenKey {
  lines: number;
  lastMs: number;
}

export class KeyLines {
  /** By writer. */
  readonly #open = new Map<string, OpenKey>();

  /** Whether any writer is amid a key: if not, only what holds KEY_MARK need be shown. */
  get isAmidKey(): boolean {
    return this.#open.size > 0;
  }

  /**
   * The text of a writer's next line, that part of it hidden which belongs to a key begun in a line before; the rest is
   * for redactText. Never throws. `redactions`: 1 when something was hidden.
   * @param writer whose lines come in order: an app's process
   * @param nowMs when the line came
   */
  hide(writer: string, text: string, nowMs: number): Redacted {
    const open = this.#opened(writer, nowMs);
    if (open === null) {
      if (isUnclosed(text)) this.#begin(writer, nowMs);
      return { text, redactions: 0 };
    }
    END.lastIndex = 0;
    const end = END.exec(text);
    const begin = text.search(BEGIN);
    // What is before an END is of the key; unless another one began before it.
    if (end !== null && (begin < 0 || end.index < begin)) {
      this.#open.delete(writer);
      const rest = text.slice(END.lastIndex);
      if (isUnclosed(rest)) this.#begin(writer, nowMs);
      return { text: MASK + rest, redactions: 1 };
    }
    if (begin >= 0 || open.lines >= LINES_MAX || !(KEY_LINE.test(text) || HEADER_LINE.test(text))) {
      this.#open.delete(writer);
      if (begin >= 0 && isUnclosed(text)) this.#begin(writer, nowMs);
      return { text, redactions: 0 };
    }
    open.lines++;
    open.lastMs = nowMs;
    return text.trim() === '' ? { text, redactions: 0 } : { text: MASK, redactions: 1 };
  }

  #opened(writer: string, nowMs: number): OpenKey | null {
    const open = this.#open.get(writer);
    if (open === undefined) return null;
    if (nowMs - open.lastMs <= OPEN_MS) return open;
    this.#open.delete(writer);
    return null;
  }

  #begin(writer: string, nowMs: number): void {
    this.#open.delete(writer);
    if (this.#open.size >= OPEN_MAX) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.#open.delete(oldest);
    }
    this.#open.set(writer, { lines: 0, lastMs: nowMs });
  }

  /** Forgets keys that were not ended within their time. */
  forget(nowMs: number): void {
    for (const [writer, { lastMs }] of this.#open) if (nowMs - lastMs > OPEN_MS) this.#open.delete(writer);
  }
}

/** Whether the last key that begins in a text does not end in it. */
function isUnclosed(text: string): boolean {
  let from = -1;
  for (const begin of text.includes(KEY_MARK) ? text.matchAll(BEGIN) : []) from = begin.index;
  return from >= 0 && text.slice(from).search(END) < 0;
}
