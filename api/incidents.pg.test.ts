import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildNoticeReader } from '../alerts/facts.ts';
import type { Evidence } from '../model/alert-change.ts';
import { noticeWords } from '../model/notice-text.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_PATH } from '../model/series.ts';
import { type AppRow, createApp, removeApp } from '../store/apps.ts';
import type { PersonRow } from '../store/people.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { type CountSeed, insertCounts, makePartitions } from '../test/seed-buckets.ts';

let database: TestDatabase;
let api: TestApi;
let viewer: TestBrowser;
let editor: TestBrowser;
let kim: PersonRow;
let shop: AppRow;
let apps = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  const nowS = Math.floor(api.clock.nowMs / 1000);
  await makePartitions(database.pool, nowS - 7200, nowS + 7200);
  viewer = (await api.signedIn('viewer')).browser;
  ({ browser: editor, person: kim } = await api.signedIn('editor'));
});
afterAll(() => database.close());
beforeEach(async () => {
  const name = `shop-${++apps}`;
  shop = (await createApp(database.pool, { name, key: TEST_KEY, nowMs: api.clock.nowMs })).app;
});

const EVIDENCE: Evidence = {
  what: 'burn',
  title: 'Requests succeed',
  windows: [
    { minutes: 60, bad: 120, events: 4000, burn: 30 },
    { minutes: 5, bad: 80, events: 400, burn: 200 },
  ],
  value: null,
  threshold: null,
  unit: '',
  coverage: 1,
  budgetRemaining: 0.4,
  exhaustedAtMs: null,
  sinceMs: 0,
  key: '',
  target: '0.999',
};

async function addSlo(): Promise<{ id: string; sloId: number }> {
  const made = await editor.send('POST', `/apps/${shop.name}/slos`, {
    definition: {
      title: 'Requests succeed',
      target: '0.999',
      indicator: { kind: 'availability' },
      runbookUrl: 'https://example.com/runbook',
    },
  });
  const { rows } = await database.pool.query<{ id: number }>('SELECT id FROM slos WHERE public_id = $1', [
    made.body.id,
  ]);
  return { id: made.body.id, sloId: rows[0]?.id ?? 0 };
}

async function open(input: {
  sloId: number;
  severity?: string;
  state?: string;
  agoMs?: number;
  subject?: string;
}): Promise<string> {
  const startedAtMs = api.clock.nowMs - (input.agoMs ?? 600_000);
  const severity = input.severity ?? 'page';
  const state = input.state ?? 'open';
  const { rows } = await database.pool.query<{ id: string }>(
    `INSERT INTO incidents (app_id, subject, subject_kind, slo_id, title, severity, worst_severity, state, opened_at_ms,
       started_at_ms, changed_at_ms, resolved_at_ms, told_severity, evidence)
     VALUES ($1, $2, 'slo', $3, 'Requests succeed', $4, $4, $5, $6, $6, $6, $7, $4, $8) RETURNING id`,
    [
      shop.id,
      input.subject ?? `slo:${input.sloId}`,
      input.sloId,
      severity,
      state,
      startedAtMs,
      state === 'resolved' ? startedAtMs + 60_000 : null,
      JSON.stringify({ ...EVIDENCE, sinceMs: startedAtMs }),
    ],
  );
  return rows[0]?.id ?? '';
}

describe('the list', () => {
  test('open ones first, then the newest, page by page without a hole; counted by severity', async () => {
    const { sloId } = await addSlo();
    for (let n = 0; n < 5; n++) {
      await open({ sloId, state: 'resolved', agoMs: (n + 2) * 3_600_000, subject: `slo:${sloId}:${n}` });
    }
    const ticket = await open({ sloId, severity: 'ticket', agoMs: 90_000_000, subject: `slo:${sloId}:t` });
    const page = await open({ sloId });
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await viewer.get(`/incidents?app=${shop.name}&limit=2${query}`);
      expect(body.open).toEqual({ page: 1, ticket: 1, info: 0 });
      seen.push(...body.incidents.map((row: { id: string }) => row.id));
      cursor = body.cursor;
    }
    expect(seen.slice(0, 2)).toEqual([page, ticket]);
    expect(new Set(seen).size).toBe(7);
    const only = (await viewer.get(`/incidents?app=${shop.name}&state=open&severity=ticket`)).body.incidents;
    expect(only.map((row: { id: string }) => row.id)).toEqual([ticket]);
    const early = `/incidents?app=${shop.name}&from=now-4h&to=now-3h&state=resolved`;
    expect((await viewer.get(early)).body.incidents).toHaveLength(1);
    expect((await viewer.get('/incidents?from=yesterday')).body.code).toBe('badRange');
    expect((await viewer.get('/incidents?app=nowhere')).status).toBe(404);
  });
});

/** v214 a minute before it began: web.2 fails with H12 on one path, the other dyno is well. */
async function badDeploy(): Promise<void> {
  const startMs = api.clock.nowMs - 600_000;
  await database.pool.query(
    `INSERT INTO events (at_ms, until_ms, app_id, kind, version, detail, dedupe_key)
     VALUES ($1, $1, $2, 'release', 214, '{}', 'release-214')`,
    [startMs - 60_000, shop.id],
  );
  const seeds: CountSeed[] = [];
  for (let minute = -40; minute < 10; minute++) {
    const bad = minute >= -1 ? 40 : 0;
    const seed = { appId: shop.id, bucketS: Math.floor((startMs + minute * 60_000) / 10_000) * 10 };
    seeds.push(
      { ...seed, kind: SERIES_DYNO, key: 'web.1', count: 100, bad: bad / 20 },
      { ...seed, kind: SERIES_DYNO, key: 'web.2', count: 60, bad },
      { ...seed, kind: SERIES_PATH, key: 'GET /', count: 110, bad: 0 },
      { ...seed, kind: SERIES_PATH, key: 'POST /<b>', count: 50, bad: bad + bad / 20 },
    );
    if (bad > 0) seeds.push({ ...seed, kind: SERIES_CODE, key: 'H12', count: bad });
  }
  await insertCounts(database.pool, seeds, 'count_buckets_10s');
}

describe('one incident', () => {
  test('says what fired, with its windows, who spent it, what to check, and its story as Markdown', async () => {
    const { sloId, id } = await addSlo();
    const incident = await open({ sloId });
    await database.pool.query(
      `INSERT INTO incident_events (incident_id, at_ms, kind, detail) VALUES
         ($1, $2, 'release', '{"version": 214}'), ($1, $2 + 1, 'opened', '{"severity": "page"}')`,
      [incident, api.clock.nowMs - 660_000],
    );
    await badDeploy();
    const { status, body } = await viewer.get(`/incidents/${incident}`);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.verdict).toBe(
      '120 of 4,000 requests in the last hour failed (3 %): 30 times as many as the objective of 99.9 % allows. Since 10:32 UTC.',
    );
    expect(body.slo).toMatchObject({ id, app: shop.name });
    expect(body.windows.map((window: { label: string }) => window.label)).toEqual(['1h', '5m']);
    expect(body.failure).toBe(body.verdict.replace(' Since 10:32 UTC.', ''));
    expect(body).toMatchObject({ sinceMs: api.clock.nowMs - 600_000, factor: 14.4 });
    expect(body.thresholdShare).toBeCloseTo(0.0144, 9);
    // The causes are those that its messages name, by the same reading.
    const told = await buildNoticeReader({ pool: database.pool, baseUrl: 'https://drains.example.com' })({
      ...{ kind: 'trigger', severity: 'page', incidentId: incident, sequence: 1, details: {} },
      ...{ isCombined: false, nowMs: api.clock.nowMs },
    });
    expect(body.causes).toEqual(told?.causes);
    expect(body.hints.map((hint: { text: string }) => hint.text)).toEqual(
      told && noticeWords(told, { mayRepeat: false, isCombined: false }).causes,
    );
    expect(body.hints.map((hint: { kind: string }) => hint.kind)).toEqual([
      'release',
      'code',
      'dyno',
      'pathShape',
    ]);
    expect(body.hints[0].link).toContain(`/a/${shop.name}/releases/214?from=`);
    expect(body.release).toMatchObject({ version: 214 });
    expect(body.codes).toMatchObject([{ code: 'H12' }]);
    expect(body.checks[0]).toEqual({ text: 'Follow the runbook.', link: 'https://example.com/runbook' });
    expect(body.checks.map((check: { link: string }) => check.link).join()).toContain('/codes/H12?');
    expect(body.timeline.map((entry: { text: string }) => entry.text)).toEqual([
      'Release v214 before it.',
      'Opened as page.',
    ]);
    expect(body.chart.series.map((series: { id: string }) => series.id)).toEqual(['good', 'bad']);
    expect(body.markdown).toContain('## Timeline (UTC)');
    expect(body.markdown, 'a path is no markup').toContain('/\\<b\\>');
  });

  test('of a removed app is not there, and neither is one that never was', async () => {
    const { sloId } = await addSlo();
    const incident = await open({ sloId });
    await removeApp(database.pool, shop.id, api.clock.nowMs);
    expect((await viewer.get(`/incidents/${incident}`)).status).toBe(404);
    const listed = (await viewer.get('/incidents?limit=200')).body.incidents;
    expect(listed.map((row: { id: string }) => row.id)).not.toContain(incident);
    for (const id of ['x', '..', '00000000-0000-0000-0000-000000000000']) {
      expect((await viewer.get(`/incidents/${encodeURIComponent(id)}`)).status, id).toBe(404);
      expect(
        (await editor.send('POST', `/incidents/${encodeURIComponent(id)}/acknowledge`, { reason: 'x' }))
          .status,
      ).toBe(404);
    }
  });
});

describe('what people do', () => {
  test('acknowledged with a reason, noted, given a cause, snoozed, resolved; all in the story and the audit log', async () => {
    const { sloId } = await addSlo();
    const incident = await open({ sloId });
    const path = `/incidents/${incident}`;
    const empty = await editor.send('POST', `${path}/acknowledge`, { reason: ' ' });
    expect([empty.status, empty.body.faults[0].field]).toEqual([422, 'reason']);
    const acknowledged = await editor.send('POST', `${path}/acknowledge`, { reason: 'Rolling back' });
    expect(acknowledged.body).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: kim.email,
      acknowledgeReason: 'Rolling back',
    });
    const note = await editor.send('POST', `${path}/notes`, { text: 'v213 is back\nerrors fall' });
    expect([note.status, note.body.text]).toEqual([201, `${kim.email}: v213 is back\nerrors fall`]);
    await editor.send('PUT', `${path}/cause`, { release: 214, text: 'A missing index' });
    expect((await viewer.get(path)).body.cause).toMatchObject({ release: 214, author: kim.email });
    const far = await editor.send('POST', `${path}/snooze`, { untilMs: api.clock.nowMs + 8 * 86_400_000 });
    expect([far.status, far.body.faults[0].field]).toEqual([422, 'untilMs']);
    const untilMs = api.clock.nowMs + 3_600_000;
    expect((await editor.send('POST', `${path}/snooze`, { untilMs })).body.snoozedUntilMs).toBe(untilMs);
    expect((await editor.send('POST', `${path}/snooze`, { untilMs: null })).body.snoozedUntilMs).toBeNull();
    expect((await editor.send('POST', `${path}/snooze`, { untilMs: null })).status).toBe(409);
    const resolved = await editor.send('POST', `${path}/resolve`, { reason: 'Index is there' });
    expect(resolved.body).toMatchObject({ state: 'resolved', resolution: `by ${kim.email}: Index is there` });
    expect((await editor.send('POST', `${path}/resolve`, { reason: 'Again' })).status).toBe(409);
    const { timeline, verdict } = (await viewer.get(path)).body;
    expect(timeline.map((entry: { kind: string }) => entry.kind)).toEqual([
      'acknowledged',
      'note',
      'cause',
      'snoozed',
      'unsnoozed',
      'resolved',
    ]);
    expect(verdict).toMatch(/^Resolved by editor.* after 10 min\. At its worst: 120 of 4,000/);
    const { rows } = await database.pool.query<{ action: string }>(
      'SELECT action FROM audit_log WHERE subject = $1 ORDER BY id',
      [`slo:${sloId}`],
    );
    expect(rows.map((row) => row.action)).toEqual([
      'incident.acknowledge',
      'incident.note',
      'incident.cause',
      'incident.snooze',
      'incident.snooze',
      'incident.resolve',
    ]);
  });

  test('SEC-09 a viewer acts on none', async () => {
    const { sloId } = await addSlo();
    const path = `/incidents/${await open({ sloId })}`;
    for (const [method, action, body] of [
      ['POST', 'acknowledge', { reason: 'x' }],
      ['POST', 'snooze', { untilMs: null }],
      ['POST', 'resolve', { reason: 'x' }],
      ['POST', 'notes', { text: 'x' }],
      ['PUT', 'cause', {}],
    ] as const) {
      expect((await viewer.send(method, `${path}/${action}`, body)).status, action).toBe(403);
    }
    expect((await viewer.get(path)).body.incident.state).toBe('open');
  });
});

describe('whether alerting works', () => {
  test('is told with its age and what is wrong', async () => {
    const before = (await viewer.get('/alerting/health')).body;
    expect(before).toMatchObject({ state: 'unknown', lastRoundMs: null, problems: [], synthetic: null });
    await database.pool.query(
      `INSERT INTO watch_signs (name, at_ms) VALUES ('evaluation', $1), ('heartbeat', $1)
       ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms`,
      [before.nowMs],
    );
    const fine = (await viewer.get('/alerting/health')).body;
    expect(fine).toMatchObject({ state: 'ok', lastRoundMs: before.nowMs });
    expect(fine.heartbeat.lastSentMs).toBe(before.nowMs);
    await database.pool.query("UPDATE watch_signs SET at_ms = at_ms - 600000 WHERE name = 'evaluation'");
    expect((await viewer.get('/alerting/health')).body.state).toBe('broken');
  });

  test('open pages hear of open incidents at once, and when they change, each of its own apps', async () => {
    const { sloId } = await addSlo();
    const incident = await open({ sloId });
    const read = async (query: string, count: number): Promise<unknown[]> => {
      const response = await viewer.raw(`/api/v1/stream${query}`);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      const told = () =>
        [...text.matchAll(/event: alerts\ndata: (.*)\n\n/g)].map(([, json]) => JSON.parse(json ?? ''));
      while (told().length < count) {
        const { value, done } = (await reader?.read()) ?? { value: '', done: true };
        if (done) break;
        text += value;
        if (told().length === count - 1 && count > 1) {
          api.clock.nowMs += 6000;
          await editor.send('POST', `/incidents/${incident}/acknowledge`, { reason: 'On it' });
        }
      }
      await reader?.cancel();
      return told();
    };
    const [first, second] = (await read(`?apps=${shop.name}`, 2)) as {
      open: object;
      unacknowledged: number;
      changedAtMs: number;
    }[];
    expect(first).toMatchObject({ open: { page: 1, ticket: 0, info: 0 }, unacknowledged: 1 });
    expect(second).toMatchObject({ open: { page: 1, ticket: 0, info: 0 }, unacknowledged: 0 });
    expect(second?.changedAtMs).toBe(api.clock.nowMs);
    await createApp(database.pool, { name: `calm-${apps}`, key: TEST_KEY, nowMs: api.clock.nowMs });
    api.clock.nowMs += 6000;
    expect(await read(`?apps=calm-${apps}`, 1)).toMatchObject([{ open: { page: 0 }, unacknowledged: 0 }]);
  });
});
