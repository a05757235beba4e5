import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { foldMinutes } from '../alerts/fold.ts';
import type { MinuteDelta } from '../model/deltas.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo } from '../test/slos.ts';
import { createApp } from './apps.ts';
import { copyMinuteDeltas, foldBatch } from './minute-deltas.ts';
import { type Pool, withTransaction } from './pool.ts';
import { readSloMinutes, readWindowSums, type SloWindow } from './slo-hours.ts';
import { createSlo } from './slos.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 30);
/** First minute of an hour. */
const HOUR = Math.floor(NOW / 3_600_000);
const START = HOUR * 60;

let database: TestDatabase;
let pool: Pool;
let appId: number;
/** Two SLOs with a version each. */
let slos: { id: number; versionId: number }[];

beforeAll(async () => {
  database = await createTestDatabase({ max: 6 });
  pool = database.pool;
  appId = (await createApp(pool, { name: 'shop', key: 'k'.repeat(32), nowMs: NOW })).app.id;
  slos = [];
  for (const slug of ['checkout', 'search']) {
    const slo = await createSlo(pool, { appId, slug, definition: exampleSlo(), author: 'ada', nowMs: NOW });
    slos.push({ id: slo!.id, versionId: slo!.version.id });
  }
});
afterAll(() => database.close());
beforeEach(() => pool.query('TRUNCATE minute_deltas, slo_hours, app_hours'));

const add = (minutes: MinuteDelta[], app = appId): Promise<void> =>
  withTransaction(pool, (client) => copyMinuteDeltas(client, [{ appId: app, minutes }]));

/** Deltas of the two SLOs and the app, over some hours around START. */
const deltas = fc.array(
  fc.record({
    slo: fc.nat(2),
    minute: fc.integer({ min: START - 200, max: START + 200 }),
    events: fc.integer({ min: 1, max: 1_000 }),
    badShare: fc.constantFrom(0, 0, 0, 0.5, 1),
  }),
  { maxLength: 60 },
);
const windows = fc.array(
  fc.record({
    slo: fc.nat(1),
    fromMinute: fc.integer({ min: START - 400, max: START + 300 }),
    minutes: fc.nat(500),
  }),
  { minLength: 1, maxLength: 10 },
);

describe('folding', () => {
  test('R-02 in any order, any batches and with late minutes, every window is the sum of what was added', async () => {
    await fc.assert(
      fc.asyncProperty(deltas, fc.array(fc.nat(60), { maxLength: 4 }), windows, async (list, cuts, asked) => {
        await pool.query('TRUNCATE minute_deltas, slo_hours, app_hours');
        const rows = list.map(({ slo, minute, events, badShare }) => ({
          versionId: slos[slo]?.versionId ?? 0,
          minute,
          events,
          bad: slo < 2 ? Math.floor(events * badShare) : 0,
        }));
        let from = 0;
        for (const to of [...cuts, rows.length].toSorted((a, b) => a - b)) {
          await add(rows.slice(from, to));
          await foldMinutes(pool);
          from = Math.max(from, to);
        }
        const own: SloWindow[] = asked.map(({ slo, fromMinute, minutes }) => ({
          sloId: slos[slo]!.id,
          fromMinute,
          toMinute: fromMinute + minutes,
        }));
        const expected = asked.map(({ slo, fromMinute, minutes }) => {
          const within = rows.filter(
            (row) =>
              row.versionId === slos[slo]!.versionId &&
              row.minute >= fromMinute &&
              row.minute < fromMinute + minutes,
          );
          return { events: sumOf(within, 'events'), bad: sumOf(within, 'bad') };
        });
        expect(await readWindowSums(pool, own)).toEqual(expected);
        expect(await readMessages()).toEqual(byMinute(rows.filter((row) => row.versionId === 0)));
      }),
      { numRuns: 40 },
    );
  });

  test('K-08 five at once, one of them killed between taking and adding: every row is folded once', async () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => ({
      versionId: slos[n % 2]!.versionId,
      minute: START + (n % 150),
      events: 3,
      bad: 1,
    }));
    await add(rows.slice(0, 1_000));
    await foldMinutes(pool);
    await add(rows.slice(1_000));
    const blocker = await pool.connect();
    await blocker.query('BEGIN; SELECT FROM slo_hours FOR UPDATE');
    const folds = Promise.allSettled([foldBatch(pool), foldBatch(pool), foldBatch(pool)]);
    // One holds the lock of folds and waits for a row; whoever it is, it has taken its rows.
    const killed = await untilKilled();
    await blocker.query('ROLLBACK');
    blocker.release();
    const failed = (await folds).filter(({ status }) => status === 'rejected');
    expect([killed, failed.length]).toEqual([1, 1]);
    await foldMinutes(pool);
    const sums = await readWindowSums(
      pool,
      slos.map(({ id }) => ({ sloId: id, fromMinute: START, toMinute: START + 200 })),
    );
    expect(sums).toEqual([
      { events: 7_500, bad: 2_500 },
      { events: 7_500, bad: 2_500 },
    ]);
  });

  test('T-03 minutes that were evaluated already are marked as late, others and those of a back-fill are not', async () => {
    const { id, versionId } = slos[0]!;
    const marks = async (): Promise<unknown> => {
      const { rows } = await pool.query(
        `SELECT (SELECT late_from_minute FROM slo_states WHERE slo_id = $1) AS slo,
           (SELECT late_from_minute FROM app_liveness) AS app`,
        [id],
      );
      return rows[0];
    };
    const fold = async (minute: number, closing = 0): Promise<void> => {
      await add([
        { versionId, minute, events: 1, bad: 0 },
        { versionId: 0, minute, events: 1, bad: 0 },
      ]);
      await foldMinutes(pool, { closing });
    };
    const next = START + 100;
    await pool.query('UPDATE slo_states SET next_minute = $1', [next]);
    await pool.query(
      `INSERT INTO app_liveness (app_id, next_minute, limit_minutes, habit_hour) VALUES ($1, $2, 10, 0)`,
      [appId, next],
    );
    await fold(next);
    expect(await marks()).toEqual({ slo: null, app: null });
    await fold(next - 1);
    expect(await marks()).toEqual({ slo: null, app: next - 1 });
    await fold(next - 2);
    expect(await marks()).toEqual({ slo: next - 2, app: next - 2 });
    // The version begins two minutes after 07:30: what is before was counted by a back-fill.
    await fold(START);
    expect(await marks()).toEqual({ slo: next - 2, app: START });
    await pool.query('UPDATE slo_states SET late_from_minute = NULL');
    await fold(next + 3, next + 3);
    expect(await marks()).toMatchObject({ slo: null });
    await fold(next + 3, next + 4);
    expect(await marks()).toMatchObject({ slo: next + 3 });
  });

  test('rows of an SLO or app that is gone are dropped, and hold up nothing', async () => {
    await add([{ versionId: 999_999, minute: START, events: 1, bad: 0 }]);
    await add([{ versionId: 0, minute: START, events: 1, bad: 0 }], 999_999);
    await add([{ versionId: slos[0]!.versionId, minute: START, events: 5, bad: 0 }]);
    expect(await foldMinutes(pool)).toBe(3);
    expect(
      await readWindowSums(pool, [{ sloId: slos[0]!.id, fromMinute: START, toMinute: START + 1 }]),
    ).toEqual([{ events: 5, bad: 0 }]);
  });

  test('a minute that counted more than an int holds stops there, and does not hold up the rest', async () => {
    const delta = { versionId: slos[0]!.versionId, minute: START, events: 2_000_000_000, bad: 0 };
    await add([delta, delta]);
    await foldMinutes(pool);
    const minutes = await readSloMinutes(pool, [slos[0]!.id], { fromMinute: START, toMinute: START + 1 });
    expect(minutes.get(slos[0]!.id)?.events).toEqual([2_147_483_647]);
  });
});

describe('windows', () => {
  test('what retention took away does not come back in a window that reaches before it', async () => {
    const { id, versionId } = slos[0]!;
    await add([0, 60, 120].map((at) => ({ versionId, minute: START + at, events: 10, bad: 1 })));
    await foldMinutes(pool);
    await pool.query('DELETE FROM slo_hours WHERE slo_id = $1 AND hour = $2', [id, HOUR]);
    const sums = await readWindowSums(pool, [
      { sloId: id, fromMinute: START - 600, toMinute: START + 180 },
      { sloId: id, fromMinute: START + 60, toMinute: START + 61 },
      { sloId: id, fromMinute: START - 600, toMinute: START - 500 },
    ]);
    expect(sums).toEqual([
      { events: 20, bad: 2 },
      { events: 10, bad: 1 },
      { events: 0, bad: 0 },
    ]);
  });
});

/** Ends the connection of a fold that waits for a row (not for the folds' own lock). */
async function untilKilled(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const { rowCount } = await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event IN ('transactionid', 'tuple')`,
    );
    if ((rowCount ?? 0) > 0) return rowCount ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return 0;
}

/** Messages of the app by minute, where there are any. */
async function readMessages(): Promise<[number, number][]> {
  const { rows } = await pool.query<{ minute: number; messages: number }>(
    `SELECT hour * 60 + i - 1 AS minute, messages[i] AS messages FROM app_hours, generate_series(1, 60) AS i
     WHERE app_id = $1 AND messages[i] > 0 ORDER BY 1`,
    [appId],
  );
  return rows.map(({ minute, messages }) => [minute, messages]);
}

function sumOf(rows: MinuteDelta[], name: 'events' | 'bad'): number {
  return rows.reduce((sum, row) => sum + row[name], 0);
}

function byMinute(rows: MinuteDelta[]): [number, number][] {
  const counts = new Map<number, number>();
  for (const { minute, events } of rows) counts.set(minute, (counts.get(minute) ?? 0) + events);
  return [...counts].sort(([a], [b]) => a - b);
}
