import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Notice } from '../../model/notice.ts';
import { INCIDENT, RELEASE, STORY, sendContext } from '../../test/notices.ts';
import { type Place, startPlace } from '../../test/receivers/places.ts';

let place: Place;
beforeEach(async () => {
  place = await startPlace('alertmanager');
});
afterEach(() => place.fake.close());

const send = async (notice: Notice) => {
  const { adapter, settings, secrets } = place;
  const result = await adapter.send(notice, sendContext(notice, { settings, secrets }));
  return { result, json: place.fake.arrived.at(-1)?.json };
};

it('sends the body of version 4 with everything that its readers look for', async () => {
  const { json } = await send(STORY.trigger);
  expect(Object.keys(json).sort()).toEqual(
    [
      'version',
      'groupKey',
      'truncatedAlerts',
      'status',
      'receiver',
      'groupLabels',
      'commonLabels',
      'commonAnnotations',
      'externalURL',
      'alerts',
    ].sort(),
  );
  expect(json).toMatchObject({ version: '4', status: 'firing', truncatedAlerts: 0 });
  expect(json.alerts).toEqual([
    {
      status: 'firing',
      labels: {
        alertname: 'Checkout succeeds',
        app: 'shop',
        severity: 'critical',
        incident: INCIDENT.id,
        subject: 'slo:12',
        instance: 'drains.example.com',
      },
      annotations: {
        summary: '[FIRING] shop: Checkout succeeds',
        description: expect.stringContaining('1,204 of 52,310 requests'),
        runbook_url: 'https://wiki.example.com/checkout',
      },
      startsAt: '2026-11-20T10:42:00.000Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: expect.stringContaining(`/i/${INCIDENT.id}?from=`),
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
  ]);
});

it('its end has the labels and the fingerprint of its beginning', async () => {
  const opened = (await send(STORY.trigger)).json;
  const acknowledged = (await send(STORY.acknowledge)).json;
  const resolved = (await send(STORY.resolve)).json;
  expect(acknowledged.status).toBe('firing');
  expect(resolved).toMatchObject({ status: 'resolved', groupKey: opened.groupKey });
  expect(resolved.alerts[0]).toMatchObject({
    status: 'resolved',
    labels: opened.alerts[0].labels,
    fingerprint: opened.alerts[0].fingerprint,
    endsAt: '2026-11-20T11:05:00.000Z',
  });
});

it('carries the header that was entered, and takes no releases', async () => {
  await send(STORY.test);
  expect(place.fake.arrived[0]?.headers.authorization).toBe('Bearer s3cr3t-bearer-token');
  expect(place.fake.arrived[0]?.json.commonLabels.test).toBe('true');
  expect((await send(RELEASE)).result).toMatchObject({ kind: 'permanent', unhealthy: false });
});
