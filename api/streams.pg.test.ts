import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ShedPart } from '../model/ingest-health.ts';
import { createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';

let database: TestDatabase;
let api: TestApi;
const stopping = new AbortController();
const gauge = { open: 0, refused: 0 };
let shed: ShedPart[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  api = buildTestApi(database.pool, {
    stopping: stopping.signal,
    streamGauge: gauge,
    gaveWay: (part) => shed.includes(part),
  });
  for (const name of ['shop', 'blog'])
    await createApp(database.pool, { name, key: TEST_KEY, nowMs: api.clock.nowMs });
});
afterAll(() => database.close());

/** Reads an event stream until `count` events came or it ended. What is told of incidents has tests of its own. */
function readEvents(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  const events: Record<string, string>[] = [];
  return {
    cancel: () => reader.cancel(),
    async next(count: number): Promise<Record<string, string>[]> {
      while (events.length < count) {
        const { done, value } = await reader.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const fields = block
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
          const event = Object.fromEntries(fields);
          if (event.event !== 'alerts') events.push(event);
        }
      }
      return events.splice(0, count);
    },
  };
}

const tick = (app: string, messages: number) => ({ app, atMs: 1, dataThroughMs: 2, messages });

test('a stream begins with retry and a ping, tells ticks of the apps asked for, joined within a second', async () => {
  const { browser } = await api.signedIn('viewer');
  const response = await browser.raw('/api/v1/stream?apps=shop,no-such');
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const stream = readEvents(response);
  const [retry, ping] = await stream.next(2);
  expect(Number(retry?.retry)).toBeGreaterThanOrEqual(1000);
  expect(ping?.event).toBe('ping');
  api.live.publish(tick('blog', 9));
  api.live.publish(tick('shop', 1));
  api.live.publish(tick('shop', 2));
  const [first] = await stream.next(1);
  expect(first?.event).toBe('tick');
  expect(JSON.parse(first?.data ?? '')).toEqual(tick('shop', 3));
  // Whoever comes back with the id of the last event gets what was missed, and not what was had.
  api.live.publish(tick('shop', 4));
  const [second] = await stream.next(1);
  await stream.cancel();
  const again = readEvents(
    await browser.raw('/api/v1/stream?apps=shop', { headers: { 'last-event-id': first?.id ?? '' } }),
  );
  const [, , missed] = await again.next(3);
  expect(missed?.id).toBe(second?.id);
  await again.cancel();
});

test('SEC-59 a page of elsewhere gets no stream', async () => {
  const { browser } = await api.signedIn('viewer');
  const foreign = { headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } };
  expect((await browser.raw('/api/v1/stream', foreign)).status).toBe(403);
  expect((await api.browser().raw('/api/v1/stream')).status).toBe(401);
});

test('SEC-22 signing out ends the streams of the session at once', async () => {
  const { browser } = await api.signedIn('viewer');
  const stream = readEvents(await browser.raw('/api/v1/stream'));
  await stream.next(2);
  await browser.send('POST', '/sign-out');
  expect(await stream.next(1)).toEqual([]);
});

test('SEC-59 SEC-10 permission is asked for again each minute', async () => {
  const { browser, person } = await api.signedIn('viewer');
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const stream = readEvents(await browser.raw('/api/v1/stream'));
  await stream.next(2);
  // Taken away by another process: nothing here was told.
  await database.pool.query('UPDATE people SET disabled_at_ms = 1 WHERE id = $1', [person.id]);
  await vi.advanceTimersByTimeAsync(60_000);
  vi.useRealTimers();
  const rest = await stream.next(10);
  expect(rest.every((event) => event.event === 'ping')).toBe(true);
});

test('C-07 a caller has a bounded number of streams, and room again when one is closed', async () => {
  const { browser } = await api.signedIn('viewer');
  const open = await Promise.all(Array.from({ length: 20 }, () => browser.raw('/api/v1/stream')));
  const refused = await browser.raw('/api/v1/stream');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
  expect([gauge.open >= 20, gauge.refused]).toEqual([true, 1]);
  await open[0]?.body?.cancel();
  const next = await browser.raw('/api/v1/stream');
  expect(next.status).toBe(200);
  for (const response of [...open.slice(1), next]) await response.body?.cancel();
});

test('R-09 open streams are told goodbye and why when they give way, and new ones are refused until it is over', async () => {
  const { browser } = await api.signedIn('viewer');
  const stream = readEvents(await browser.raw('/api/v1/stream'));
  await stream.next(2);
  shed = ['liveTail'];
  const [bye] = await stream.next(1);
  expect([bye?.event, bye?.data, Number(bye?.retry) >= 10_000]).toEqual(['bye', '{"reason":"shed"}', true]);
  expect((await browser.raw('/api/v1/stream')).status).toBe(503);
  expect((await browser.get('/apps')).status).toBe(200);
  shed = [];
  const next = await browser.raw('/api/v1/stream');
  expect(next.status).toBe(200);
  await next.body?.cancel();
});

test('C-08 a reader that stops reading is cut off, and costs a bounded amount', async () => {
  const { browser } = await api.signedIn('viewer');
  const response = await browser.raw('/api/v1/stream?apps=shop');
  const data = { ...tick('shop', 1), app: 'shop', padding: 'x'.repeat(600_000) };
  for (let n = 0; n < 3; n++) {
    api.live.publish(data);
    await new Promise((resolve) => setTimeout(resolve, 1010));
  }
  const text = await response.text();
  expect(text.length).toBeLessThan(2_000_000);
});

test('on stopping every stream says goodbye with a time to come back, and ends', async () => {
  const { browser } = await api.signedIn('viewer');
  const stream = readEvents(await browser.raw('/api/v1/stream'));
  await stream.next(2);
  stopping.abort();
  const [bye, ...rest] = await stream.next(5);
  expect(bye?.event).toBe('bye');
  expect(Number(bye?.retry)).toBeGreaterThanOrEqual(1000);
  expect(rest).toEqual([]);
});
