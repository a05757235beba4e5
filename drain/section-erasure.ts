/** Erasure of a text in a section of the durable log (SEC-49): requests are looked up there for a day. */
import type { ErasedText } from '../model/erased-text.ts';
import { ChunkError, decodeSection, encodeSection } from './chunk.ts';
import { recycle, type Section } from './section.ts';

/** Columns whose texts come from outside; dynos, methods and releases name nobody. */
const COLUMNS = ['path', 'host', 'client', 'requestIdText'] as const;

/**
 * The section with a text masked in its requests, and without unreadable bytes that hold it; null when it holds none,
 * or cannot be read: nobody is shown that one, it goes with its time.
 */
export function eraseFromSection(bytes: Uint8Array, text: ErasedText): Buffer | null {
  const section = decodedOrNull(bytes);
  if (section === null) return null;
  const masked = maskedTexts(section, text);
  const isChanged = eraseUnreadable(section, text) || masked.size > 0;
  if (isChanged) {
    // A decoded section has texts alone; the encoder writes their bytes.
    for (let at = 1; at < section.texts.length; at++) {
      section.textBytes.push(Buffer.from(masked.get(at) ?? section.texts[at]!));
    }
  }
  const result = isChanged ? encodeSection(section) : null;
  recycle(section);
  return result;
}

function decodedOrNull(bytes: Uint8Array): Section | null {
  try {
    return decodeSection(bytes);
  } catch (error) {
    if (!(error instanceof ChunkError)) throw error;
    return null;
  }
}

/** By number in the dictionary. */
function maskedTexts({ requests, texts }: Section, text: ErasedText): Map<number, string> {
  const masked = new Map<number, string>();
  const fits = new Set(texts.flatMap((each, number) => (text.isIn(each) ? [number] : [])));
  if (fits.size === 0) return masked;
  for (const name of COLUMNS) {
    for (const number of requests[name].subarray(0, requests.length)) {
      if (fits.has(number)) masked.set(number, text.hide(texts[number] ?? ''));
    }
  }
  return masked;
}

/** Empties the bytes of records that hold the text; whether there were any. */
function eraseUnreadable({ records }: Section, text: ErasedText): boolean {
  let isChanged = false;
  for (const { body } of records) {
    if (body.type !== 'quarantine' || !text.isIn(Buffer.from(body.base64, 'base64').toString())) continue;
    body.base64 = '';
    isChanged = true;
  }
  return isChanged;
}
