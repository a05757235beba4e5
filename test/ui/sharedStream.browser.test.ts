import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Stage, setStage } from './open.ts';

const SOON = { timeout: 10_000 };

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => expect(stage.complaints.splice(0)).toEqual([]));

const streams = () => stage.server.openStreams();
/** Overviews of the last three hours that were asked for: by the tab that came last. */
const asked = () => stage.server.calls.filter((call) => /overview.*now-3h/.test(call)).length;
const isLive = (page: Page) => page.locator('main h1').waitFor();

/** Another tab of the same browser. */
async function another(page: Page, path: string): Promise<Page> {
  const tab = await page.context().newPage();
  await tab.goto(stage.server.url + path);
  await isLive(tab);
  return tab;
}

it('tabs that look at the same share one stream, and each is told; another one reads on when the reading tab goes', async () => {
  const first = await stage.open('/a/shop');
  await isLive(first);
  await expect.poll(streams, SOON).toBe(1);
  const tabs = [await another(first, '/a/shop/dynos'), await another(first, '/a/shop?from=now-3h&to=now')];
  expect(streams()).toBe(1);

  // Once for itself, once since its stream stands; then what the first tab hears.
  await expect.poll(asked, SOON).toBe(2);
  stage.server.emit('event', {});
  await expect.poll(asked, SOON).toBe(3);

  await first.close();
  await expect.poll(streams, SOON).toBe(1);
  await expect.poll(asked, SOON).toBe(4);
  stage.server.emit('event', {});
  await expect.poll(asked, SOON).toBe(5);
  await tabs[0]?.context().close();
});

it('tabs of different apps have a stream each, and none is left behind', async () => {
  const first = await stage.open('/a/shop');
  await isLive(first);
  await another(first, '/a/media-proxy');
  await expect.poll(streams, SOON).toBe(2);
  await first.context().close();
  await expect.poll(streams, SOON).toBe(0);
});

it('a tab whose reading neighbour sleeps reads for itself', async () => {
  const first = await stage.open('/a/shop', { live: true });
  await isLive(first);
  await expect.poll(streams, SOON).toBe(1);
  // Asleep as on a phone: it holds its lock and answers nothing.
  const devtools = await first.context().newCDPSession(first);
  await devtools.send('Debugger.enable');
  await devtools.send('Debugger.pause');
  const busy = first.evaluate('1').catch(() => {});
  const tab = await first.context().newPage();
  await tab.goto(`${stage.server.url}/a/shop`);
  await isLive(tab);
  await expect.poll(streams, { timeout: 20_000 }).toBe(2);
  await devtools.send('Debugger.resume');
  await busy;
  await first.context().close();
});
