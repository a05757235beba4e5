/** Reading a request's body under its bounds. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { killPoint } from '../model/kill-point.ts';

export type BodyResult =
  | { kind: 'read'; buf: Buffer }
  | { kind: 'tooLarge' }
  /** The sender went away or broke the rules of HTTP before the end (S-07, S-08). */
  | { kind: 'cut' }
  /** Said to be gzip and is not, or grows past the bound (I-39). */
  | { kind: 'badGzip' };

const unzip = promisify(gunzip);
const EMPTY = Buffer.alloc(0);

/** Reads at most maxBytes and tells once. The request is left unread past that: the caller answers and closes. */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (result: BodyResult) => void,
): void {
  const reader = new BodyReader(request, maxBytes, done);
  request.on('data', (part: Buffer) => reader.add(part));
  request.on('end', () => reader.end());
  // Also of a request in a pipeline, whose answer has no connection yet. Errors without a listener end in it too.
  request.on('close', () => reader.left());
  // It left while its credentials were looked up: no event comes a second time.
  if (request.destroyed) reader.left();
}

class BodyReader {
  readonly #request: IncomingMessage;
  readonly #maxBytes: number;
  readonly #done: (result: BodyResult) => void;
  /** Nearly every body comes in one part, which is then handed on without a copy. */
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  #length = 0;
  #isDone = false;

  constructor(request: IncomingMessage, maxBytes: number, done: (result: BodyResult) => void) {
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#done = done;
  }

  add(part: Buffer): void {
    killPoint('body.part');
    if (this.#isDone) return;
    this.#length += part.length;
    if (this.#length > this.#maxBytes) {
      this.#request.pause();
      this.#finish({ kind: 'tooLarge' });
      return;
    }
    if (this.#first === null) {
      this.#first = part;
      return;
    }
    this.#more ??= [this.#first];
    this.#more.push(part);
  }

  end(): void {
    if (!this.#request.complete) this.#finish({ kind: 'cut' });
    else {
      const buf = this.#more === null ? (this.#first ?? EMPTY) : Buffer.concat(this.#more, this.#length);
      this.#finish({ kind: 'read', buf });
    }
  }

  /** The sender is gone, or broke the rules of HTTP. */
  left(): void {
    this.#finish({ kind: 'cut' });
  }

  #finish(result: BodyResult): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#first = null;
    this.#more = null;
    this.#done(result);
  }
}

/** Unpacks a gzip body to at most maxBytes. */
export async function unpack(buf: Buffer, maxBytes: number): Promise<BodyResult> {
  try {
    return { kind: 'read', buf: await unzip(buf, { maxOutputLength: maxBytes }) };
  } catch (error) {
    const tooLarge = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    return tooLarge ? { kind: 'tooLarge' } : { kind: 'badGzip' };
  }
}
