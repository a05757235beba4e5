import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastAddress, shortAddress } from './address.ts';

test.each([
  ['203.0.113.7', '203.0.113.0/24'],
  ['203.0.113.7:52341', '203.0.113.0/24'],
  [' 10.0.0.255 ', '10.0.0.0/24'],
  ['2001:db8:1:2::3', '2001:db8:1::/48'],
  ['2001:DB8::1', '2001:db8::/48'],
  ['[2001:db8:1::1]:443', '2001:db8:1::/48'],
  ['fe80::1%eth0', 'fe80::/48'],
  ['::1', '::/48'],
  ['::ffff:203.0.113.7', '203.0.113.0/24'],
  ['::ffff:cb00:7107', '203.0.113.0/24'],
  ['1:2:3:4:5:6:7:8', '1:2:3::/48'],
  ['0:0:3::', '0:0:3::/48'],
  ['256.1.1.1', ''],
  ['1.2.3', ''],
  ['0x7f.0.0.1', ''],
  ['01.2.3.4', ''],
  ['1:2:3:4:5:6:7', ''],
  ['1::2::3', ''],
  ['1:2:3:4:5:6:7::8', ''],
  ['unknown', ''],
  ['', ''],
])('SEC-45 I-34 %s is kept as %s', (address, kept) => {
  expect(shortAddress(address)).toBe(kept);
});

test('I-34 of twenty hops the last one is taken', () => {
  const hops = Array.from({ length: 20 }, (_, index) => `203.0.113.${index}`);
  expect(lastAddress(hops.join(','))).toBe('203.0.113.19');
  expect(lastAddress(hops.join(', '))).toBe('203.0.113.19');
  expect(lastAddress('')).toBe('');
});

test('SEC-45 the last part of an address never survives, and no text makes it throw', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.ipV6(), fc.string(), (v4, v6, text) => {
      expect(shortAddress(v4)).toBe(`${v4.split('.').slice(0, 3).join('.')}.0/24`);
      expect(shortAddress(v6)).toMatch(/^(?:[0-9a-f:]+::\/48|::\/48|\d+\.\d+\.\d+\.0\/24)$/);
      expect(shortAddress(text)).toMatch(/^(?:.*\/(?:24|48))?$/);
    }),
  );
});
