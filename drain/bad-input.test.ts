import { expect, describe as group, test } from 'vitest';
import { BAD_MESSAGES } from '../test/fixtures/bad/messages.ts';
import { bodyOf } from '../test/fixtures/corpus.ts';
import { describe } from './describe.ts';
import { frame } from './framing.ts';
import { MessageReader } from './reader.ts';

const RECEIVED_AT_MS = Date.UTC(2026, 2, 2, 9);
const GOOD = Buffer.from(
  '<134>1 2026-03-02T09:00:00.120001+00:00 host heroku router - at=info method=GET path="/" host=h request_id=r fwd="203.0.113.1" dyno=web.1 connect=1ms service=2ms status=200 bytes=3 protocol=http2.0 tls=true tls_version=tls1.3',
);

function describeAll(body: Uint8Array, reader: MessageReader): Record<string, unknown>[] {
  return frame(body).messages.map(({ start, end }) => {
    reader.read(body, start, end, 'logplex');
    return describe(reader.message, body, RECEIVED_AT_MS);
  });
}

group('bad messages in a good body', () => {
  const reader = new MessageReader();
  const [good] = describeAll(bodyOf([GOOD]), reader);

  for (const { id, name, bytes, expected } of BAD_MESSAGES) {
    test(`${id} ${name}`, () => {
      const seen = describeAll(bodyOf([GOOD, bytes, GOOD]), reader);
      expect(seen).toHaveLength(3);
      for (const [field, value] of Object.entries(expected))
        expect([field, seen[1]?.[field]]).toEqual([field, value]);
      expect([seen[0], seen[2]]).toStrictEqual([good, good]);
      expect(() => JSON.parse(JSON.stringify(seen[1]))).not.toThrow();
    });
  }
});

test('I-41 metrics named like members of every object stay metrics', () => {
  const fixture = BAD_MESSAGES.find(({ name }) => name === 'names from JavaScript');
  const [seen] = describeAll(bodyOf([fixture?.bytes ?? GOOD]), new MessageReader());
  expect(Object.entries(seen?.values ?? {})).toEqual([
    ['__proto__', { type: 'count', value: 1 }],
    ['constructor', { type: 'sample', value: 2 }],
  ]);
});

test('T-02 lines far ahead or far behind are shown under their arrival, unless times are shown as written', () => {
  const reader = new MessageReader();
  const line = (time: string): Buffer => Buffer.from(`<190>1 ${time} host app web.1 - x`);
  const seen = describeAll(
    bodyOf([line('2026-03-02T09:05:01Z'), line('2026-03-02T07:59:59Z'), line('2026-03-02T09:05:00Z')]),
    reader,
  );
  expect(seen.map(({ time, timeSource, notes }) => [time, timeSource, notes])).toEqual([
    ['2026-03-02T09:00:00.000Z', 'arrival', ['futureTime']],
    ['2026-03-02T09:00:00.000Z', 'arrival', ['lateTime']],
    ['2026-03-02T09:05:00Z', 'line', undefined],
  ]);
  const old = line('2012-03-02T07:59:59Z');
  reader.read(old, 0, old.length, 'logplex');
  expect(describe(reader.message, old, RECEIVED_AT_MS, 'asWritten')).toMatchObject({
    time: '2012-03-02T07:59:59Z',
    timeSource: 'line',
  });
});

group('I-27 structured data from a shuttle', () => {
  for (const [message, text] of [
    ['- hello', 'hello'],
    ['- - hello', '- hello'],
    ['-', undefined],
    ['- ', undefined],
    ['-hello', '-hello'],
    ['hello - you', 'hello - you'],
    ['[meta sequenceId="5"] hello', 'hello'],
    ['[meta a="]\\"]"] hello', 'hello'],
    ['[meta]', undefined],
    ['[meta]hello', '[meta]hello'],
    ['[open hello', '[open hello'],
    ['[a] [b] hello', '[b] hello'],
  ] as const) {
    test(`${JSON.stringify(message)} says ${JSON.stringify(text ?? '')}`, () => {
      const buf = Buffer.from(`<190>1 2026-03-02T09:00:00+00:00 host app web.1 - ${message}`);
      const reader = new MessageReader();
      reader.read(buf, 0, buf.length, 'shuttle');
      expect(describe(reader.message, buf, RECEIVED_AT_MS).text).toBe(text);
    });
  }
});
