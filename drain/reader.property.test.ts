import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bodyOf, CORPUS_FILES, corpusLines } from '../test/fixtures/corpus.ts';
import { describe } from './describe.ts';
import { frame } from './framing.ts';
import type { Dialect, Message } from './message.ts';
import { MessageReader } from './reader.ts';

const RECEIVED_AT_MS = Date.UTC(2026, 10, 21);
const lines = CORPUS_FILES.flatMap((file) => corpusLines(file));
const reader = new MessageReader();

/** Reads and describes every message of a body; throws what they throw. */
function readAll(body: Uint8Array, dialect: Dialect): void {
  for (const { start, end } of frame(body).messages) readOne(body, start, end, dialect);
}

function readOne(body: Uint8Array, start: number, end: number, dialect: Dialect): void {
  reader.read(body, start, end, dialect);
  for (const { start: from, end: to } of spansOf(reader.message)) {
    const absent = from === -1 && to === -1;
    if (!absent && !(start <= from && from <= to && to <= end))
      throw new Error(`span ${from}-${to} outside ${start}-${end}`);
  }
  const json = JSON.stringify(describe(reader.message, body, RECEIVED_AT_MS));
  if (/:(?:null|"")|\{\}|\[\]/.test(json.replace(/"(?:[^"\\]|\\.)+"/g, '_')))
    throw new Error(`empty value in ${json}`);
}

/** The spans that are valid for the message's kind. */
function spansOf(message: Message): { start: number; end: number }[] {
  const spans = [message.timestamp, message.appname, message.procid, message.text];
  if (message.kind === 1) spans.push(message.sample.dynoId);
  if (message.kind !== 0) return spans;
  const { uuid: _uuid, ...fields } = message.request;
  return [...spans, ...Object.values(fields).filter((value) => typeof value === 'object')];
}

const dialect = fc.constantFrom<Dialect>('logplex', 'shuttle');

test('no bytes make the reader throw or point outside its message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), dialect, (bytes, sender) => {
      readOne(bytes, 0, bytes.length, sender);
      readAll(bytes, sender);
    }),
    { numRuns: 3_000 },
  );
});

test('no text behind a good header makes a parser throw', () => {
  const writers = [
    'heroku router',
    'heroku web.1',
    'heroku logplex',
    'app api',
    'app web.1',
    'app heroku-postgres',
    'app postgres.7',
    'app log-shuttle',
    'heroku x',
  ];
  const starts = lines.map((line) => line.toString('latin1').split(' - ').slice(1).join(' - '));
  fc.assert(
    fc.property(
      fc.constantFrom(...writers),
      fc.constantFrom(...starts),
      fc.nat({ max: 200 }),
      fc.uint8Array({ maxLength: 60 }),
      dialect,
      (writer, start, cut, bytes, sender) => {
        const text = Buffer.concat([Buffer.from(start.slice(0, cut), 'latin1'), bytes]);
        const message = Buffer.concat([Buffer.from(`<134>1 2026-03-02T09:00:00Z host ${writer} - `), text]);
        readOne(message, 0, message.length, sender);
      },
    ),
    { numRuns: 5_000 },
  );
});

test('every corpus line is read alike at the very end of its buffer and inside a body', () => {
  const body = bodyOf(lines);
  const inside = frame(body).messages.map(({ start, end }) => {
    reader.read(body, start, end, 'logplex');
    return describe(reader.message, body, RECEIVED_AT_MS);
  });
  const alone = lines.map((line) => {
    const own = Uint8Array.from(line);
    reader.read(own, 0, own.length, 'logplex');
    return describe(reader.message, own, RECEIVED_AT_MS);
  });
  expect(inside).toStrictEqual(alone);
});

test('every corpus line may be cut at every byte', () => {
  for (const line of lines) {
    for (let end = 0; end <= line.length; end += 1) readOne(line.subarray(0, end), 0, end, 'logplex');
  }
});

test('any byte of a corpus body flipped, cut out or doubled: nothing throws, earlier messages stay as they are', () => {
  const sample = lines.filter((_, index) => index % 9 === 0);
  const body = bodyOf(sample);
  const whole = frame(body).messages;
  fc.assert(
    fc.property(
      fc.nat({ max: body.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      fc.constantFrom('flip', 'cut', 'double'),
      dialect,
      (at, bits, how, sender) => {
        const byte = Buffer.from([how === 'flip' ? (body[at] ?? 0) ^ bits : (body[at] ?? 0)]);
        const insert = how === 'cut' ? Buffer.alloc(0) : how === 'flip' ? byte : Buffer.concat([byte, byte]);
        const damaged = Buffer.concat([body.subarray(0, at), insert, body.subarray(at + 1)]);
        readAll(damaged, sender);
        const before = whole.filter(({ end }) => end <= at);
        expect(frame(damaged).messages.slice(0, before.length)).toEqual(before);
      },
    ),
    { numRuns: 1_500 },
  );
});

test('I-09 I-44 no text of 256 KiB takes more than its length is worth, whoever writes it', () => {
  const repeated = [
    ' dyno=a connect= service= status= bytes= x="z',
    '" host=',
    'sample#a=1 ',
    'count#x ',
    ' by ',
    'A, ',
    '"',
    ' ',
    '`',
    '1 messages ',
  ];
  const starts = [
    '',
    'at=info method=GET path="',
    'source=web.1 ',
    'Set ',
    'Starting process with command `',
    '[D] [1-1]  sql_error_code = 00000 ',
  ];
  for (const writer of [
    'heroku router',
    'heroku web.1',
    'heroku logplex',
    'app api',
    'app web.1',
    'app heroku-postgres',
    'app postgres.7',
  ]) {
    for (const start of starts) {
      for (const text of repeated) {
        const message = Buffer.from(
          `<134>1 2026-03-02T09:00:00Z host ${writer} - ${start}${text.repeat(262_144 / text.length)}`,
        );
        const startedMs = performance.now();
        reader.read(message, 0, message.length, 'logplex');
        expect([writer, start, text, performance.now() - startedMs < 2_000]).toEqual([
          writer,
          start,
          text,
          true,
        ]);
      }
    }
  }
}, 60_000);
