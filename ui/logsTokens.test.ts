import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stripAnsi } from './logsAnsi.ts';
import { fieldsOf, piecesOf } from './logsTokens.ts';
import { termText } from './state/logsFilter.ts';

const ID = '59da6323-2bc4-4143-8677-cc66ccfb115f';
const ROUTER = `at=error code=H12 desc="Request timeout" method=GET path="/cart?q=1" request_id=${ID} fwd="1.2.3.0" dyno=web.3 connect=0ms service=30001ms status=503 bytes=0`;

const clickable = (text: string) =>
  piecesOf(text)
    .filter((piece) => piece.term)
    .map((piece) => piece.term && termText(piece.term));

describe('what can be clicked in a line', () => {
  it('fields of a router line ask for their field, others for their text', () => {
    expect(clickable(ROUTER)).toEqual([
      '“at=error”',
      'code H12',
      '“desc="Request timeout"”',
      '“method=GET”',
      '“path="/cart?q=1"”',
      `“request_id=${ID}”`,
      '“fwd="1.2.3.0"”',
      'dyno web.3',
      '“connect=0ms”',
      '“service=30001ms”',
      'status 503',
      '“bytes=0”',
    ]);
    expect(piecesOf(ROUTER).filter((piece) => piece.requestId)).toMatchObject([{ text: ID, requestId: ID }]);
  });

  it('a code after Error, an id anywhere, a field of JSON', () => {
    expect(clickable('Error R14 (Memory quota exceeded)')).toEqual(['code R14']);
    expect(clickable(`[${ID}] Started GET`)).toEqual([`“${ID}”`]);
    expect(clickable('{"level":"error","ms":12}')).toEqual(['“"level":"error"”', '“"ms":12”']);
  });

  it('times and addresses are no fields; what was masked cannot be asked for', () => {
    expect(clickable('10:41:50 see https://example.com/a')).toEqual([]);
    const masked = piecesOf('login password={redacted} by {email}');
    expect(masked.filter((piece) => piece.style === 'tok-mask').map((piece) => piece.text)).toEqual([
      '{redacted}',
      '{email}',
    ]);
    expect(clickable('login password={redacted} by {email}')).toEqual([]);
  });

  it('marks what is searched for, in any case, across tokens and colours', () => {
    const hits = piecesOf('\u001b[31mTime\u001b[0mout code=H12', ['timeout', 'h1']).filter((piece) =>
      piece.style.includes('hit'),
    );
    expect(hits.map((piece) => [piece.text, piece.style])).toEqual([
      ['Time', 'ansi-red hit'],
      ['out', 'hit'],
      ['H1', 'tok hit'],
    ]);
  });

  it('loses and adds nothing, whatever the line says', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom(
        'code=H12 ',
        'a="b c" ',
        '\u001b[31m',
        '{"a":"b"}',
        ID,
        '{token}',
        '=',
        '"',
        'Error H10',
        'İ',
      ),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }),
        fc.array(fc.string({ maxLength: 3 }), { maxLength: 2 }),
        (parts, marks) => {
          const text = parts.join('');
          expect(
            piecesOf(text, marks)
              .map((one) => one.text)
              .join(''),
          ).toBe(stripAnsi(text));
        },
      ),
    );
  });
});

describe('fields of a line', () => {
  it('are those of a router line, unquoted, empty ones left out', () => {
    const fields = fieldsOf('at=info code= desc="Blank app" dyno= status=502');
    expect(fields.map(({ name, value }) => [name, value])).toEqual([
      ['at', 'info'],
      ['desc', 'Blank app'],
      ['status', '502'],
    ]);
  });

  it('are those of one JSON object, whatever stands before it', () => {
    const fields = fieldsOf('web: {"msg":"timeout of 15000ms exceeded","ms":15000,"ok":false}');
    expect(fields.map(({ name, value, term }) => [name, value, term.value])).toEqual([
      ['msg', 'timeout of 15000ms exceeded', 'timeout of 15000ms exceeded'],
      ['ms', '15000', '15000'],
      ['ok', 'false', 'false'],
    ]);
  });
});
