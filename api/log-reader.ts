/**
 * One reader of a live log: what it is sent, and what is left out when it does not read. It holds at most 1 MiB; what
 * does not fit is counted and told once there is room (C-07).
 */
import type { LogLine } from '../model/log-line.ts';
import type { LogTailLines, LogTailPing, LogTailSampled, LogTailSkipped } from './contract/logs.ts';

export const READER_MAX_BYTES = 1024 * 1024;
/** Lines go in pieces of about so many bytes, so that little is skipped at once. */
const EVENT_BYTES = 64 * 1024;
/** A reader that has read nothing for so long is not there any more. */
const STALLED_MAX_MS = 300_000;

export interface SentLines {
  lines: readonly LogLine[];
  /** A line as JSON; equal lines of many readers are rendered once. */
  render: (line: LogLine) => string;
  /** Cursor behind them. */
  id: string;
}

export class LogReader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #encoder = new TextEncoder();
  readonly #onEnd: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #skipped: LogTailSkipped | null = null;
  #fullSinceMs: number | null = null;

  /** @param onEnd called once, however it ended */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    const source: UnderlyingDefaultSource<Uint8Array> = {
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#tellSkipped();
      },
      cancel: () => this.#forget(),
    };
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: READER_MAX_BYTES });
    this.stream = new ReadableStream<Uint8Array>(source, strategy);
  }

  /** Bytes that wait to be read. */
  get heldBytes(): number {
    return READER_MAX_BYTES - (this.#controller?.desiredSize ?? READER_MAX_BYTES);
  }

  get isOpen(): boolean {
    return this.#controller !== null;
  }

  sendLines({ lines, render, id }: SentLines): void {
    for (let at = 0; at < lines.length; ) {
      const parts: string[] = [];
      let bytes = 0;
      const start = at;
      while (at < lines.length && (parts.length === 0 || bytes < EVENT_BYTES)) {
        const line = lines[at++];
        if (line === undefined) break;
        const text = render(line);
        parts.push(text);
        bytes += text.length;
      }
      const data = `{${JSON.stringify('lines' satisfies keyof LogTailLines)}:[${parts.join(',')}]}`;
      // Whoever comes back with the id of a part would miss the others: only the last one has it.
      const isSent = this.#send('lines', data, at === lines.length ? id : null);
      if (!isSent) this.#skip(lines.slice(start, at));
    }
  }

  sendSampled(message: LogTailSampled): void {
    this.#send('sampled', JSON.stringify(message), null);
  }

  sendSkipped(message: LogTailSkipped): void {
    this.#send('skipped', JSON.stringify(message), null);
  }

  /** Ends a reader that has not read for a long time. */
  ping(message: LogTailPing, id: string | null): void {
    if (this.#fullSinceMs !== null && performance.now() - this.#fullSinceMs > STALLED_MAX_MS) this.end();
    else this.#send('ping', JSON.stringify(message), id);
  }

  sendRetry(retryMs: number): void {
    this.#write(`retry: ${retryMs}\n\n`);
  }

  /** Says why it ends, and when to come back. */
  bye(reason: string, retryMs: number): void {
    this.#write(`event: bye\nretry: ${retryMs}\ndata: ${JSON.stringify({ reason })}\n\n`);
    this.end();
  }

  end(): void {
    const controller = this.#controller;
    this.#forget();
    try {
      controller?.close();
    } catch {
      // Closed from the other end already: what was wanted.
    }
  }

  #forget(): void {
    if (this.#controller === null) return;
    this.#controller = null;
    this.#onEnd();
  }

  #send(event: string, data: string, id: string | null): boolean {
    // First what was missed: a reader must not take what follows for all there was.
    if (this.#skipped !== null && event !== 'skipped' && !this.#tellSkipped()) return false;
    return this.#write(`${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
  }

  #write(text: string): boolean {
    if (this.#controller === null) return false;
    const bytes = this.#encoder.encode(text);
    if ((this.#controller.desiredSize ?? 0) < bytes.length) return false;
    this.#controller.enqueue(bytes);
    return true;
  }

  #skip(lines: readonly LogLine[]): void {
    if (this.#controller === null) return;
    this.#fullSinceMs ??= performance.now();
    const [fromMs, toMs] = [Math.min(...lines.map(atOf)), Math.max(...lines.map(atOf))];
    const known = this.#skipped ?? { lines: 0, fromMs, toMs };
    this.#skipped = {
      lines: known.lines + lines.length,
      fromMs: Math.min(known.fromMs, fromMs),
      toMs: Math.max(known.toMs, toMs),
    };
  }

  /** Once half of it was read: sooner it would be told of every few lines. */
  #tellSkipped(): boolean {
    if (this.#skipped === null || this.heldBytes > READER_MAX_BYTES / 2) return false;
    const message = this.#skipped;
    this.#skipped = null;
    this.#fullSinceMs = null;
    this.sendSkipped(message);
    return true;
  }
}

function atOf({ atMs }: LogLine): number {
  return atMs;
}
