import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notice } from '../../model/notice.ts';
import { badDeploy, DELIVERY_ID, INCIDENT, RELEASE, STORY, sendContext, WATCH } from '../../test/notices.ts';
import { type FakePagerduty, startPagerduty } from '../../test/receivers/pagerduty.ts';
import { adapterOf, ROUTING_KEY } from '../../test/receivers/places.ts';
import type { SendContext } from './receiver.ts';

let fake: FakePagerduty;
beforeEach(async () => {
  fake = await startPagerduty();
});
afterEach(() => fake.close());

const send = (
  notice: Notice,
  more: Partial<SendContext> = {},
  kind: 'pagerduty' | 'pagerdutyChange' = 'pagerduty',
) =>
  adapterOf(kind).send(
    notice,
    sendContext(notice, { settings: { baseUrl: fake.url }, secrets: { routingKey: ROUTING_KEY }, ...more }),
  );
const KEY = `drains.example.com/${INCIDENT.id}`;

describe('alerts', () => {
  it('R-12 one key an incident, the same over all its messages and tries', async () => {
    for (const notice of [STORY.trigger, STORY.trigger, STORY.update, STORY.acknowledge, STORY.resolve]) {
      expect(await send(notice)).toEqual({ kind: 'delivered' });
    }
    expect(fake.arrived.map(({ json }) => json.event_action)).toEqual([
      'trigger',
      'trigger',
      'trigger',
      'acknowledge',
      'resolve',
    ]);
    expect(new Set(fake.arrived.map(({ json }) => json.dedup_key))).toEqual(new Set([KEY]));
    expect(fake.alerts.get(KEY)).toEqual({ openings: 1, triggers: 3, state: 'resolved' });
  });

  it('an acknowledgement and an end hold the three names that are asked for, and no more', async () => {
    await send(STORY.resolve);
    expect(fake.arrived[0]?.json).toEqual({
      routing_key: ROUTING_KEY,
      event_action: 'resolve',
      dedup_key: KEY,
    });
  });

  it.each([
    ['a page', badDeploy(), 'critical'],
    ['a ticket', badDeploy({ severity: 'ticket' }), 'warning'],
    ['a page without data', badDeploy({ state: 'held' }), 'error'],
    ['a silent drain', badDeploy({ evidence: { ...evidence(), what: 'drainSilent' } }), 'error'],
    ['a budget', badDeploy({ severity: 'ticket' }, { subjectKind: 'budget' }), 'info'],
    ['an information', badDeploy({ severity: 'info' }), 'info'],
    ['a test', STORY.test, 'info'],
    ['a trouble of ours', WATCH, 'critical'],
  ])('%s has its severity', async (_, notice, severity) => {
    await send(notice);
    expect(fake.arrived[0]?.json.payload.severity).toBe(severity);
  });

  it('more than 512,000 bytes go without their details', async () => {
    const text = '\u{1f525}'.repeat(2_000);
    const facts = badDeploy({ runbookUrl: `https://wiki.example.com/${'x'.repeat(600_000)}`, title: text });
    expect(await send(facts)).toEqual({ kind: 'delivered' });
    const { json, body } = fake.arrived[0] ?? { json: null, body: '' };
    expect(Buffer.byteLength(body)).toBeLessThan(512_000);
    expect(json.payload.custom_details).toEqual({ note: expect.stringContaining('too long') });
    expect(Array.from(json.payload.summary).length).toBeLessThanOrEqual(1024);
  });

  it.each([
    [400, 'permanent', undefined],
    [429, 'retry', 60_000],
    [500, 'retry', undefined],
    [503, 'retry', undefined],
  ])('takes %i as %s', async (status, kind, afterMs) => {
    fake.always({ status, body: { status: 'invalid event', errors: [ROUTING_KEY] } });
    const result = await send(STORY.trigger);
    expect(result).toMatchObject({ kind, ...(afterMs !== undefined && { afterMs }) });
    expect(JSON.stringify(result)).not.toContain(ROUTING_KEY);
  });

  it('A-20 what was over before it could be told is opened, calling nobody, and closed: one alert', async () => {
    expect(await send(STORY.resolve, { isCombined: true })).toEqual({ kind: 'delivered' });
    expect(fake.arrived[0]?.json.payload.severity).toBe('info');
    expect(fake.alerts.get(KEY)).toEqual({ openings: 1, triggers: 1, state: 'resolved' });
  });

  it('A-20 an opening that is sent when it is over already is told likewise', async () => {
    await send({ ...STORY.resolve, kind: 'trigger', state: 'over' });
    expect(fake.alerts.get(KEY)).toEqual({ openings: 1, triggers: 1, state: 'resolved' });
  });

  it('R-12 A-20 when only its end failed, the next try does not open it again', async () => {
    fake.script({ status: 202 }, { status: 500 });
    const first = await send(STORY.resolve, { isCombined: true });
    expect(first).toMatchObject({ kind: 'retry', reference: { openedFor: DELIVERY_ID } });
    const reference = first.kind === 'retry' ? (first.reference ?? {}) : {};
    expect(await send(STORY.resolve, { isCombined: true, reference, attempt: 2 })).toEqual({
      kind: 'delivered',
    });
    expect(fake.arrived.map(({ json }) => json.event_action)).toEqual(['trigger', 'resolve', 'resolve']);
  });

  it('R-13 a trouble of ours has a key of its own, and its end resolves it', async () => {
    await send(WATCH);
    await send({ ...WATCH, watch: WATCH.watch && { ...WATCH.watch, isFiring: false } });
    expect([...fake.alerts]).toEqual([
      ['drains.example.com/watch/evaluationLag', { openings: 1, triggers: 1, state: 'resolved' }],
    ]);
  });

  it('a test is an alert of its own; a release is none', async () => {
    await send(STORY.test);
    expect(fake.arrived[0]?.json).toMatchObject({
      dedup_key: `drains.example.com/${DELIVERY_ID}`,
      payload: { summary: expect.stringContaining('[TEST]'), severity: 'info' },
    });
    expect(await send(RELEASE)).toMatchObject({ kind: 'permanent', unhealthy: false });
  });

  it('A-17 an update of an acknowledged incident joins its alert', async () => {
    await send(STORY.trigger);
    await send(STORY.acknowledge);
    await send({ ...STORY.update, incident: STORY.acknowledge.incident });
    expect(fake.alerts.get(KEY)).toMatchObject({ openings: 1, state: 'acknowledged' });
  });
});

function evidence() {
  const found = STORY.trigger.evidence;
  if (found === null) throw new Error('no evidence');
  return found;
}

describe('changes', () => {
  it('a release is one change event', async () => {
    expect(await send(RELEASE, {}, 'pagerdutyChange')).toEqual({ kind: 'delivered' });
    expect(fake.changes).toHaveLength(1);
    expect(fake.changes[0].payload).toMatchObject({
      summary: 'shop v214: Deploy 1a2b3c4 by a…​@​example.com at 10:40 UTC.',
      source: 'shop',
      timestamp: '2026-11-20T10:40:00.000Z',
      custom_details: { key: 'release:214', release: 'v214' },
    });
  });

  it('after a try that may have arrived there is no second: it would be shown twice', async () => {
    fake.always({ status: 202, hangUp: true });
    expect(await send(RELEASE, {}, 'pagerdutyChange')).toMatchObject({ kind: 'permanent', unhealthy: false });
    expect(await send(RELEASE, { mayRepeat: true, attempt: 2 }, 'pagerdutyChange')).toMatchObject({
      kind: 'permanent',
    });
    expect(fake.arrived).toHaveLength(1);
  });

  it('a refusal for the rate is tried again, for it has certainly not arrived', async () => {
    fake.always({ status: 429 });
    expect(await send(RELEASE, {}, 'pagerdutyChange')).toMatchObject({ kind: 'retry', afterMs: 60_000 });
  });

  it('takes no incidents, and no key of a ruleset', async () => {
    expect(await send(STORY.trigger, {}, 'pagerdutyChange')).toMatchObject({
      kind: 'permanent',
      unhealthy: false,
    });
    const faults = adapterOf('pagerdutyChange').check({}, { routingKey: `R${ROUTING_KEY.slice(1)}` });
    expect(faults).toMatchObject([{ field: 'routingKey' }]);
  });
});
