/** Making and hashing secrets. Only keyed hashes are ever stored (SEC-01, SEC-20, SEC-27). */
import { createHmac, randomBytes } from 'node:crypto';

/** What a secret is for: part of the hashed text, so that a hash of one purpose never matches another. */
export type SecretPurpose = 'drain' | 'session' | 'apiToken' | 'wall' | 'user';

/** HMAC-SHA-256 under the instance's key (`DRAINBOARD_SECRET`): 32 bytes. */
export function keyedHash(key: string, purpose: SecretPurpose, secret: string): Buffer {
  return createHmac('sha256', key).update(purpose).update('\0').update(secret).digest();
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz_';

/** A random text of `bits` or more random bits from [A-Za-z0-9_], safe in a URL's user info (FORMATS 1.1). */
export function randomText(bits: number): string {
  const perCharacter = Math.log2(ALPHABET.length);
  const length = Math.ceil(bits / perCharacter);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      // Bytes past the last whole multiple would make early letters likelier.
      if (byte < Math.floor(256 / ALPHABET.length) * ALPHABET.length && text.length < length) {
        text += ALPHABET[byte % ALPHABET.length];
      }
    }
  }
  return text;
}
