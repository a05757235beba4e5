import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkError, decodeSection, encodeSection } from './chunk.ts';
import { sectionArbitrary, sectionContent } from './section.arbitrary.ts';

test('a chunk decodes to what was encoded', () => {
  fc.assert(
    fc.property(sectionArbitrary(), (section) => {
      expect(sectionContent(decodeSection(encodeSection(section)))).toEqual(sectionContent(section));
    }),
  );
});

test('two sections encoded one after another do not leak into one another', () => {
  fc.assert(
    fc.property(sectionArbitrary(), sectionArbitrary(), (a, b) => {
      const first = encodeSection(a);
      encodeSection(b);
      expect(sectionContent(decodeSection(first))).toEqual(sectionContent(a));
    }),
    { numRuns: 30 },
  );
});

test('a damaged chunk is refused or decoded, and nothing but a ChunkError comes of it', () => {
  fc.assert(
    fc.property(sectionArbitrary(), fc.nat(), fc.integer({ min: 1, max: 255 }), (section, at, flip) => {
      const bytes = encodeSection(section);
      const damaged = Buffer.from(bytes);
      const index = at % damaged.length;
      damaged[index] = damaged[index]! ^ flip;
      try {
        decodeSection(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(ChunkError);
      }
    }),
  );
});

test('a chunk cut anywhere is refused', () => {
  fc.assert(
    fc.property(sectionArbitrary(), fc.nat(), (section, at) => {
      const bytes = encodeSection(section);
      expect(() => decodeSection(bytes.subarray(0, at % bytes.length))).toThrow(ChunkError);
    }),
  );
});
