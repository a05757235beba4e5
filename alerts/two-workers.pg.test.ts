import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildAlerting } from '../bin/alerting.ts';
import { closedEvaluation } from '../model/closing.ts';
import { silentLog } from '../model/log.ts';
import { MINUTE } from '../model/time.ts';
import { readDatabaseNow } from '../store/completeness.ts';
import type { Client, Pool } from '../store/pool.ts';
import { type Delta, EvaluationWorld, steady } from '../test/evaluation.ts';
import { addRoute, clearIncidents, seeIncidents, seeOutbox } from '../test/incidents.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo } from '../test/slos.ts';
import { foldMinutes } from './fold.ts';
import { applyAlertChanges } from './incident.ts';

const START = Date.UTC(2026, 10, 20, 7, 30) / MINUTE;
let database: TestDatabase;
let pool: Pool;
let world: EvaluationWorld;

beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
  ({ pool } = database);
});
afterAll(() => database.close());
beforeEach(async () => {
  await clearIncidents(pool);
  await pool.query('TRUNCATE minute_deltas, gaps, writers, slo_generation CASCADE');
  await pool.query('INSERT INTO slo_generation DEFAULT VALUES');
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO receivers (name, kind, created_at_ms, updated_at_ms) VALUES ('pager', 'webhook', 0, 0) RETURNING id`,
  );
  await addRoute(pool, { receiverIds: [rows[0]!.id], severities: ['page'] });
  world = new EvaluationWorld(pool, applyAlertChanges);
});

/** Objectives of which each fails from minute 60 on; counted until `to`. */
async function failingSlos(count: number, span: { start?: number; to?: number } = {}): Promise<number[]> {
  const { start = START } = span;
  const { to = start + 70 } = span;
  const definition = exampleSlo({ budgetAlerts: [] });
  const apps = [await world.app('shop', start), await world.app('books', start)];
  const deltas: Delta[] = [];
  const ids: number[] = [];
  for (let at = 0; at < count; at++) {
    const appId = apps[at % apps.length] ?? 0;
    const { id } = await world.slo(appId, `slo-${at}`, definition, start);
    ids.push(id);
    const [versionId = 0] = await world.versionIds(id);
    const both = { appId, versionId };
    deltas.push(...steady(both, { from: start, to: start + 60, events: 50 }));
    deltas.push(...steady(both, { from: start + 60, to, events: 50, bad: 50 }));
  }
  await world.add(deltas);
  return ids;
}

const isOnce = async (count: number) => {
  const incidents = await seeIncidents(pool);
  expect(incidents.map(({ state }) => state)).toEqual(Array(count).fill('open'));
  expect(new Set(incidents.map(({ subject }) => subject)).size).toBe(count);
  expect(await seeOutbox(pool)).toEqual(Array(count).fill('trigger opened'));
};

describe('several workers', () => {
  test('A-09 four that tick at once, again and again: each objective once, one incident and one page each', async () => {
    await failingSlos(40);
    await world.round(START + 55);
    const workers = [1, 2, 3, 4].map(() => world.anotherWorker(applyAlertChanges));
    for (let minute = START + 56; minute <= START + 66; minute++) {
      await Promise.all(workers.map((worker) => world.round(minute, worker)));
    }
    await isOnce(40);
    const { rows } = await pool.query(
      'SELECT slo_id, count(*)::int AS n FROM alert_transitions GROUP BY 1 HAVING count(*) <> 2',
    );
    expect(rows).toEqual([]);
  });

  test('A-10 K-15 one that freezes in the middle loses its objectives to another, and what it tries after is refused', async () => {
    await failingSlos(3);
    await world.round(START + 60);
    const [frozen, thawed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const freeze = async (
      client: Client,
      changes: Parameters<typeof applyAlertChanges>[1],
      nowMs: number,
    ) => {
      frozen.resolve();
      await thawed.promise;
      await applyAlertChanges(client, changes, nowMs);
    };
    const zombie = world.anotherWorker(freeze, { idleLimitMs: 300 });
    const itsRound = world.round(START + 66, zombie).then(
      () => 'done',
      (error: Error) => error.message,
    );
    await frozen.promise;
    // Its rows are left alone until the server has ended its transaction.
    expect(await world.round(START + 66)).toEqual([]);
    expect(await seeIncidents(pool)).toEqual([]);
    await sleep(500);
    expect(await world.round(START + 66)).toHaveLength(3);
    thawed.resolve();
    expect(await itsRound).toMatch(/terminat|closed|not queryable/i);
    await isOnce(3);
    expect(await world.round(START + 67)).toEqual([]);
    await isOnce(3);
  });

  test('K-09 one whose transaction fails at its end has done nothing; the successor acts, once', async () => {
    await failingSlos(3);
    await world.round(START + 60);
    const dying = world.anotherWorker(async (client, changes, nowMs) => {
      await applyAlertChanges(client, changes, nowMs);
      await client.query('SELECT pg_terminate_backend(pg_backend_pid())');
    });
    await expect(world.round(START + 66, dying)).rejects.toThrow();
    expect([await seeIncidents(pool), await seeOutbox(pool)]).toEqual([[], []]);
    await world.round(START + 66, world.anotherWorker(applyAlertChanges));
    await isOnce(3);
  });

  test('R-06 an objective whose evaluation fails keeps no other from its turn', async () => {
    const [poison] = await failingSlos(5);
    await world.round(START + 60);
    const picky = world.anotherWorker(async (client, changes, nowMs) => {
      if (changes.some(({ subject }) => subject.kind === 'slo' && subject.sloId === poison))
        throw new Error('this one cannot be told');
      await applyAlertChanges(client, changes, nowMs);
    });
    await world.round(START + 66, picky);
    await isOnce(4);
    await world.round(START + 67, world.anotherWorker(applyAlertChanges));
    await isOnce(5);
  });
});

describe('what arrives', () => {
  test('R-03 the order and the batches in which counts arrive do not matter', async () => {
    const definition = exampleSlo({ budgetAlerts: [] });
    const appId = await world.app('shop', START);
    const results: unknown[] = [];
    for (const way of ['in order', 'backwards', 'in crumbs']) {
      const { id } = await world.slo(appId, way.replaceAll(' ', '-'), definition, START);
      const [versionId = 0] = await world.versionIds(id);
      const both = { appId, versionId };
      const deltas = [
        ...steady(both, { from: START, to: START + 60, events: 50 }),
        ...steady(both, { from: START + 60, to: START + 66, events: 50, bad: 20 }),
        ...steady(both, { from: START + 66, to: START + 100, events: 50 }),
      ];
      const crumbs =
        way === 'in crumbs'
          ? deltas.flatMap((delta) =>
              [0, 1, 2, 3, 4].map((part) => ({
                ...delta,
                events: Math.floor((delta.events + part) / 5),
                bad: Math.floor((delta.bad + part) / 5),
              })),
            )
          : deltas;
      const sorted = way === 'backwards' ? crumbs.toReversed() : crumbs;
      for (let at = 0; at < sorted.length; at += way === 'in crumbs' ? 137 : 400) {
        await world.add(sorted.slice(at, at + (way === 'in crumbs' ? 137 : 400)));
        await foldMinutes(pool);
      }
      await world.round(START + 95);
      const { rows } = await pool.query('SELECT next_minute, tiers FROM slo_states WHERE slo_id = $1', [id]);
      results.push({ state: rows[0], transitions: await world.transitions(id) });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(results[0]).toMatchObject({ transitions: [{}, {}, {}, {}] });
  });
});

describe('clocks', () => {
  const withClock = async <T>(aheadMs: number, work: () => Promise<T>): Promise<T> => {
    const { now } = Date;
    Date.now = () => now() + aheadMs;
    try {
      return await work();
    } finally {
      Date.now = now;
    }
  };
  /** Now by the database, with objectives that began to fail ten minutes ago. */
  const failingNow = async () => {
    const minute = closedEvaluation(await readDatabaseNow(pool));
    await failingSlos(2, { start: minute - 70, to: minute + 2 });
    return minute;
  };
  const nextMinutes = async () => {
    const { rows } = await pool.query<{ next_minute: number }>('SELECT DISTINCT next_minute FROM slo_states');
    return rows.map((row) => row.next_minute);
  };

  test('T-05–06 T-07 processes whose clocks are an hour and 90 s off evaluate the same minutes: the database’s clock decides', async () => {
    await failingNow();
    for (const aheadMs of [60 * MINUTE, -60 * MINUTE, 90_000, 0]) {
      const rounds = buildAlerting({ pool, log: silentLog });
      expect(await withClock(aheadMs, () => rounds.tick())).toBe('done');
      const now = closedEvaluation(await readDatabaseNow(pool));
      const [next = 0, ...others] = await nextMinutes();
      expect(others).toEqual([]);
      // A minute may have begun in between.
      expect(now + 1 - next).toBeLessThanOrEqual(1);
      expect(next).toBeLessThanOrEqual(now + 1);
    }
    await isOnce(2);
  });

  test('T-05–06 the database’s own clock an hour ahead and back: no storm, and evaluation goes on at once', async () => {
    await failingSlos(2, { to: START + 90 });
    await world.round(START + 66);
    await isOnce(2);
    await world.round(START + 66 + 60);
    await world.round(START + 67);
    expect(await nextMinutes()).toEqual([START + 68]);
    for (let minute = START + 68; minute < START + 75; minute++) await world.round(minute);
    const incidents = await seeIncidents(pool);
    expect(incidents.map(({ state, held_reason: held, reopened }) => [state, held, reopened])).toEqual([
      ['open', null, 0],
      ['open', null, 0],
    ]);
    expect((await seeOutbox(pool)).filter((what) => what.startsWith('trigger'))).toHaveLength(2);
    expect(await nextMinutes()).toEqual([START + 75]);
  });
});
