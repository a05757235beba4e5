import { expect, test } from 'vitest';
import { EmbeddedError } from './embedded/native.ts';
import { explainFailure } from './explain.ts';

const coded = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

test('a taken port is named, however deep the cause lies', () => {
  const cause = coded('EADDRINUSE', 'listen EADDRINUSE: address already in use :::5000', { port: 5000 });
  const sentence = 'port 5000 is taken: stop what uses it, or choose another with PORT=5050';
  expect(explainFailure(cause)).toBe(sentence);
  expect(explainFailure(new Error('could not start', { cause }))).toBe(sentence);
});

test('a database that is away, misspelt or closed to us is a matter of DATABASE_URL', () => {
  const cause = coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1');
  expect(explainFailure(new Error('migration 1 failed', { cause }))).toBe(
    'the database does not answer: check DATABASE_URL and that the server runs (connect ECONNREFUSED 127.0.0.1:1)',
  );
  expect(explainFailure(coded('28P01', 'password authentication failed for user "u"'))).toContain('password');
  expect(explainFailure(coded('3D000', 'database "x" does not exist'))).toContain('does not exist');
});

test('what the embedded server says is passed on', () => {
  expect(explainFailure(new EmbeddedError('the data folder is read-only'))).toBe(
    'the data folder is read-only',
  );
});

test('a fault of ours stays one', () => {
  expect(explainFailure(new TypeError('x is not a function'))).toBeUndefined();
  expect(explainFailure(coded('42P01', 'relation "apps" does not exist'))).toBeUndefined();
  expect(explainFailure('thrown text')).toBeUndefined();
});
