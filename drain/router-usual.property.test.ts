import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describe } from './describe.ts';
import type { Message } from './message.ts';
import { createMessage, MessageReader, readAny } from './reader.ts';
import { readUsualRouterLine } from './router-usual.ts';
import { wordsOf } from './scan.ts';
import { readUsualHead } from './syslog.ts';

const RECEIVED_AT_MS = Date.UTC(2026, 2, 2, 9);
const TIME = '2026-03-02T09:00:00.120001+00:00';

const word = fc.stringMatching(/^[A-Za-z0-9._-]{0,20}$/);
const path = fc.stringMatching(/^[^" \n]{0,40}$/);
const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('', 'beef', '::1', '10.0.0.1 '));
const time = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .chain((date) =>
    fc.stringMatching(/^\d{3}$/).map((micros) => `${date.toISOString().slice(0, -1)}${micros}+00:00`),
  );

/** A line as nearly all are. */
const usual = fc
  .record({
    priority: fc.integer({ min: 100, max: 191 }),
    time,
    method: word,
    path,
    host: word,
    requestId: fc.uuid(),
    fwd: fc.array(address, { maxLength: 3 }).map((list) => list.join(', ')),
    dyno: fc.constantFrom('', 'web.1', 'urgent_worker.33'),
    numbers: fc.array(fc.nat({ max: 999_999_999 }), { minLength: 3, maxLength: 3 }),
    status: fc.integer({ min: 100, max: 599 }),
    protocol: word,
    tlsVersion: word,
  })
  .map(
    (r) =>
      `<${r.priority}>1 ${r.time} host heroku router - at=info method=${r.method} path="${r.path}" host=${r.host} ` +
      `request_id=${r.requestId} fwd="${r.fwd}" dyno=${r.dyno} connect=${r.numbers[0]}ms service=${r.numbers[1]}ms ` +
      `status=${r.status} bytes=${r.numbers[2]} protocol=${r.protocol} tls=true tls_version=${r.tlsVersion}\n`,
  );

const pieces = [
  ' ',
  '"',
  '=',
  ',',
  '\n',
  '9',
  '1234567890',
  '1234567890123456',
  'A',
  '-',
  'ms',
  ':60.',
  ' dyno=web.2',
  ' dyno=web.2 connect=1ms service=1ms status=200 bytes=1',
  ' host=other',
  '" host=other',
  ' request_id=other',
  ' tls=false',
  ' sock=client',
  ' agent="a b"',
  ' code=H12 desc="x y"',
  'é',
];

/** What is done to a line: something put in, taken out, changed; or it is cut. */
const damage = fc.record({
  how: fc.constantFrom('insert', 'remove', 'change', 'cut'),
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  piece: fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 })),
  length: fc.integer({ min: 1, max: 12 }),
});

function damaged(
  line: string,
  { how, place, piece, length }: typeof damage extends fc.Arbitrary<infer D> ? D : never,
) {
  const at = Math.floor(place * line.length);
  if (how === 'cut') return line.slice(0, at);
  const rest = how === 'insert' ? at : how === 'remove' ? at + length : at + piece.length;
  return line.slice(0, at) + (how === 'remove' ? '' : piece) + line.slice(rest);
}

/** All that a message says, ranges included. */
function content(message: Message, buf: Buffer): unknown {
  const { request, sample: _sample, ...rest } = message;
  const { odd: _odd, uuid, isUuid, ...fields } = request;
  const isRequest = message.kind === 0;
  return {
    ...rest,
    request: isRequest && { ...fields, uuid: isUuid && [...uuid] },
    described: describe(message, buf, RECEIVED_AT_MS, 'asWritten'),
  };
}

/** A line somewhere in a buffer, with what may stand around it. */
function inBody(line: string, before: string, after: string): { buf: Buffer; start: number; end: number } {
  const bytes = Buffer.from(line, 'utf8');
  const buf = Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
  const start = Buffer.byteLength(before);
  return { buf, start, end: start + bytes.length };
}

test('I-29 a line is read to the same fields whether it looks usual or not', () => {
  // One reader for all lines: nothing of one may be left in the next.
  const reader = new MessageReader();
  fc.assert(
    fc.property(
      usual,
      fc.array(damage, { maxLength: 2 }),
      fc.constantFrom('', '7 ', '300 '),
      fc.constantFrom(
        '',
        ' ',
        '=info method=GET path="/',
        '9" dyno=web.1 connect=0ms service=3ms status=200 bytes=9',
      ),
      fc.constantFrom('logplex' as const, 'logplex' as const, 'shuttle' as const),
      (line, damages, before, after, dialect) => {
        const { buf, start, end } = inBody(damages.reduce(damaged, line), before, after);
        const message = createMessage();
        readAny(message, buf, wordsOf(buf), start, end, dialect);
        reader.read(buf, start, end, dialect);
        expect(content(reader.message, buf)).toEqual(content(message, buf));
      },
    ),
    { numRuns: 5_000 },
  );
});

test('a line of the usual form does not need the general way', () => {
  const message = createMessage();
  fc.assert(
    fc.property(usual, (line) => {
      const { buf, start, end } = inBody(line, '', '');
      const appname = readUsualHead(message, wordsOf(buf), start, end - 1);
      expect(appname).toBe(line.indexOf('heroku router'));
      expect(readUsualRouterLine(message, wordsOf(buf), appname, end - 1)).toBe(true);
    }),
  );
});

test('every fault of a time is left to the general way', () => {
  for (const wrong of [
    'x026-03-02',
    '2026-02-30',
    '2026-03-02T24',
    ':61.',
    '.12000x',
    '+00:01',
    '+01:00',
    '-00:00',
  ]) {
    const at = { '.': 19, ':': 16, '+': 26, '-': 26 }[wrong.charAt(0)] ?? 0;
    const line = `<134>1 ${TIME.slice(0, at)}${wrong}${TIME.slice(at + wrong.length)} host heroku router - x`;
    const message = createMessage();
    const words = wordsOf(Buffer.from(line));
    expect(readUsualHead(message, words, 0, line.length), wrong).toBe(-1);
  }
});
