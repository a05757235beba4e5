/**
 * Secrets at rest (SEC-43): AES-256-GCM under a key derived from the instance's (`DRAINBOARD_SECRET`), a fresh nonce
 * each time, and the row as associated data, so that bytes copied to another row open nothing.
 *
 *   [version u8][key id, 4 bytes][nonce, 12 bytes][ciphertext][tag, 16 bytes]
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { err, ok, type Result } from '../model/result.ts';

const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES;
const CIPHER = 'aes-256-gcm';

/** A key, and how boxes name it. */
export interface BoxKey {
  id: Buffer;
  key: Buffer;
}

/** `unknownKey`: boxed under another DRAINBOARD_SECRET. `damaged`: changed bytes, or another row's. */
export type BoxFault = 'tooShort' | 'otherVersion' | 'unknownKey' | 'damaged';

/** The key of boxes: what is told of it helps nobody with the other keys of the instance. */
export function deriveBoxKey(secret: string): BoxKey {
  const derive = (label: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `drainboard secret box ${label}`, bytes));
  return { key: derive('key', 32), id: derive('key id', KEY_ID_BYTES) };
}

/** row: table and public id, `receivers/3f2a…`. */
export function sealBox(key: BoxKey, row: string, plain: string): Buffer {
  const header = Buffer.concat([Buffer.from([VERSION]), key.id]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.key, nonce).setAAD(associated(header, row));
  return Buffer.concat([header, nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** With whichever of the keys the box names. Never throws on damage. */
export function openBox(keys: readonly BoxKey[], row: string, box: Buffer): Result<string, BoxFault> {
  const bodyAt = HEADER_BYTES + NONCE_BYTES;
  if (box.length < bodyAt + TAG_BYTES) return err('tooShort');
  if (box[0] !== VERSION) return err('otherVersion');
  const key = keys.find(({ id }) => id.equals(box.subarray(1, HEADER_BYTES)));
  if (key === undefined) return err('unknownKey');
  const decipher = createDecipheriv(CIPHER, key.key, box.subarray(HEADER_BYTES, bodyAt))
    .setAAD(associated(box.subarray(0, HEADER_BYTES), row))
    .setAuthTag(box.subarray(box.length - TAG_BYTES));
  try {
    const parts = [decipher.update(box.subarray(bodyAt, box.length - TAG_BYTES)), decipher.final()];
    return ok(Buffer.concat(parts).toString('utf8'));
  } catch {
    return err('damaged');
  }
}

function associated(header: Buffer, row: string): Buffer {
  return Buffer.concat([header, Buffer.from(row, 'utf8')]);
}
