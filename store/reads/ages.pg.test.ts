import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BINS, binOf, quantileMs } from '../../model/histogram.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_FRAME, SERIES_RELEASE } from '../../model/series.ts';
import { DAY, HOUR } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { type CountSeed, insertCounts } from '../../test/seed-buckets.ts';
import { compactDue, markTouched } from '../compaction.ts';
import { ensurePartitionsFor, forgetPartitions } from '../partitions.ts';
import { applyRetention } from '../retention.ts';
import { readCounts } from './counts.ts';
import { readDynos } from './dynos.ts';
import { readFleet } from './fleet.ts';
import { readOverview } from './overview.ts';
import { KEPT_DEFAULT } from './plan.ts';
import { understandRange } from './range.ts';

const NOW_S = Date.UTC(2026, 10, 21, 7, 30) / 1000;
const NOW_MS = NOW_S * 1000;
const CONFIG = {
  ...KEPT_DEFAULT,
  keepChunksMs: 24 * HOUR,
  keepDetailsMs: 21 * DAY,
  keepQuarantineMs: 7 * DAY,
  frameMemoryMs: 6 * HOUR,
};

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

interface Requests {
  bucketS: number;
  dyno: string;
  release: string;
  good: number;
  bad: number;
  excluded: number;
  serviceMs: number[];
  connectMs: number[];
}

/** Ages in buckets of 10 s: those at which each width is the finest that is left. */
const age = fc.oneof(
  fc.integer({ min: 0, max: 360 }),
  fc.integer({ min: 44 * 360, max: 47 * 360 }),
  fc.integer({ min: 60 * 360, max: 62 * 360 }),
  fc.integer({ min: 8 * 8640, max: 8 * 8640 + 360 }),
  fc.integer({ min: 35 * 8640, max: 35 * 8640 + 360 }),
  fc.integer({ min: 59 * 8640, max: 59 * 8640 + 360 }),
);
const durations = fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 5 });
const requests = fc.record({
  bucketS: age.map((buckets) => NOW_S - buckets * 10),
  dyno: fc.constantFrom('web.1', 'web.2', 'web.10'),
  release: fc.constantFrom('1', '2'),
  good: fc.integer({ min: 1, max: 9 }),
  bad: fc.integer({ min: 0, max: 3 }),
  excluded: fc.integer({ min: 0, max: 3 }),
  serviceMs: durations,
  connectMs: durations,
}) satisfies fc.Arbitrary<Requests>;

/** As the write side counts them: nothing for what did not happen. */
function seedsOf(appId: number, one: Requests): CountSeed[] {
  const count = one.good + one.bad + one.excluded;
  const counted = {
    appId,
    bucketS: one.bucketS,
    count,
    status2xx: one.good,
    status5xx: one.excluded,
    ...(one.bad > 0 && { bad: one.bad, platform: one.bad }),
    ...(one.excluded > 0 && { excluded: one.excluded }),
    serviceMs: one.serviceMs,
    connectMs: one.connectMs,
  };
  return [
    { ...counted, kind: SERIES_DYNO, key: one.dyno },
    { ...counted, kind: SERIES_RELEASE, key: one.release },
    { appId, bucketS: one.bucketS, kind: SERIES_FRAME, key: 'accepted', count: 1 },
    ...(one.bad > 0 ? [{ appId, bucketS: one.bucketS, kind: SERIES_CODE, key: 'H12', count: one.bad }] : []),
    ...(one.excluded > 0
      ? [{ appId, bucketS: one.bucketS, kind: SERIES_CODE, key: 'H80', count: one.excluded }]
      : []),
  ];
}

async function add(all: Map<number, readonly Requests[]>): Promise<void> {
  const { pool } = database;
  forgetPartitions(pool);
  const rows = [...all].flatMap(([appId, own]) => own.flatMap((one) => seedsOf(appId, one)));
  const times = rows.map(({ bucketS }) => bucketS);
  for (const table of ['count_buckets_10s', 'sample_buckets_10s'] as const) {
    await ensurePartitionsFor(pool, table, times);
  }
  if (rows.length > 0) await insertCounts(pool, rows);
  await markTouched(pool, rows);
}

async function compactAll(): Promise<void> {
  while (!(await compactDue(database.pool, { nowMs: NOW_MS, limit: 100 })).isDone);
}

function p95Of(all: readonly number[]): number | null {
  const bins = new Float64Array(BINS);
  for (const ms of all) bins[binOf(ms)]! += 1;
  const value = quantileMs(bins, 0.95, all.length > 0 ? Math.max(...all) : 0);
  return value === null ? null : Math.round(value);
}

const sum = (all: readonly Requests[], of: (one: Requests) => number): number =>
  all.reduce((total, one) => total + of(one), 0);
const countOf = (one: Requests): number => one.good + one.bad + one.excluded;
const lend = <T>(work: (db: TestDatabase['pool']) => Promise<T>): Promise<T> => work(database.pool);

/** Every figure of a range, from the rows as they were before anything was merged. */
async function expectAsCounted(
  appId: number,
  all: readonly Requests[],
  spanS: number,
  stepS: number,
): Promise<void> {
  const range = understandRange({ fromS: NOW_S - spanS, toS: NOW_S, stepS }, NOW_S, CONFIG);
  expect(range.stepS).toBe(stepS);
  const inside = all.filter(({ bucketS }) => bucketS >= range.fromS && bucketS < range.toS);
  const { totals, throughput, outcomes, responseTime, codes, dynos } = await readOverview(
    lend,
    appId,
    range,
    {},
  );
  expect(totals).toMatchObject({
    count: sum(inside, countOf),
    bad: sum(inside, (one) => one.bad),
    excluded: sum(inside, (one) => one.excluded),
    platform: sum(inside, (one) => one.bad),
    p95Ms: p95Of(inside.flatMap((one) => one.serviceMs)),
  });
  const values = (set: typeof throughput, id: string) =>
    set.series.find((one) => one.id === id)?.values ?? [];
  range.t.forEach((t, index) => {
    const here = inside.filter(({ bucketS }) => bucketS >= t && bucketS < t + stepS);
    const known = here.length > 0;
    expect(values(throughput, 'status_2xx')[index]).toBe(known ? sum(here, (one) => one.good) : null);
    expect(values(throughput, 'status_5xx')[index]).toBe(known ? sum(here, (one) => one.excluded) : null);
    expect(values(throughput, 'platform')[index]).toBe(known ? sum(here, (one) => one.bad) : null);
    expect(values(outcomes, 'bad')[index]).toBe(known ? sum(here, (one) => one.bad) : null);
    expect(values(outcomes, 'excluded')[index]).toBe(known ? sum(here, (one) => one.excluded) : null);
    expect(values(responseTime, 'p95')[index]).toBe(p95Of(here.flatMap((one) => one.serviceMs)));
    expect(values(responseTime, 'connect_p95')[index]).toBe(p95Of(here.flatMap((one) => one.connectMs)));
    if (codes.series.some((series) => series.id === 'H12')) {
      expect(values(codes, 'H12')[index]).toBe(known ? sum(here, (one) => one.bad) : null);
    }
  });
  const names = ['web.1', 'web.2', 'web.10'].filter((dyno) => inside.some((one) => one.dyno === dyno));
  expect(dynos).toEqual(names);
  const figures = await readDynos(database.pool, appId, range);
  expect(figures.map(({ dyno, requests, bad, p95Ms }) => ({ dyno, requests, bad, p95Ms }))).toEqual(
    names.map((dyno) => {
      const own = inside.filter((one) => one.dyno === dyno);
      return {
        dyno,
        requests: sum(own, countOf),
        bad: sum(own, (one) => one.bad),
        p95Ms: p95Of(own.flatMap((one) => one.serviceMs)),
      };
    }),
  );
}

test('figures of any age equal what was counted, through compaction, retention and late rows', async () => {
  const ofOneApp = fc.record({
    first: fc.array(requests, { minLength: 1, maxLength: 40 }),
    late: fc.array(requests, { maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(ofOneApp, { minLength: 8, maxLength: 8 }), async (apps) => {
      const lateOf = (isOld: boolean) =>
        new Map(
          apps.map(({ late }, n) => [
            n + 1,
            late.filter(({ bucketS }) => bucketS < NOW_S - 48 * 3600 === isOld),
          ]),
        );
      await add(new Map(apps.map(({ first }, n) => [n + 1, first])));
      await compactAll();
      await applyRetention(database.pool, { nowMs: NOW_MS, config: CONFIG });
      // Of a time whose fine rows are retired: moved over, and shown from then on. The others stay due.
      await add(lateOf(true));
      await compactAll();
      await add(lateOf(false));
      for (const [n, { first, late }] of apps.entries()) await expectApp(n + 1, [...first, ...late]);
    }),
    { numRuns: 1, endOnFailure: true },
  );
}, 60_000);

async function expectApp(appId: number, all: readonly Requests[]): Promise<void> {
  await expectAsCounted(appId, all, 3600, 10);
  await expectAsCounted(appId, all, 6 * 3600, 60);
  await expectAsCounted(appId, all, 4 * 86_400, 1800);
  await expectAsCounted(appId, all, 9 * 86_400, 3600);
  await expectAsCounted(appId, all, 60 * 86_400, 21_600);
  const span = { fromMs: NOW_MS - 61 * DAY, toMs: NOW_MS + 10_000 };
  const { requests: total } = await readCounts(database.pool, appId, span, NOW_MS, CONFIG);
  expect(total).toBe(sum(all, countOf));
  const hour = all.filter(({ bucketS }) => bucketS >= NOW_S - 3600 && bucketS < NOW_S);
  const fleet = (await readFleet(lend, [appId], NOW_MS)).get(appId);
  expect(fleet?.requests).toBe(sum(hour, countOf));
  expect(fleet?.failed).toBe(sum(hour, (one) => one.bad));
  // H80 does not count, however often it comes.
  const [bad, excluded] = [sum(hour, (one) => one.bad), sum(hour, (one) => one.excluded)];
  const top = bad > 0 ? { code: 'H12', count: bad } : { code: 'H80', count: excluded };
  expect(fleet?.topCode).toEqual(top.count > 0 ? top : null);
  expect(fleet?.p95Ms).toBe(p95Of(hour.flatMap((one) => one.serviceMs)));
}
