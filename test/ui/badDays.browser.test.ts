/** What people see when the instance itself is in trouble: told by the stream, felt in requests, over again. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { healthMessage, type Trouble } from '../../ui/instanceFixtures.ts';
import { faultsOf } from './axe.ts';
import { NOW, type OpenOptions, type Stage, setStage } from './open.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
// Refused calls are what these tests are about; thrown errors and broken policies are not.
afterEach(() => expect(stage.complaints.splice(0).filter((said) => !said.includes('503'))).toEqual([]));

/** A page that was loaded on a good day and is open when the trouble begins. */
async function openThen(path: string, ready: string, trouble: Trouble, how: OpenOptions = {}): Promise<Page> {
  const page = await stage.open(path, how);
  await page.waitForSelector(ready);
  await expect.poll(() => stage.server.openStreams()).toBeGreaterThan(0);
  await begin(page, trouble);
  return page;
}

async function begin(page: Page, trouble: Trouble): Promise<void> {
  await page.context().addCookies([{ name: 'trouble', value: trouble, url: stage.server.url }]);
  stage.server.emit('health', healthMessage(trouble, NOW));
}

const bar = (page: Page) => page.locator('.notice');

describe('while the database is away', () => {
  it('R-05 P-02 a page says so within 3 s, keeps its charts dimmed with their age, and nothing stays green', async () => {
    const page = await openThen('/a/checkout-api?tz=utc', '.plot canvas', 'away');
    await bar(page).getByText('The database does not answer').waitFor({ timeout: 3000 });
    expect(await bar(page).innerText()).toMatch(/since 10:41:25Z \(38.s\)/);
    expect(await page.locator('.stale .plot canvas').count()).toBeGreaterThan(2);
    await page.getByText(/Showing what was loaded/).waitFor();
    await page
      .locator('.pill')
      .getByText(/nothing newer than\s*10:4\d:\d\dZ/)
      .waitFor();
    const verdict = page.locator('.verdict');
    expect(await verdict.innerText()).toMatch(/Nothing newer than 10:4\d:\d\dZ is known/);
    expect(await verdict.innerText()).toContain('Not known');
    expect(await page.locator('.glyph-ok, .state-ok, .live-on').count()).toBe(0);
    await page.context().close();
  });

  it('R-05 no app of the fleet is called ok, and what was failing stays called so', async () => {
    const page = await openThen('/?tz=utc', '.fleet tbody tr', 'spooling');
    await page.getByText('was ok').first().waitFor({ timeout: 3000 });
    expect(await page.locator('.fleet .state-ok, .summary .glyph-ok').count()).toBe(0);
    expect(await page.locator('.fleet .state-critical').first().innerText()).toContain('firing');
    await page.context().close();
  });

  it.each([
    ['the list of codes', '/a/webhooks/codes'],
    ['a code that did not occur', '/a/checkout-api/codes/H12'],
    ['dynos', '/a/checkout-api/dynos'],
    ['one dyno', '/a/checkout-api/dynos/web.2'],
    ['add-ons', '/a/search/addons'],
  ])('R-05 %s: well until then, not known now; incomplete while frames are on their way', async (_, path) => {
    const page = await openThen(`${path}?tz=utc`, '.verdict-top .state-ok', 'spooling');
    await page
      .locator('.verdict-top')
      .getByText(/Nothing newer than 10:4\d:\d\dZ is known/)
      .waitFor();
    expect(await page.locator('main .glyph-ok, main .state-ok').count()).toBe(0);
    await page.context().addCookies([{ name: 'trouble', value: 'moving', url: stage.server.url }]);
    await begin(page, 'moving');
    await page.locator('.verdict-top').getByText('on their way from Redis').waitFor();
    expect(await page.locator('main .glyph-ok, main .state-ok').count()).toBe(0);
    await page.context().close();
  });

  it('is found out from a refused request too, and its end by asking again: the page mends itself', async () => {
    const page = await stage.open('/a/checkout-api?tz=utc', { live: true });
    await page.waitForSelector('.plot canvas');
    // No stream tells it here: only what is asked for is refused.
    await page.context().addCookies([{ name: 'trouble', value: 'away', url: stage.server.url }]);
    await page.keyboard.press('t');
    await page.keyboard.press('-');
    await bar(page).getByText('The database does not answer').waitFor({ timeout: 3000 });
    await page.waitForSelector('.stale .plot canvas');
    await page.context().addCookies([{ name: 'trouble', value: 'none', url: stage.server.url }]);
    await bar(page).waitFor({ state: 'detached', timeout: 8000 });
    await page.waitForSelector('.stale', { state: 'detached' });
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
    await page.context().close();
  });

  it('the stream that stands goes on telling when one moves to another page', async () => {
    const page = await openThen('/?tz=utc', '.fleet tbody tr', 'spooling');
    await bar(page).waitFor();
    await page.getByRole('link', { name: 'checkout-api', exact: true }).click();
    await page.getByRole('heading', { name: 'Could not load checkout-api' }).waitFor();
    await page.getByText('loads by itself when the database is back').waitFor();
    stage.server.emit('health', healthMessage('spoolFull', NOW));
    await bar(page).getByText('517 frames are held').waitFor({ timeout: 3000 });
    // The page of the instance, too, tells what the stream tells.
    await bar(page).getByRole('link').click();
    await page.getByRole('heading', { name: 'Spool full' }).waitFor();
    await page.locator('.processes').getByText('cannot commit').waitFor();
    await page.context().close();
  });

  it('a page opened then says what happened and what is safe, and goes on by itself', async () => {
    const page = await stage.open('/a/shop?tz=utc', { cookies: { trouble: 'away' }, live: true });
    await page.getByRole('heading', { name: 'The database does not answer' }).waitFor();
    expect(await page.locator('main').innerText()).toContain('Every line that was acknowledged');
    await page.context().clearCookies();
    await page.waitForSelector('.plot canvas', { timeout: 8000 });
    await page.context().close();
  });
});

describe('the bar', () => {
  it('speaks politely, once for what goes on and again when it turns into something else', async () => {
    const page = await openThen('/?tz=utc', '.fleet tbody tr', 'spooling');
    const spoken = page.locator('.notice-frame [role=status]');
    await spoken.getByText('Critical: The database does not answer').waitFor({ state: 'attached' });
    const before = await spoken.innerHTML();
    const later = healthMessage('spooling', NOW);
    const [notice] = later.notices;
    if (!notice) throw new Error('the fixture says nothing');
    const text = notice.text.replace('214 entries', '230 entries');
    stage.server.emit('health', { ...later, notices: [{ ...notice, text }] });
    await bar(page).getByText('230 entries').waitFor();
    expect(await spoken.innerHTML()).toBe(before);
    await begin(page, 'moving');
    await spoken.getByText('Note: Frames kept in Redis').waitFor({ state: 'attached' });
    await page.context().close();
  });

  it('can be put aside only where it asks for nothing, and is gone when there is nothing to say', async () => {
    const page = await openThen('/settings', '#instance', 'spoolRefused');
    await bar(page).getByText('allkeys-lru').waitFor();
    expect(await bar(page).getByRole('button').count()).toBe(0);
    await begin(page, 'moving');
    await bar(page)
      .getByRole('button', { name: /^Dismiss/ })
      .click();
    await bar(page).waitFor({ state: 'detached' });
    await begin(page, 'shedding');
    await bar(page).getByText('Under pressure').waitFor();
    await begin(page, 'none');
    await bar(page).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('leads to the processes, which say more', async () => {
    const page = await openThen('/a/shop', '.plot canvas', 'overflow');
    await bar(page).getByRole('link', { name: 'and 1 more' }).click();
    await page.getByRole('heading', { name: 'Processes' }).waitFor();
    await page.getByText('more different paths than are kept apart').waitFor();
    await page.context().close();
  });
});

describe('the page of the instance', () => {
  it('R-07 R-09 tells processes, spool and what gave way, each against its bound', async () => {
    const page = await openThen('/health?tz=utc', '#processes', 'shedding');
    const rows = page.locator('.processes tbody tr');
    expect(await rows.count()).toBe(3);
    await rows.first().getByText('gives way: live updates, exports, dashboards').waitFor();
    expect(await rows.first().innerText()).toMatch(/361.MB of 400.MB/);
    expect(await rows.nth(2).innerText()).toContain('gone');
    await page.getByRole('cell', { name: 'Charts answer slowly, or ask for another try.' }).waitFor();
    await begin(page, 'spooling');
    await page.getByRole('heading', { name: 'Spool taking frames' }).waitFor();
    const spool = await page.locator('.spool').innerText();
    expect(spool).toMatch(/214[\s\S]*9\.4.MB of 80.MB[\s\S]*about 41.min[\s\S]*38.s ago/);
    await page.context().close();
  });

  it('D-08 S-14 says why Redis is not used, and which app sends too much', async () => {
    const refused = await stage.open('/health', { cookies: { trouble: 'spoolRefused' } });
    await refused.getByRole('heading', { name: 'Spool must not be used' }).waitFor();
    await refused.locator('.says').getByText('noeviction').waitFor();
    await refused.context().close();
    const heavy = await stage.open('/health', { cookies: { trouble: 'shedApps' } });
    const row = heavy.getByRole('row', { name: /feed.*8.120/ });
    await row.getByText('sends far more than its share').waitFor();
    await heavy.context().close();
  });
});

const SEEN: [name: string, path: string, ready: string, trouble: Trouble][] = [
  ['an app, the database away', '/a/shop?tz=utc', '.plot canvas', 'away'],
  ['the fleet, frames in the spool', '/?tz=utc', '.fleet tbody tr', 'spooling'],
  ['drain health of an app, the database away', '/a/media-proxy/health?tz=utc', '#drains', 'away'],
  ['the fleet, caught up', '/?tz=utc', '.fleet tbody tr', 'moving'],
  ['the instance, the spool full', '/health?tz=utc', '#processes', 'spoolFull'],
  ['the instance, short of room', '/health?tz=utc', '#processes', 'shedding'],
  ['the instance, too many names', '/health?tz=utc', '#processes', 'overflow'],
];

it.each(SEEN)('%s passes axe in both themes and fits a phone', async (_name, path, ready, trouble) => {
  const page = await openThen(path, ready, trouble);
  await bar(page).waitFor();
  expect(await faultsOf(page)).toEqual([]);
  await page.context().close();
});

it('a page that could not be loaded passes axe', async () => {
  const page = await stage.open('/', { cookies: { trouble: 'away' } });
  await page.waitForSelector('.unreachable h1');
  expect(await faultsOf(page)).toEqual([]);
  await page.context().close();
});
