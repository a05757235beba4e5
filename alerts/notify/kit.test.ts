/** What every receiver over HTTP has in common: the class of each status, no secret in any result, hostile text. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReceiverKind } from '../../model/delivery.ts';
import type { Notice } from '../../model/notice.ts';
import { SECOND } from '../../model/time.ts';
import { hostile, NOW_MS, RELEASE, STORY, sendContext } from '../../test/notices.ts';
import { HTTP_KINDS, type Place, startPlace } from '../../test/receivers/places.ts';
import type { SendResult } from './receiver.ts';

/** By status, where the receiver's own section says nothing else. */
const CLASSES: readonly [number, SendResult['kind']][] = [
  [200, 'delivered'],
  [201, 'delivered'],
  [202, 'delivered'],
  [204, 'delivered'],
  [301, 'permanent'],
  [302, 'permanent'],
  [307, 'permanent'],
  [308, 'permanent'],
  [400, 'permanent'],
  [401, 'permanent'],
  [402, 'permanent'],
  [403, 'permanent'],
  [404, 'permanent'],
  [405, 'permanent'],
  [406, 'permanent'],
  [408, 'retry'],
  [409, 'permanent'],
  [410, 'disable'],
  [411, 'permanent'],
  [413, 'permanent'],
  [415, 'permanent'],
  [421, 'permanent'],
  [422, 'permanent'],
  [425, 'retry'],
  [429, 'retry'],
  [431, 'permanent'],
  [451, 'permanent'],
  [500, 'retry'],
  [501, 'retry'],
  [502, 'retry'],
  [503, 'retry'],
  [504, 'retry'],
  [507, 'retry'],
  [520, 'retry'],
];

/** Slack says ok in its body; Discord bans who asks a webhook that is gone again and again. */
const OWN: Partial<Record<ReceiverKind, Record<number, SendResult['kind']>>> = {
  slackWebhook: { 200: 'permanent', 201: 'permanent', 202: 'permanent', 204: 'permanent' },
  slackBot: { 200: 'permanent', 201: 'permanent', 202: 'permanent', 204: 'permanent' },
  discord: { 401: 'disable', 403: 'disable', 404: 'disable' },
};
const UNHEALTHY = [401, 403, 404];

const noticeFor = (kind: ReceiverKind): Notice => (kind === 'pagerdutyChange' ? RELEASE : STORY.trigger);

describe.each(HTTP_KINDS)('%s', (kind) => {
  let place: Place;
  beforeAll(async () => {
    place = await startPlace(kind);
  });
  afterAll(() => place.fake.close());

  const send = (notice = noticeFor(kind), more = {}) => {
    const { settings, secrets, adapter } = place;
    return adapter.send(notice, sendContext(notice, { settings, secrets, ...more }));
  };
  const secretsSeen = (result: SendResult) =>
    Object.values(place.secrets)
      .flatMap((secret) => [secret, ...(secret.match(/[A-Za-z0-9_]{8,}/g) ?? [])])
      .filter((secret) => secret !== '' && !secret.includes('127'))
      .filter((secret) => JSON.stringify(result).includes(secret));

  it('tells what happens, and its service takes it', async () => {
    expect(await send()).toMatchObject({ kind: 'delivered' });
    expect(place.fake.arrived.length).toBeGreaterThan(0);
  });

  it('A-04 SEC-41 gives each status its class, and never a word of the body or a secret', async () => {
    const body = `echo ${Object.values(place.secrets).join(' ')} https://evil.example`;
    for (const [status, usual] of CLASSES) {
      place.fake.always({
        status,
        body,
        headers: status < 400 && status > 299 ? { location: '/elsewhere' } : {},
      });
      const before = place.fake.arrived.length;
      const result = await send();
      const expected = OWN[kind]?.[status] ?? usual;
      expect([status, result.kind]).toEqual([status, expected]);
      if (result.kind === 'permanent' && UNHEALTHY.includes(status)) expect(result.unhealthy).toBe(true);
      expect(secretsSeen(result), `${status}: ${JSON.stringify(result)}`).toEqual([]);
      expect(JSON.stringify(result)).not.toContain('evil');
      // nothing is followed; only a refusal of the form is answered by one plain message.
      const requests = place.fake.arrived.length - before;
      expect([status, requests]).toEqual([status, status === 400 ? expect.any(Number) : 1]);
      expect(requests).toBeLessThanOrEqual(2);
      expect(place.fake.arrived.at(-1)?.path).not.toBe('/elsewhere');
    }
  });

  it('A-03 waits as long as it is told: seconds, a date, or retry_after in the body', async () => {
    place.fake.always({ status: 429, headers: { 'retry-after': '90' } });
    expect(await send()).toMatchObject({ kind: 'retry', afterMs: 90 * SECOND });
    place.fake.always({
      status: 429,
      headers: { 'retry-after': new Date(NOW_MS + 120 * SECOND).toUTCString() },
    });
    expect(await send()).toMatchObject({ kind: 'retry', afterMs: 120 * SECOND });
    place.fake.always({ status: 429, body: { retry_after: 61.5, ok: false, error: 'rate_limited' } });
    expect(await send()).toMatchObject({ kind: 'retry', afterMs: 61.5 * SECOND });
    place.fake.always({ status: 503, headers: { 'retry-after': '7' } });
    expect(await send()).toMatchObject({ kind: 'retry', afterMs: 7 * SECOND });
  });

  it('says of a request that got no answer that it may have arrived', async () => {
    place.fake.always({ status: 0, hangUp: true });
    const result = await send();
    if (kind === 'pagerdutyChange') expect(result).toMatchObject({ kind: 'permanent', unhealthy: false });
    else expect(result).toMatchObject({ kind: 'retry', mayHaveArrived: true });
    expect(secretsSeen(result)).toEqual([]);
  });

  it('refuses addresses that may not be called as something people have to mend', async () => {
    const gone = { baseUrl: 'ftp://127.0.0.1', url: 'ftp://127.0.0.1/x' };
    const settings = { ...place.settings, ...gone };
    const secrets = 'url' in place.secrets ? { ...place.secrets, url: gone.url } : place.secrets;
    expect(await send(noticeFor(kind), { settings, secrets })).toMatchObject({
      kind: 'permanent',
      unhealthy: true,
    });
  });
});

describe.each(HTTP_KINDS.filter((kind) => kind !== 'pagerdutyChange'))('%s, by its own rules', (kind) => {
  it('SEC-35 I-46 takes hostile texts of any length within its bounds', async () => {
    const place = await startPlace(kind);
    const { settings, secrets, adapter, fake } = place;
    for (const notice of [hostile(), hostile(40), ...Object.values(STORY)]) {
      for (const isCombined of [false, true]) {
        const result = await adapter.send(
          notice,
          sendContext(notice, { settings, secrets, isCombined, nowMs: NOW_MS }),
        );
        expect(result).toMatchObject({ kind: 'delivered' });
      }
    }
    // The service took the first form: nothing had to be sent again without layout.
    const bodies = fake.arrived.map(({ body }) => body);
    expect(bodies.length).toBeGreaterThan(0);
    for (const body of bodies) {
      expect(body.isWellFormed()).toBe(true);
      expect(body).not.toContain('\\u202e');
      expect(body).not.toContain('\u202e');
      expect(body).not.toMatch(/\\u(?:0000|d[89a-f])/i);
    }
    await fake.close();
  });

  it('accepts its own settings and names what is wrong with others, without the secret', async () => {
    const place = await startPlace(kind);
    expect(place.adapter.check(place.settings, place.secrets)).toEqual([]);
    const faults = place.adapter.check({}, { nonsense: 's3cr3t-value' });
    expect(faults.length).toBeGreaterThan(1);
    expect(JSON.stringify(faults)).not.toContain('s3cr3t-value');
    await place.fake.close();
  });
});
