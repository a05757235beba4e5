import { describe, expect, test } from 'vitest';
import { keyedHash, randomText } from './secret.ts';

describe('a keyed hash', () => {
  test('SEC-01 has 32 bytes and is the same for the same', () => {
    expect(keyedHash('key', 'drain', 'secret')).toHaveLength(32);
    expect(keyedHash('key', 'drain', 'secret')).toEqual(keyedHash('key', 'drain', 'secret'));
  });

  test('SEC-01 differs by key, purpose and secret', () => {
    const hashes = [
      keyedHash('key', 'drain', 'secret'),
      keyedHash('other', 'drain', 'secret'),
      keyedHash('key', 'apiToken', 'secret'),
      keyedHash('key', 'session', 'secret'),
      keyedHash('key', 'drain', 'secret '),
      // Purpose and secret cannot flow into one another.
      keyedHash('key', 'drain', 'drain\0secret'),
    ].map((hash) => hash.toString('hex'));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('a random text', () => {
  test.each([1, 64, 160, 256])('SEC-01 of %i bits is long enough and safe in user info', (bits) => {
    const text = randomText(bits);
    expect(text).toMatch(/^[A-Za-z0-9_]+$/);
    expect(text.length * Math.log2(55)).toBeGreaterThanOrEqual(bits);
  });

  test('SEC-01 is never the same twice', () => {
    expect(new Set(Array.from({ length: 1000 }, () => randomText(160))).size).toBe(1000);
  });

  test('SEC-01 uses every letter of its alphabet about equally often', () => {
    const counts = new Map<string, number>();
    const text = randomText(300_000);
    for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    const expected = text.length / 55;
    expect(counts.size).toBe(55);
    // Six standard deviations: a fair draw fails this once in ten million runs.
    for (const count of counts.values())
      expect(Math.abs(count - expected)).toBeLessThan(6 * Math.sqrt(expected));
  });
});
