import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AlertChange } from '../model/alert-change.ts';
import { MINUTE } from '../model/time.ts';
import { insertCorrection } from '../store/corrections.ts';
import { withTransaction } from '../store/pool.ts';
import { removeSlo } from '../store/slos.ts';
import { EvaluationWorld, steady } from '../test/evaluation.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { exampleSlo } from '../test/slos.ts';

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
const plainSlo: typeof exampleSlo = (more) => exampleSlo({ budgetAlerts: [], ...more });
const slo = async (definition = plainSlo(), slug = 'requests', of = appId) => {
  const row = await world.slo(of, slug, definition, START);
  const [versionId = 0] = await world.versionIds(row.id);
  return { id: row.id, publicId: row.publicId, version: { appId: of, versionId } };
};
const words = (changes: readonly AlertChange[]) =>
  changes.map(
    ({ severity, held, reason, overBeforeTold, subject }) =>
      `${subject.kind === 'slo' ? `${subject.sloId} ` : ''}${severity ?? 'none'} ${reason}${held === null ? '' : ` held:${held.reason}`}${overBeforeTold ? ' over' : ''}`,
  );
const follow = async (from: number, to: number) => {
  const told: [number, string][] = [];
  for (let minute = from; minute <= to; minute++) {
    for (const word of words(await world.round(minute))) told.push([minute - START, word]);
  }
  return told;
};

test('R-05 nothing ends in a pause of which nobody can say yet whether it is a habit: it fires on, and is held once it is none', async () => {
  const { id, version } = await slo();
  // A line each seven minutes: the drain is silent after 21.
  for (let minute = START; minute < START + 200; minute += 7)
    await world.add(
      steady(version, { from: minute, to: minute + 1, events: 10, bad: minute > START + 100 ? 10 : 0 }),
    );
  expect(await follow(START + 95, START + 230)).toEqual([
    [108, `${id} page threshold`],
    // The last line is of minute 196.
    [218, `${id} page held held:noData`],
  ]);
});

test('R-05 it ends with the line that comes after such a pause', async () => {
  const { id, version } = await slo();
  for (let minute = START; minute < START + 200; minute += 7)
    await world.add(
      steady(version, { from: minute, to: minute + 1, events: 10, bad: minute > START + 100 ? 10 : 0 }),
    );
  await world.add(steady(version, { from: START + 215, to: START + 216, events: 10 }));
  expect(await follow(START + 95, START + 220)).toEqual([
    [108, `${id} page threshold`],
    [216, `${id} none recovered`],
  ]);
});

test('a composite goes by the members that are left when the app of one is removed, and by none once all are', async () => {
  const other = await world.app(`other-${count}`, START);
  const a = await slo();
  const b = await slo(plainSlo(), 'requests', other);
  const members = [a.publicId, b.publicId];
  const both = await slo(plainSlo({ indicator: { kind: 'composite', members } }), 'both');
  await world.add(steady(a.version, { from: START, to: START + 100, events: 100 }));
  await world.add(steady(b.version, { from: START, to: START + 60, events: 100 }));
  await follow(START + 58, START + 60);
  await database.pool.query('UPDATE apps SET removed_at_ms = $2 WHERE id = $1', [
    other,
    (START + 60) * MINUTE,
  ]);
  await world.add(steady(a.version, { from: START + 100, to: START + 106, events: 100, bad: 100 }));
  await world.add(steady(a.version, { from: START + 106, to: START + 140, events: 100 }));
  const ofBoth = (told: [number, string][]) => told.filter(([, word]) => word.startsWith(`${both.id} `));
  expect(ofBoth(await follow(START + 61, START + 106))).toEqual([[104, `${both.id} page threshold`]]);
  await withTransaction(database.pool, (tx) => removeSlo(tx, a.id, (START + 106) * MINUTE));
  // Nothing is known any more: it neither ends nor goes on.
  expect(ofBoth(await follow(START + 107, START + 140))).toEqual([[108, `${both.id} page held held:noData`]]);
});

test('maintenance of one member leaves a composite to the others', async () => {
  const other = await world.app(`other-${count}`, START);
  const a = await slo();
  const b = await slo(plainSlo(), 'requests', other);
  const members = [a.publicId, b.publicId];
  const both = await slo(plainSlo({ indicator: { kind: 'composite', members } }), 'both');
  await world.add(steady(a.version, { from: START, to: START + 60, events: 100 }));
  await world.add(steady(b.version, { from: START, to: START + 50, events: 100 }));
  // It fails as it goes down, and then is silent.
  await world.add(steady(b.version, { from: START + 50, to: START + 54, events: 100, bad: 100 }));
  await insertCorrection(database.pool, {
    appId: other,
    sloId: null,
    fromMinute: START + 50,
    toMinute: START + 120,
    recurrence: null,
    reason: 'planned',
    author: 'test',
    nowMs: START * MINUTE,
  });
  const ofBoth = (told: [number, string][]) => told.filter(([, word]) => word.startsWith(`${both.id} `));
  expect(ofBoth(await follow(START + 48, START + 60))).toEqual([]);
  await world.add(steady(a.version, { from: START + 60, to: START + 80, events: 100, bad: 100 }));
  expect(ofBoth(await follow(START + 61, START + 80))).toEqual([[64, `${both.id} page threshold`]]);
});

test('what comes late for a member is late for the composite too', async () => {
  const a = await slo();
  const members = [a.publicId];
  const both = await slo(plainSlo({ indicator: { kind: 'composite', members } }), 'both');
  await world.add(steady(a.version, { from: START, to: START + 120, events: 100 }));
  expect(await follow(START + 58, START + 100)).toEqual([]);
  const late = { appId, versionId: a.version.versionId, events: 500, bad: 500 };
  await world.add(Array.from({ length: 10 }, (_, at) => ({ ...late, minute: START + 80 + at })));
  const word = async (minute: number) => (await follow(minute, minute)).map(([, text]) => text).sort();
  expect(await word(START + 101)).toEqual([`${a.id} page lateData`, `${both.id} page lateData`].sort());
});

test('R-05 no level of a budget is called recovered over lines that were lost a moment ago; crossing one is told', async () => {
  const definition = exampleSlo({
    budgetAlerts: [50, 25],
    tiers: [],
    target: '0.9',
    period: { kind: 'rolling', days: 7 },
  });
  const { version } = await slo(definition);
  await world.add(steady(version, { from: START, to: START + 60, events: 100 }));
  await world.add(steady(version, { from: START + 60, to: START + 67, events: 100, bad: 60 }));
  expect((await follow(START + 58, START + 67)).map(([, word]) => word)).toEqual(['info threshold']);
  await database.pool.query(
    `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
     VALUES ($1, 0, 'L10', $2, $3, 100, 'x')`,
    [appId, (START + 67) * MINUTE, (START + 68) * MINUTE],
  );
  await world.add(steady(version, { from: START + 67, to: START + 69, events: 100, bad: 60 }));
  expect((await follow(START + 68, START + 70)).map(([, word]) => word)).toEqual(['info threshold']);
  await world.add(steady(version, { from: START + 69, to: START + 140, events: 1000 }));
  expect(await follow(START + 71, START + 132)).toEqual([
    [129, 'none recovered'],
    [129, 'none recovered'],
  ]);
});
