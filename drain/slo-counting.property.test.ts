import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MinuteDelta } from '../model/deltas.ts';
import { EXCLUDED, outcomeOf } from '../model/outcome.ts';
import { pathShape } from '../model/path-shape.ts';
import type { SloDefinition } from '../model/slo.ts';
import { SloMatcher } from '../model/slo-match.ts';
import { exampleSlo, latencyIndicator } from '../test/slos.ts';
import { decodeSection, encodeSection } from './chunk.ts';
import { RollUp } from './rollup.ts';
import { sectionArbitrary } from './section.arbitrary.ts';
import { FLAG_AT_ERROR, type Section } from './section.ts';
import { AppSlos, type CompiledVersion } from './slo-counting.ts';

/** Start of the times that sections draw; they cover 40 s. */
const FROM_S = 20_000 * 86_400;
const NONE: ReadonlySet<number> = new Set();

const subset = (...from: string[]) => fc.subarray(from, { maxLength: 2 });
const definition: fc.Arbitrary<SloDefinition> = fc
  .record({
    scope: fc.record({
      processTypes: subset('web', 'api'),
      methods: subset('GET', '/'),
      hosts: subset('shop.example.com', ''),
      pathShapes: subset('/', '/a/b', '/a*'),
      excludedPathShapes: subset('/a/b', '*'),
    }),
    indicator: fc.oneof(
      fc.record({
        kind: fc.constant('availability' as const),
        codes: fc.constantFrom<Record<string, boolean>>({}, { H80: true }),
        badStatuses: subset('404', '4xx', '301'),
      }),
      fc.tuple(fc.nat(40_000), fc.boolean()).map(([ms, exclude]) => latencyIndicator(ms, exclude)),
    ),
  })
  .map((more) => exampleSlo(more));

/** Versions of some SLOs, one after another in time, some of no length, some removed. */
const versions = fc
  .array(
    fc.record({
      starts: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 3 }),
      definitions: fc.array(definition, { minLength: 3, maxLength: 3 }),
      isRemoved: fc.boolean(),
    }),
    { minLength: 1, maxLength: 35 },
  )
  .map((slos) =>
    slos.flatMap(({ starts, definitions, isRemoved }, sloId) => {
      const froms = starts.toSorted((a, b) => a - b).map((minute) => FROM_S + minute * 60);
      return froms.map((validFromS, index): CompiledVersion => {
        const end = isRemoved ? FROM_S + 240 : Number.POSITIVE_INFINITY;
        const id = 1 + sloId * 10 + index;
        return {
          id,
          sloId,
          validFromS,
          validToS: froms[index + 1] ?? end,
          matcher: SloMatcher.of(definitions[index]!)!,
        };
      });
    }),
  );

/** A section with the time of its commit, which may come long before or after its lines' own time. */
const committed = fc
  .tuple(
    fc.oneof(sectionArbitrary(7, 0), sectionArbitrary(7, 3), sectionArbitrary(8, 6)),
    fc.integer({ min: -300, max: 400 }),
  )
  .map(([section, atS]) => ({ section, committedAtMs: (FROM_S + atS) * 1000 + 7 }));

function counted(
  list: { section: Section; committedAtMs: number }[],
  known: CompiledVersion[],
  duplicates = NONE,
): MinuteDelta[] {
  const slos = new AppSlos(known);
  const rollUp = new RollUp(undefined, { app: (appId) => (appId === 7 ? slos : undefined), isFresh: true });
  for (const { section, committedAtMs } of list) rollUp.add(section, duplicates, committedAtMs);
  return rollUp.take().flatMap((app) => app.minutes);
}

/** Counts of several takes added up, messages left out. */
function summed(...takes: MinuteDelta[][]): Record<string, [number, number]> {
  const sums = new Map<string, [number, number]>();
  for (const { versionId, minute, events, bad } of takes.flat()) {
    if (versionId === 0) continue;
    const [e, b] = sums.get(`${versionId} ${minute}`) ?? [0, 0];
    sums.set(`${versionId} ${minute}`, [e + events, b + bad]);
  }
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The rules, read aloud: each request against each SLO, nothing remembered. */
function naive(list: { section: Section; committedAtMs: number }[], known: CompiledVersion[]) {
  const deltas: MinuteDelta[] = [];
  for (const { section, committedAtMs } of list.filter((each) => each.section.appId === 7)) {
    for (let row = 0; row < section.requests.length; row++) {
      const timeMs = section.requests.timeMs[row]!;
      const minute = Math.floor(timeMs / 60_000);
      for (const sloId of new Set(known.map((version) => version.sloId))) {
        const own = known
          .filter((version) => version.sloId === sloId && version.validToS > version.validFromS)
          .sort((a, b) => a.validFromS - b.validFromS);
        const first = own[0];
        if (first === undefined || committedAtMs < first.validFromS * 1000) continue;
        const atS = Math.min(minute, Math.floor(committedAtMs / 60_000)) * 60;
        const version =
          own.find((each) => each.validFromS <= atS && atS < each.validToS) ??
          (atS < first.validFromS ? first : undefined);
        if (version === undefined) continue;
        const verdict = judge(version.matcher, section, row);
        if (verdict !== EXCLUDED) deltas.push({ versionId: version.id, minute, events: 1, bad: verdict });
      }
    }
  }
  return deltas;
}

function judge(matcher: SloMatcher, { requests, texts }: Section, row: number): number {
  const text = (name: 'dyno' | 'method' | 'host' | 'path'): string => texts[requests[name][row]!] ?? '';
  const isWithin =
    (matcher.takesDyno?.(text('dyno')) ?? true) &&
    (matcher.takesMethod?.(text('method')) ?? true) &&
    (matcher.takesHost?.(text('host')) ?? true) &&
    (matcher.takesShape?.(pathShape(text('path'))) ?? true);
  if (!isWithin) return EXCLUDED;
  const packed = requests.code[row]!;
  const family = packed === 0 ? -1 : (packed >> 10) + 64;
  const isError = (requests.flags[row]! & FLAG_AT_ERROR) !== 0;
  const status = requests.status[row]!;
  const outcome = outcomeOf(family, packed & 1023, isError, status);
  return matcher.judge(family, packed & 1023, isError, status, requests.serviceMs[row]!, outcome);
}

describe('counting for SLOs', () => {
  test('R-03 each request counts once for each SLO it belongs to, by the version valid in its minute', () => {
    fc.assert(
      fc.property(fc.array(committed, { maxLength: 4 }), versions, (list, known) => {
        expect(summed(counted(list, known))).toEqual(summed(naive(list, known)));
      }),
      { numRuns: 200 },
    );
  });

  test('S-05 order and batches do not matter, nor whether a section comes fresh or from the log', () => {
    fc.assert(
      fc.property(fc.array(committed, { maxLength: 5 }), versions, fc.nat(5), (list, known, cut) => {
        const whole = summed(counted(list, known));
        expect(summed(counted(list.toReversed(), known))).toEqual(whole);
        const replayed = list.slice(cut).map(({ section, committedAtMs }) => ({
          section: decodeSection(encodeSection(section)),
          committedAtMs,
        }));
        expect(summed(counted(list.slice(0, cut), known), counted(replayed, known))).toEqual(whole);
      }),
    );
  });

  test('R-02 requests of a frame that was counted before count for no SLO', () => {
    fc.assert(
      fc.property(committed, versions, (one, known) => {
        expect(summed(counted([one], known, new Set([0, 1, 2, 3, 4, 5, 6, 7, 8])))).toEqual({});
      }),
    );
  });

  test('more SLOs than a mask has bits are all counted', () => {
    fc.assert(
      fc.property(
        sectionArbitrary(7, 0),
        fc.array(definition, { minLength: 61, maxLength: 95 }),
        (section, own) => {
          const known = own.map((each, sloId) => ({
            id: sloId + 1,
            sloId,
            validFromS: 0,
            validToS: Number.POSITIVE_INFINITY,
            matcher: SloMatcher.of(each)!,
          }));
          const list = [{ section, committedAtMs: FROM_S * 1000 }];
          expect(summed(counted(list, known))).toEqual(summed(naive(list, known)));
        },
      ),
      { numRuns: 20 },
    );
  });

  test('messages of any kind are counted by the minute they are filed under, with or without SLOs', () => {
    fc.assert(
      fc.property(sectionArbitrary(8, 0), (section) => {
        const minutes = counted([{ section, committedAtMs: 0 }], []);
        const filed = section.frames.flatMap((frame) => frame.filed);
        expect(minutes.every(({ versionId, bad }) => versionId === 0 && bad === 0)).toBe(true);
        for (const { minute, events } of minutes) {
          const own = filed.filter(({ bucketS }) => Math.floor(bucketS / 60) === minute);
          expect(events).toBe(own.reduce((sum, { count }) => sum + count, 0));
        }
        const total = filed.reduce((sum, { count }) => sum + count, 0);
        expect(minutes.reduce((sum, { events }) => sum + events, 0)).toBe(total);
      }),
    );
  });
});
