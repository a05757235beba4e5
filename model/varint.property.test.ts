import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './varint.ts';

const whole = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat(),
  fc.constantFrom(0x7f, 0x80, 0x7fffffff, 0x80000000, 2 ** 53 - 1),
);
const signed = fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 });

test('numbers and texts are read as they were written, in any mix', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(whole, signed, fc.double(), fc.string())), (rows) => {
      const out = new ByteWriter(4);
      for (const [a, b, c, d] of rows) {
        out.varint(a);
        out.zigzag(b);
        out.float64(c);
        out.text(d);
      }
      const input = new ByteReader(out.written().slice());
      for (const [a, b, c, d] of rows) {
        expect(input.varint()).toBe(a);
        expect(input.zigzag() + 0).toBe(b + 0);
        expect(input.float64()).toBe(c);
        expect(input.text()).toBe(d.toWellFormed());
      }
      expect(input.left).toBe(0);
    }),
  );
});

test('bytes that end too early throw a RangeError', () => {
  expect(() => new ByteReader(Uint8Array.of(0x80)).varint()).toThrow(RangeError);
  expect(() => new ByteReader(Uint8Array.of(5, 1)).text()).toThrow(RangeError);
  expect(() => new ByteReader(Uint8Array.of(1)).float64()).toThrow(RangeError);
  expect(() => new ByteReader(new Uint8Array(20).fill(0xff)).varint()).toThrow(RangeError);
});
