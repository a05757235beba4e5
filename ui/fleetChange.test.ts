import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latencyChange, ratioChange } from './fleetChange.ts';

describe('changes against the same hour a week ago', () => {
  it('are shown beyond noise alone', () => {
    expect(ratioChange(0.023, 0.0011, 10_000, 10_000)).toBe('up');
    expect(ratioChange(0.0011, 0.023, 10_000, 10_000)).toBe('down');
    expect(ratioChange(0.0012, 0.0011, 1e6, 1e6)).toBeNull();
    // Twenty times as much, of a hundred requests: two failures instead of none.
    expect(ratioChange(0.02, 0.001, 100, 100)).toBeNull();
    expect(ratioChange(0.02, null, 100, 0)).toBeNull();
    expect(latencyChange(300, 310, 1000, 1000)).toBeNull();
    expect(latencyChange(120, 310, 1000, 1000)).toBe('down');
    expect(latencyChange(900, 310, 50, 1000)).toBeNull();
    expect(latencyChange(null, 310, 1000, 1000)).toBeNull();
  });

  it('of nothing but chance are hardly ever shown: two hours of the same share', () => {
    let shown = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 3000 }),
        fc.double({ min: 0, max: 0.05, noNaN: true }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (requests, share, chance) => {
          const draw = () => {
            let failed = 0;
            for (let n = 0; n < requests; n++) if ((chance.next().value ?? 1) < share) failed++;
            return failed / requests;
          };
          if (ratioChange(draw(), draw(), requests, requests)) shown++;
        },
      ),
      { numRuns: 100, seed: 7 },
    );
    expect(shown).toBeLessThanOrEqual(1);
  });
});
