import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../store/apps.ts';
import type { PersonRow } from '../store/people.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

let database: TestDatabase;
let api: TestApi;
let viewer: TestBrowser;
let editor: TestBrowser;
let admin: TestBrowser;
let kim: PersonRow;
let lee: PersonRow;
let receiver: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  viewer = (await api.signedIn('viewer')).browser;
  ({ browser: editor, person: kim } = await api.signedIn('editor'));
  ({ browser: admin, person: lee } = await api.signedIn('admin'));
  for (const name of ['shop', 'blog']) {
    await createApp(database.pool, { name, key: TEST_KEY, nowMs: api.clock.nowMs });
  }
  const made = await admin.send('POST', '/receivers', {
    name: 'Ops',
    kind: 'email',
    settings: { to: 'ops@example.com' },
    secrets: {},
  });
  receiver = made.body.id;
});
afterAll(() => database.close());

const weekly = (people: string[]) => ({
  title: 'Primary',
  zone: 'Europe/Berlin',
  rotations: [
    {
      title: 'Week by week',
      people,
      turn: { unit: 'week', count: 1 },
      startsOn: '2026-11-16',
      handoverAt: '09:00',
      hours: [],
    },
  ],
});

describe('schedules', () => {
  test('say who is on call now and next, and warn of whoever cannot be reached', async () => {
    const made = await admin.send('POST', '/schedules', weekly([kim.id, lee.id]));
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    // Handed over on Monday 9:00 in Berlin, 8:00 UTC.
    const handover = Date.UTC(2026, 10, 23, 8);
    expect(made.body.now).toMatchObject({ personId: kim.id, toMs: handover, via: 'rotation' });
    expect(made.body.next).toMatchObject({ personId: lee.id, fromMs: handover });
    expect(made.body.gaps).toEqual([]);
    expect(made.body.warnings).toEqual([
      `${kim.email} has no receiver: their turns reach nobody.`,
      `${lee.email} has no receiver: their turns reach nobody.`,
    ]);
    await admin.send('PUT', `/people/${kim.id}/receivers`, { receivers: [receiver] });
    const { schedules, people } = (await viewer.get('/schedules')).body;
    expect(schedules[0].warnings).toHaveLength(1);
    expect(people.find((person: { id: string }) => person.id === kim.id).receivers).toEqual([receiver]);
    const onCall = (await viewer.get('/on-call')).body.schedules;
    expect(onCall).toMatchObject([{ title: 'Primary', now: { personId: kim.id } }]);
  });

  test('T-09 T-10 an exception takes over and is taken back; hand-over keeps its local time over a change of clocks', async () => {
    const [schedule] = (await viewer.get('/schedules')).body.schedules;
    const { nowMs } = api.clock;
    const stepped = await editor.send('POST', `/schedules/${schedule.id}/overrides`, {
      personId: lee.id,
      fromMs: nowMs - 60_000,
      toMs: nowMs + 3_600_000,
      reason: 'Kim is on a train',
    });
    expect(stepped.body.now).toMatchObject({ personId: lee.id, via: 'override', toMs: nowMs + 3_600_000 });
    const [override] = stepped.body.overrides;
    const path = `/schedules/${schedule.id}/overrides/${override.id}`;
    expect((await editor.send('DELETE', path)).status).toBe(204);
    expect((await editor.send('DELETE', path)).status).toBe(404);
    expect((await viewer.get('/on-call')).body.schedules[0].now.personId).toBe(kim.id);
    // Two weeks over the end of summer time: 9:00 in Berlin is 7:00, then 8:00 UTC.
    api.clock.nowMs = Date.UTC(2026, 9, 15, 12);
    const body = { ...weekly([kim.id, lee.id]), title: 'Autumn' };
    body.rotations[0]!.startsOn = '2026-10-12';
    const { turns } = (await editor.send('POST', '/schedules/preview', body)).body;
    expect(turns.map((turn: { toMs: number }) => turn.toMs).slice(0, 2)).toEqual([
      Date.UTC(2026, 9, 19, 7),
      Date.UTC(2026, 9, 26, 8),
    ]);
    api.clock.nowMs = nowMs;
  });

  test('I-48 an unknown zone, a person who is not there, hours that are none are told at their place', async () => {
    const bad = async (body: object) => (await admin.send('POST', '/schedules', body)).body.faults[0].field;
    expect(await bad({ ...weekly([kim.id]), title: 'X', zone: 'Mars/Olympus' })).toBe('zone');
    const nobody = '00000000-0000-4000-8000-000000000000';
    expect(await bad({ ...weekly([kim.id, nobody]), title: 'X' })).toBe('rotations.0.people.1');
    const odd = weekly([kim.id]);
    odd.rotations[0]!.handoverAt = '25:99';
    expect(await bad({ ...odd, title: 'X' })).toBe('rotations');
    expect((await admin.send('POST', '/schedules', weekly([kim.id]))).body.faults[0].field).toBe('title');
    expect((await editor.send('POST', '/schedules', weekly([kim.id]))).status).toBe(403);
  });
});

describe('escalation and routes', () => {
  test('a policy says whom it tells when; what it uses cannot be removed before it', async () => {
    const [schedule] = (await viewer.get('/schedules')).body.schedules;
    const body = {
      title: 'Wake somebody',
      rounds: 3,
      levels: [
        { delayMinutes: 0, targets: [{ kind: 'schedule', id: schedule.id }] },
        { delayMinutes: 10, targets: [{ kind: 'receiver', id: receiver }] },
      ],
    };
    const policy = await admin.send('POST', '/escalation-policies', body);
    expect(policy.status, JSON.stringify(policy.body)).toBe(201);
    expect(policy.body.sentence).toBe(
      'At once: whoever is on call in Primary; after 10 min more: Ops. Gone through 3 times.',
    );
    expect(policy.body.levels).toEqual(body.levels);
    expect((await admin.send('DELETE', `/schedules/${schedule.id}`)).status).toBe(409);
    expect((await admin.send('DELETE', `/receivers/${receiver}`)).body.detail).toContain('escalation Wake');
    const changed = await admin.send('PUT', `/escalation-policies/${policy.body.id}`, { ...body, rounds: 1 });
    expect(changed.body.rounds).toBe(1);
    const none = await admin.send('POST', '/escalation-policies', { title: 'Nobody', levels: [] });
    expect([none.status, none.body.faults[0].field]).toEqual([422, 'levels']);
  });

  test('routes say whom they lead to, and what nobody would be told of', async () => {
    const before = (await viewer.get('/notification-routes')).body;
    expect(before.warnings).toEqual([
      'Nobody is told of pages of any app.',
      'Nobody is told of tickets of any app.',
    ]);
    const [policy] = (await viewer.get('/escalation-policies')).body.policies;
    const pages = await admin.send('POST', '/notification-routes', {
      name: 'Pages of shop',
      apps: ['shop'],
      severities: ['page'],
      receivers: [receiver],
      escalationPolicies: [policy.id],
    });
    expect(pages.status, JSON.stringify(pages.body)).toBe(201);
    const rest = { name: 'The rest', isFallback: true, severities: ['ticket'], receivers: [receiver] };
    expect((await admin.send('POST', '/notification-routes', rest)).status).toBe(201);
    const second = await admin.send('POST', '/notification-routes', { ...rest, name: 'More' });
    expect([second.status, second.body.faults[0].field]).toEqual([409, 'isFallback']);
    const listed = (await viewer.get('/notification-routes')).body;
    expect(listed.warnings).toEqual(['Nobody is told of pages of blog.']);
    const told = (
      await viewer.send('POST', '/notification-routes/preview', { app: 'shop', severity: 'page' })
    ).body;
    expect(told.routes).toEqual(['Pages of shop']);
    expect(
      told.receivers.map((one: { name: string; afterMinutes: number }) => [one.name, one.afterMinutes]),
    ).toEqual([
      ['Ops', 0],
      ['whoever is on call in Primary', 0],
      ['Ops', 10],
    ]);
    const gone = await admin.send('DELETE', `/escalation-policies/${policy.id}`);
    expect([gone.status, gone.body.detail]).toEqual([
      409,
      'Route "Pages of shop" uses it: change that first.',
    ]);
    const changed = await admin.send('PUT', `/notification-routes/${pages.body.id}`, {
      name: 'Pages',
      receivers: [receiver],
    });
    expect(changed.body).toMatchObject({ name: 'Pages', apps: [], severities: [], escalationPolicies: [] });
    expect((await admin.send('DELETE', `/escalation-policies/${policy.id}`)).status).toBe(204);
    const unknown = await admin.send('POST', '/notification-routes', { name: 'X', apps: ['nowhere'] });
    expect(unknown.body.faults[0].field).toBe('apps.0');
  });
});

describe('silences', () => {
  async function openIncident(app: string, severity: string, title: string): Promise<string> {
    const { nowMs } = api.clock;
    const { rows } = await database.pool.query<{ id: string }>(
      `INSERT INTO incidents (app_id, subject, subject_kind, rule_id, title, severity, worst_severity, state,
         opened_at_ms, started_at_ms, changed_at_ms, evidence)
       SELECT id, 'rule:' || $2::text, 'rule', 1, $2, $3, $3, 'open', $4, $4, $4, '{}' FROM apps WHERE name = $1
       RETURNING id`,
      [app, title, severity, nowMs],
    );
    return rows[0]?.id ?? '';
  }

  test('a preview says what it fits now and would have withheld; then it is made, found, and ended', async () => {
    const { nowMs } = api.clock;
    await openIncident('shop', 'page', 'Shop is down');
    await openIncident('blog', 'ticket', 'Blog is slow');
    const rule = await editor.send('POST', '/apps/shop/rules', { kind: 'swap' });
    const body = {
      kind: 'silence',
      reason: 'Known, being worked on',
      match: { apps: ['shop'] },
      fromMs: nowMs,
      toMs: nowMs + 3_600_000,
    };
    const shown = await editor.send('POST', '/silences/preview', body);
    expect(shown.status, JSON.stringify(shown.body)).toBe(200);
    expect(shown.body).toMatchObject({
      matchText: 'every alert of shop',
      rules: [{ app: 'shop', id: rule.body.id }],
      incidents: [{ app: 'shop', title: 'Shop is down', severity: 'page' }],
      notices7d: 0,
      warnings: ['It withholds pages.'],
    });
    expect((await viewer.get('/silences')).body.silences).toEqual([]);
    const made = await editor.send('POST', '/silences', body);
    expect(made.body).toMatchObject({ state: 'active', withholds: 1, author: kim.email });
    expect((await viewer.get('/silences')).body.silences).toHaveLength(1);
    expect((await editor.send('POST', `/silences/${made.body.id}/end`)).body).toMatchObject({
      state: 'over',
      endedBy: kim.email,
      withholds: 0,
    });
    expect((await editor.send('POST', `/silences/${made.body.id}/end`)).status).toBe(409);
    expect((await viewer.get('/silences')).body.silences).toEqual([]);
    expect((await viewer.get('/silences?state=over')).body.silences).toHaveLength(1);
    expect((await viewer.send('POST', '/silences', body)).status).toBe(403);
  });

  test('a maintenance window that repeats leaves the budgets of its apps, until it is ended', async () => {
    const { nowMs } = api.clock;
    const body = {
      kind: 'maintenance',
      title: 'Backups',
      reason: 'Every night',
      match: { apps: ['shop', 'blog'] },
      fromMs: nowMs,
      toMs: nowMs + 30 * 86_400_000,
      repeat: { weekdays: [0, 1, 2, 3, 4, 5, 6], at: '03:00', minutes: 30, zone: 'UTC' },
      correctsBudgets: true,
    };
    const made = await editor.send('POST', '/silences', body);
    expect(made.body).toMatchObject({
      state: 'planned',
      repeatText: 'daily at 03:00 for 30 min (UTC)',
      nextFromMs: Date.UTC(2026, 10, 21, 3),
      nextToMs: Date.UTC(2026, 10, 21, 3, 30),
    });
    const corrections = () =>
      database.pool.query(
        `SELECT a.name, c.reason, c.undone_by FROM corrections c JOIN apps a ON a.id = c.app_id ORDER BY a.name`,
      );
    expect((await corrections()).rows).toMatchObject([
      { name: 'blog', reason: `Maintenance: Backups: Every night (window ${made.body.id})`, undone_by: null },
      { name: 'shop', undone_by: null },
    ]);
    expect((await editor.send('POST', `/silences/${made.body.id}/end`)).status).toBe(200);
    expect((await corrections()).rows).toMatchObject([{ undone_by: kim.email }, { undone_by: kim.email }]);
  });

  test('what cannot be is told at its field', async () => {
    const { nowMs } = api.clock;
    const body = { kind: 'silence', reason: 'x', match: {}, fromMs: nowMs, toMs: nowMs + 1000 };
    const bad = async (change: object) =>
      (await editor.send('POST', '/silences', { ...body, ...change })).body.faults[0].field;
    expect(await bad({ toMs: nowMs })).toBe('toMs');
    expect(await bad({ fromMs: nowMs - 5000, toMs: nowMs - 1000 })).toBe('toMs');
    expect(await bad({ toMs: nowMs + 91 * 86_400_000 })).toBe('toMs');
    expect(await bad({ match: { apps: ['nowhere'] } })).toBe('match.apps.0');
    expect(await bad({ correctsBudgets: true })).toBe('correctsBudgets');
    expect(await bad({ reason: '  ' })).toBe('reason');
    const wide = (await editor.send('POST', '/silences/preview', body)).body;
    expect(wide.warnings).toEqual(['It fits every alert, pages too, of every app.']);
  });
});
