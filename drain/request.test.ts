import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { frameIdOf, isDrainPath, readRequest, refusalOf } from './request.ts';

function request(headers: Record<string, string>, url = '/drain', method = 'POST'): IncomingMessage {
  return {
    headers: { 'content-type': 'application/logplex-1', ...headers },
    url,
    method,
  } as unknown as IncomingMessage;
}

test('a Logplex is told from a shuttle by its frame id and its agent', () => {
  const logplex = readRequest(request({ 'logplex-frame-id': 'AB', 'user-agent': 'Logplex/v72' }));
  expect(logplex).toMatchObject({ dialect: 'logplex', isShuttle: false, identity: 'AB' });
  const shuttle = readRequest(request({ 'x-request-id': 'r-1', 'user-agent': 'log-shuttle/0.18.0' }));
  expect(shuttle).toMatchObject({ dialect: 'shuttle', isShuttle: true, identity: 'r-1' });
  expect(readRequest(request({}))).toMatchObject({ dialect: 'shuttle', isShuttle: false, identity: '' });
});

test('S-16 I-07 numbers in headers are read when they are numbers, and are absent otherwise', () => {
  const of = (text: string) =>
    readRequest(request({ 'logplex-msg-count': text, 'logplex-drop-count': text }));
  expect(of('12')).toMatchObject({ announced: 12, dropCount: 12 });
  for (const bad of ['', '-1', '+1', '1e3', '0x1', '1.5', '9'.repeat(16), ' ', '1 2']) {
    expect(of(bad), bad).toMatchObject({ announced: -1, dropCount: 0 });
  }
});

test('S-17 the identity is the frame id, else the request id, else a hash of drain and body', () => {
  const body = Buffer.from('83 x');
  expect(frameIdOf('09C557EAFCFB6CF2740EE62F62971098', 1, body).toString('hex')).toBe(
    '09c557eafcfb6cf2740ee62f62971098',
  );
  const byRequest = frameIdOf('6b4a7fa4-0000-4000-8000-000000000001', 1, body);
  expect(byRequest).toEqual(frameIdOf('6b4a7fa4-0000-4000-8000-000000000001', 2, Buffer.from('other')));
  expect(byRequest).toHaveLength(16);
  expect(frameIdOf('', 1, body)).toEqual(frameIdOf('', 1, Buffer.from(body)));
  expect(frameIdOf('', 1, body)).not.toEqual(frameIdOf('', 2, body));
  expect(frameIdOf('', 1, body)).not.toEqual(frameIdOf('', 1, Buffer.from('84 x')));
});

test('paths and what they name', () => {
  for (const [url, app] of [
    ['/drain', null],
    ['/drain/', null],
    ['/drain?x=/drain/shop', null],
    ['/drain/shop', 'shop'],
    ['/drain/shop/?env=prod', 'shop'],
    ['/drain/%73hop', 'shop'],
    ['/drain/%ff', '%ff'],
    ['/drain/a/b', null],
  ] as const) {
    expect(readRequest(request({}, url)).pathApp, url).toBe(app);
  }
  expect(['/drain', '/drain?x', '/drain/x', '/drains', '/', '/api/drain'].map(isDrainPath)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('what is refused by its headers alone', () => {
  expect(refusalOf(request({}))).toBeNull();
  expect(refusalOf(request({}, '/drain', 'GET'))).toEqual({ status: 405, allow: 'POST' });
  expect(refusalOf(request({ 'content-type': 'text/plain' }))).toEqual({ status: 415 });
  expect(refusalOf(request({ 'content-encoding': 'identity' }))).toBeNull();
  expect(refusalOf(request({ 'content-encoding': 'GZIP', 'user-agent': 'log-shuttle' }))).toBeNull();
  for (const encoding of ['gzip', 'br', 'gzip, gzip', 'zstd']) {
    expect(refusalOf(request({ 'content-encoding': encoding })), encoding).toEqual({ status: 415 });
  }
});
