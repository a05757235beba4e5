import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NAMES_MAX, readAppNames } from './appNames.ts';

describe('names are read from what people paste', () => {
  test('commas, spaces, lines; twice is once; capitals are Heroku’s small letters', () => {
    expect(readAppNames('shop, blog\nShop  api-eu;worker').names).toEqual([
      'shop',
      'blog',
      'api-eu',
      'worker',
    ]);
  });

  test('what heroku apps prints, with headings, regions and owners', () => {
    const printed = '=== my-team Apps\n\nshop (eu)\n⬢ blog\napi  kim@example.com\n';
    expect(readAppNames(printed)).toEqual({ names: ['shop', 'blog', 'api'], rejected: [] });
  });

  test('its JSON', () => {
    expect(readAppNames('[{"name":"shop","id":"1"},{"name":"blog"}]').names).toEqual(['shop', 'blog']);
  });

  test('what is no name is told as it was typed', () => {
    expect(readAppNames('shop my_app <b>x</b>')).toEqual({
      names: ['shop'],
      rejected: ['my_app', '<b>x</b>'],
    });
  });

  test('names that were joined by anything usual come back, each once; no text throws', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { maxLength: 30 }),
        fc.constantFrom('\n', ', ', ' ', ';', '\r\n'),
        (names, by) => {
          expect(readAppNames(names.join(by)).names).toEqual(names);
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { names } = readAppNames(text);
        expect(names.length).toBeLessThanOrEqual(NAMES_MAX);
        expect(names.every((one) => /^[a-z0-9-]{1,63}$/.test(one))).toBe(true);
      }),
    );
  });
});
