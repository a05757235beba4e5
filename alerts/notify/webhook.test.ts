import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notice } from '../../model/notice.ts';
import { badDeploy, DELIVERY_ID, NOW_MS, RELEASE, STORY, sendContext, WATCH } from '../../test/notices.ts';
import { arrivedAt, type FakeReceiver } from '../../test/receivers/http.ts';
import { adapterOf, SIGNING_SECRET } from '../../test/receivers/places.ts';
import { startSignedProgram } from '../../test/receivers/services.ts';
import type { SendContext } from './receiver.ts';
import { signWebhook } from './webhook-signature.ts';

const NEW_SECRET = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

describe('signatures', () => {
  it('SEC-42 are those of the vectors of Standard Webhooks', () => {
    expect(
      signWebhook([SIGNING_SECRET], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}'),
    ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
    const body = '{"type":"alert.firing","timestamp":"2026-01-01T00:00:00Z","data":{"id":"inc_1"}}';
    expect(signWebhook([NEW_SECRET], 'ntf_01', 1767225600, body)).toBe(
      'v1,k+ueYd0cO5MIq5/sNnmKVpA61jJ+dyHy3s6LmWdibrQ=',
    );
  });

  it('SEC-42 two live secrets give two signatures, the new one first', () => {
    const both = signWebhook([NEW_SECRET, SIGNING_SECRET], 'ntf_01', 1, '{}').split(' ');
    expect(both).toEqual([
      signWebhook([NEW_SECRET], 'ntf_01', 1, '{}'),
      signWebhook([SIGNING_SECRET], 'ntf_01', 1, '{}'),
    ]);
  });
});

describe('a program', () => {
  let fake: FakeReceiver;
  let [secret, nowMs] = [SIGNING_SECRET, NOW_MS];
  beforeEach(async () => {
    [secret, nowMs] = [SIGNING_SECRET, NOW_MS];
    fake = await startSignedProgram(
      () => secret,
      () => nowMs,
    );
  });
  afterEach(() => fake.close());

  const send = (notice: Notice, more: Partial<SendContext> = {}) =>
    adapterOf('webhook').send(
      notice,
      sendContext(notice, {
        settings: { url: `${fake.url}/hook` },
        secrets: { secret: SIGNING_SECRET },
        nowMs,
        ...more,
      }),
    );

  it('SEC-42 checks id, time and the exact bytes: the id stays over all tries, the time is that of the try', async () => {
    fake.script({ status: 503 });
    expect(await send(STORY.trigger)).toMatchObject({ kind: 'retry' });
    nowMs += 61_000;
    expect(await send(STORY.trigger, { attempt: 2, mayRepeat: true })).toEqual({ kind: 'delivered' });
    const [first, second] = fake.arrived.map(({ headers }) => headers);
    expect([first?.['webhook-id'], second?.['webhook-id']]).toEqual([DELIVERY_ID, DELIVERY_ID]);
    expect(Number(second?.['webhook-timestamp']) - Number(first?.['webhook-timestamp'])).toBe(61);
    expect(DELIVERY_ID).not.toContain('.');
    expect(fake.arrived[1]?.json.data.may_repeat).toBe(true);
  });

  it('SEC-42 accepts either secret while one takes the place of the other', async () => {
    const secrets = { secret: NEW_SECRET, previousSecret: SIGNING_SECRET };
    for (const own of [SIGNING_SECRET, NEW_SECRET]) {
      secret = own;
      expect(await send(STORY.trigger, { secrets })).toEqual({ kind: 'delivered' });
    }
    secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    expect(await send(STORY.trigger, { secrets })).toMatchObject({ kind: 'permanent', unhealthy: true });
  });

  it('SEC-42 a changed byte, id or time no longer fits its signature', async () => {
    await send(STORY.trigger);
    const { headers, body } = arrivedAt(fake);
    const [id, at] = [headers['webhook-id'], headers['webhook-timestamp']];
    const key = Buffer.from(SIGNING_SECRET.slice(6), 'base64');
    const sign = (text: string) => `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
    expect(headers['webhook-signature']).toBe(sign(`${id}.${at}.${body}`));
    expect(headers['webhook-signature']).not.toBe(sign(`${id}.${at}.${body} `));
    expect(headers['webhook-signature']).not.toBe(sign(`${id}.${Number(at) + 1}.${body}`));
  });

  const silent = (changes: Partial<Notice>) =>
    badDeploy({
      evidence: STORY.trigger.evidence && { ...STORY.trigger.evidence, what: 'drainSilent' },
      ...changes,
    });
  it.each([
    ['incident.triggered', STORY.trigger],
    ['incident.updated', STORY.update],
    ['incident.updated', badDeploy({ kind: 'reminder' })],
    ['incident.acknowledged', STORY.acknowledge],
    ['incident.resolved', STORY.resolve],
    ['slo.budget.threshold', badDeploy({}, { subjectKind: 'budget' })],
    ['incident.resolved', badDeploy({ kind: 'resolve', state: 'resolved' }, { subjectKind: 'budget' })],
    ['drain.silent', silent({})],
    ['incident.acknowledged', silent({ kind: 'acknowledge', state: 'acknowledged' })],
    ['drain.recovered', silent({ kind: 'resolve', state: 'resolved' })],
    ['release.created', RELEASE],
    [
      'app.changed',
      { ...RELEASE, event: RELEASE.event && { ...RELEASE.event, kind: 'scale' as const, version: null } },
    ],
    ['watch.triggered', WATCH],
    ['watch.resolved', { ...WATCH, watch: WATCH.watch && { ...WATCH.watch, isFiring: false } }],
    ['webhook.test', STORY.test],
  ])('is told %s', async (type, notice) => {
    expect(await send(notice)).toEqual({ kind: 'delivered' });
    expect(fake.arrived[0]?.json).toMatchObject({ type, timestamp: new Date(notice.atMs).toISOString() });
  });

  it('gets the numbers as numbers', async () => {
    await send(STORY.trigger);
    expect(fake.arrived[0]?.json.data).toMatchObject({
      state: 'firing',
      severity: 'page',
      app: 'shop',
      incident: { number: 214, started_at: '2026-11-20T10:42:00.000Z', sequence: 1 },
      evidence: { windows: [{ minutes: 60, bad: 1204, events: 52310 }, { minutes: 5 }] },
      budget: { target: '0.999', remaining: 0.61 },
      release: { version: 214 },
      codes: [
        { code: 'H12', count: 980 },
        { code: 'H13', count: 120 },
      ],
      links: { incident: expect.stringContaining('from=2026-11-20T10:12:00Z') },
    });
  });

  it.each([429, 502, 504])('slows down at %i without a pause of its own', async (status) => {
    fake.always({ status });
    expect(await send(STORY.trigger)).toMatchObject({ kind: 'retry', afterMs: 30_000 });
    fake.always({ status, headers: { 'retry-after': '3' } });
    expect(await send(STORY.trigger)).toMatchObject({ kind: 'retry', afterMs: 3_000 });
  });

  it('A-05 that answers 410 is gone', async () => {
    fake.always({ status: 410 });
    expect(await send(STORY.trigger)).toMatchObject({ kind: 'disable' });
  });

  it('gets less than 20 KB, also of texts of nothing but long signs', async () => {
    const fire = '\u{1f525}'.repeat(3_000);
    const huge = badDeploy({
      app: fire,
      title: fire,
      codes: Array.from({ length: 40 }, () => ({ code: fire, count: 1, title: fire })),
      dynos: Array.from({ length: 40 }, () => ({ dyno: fire, bad: 1, events: 1 })),
      checks: Array.from({ length: 40 }, () => ({ text: fire, url: '' })),
    });
    expect(await send(huge)).toEqual({ kind: 'delivered' });
    expect(Buffer.byteLength(fake.arrived[0]?.body ?? '')).toBeLessThan(20_000);
  });
});
