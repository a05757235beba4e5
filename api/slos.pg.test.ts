import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closedEvaluation } from '../model/closing.ts';
import { defaultTiers } from '../model/tiers.ts';
import { type AppRow, createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

let database: TestDatabase;
let api: TestApi;
let viewer: TestBrowser;
let editor: TestBrowser;
let shop: AppRow;
let minute: number;
let apps = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  minute = closedEvaluation(api.clock.nowMs);
  viewer = (await api.signedIn('viewer')).browser;
  editor = (await api.signedIn('editor')).browser;
});
afterAll(() => database.close());
beforeEach(async () => {
  const made = await createApp(database.pool, {
    name: `shop-${++apps}`,
    key: TEST_KEY,
    nowMs: api.clock.nowMs,
  });
  shop = made.app;
  await database.pool.query(
    `INSERT INTO app_liveness (app_id, next_minute, first_line_minute, last_line_minute, limit_minutes, habit_hour)
     VALUES ($1, $2, $3, $2 - 1, 10, 0)`,
    [shop.id, minute, minute - 40 * 1440],
  );
});

const SUCCESS = {
  title: 'Requests succeed',
  target: '0.999',
  indicator: { kind: 'availability', codes: {}, badStatuses: [] },
};

async function make(definition: object = SUCCESS, slug?: string) {
  const answer = await editor.send('POST', `/apps/${shop.name}/slos`, { definition, ...(slug && { slug }) });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  const { rows } = await database.pool.query<{ id: number }>('SELECT id FROM slos WHERE public_id = $1', [
    answer.body.id,
  ]);
  return { answer: answer.body, sloId: rows[0]?.id ?? 0 };
}

/** Counts by minutes ago, folded as the worker does: an hour a row, running sums. */
async function count(sloId: number, minutes: { ago: number; events: number; bad: number }[]): Promise<void> {
  const hours = new Map<number, { events: number[]; bad: number[] }>();
  for (const { ago, events, bad } of minutes) {
    const at = minute - ago;
    const hour = hours.get(Math.floor(at / 60)) ?? { events: Array(60).fill(0), bad: Array(60).fill(0) };
    hours.set(Math.floor(at / 60), hour);
    hour.events[at % 60] = events;
    hour.bad[at % 60] = bad;
  }
  let [events, bad] = [0, 0];
  const rows = [...hours]
    .sort((a, b) => a[0] - b[0])
    .map(([hour, row]) => {
      const before = { cum_events: events, cum_bad: bad };
      events += row.events.reduce((sum, one) => sum + one, 0);
      bad += row.bad.reduce((sum, one) => sum + one, 0);
      return { slo_id: sloId, hour, ...row, ...before };
    });
  await database.pool.query(
    'INSERT INTO slo_hours SELECT * FROM jsonb_populate_recordset(NULL::slo_hours, $1::jsonb)',
    [JSON.stringify(rows)],
  );
}

/** A month of 10 requests a minute, of which `bad` a minute failed in the last `minutes`. */
function month(badMinutes: number, bad: number) {
  return Array.from({ length: 30 * 1440 }, (_, at) => ({
    ago: at + 1,
    events: 10,
    bad: at < badMinutes ? bad : 0,
  }));
}

describe('making and changing an objective', () => {
  test('what is left out has its default, and it counts from the next whole minute but one', async () => {
    const { answer } = await make();
    expect(answer).toMatchObject({ app: shop.name, slug: 'requests-succeed', version: 1 });
    expect(answer.validFromMs % 60_000).toBe(0);
    expect(answer.validFromMs - api.clock.nowMs).toBeGreaterThanOrEqual(60_000);
    expect(answer.equivalent.curl).toContain(`/api/v1/apps/${shop.name}/slos`);
    const detail = (await viewer.get(`/apps/${shop.name}/slos/requests-succeed`)).body;
    expect(detail.definition.tiers).toEqual(defaultTiers({ kind: 'rolling', days: 30 }));
    expect(detail.slo.objective).toBe('99.9 % of requests succeed');
  });

  test('every fault is told at its place, with what to write instead', async () => {
    const answer = await editor.send('POST', `/apps/${shop.name}/slos`, {
      definition: {
        ...SUCCESS,
        target: '99.9',
        tiers: [{ severity: 'page', longMinutes: 60, shortMinutes: 5, factor: 0 }],
      },
    });
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
    const fields = answer.body.faults.map((fault: { field: string }) => fault.field);
    expect(fields).toEqual(expect.arrayContaining(['definition.target', 'definition.tiers.0.factor']));
    expect(answer.body.faults[0].message).toContain('0.999');
  });

  test('a tier that can never fire is refused with the nearest share that can', async () => {
    const tiers = [{ severity: 'page', longMinutes: 60, shortMinutes: 5, factor: 14.4 }];
    const answer = await editor.send('POST', `/apps/${shop.name}/slos`, {
      definition: { ...SUCCESS, target: '0.9', tiers },
    });
    expect(answer.body.faults[0]).toMatchObject({ field: 'definition.tiers.0.factor' });
    expect(answer.body.faults[0].message).toContain('nearest usable share');
  });

  test('a slug is free or refused; one made of the title finds a free one', async () => {
    await make(SUCCESS, 'success');
    const taken = await editor.send('POST', `/apps/${shop.name}/slos`, {
      definition: SUCCESS,
      slug: 'success',
    });
    expect([taken.status, taken.body.faults[0].field]).toEqual([409, 'slug']);
    expect((await make()).answer.slug).toBe('requests-succeed');
    expect((await make()).answer.slug).toBe('requests-succeed-2');
  });

  test('a change adds a version; one made from an old version is refused', async () => {
    const { answer } = await make();
    const path = `/apps/${shop.name}/slos/${answer.id}`;
    const changed = await editor.send('PUT', path, {
      definition: { ...SUCCESS, target: '0.995' },
      version: 1,
    });
    expect([changed.status, changed.body.version]).toEqual([200, 2]);
    expect((await editor.send('PUT', path, { definition: SUCCESS, version: 1 })).status).toBe(409);
    const { versions } = (await viewer.get(path)).body;
    expect(versions.map((row: { changes: string[] }) => row.changes)).toEqual([
      ['Target: 99.9 % → 99.5 %'],
      [],
    ]);
    const { rows } = await database.pool.query(
      `SELECT action, before ->> 'target' AS before, after ->> 'target' AS after FROM audit_log
       WHERE subject = $1 ORDER BY id`,
      [`${shop.name}/requests-succeed`],
    );
    expect(rows).toEqual([
      { action: 'slo.create', before: null, after: '0.999' },
      { action: 'slo.change', before: '0.999', after: '0.995' },
    ]);
  });

  test('SEC-09 a viewer makes none; SEC-11 one of another app is not there', async () => {
    const { answer } = await make();
    expect((await viewer.send('POST', `/apps/${shop.name}/slos`, { definition: SUCCESS })).status).toBe(403);
    await createApp(database.pool, { name: `other-${apps}`, key: TEST_KEY, nowMs: api.clock.nowMs });
    for (const id of [answer.id, answer.slug, '../x', '00000000-0000-0000-0000-000000000000']) {
      const path = `/apps/other-${apps}/slos/${encodeURIComponent(id)}`;
      expect((await editor.send('DELETE', path)).status, id).toBe(404);
    }
  });

  test('a member of a composite is removed only after the composite, and a composite has no composites', async () => {
    const [first, second] = [(await make()).answer, (await make()).answer];
    const indicator = { kind: 'composite', members: [first.id, second.id] };
    const whole = (await make({ title: 'All of it', target: '0.99', indicator })).answer;
    const path = `/apps/${shop.name}/slos`;
    const removed = await editor.send('DELETE', `${path}/${first.slug}`);
    expect([removed.status, removed.body.detail]).toEqual([
      409,
      'It is a member of "All of it": take it out there first.',
    ]);
    const nested = await editor.send('POST', path, {
      definition: {
        title: 'More',
        target: '0.9',
        indicator: { kind: 'composite', members: [whole.id, first.id] },
      },
    });
    expect(nested.body.faults[0].field).toBe('definition.indicator.members.0');
    const corrected = await editor.send('POST', `/apps/${shop.name}/corrections`, {
      ...{ slo: whole.id, fromMs: api.clock.nowMs - 3_600_000, toMs: api.clock.nowMs, reason: 'Moved' },
    });
    expect([corrected.status, corrected.body.faults]).toEqual([
      422,
      [
        {
          field: 'slo',
          message: 'is made of parts and counts nothing itself: correct its parts, or the whole app',
        },
      ],
    ]);
    expect((await editor.send('DELETE', `${path}/${whole.id}`)).status).toBe(204);
    expect((await editor.send('DELETE', `${path}/${first.id}`)).status).toBe(204);
    const left = (await viewer.get(`/slos?app=${shop.name}`)).body.slos;
    expect(left.map((slo: { slug: string }) => slo.slug)).toEqual([second.slug]);
  });
});

describe('the figures of an objective', () => {
  test('budget, burn and what is left agree with the counts', async () => {
    const { sloId } = await make();
    // 600 bad of 432,000 in the last hour: 432 are allowed.
    await count(sloId, month(60, 10));
    const [slo] = (await viewer.get(`/slos?app=${shop.name}`)).body.slos;
    expect(slo.budget).toMatchObject({ events: 432_000, bad: 600, allowed: 432, verdict: 'missed' });
    expect(slo.budget.remaining).toBeCloseTo(1 - 600 / 432, 12);
    expect(slo.burn.map((window: { burn: number }) => Math.round(window.burn))).toEqual([1000, 167, 14]);
    expect(slo.state).toBe('exhausted');
    expect(slo.sparkline).toHaveLength(30);
    expect(slo.sparkline[0]).toBe(1);
    expect(slo.sparkline[29]).toBeCloseTo(1 - 600 / 432, 12);
  });

  test('the list has the least budget first, and an objective without requests last', async () => {
    const [calm, spent, silent] = [
      await make(SUCCESS, 'calm'),
      await make(SUCCESS, 'spent'),
      await make(SUCCESS, 'silent'),
    ];
    await count(calm.sloId, month(0, 0));
    await count(spent.sloId, month(20, 5));
    const { slos } = (await viewer.get(`/slos?app=${shop.name}`)).body;
    expect(slos.map((slo: { slug: string }) => slo.slug)).toEqual(['spent', 'calm', 'silent']);
    expect(silent.answer.slug).toBe('silent');
    expect(slos.at(-1).budget).toMatchObject({ remaining: null, verdict: 'unknown' });
  });

  test('R-05 with minutes missing or incomplete an objective is not called met', async () => {
    const { sloId } = await make();
    await count(sloId, month(0, 0));
    const met = (await viewer.get(`/slos?app=${shop.name}`)).body.slos[0];
    expect(met.budget).toMatchObject({ verdict: 'met', missingMinutes: 0, uncertainMinutes: 0 });
    const ms = (minute - 90) * 60_000;
    await database.pool.query(
      `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
       VALUES ($1, 1, 'L10', $2, $3, 4, 'x')`,
      [shop.id, ms, ms + 119_000],
    );
    await database.pool.query(
      'INSERT INTO quiet_spans (app_id, from_minute, to_minute, known_minute) VALUES ($1, $2, $3, $3)',
      [shop.id, minute - 300, minute - 280],
    );
    const slo = (await viewer.get(`/slos?app=${shop.name}`)).body.slos[0];
    expect(slo.budget).toMatchObject({ verdict: 'unknown', missingMinutes: 20, uncertainMinutes: 2 });
    expect(slo.state).toBe('incomplete');
    expect(slo.burn[1].coverage).toBeCloseTo(340 / 360, 12);
  });

  test('a tier that fires, and one that is held, are told with their times', async () => {
    const { sloId } = await make();
    await count(sloId, month(5, 10));
    const firing = (held: object | null) => [
      { state: 'firing', sinceMinute: minute - 3, falseSinceMinute: null, held },
    ];
    const set = (held: object | null) =>
      database.pool.query('UPDATE slo_states SET tiers = $2 WHERE slo_id = $1', [
        sloId,
        JSON.stringify(firing(held)),
      ]);
    await set(null);
    const detail = (await viewer.get(`/apps/${shop.name}/slos/requests-succeed`)).body;
    expect(detail.slo).toMatchObject({
      state: 'firing',
      severity: 'page',
      sinceMs: (minute - 3) * 60_000,
    });
    expect(detail.verdict).toMatch(/^Paging since 10:3\d UTC\. /);
    expect(detail.tiers[0].sentence).toBe(
      'Pages if 2 % of the 30-day budget goes in 1 h (14.4×) and is still going in the last 5 min. Now 83.3×.',
    );
    await set({ reason: 'noData', sinceMinute: minute - 1 });
    expect((await viewer.get(`/slos?app=${shop.name}`)).body.slos[0]).toMatchObject({
      state: 'held',
      held: { reason: 'noData', sinceMs: (minute - 1) * 60_000 },
    });
  });

  test('the page draws budget, requests and burn on the same points, and says when the budget runs out', async () => {
    const { sloId } = await make();
    await count(sloId, month(30, 2));
    const detail = (await viewer.get(`/apps/${shop.name}/slos/requests-succeed`)).body;
    const [remaining] = detail.budgetLine.series;
    expect(detail.requests.t).toEqual(detail.budgetLine.t);
    expect(detail.burnLine.t).toEqual(detail.budgetLine.t);
    expect(remaining.values.at(-1)).toBeCloseTo(1 - 60 / 432, 12);
    const bad = detail.requests.series.find((series: { id: string }) => series.id === 'bad');
    const sum = bad.values.reduce((total: number, value: number | null) => total + (value ?? 0), 0);
    expect(sum).toBe(60);
    const [hour, day] = detail.projections;
    expect(hour).toMatchObject({ window: '1h', burn: 100 });
    expect(hour.exhaustedAtMs).toBe(detail.slo.budget.exhaustedAtMs);
    // 372 of 432 left, at 100 times the allowed rate: 372/432 of 30 days ÷ 100.
    expect(hour.exhaustedAtMs / 60_000 - minute).toBe(Math.ceil(((372 / 432) * 43_200) / 100));
    expect(day.burn).toBeCloseTo(60 / 14.4, 9);
    expect(detail.slo.budget.recovers).toEqual({
      atMs: (minute + 30 * 1440) * 60_000,
      share: 60 / 432,
    });
  });

  test('a calendar month counts from its start in its zone, with a second number for its whole volume', async () => {
    const period = { kind: 'calendar', unit: 'month', zone: 'Europe/Berlin' };
    const { sloId } = await make({ ...SUCCESS, period });
    await count(sloId, month(10, 1));
    const { budget, period: words } = (await viewer.get(`/slos?app=${shop.name}`)).body.slos[0];
    expect(words).toBe('calendar month (Europe/Berlin)');
    expect(budget.fromMs).toBe(Date.UTC(2026, 9, 31, 23));
    expect(budget.toMs).toBe(Date.UTC(2026, 10, 30, 23));
    expect(budget.events).toBe((minute - budget.fromMs / 60_000) * 10);
    expect(budget.remaining).toBeCloseTo(1 - 10 / (budget.events * 0.001), 9);
  });

  test('time slices count time: a bad slice weighs as much at night', async () => {
    const budgeting = { kind: 'timeslices', sliceMinutes: 5, sliceTarget: '0.95' };
    const { sloId } = await make({
      ...SUCCESS,
      target: '0.99',
      period: { kind: 'rolling', days: 7 },
      budgeting,
    });
    await count(sloId, month(60, 10));
    const { budget } = (await viewer.get(`/slos?app=${shop.name}`)).body.slos[0];
    expect(budget).toMatchObject({ unit: 'slices', allowed: 20 });
    expect(budget.events).toBeGreaterThanOrEqual(2015);
    expect([11, 12, 13]).toContain(budget.bad);
  });

  test('a composite adds up its members, and is as unwell as the worst of them', async () => {
    const [one, two] = [await make(SUCCESS, 'one'), await make(SUCCESS, 'two')];
    await count(one.sloId, month(0, 0));
    await count(two.sloId, month(60, 10));
    const indicator = { kind: 'composite', members: [one.answer.id, two.answer.id] };
    await make({ title: 'Both', target: '0.99', indicator }, 'both');
    const { slos } = (await viewer.get(`/slos?app=${shop.name}`)).body;
    const both = slos.find((slo: { slug: string }) => slo.slug === 'both');
    expect(both.budget).toMatchObject({ events: 864_000, bad: 600, allowed: 8640 });
    expect(both.state).toBe('exhausted');
    expect((await viewer.get(`/apps/${shop.name}/slos/both`)).body.members).toHaveLength(2);
  });
});

describe('back-test of a composite', () => {
  const history = (
    sloId: number,
    phase: string,
    exactFrom: number | null,
    historyFrom: number | null,
    note = '',
  ) =>
    database.pool.query(
      `UPDATE slo_backfills SET phase = $2, exact_from_minute = $3, history_from_minute = $4, note = $5
       WHERE slo_id = $1`,
      [sloId, phase, exactFrom, historyFrom, note],
    );
  const previewOf = async (members: string[]) => {
    const definition = { title: 'Both', target: '0.99', indicator: { kind: 'composite', members } };
    return editor.send('POST', `/apps/${shop.name}/slos/preview`, { definition, days: 1 });
  };

  test('R-05 it tells of the time in which every member is counted, and of no other', async () => {
    const [one, two] = [await make(SUCCESS, 'one'), await make({ ...SUCCESS, title: 'Two' })];
    const ids = [one.answer.id, two.answer.id];
    await count(one.sloId, month(0, 0));
    await count(two.sloId, month(60, 10));
    await history(one.sloId, 'done', 0, minute - 1000);
    // Counted forwards from the oldest of the log: of no minute is it known yet whether that is all.
    await history(two.sloId, 'exact', 0, minute - 5000);
    const begun = (await previewOf(ids)).body;
    expect(begun.budget).toMatchObject({ events: 0, bad: 0 });
    expect(begun.sentence).not.toContain('24 h');
    expect(begun.warnings).toEqual([
      'The past of "Two" is still being counted: in some minutes more is known.',
      'Nothing of this app is stored for that time.',
    ]);
    // Backwards: what is in is whole, and what is from buckets is near.
    await history(two.sloId, 'older', minute - 60, minute - 300);
    const partly = (await previewOf(ids)).body;
    expect(partly).toMatchObject({ method: 'approximate', budget: { events: 6000, bad: 600 } });
    expect(partly.exactFromMs).toBe((minute - 60) * 60_000);
    expect(partly.sentence).toMatch(/^Would have paged once in 5 h/);
    expect(partly.warnings).toContain(
      'Only the last 5 h are stored: how often a week that is cannot be told yet.',
    );
    // One whose past cannot be told is known from where it counts itself.
    await history(two.sloId, 'done', minute - 120, null, 'no estimate');
    expect((await previewOf(ids)).body).toMatchObject({ method: 'exact', budget: { events: 2400 } });
    await history(two.sloId, 'done', 0, minute - 5000);
    const whole = (await previewOf(ids)).body;
    const minutes = minute - whole.fromMs / 60_000;
    expect(whole).toMatchObject({ method: 'exact', budget: { events: minutes * 20, bad: 600 } });
    expect(whole.warnings).toEqual([]);
  });

  test('R-05 silence of a member’s app is unknown, whichever app the composite is of', async () => {
    const one = await make(SUCCESS, 'one');
    const own = shop;
    shop = (await createApp(database.pool, { name: `far-${apps}`, key: TEST_KEY, nowMs: api.clock.nowMs }))
      .app;
    const two = await make(SUCCESS, 'two');
    const far = shop;
    shop = own;
    for (const { sloId } of [one, two]) {
      await count(sloId, month(0, 0));
      await history(sloId, 'done', 0, minute - 5000);
    }
    const ids = [one.answer.id, two.answer.id];
    expect((await previewOf(ids)).body.warnings).toEqual(['Nothing of this app is stored for that time.']);
    await database.pool.query(
      `INSERT INTO app_liveness (app_id, next_minute, first_line_minute, last_line_minute, limit_minutes, habit_hour)
       VALUES ($1, $2, $3, $2 - 1, 10, 0)`,
      [far.id, minute, minute - 600],
    );
    expect((await previewOf(ids)).body.budget.events).toBe(600 * 20);
    await database.pool.query(
      'INSERT INTO quiet_spans (app_id, from_minute, to_minute, known_minute) VALUES ($1, $2, $3, $3)',
      [far.id, minute - 300, minute - 100],
    );
    expect((await previewOf(ids)).body.budget.events).toBe(400 * 20);
    // What became of an app that was removed is no concern of the members that are left.
    await database.pool.query('UPDATE apps SET removed_at_ms = $2 WHERE id = $1', [
      far.id,
      (minute - 200) * 60_000,
    ]);
    expect((await previewOf(ids)).body.budget.events).toBe(500 * 20);
  });

  test('a member that is not there, or no more, is refused as it is when saving', async () => {
    const [one, two] = [await make(SUCCESS, 'one'), await make(SUCCESS, 'two')];
    const nobody = '00000000-0000-4000-8000-000000000000';
    const refused = await previewOf([one.answer.id, nobody]);
    expect([refused.status, refused.body.faults]).toEqual([
      422,
      [{ field: 'definition.indicator.members.1', message: 'is the id of no objective' }],
    ]);
    await editor.send('DELETE', `/apps/${shop.name}/slos/two`);
    expect((await previewOf([one.answer.id, two.answer.id])).status).toBe(422);
  });
});

describe('corrections', () => {
  test('minutes taken out leave both sides, are listed with author and reason, and can be taken back', async () => {
    const { sloId } = await make();
    await count(sloId, month(60, 10));
    const path = `/apps/${shop.name}`;
    const [fromMs, toMs] = [(minute - 60) * 60_000, minute * 60_000];
    const made = await editor.send('POST', `${path}/corrections`, {
      slo: 'requests-succeed',
      fromMs,
      toMs,
      reason: 'Database upgrade, announced',
    });
    expect([made.status, made.body.reason]).toEqual([201, 'Database upgrade, announced']);
    const detail = (await viewer.get(`${path}/slos/requests-succeed`)).body;
    expect(detail.slo.budget).toMatchObject({
      events: 431_400,
      bad: 0,
      correctedMinutes: 60,
      verdict: 'met',
    });
    expect(detail.corrections).toMatchObject([{ fromMs, toMs, undoneAtMs: null }]);
    const last = detail.budgetLine.series.map((series: { values: number[] }) => series.values.at(-1));
    expect(last[0]).toBe(1);
    expect(last[1]).toBeCloseTo(1 - 600 / 432, 12);
    expect((await editor.send('DELETE', `${path}/corrections/${made.body.id}`)).status).toBe(204);
    expect((await editor.send('DELETE', `${path}/corrections/${made.body.id}`)).status).toBe(409);
    const after = (await viewer.get(`${path}/slos/requests-succeed`)).body;
    expect(after.slo.budget.bad).toBe(600);
    expect(after.corrections[0].undoneAtMs).toBe(api.clock.nowMs);
  });

  test('a repeated one says how often; what cannot be is told at its field', async () => {
    await make();
    const path = `/apps/${shop.name}/corrections`;
    const repeat = { weekdays: [0], at: '02:00', minutes: 60, zone: 'Europe/Berlin' };
    const made = await editor.send('POST', path, { repeat, reason: 'Weekly vacuum' });
    expect(made.body).toMatchObject({
      repeats: 'every Sunday at 02:00 for 60 min (Europe/Berlin)',
      toMs: null,
      sloId: null,
    });
    const bad = async (body: object) => (await editor.send('POST', path, body)).body.faults?.[0].field;
    expect(await bad({ repeat: { ...repeat, zone: 'Mars/Olympus' }, reason: 'x' })).toBe('repeat');
    expect(await bad({ fromMs: 1_700_000_000_000, reason: 'x' })).toBe('toMs');
    expect(await bad({ fromMs: api.clock.nowMs, toMs: api.clock.nowMs, reason: 'x' })).toBe('toMs');
    expect(await bad({ repeat, reason: ' ' })).toBe('reason');
    api.clock.nowMs += 3_600_000;
    expect((await editor.send('POST', `${path}/${made.body.id}/end`)).status).toBe(204);
    expect((await editor.send('POST', `${path}/${made.body.id}/end`)).status).toBe(409);
    api.clock.nowMs -= 3_600_000;
  });
});
