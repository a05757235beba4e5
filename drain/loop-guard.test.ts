import { expect, test } from 'vitest';
import { bodyOf, requestLine } from '../test/lines.ts';
import { emptyLoopMemory, LoopGuard } from './loop-guard.ts';

const SIGNS = { appName: 'us', instance: 'drainboard-abcdefghijklmnop', hosts: ['drains.example.com'] };
const delivery = (path = '/drain', host = 'drains.example.com') =>
  requestLine().replace(
    'method=GET path="/cart" host=shop.example.com',
    `method=POST path="${path}" host=${host}`,
  );
const own = `<190>1 - host app web.1 - {"event":"x","instance":"${SIGNS.instance}"}`;
const look = (lines: string[], appName = 'shop') =>
  new LoopGuard(SIGNS).look({ loop: emptyLoopMemory() }, appName, bodyOf(lines), 10_000);

test('S-21 our own log lines, the router’s lines of deliveries to us, and our own app are known', () => {
  expect(look([requestLine(), own])).toBe(true);
  expect(look([delivery()])).toBe(true);
  expect(look([delivery('/drain/shop?env=prod')])).toBe(true);
  expect(look([requestLine()], 'us')).toBe(true);
});

test('S-21 another Drainboard, our pages, and lines that only look alike are no loop', () => {
  expect(look([delivery('/drain', 'other.example.com')])).toBe(false);
  expect(look([requestLine().replace('shop.example.com', 'drains.example.com')])).toBe(false);
  expect(
    look([delivery('/drain', 'x'), requestLine().replace('shop.example.com', 'drains.example.com')]),
  ).toBe(false);
  expect(look([own.replace('abc', 'xyz')])).toBe(false);
});

test('S-21 a drain is looked at once a second; once it loops every body counts, for ten minutes after the last', () => {
  const guard = new LoopGuard(SIGNS);
  const drain = { loop: emptyLoopMemory() };
  const [plain, loop] = [bodyOf([requestLine()]), bodyOf([delivery(), own])];
  expect(guard.look(drain, 'shop', plain, 10_000)).toBe(false);
  expect(guard.look(drain, 'shop', loop, 10_500)).toBe(false);
  expect(guard.look(drain, 'shop', loop, 11_000)).toBe(true);
  expect(guard.look(drain, 'shop', loop, 11_001)).toBe(true);
  expect(guard.look(drain, 'shop', plain, 20_000)).toBe(true);
  expect(guard.apps(20_000)).toEqual({ shop: 4 });
  expect(guard.look(drain, 'shop', plain, 11_001 + 600_000)).toBe(false);
  expect(guard.apps(11_001 + 600_000)).toEqual({});
});
