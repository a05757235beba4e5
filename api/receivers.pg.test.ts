import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readReceiverSecrets } from '../store/receivers.ts';
import { deriveBoxKey } from '../store/secret-box.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

let database: TestDatabase;
let api: TestApi;
let viewer: TestBrowser;
let editor: TestBrowser;
let admin: TestBrowser;
let made = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool);
  viewer = (await api.signedIn('viewer')).browser;
  editor = (await api.signedIn('editor')).browser;
  admin = (await api.signedIn('admin')).browser;
});
afterAll(() => database.close());

const SECRET_URL = 'https://hooks.slack.com/services/T000/B000/aVerySecretPart';

async function slack(name = `Slack ${++made}`) {
  const body = { name, kind: 'slackWebhook', settings: {}, secrets: { url: SECRET_URL } };
  const answer = await admin.send('POST', '/receivers', body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body as { id: string; name: string };
}

describe('receivers', () => {
  test('SEC-43 a secret goes in and is shown nowhere again: no answer, no audit entry, no row holds it', async () => {
    const receiver = await slack();
    expect(receiver).toMatchObject({ secretsSet: ['url'], settings: {}, health: 'ok', queued: 0, dead: 0 });
    for (const path of ['/receivers', '/receivers/kinds', '/deliveries', '/audit', '/config']) {
      expect(JSON.stringify((await admin.get(path)).body), path).not.toContain('aVerySecretPart');
    }
    const { rows } = await database.pool.query('SELECT r::text FROM receivers AS r');
    expect(JSON.stringify(rows)).not.toContain('aVerySecretPart');
    const opened = await readReceiverSecrets(database.pool, [deriveBoxKey(TEST_KEY)], receiver.id);
    expect(opened).toEqual({ ok: true, value: { url: SECRET_URL } });
  });

  test('what is wrong is told at its field, and repeats no secret', async () => {
    const answer = await admin.send('POST', '/receivers', {
      name: 'PagerDuty',
      kind: 'pagerduty',
      settings: { colour: 'red' },
      secrets: { routingKey: 'tooShortAndSecret' },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.faults.map((fault: { field: string }) => fault.field).sort()).toEqual([
      'colour',
      'routingKey',
    ]);
    expect(JSON.stringify(answer.body)).not.toContain('tooShortAndSecret');
  });

  test('a change keeps the secrets it does not name, replaces those it does, and mends a broken one', async () => {
    const body = {
      name: 'Hook',
      kind: 'webhook',
      settings: { url: 'https://example.com/hook' },
      secrets: { secret: `whsec_${'A'.repeat(40)}`, previousSecret: `whsec_${'B'.repeat(40)}` },
    };
    const hook = (await admin.send('POST', '/receivers', body)).body;
    await database.pool.query(
      "UPDATE receivers SET health = 'broken', health_reason = '410' WHERE public_id = $1",
      [hook.id],
    );
    expect(
      (await viewer.get('/receivers')).body.receivers.find((one: { id: string }) => one.id === hook.id),
    ).toMatchObject({ health: 'broken', reason: '410' });
    const changed = await admin.send('PATCH', `/receivers/${hook.id}`, {
      settings: { url: 'https://example.com/other' },
      secrets: { previousSecret: null },
    });
    expect(changed.body).toMatchObject({
      settings: { url: 'https://example.com/other' },
      secretsSet: ['secret'],
      health: 'ok',
      reason: '',
    });
    const opened = await readReceiverSecrets(database.pool, [deriveBoxKey(TEST_KEY)], hook.id);
    expect(opened).toEqual({ ok: true, value: { secret: `whsec_${'A'.repeat(40)}` } });
    const missing = await admin.send('PATCH', `/receivers/${hook.id}`, { secrets: { secret: null } });
    expect([missing.status, missing.body.faults[0].field]).toEqual([422, 'secret']);
    const { rows } = await database.pool.query<{ after: { secretsChanged: string[] } }>(
      `SELECT after FROM audit_log WHERE action = 'receiver.change' AND subject = 'Hook'`,
    );
    expect(rows.map((row) => row.after.secretsChanged)).toEqual([['previousSecret']]);
  });

  test('two receivers never have one name', async () => {
    await slack('Ops');
    const twin = { name: 'OPS', kind: 'slackWebhook', settings: {}, secrets: { url: SECRET_URL } };
    expect((await admin.send('POST', '/receivers', twin)).body.faults[0].field).toBe('name');
    const other = await slack();
    expect((await admin.send('PATCH', `/receivers/${other.id}`, { name: 'ops' })).status).toBe(409);
  });

  test('SEC-09 only admins change or test receivers; SEC-24 a session says its password again', async () => {
    const receiver = await slack();
    for (const caller of [viewer, editor]) {
      expect((await caller.send('PATCH', `/receivers/${receiver.id}`, { isEnabled: false })).status).toBe(
        403,
      );
      expect((await caller.send('POST', `/receivers/${receiver.id}/test`)).status).toBe(403);
    }
    const own = await api.signedIn('admin');
    api.clock.nowMs += 16 * 60_000;
    const stale = await own.browser.send('PATCH', `/receivers/${receiver.id}`, { isEnabled: false });
    expect(stale.body.code).toBe('freshLoginNeeded');
    api.clock.nowMs -= 16 * 60_000;
  });

  test('one that routes lead to is not removed; another goes with its secrets', async () => {
    const [used, free] = [await slack(), await slack()];
    const route = { name: 'Everything', receivers: [used.id] };
    const madeRoute = (await admin.send('POST', '/notification-routes', route)).body;
    const refused = await admin.send('DELETE', `/receivers/${used.id}`);
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      'It is used by route Everything: take it out there first.',
    ]);
    expect((await admin.send('DELETE', `/receivers/${free.id}`)).status).toBe(204);
    const { rows } = await database.pool.query('SELECT secrets FROM receivers WHERE public_id = $1', [
      free.id,
    ]);
    expect(rows).toEqual([{ secrets: null }]);
    await admin.send('DELETE', `/notification-routes/${madeRoute.id}`);
  });
});

describe('tests and deliveries', () => {
  test('a test goes into the real outbox, and SEC-51 too many are refused with a time to wait', async () => {
    const receiver = await slack();
    const first = await admin.send('POST', `/receivers/${receiver.id}/test`);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ kind: 'test', state: 'waiting', receiver: { id: receiver.id } });
    const { rows } = await database.pool.query(`SELECT kind, state FROM notifications WHERE public_id = $1`, [
      first.body.id,
    ]);
    expect(rows).toEqual([{ kind: 'test', state: 'waiting' }]);
    const more = [];
    for (let n = 0; n < 5; n++)
      more.push((await admin.send('POST', `/receivers/${receiver.id}/test`)).status);
    expect(more.slice(0, 4)).toEqual([201, 201, 201, 201]);
    const refused = await admin.send('POST', `/receivers/${receiver.id}/test`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([
      429,
      expect.stringMatching(/^\d+$/),
    ]);
    const listed = (await viewer.get('/receivers')).body.receivers.find(
      (one: { id: string }) => one.id === receiver.id,
    );
    expect(listed.queued).toBe(5);
  });

  test('what was given up is listed with each try, and is sent again as a new one, once it ended', async () => {
    const own = await api.signedIn('admin');
    const receiver = await slack();
    api.clock.nowMs += 120_000;
    const sent = (await own.browser.send('POST', `/receivers/${receiver.id}/test`)).body;
    const waiting = await editor.send('POST', `/deliveries/${sent.id}/replay`);
    expect(waiting.status).toBe(409);
    const { nowMs } = api.clock;
    await database.pool.query(
      `UPDATE notifications SET state = 'dead', reason = 'It answered 500 for six hours.', attempts = 1,
         finished_at_ms = $2 WHERE public_id = $1`,
      [sent.id, nowMs],
    );
    await database.pool.query(
      `INSERT INTO attempts (notification_id, number, at_ms, took_ms, outcome, status, reason, answer)
       SELECT id, 1, $2, 80, 'retry', 500, 'It answered 500.', 'a body nobody is shown' FROM notifications
       WHERE public_id = $1`,
      [sent.id, nowMs],
    );
    const one = (await viewer.get(`/deliveries/${sent.id}`)).body;
    expect(one.delivery).toMatchObject({ state: 'dead', canReplay: true, tries: 1 });
    expect(one.attempts).toEqual([
      { atMs: nowMs, tookMs: 80, outcome: 'retry', status: 500, reason: 'It answered 500.' },
    ]);
    expect(JSON.stringify(one)).not.toContain('nobody is shown');
    const again = await editor.send('POST', `/deliveries/${sent.id}/replay`);
    expect([again.status, again.body.state]).toEqual([201, 'waiting']);
    expect(again.body.id).not.toBe(sent.id);
    const { deliveries, cursor } = (await viewer.get(`/deliveries?receiver=${receiver.id}&limit=1`)).body;
    expect(deliveries.map((row: { id: string }) => row.id)).toEqual([again.body.id]);
    const older = (await viewer.get(`/deliveries?receiver=${receiver.id}&limit=1&cursor=${cursor}`)).body;
    expect(older.deliveries.map((row: { id: string }) => row.id)).toEqual([sent.id]);
    const dead = (await viewer.get(`/deliveries?receiver=${receiver.id}&state=dead`)).body.deliveries;
    expect(dead).toHaveLength(1);
  });
});
