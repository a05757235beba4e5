import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertChange } from '../model/alert-change.ts';
import { noticeWords, plainText } from '../model/notice-text.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_PATH } from '../model/series.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import { createApp } from '../store/apps.ts';
import { withTransaction } from '../store/pool.ts';
import { createSlo } from '../store/slos.ts';
import { alertChange, EVIDENCE, START_MS } from '../test/alert-changes.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { type CountSeed, insertCounts, makePartitions } from '../test/seed-buckets.ts';
import { exampleSlo } from '../test/slos.ts';
import { buildNoticeReader } from './facts.ts';
import { applyAlertChanges } from './incident.ts';
import type { NoticeRequest } from './notify/deps.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await makePartitions(database.pool, START_MS / 1000 - 6 * 3600, START_MS / 1000 + 6 * 3600);
});
afterAll(() => database.close());

const NOW_MS = START_MS + 12 * MINUTE;
const MARKS = { mayRepeat: false, isCombined: false };
let [appId, sloId, app] = [0, 0, ''];

beforeEach(async () => {
  const { pool } = database;
  app = `shop-${randomUUID().slice(0, 8)}`;
  appId = (await createApp(pool, { name: app, key: 'k'.repeat(32), nowMs: START_MS - 60 * MINUTE })).app.id;
  const definition = { ...exampleSlo({ target: '0.999' }), runbookUrl: 'https://wiki.example.com/checkout' };
  const slo = await createSlo(pool, {
    appId,
    slug: 'checkout',
    definition,
    author: 'ann',
    nowMs: START_MS - 60 * MINUTE,
  });
  sloId = slo?.id ?? 0;
});

const request = (more: Partial<NoticeRequest>): NoticeRequest => ({
  kind: 'trigger',
  severity: 'page',
  incidentId: null,
  sequence: 1,
  details: {},
  isCombined: false,
  nowMs: NOW_MS,
  ...more,
});
const read = (more: Partial<NoticeRequest>) =>
  buildNoticeReader({ pool: database.pool, baseUrl: 'https://drains.example.com/' })(request(more));

/** Opens (or changes) an incident as an evaluator would; gives its id. */
async function change(more: Partial<AlertChange> = {}, minute = 0): Promise<string> {
  const one = alertChange(minute, 'page', { appId, subject: { kind: 'slo', sloId }, ...more });
  await withTransaction(database.pool, (client) => applyAlertChanges(client, [one], one.atMs));
  const { rows } = await database.pool.query<{ id: string }>(
    'SELECT id FROM incidents WHERE app_id = $1 ORDER BY number DESC LIMIT 1',
    [one.appId],
  );
  return rows[0]?.id ?? '';
}

const at = (minute: number, seeds: Partial<CountSeed>): CountSeed => ({
  appId,
  kind: SERIES_DYNO,
  key: 'web.1',
  bucketS: (START_MS + minute * MINUTE) / 1000,
  count: 0,
  ...seeds,
});
async function event(
  minute: number,
  kind: string,
  more: { version?: number; dyno?: string; detail?: object } = {},
) {
  await database.pool.query(
    `INSERT INTO events (at_ms, until_ms, app_id, kind, dyno, version, detail, dedupe_key)
     VALUES ($1, $1, $2, $3, $4, $5, $6, $7)`,
    [
      START_MS + minute * MINUTE,
      appId,
      kind,
      more.dyno ?? null,
      more.version ?? null,
      more.detail ?? {},
      randomUUID(),
    ],
  );
}

/** v214 two minutes before it began: web.2 fails with H12 on /checkout, the others are well. */
async function badDeploy(): Promise<void> {
  await event(-200, 'release', { version: 213 });
  await event(-2, 'deploy', { detail: { commit: '1a2b3c4d5e6f' } });
  await event(-2, 'release', { version: 214 });
  const seeds: CountSeed[] = [];
  for (let minute = -40; minute < 12; minute++) {
    const bad = minute >= -2 ? 40 : 0;
    seeds.push(
      at(minute, { key: 'web.1', count: 100, bad: bad / 20 }),
      at(minute, { key: 'web.2', count: 100, bad }),
      at(minute, { key: 'web.3', count: 100, excluded: 10 }),
      at(minute, { kind: SERIES_PATH, key: 'GET /', count: 250, bad: 0 }),
      at(minute, { kind: SERIES_PATH, key: 'POST /checkout', count: 50, bad: bad + bad / 20 }),
    );
    if (bad > 0) seeds.push(at(minute, { kind: SERIES_CODE, key: 'H12', count: bad }));
    if (minute === 3) seeds.push(at(minute, { kind: SERIES_CODE, key: 'H13', count: 7 }));
  }
  await insertCounts(database.pool, seeds, 'count_buckets_10s');
}

describe('a page', () => {
  it('of slow requests accuses no code, dyno or release by the failed ones: those are others', async () => {
    await badDeploy();
    const definition = exampleSlo({
      target: '0.99',
      indicator: { kind: 'latency', thresholdMs: 800, excludeLongLived: true },
    });
    const slow = await createSlo(database.pool, {
      ...{ appId, slug: 'slow', definition, author: 'ann', nowMs: START_MS - 60 * MINUTE },
    });
    const incidentId = await change({ subject: { kind: 'slo', sloId: slow?.id ?? 0 } });
    const notice = await read({ incidentId });
    expect(notice?.causes).toEqual([]);
    // What happened meanwhile is told all the same.
    expect(notice?.release).toMatchObject({ version: 214 });
    expect(notice?.codes[0]).toMatchObject({ code: 'H12' });
  });

  it('says what failed, where, since when, by how much, what is left, which release was before, and what to look at', async () => {
    await badDeploy();
    const incidentId = await change();
    const notice = await read({ incidentId });
    expect(notice).toMatchObject({
      state: 'firing',
      severity: 'page',
      app,
      title: EVIDENCE.title,
      incident: { id: incidentId, subject: `slo:${sloId}`, startedAtMs: START_MS },
      evidence: EVIDENCE,
      budget: { target: '0.999', remaining: 0.82, period: '30 days' },
      release: { version: 214, atMs: START_MS - 2 * MINUTE, what: 'Deploy 1a2b3c4d' },
      runbookUrl: 'https://wiki.example.com/checkout',
    });
    expect(notice?.codes.map(({ code }) => code)).toEqual(['H12', 'H13']);
    expect(notice?.dynos.map(({ dyno }) => dyno)).toEqual(['web.2']);
    const causes = notice?.causes.map(({ kind }) => kind);
    expect(causes).toEqual(['release', 'code', 'dyno', 'path']);
    const text = notice === null ? '' : plainText(noticeWords(notice, MARKS));
    expect(text).toContain(
      '120 of 4,000 requests in the last hour failed (3 %): 30 times as many as the objective of 99.9 % allows.',
    );
    expect(text).toContain('Release before it: v214, 2 min before');
    expect(text).toMatch(
      /Since v214 \(09:58 UTC, 2 min before it began\) \d+ % of requests are bad; before it 0 %\./,
    );
    expect(text).toContain('web.2 alone carries');
    expect(text).toContain('POST /checkout carries');
    expect(text).toContain(`heroku rollback v213 -a ${app}`);
    expect(text).toContain('H12: List the paths with the most H12');
  });

  it('has links that hold their range of time', async () => {
    const notice = await read({ incidentId: await change() });
    const range = 'from=2026-11-21T09:30:00Z&to=2026-11-21T10:12:00Z';
    const id = notice?.incident?.id;
    expect(notice?.links).toEqual([
      { kind: 'incident', url: `https://drains.example.com/i/${id}?${range}` },
      { kind: 'app', url: `https://drains.example.com/a/${app}?${range}` },
      { kind: 'slo', url: `https://drains.example.com/a/${app}/slo/checkout?${range}` },
      { kind: 'runbook', url: 'https://wiki.example.com/checkout' },
    ]);
  });

  it('accuses no release that changed nothing, and no dyno where all are alike', async () => {
    await event(-5, 'release', { version: 9 });
    const seeds: CountSeed[] = [];
    for (let minute = -40; minute < 12; minute++) {
      for (const key of ['web.1', 'web.2']) seeds.push(at(minute, { key, count: 100, bad: 10 }));
    }
    await insertCounts(database.pool, seeds, 'count_buckets_10s');
    const notice = await read({ incidentId: await change() });
    expect(notice).toMatchObject({ release: { version: 9 }, causes: [], dynos: [] });
  });

  it('of an app nothing is known of holds what decided, and no more', async () => {
    const notice = await read({ incidentId: await change() });
    expect(notice).toMatchObject({ release: null, codes: [], dynos: [], causes: [], evidence: EVIDENCE });
  });
});

describe('what becomes of it', () => {
  it('R-05 without data is held and says since when; it is told as known last', async () => {
    const incidentId = await change();
    await change({ held: { reason: 'noData', sinceMs: START_MS + 5 * MINUTE }, reason: 'held' }, 6);
    const notice = await read({ incidentId, kind: 'update', details: { why: 'held' } });
    expect(notice).toMatchObject({ state: 'held', change: { kind: 'held', reason: 'noData' } });
    const words = notice && noticeWords(notice, MARKS);
    expect(words?.state).toBe('NO DATA');
    expect(words?.sentence).toMatch(/^There has been no data since 10:05 UTC; last known: firing\./);
  });

  it('its end tells how long it was, and its links end half an hour after it', async () => {
    const incidentId = await change();
    await change({ severity: null, reason: 'recovered' }, 20);
    const notice = await read({ incidentId, kind: 'resolve', nowMs: START_MS + 90 * MINUTE });
    expect(notice).toMatchObject({ state: 'resolved' });
    expect(notice && noticeWords(notice, MARKS).sentence).toBe(
      'Recovered after 20 min, from 10:00 UTC to 10:20 UTC.',
    );
    expect(notice?.links[0]?.url).toContain('to=2026-11-21T10:50:00Z');
  });

  it('A-20 what was over before it could be told says both', async () => {
    const incidentId = await change();
    await change({ severity: null, reason: 'recovered' }, 4);
    const notice = await read({ incidentId, kind: 'resolve', isCombined: true });
    expect(notice?.state).toBe('over');
    const sentence = notice && noticeWords(notice, { ...MARKS, isCombined: true }).sentence;
    expect(sentence).toMatch(
      /^It fired from 10:00 UTC to 10:04 UTC \(4 min\) and was over before this message could be sent\. 120 of 4,000/,
    );
  });

  it('detected late, raised, escalated: each is said', async () => {
    const incidentId = await change({ detectedLateMs: 14 * MINUTE });
    const wordsOf = async (more: Partial<NoticeRequest>) => {
      const notice = await read({ incidentId, ...more });
      if (notice === null) throw new Error('nothing to tell');
      return noticeWords(notice, MARKS);
    };
    expect((await wordsOf({})).context).toContain('detected late by 14 min');
    const raised = await wordsOf({ details: { why: 'raised', from: 'ticket', to: 'page' } });
    expect(raised.change).toBe('It is a page now, it was a ticket.');
    const escalated = await wordsOf({
      kind: 'reminder',
      details: { why: 'escalated', level: 2, policy: 'Night' },
    });
    expect(escalated.change).toBe('Nobody has acknowledged it: level 2 of Night is told.');
    expect(escalated.sentence).toMatch(/^It has been firing for 12 min and nobody has acknowledged it\./);
  });

  it('what is gone is told to nobody', async () => {
    expect(await read({ incidentId: randomUUID() })).toBeNull();
  });
});

describe('others', () => {
  it('A-11 several incidents are one list, pages first, with a hint when most apps fail at once', async () => {
    const [first] = [await change()];
    const ids = [first];
    for (const severity of ['ticket', 'page', 'page'] as const) {
      const name = `other-${randomUUID().slice(0, 8)}`;
      const other = await createApp(database.pool, { name, key: 'k'.repeat(32), nowMs: START_MS });
      ids.push(
        await change({
          appId: other.app.id,
          severity,
          subject: { kind: 'slo', sloId: sloId + ids.length * 1000 },
        }),
      );
    }
    const incidents = ids.map((incidentId) => ({ incidentId, kind: 'trigger' }));
    const notice = await read({ kind: 'digest', details: { incidents } });
    expect(notice?.folded.map(({ severity }) => severity)).toEqual(['page', 'page', 'page', 'ticket']);
    expect(notice?.title).toBe('4 incidents of 4 apps');
    const { rows } = await database.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM apps');
    expect(notice?.platformHint).toBe(4 * 2 > (rows[0]?.count ?? 0));
    await database.pool.query(
      'UPDATE apps SET removed_at_ms = 1 WHERE NOT id = ANY (SELECT app_id FROM incidents)',
    );
    await database.pool.query('UPDATE apps SET removed_at_ms = 1 WHERE name LIKE $1 AND name <> $2', [
      'shop-%',
      app,
    ]);
    expect((await read({ kind: 'digest', details: { incidents } }))?.platformHint).toBe(true);
    await database.pool.query('UPDATE apps SET removed_at_ms = NULL');
    expect(await read({ kind: 'digest', details: { incidents: [] } })).toBeNull();
  });

  it('tests, troubles of ours and releases need no incident', async () => {
    expect(await read({ kind: 'test', severity: null, details: { by: 'Ann' } })).toMatchObject({
      isTest: true,
      state: 'info',
    });
    const watch = {
      name: 'outboxAge',
      isFiring: true,
      text: 'Messages wait.',
      sinceMs: NOW_MS - SECOND,
      episode: 2,
    };
    const told = await read({ kind: 'watch', details: { ...watch, insteadOf: 'Slack' } });
    expect(told).toMatchObject({ state: 'firing', watch, insteadOf: 'Slack' });
    expect(await read({ kind: 'watch', details: {} })).toBeNull();
    const event = { key: 'release:214', kind: 'release', version: 214, what: '', by: '', atMs: NOW_MS };
    expect(await read({ kind: 'change', details: { appId, event } })).toMatchObject({
      app,
      title: 'Release v214',
      event,
    });
    expect(await read({ kind: 'change', details: {} })).toBeNull();
  });
});
