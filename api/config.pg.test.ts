import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routeAlert } from '../model/routing.ts';
import type { Pool } from '../store/pool.ts';
import { listRoutes } from '../store/routes.ts';
import { enrolApps } from '../store/rule-rounds.ts';
import { buildTestApi, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import type { ConfigFile } from './contract/alerting.ts';

let database: TestDatabase;
let other: TestDatabase;
let api: TestApi;
let admin: TestBrowser;
let elsewhere: TestBrowser;
let email: string;
let file: ConfigFile;

/** An instance with one of everything, and an empty one with the same person. */
beforeAll(async () => {
  [database, other] = [await createTestDatabase(), await createTestDatabase()];
  api = buildTestApi(database.pool);
  const own = await api.signedIn('admin');
  admin = own.browser;
  email = own.person.email;
  const second = buildTestApi(other.pool);
  const there = await second.signedIn('admin');
  elsewhere = there.browser;
  await other.pool.query('UPDATE people SET email = $1 WHERE id = $2', [email, there.person.id]);
  const made = async (path: string, body: object) => {
    const answer = await admin.send('POST', path, body);
    expect(answer.status, `${path} ${JSON.stringify(answer.body)}`).toBe(201);
    return answer.body;
  };
  await made('/apps', { name: 'shop' });
  await admin.send('PATCH', '/apps/shop', { customMetrics: true });
  const availability = { title: 'Success', target: '0.999', indicator: { kind: 'availability' } };
  const latency = { title: 'Quick', target: '0.95', indicator: { kind: 'latency', thresholdMs: 500 } };
  const members = [
    (await made('/apps/shop/slos', { definition: availability })).id,
    (await made('/apps/shop/slos', { definition: latency })).id,
  ];
  await made('/apps/shop/slos', {
    definition: { title: 'Both', target: '0.9', indicator: { kind: 'composite', members } },
  });
  await made('/apps/shop/rules', { kind: 'latency', title: 'Slow', settings: { ms: 900 } });
  const slack = await made('/receivers', {
    name: 'Slack',
    kind: 'slackWebhook',
    settings: {},
    secrets: { url: 'https://hooks.slack.com/services/T0/B0/verySecret' },
  });
  const mail = await made('/receivers', {
    name: 'Mail',
    kind: 'email',
    settings: { to: email },
    secrets: {},
  });
  await admin.send('PUT', `/people/${own.person.id}/receivers`, { receivers: [mail.id] });
  const schedule = await made('/schedules', {
    title: 'Primary',
    zone: 'Europe/Berlin',
    rotations: [
      {
        title: 'Weeks',
        people: [own.person.id],
        turn: { unit: 'week', count: 1 },
        startsOn: '2026-11-16',
        handoverAt: '09:00',
        hours: [],
      },
    ],
  });
  const policy = await made('/escalation-policies', {
    title: 'Wake',
    rounds: 2,
    levels: [
      { delayMinutes: 5, targets: [{ kind: 'schedule', id: schedule.id }] },
      { delayMinutes: 10, targets: [{ kind: 'receiver', id: slack.id }] },
    ],
  });
  await made('/notification-routes', {
    name: 'All',
    apps: ['shop'],
    receivers: [slack.id],
    escalationPolicies: [policy.id],
  });
  file = (await admin.get('/config')).body;
});
afterAll(async () => {
  await database.close();
  await other.close();
});

describe('the configuration as one file', () => {
  test('holds everything by names, and no secret', () => {
    expect(JSON.stringify(file)).not.toContain('verySecret');
    expect(file.apps[0]?.slos.map(({ slug }) => slug)).toEqual(['both', 'quick', 'success']);
    expect(file.apps[0]?.slos[0]?.definition.indicator).toEqual({
      kind: 'composite',
      members: ['shop/success', 'shop/quick'],
    });
    expect(file.receivers.find(({ name }) => name === 'Slack')?.secretsNeeded).toEqual(['url']);
    expect(file.people).toEqual([{ email, receivers: ['Mail'] }]);
    expect(file.schedules[0]?.rotations[0]?.people).toEqual([email]);
    expect(file.escalationPolicies[0]?.levels[1]?.targets).toEqual([{ kind: 'receiver', name: 'Slack' }]);
    expect(file.routes[0]).toMatchObject({ name: 'All', receivers: ['Slack'], escalationPolicies: ['Wake'] });
  });

  test('taken in where it came from changes nothing', async () => {
    const { body } = await admin.send('POST', '/config', { file });
    expect(body.isKept).toBe(true);
    expect(body.changes.filter((change: { outcome: string }) => change.outcome !== 'unchanged')).toEqual([]);
  });

  test('a dry run says what would happen, and does nothing of it', async () => {
    const { status, body } = await elsewhere.send('POST', '/config', { file, dryRun: true });
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({ dryRun: true, isKept: false, created: [] });
    expect(new Set(body.changes.map((change: { outcome: string }) => change.outcome))).toEqual(
      new Set(['created', 'changed']),
    );
    expect((await elsewhere.get('/apps')).body.apps).toEqual([]);
  });

  test('one thing that is refused leaves everything as it was, and is told in words', async () => {
    const broken = structuredClone(file);
    broken.escalationPolicies[0]?.levels[0]?.targets.push({ kind: 'receiver', name: 'Nobody' });
    const { body } = await elsewhere.send('POST', '/config', { file: broken });
    expect(body.isKept).toBe(false);
    expect(body.changes.filter((change: { outcome: string }) => change.outcome === 'refused')).toMatchObject([
      { what: 'escalationPolicy', name: 'Wake', faults: ['There is no receiver "Nobody".'] },
      { what: 'route', name: 'All', faults: ['There is no escalation policy "Wake".'] },
    ]);
    expect((await elsewhere.get('/apps')).body.apps).toEqual([]);
  });

  test('taken in elsewhere makes the same, and what needs a secret waits for it', async () => {
    const { body } = await elsewhere.send('POST', '/config', { file });
    expect(body.isKept, JSON.stringify(body.changes)).toBe(true);
    expect(body.created[0].drainUrl).toMatch(/^http:\/\/shop:\w+@/);
    expect(body.secretsNeeded).toEqual([{ receiver: 'Slack', secrets: ['url'] }]);
    const again: ConfigFile = (await elsewhere.get('/config')).body;
    const asBefore = (one: ConfigFile) => ({
      ...one,
      exportedAtMs: 0,
      receivers: one.receivers.map((receiver) => ({ ...receiver, isEnabled: true })),
    });
    expect(asBefore(again)).toEqual(asBefore(file));
    const slack = again.receivers.find(({ name }) => name === 'Slack');
    expect(slack?.isEnabled, 'nothing is sent without its secret').toBe(false);
  });

  test('SEC-53 another form is refused; SEC-09 only admins; SEC-24 with a password of just now', async () => {
    const strange = { ...file, passwords: [] };
    expect((await admin.send('POST', '/config', { file: strange })).body.faults[0].field).toContain('file');
    const editor = (await api.signedIn('editor')).browser;
    expect((await editor.get('/config')).status).toBe(403);
    api.clock.nowMs += 16 * 60_000;
    expect((await admin.get('/config')).body.code).toBe('freshLoginNeeded');
    api.clock.nowMs -= 16 * 60_000;
  });
});

describe('a configuration of an instance that is used', () => {
  const T0 = 29_000_000;
  let [here, there]: TestDatabase[] = [];
  let one: TestBrowser;
  let two: TestBrowser;
  let used: ConfigFile;
  const rulesOf = (from: ConfigFile) =>
    from.apps.map(({ name, rules }) => [name, rules.map(({ title, isOn }) => `${title} ${isOn}`).sort()]);

  beforeAll(async () => {
    [here, there] = [await createTestDatabase(), await createTestDatabase()];
    [one, two] = [
      (await buildTestApi(here.pool).signedIn('admin')).browser,
      (await buildTestApi(there.pool).signedIn('admin')).browser,
    ];
    for (const name of ['shop', 'staging']) await one.send('POST', '/apps', { name });
    await enrolApps(here.pool, T0, 0);
    const { rules } = (await one.get('/rules?app=shop')).body;
    const idOf = (title: string) => rules.find((rule: { title: string }) => rule.title === title).id;
    await one.send('DELETE', `/apps/shop/rules/${idOf('Traffic collapse')}`);
    await one.send('PATCH', `/apps/shop/rules/${idOf('Drain silent')}`, { isOn: false });
    for (const [ms, severity] of [
      [500, 'ticket'],
      [2000, 'page'],
    ])
      await one.send('POST', '/apps/shop/rules', {
        kind: 'latency',
        title: 'Slow',
        severity,
        settings: { ms },
      });
    const receivers = [];
    for (const name of ['Noise', 'Pager']) {
      const settings = { to: `${name}@example.com` };
      const made = await one.send('POST', '/receivers', { name, kind: 'email', settings, secrets: {} });
      receivers.push(made.body.id);
    }
    const route = (name: string, app: string, receiver: string) =>
      one.send('POST', '/notification-routes', { name, apps: [app], receivers: [receiver] });
    await route('Mine', 'shop', receivers[0]);
    await route('Mine', 'shop', receivers[1]);
    await route('Staging', 'staging', receivers[0]);
    await one.send('DELETE', '/apps/staging');
    used = (await one.get('/config')).body;
  });
  afterAll(async () => {
    await here?.close();
    await there?.close();
  });

  test('a route whose only app was removed is no route for every app', async () => {
    expect(used.routes.find(({ name }) => name === 'Staging')).toMatchObject({ apps: [], isEnabled: false });
    const { routes } = (await one.get('/notification-routes')).body;
    expect(routes.find(({ name }: { name: string }) => name === 'Staging')).toMatchObject({
      apps: [],
      isEnabled: false,
    });
    const [row] = (await listRoutes(here?.pool as Pool)).filter(({ name }) => name === 'Staging');
    const target = { appId: 1, severity: 'page', subjectKind: 'slo' } as const;
    expect(routeAlert(row ? [row] : [], target).receiverIds).toEqual([]);
  });

  test('of rules and routes that share a name each stays what it is', async () => {
    const { body } = await one.send('POST', '/config', { file: used });
    expect(body.changes.filter((change: { outcome: string }) => change.outcome !== 'unchanged')).toEqual([]);
    const changed = structuredClone(used);
    for (const rule of changed.apps[0]?.rules ?? []) {
      if (rule.title === 'Slow' && rule.severity === 'page') rule.forMinutes = 7;
    }
    await one.send('POST', '/config', { file: changed });
    const again: ConfigFile = (await one.get('/config')).body;
    expect(again.apps).toEqual(changed.apps);
    expect(again.routes).toEqual(used.routes);
  });

  test('taken in elsewhere brings no default twice, and none that was deleted', async () => {
    const { body } = await two.send('POST', '/config', { file: used });
    expect(body.isKept, JSON.stringify(body.changes)).toBe(true);
    await enrolApps(there?.pool as Pool, T0, 0);
    const again: ConfigFile = (await two.get('/config')).body;
    expect(rulesOf(again)).toEqual(rulesOf(used));
    // Asked for, the one that was deleted comes back, and no other.
    const restored = await two.send('POST', '/apps/shop/rules/defaults', {});
    expect(restored.body).toEqual({ created: ['Traffic collapse'] });
  });

  test('SEC-48 what an import changes is in the audit log as it was and as it is', async () => {
    const changed = structuredClone(used);
    for (const receiver of changed.receivers) {
      if (receiver.name === 'Pager') receiver.settings = { to: 'night@example.com' };
    }
    await one.send('POST', '/config', { file: changed });
    const { rows } = (await here?.pool.query(
      `SELECT before, after FROM audit_log WHERE action = 'receiver.change' ORDER BY id DESC LIMIT 1`,
    )) ?? { rows: [] };
    expect(rows[0]).toMatchObject({
      before: { settings: { to: 'Pager@example.com' } },
      after: { settings: { to: 'night@example.com' } },
    });
  });
});

describe('OpenSLO', () => {
  test('what was exported comes in unchanged, another target as a change; one for an app that is not here goes to the one named', async () => {
    const { body } = await admin.get('/slos/export?app=shop');
    expect(body.text).toContain('apiVersion: openslo/v1');
    const same = await admin.send('POST', '/slos/import', { text: body.text });
    expect(same.body.results.map((row: { outcome: string }) => row.outcome)).toEqual(
      Array.from({ length: body.count }, () => 'unchanged'),
    );
    const changed = body.text.replaceAll('0.95', '0.94');
    const told = await admin.send('POST', '/slos/import', { text: changed, dryRun: true });
    expect(told.body).toMatchObject({ dryRun: true, isKept: false });
    expect(
      told.body.results
        .filter((row: { outcome: string }) => row.outcome === 'changed')
        .map((row: { slug: string }) => row.slug),
    ).toEqual(['quick']);
    expect((await admin.get('/slos/export?app=shop')).body.text).toBe(body.text);
    await admin.send('POST', '/apps', { name: 'copy' });
    const quick = (await admin.get('/apps/shop/slos/quick')).body.text.replaceAll('shop', 'elsewhere');
    const copied = await admin.send('POST', '/slos/import', { text: quick, app: 'copy' });
    expect(copied.body).toMatchObject({ isKept: true, results: [{ app: 'copy', outcome: 'created' }] });
    const { definition } = (await admin.get('/apps/copy/slos/quick')).body;
    expect(definition).toEqual((await admin.get('/apps/shop/slos/quick')).body.definition);
  });

  test('a text that is none, or about no app of ours, is refused in words, and nothing is kept', async () => {
    const none = await admin.send('POST', '/slos/import', { text: 'hello: world' });
    expect(none.body).toMatchObject({ isKept: false, results: [{ outcome: 'refused' }] });
    const { text } = (await admin.get('/slos/export?app=shop')).body;
    const foreign = await admin.send('POST', '/slos/import', { text: text.replaceAll('shop', 'nowhere') });
    expect(foreign.body.results[0].faults.join()).toContain('There is no app "nowhere"');
  });
});
