import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RuleDraft } from '../../model/rule.ts';
import { checkRule } from '../../model/rule-check.ts';
import { SERIES_FILED, SERIES_RELEASE } from '../../model/series.ts';
import { MINUTE } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { RuleWorld } from '../../test/rule-world.ts';
import { backtestOverHistory } from './rule-history.ts';

const NOW = Math.floor(Date.UTC(2026, 10, 21, 8, 0) / MINUTE);
const DAYS = 14;
const FROM = NOW - DAYS * 1440;

let database: TestDatabase;
let world: RuleWorld;
let appId: number;

/** Minutes of failure: on three nights for six minutes. */
const NIGHTS = [2, 5, 11].map((day) => FROM + day * 1440 + 200);
const isFailing = (minute: number): boolean => NIGHTS.some((night) => minute >= night && minute < night + 6);

beforeAll(async () => {
  database = await createTestDatabase();
  world = new RuleWorld(database.pool);
  await world.prepare(NOW, DAYS + 2);
  appId = await world.app('history', NOW);
  await database.pool.query(
    `INSERT INTO series (app_id, kind, key, created_at_ms) VALUES ($1, $2, '1', 0), ($1, $3, '', 0)`,
    [appId, SERIES_RELEASE, SERIES_FILED],
  );
  // Rows of a minute, whole days of them: what was of ten seconds is long gone.
  await database.pool.query(
    `INSERT INTO count_buckets_1m (bucket_s, app_id, series_id, writer_id, count, bad)
     SELECT m * 60, $1, s.id, 0, 100, CASE WHEN s.kind = $2 AND m = ANY ($5::int[]) THEN 60 END
     FROM series s, generate_series($3::int, $4::int) AS m
     WHERE s.app_id = $1 AND NOT m BETWEEN $6::int AND $6::int + 30`,
    [
      appId,
      SERIES_RELEASE,
      FROM - 120,
      NOW - 1,
      Array.from({ length: DAYS * 1440 }, (_, at) => FROM + at).filter(isFailing),
      FROM + 8 * 1440,
    ],
  );
  await database.pool.query(`UPDATE retired SET before_s = $1 WHERE table_name LIKE '%10s'`, [NOW * 60]);
});
afterAll(() => database.close());

function draftOf(rule: object): RuleDraft {
  const checked = checkRule(rule);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value;
}

test('what a rule would have done is told with its times', async () => {
  const draft = draftOf({
    kind: 'failedShare',
    severity: 'page',
    settings: { ratio: 0.5, windowMinutes: 2 },
    forMinutes: 0,
    keepFiringMinutes: 3,
  });
  const result = await backtestOverHistory(database.pool, { appId, draft, nowMs: (NOW + 1) * MINUTE + 5 });
  expect(result.sentence).toBe('Would have paged 3 times in 14 days.');
  // Two minutes of 60 % are seen two minutes after the first; the window is below with one left, and then it keeps.
  expect(result.firings).toEqual(
    NIGHTS.map((night) => ({
      fromMs: (night + 2) * MINUTE,
      toMs: (night + 7 + 3) * MINUTE,
      key: '',
      peak: 60,
    })),
  );
  expect(result.perWeek).toBe(1.5);
  expect(result).toMatchObject({ unit: '%', threshold: 50, warnings: [] });
  expect(result.t.length).toBe(result.series[0]?.values.length);
  expect(result.t.length).toBeLessThanOrEqual(700);
  expect(Math.max(...(result.series[0]?.values ?? []).map((value) => value ?? 0))).toBe(60);
});

test('a silence of history is found, and holds what it hides', async () => {
  const silent = draftOf({ kind: 'drainSilent', settings: { silentMinutes: 10 } });
  const { firings } = await backtestOverHistory(database.pool, {
    appId,
    draft: silent,
    nowMs: (NOW + 1) * MINUTE,
  });
  const gap = FROM + 8 * 1440;
  expect(firings).toEqual([
    { fromMs: (gap + 10) * MINUTE, toMs: (gap + 31 + 1 + 2) * MINUTE, key: '', peak: 31 },
  ]);
  const few = draftOf({
    kind: 'requestRate',
    settings: { direction: 'under', perMinute: 50, windowMinutes: 10 },
    keepFiringMinutes: 0,
  });
  const rate = await backtestOverHistory(database.pool, { appId, draft: few, nowMs: (NOW + 1) * MINUTE });
  // 31 minutes without a line are no minutes without requests.
  expect(rate.firings).toEqual([]);
});

test('without history it says so instead of promising silence', async () => {
  const other = await world.app('empty', NOW);
  const draft = draftOf({ kind: 'latency' });
  const result = await backtestOverHistory(database.pool, {
    appId: other,
    draft,
    days: 3,
    nowMs: NOW * MINUTE,
  });
  expect(result.firings).toEqual([]);
  expect(result.warnings).toHaveLength(1);
  expect(result.sentence).toBe('Would have made no ticket in 3 days.');
});
