import { afterEach, beforeEach, expect, it } from 'vitest';
import { badDeploy, STORY, sendContext, WATCH } from '../../test/notices.ts';
import { adapterOf, BOT_TOKEN } from '../../test/receivers/places.ts';
import { startSlack } from '../../test/receivers/slack.ts';
import type { SendContext, SendResult } from './receiver.ts';

let slack: Awaited<ReturnType<typeof startSlack>>;
beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.close());

const adapter = adapterOf('slackBot');
const send = (notice = STORY.trigger, more: Partial<SendContext> = {}) =>
  adapter.send(
    notice,
    sendContext(notice, {
      settings: { channel: '#incidents', baseUrl: `${slack.url}/api` },
      secrets: { token: BOT_TOKEN },
      ...more,
    }),
  );
const referenceOf = (result: SendResult): Record<string, string> => {
  if (result.kind !== 'delivered' || result.reference === undefined) throw new Error(JSON.stringify(result));
  return result.reference;
};
const methods = () => slack.arrived.map(({ path }) => path.replace('/api/', ''));

it('posts one message an incident, keeps it up to date by the id of its channel, and tells the story in its thread', async () => {
  const reference = referenceOf(await send());
  expect(reference).toEqual({ channel: 'C0INCIDENTS', ts: '1700000000.000001' });
  for (const notice of [STORY.acknowledge, STORY.update, STORY.resolve]) {
    expect(referenceOf(await send(notice, { reference }))).toEqual(reference);
  }
  expect(methods()).toEqual([
    'chat.postMessage',
    ...Array.from({ length: 3 }, () => ['chat.update', 'chat.postMessage']).flat(),
  ]);
  const [root, ...replies] = [...slack.messages.values()];
  expect(root?.text).toContain('[RESOLVED] shop: Checkout succeeds');
  expect(JSON.stringify(root?.blocks)).toContain('Recovered after 23 min');
  expect(replies.map(({ threadTs }) => threadTs)).toEqual([reference.ts, reference.ts, reference.ts]);
  expect(replies.map(({ isBroadcast }) => isBroadcast)).toEqual([false, false, false]);
  expect(replies[0]?.text).toContain('Acknowledged by Ann at 10:51 UTC: rolling back v214.');
  expect(replies[1]?.text).toContain('It is only a ticket now, it was a page.');
});

it('sends text and blocks together with each update, so that no old blocks stand under a new text', async () => {
  const reference = referenceOf(await send());
  await send(STORY.resolve, { reference });
  const update = slack.arrived[1]?.json;
  expect(update).toMatchObject({ channel: 'C0INCIDENTS', ts: reference.ts, text: expect.any(String) });
  expect(update.blocks.length).toBeGreaterThan(1);
  expect(update.attachments).toHaveLength(1);
});

it('shows in the channel what fires again, in the same message and thread', async () => {
  const reference = referenceOf(await send());
  const again = badDeploy({ change: { kind: 'reopened', times: 1 } }, { reopened: 1, sequence: 5 });
  await send(again, { reference });
  const [root, reply] = [...slack.messages.values()];
  expect(root?.text).toContain('[FIRING]');
  expect(reply).toMatchObject({ threadTs: reference.ts, isBroadcast: true });
});

it('tells what is quiet in the thread alone', async () => {
  const reference = referenceOf(await send());
  await send({ ...STORY.update, kind: 'trigger' }, { reference, isQuiet: true });
  expect([...slack.messages.values()].at(-1)).toMatchObject({ threadTs: reference.ts, isBroadcast: false });
});

it.each(['message_not_found', 'cant_update_message', 'edit_window_closed', 'msg_too_long'])(
  'answers in the thread when the message can no longer be changed: %s',
  async (error) => {
    const reference = referenceOf(await send());
    slack.script({ status: 200, body: { ok: false, error } });
    expect(referenceOf(await send(STORY.resolve, { reference }))).toEqual(reference);
    expect([...slack.messages.values()].at(-1)?.threadTs).toBe(reference.ts);
  },
);

it('begins a new message when somebody deleted the first', async () => {
  const reference = referenceOf(await send());
  slack.messages.clear();
  const fresh = referenceOf(await send(STORY.resolve, { reference }));
  expect(methods().slice(1)).toEqual(['chat.update', 'chat.postMessage', 'chat.postMessage']);
  expect([...slack.messages.values()]).toMatchObject([{ ts: fresh.ts, threadTs: null }]);
});

const PERMANENT = [
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'missing_scope',
  'channel_not_found',
  'not_in_channel',
  'is_archived',
  'restricted_action',
];
const MALFORMED = ['msg_too_long', 'msg_blocks_too_long', 'invalid_blocks', 'no_text'];
const PASSING = [
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
];

it.each(PERMANENT)('A-04 a 200 with %s is for people to mend', async (error) => {
  slack.always({ status: 200, body: { ok: false, error } });
  expect(await send()).toEqual({ kind: 'permanent', unhealthy: true, reason: `Slack said ${error}` });
  expect(slack.arrived).toHaveLength(1);
});

it.each(MALFORMED)('A-04 a 200 with %s is sent once more without layout', async (error) => {
  slack.script({ status: 200, body: { ok: false, error } });
  expect(await send()).toMatchObject({ kind: 'delivered' });
  expect(slack.arrived[1]?.json.blocks).toBeUndefined();
  slack.always({ status: 200, body: { ok: false, error } });
  expect(await send()).toMatchObject({ kind: 'permanent', unhealthy: true });
  expect(slack.arrived).toHaveLength(4);
});

it.each(PASSING)('A-04 a 200 with %s passes', async (error) => {
  slack.always({ status: 200, headers: { 'retry-after': '12' }, body: { ok: false, error } });
  const result = await send();
  expect(result).toMatchObject({ kind: 'retry', afterMs: 12_000 });
  const mayHaveActed = error === 'internal_error' || error === 'fatal_error';
  expect(result.kind === 'retry' && result.mayHaveArrived === true).toBe(mayHaveActed);
});

it('an update that is refused for its rate is tried again as a whole', async () => {
  const reference = referenceOf(await send());
  slack.script({ status: 429, headers: { 'retry-after': '5' } });
  expect(await send(STORY.resolve, { reference })).toMatchObject({ kind: 'retry', afterMs: 5_000 });
  expect(methods()).toEqual(['chat.postMessage', 'chat.update']);
});

it('tests, several incidents at once and troubles of ours are messages of their own', async () => {
  const reference = referenceOf(await send());
  await send(STORY.test, { reference });
  await send(WATCH, { reference });
  await send(badDeploy({ kind: 'digest', incident: null }), { reference });
  expect([...slack.messages.values()].map(({ threadTs }) => threadTs)).toEqual([null, null, null, null]);
});
