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

/** Reads at most maxBytes. The request is left unread past that: the caller answers and closes. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<BodyResult> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    const finish = (result: BodyResult): void => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('close', onClose);
      request.off('error', onClose);
      resolve(result);
    };
    const onData = (part: Buffer): void => {
      killPoint('body.part');
      length += part.length;
      if (length > maxBytes) {
        request.pause();
        finish({ kind: 'tooLarge' });
        return;
      }
      parts.push(part);
    };
    const onEnd = (): void => {
      if (!request.complete) finish({ kind: 'cut' });
      else finish({ kind: 'read', buf: parts.length === 1 ? parts[0]! : Buffer.concat(parts, length) });
    };
    const onClose = (): void => finish({ kind: 'cut' });
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('close', onClose);
    request.on('error', onClose);
    // It left while its credentials were looked up: neither event comes a second time.
    if (request.destroyed) onClose();
  });
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
