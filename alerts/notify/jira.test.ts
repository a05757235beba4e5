import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Notice } from '../../model/notice.ts';
import { badDeploy, DELIVERY_ID, INCIDENT, RELEASE, STORY, sendContext, WATCH } from '../../test/notices.ts';
import { API_KEY, adapterOf } from '../../test/receivers/places.ts';
import { startJira } from '../../test/receivers/services.ts';
import type { SendContext } from './receiver.ts';

let fake: Awaited<ReturnType<typeof startJira>>;
beforeEach(async () => {
  fake = await startJira();
});
afterEach(() => fake.close());

const ALIAS = `drains.example.com/${INCIDENT.id}`;
const send = (notice: Notice = STORY.trigger, more: Partial<SendContext> = {}) =>
  adapterOf('jira').send(
    notice,
    sendContext(notice, {
      settings: { service: 'jsm', baseUrl: fake.url },
      secrets: { apiKey: API_KEY },
      ...more,
    }),
  );

it('R-12 one alert an incident by its alias: created, noted, acknowledged and closed with it', async () => {
  for (const notice of [STORY.trigger, STORY.trigger, STORY.update, STORY.acknowledge]) await send(notice);
  expect(fake.alerts.get(ALIAS)).toMatchObject({ count: 2, state: 'acknowledged' });
  await send(STORY.resolve);
  expect(fake.alerts.size).toBe(1);
  expect(fake.alerts.get(ALIAS)).toMatchObject({
    state: 'closed',
    notes: [
      expect.stringContaining('It is only a ticket now'),
      expect.stringContaining('Acknowledged by Ann'),
      expect.stringContaining('Recovered after 23 min'),
    ],
  });
  expect(fake.arrived[0]?.headers.authorization).toBe(`GenieKey ${API_KEY}`);
  const paths = fake.arrived.slice(2).map(({ path }) => path);
  expect(paths.every((path) => path.endsWith('?identifierType=alias'))).toBe(true);
  expect(paths[0]).toContain(encodeURIComponent(ALIAS));
});

it.each([
  ['a page', badDeploy(), 'P1'],
  ['a ticket', badDeploy({ severity: 'ticket' }), 'P3'],
  ['a budget', badDeploy({ severity: 'ticket' }, { subjectKind: 'budget' }), 'P5'],
  ['an information', badDeploy({ severity: 'info' }), 'P5'],
  ['a test', STORY.test, 'P5'],
])('%s has its priority', async (_, notice, priority) => {
  await send(notice);
  expect(fake.arrived[0]?.json.priority).toBe(priority);
});

it('keeps to its bounds: message 130, description 15,000, tags of 50', async () => {
  await send(
    badDeploy({
      app: 'a'.repeat(500),
      title: 'ö'.repeat(500),
      checks: Array.from({ length: 90 }, () => ({ text: 'x'.repeat(400), url: '' })),
    }),
  );
  const { message, description, tags } = fake.arrived[0]?.json ?? {};
  expect(Array.from(message)).toHaveLength(130);
  expect(Array.from(description)).toHaveLength(15_000);
  expect(tags[0]).toHaveLength(50);
});

it('closing what is closed already, or was deleted, is well', async () => {
  expect(await send(STORY.resolve)).toEqual({ kind: 'delivered' });
  expect(fake.arrived).toHaveLength(1);
});

it.each([
  [400, 'permanent', false],
  [422, 'permanent', false],
  [401, 'permanent', true],
  [403, 'permanent', true],
  [429, 'retry', null],
  [500, 'retry', null],
])('takes %i as %s', async (status, kind, unhealthy) => {
  fake.always({ status, body: { message: API_KEY } });
  const result = await send();
  expect(result).toMatchObject({ kind, ...(unhealthy !== null && { unhealthy }) });
  expect(JSON.stringify(result)).not.toContain(API_KEY);
});

it('A-20 what was over before it could be told is created with the least priority, and closed', async () => {
  expect(await send(STORY.resolve, { isCombined: true })).toEqual({ kind: 'delivered' });
  expect(fake.alerts.get(ALIAS)).toMatchObject({ count: 1, state: 'closed', created: { priority: 'P5' } });
  fake.script({ status: 202 }, { status: 503 });
  const first = await send(STORY.resolve, { isCombined: true });
  expect(first).toMatchObject({ kind: 'retry', reference: { openedFor: DELIVERY_ID } });
});

it('tells a team when one is named; troubles of ours have an alias of their own; releases are none of its', async () => {
  await send(WATCH, { settings: { service: 'opsgenie', baseUrl: fake.url, team: 'Platform' } });
  expect(fake.arrived[0]?.json).toMatchObject({
    alias: 'drains.example.com/watch/evaluationLag',
    responders: [{ name: 'Platform', type: 'team' }],
  });
  expect(await send(RELEASE)).toMatchObject({ kind: 'permanent', unhealthy: false });
});
