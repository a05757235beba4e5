import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  deriveSpoolKey,
  type EncodedGroup,
  makeSpoolWriter,
  nameOf,
  openEntry,
  openLogs,
  sealEntry,
  sealLogs,
} from './spool-entry.ts';

const KEY = deriveSpoolKey('s'.repeat(40));
const OTHER_KEY = deriveSpoolKey('t'.repeat(40));

const number = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const bytes = (length: { minLength: number; maxLength: number }): fc.Arbitrary<Buffer> =>
  fc.uint8Array(length).map((array) => Buffer.from(array));

const group: fc.Arbitrary<EncodedGroup> = fc.record({
  messages: number,
  appIds: fc.array(number, { maxLength: 5 }),
  sectionEnds: fc.array(number, { maxLength: 5 }),
  knownDuplicates: fc.array(number, { maxLength: 5 }),
  frames: fc.array(
    fc.record({ position: number, drainId: number, frameId: bytes({ minLength: 16, maxLength: 16 }) }),
    { maxLength: 5 },
  ),
  body: bytes({ minLength: 0, maxLength: 200 }),
  logs: fc.constant(null),
});
const name = fc.record({
  writer: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((array) => Buffer.from(array).toString('hex')),
  number: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
});

test('what was put into an entry comes out of it, whichever of the keys it was made with', () => {
  fc.assert(
    fc.property(name, group, fc.constantFrom(KEY, OTHER_KEY), (entryName, given, key) => {
      const entry = sealEntry(key, entryName, given);
      expect(openEntry([KEY, OTHER_KEY], entry)).toEqual({ ok: true, value: given });
      expect(nameOf(entry)).toEqual(entryName);
    }),
  );
});

test('SEC-43 any bit flipped anywhere, or bytes cut or added: refused with a reason, never read as something else', () => {
  fc.assert(
    fc.property(name, group, fc.nat(), fc.integer({ min: 0, max: 7 }), (entryName, given, at, bit) => {
      const entry = sealEntry(KEY, entryName, given);
      const flipped = Buffer.from(entry);
      const place = at % flipped.length;
      flipped[place] = (flipped[place] ?? 0) ^ (1 << bit);
      const due = place === 0 ? 'otherVersion' : place < 5 ? 'unknownKey' : 'damaged';
      expect(openEntry([KEY], flipped)).toEqual({ ok: false, error: due });
      expect(openEntry([KEY], entry.subarray(0, place)).ok).toBe(false);
      expect(openEntry([KEY], Buffer.concat([entry, Buffer.from([at & 255])])).ok).toBe(false);
    }),
  );
});

test('U-08 U-05 bytes of any kind, other versions and other keys never throw', () => {
  fc.assert(
    fc.property(bytes({ minLength: 0, maxLength: 200 }), (noise) => {
      expect(openEntry([KEY], noise).ok).toBe(false);
    }),
  );
  const given: EncodedGroup = {
    messages: 1,
    appIds: [1],
    sectionEnds: [1],
    knownDuplicates: [],
    frames: [],
    body: Buffer.of(1),
    logs: null,
  };
  const entry = sealEntry(KEY, { writer: makeSpoolWriter(), number: 1 }, given);
  expect(openEntry([OTHER_KEY], entry)).toEqual({ ok: false, error: 'unknownKey' });
  const newer = Buffer.from(entry);
  newer[0] = 2;
  expect(openEntry([KEY], newer)).toEqual({ ok: false, error: 'otherVersion' });
  // Its name can still be told, so that its account can be found.
  expect(nameOf(newer)).toEqual(nameOf(entry));
  expect(nameOf(Buffer.alloc(10))).toBeNull();
});

test('SEC-43 two entries of the same group have nothing in common but their header', () => {
  const given: EncodedGroup = {
    messages: 1,
    appIds: [1],
    sectionEnds: [64],
    knownDuplicates: [],
    frames: [],
    body: Buffer.alloc(64, 7),
    logs: null,
  };
  const entryName = { writer: makeSpoolWriter(), number: 1 };
  const [first, second] = [sealEntry(KEY, entryName, given), sealEntry(KEY, entryName, given)];
  expect(first.subarray(0, 19)).toEqual(second.subarray(0, 19));
  expect(first.subarray(19, 31)).not.toEqual(second.subarray(19, 31));
  expect(first.subarray(31)).not.toEqual(second.subarray(31));
  expect(first.includes(Buffer.alloc(16, 7))).toBe(false);
});

const logs = fc.record({
  appIds: fc.array(number, { maxLength: 5 }),
  sectionEnds: fc.array(number, { maxLength: 5 }),
  lines: number,
  body: bytes({ minLength: 0, maxLength: 200 }),
});

test('SEC-44 lines beside an entry are encrypted under its name: they come out again for that entry and no other', () => {
  fc.assert(
    fc.property(name, name, logs, fc.nat(), (entryName, otherName, given, at) => {
      const sealed = sealLogs(KEY, entryName, given)!;
      expect(openLogs([OTHER_KEY, KEY], entryName, sealed)).toEqual(given);
      expect(openLogs([OTHER_KEY], entryName, sealed)).toBeNull();
      if (otherName.writer !== entryName.writer) expect(openLogs([KEY], otherName, sealed)).toBeNull();
      const flipped = Buffer.from(sealed);
      flipped[at % flipped.length]! ^= 1;
      expect(openLogs([KEY], entryName, flipped)).toBeNull();
      if (given.body.length >= 16) expect(sealed.includes(given.body)).toBe(false);
    }),
  );
  expect(sealLogs(KEY, { writer: makeSpoolWriter(), number: 1 }, null)).toBeNull();
});

test('R-15 U-08 an entry is the same with lines and without: a release that knows none reads it', () => {
  fc.assert(
    fc.property(name, group, logs, (entryName, given, lines) => {
      const opened = openEntry([KEY], sealEntry(KEY, entryName, { ...given, logs: lines }));
      expect(opened).toEqual({ ok: true, value: given });
    }),
  );
});

test('the key of the spool is its own, and the same after every start', () => {
  expect(deriveSpoolKey('s'.repeat(40))).toEqual(KEY);
  expect(KEY.key).toHaveLength(32);
  expect(KEY.id.equals(KEY.key.subarray(0, 4))).toBe(false);
  expect(OTHER_KEY.id.equals(KEY.id)).toBe(false);
});
