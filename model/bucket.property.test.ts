import fc from 'fast-check';
import { expect, test } from 'vitest';
import { binsOf, emptyCount, emptyDurations, mergeCount, observeMs, storedBins } from './bucket.ts';
import { addStored, BINS, binOf } from './histogram.ts';

const durations = fc.array(fc.oneof(fc.nat(60), fc.nat(600_000)), { maxLength: 200 });

function observed(values: number[]) {
  const all = emptyDurations();
  for (const ms of values) observeMs(all, ms);
  return all;
}

function counted(values: number[]): Uint32Array {
  const bins = new Uint32Array(BINS);
  for (const ms of values) bins[binOf(ms)]!++;
  return bins;
}

test('durations hold exactly what was observed, few or many', () => {
  fc.assert(
    fc.property(durations, (values) => {
      const all = observed(values);
      expect(all.count).toBe(values.length);
      expect(all.sumMs).toBe(values.reduce((sum, ms) => sum + ms, 0));
      expect(all.maxMs).toBe(Math.max(0, ...values));
      expect(binsOf(all)).toEqual(counted(values));
      const stored = new Uint32Array(BINS);
      addStored(stored, storedBins(all));
      expect(stored).toEqual(counted(values));
    }),
  );
});

test('merging buckets is observing everything in one', () => {
  fc.assert(
    fc.property(durations, durations, (a, b) => {
      const [into, from] = [emptyCount(), emptyCount()];
      into.service = observed(a);
      from.service = observed(b);
      mergeCount(into, from);
      expect(binsOf(into.service)).toEqual(counted([...a, ...b]));
      expect(into.service.count).toBe(a.length + b.length);
      expect(binsOf(from.service)).toEqual(counted(b));
    }),
  );
});
