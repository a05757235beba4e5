import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frame } from './framing.ts';

const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 20 });

function encode(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [Buffer.from(`${part.length} `), part]));
}

test('framing gives back what was framed, whatever the bytes', () => {
  fc.assert(
    fc.property(messages, (parts) => {
      const body = encode(parts);
      const framed = frame(body);
      expect(framed.messages.map(({ start, end }) => body.subarray(start, end))).toEqual(
        parts.map((part) => Buffer.from(part)),
      );
      expect([framed.problem, framed.at]).toEqual(['', body.length]);
    }),
  );
});

test('S-07 a body cut anywhere keeps every message that is whole', () => {
  fc.assert(
    fc.property(messages, fc.nat(), (parts, cut) => {
      const body = encode(parts);
      const cutBody = body.subarray(0, cut % (body.length + 1));
      const whole = parts.filter((_, index) => encode(parts.slice(0, index + 1)).length <= cutBody.length);
      expect(frame(cutBody).messages).toHaveLength(whole.length);
    }),
  );
});

test('no bytes make framing throw or go beyond the body', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { messages: found, at } = frame(bytes);
      expect(at).toBeLessThanOrEqual(bytes.length);
      for (const { start, end } of found) expect(start < end && end <= bytes.length).toBe(true);
    }),
  );
});
