import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wallPageAt, wallPages } from './wallPages.ts';

it('every app comes by, no page is longer than the wall, and what burns stands on each of them', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(300), fc.integer({ min: 0, max: 60 }), (count, worst, capacity) => {
      const items = Array.from({ length: count }, (_, index) => index);
      const pages = wallPages(items, worst, capacity);
      expect([...new Set(pages.flat())].toSorted((a, b) => a - b)).toEqual(items);
      const room = Math.max(2, capacity);
      for (const page of pages) {
        expect(page.length).toBeLessThanOrEqual(room);
        expect(page).toEqual(page.toSorted((a, b) => a - b));
        if (count > 0 && worst > 0) expect(page[0]).toBe(0);
        const pinned = count <= room ? 0 : Math.min(worst, Math.floor(room / 2), count);
        expect(page.slice(0, pinned)).toEqual(items.slice(0, pinned));
      }
    }),
  );
});

it('pages take turns of the same length and begin again; a single one, or turns of no length, stand still', () => {
  expect([0, 11_999, 12_000, 35_999, 36_000].map((ms) => wallPageAt(3, ms, 12_000))).toEqual([0, 0, 1, 2, 0]);
  expect(wallPageAt(1, 99_999, 12_000)).toBe(0);
  expect(wallPageAt(3, 99_999, 0)).toBe(0);
  expect(wallPageAt(3, -5, 12_000)).toBe(0);
});
