import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  binsOf,
  type CountBucket,
  type Durations,
  mergeCount,
  mergeSample,
  type SampleBucket,
} from '../model/bucket.ts';
import type { AppDeltas } from '../model/deltas.ts';
import { decodeSection, encodeSection } from './chunk.ts';
import { RollUp } from './rollup.ts';
import { sectionArbitrary } from './section.arbitrary.ts';
import type { Section } from './section.ts';

const NONE: ReadonlySet<number> = new Set();

function rollUp(sections: Section[], duplicates = NONE): AppDeltas[] {
  const sum = new RollUp();
  for (const section of sections) sum.add(section, duplicates);
  return sum.take();
}

/** What a bucket says, however its durations are held. */
function content(bucket: CountBucket): unknown {
  const durations = (of: Durations | null) =>
    of && { count: of.count, sumMs: of.sumMs, maxMs: of.maxMs, bins: [...binsOf(of)].join() };
  return { ...bucket, connect: durations(bucket.connect), service: durations(bucket.service) };
}

/** Buckets of several takes added up, as readers of the tables do. */
function summed(takes: AppDeltas[][]): unknown {
  const counts = new Map<string, CountBucket>();
  const samples = new Map<string, SampleBucket>();
  const records: string[] = [];
  for (const apps of takes) {
    for (const app of apps) {
      for (const { kind, key, bucketS, bucket } of app.counts) {
        const id = `${app.appId} ${kind} ${key} ${bucketS}`;
        const known = counts.get(id);
        if (known === undefined) counts.set(id, structuredClone(bucket));
        else mergeCount(known, bucket);
      }
      for (const { kind, key, bucketS, bucket } of app.samples) {
        const id = `${app.appId} ${kind} ${key} ${bucketS}`;
        const known = samples.get(id);
        if (known === undefined) samples.set(id, { ...bucket });
        else mergeSample(known, bucket);
      }
      records.push(
        ...[...app.events, ...app.losses, ...app.quarantine].map((entry) => JSON.stringify(entry)),
      );
    }
  }
  return {
    counts: Object.fromEntries(
      [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, bucket]) => [id, content(bucket)]),
    ),
    samples: Object.fromEntries([...samples].sort(([a], [b]) => (a < b ? -1 : 1))),
    records: records.sort(),
  };
}

const sections = fc.tuple(
  sectionArbitrary(7, 0),
  sectionArbitrary(7, 3),
  sectionArbitrary(8, 6),
  sectionArbitrary(7, 9),
);

describe('roll-up', () => {
  test('R-03 the roll-up of joined input equals the merged roll-ups of its parts', () => {
    fc.assert(
      fc.property(sections, fc.nat(4), (list, cut) => {
        const parts = [rollUp(list.slice(0, cut)), rollUp(list.slice(cut))];
        expect(summed(parts)).toEqual(summed([rollUp(list)]));
      }),
    );
  });

  test('S-05 the order of frames does not matter', () => {
    fc.assert(
      fc.property(sections, (list) => {
        expect(summed([rollUp(list.toReversed())])).toEqual(summed([rollUp(list)]));
      }),
    );
  });

  test('replay from any checkpoint gives the same roll-ups as the live path', () => {
    fc.assert(
      fc.property(sections, fc.nat(4), (list, checkpoint) => {
        const live = rollUp(list.slice(0, checkpoint));
        const replayed = rollUp(
          list.slice(checkpoint).map((section) => decodeSection(encodeSection(section))),
        );
        expect(summed([live, replayed])).toEqual(summed([rollUp(list)]));
      }),
    );
  });

  test('R-02 a frame marked as counted before adds itself as a duplicate, its losses, and nothing else', () => {
    fc.assert(
      fc.property(sectionArbitrary(), (section) => {
        const [app] = rollUp([section], new Set([0, 1, 2]));
        const counts = app?.counts ?? [];
        expect(counts.every((delta) => delta.kind === 9 && delta.key === 'duplicate')).toBe(true);
        expect(counts.reduce((sum, delta) => sum + delta.bucket.count, 0)).toBe(3);
        expect(app?.samples).toEqual([]);
        expect(app?.events).toEqual([]);
        expect(app?.details).toEqual([]);
        expect(app?.losses.length).toBe(section.records.filter((entry) => entry.body.type === 'loss').length);
      }),
    );
  });

  test('every request is in exactly one cell of each cut, and every class adds up', () => {
    fc.assert(
      fc.property(sectionArbitrary(), (section) => {
        const counts = rollUp([section]).flatMap((app) => app.counts);
        for (const kind of [1, 3, 4, 5, 6]) {
          const ofKind = counts.filter((delta) => delta.kind === kind);
          expect(ofKind.reduce((sum, delta) => sum + delta.bucket.count, 0)).toBe(section.requests.length);
        }
        for (const { bucket } of counts.filter((delta) => delta.kind === 1)) {
          const classes = [...(bucket.byClass ?? [])].reduce((sum, n) => sum + n, 0);
          expect(classes + bucket.platform).toBe(bucket.count);
          expect(bucket.bad + bucket.excluded).toBeLessThanOrEqual(bucket.count);
        }
      }),
    );
  });
});
