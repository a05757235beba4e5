import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatLogCursor, parseLogCursor } from './log-cursor.ts';

const small = fc.nat(2 ** 30);
const position = fc.record({
  committedAtMs: fc.integer({ min: 0, max: 2 ** 42 }),
  seqs: fc
    .uniqueArray(fc.tuple(small, small), { maxLength: 8, selector: ([writerId]) => writerId })
    .map((pairs) => new Map(pairs)),
});
const cursor = fc.record({
  key: fc.record({ atMs: fc.integer({ min: 0, max: 2 ** 42 }), writerId: small, seq: small, index: small }),
  position: fc.option(position),
});

test('a cursor says what was written into it', () => {
  fc.assert(
    fc.property(cursor, (given) => {
      expect(parseLogCursor(formatLogCursor(given))).toEqual(given);
    }),
  );
});

test('whatever else comes as a cursor is none, and nothing throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 60 }),
        cursor.map((given) => `${formatLogCursor(given)}~`),
        cursor.map((given) => `-${formatLogCursor(given)}`),
      ),
      (text) => {
        const found = parseLogCursor(text);
        if (found !== null) expect(formatLogCursor(found)).toBe(text);
      },
    ),
  );
});
