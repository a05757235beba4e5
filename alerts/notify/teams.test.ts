import { afterEach, beforeEach, expect, it } from 'vitest';
import { badDeploy, hostile, STORY, sendContext } from '../../test/notices.ts';
import { type Place, startPlace } from '../../test/receivers/places.ts';

let place: Place;
beforeEach(async () => {
  place = await startPlace('teams');
});
afterEach(() => place.fake.close());

const send = (notice = STORY.trigger, more = {}) => {
  const { adapter, settings, secrets } = place;
  return adapter.send(notice, sendContext(notice, { settings, secrets, ...more }));
};
const card = () => place.fake.arrived.at(-1)?.json.attachments[0].content;

it('sends an Adaptive Card with colour, facts and links; never a MessageCard', async () => {
  await send();
  expect(card()).toMatchObject({ type: 'AdaptiveCard', version: '1.2', msteams: { width: 'full' } });
  expect(card().body[0]).toMatchObject({ type: 'TextBlock', color: 'Attention', weight: 'Bolder' });
  expect(card().body.find(({ type }: { type: string }) => type === 'FactSet').facts[0]).toEqual({
    title: 'Since',
    value: '10:42 UTC \\(8 min\\)',
  });
  expect(card().actions[0]).toMatchObject({ type: 'Action.OpenUrl', title: 'Open incident' });
  await send(STORY.resolve);
  expect(card().body[0].color).toBe('Good');
});

it.each([
  [200, '1', 'delivered'],
  [202, '', 'delivered'],
  // throttling hidden in a 200
  [
    200,
    'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x',
    'retry',
  ],
  [200, 'Microsoft Teams endpoint returned HTTP error 503', 'retry'],
  [200, 'Microsoft Teams endpoint returned HTTP error 413', 'permanent'],
] as const)('A-04 takes %i "%s" as %s', async (status, body, kind) => {
  place.fake.always({ status, body });
  expect((await send()).kind).toBe(kind);
});

it.each([401, 403, 404])('at %i asks the operator: the workflow went with its owner', async (status) => {
  place.fake.always({ status });
  expect(await send()).toMatchObject({
    kind: 'permanent',
    unhealthy: true,
    reason: `it answered ${status}: the workflow is gone or may not post`,
  });
});

it('stays below 28 KB, and SEC-35 escapes what Markdown and mentions would take', async () => {
  expect(await send(hostile(40))).toEqual({ kind: 'delivered' });
  const body = place.fake.arrived[0]?.body ?? '';
  expect(Buffer.byteLength(body)).toBeLessThan(28 * 1024);
  expect(body).not.toContain('<at>');
  expect(body).not.toMatch(/[^\\]\]\(https:\/\/evil/);
});

it('is not told what is for threads alone, and says of a repeat that it may be one', async () => {
  expect(await send(STORY.update, { isQuiet: true })).toEqual({ kind: 'delivered' });
  expect(place.fake.arrived).toHaveLength(0);
  await send(badDeploy(), { mayRepeat: true });
  expect(place.fake.arrived[0]?.body).toContain('may be a repeat');
});
