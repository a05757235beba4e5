import { afterEach, beforeEach, expect, it } from 'vitest';
import { badDeploy, STORY, sendContext } from '../../test/notices.ts';
import { arrivedAt } from '../../test/receivers/http.ts';
import { type Place, startPlace } from '../../test/receivers/places.ts';
import type { SendContext } from './receiver.ts';

let place: Place;
beforeEach(async () => {
  place = await startPlace('slackWebhook');
});
afterEach(() => place.fake.close());

const send = (notice = STORY.trigger, more: Partial<SendContext> = {}) =>
  place.adapter.send(
    notice,
    sendContext(notice, { settings: place.settings, secrets: place.secrets, ...more }),
  );

it('sends text for lists and phones, blocks, and a coloured bar; Slack makes no links by itself', async () => {
  await send();
  const { json } = arrivedAt(place.fake);
  expect(json).toMatchObject({
    text: expect.stringMatching(/^\[FIRING\] shop: Checkout succeeds – 1,204 of 52,310 requests/),
    attachments: [{ color: '#c4314b' }],
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
  });
  expect(JSON.stringify(json)).not.toContain('"verbatim":false');
});

it.each([
  [400, 'invalid_payload', 'permanent', 2],
  [400, 'invalid_blocks', 'permanent', 2],
  [400, 'no_text', 'permanent', 2],
  [400, 'user_not_found', 'permanent', 1],
  [403, 'action_prohibited', 'permanent', 1],
  [403, 'invalid_token', 'disable', 1],
  [404, 'channel_not_found', 'permanent', 1],
  [404, 'no_service', 'disable', 1],
  [404, 'no_team', 'disable', 1],
  [410, 'channel_is_archived', 'disable', 1],
  [500, 'rollup_error', 'retry', 1],
  [429, '{"retry_after":1,"ok":false,"error":"rate_limited"}', 'retry', 1],
  // a 200 that carries an error
  [200, '{"ok":false,"error":"rate_limited"}', 'retry', 1],
  [200, 'no_service', 'disable', 1],
  [200, '<html>please sign in</html>', 'permanent', 1],
  [200, '', 'permanent', 1],
] as const)('A-04 takes %i %s as %s', async (status, body, kind, requests) => {
  place.fake.always({ status, body });
  const result = await send();
  expect(result.kind).toBe(kind);
  if (result.kind === 'permanent') {
    const isOurs = ['invalid_payload', 'invalid_blocks', 'no_text'].some((word) => word === body);
    expect(result.unhealthy).toBe(!isOurs);
  }
  expect(place.fake.arrived).toHaveLength(requests);
});

it('is told its pause: retry_after of the body, or the header when that is longer', async () => {
  place.fake.always({ status: 429, body: { retry_after: 3, ok: false, error: 'rate_limited' } });
  expect(await send()).toMatchObject({ kind: 'retry', afterMs: 3_000 });
  place.fake.always({ status: 429, headers: { 'retry-after': '30' }, body: { retry_after: 3 } });
  expect(await send()).toMatchObject({ kind: 'retry', afterMs: 30_000 });
});

it('a page does not die of a formatting bug: once more as bare text', async () => {
  place.fake.script({ status: 400, body: 'invalid_blocks' });
  expect(await send()).toEqual({ kind: 'delivered' });
  const bare = place.fake.arrived[1]?.json;
  expect(bare.blocks).toBeUndefined();
  expect(bare.attachments).toBeUndefined();
  expect(bare.text).toContain('1,204 of 52,310 requests');
});

it('SEC-35 calls those whom an operator named, on a page that opens and nowhere else', async () => {
  const settings = { mention: 'here' };
  const textOf = async (notice = STORY.trigger, more: Partial<SendContext> = {}) => {
    await send(notice, { settings, ...more });
    return place.fake.arrived.at(-1)?.body ?? '';
  };
  expect(await textOf()).toContain('<!here>');
  expect(await textOf(STORY.resolve)).not.toContain('<!here>');
  expect(await textOf(STORY.acknowledge)).not.toContain('<!here>');
  expect(await textOf(badDeploy({ severity: 'ticket' }))).not.toContain('<!here>');
  expect(await textOf(badDeploy({ isTest: true }))).not.toContain('<!here>');
  expect(await textOf(badDeploy({ app: '<!here>' }), { settings: {} })).not.toContain('<!here>');
  expect(await textOf(STORY.trigger, { settings: { mention: 'U012AB3CD' } })).toContain('<@U012AB3CD>');
  expect(await textOf(STORY.trigger, { settings: { mention: 'S012AB3CD' } })).toContain(
    '<!subteam^S012AB3CD>',
  );
});

it('R-12 says of a message that may be a repeat that it may be', async () => {
  await send(STORY.trigger, { mayRepeat: true });
  expect(place.fake.arrived[0]?.body).toContain('may be a repeat');
});

it('is not told what is for threads alone', async () => {
  expect(await send(STORY.update, { isQuiet: true })).toEqual({ kind: 'delivered' });
  expect(place.fake.arrived).toHaveLength(0);
});
