import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatCount } from '../../ui/format.ts';
import { ADMIN, ask, overflow, SETUP_TOKEN, type Stage, setStage } from './stage.ts';
import { buildTraffic, type Traffic } from './traffic.ts';

/** One path from an empty database to signed out, each test a leg of it; on a desk and on a phone. */
describe.each([
  { width: 1440, theme: 'light' as const },
  { width: 360, theme: 'dark' as const },
])('the first ten minutes at $width px', ({ width, theme }) => {
  let stage: Stage;
  let page: Page;
  let traffic: Traffic | undefined;
  beforeAll(async () => {
    stage = await setStage();
    page = await stage.open('/', { width, theme });
  });
  afterAll(async () => {
    traffic?.stop();
    await stage.close();
  });
  afterEach(async () => {
    expect(stage.complaints.splice(0)).toEqual([]);
    expect(stage.refusals.splice(0)).toEqual([]);
    // Charts of a page that has just come take their width a frame later.
    await expect.poll(() => overflow(page), { timeout: 10_000 }).toBe(0);
  });

  it('SEC-25 the one-time token makes the first admin, and set-up closes for good', async () => {
    await page.waitForURL(/\/setup$/);
    await page.getByLabel('Set-up token').fill('not-the-token');
    await page.getByLabel('Your e-mail').fill(ADMIN.email);
    await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
    await page.getByRole('button', { name: 'Claim this instance' }).click();
    await page.getByText('This is not the set-up token of this instance.').waitFor();
    expect(stage.refusals.splice(0)).toEqual(['403 POST /api/v1/setup']);
    await page.getByLabel('Set-up token').fill(SETUP_TOKEN);
    await page.getByRole('button', { name: 'Claim this instance' }).click();
    await page.getByRole('heading', { name: 'Add an app' }).waitFor();
    const again = { token: SETUP_TOKEN, email: 'eve@example.com', password: ADMIN.password };
    expect((await ask(page, 'POST', '/api/v1/setup', again)).status).toBe(403);
    stage.refusals.splice(0);
  });

  it('adds an app; the commands can be copied, and wait for a first line', async () => {
    await page.getByLabel('Heroku app').fill('shop');
    await page.getByRole('button', { name: 'Add app' }).click();
    await page.getByRole('heading', { name: 'Attach shop' }).waitFor();
    await page.locator('.checklist li').first().waitFor();
    expect(await page.locator('.checklist .step-done').count()).toBe(0);
    await page
      .getByRole('button', { name: /^Copy command 1/ })
      .first()
      .click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    const [, url = ''] = /^heroku drains:add "(\S+)" -a shop$/.exec(copied) ?? [];
    expect(new URL(url)).toMatchObject({
      username: 'shop',
      host: new URL(stage.url).host,
      pathname: '/drain',
    });
    traffic = buildTraffic('shop', url, Date.now());
  });

  it('the checklist ticks by itself while Logplex sends', async () => {
    const nowMs = Date.now();
    await traffic?.send(nowMs - 120_000, nowMs);
    await expect.poll(() => page.locator('.checklist .step-done').count(), { timeout: 8000 }).toBe(5);
    await page.getByRole('link', { name: 'Open shop' }).waitFor();
  });

  it('the fleet has a row, and the header says how far the data goes', async () => {
    await page.goto(stage.url);
    const row = page.locator('.fleet tbody tr');
    await row.waitFor();
    expect(await row.count()).toBe(1);
    expect(await row.innerText()).toContain('H12');
    expect(await page.locator('.pill').innerText()).toMatch(/\d\d:\d\d/);
    await row.getByRole('link', { name: 'shop', exact: true }).click();
    await page.waitForURL(/\/a\/shop/);
  });

  it('the app page shows exactly the requests that were sent', async () => {
    const sent = traffic?.sent();
    await page.locator('.plot canvas').first().waitFor();
    expect(sent?.requests).toBeGreaterThan(200);
    // Roll-ups come every two seconds, ticks a second later.
    await expect
      .poll(() => total(page, 'Requests'), { timeout: 20_000 })
      .toBe(formatCount(sent?.requests ?? 0));
    for (const title of ['Requests', 'Response time', 'Memory', 'Load'])
      expect(await page.getByRole('figure', { name: new RegExp(`^${title}`) }).count(), title).toBe(1);
    // On a phone the strip shows the codes, and their pages the counts.
    if (width < 500) return;
    const strip = await page.getByRole('table', { name: 'Counts of error codes in this range' }).innerText();
    const counts = [...strip.matchAll(/\t([\d\u202f]+)$/gm)].map((match) => match[1]);
    const due = Object.values(sent?.codes ?? {}).sort((x, y) => y - x);
    expect(counts).toEqual(due.map(formatCount));
  });

  it('the page of a code counts and lists its requests', async () => {
    const count = traffic?.sent().codes.H12 ?? 0;
    expect(count).toBeGreaterThan(0);
    await page
      .getByRole('link', { name: /^H12\b/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'H12 Request timeout' }).waitFor();
    expect(await total(page, 'In this range')).toBe(formatCount(count));
    await page.locator('.requests tbody tr').first().waitFor();
    const all = page.getByRole('button', { name: /^Show all/ });
    if ((await all.count()) > 0) await all.click();
    expect(await page.locator('.requests tbody tr').count()).toBe(Math.min(100, count));
  });

  it('drain health counts the frames and knows the drain', async () => {
    await page.locator('.pill').click();
    await page.getByRole('heading', { name: 'Drain health', exact: true }).waitFor();
    const frames = formatCount(traffic?.sent().frames ?? 0);
    await expect.poll(() => total(page, 'Frames in range'), { timeout: 20_000 }).toBe(frames);
    expect(await total(page, 'Lost, last hour')).toBe('0');
    expect(await page.getByRole('table', { name: 'Drains that send for this app' }).innerText()).toContain(
      'logplex',
    );
  });

  it('SEC-22 signing out asks to sign in, and nothing answers any more', async () => {
    const cookies = await page.context().cookies();
    await page.locator('.menu summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Drainboard' }).waitFor();
    const paths = ['/apps', '/apps/shop/overview', '/apps/shop/health', '/health', '/stream', '/sessions'];
    for (const path of paths) expect((await ask(page, 'GET', `/api/v1${path}`)).status, path).toBe(401);
    // The cookie itself is worth nothing either, wherever it was copied to.
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    expect((await fetch(`${stage.url}/api/v1/apps`, { headers: { cookie } })).status).toBe(401);
    await page.goto(`${stage.url}/a/shop?from=now-3h`);
    await page.waitForURL(/\/sign-in\?next=/);
    stage.refusals.splice(0);
  });
});

/** A figure of the list of totals by its name. */
async function total(page: Page, name: string): Promise<string> {
  const entry = page
    .locator('.totals > div')
    .filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) });
  return (await entry.locator('dd').innerText()).trim();
}
