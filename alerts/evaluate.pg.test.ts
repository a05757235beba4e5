import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AlertChange } from '../model/alert-change.ts';
import { MINUTE } from '../model/time.ts';
import { insertCorrection } from '../store/corrections.ts';
import { withTransaction } from '../store/pool.ts';
import { addSloVersion, removeSlo } from '../store/slos.ts';
import { EvaluationWorld, steady } from '../test/evaluation.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo } from '../test/slos.ts';

/** 07:30 on a Saturday. */
const START = Date.UTC(2026, 10, 21, 7, 30) / MINUTE;
let database: TestDatabase;
let world: EvaluationWorld;
let appId: number;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase({ max: 6 });
});
afterAll(() => database.close());
beforeEach(async () => {
  await database.pool.query('TRUNCATE apps, minute_deltas, gaps, writers, slo_generation CASCADE');
  await database.pool.query('INSERT INTO slo_generation DEFAULT VALUES');
  world = new EvaluationWorld(database.pool);
  count++;
  appId = await world.app(`shop-${count}`, START);
});

/** Budgets have tests of their own. */
const plainSlo: typeof exampleSlo = (more) => exampleSlo({ budgetAlerts: [], ...more });
const slo = async (definition = plainSlo(), slug = 'requests') => {
  const row = await world.slo(appId, slug, definition, START);
  const [versionId = 0] = await world.versionIds(row.id);
  return { id: row.id, publicId: row.publicId, version: { appId, versionId } };
};
const words = (changes: readonly AlertChange[]) =>
  changes.map(
    ({ severity, held, reason, overBeforeTold }) =>
      `${severity ?? 'none'} ${reason}${held === null ? '' : ` held:${held.reason}`}${overBeforeTold ? ' over' : ''}`,
  );
/** Evaluates minute by minute; what was told, with the minute. */
const follow = async (from: number, to: number) => {
  const told: [number, string][] = [];
  for (let minute = from; minute <= to; minute++) {
    for (const word of words(await world.round(minute))) told.push([minute - START, word]);
  }
  return told;
};

describe('from the first bad minute to the end', () => {
  test('an outage pages after two minutes, and is over ten minutes after the short window is', async () => {
    const { id, version } = await slo();
    await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(version, { from: START + 60, to: START + 70, events: 100, bad: 100 }));
    await world.add(steady(version, { from: START + 70, to: START + 120, events: 100 }));
    // Minute 60 is seen by evaluation 61, which waits until 63; errors end with minute 69, the window five after.
    expect(await follow(START + 58, START + 120)).toEqual([
      [63, 'page threshold'],
      [85, 'none recovered'],
    ]);
    expect(await world.transitions(id)).toEqual([
      { tier: 0, minute: START + 61, change: 'ok pending', reason: 'threshold' },
      { tier: 0, minute: START + 63, change: 'pending firing', reason: 'threshold' },
      { tier: 0, minute: START + 75, change: 'firing recovering', reason: 'recovered' },
      { tier: 0, minute: START + 85, change: 'recovering ok', reason: 'recovered' },
    ]);
    expect(world.told[0]).toMatchObject({
      appId,
      subject: { kind: 'slo', sloId: id },
      minute: START + 63,
      atMs: (START + 63) * MINUTE,
      detectedLateMs: 0,
      evidence: {
        title: 'Requests succeed',
        windows: [
          { minutes: 60, bad: 300, events: 6000 },
          { minutes: 5, bad: 300, events: 500 },
        ],
        sinceMs: (START + 61) * MINUTE,
        coverage: 1,
        target: '0.999',
      },
    });
  });

  test('the first minutes of an objective do not speak for an hour: their share of it scales what they say', async () => {
    const { version } = await slo();
    const lines = Array.from({ length: 200 }, (_, at) => ({
      appId,
      versionId: 0,
      minute: START - 200 + at,
      events: 1,
      bad: 0,
    }));
    await world.add([...lines, ...steady(version, { from: START, to: START + 20, events: 100, bad: 10 })]);
    // 10 % of n minutes in 60 are above 1.44 % from the ninth on.
    expect(await follow(START + 1, START + 15)).toEqual([[11, 'page threshold']]);
  });

  test('a ticket that becomes a page is told as such, and the page that ends before the ticket too', async () => {
    const [page] = exampleSlo().tiers;
    const ticket = { ...page!, severity: 'ticket' as const, longMinutes: 120, shortMinutes: 30, factor: 3 };
    const { version } = await slo(plainSlo({ tiers: [page!, { ...ticket, forMinutes: 0 }] }));
    await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(version, { from: START + 60, to: START + 80, events: 100, bad: 10 }));
    await world.add(steady(version, { from: START + 80, to: START + 180, events: 100 }));
    const told = await follow(START + 58, START + 180);
    expect(told.map(([, word]) => word)).toEqual([
      'ticket threshold',
      'page threshold',
      'ticket recovered',
      'none recovered',
    ]);
  });
});

describe('missing and uncertain minutes', () => {
  test('A-14 R-05 a drain that falls silent while it fires holds the alert, and data that returns decides', async () => {
    const { version } = await slo();
    await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(version, { from: START + 60, to: START + 66, events: 100, bad: 100 }));
    await world.add(steady(version, { from: START + 120, to: START + 140, events: 100 }));
    expect(await follow(START + 58, START + 120)).toEqual([
      [63, 'page threshold'],
      // Five minutes without a line after minute 65.
      [71, 'page held held:noData'],
    ]);
    // Held for ten minutes of keeping, and until the short window is whole again.
    expect(await follow(START + 121, START + 140)).toEqual([
      [125, 'page dataReturned'],
      [135, 'none recovered'],
    ]);
  });

  test('A-15 R-05 a gap inside the short window keeps it firing, and keeps nothing from firing', async () => {
    const { version } = await slo();
    await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(version, { from: START + 60, to: START + 66, events: 100, bad: 100 }));
    await world.add(steady(version, { from: START + 66, to: START + 120, events: 100 }));
    await database.pool.query(
      `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
       VALUES ($1, 0, 'L10', $2, $3, 7, 'a')`,
      [appId, (START + 60) * MINUTE, (START + 85) * MINUTE],
    );
    expect(await follow(START + 58, START + 120)).toEqual([
      [63, 'page threshold'],
      [71, 'page held held:gap'],
      // The window of five minutes is behind minute 85, the last with a gap.
      [91, 'page dataReturned'],
      [101, 'none recovered'],
    ]);
  });

  test('R-05 what has arrived and is not rolled up yet is stale: nothing resolves, and it is decided when it is', async () => {
    const { version } = await slo();
    await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(version, { from: START + 60, to: START + 66, events: 100, bad: 100 }));
    await world.add(steady(version, { from: START + 66, to: START + 90, events: 100 }));
    expect(await follow(START + 58, START + 68)).toEqual([[63, 'page threshold']]);
    const atMs = (START + 67) * MINUTE;
    await database.pool.query(
      `INSERT INTO writers (holder, seq, checkpoint_seq, checkpoint_at_ms) VALUES ('web.1', 9, 8, $1)`,
      [atMs - 1000],
    );
    await database.pool.query(
      `CREATE TABLE chunks_test PARTITION OF chunks FOR VALUES FROM (${atMs - 1}) TO (${atMs + 1})`,
    );
    await database.pool.query(`INSERT INTO chunks SELECT $1, id, 9, '{}', '{}', '{}', 1, '' FROM writers`, [
      atMs,
    ]);
    expect(await follow(START + 69, START + 80)).toEqual([[71, 'page held held:stale']]);
    await database.pool.query('UPDATE writers SET checkpoint_seq = 9');
    expect(await follow(START + 81, START + 95)).toEqual([
      [81, 'page dataReturned'],
      [91, 'none recovered'],
    ]);
    await database.pool.query('DROP TABLE chunks_test');
  });

  test('an app that never sent a line is without data, whatever its objectives say', async () => {
    const { id } = await slo();
    expect(await follow(START + 1, START + 3)).toEqual([]);
    const { rows } = await database.pool.query('SELECT tiers FROM slo_states WHERE slo_id = $1', [id]);
    expect(rows[0]!.tiers).toMatchObject([{ state: 'ok', held: { reason: 'noData' } }]);
  });
});

describe('after a time without workers', () => {
  const outage = (version: { appId: number; versionId: number }, from: number, to: number) =>
    world.add([
      ...steady(version, { from: START, to: from, events: 100 }),
      ...steady(version, { from, to, events: 100, bad: 100 }),
      ...steady(version, { from: to, to: START + 400, events: 100 }),
    ]);

  test('minutes are made up for in order, and only how it stands now is told, with how late', async () => {
    const { id, version } = await slo();
    await outage(version, START + 60, START + 110);
    expect(await follow(START + 49, START + 50)).toEqual([]);
    expect(words(await world.round(START + 100))).toEqual(['page threshold']);
    // It would have been told at 63.
    expect(world.told[0]).toMatchObject({
      detectedLateMs: 37 * MINUTE,
      evidence: { sinceMs: (START + 61) * MINUTE },
    });
    expect((await world.transitions(id)).map(({ minute }) => minute - START)).toEqual([61, 63]);
  });

  test('what fired and ended meanwhile is listed once, and pages nobody', async () => {
    const { version } = await slo();
    await outage(version, START + 60, START + 70);
    await follow(START + 49, START + 50);
    const told = await world.round(START + 200);
    expect(words(told)).toEqual(['page threshold over']);
    expect(told[0]).toMatchObject({
      atMs: (START + 85) * MINUTE,
      evidence: { sinceMs: (START + 61) * MINUTE },
    });
    expect(await world.round(START + 201)).toEqual([]);
  });

  test('an incident that ended meanwhile is told as resolved', async () => {
    const { version } = await slo();
    await outage(version, START + 60, START + 70);
    expect(await follow(START + 58, START + 64)).toEqual([[63, 'page threshold']]);
    expect(words(await world.round(START + 200))).toEqual(['none recovered']);
  });

  test('what fired and ended beside an incident that people know of is not listed apart from it', async () => {
    const { version } = await slo();
    await world.add([
      ...steady(version, { from: START, to: START + 60, events: 100 }),
      ...steady(version, { from: START + 60, to: START + 70, events: 100, bad: 100 }),
      ...steady(version, { from: START + 70, to: START + 120, events: 100 }),
      ...steady(version, { from: START + 120, to: START + 130, events: 100, bad: 100 }),
      ...steady(version, { from: START + 130, to: START + 200, events: 100 }),
    ]);
    expect(await follow(START + 58, START + 64)).toEqual([[63, 'page threshold']]);
    expect(words(await world.round(START + 200))).toEqual(['none recovered']);
  });

  test('five hours are made up for in several steps, and told at their end only', async () => {
    const { version } = await slo();
    await outage(version, START + 60, START + 70);
    await follow(START + 1, START + 3);
    expect(words(await world.round(START + 390))).toEqual(['page threshold over']);
  });

  test('minute by minute and in one go, states and transitions are the same', async () => {
    const { id, version } = await slo();
    await outage(version, START + 60, START + 70);
    await follow(START + 1, START + 100);
    const [states, transitions] = [await world.states(), await world.transitions(id)];
    await database.pool.query('DELETE FROM alert_transitions');
    await database.pool.query(`UPDATE slo_states SET next_minute = $1, tiers = '[]', memory = '{}'`, [
      START + 1,
    ]);
    await world.round(START + 100);
    expect(await world.states()).toEqual(states);
    expect(await world.transitions(id)).toEqual(transitions);
  });
});

describe('late data', () => {
  test('T-03 it can still fire what would have fired in time, and says how late', async () => {
    const { id, version } = await slo();
    await world.add(steady(version, { from: START, to: START + 120, events: 100 }));
    expect(await follow(START + 58, START + 68)).toEqual([]);
    // Ten bad minutes arrive when the eighth is over, all but the newest after their evaluation.
    await world.add(
      steady(version, { from: START + 60, to: START + 68, events: 0, bad: 0 }).map((delta) =>
        delta.versionId === 0 ? delta : { ...delta, events: 100, bad: 100 },
      ),
    );
    expect(words(await world.round(START + 69))).toEqual(['page lateData']);
    expect(world.told[0]).toMatchObject({
      detectedLateMs: 6 * MINUTE,
      evidence: { sinceMs: (START + 61) * MINUTE },
    });
    expect(await world.transitions(id)).toContainEqual({
      tier: 0,
      minute: START + 68,
      change: 'ok firing',
      reason: 'lateData',
    });
  });

  test('what would have fired and ended is listed, once', async () => {
    const { version } = await slo();
    await world.add(steady(version, { from: START, to: START + 160, events: 100 }));
    await follow(START + 99, START + 100);
    await world.add([{ ...version, minute: START + 40, events: 400, bad: 400 }]);
    expect(words(await world.round(START + 101))).toEqual(['page lateData over']);
    await world.add([{ ...version, minute: START + 41, events: 1, bad: 0 }]);
    expect(await follow(START + 102, START + 110)).toEqual([]);
  });

  test('R-05 late good data takes no verdict back', async () => {
    const { version } = await slo();
    await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(version, { from: START + 60, to: START + 64, events: 100, bad: 100 }));
    await world.add(steady(version, { from: START + 64, to: START + 100, events: 100 }));
    expect(await follow(START + 58, START + 64)).toEqual([[63, 'page threshold']]);
    await world.add(
      [60, 61, 62, 63].map((minute) => ({ ...version, minute: START + minute, events: 1_000_000, bad: 0 })),
    );
    expect(await follow(START + 65, START + 66)).toEqual([]);
    expect(await follow(START + 67, START + 90)).toEqual([[75, 'none recovered']]);
  });
});

describe('changes of the objective', () => {
  const firing = async () => {
    const made = await slo();
    await world.add(steady(made.version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(made.version, { from: START + 60, to: START + 200, events: 100, bad: 100 }));
    expect(await follow(START + 58, START + 70)).toEqual([[63, 'page threshold']]);
    return made;
  };

  test('A-17 another process goes on where the one before stood, and tells nothing again', async () => {
    await firing();
    const successor = world.anotherWorker();
    expect(await world.round(START + 71, successor)).toEqual([]);
    expect(await world.round(START + 80, successor)).toEqual([]);
  });

  test('A-18 an edit while it fires is one update; another target does not fire anew', async () => {
    const { id } = await firing();
    await withTransaction(database.pool, (client) =>
      addSloVersion(client, {
        sloId: id,
        definition: plainSlo({ title: 'Orders succeed', target: '0.99' }),
        author: 'test',
        nowMs: (START + 70) * MINUTE,
      }),
    );
    const [, versionId = 0] = await world.versionIds(id);
    await database.pool.query('DELETE FROM minute_deltas');
    await world.add(
      steady({ appId, versionId }, { from: START + 71, to: START + 90, events: 100, bad: 100 }),
    );
    expect(await follow(START + 71, START + 85)).toEqual([[72, 'page sloChanged']]);
    expect(world.told.at(-1)?.evidence).toMatchObject({ title: 'Orders succeed', target: '0.99' });
  });

  test('A-18 a tier that an edit takes away is over', async () => {
    const { id } = await firing();
    await withTransaction(database.pool, (client) =>
      addSloVersion(client, {
        sloId: id,
        definition: plainSlo({ tiers: [] }),
        author: 'test',
        nowMs: (START + 70) * MINUTE,
      }),
    );
    expect(await follow(START + 71, START + 75)).toEqual([[72, 'none sloChanged']]);
  });

  test('A-19 a deletion while it fires is one resolve, and nothing is evaluated after', async () => {
    const { id } = await firing();
    await withTransaction(database.pool, (client) => removeSlo(client, id, (START + 70) * MINUTE));
    expect(await follow(START + 71, START + 80)).toEqual([[72, 'none removed']]);
    expect(await world.states()).toEqual([]);
  });

  test('a correction over the bad minutes ends it with that reason', async () => {
    const { id } = await slo();
    const [versionId = 0] = await world.versionIds(id);
    const version = { appId, versionId };
    await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(version, { from: START + 60, to: START + 100, events: 100, bad: 100 }));
    expect(await follow(START + 58, START + 70)).toEqual([[63, 'page threshold']]);
    await insertCorrection(database.pool, {
      appId,
      sloId: null,
      fromMinute: START + 55,
      toMinute: START + 90,
      recurrence: null,
      reason: 'planned',
      author: 'test',
      nowMs: (START + 70) * MINUTE,
    });
    expect(await follow(START + 71, START + 85)).toEqual([[81, 'none correction']]);
  });
});

describe('budget', () => {
  test('each level is told once when crossed, several at once by the lowest, and again only five points above', async () => {
    const { id, version } = await slo(
      exampleSlo({ target: '0.9', tiers: [], period: { kind: 'rolling', days: 1 } }),
    );
    const levels = (changes: readonly AlertChange[]) =>
      changes.map(({ subject, severity }) => [subject, severity]);
    await world.add(steady(version, { from: START, to: START + 10, events: 100 }));
    expect(await follow(START + 8, START + 10)).toEqual([]);
    // Of 1,000 events 100 may be bad: 55 of them, 45 % left; then to 5 % left.
    await world.add([{ ...version, minute: START + 10, events: 0, bad: 55 }]);
    await world.add([{ appId, versionId: 0, minute: START + 10, events: 1, bad: 0 }]);
    expect(levels(await world.round(START + 11))).toEqual([
      [{ kind: 'budget', sloId: id, remainingPercent: 50 }, 'info'],
    ]);
    await world.add([{ ...version, minute: START + 11, events: 0, bad: 40 }]);
    await world.add([{ appId, versionId: 0, minute: START + 11, events: 1, bad: 0 }]);
    expect(levels(await world.round(START + 12))).toEqual([
      [{ kind: 'budget', sloId: id, remainingPercent: 10 }, 'info'],
    ]);
    await world.add([{ appId, versionId: 0, minute: START + 12, events: 1, bad: 0 }]);
    expect(await world.round(START + 13)).toEqual([]);
    // 95 of 112 allowed: 15.2 % left: above 10 by five, 25 is still crossed.
    await world.add([{ ...version, minute: START + 13, events: 125, bad: 0 }]);
    await world.add([{ appId, versionId: 0, minute: START + 13, events: 1, bad: 0 }]);
    expect(levels(await world.round(START + 14))).toEqual([
      [{ kind: 'budget', sloId: id, remainingPercent: 10 }, null],
    ]);
  });

  test('in slices of time a slice counts as one, whatever its traffic', async () => {
    const definition = exampleSlo({
      target: '0.5',
      tiers: [],
      budgeting: { kind: 'timeslices', sliceMinutes: 5, sliceTarget: '0.9' },
      period: { kind: 'rolling', days: 1 },
    });
    const { id, version } = await slo(definition);
    await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(version, { from: START + 60, to: START + 240, events: 1, bad: 1 }));
    const told: AlertChange[] = [];
    // Each objective has its turn once an hour.
    for (let minute = START + 1; minute <= START + 240; minute++)
      if ((minute + id) % 60 === 0) told.push(...(await world.round(minute)));
    // 12 slices are good and at least 24 bad, of half of all.
    expect(told.map(({ subject }) => subject)).toContainEqual({
      kind: 'budget',
      sloId: id,
      remainingPercent: 0,
    });
  });
});

describe('composites', () => {
  test('the counts of members are pooled', async () => {
    const first = await slo(plainSlo({ tiers: [] }), 'first');
    const second = await slo(plainSlo({ tiers: [] }), 'second');
    const both = await slo(
      plainSlo({ indicator: { kind: 'composite', members: [first.publicId, second.publicId] } }),
      'both',
    );
    await world.add(steady(first.version, { from: START, to: START + 90, events: 1000 }));
    await world.add(steady(second.version, { from: START, to: START + 60, events: 100 }));
    await world.add(steady(second.version, { from: START + 60, to: START + 90, events: 100, bad: 100 }));
    await follow(START + 58, START + 80);
    const pages = world.told.filter(({ severity }) => severity === 'page');
    expect(pages).toMatchObject([
      { subject: { kind: 'slo', sloId: both.id }, evidence: { windows: [{}, { minutes: 5, events: 5500 }] } },
    ]);
  });
});
