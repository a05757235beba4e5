import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeLogBlock,
  decodeLogSection,
  encodeLogBlock,
  encodeLogSection,
  LogBlockError,
  type NewLogLine,
} from './log-block.ts';
import {
  compareLogLines,
  formatLogKey,
  LOG_LEVELS,
  LOG_SOURCES,
  type LogLine,
  type LogLineKey,
  parseLogKey,
} from './log-line.ts';

const source = fc.constantFrom(...LOG_SOURCES);
const level = fc.constantFrom(null, ...LOG_LEVELS);
const key: fc.Arbitrary<LogLineKey> = fc.record({
  atMs: fc.integer({ min: 0, max: 4e12 }),
  writerId: fc.nat(),
  seq: fc.integer({ min: 0, max: 1e12 }),
  index: fc.nat(10_000),
});
/** As an encoder of UTF-8 leaves it: lone surrogates were replaced when the bytes were read. */
const text = fc.string({ unit: 'binary', maxLength: 300 }).map((value) => value.toWellFormed());
const content = {
  source,
  level,
  procid: fc.constantFrom('web.1', 'router', '-', 'postgres.123'),
  code: fc.constantFrom(null, 'H12', 'R14'),
  status: fc.option(fc.integer({ min: 100, max: 599 })),
  requestId: fc.option(fc.uuid()),
  text,
};
const newLine: fc.Arbitrary<NewLogLine> = fc.record({ ...content, atMs: fc.nat(4e12), frame: fc.nat(500) });
const line: fc.Arbitrary<LogLine> = fc
  .tuple(key, fc.record(content))
  .map(([place, rest]) => ({ ...place, ...rest }));
const section = fc.record({
  appId: fc.nat(),
  lines: fc.array(newLine, { maxLength: 60 }),
  leftOut: fc.array(
    fc.record({ frame: fc.nat(500), bucketS: fc.nat(4e9), source, level, count: fc.nat(1e9) }),
    { maxLength: 5 },
  ),
});

test('a section gives back what was put into it, short and plain or long and compressed', () => {
  fc.assert(
    fc.property(section, (input) => {
      expect(decodeLogSection(encodeLogSection(input))).toEqual(input);
    }),
  );
});

test('a block gives back its lines in their order', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
      expect(decodeLogBlock(encodeLogBlock(lines))).toEqual(lines);
    }),
  );
});

test('damaged bytes are told as damage, whatever was changed', () => {
  fc.assert(
    fc.property(section, fc.nat(), fc.integer({ min: 1, max: 255 }), (input, position, change) => {
      const bytes = encodeLogSection(input);
      const at = position % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ change;
      try {
        decodeLogSection(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(LogBlockError);
      }
    }),
  );
  expect(() => decodeLogBlock(Buffer.from([2, 0, 0, 0, 0, 0]))).toThrow(LogBlockError);
  expect(() => decodeLogBlock(Buffer.from([1, 0, 255, 255, 255, 255]))).toThrow(LogBlockError);
});

test("a line's key is written as a word and read again, and nothing else is a key", () => {
  fc.assert(
    fc.property(key, (place) => {
      expect(parseLogKey(formatLogKey(place))).toEqual(place);
    }),
  );
  for (const other of ['', '1.2.3', '1.2.3.4.5', 'x.-1.2.3', "'; DROP", '1.2.3.99999999999']) {
    expect(parseLogKey(other)).toBeNull();
  }
});

test('the order of lines is one, by time first', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Math.sign(compareLogLines(a, b))).toBe(-Math.sign(compareLogLines(b, a)) + 0);
      if (a.atMs < b.atMs) expect(compareLogLines(a, b)).toBeLessThan(0);
    }),
  );
});
