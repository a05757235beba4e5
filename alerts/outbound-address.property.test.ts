import { BlockList } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayConnect, readTarget } from './outbound-address.ts';

const RULES = { allowed: new BlockList(), ports: [], ownHosts: [] };

/** A private or loopback address as four numbers. */
const inner = fc.oneof(
  fc.tuple(fc.constant(127), fc.nat(255), fc.nat(255), fc.nat(255)),
  fc.tuple(fc.constant(10), fc.nat(255), fc.nat(255), fc.nat(255)),
  fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
  fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
);
const radix = fc.constantFrom(10, 8, 16);

function write(number: number, base: number): string {
  return base === 16 ? `0x${number.toString(16)}` : base === 8 ? `0${number.toString(8)}` : String(number);
}

test('I-49 no way to write a private IPv4 address gets past', () => {
  fc.assert(
    fc.property(
      inner,
      fc.array(radix, { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (parts, bases, count) => {
        // The last part of a short form holds all that is left.
        const rest = parts.slice(count - 1).reduce((sum, part) => sum * 256 + part, 0);
        const shown = [...parts.slice(0, count - 1), rest]
          .map((part, n) => write(part, bases[n] ?? 10))
          .join('.');
        const target = readTarget(`https://${shown}/x`, RULES);
        expect(target.ok && mayConnect(target.value.host, RULES)).toBe(false);
      },
    ),
  );
});

test('I-50 no IPv6 address that holds a private IPv4 address in a known place gets past', () => {
  const prefixes = fc.constantFrom(
    '::',
    '::ffff:',
    '::ffff:0:',
    '64:ff9b::',
    '64:ff9b:1::',
    '2002:',
    '2001:0:',
  );
  fc.assert(
    fc.property(inner, prefixes, ([a, b, c, d], prefix) => {
      const high = ((a << 8) | b).toString(16);
      const low = ((c << 8) | d).toString(16);
      const text = prefix.startsWith('200') ? `${prefix}${high}:${low}::` : `${prefix}${high}:${low}`;
      const target = readTarget(`https://[${text}]/`, RULES);
      expect(target.ok && mayConnect(target.value.host, RULES)).toBe(false);
    }),
  );
});

test('I-51 no text makes reading a URL throw, and none that is read holds a user name', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.string().map((text) => `https://${text}`),
      ),
      (text) => {
        const target = readTarget(text, RULES);
        if (target.ok) expect(target.value.url.username).toBe('');
      },
    ),
  );
});
