import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortenAddresses } from './address-in-text.ts';

test.each([
  ['Failed login from 203.0.113.77.', 'Failed login from 203.0.113.0/24.'],
  ['by 203.0.113.77. Again by 198.51.100.4...', 'by 203.0.113.0/24. Again by 198.51.100.0/24...'],
  ['remote=/203.0.113.77:51234', 'remote=/203.0.113.0/24:51234'],
  [
    '[id: 0x1, L:/10.0.0.1:80 - R:/203.0.113.77:51234]',
    '[id: 0x1, L:/10.0.0.1:80 - R:/203.0.113.0/24:51234]',
  ],
  ['from /203.0.113.77, tcp://203.0.113.77:9', 'from /203.0.113.0/24, tcp://203.0.113.0/24:9'],
  ['peer ::ffff:203.0.113.77 left', 'peer ::ffff:203.0.113.0/24 left'],
  ['from 2001:db8:1:2::3: refused', 'from 2001:db8:1::/48: refused'],
  ['remote=/2001:db8:1:2:0:0:0:3:51234', 'remote=/2001:db8:1::/48:51234'],
  ['remote=/2001:db80:1111:2222:3333:4444:5555:6666:51234', 'remote=/2001:db80:1111::/48:51234'],
])('SEC-45 the addresses in %j are shortened', (text, expected) => {
  expect(shortenAddresses(text)).toBe(expected);
  expect(shortenAddresses(expected)).toBe(expected);
});

test.each([
  'version 1.2.3.4.5 and 11.22.33.44.55',
  'gem-1.2.3.4 v1.2.3.4 lib-1.2.3.4.so 1.2.3.4.tar.gz',
  'GET /releases/1.2.3.4 GET /1.2.3.4/notes ../1.2.3.4',
  'https://203.0.113.77/health',
  '203.0.113.0/24 10.0.0.1. 192.168.1.1. 127.0.0.1.',
  'at 12:34:56 and 12:34:56: done',
  'Foo::Bar::Baz: dead:beef',
])('%j holds none', (text) => {
  expect(shortenAddresses(text)).toBe(text);
});

test('SEC-45 no whole address is left, whatever sentence or form it stands in', () => {
  const part = fc.integer({ min: 0, max: 255 });
  const address = fc
    .tuple(fc.integer({ min: 193, max: 250 }), part, part, part)
    .map((parts) => parts.join('.'));
  const before = fc.constantFrom('', ' ', '=', '=/', '(', '"', ' /', 'R:/', '[/', '://', '@', ',');
  const after = fc.constantFrom('', '.', '. ', '.)', ',', ':8080', ':', ')', '"', ']', '; x', '…', '/');
  fc.assert(
    fc.property(address, before, after, (one, front, back) => {
      // A URL's host is a server, as before.
      fc.pre(!(front.endsWith('/') && back === '/'));
      const text = shortenAddresses(`seen${front === '' ? ' ' : ''}${front}${one}${back}`);
      expect(text).not.toMatch(new RegExp(`${one.replaceAll('.', '\\.')}(?!/24)`));
      expect(shortenAddresses(text)).toBe(text);
    }),
    { numRuns: 1_000 },
  );
});

test('SEC-38 64 KiB made to cost much cost little', () => {
  const pieces = [
    '1.',
    '1.2.3.4.',
    '1.2.3.4',
    '/1.2.3.4',
    '1.2.3.4/',
    ':',
    'a:',
    '::',
    '1:2:3:4:5:6:7:8:9:',
    'abcdef0123',
    '/',
  ];
  const startedMs = performance.now();
  for (const piece of pieces) {
    const run = piece.repeat(Math.ceil(65_536 / piece.length));
    for (const text of [run, `${run}x`, `x ${run}.`]) shortenAddresses(text);
  }
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
