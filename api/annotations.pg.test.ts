import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../store/apps.ts';
import { listAudit } from '../store/audit.ts';
import { buildTestApi, TEST_KEY, type TestApi } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import type { AnnotationAnswer } from './contract/annotations.ts';
import type { EventAnswer } from './contract/events.ts';

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  await createApp(database.pool, { name: 'shop', key: TEST_KEY, nowMs: api.clock.nowMs });
  await createApp(database.pool, { name: 'other', key: TEST_KEY, nowMs: api.clock.nowMs });
});
afterAll(() => database.close());

const PATH = '/apps/shop/annotations';

test('a note is made, listed, shown among the events of the app, and audited', async () => {
  const { browser, person } = await api.signedIn('editor');
  const fromMs = api.clock.nowMs - 600_000;
  const made = await browser.send('POST', PATH, { fromMs, toMs: fromMs + 60_000, text: '  load test  ' });
  expect(made.status).toBe(201);
  const note = made.body as AnnotationAnswer;
  expect([note.text, note.canDelete]).toEqual(['load test', true]);
  const viewer = (await api.signedIn('viewer')).browser;
  const listed = await viewer.get(`${PATH}?from=now-1h`);
  expect(listed.body.annotations).toEqual([{ ...note, canDelete: false }]);
  expect((await viewer.get(`${PATH}?from=now-5m`)).body.annotations).toEqual([]);
  const overview = await viewer.get('/apps/shop/overview?from=now-1h');
  const event = (overview.body.events as EventAnswer[]).find(({ lane }) => lane === 'note');
  expect([event?.title, event?.untilMs, event?.detail.author]).toEqual([
    'load test',
    fromMs + 60_000,
    person.displayName || person.email,
  ]);
  const entries = await listAudit(database.pool, { limit: 10 });
  const entry = entries.find(({ action }) => action === 'annotation.create');
  expect([entry?.actor, entry?.subject, entry?.after?.text]).toEqual([person.id, 'shop', 'load test']);
});

test('a note is taken away by whoever wrote it and by admins, and by nobody else', async () => {
  const [author, another, admin] = await Promise.all([
    api.signedIn('editor'),
    api.signedIn('editor'),
    api.signedIn('admin'),
  ]);
  const make = async () => {
    const made = await author.browser.send('POST', PATH, { fromMs: api.clock.nowMs, text: 'x' });
    return `${PATH}/${(made.body as AnnotationAnswer).id}`;
  };
  const first = await make();
  expect((await another.browser.send('DELETE', first)).body.code).toBe('notAllowed');
  expect((await admin.browser.send('DELETE', first.replace('shop', 'other'))).status).toBe(404);
  expect((await author.browser.send('DELETE', first)).status).toBe(204);
  expect((await author.browser.send('DELETE', first)).status).toBe(404);
  expect((await admin.browser.send('DELETE', await make())).status).toBe(204);
  const [entry] = await listAudit(database.pool, { limit: 1 });
  expect([entry?.action, entry?.before?.text]).toEqual(['annotation.delete', 'x']);
});

test('what is no note is refused: viewers, empty texts, spans that end before they begin, far-off times', async () => {
  const nowMs = api.clock.nowMs;
  const viewer = (await api.signedIn('viewer')).browser;
  expect((await viewer.send('POST', PATH, { fromMs: nowMs, text: 'x' })).status).toBe(403);
  const { browser } = await api.signedIn('editor');
  for (const body of [
    { fromMs: nowMs, text: ' ' },
    { fromMs: nowMs, text: 'a\u202eb' },
    { fromMs: nowMs, toMs: nowMs - 1, text: 'x' },
    { fromMs: nowMs - 500 * 86_400_000, text: 'x' },
    { fromMs: nowMs, toMs: nowMs + 30 * 86_400_000, text: 'x' },
    { fromMs: nowMs, text: 'x'.repeat(501) },
  ]) {
    expect((await browser.send('POST', PATH, body)).status, JSON.stringify(body).slice(0, 80)).toBe(422);
  }
  expect((await browser.send('DELETE', `${PATH}/not-an-id`)).status).toBe(404);
});
