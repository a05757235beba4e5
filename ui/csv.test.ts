import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csvCell, renderCsv } from './csv.ts';

it('SEC-34 a cell that starts a formula is defused', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '=cmd|" /C calc"!A0']) {
    const cell = csvCell(text);
    expect(cell.replace(/^"/, '')[0], text).toBe("'");
  }
});

it('numbers stay numbers, nothing stays empty', () => {
  expect(renderCsv([['a', -1.5, null, Number.NaN]])).toBe('a,-1.5,,\r\n');
});

it('quotes what would break a row', () => {
  expect(renderCsv([['a,b', 'say "x"', 'two\nlines']])).toBe('"a,b","say ""x""","two\nlines"\r\n');
});

it('SEC-34 no text leaves a cell that a spreadsheet would run or split', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const cell = csvCell(text);
      const inner = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
      expect(/^[=+\-@\t\r\n]/.test(inner)).toBe(false);
      if (!cell.startsWith('"')) expect(/[",\r\n]/.test(cell)).toBe(false);
    }),
  );
});
