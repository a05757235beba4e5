import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evenRows, guessHeightPx, unevenRows, windowOf } from './logsWindow.ts';

describe('rows of a long list', () => {
  it('of one height are found without arrays, as those of many are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: -50, max: 6000 }), (count, px) => {
        const even = evenRows(count, 24);
        const uneven = unevenRows(count, () => 24);
        expect(even.totalPx).toBe(uneven.totalPx);
        expect(even.indexAt(px)).toBe(uneven.indexAt(px));
        expect(even.topOf(7)).toBe(uneven.topOf(7));
      }),
    );
  });

  it('the row at a distance covers it, whatever the heights', () => {
    const heights = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(heights, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const rows = unevenRows(all.length, (index) => all[index] ?? 0);
        const px = share * (rows.totalPx - 0.5);
        const index = rows.indexAt(px);
        expect(rows.topOf(index)).toBeLessThanOrEqual(px);
        expect(rows.topOf(index + 1)).toBeGreaterThan(px);
      }),
    );
  });

  it('everything in sight is drawn, and little more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 0, max: 100_000 }),
        (count, scroll) => {
          const rows = evenRows(count, 24);
          const top = Math.min(scroll, Math.max(0, rows.totalPx - 600));
          const { from, to } = windowOf(rows, top, 600, 10);
          expect(rows.topOf(from)).toBeLessThanOrEqual(top);
          expect(rows.topOf(to)).toBeGreaterThanOrEqual(Math.min(top + 600, rows.totalPx));
          expect(to - from).toBeLessThanOrEqual(26 + 20 + 1);
        },
      ),
    );
    expect(windowOf(evenRows(0, 24), 0, 600, 10)).toEqual({ from: 0, to: 0 });
  });

  it('a line is guessed as high as its letters fill it', () => {
    expect(guessHeightPx(0, 80, 18, 6)).toBe(24);
    expect(guessHeightPx(80, 80, 18, 6)).toBe(24);
    expect(guessHeightPx(81, 80, 18, 6)).toBe(42);
    expect(guessHeightPx(10, 0, 18, 0)).toBe(180);
  });
});
