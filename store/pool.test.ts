import { expect, test } from 'vitest';
import { chooseTls, parseDatabaseUrl, readNumber } from './pool.ts';

test('a database URL is taken apart, with escapes, defaults and a socket folder', () => {
  expect(parseDatabaseUrl('postgres://us%40er:p%2Fw@db.example.com:6543/app?sslmode=require')).toEqual({
    user: 'us@er',
    password: 'p/w',
    host: 'db.example.com',
    port: 6543,
    database: 'app',
    sslmode: 'require',
  });
  expect(parseDatabaseUrl('postgresql://me@localhost/app?host=%2Frun%2Fpg')).toMatchObject({
    host: '/run/pg',
  });
  expect(parseDatabaseUrl('postgres://me@[::1]/')).toMatchObject({ host: '::1', port: 5432, database: 'me' });
});

test('R-17 what is no database URL is refused without being repeated', () => {
  for (const text of ['', 'mysql://a:hunter2@b/c', 'hunter2']) {
    expect(() => parseDatabaseUrl(text)).toThrow(/^not a database URL/);
    expect(() => parseDatabaseUrl(text)).not.toThrow('hunter2');
  }
});

test.each([
  ['/run/pg', undefined, {}, false, undefined],
  ['localhost', undefined, {}, false, undefined],
  ['127.0.0.1', 'require', {}, true, undefined],
  ['db', undefined, {}, false, 'plain'],
  ['10.1.2.3', undefined, {}, false, 'plain'],
  ['db.example.com', undefined, {}, true, undefined],
  ['db.example.com', 'disable', {}, false, 'plain'],
  ['db.example.com', 'no-verify', {}, 'open', 'unverified'],
  ['ec2.amazonaws.com', undefined, { onHeroku: true }, 'open', 'unverified'],
  ['ec2.amazonaws.com', 'require', { onHeroku: true, ca: 'PEM' }, true, undefined],
])('SEC-46 TLS to %s with sslmode %s and %j', (host, sslmode, options, protection, notice) => {
  const choice = chooseTls({ host, sslmode }, options);
  const seen = choice.ssl === false ? false : choice.ssl.rejectUnauthorized || 'open';
  expect([seen, choice.notice]).toEqual([protection, notice]);
});

test('SEC-46 a CA on Heroku verifies the chain but not the name, elsewhere both', () => {
  const host = 'db.example.com';
  expect(chooseTls({ host, sslmode: undefined }, { ca: 'PEM', onHeroku: true }).ssl).toHaveProperty(
    'checkServerIdentity',
  );
  expect(chooseTls({ host, sslmode: undefined }, { ca: 'PEM' }).ssl).toEqual({
    rejectUnauthorized: true,
    ca: 'PEM',
  });
});

test('numbers of the database that a double cannot hold fail instead of changing', () => {
  expect(readNumber('-9007199254740991')).toBe(-9007199254740991);
  expect(readNumber('1.5')).toBe(1.5);
  expect(() => readNumber('9007199254740992')).toThrow(RangeError);
});
