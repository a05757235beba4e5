import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findSection, replaceSection } from './chunk-sections.ts';

const bytes = fc.uint8Array({ maxLength: 20 });

test('another section in the place of one leaves every other as it was, whatever their lengths', () => {
  fc.assert(
    fc.property(
      fc.array(bytes, { minLength: 1, maxLength: 6 }),
      fc.nat(5),
      bytes,
      (sections, pick, other) => {
        const at = pick % sections.length;
        const app_ids = sections.map((_, index) => 100 + index);
        const ends = sections.map((_, index) =>
          sections.slice(0, index + 1).reduce((sum, one) => sum + one.length, 0),
        );
        const chunk = { app_ids, section_ends: ends, body: Buffer.concat(sections) };
        const place = findSection(chunk, 100 + at);
        if (place === null) throw new Error('the app has a section');
        expect(new Uint8Array(chunk.body.subarray(place.start, place.end))).toEqual(sections[at]);
        const after = { app_ids, ...replaceSection(chunk, place, other) };
        for (const [index, appId] of app_ids.entries()) {
          const found = findSection(after, appId);
          expect(new Uint8Array(after.body.subarray(found?.start, found?.end))).toEqual(
            index === at ? other : sections[index],
          );
        }
        expect(findSection(after, 99)).toBeNull();
      },
    ),
  );
});
