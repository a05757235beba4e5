/** The JSON body of a change, under its bounds (SEC-52). */
import type { Context } from 'hono';
import { ApiError } from './error.ts';

export const BODY_BYTES_MAX = 256 * 1024;
export const JSON_DEPTH_MAX = 20;

/** The parsed body; `{}` for an empty one. Throws ApiError. */
export async function readJsonBody(c: Context): Promise<unknown> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new ApiError('notJson');
  const text = await readText(c.req.raw);
  if (text.trim() === '') return {};
  if (isDeeperThan(text, JSON_DEPTH_MAX)) {
    throw new ApiError('badRequest', { detail: `JSON is nested at most ${JSON_DEPTH_MAX} deep here.` });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('badRequest', { detail: 'The body is not readable JSON.' });
  }
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > BODY_BYTES_MAX) throw new ApiError('tooLarge');
  if (!request.body) return '';
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of request.body) {
    bytes += piece.byteLength;
    if (bytes > BODY_BYTES_MAX) throw new ApiError('tooLarge');
    pieces.push(piece);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
  } catch {
    throw new ApiError('badRequest', { detail: 'The body is not UTF-8.' });
  }
}

/** Counts open brackets outside of strings, so that nothing deep is ever parsed. */
export function isDeeperThan(json: string, depthMax: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') {
      depth++;
      if (depth > depthMax) return true;
    } else if (character === '}' || character === ']') depth--;
  }
  return false;
}
