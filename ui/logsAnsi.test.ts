import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAnsi, stripAnsi } from './logsAnsi.ts';

describe('escape sequences in a line', () => {
  it('colours and weights become names, and end where they end', () => {
    expect(readAnsi('\u001b[1;31mERROR\u001b[0m worker \u001b[90mslow\u001b[39m now')).toEqual([
      { text: 'ERROR', style: 'ansi-bold ansi-red' },
      { text: ' worker ', style: '' },
      { text: 'slow', style: 'ansi-black' },
      { text: ' now', style: '' },
    ]);
  });

  it('moves of a cursor, titles, links and colours by number are taken out', () => {
    expect(
      stripAnsi('\u001b[2J\u001b[1;1H\u001b]0;title\u0007a\u001b]8;;https://x.example\u001b\\b\u001b[K'),
    ).toBe('ab');
    expect(readAnsi('\u001b[38;5;196mred\u001b[48;2;1;2;3mback\u001b[m')).toEqual([
      { text: 'red', style: '' },
      { text: 'back', style: '' },
    ]);
  });

  it('a sequence that was cut off at the end of a line leaves nothing behind', () => {
    expect(stripAnsi('done\u001b[3')).toBe('done');
    expect(stripAnsi('done\u001b')).toBe('done');
  });

  it('says the same as text and in stretches, without an escape left', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('\u001b', '\u001b[', '\u001b[31m', '\u001b[0m', '\u001b]', '\u0007', ';', 'm'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const stripped = stripAnsi(text);
        expect(
          readAnsi(text)
            .map((stretch) => stretch.text)
            .join(''),
        ).toBe(stripped);
        expect(stripped).not.toContain('\u001b');
      }),
    );
  });
});
