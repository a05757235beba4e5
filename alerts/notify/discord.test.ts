import { afterEach, beforeEach, expect, it } from 'vitest';
import { badDeploy, hostile, STORY, sendContext } from '../../test/notices.ts';
import { arrivedAt } from '../../test/receivers/http.ts';
import { adapterOf } from '../../test/receivers/places.ts';
import { startDiscord } from '../../test/receivers/services.ts';
import type { SendContext } from './receiver.ts';

let fake: Awaited<ReturnType<typeof startDiscord>>;
beforeEach(async () => {
  fake = await startDiscord();
});
afterEach(() => fake.close());

const send = (notice = STORY.trigger, more: Partial<SendContext> = {}) => {
  const secrets = { url: `${fake.url}/api/webhooks/1/s3cr3tT0ken` };
  return adapterOf('discord').send(notice, sendContext(notice, { secrets, ...more }));
};

it('keeps one message an incident up to date, asking for its id', async () => {
  const first = await send();
  expect(first).toEqual({ kind: 'delivered', reference: { messageId: '100000' } });
  expect(fake.arrived[0]?.path).toContain('?wait=true');
  const reference = { messageId: '100000' };
  for (const notice of [STORY.acknowledge, STORY.update, STORY.resolve]) await send(notice, { reference });
  expect(fake.messages.size).toBe(1);
  expect(fake.messages.get('100000')).toMatchObject({ edits: 3 });
  expect(fake.messages.get('100000')?.payload.embeds[0]).toMatchObject({
    title: '\\[RESOLVED\\] shop: Checkout succeeds',
    color: 0x2e7d32,
  });
});

it('says anew what fires again or is to be remembered, unless it is quiet', async () => {
  const reference = { messageId: '100000' };
  await send();
  expect(await send(badDeploy({}, { reopened: 1 }), { reference })).toMatchObject({
    reference: { messageId: '100001' },
  });
  await send(badDeploy({ kind: 'reminder' }), { reference });
  expect(fake.messages.size).toBe(3);
  await send(badDeploy({ change: { kind: 'flapping' } }), { reference, isQuiet: true });
  expect(fake.messages.size).toBe(3);
});

it('begins a new message when somebody deleted the first', async () => {
  expect(await send(STORY.resolve, { reference: { messageId: '1' } })).toEqual({
    kind: 'delivered',
    reference: { messageId: '100000' },
  });
});

it.each([401, 403, 404])(
  'SEC-41 at %i sends no more: asking again and again would ban us',
  async (status) => {
    fake.always({ status, body: { message: 'Unknown Webhook', code: 10015 } });
    expect(await send()).toMatchObject({ kind: 'disable' });
    expect(await send(STORY.resolve, { reference: { messageId: '1' } })).toMatchObject({ kind: 'disable' });
    expect(fake.arrived).toHaveLength(2);
  },
);

it('waits as long as it is told, in fractions of seconds', async () => {
  fake.always({
    status: 429,
    headers: { 'retry-after': '1' },
    body: { message: 'slow', retry_after: 1.337, global: false },
  });
  expect(await send()).toMatchObject({ kind: 'retry', afterMs: 1_337 });
});

it('a page does not die of a formatting bug: once more as plain content', async () => {
  fake.script({ status: 400, body: { code: 50035 } });
  expect(await send()).toMatchObject({ kind: 'delivered' });
  expect(fake.arrived[1]?.json).toMatchObject({
    content: expect.stringContaining('1,204 of 52,310 requests'),
    allowed_mentions: { parse: [] },
  });
  fake.always({ status: 400 });
  expect(await send()).toMatchObject({ kind: 'permanent', unhealthy: false });
});

it('SEC-35 mentions nobody and links nowhere of itself', async () => {
  await send(hostile());
  const { json, body } = arrivedAt(fake);
  expect(json.allowed_mentions).toEqual({ parse: [] });
  expect(body).not.toMatch(/@everyone|@here|<@U/);
  expect(body).not.toMatch(/https:\/\/evil/);
});

it('posts into a thread when it has one', async () => {
  await send(STORY.trigger, { settings: { threadId: '123456789' } });
  await send(STORY.resolve, { settings: { threadId: '123456789' }, reference: { messageId: '100000' } });
  expect(fake.arrived.map(({ path }) => path.split('?')[1])).toEqual([
    'wait=true&thread_id=123456789',
    'thread_id=123456789',
  ]);
});
