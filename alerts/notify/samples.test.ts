/** What each receiver gets of one story, kept as files to be read: test/fixtures/payloads. */
import { describe, expect, it } from 'vitest';
import type { ReceiverKind } from '../../model/delivery.ts';
import type { Notice } from '../../model/notice.ts';
import { NOW_MS, RELEASE, STORY, sendContext } from '../../test/notices.ts';
import type { Arrived } from '../../test/receivers/http.ts';
import { HTTP_KINDS, type Place, ROUTING_KEY, startPlace } from '../../test/receivers/places.ts';

const NAMES = ['trigger', 'update', 'acknowledge', 'resolve', 'test'] as const;

describe.each(HTTP_KINDS)('%s', (kind) => {
  it('gets the story of an incident as it is written down', async () => {
    const place = await startPlace(kind);
    const story: Record<string, unknown> = {};
    let reference: Record<string, string> = {};
    for (const [name, notice] of chaptersOf(kind)) {
      const before = place.fake.arrived.length;
      const { settings, secrets, adapter } = place;
      const known = name === 'test' ? {} : reference;
      const result = await adapter.send(
        notice,
        sendContext(notice, { settings, secrets, reference: known, nowMs: NOW_MS }),
      );
      expect(result.kind).toBe('delivered');
      if (result.kind === 'delivered') reference = { ...reference, ...result.reference };
      story[name] = place.fake.arrived.slice(before).map((arrived) => shown(arrived, place));
    }
    const path = `../../test/fixtures/payloads/${kind}.json`;
    await expect(`${JSON.stringify(story, null, 2)}\n`).toMatchFileSnapshot(path);
    await place.fake.close();
  });
});

function chaptersOf(kind: ReceiverKind): [string, Notice][] {
  if (kind === 'pagerdutyChange') {
    return [
      ['release', RELEASE],
      ['test', STORY.test],
    ];
  }
  return NAMES.map((name) => [name, STORY[name]]);
}

/** Without the machine's own port, and what every request has. */
function shown({ method, path, headers, json }: Arrived, { fake }: Place): object {
  const own = ['authorization', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const told = own.filter((name) => headers[name] !== undefined).map((name) => [name, headers[name]]);
  const text = JSON.stringify(json)
    .replaceAll(fake.url, 'https://service.example')
    .replaceAll(ROUTING_KEY, '<routing key>');
  return {
    request: `${method} ${path}`,
    ...(told.length > 0 && { headers: Object.fromEntries(told) }),
    body: JSON.parse(text),
  };
}
