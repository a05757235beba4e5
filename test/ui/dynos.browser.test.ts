/** Pages of codes, dynos and add-ons: with data, without, never set up; both themes, wide and narrow; where they lead. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from './axe.ts';
import { type Stage, setStage } from './open.ts';

/** What must be on a page before it is judged. */
const PAGES: [name: string, path: string, ready: string][] = [
  ['codes', '/a/shop/codes', '.code-list tbody tr'],
  ['H12', '/a/shop/codes/H12', '.tick-bars li'],
  ['H10 with its boot log', '/a/shop/codes/H10', '.event-rows tbody tr'],
  ['H18 and restarts', '/a/media-proxy/codes/H18', '#special .totals'],
  ['R14 with memory', '/a/search/codes/R14', '.lane-cells'],
  ['L10 with what is missing', '/a/media-proxy/codes/L10', '#special .button'],
  ['a code of an app that never sent', '/a/new-landing/codes/H12', '.chart-empty'],
  ['dynos with a leak', '/a/search/dynos?from=now-3h&to=now', '.lane-cells'],
  ['dynos without metrics', '/a/webhooks/dynos', '.not-set-up'],
  ['one dyno', '/a/shop/dynos/web.3', '.plot canvas'],
  ['add-ons', '/a/shop/addons', '.reading .plot canvas'],
  ['no add-ons', '/a/checkout-api/addons', '.not-set-up'],
];

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => {
  expect(stage.complaints.splice(0)).toEqual([]);
});

describe('every page', () => {
  let page: Page;
  beforeAll(async () => {
    page = await stage.open('/a/shop/codes');
  });
  afterAll(() => page.context().close());

  it.each(PAGES)(
    '%s passes axe in both themes, fits a phone, keeps the strict policy (SEC-32)',
    async (...entry) => {
      const [, path, ready] = entry;
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto(stage.server.url + path);
      await page.waitForSelector(ready, { state: 'attached' });
      expect(await faultsOf(page)).toEqual([]);
    },
  );
});

const pathOf = (page: Page) => decodeURIComponent(new URL(page.url()).pathname + new URL(page.url()).search);

describe('keys', () => {
  it.each([
    ['codes', '/a/shop/codes', '.code-list tbody tr', ['H12', 'H13'], /\/a\/shop\/codes\/H12$/],
    ['dynos', '/a/search/dynos', '.dyno-table tbody tr', ['web.2', 'web.1'], /\/a\/search\/dynos\/web\.2$/],
    ['single requests', '/a/shop/codes/H12', '.requests tbody tr', null, /\/a\/shop\/logs\?.*rid=/],
  ] as const)('j and k walk the rows of %s, Enter opens what the row is about', async (...entry) => {
    const [, path, row, names, opens] = entry;
    const page = await stage.open(path);
    await page.waitForSelector(row);
    const at = () =>
      page.evaluate(
        (rows) =>
          [...document.querySelectorAll(rows)].findIndex((one) => one.contains(document.activeElement)),
        row,
      );
    const walked: number[] = [];
    const texts: string[] = [];
    for (const key of ['j', 'j', 'k']) {
      await page.keyboard.press(key);
      walked.push(await at());
      texts.push(await page.evaluate(() => document.activeElement?.textContent ?? ''));
    }
    expect(walked).toEqual([0, 1, 0]);
    if (names) expect(texts).toEqual([names[0], names[1], names[0]]);
    await page.keyboard.press('Enter');
    await page.waitForURL(opens);
    await page.context().close();
  });
});

describe('where they lead', () => {
  it('two activations from the list of codes to the lines of a failing request, in the same zone', async () => {
    const page = await stage.open('/a/shop/codes?from=now-3h&to=now&tz=utc');
    await page.getByRole('link', { name: 'H12', exact: true }).click();
    await page.waitForSelector('.requests tbody tr');
    expect(pathOf(page)).toBe('/a/shop/codes/H12?from=now-3h&to=now&tz=utc');
    const lines = page
      .locator('.requests tbody tr')
      .first()
      .getByRole('link', { name: /^Lines/ });
    expect(await lines.getAttribute('href')).toMatch(/^\/a\/shop\/logs\?tz=utc&from=.*&to=.*&rid=/);
    const path = page.locator('#by-path + ul a').first();
    expect(await path.getAttribute('href')).toContain('code=H12&q=');
    await page.context().close();
  });

  it('H10 leads with the lines of the dyno that crashed, R14 with its lane, before they explain themselves', async () => {
    const page = await stage.open('/a/shop/codes/H10?tz=utc');
    await page.waitForSelector('#special');
    const order = await page.evaluate(() =>
      [...document.querySelectorAll('#special, .meaning')].map((element) => element.id || element.className),
    );
    expect(order).toEqual(['special', 'meaning']);
    const href = await page.locator('#special a.button').getAttribute('href');
    expect(href).toMatch(/^\/a\/shop\/logs\?.*dyno=web\.3/);
    await page.context().close();
  });

  it('a lane leads to its dyno, a dyno to its siblings and its lines', async () => {
    const page = await stage.open('/a/search/dynos?from=now-3h&to=now&tz=utc');
    await page.locator('.lane-name', { hasText: 'web.2' }).click();
    await page.waitForSelector('.plot canvas');
    expect(pathOf(page)).toBe('/a/search/dynos/web.2?from=now-3h&to=now&tz=utc');
    const links = await page
      .locator('.jump a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    expect(links[0]).toBe('/a/search/logs?from=now-3h&to=now&tz=utc&dyno=web.2');
    expect(links).toContain('/a/search/dynos/web.1?from=now-3h&to=now&tz=utc');
    await page.context().close();
  });
});

describe('lanes', () => {
  it('are worst first, say in words what they draw, and can be kept to a process type', async () => {
    const page = await stage.open('/a/search/dynos?from=now-3h&to=now&tz=utc');
    await page.waitForSelector('.lane-cells');
    expect(await page.locator('.lane-name').allInnerTexts()).toEqual(['web.2', 'web.1', 'web.3', 'worker.1']);
    const label = (await page.locator('.lane-cells').first().getAttribute('aria-label')) ?? '';
    expect(label).toMatch(/^Memory of web\.2, now 117.% of the quota, at most .*R14 72 times/);
    await page.getByText('worker', { exact: true }).first().click();
    await expect
      .poll(() => page.locator('.lane-name').allInnerTexts(), { timeout: 10_000 })
      .toEqual(['worker.1']);
    expect(pathOf(page)).toContain('proc=worker');
    await page.goBack();
    await expect.poll(() => page.locator('.lane-name').count(), { timeout: 10_000 }).toBe(4);
    await page.context().close();
  });
});

describe('sizes', () => {
  it('cores are not guessed: an editor says them, load follows, and the call behind it is shown', async () => {
    const page = await stage.open('/a/beta/dynos');
    await page.waitForSelector('.sizes tbody tr');
    expect(await page.locator('.dyno-table tbody tr').first().innerText()).toContain('a dyno');
    await page.getByRole('button', { name: /^Set/ }).click();
    await page.getByLabel('Cores').fill('2');
    await page.getByText('PUT /api/v1/apps/beta/dyno-sizes/web').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('a core').first().waitFor();
    expect(stage.server.calls).toContain('PUT /apps/beta/dyno-sizes/web');
    await page.context().close();
  });

  it('a viewer sees where they are known from, and no button', async () => {
    const page = await stage.open('/a/checkout-api/dynos', { cookies: { role: 'viewer' } });
    await page.waitForSelector('.sizes tbody tr');
    expect(await page.locator('.sizes').innerText()).toContain('Heroku’s line');
    expect(await page.getByRole('button', { name: /^Set/ }).count()).toBe(0);
    await page.context().close();
  });
});
