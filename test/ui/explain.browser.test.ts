import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { violationsOf } from './axe.ts';
import { type Stage, setStage } from './open.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => expect(stage.complaints.splice(0)).toEqual([]));

const plot = (page: Page, title: string) => page.getByLabel(new RegExp(`^${title}, chart`));
const url = (page: Page) => new URL(page.url());
const menu = (page: Page) => page.getByRole('dialog', { name: 'Chosen stretch of time' });

async function openShop(query = '?tz=utc'): Promise<Page> {
  const page = await stage.open(`/a/shop${query}`);
  await page.waitForSelector('.plot canvas');
  return page;
}

async function drag(page: Page, title: string) {
  const box = await plot(page, title).boundingBox();
  if (!box) throw new Error('no plot');
  await page.mouse.move(box.x + 300, box.y + 80);
  await page.mouse.down();
  await page.mouse.move(box.x + 500, box.y + 80, { steps: 4 });
  await page.mouse.up();
}

describe('a stretch of time', () => {
  it('drawn with the pointer offers Zoom, Explain, Tail, Annotate and Correct SLO, for exactly that stretch', async () => {
    const page = await openShop();
    await drag(page, 'Requests');
    const dialog = menu(page);
    await dialog.waitFor();
    expect(await dialog.locator('.span-actions > *').allInnerTexts()).toEqual([
      'Zoom',
      'Explain',
      'Tail',
      'Annotate',
      'Correct SLO',
    ]);
    // The focus is in it, and what was drawn is marked in the other charts too.
    expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null)).toBe(true);
    const marked = await page.locator('.u-select').evaluateAll((all) => all.map((one) => one.clientWidth));
    expect(marked.filter((width) => width > 50).length).toBeGreaterThan(2);
    const from = await dialog.getByLabel('From').inputValue();
    const explain = new URL(
      (await dialog.getByRole('link', { name: 'Explain' }).getAttribute('href')) ?? '',
      page.url(),
    );
    expect(explain.pathname).toBe('/a/shop/explain');
    expect(explain.searchParams.get('from')).toBe(`2026-11-20T${from}Z`);
    expect(await dialog.getByRole('link', { name: 'Tail' }).getAttribute('href')).toContain('/a/shop/logs?');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(
      await page.locator('.u-select').evaluateAll((all) => Math.max(...all.map((one) => one.clientWidth))),
    ).toBeLessThan(3);
    await page.context().close();
  });

  it('is drawn over the codes, the events and the heatmap as well', async () => {
    const page = await openShop('?tz=utc&heat=1');
    await page.locator('.heatmap canvas').waitFor();
    for (const target of ['.cells', '.lane-track', '.heat-over']) {
      const element = page.locator(target).first();
      await element.evaluate((one) => one.scrollIntoView({ block: 'center' }));
      const box = await element.boundingBox();
      if (!box) throw new Error(`no ${target}`);
      await page.mouse.move(box.x + 200, box.y + 10);
      await page.mouse.down();
      await page.mouse.move(box.x + 320, box.y + 10, { steps: 3 });
      await page.mouse.up();
      await menu(page).waitFor();
      await menu(page).getByRole('button', { name: 'Close' }).click();
      await menu(page).waitFor({ state: 'detached' });
    }
    await page.context().close();
  });

  it('is begun and ended with the space bar, and its ends can be typed (2.5.7)', async () => {
    const page = await openShop();
    await plot(page, 'Response time').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('Space');
    const dialog = menu(page);
    await dialog.waitFor();
    await dialog.getByLabel('From').fill('10:20');
    await dialog.getByLabel('From').press('Enter');
    await dialog.getByLabel('From').blur();
    await dialog.getByText(/UTC · 2[12]/).waitFor();
    await dialog.getByLabel('To').fill('nonsense');
    await dialog.getByLabel('To').blur();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByRole('button', { name: 'Zoom' }).click();
    expect(url(page).searchParams.get('from')).toBe('2026-11-20T10:20:00Z');
    await page.context().close();
  });

  it('is noted on, and taken out of the objectives, by those who may', async () => {
    const page = await openShop();
    await page.getByRole('button', { name: 'More about Requests' }).click();
    await page.getByRole('button', { name: 'Choose a stretch' }).click();
    const dialog = menu(page);
    await dialog.getByRole('button', { name: 'Annotate' }).click();
    await dialog.getByLabel('What happened?').fill('load test');
    stage.server.calls.length = 0;
    await dialog.getByRole('button', { name: 'Note it' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(stage.server.calls).toContain('POST /apps/shop/annotations');
    await page.context().close();
    const viewer = await stage.open('/a/shop?tz=utc', { cookies: { role: 'viewer' } });
    await viewer.waitForSelector('.plot canvas');
    await drag(viewer, 'Requests');
    await menu(viewer).waitFor();
    expect(await menu(viewer).getByRole('button', { name: 'Annotate' }).count()).toBe(0);
    await viewer.context().close();
  });
});

describe('on the app page', () => {
  it('c compares with as long before, then with a week ago, then with nothing, in the address', async () => {
    const page = await openShop();
    await page.keyboard.press('c');
    expect(url(page).searchParams.get('cmp')).toBe('prev');
    await page.getByText(/^all 6\d.min before/).waitFor();
    await page.keyboard.press('c');
    await page.getByText(/^p95 7.d before/).waitFor();
    const delta = await page.locator('figure:has(#chart-throughput) .legend-compare .delta').innerText();
    expect(delta).toMatch(/^[+−×±]/);
    await page.keyboard.press('c');
    await page.locator('.legend-compare').first().waitFor({ state: 'detached' });
    expect(url(page).searchParams.get('cmp')).toBeNull();
    await page.context().close();
  });

  it('durations are a heatmap on demand, asked for once and told cell by cell', async () => {
    const page = await openShop();
    stage.server.calls.length = 0;
    await page.getByRole('button', { name: 'Heatmap' }).click();
    const heatmap = page.locator('.heatmap canvas');
    await heatmap.waitFor();
    expect(stage.server.calls.filter((call) => call.includes('/latency'))).toHaveLength(1);
    const over = page.locator('.heat-over');
    await over.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const box = await over.boundingBox();
    if (!box) throw new Error('no heatmap');
    await page.mouse.move(box.x + 500, box.y + 100);
    await page.getByText(/: \S+ of .* to .*/).waitFor();
    expect(url(page).searchParams.get('heat')).toBe('1');
    await page.context().close();
  });

  it('requests are drawn as lines or shares, and the sentence names who carries the failures', async () => {
    const page = await openShop('?tz=utc&through=share');
    await page.getByText('share of all').waitFor();
    expect(await page.locator('figure:has(#chart-throughput) .legend').innerText()).toMatch(/2xx\s+8\d.%/);
    await page.getByLabel('Draw requests as').selectOption('Lines');
    expect(url(page).searchParams.get('through')).toBe('lines');
    await page.getByRole('link', { name: 'web.3 and web.4 carry 88 % of them.' }).waitFor();
    await page.context().close();
  });

  it('the range box offers the open incident, from a little before it', async () => {
    const page = await openShop();
    await page.keyboard.press('t');
    const preset = page.getByRole('button', { name: /^This incident \(#\d+\)$/ });
    await preset.click();
    expect(url(page).searchParams.get('from')).toMatch(/^2026-11-20T\d\d:\d\d:\d\dZ$/);
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
    await page.context().close();
  });

  it('a chart is taken along as Markdown and as a picture', async () => {
    const page = await openShop();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'More about Response time' }).click();
    await page.getByRole('button', { name: 'Copy as Markdown' }).click();
    await page.getByText('Response time copied as Markdown').first().waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(text).toMatch(/^\*\*Response time\*\* · shop · /);
    expect(text).toMatch(/\?.*from=2026-11-20T09:4\d:\d\dZ/);
    await page.getByRole('button', { name: 'More about Response time' }).click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download PNG' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('shop-Response-time.png');
    expect(
      readFileSync(await file.path())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    await page.context().close();
  });

  it('crowded events open a list, from which a release leads to its comparison and a note is deleted', async () => {
    const page = await openShop();
    await page.getByRole('button', { name: 'View Events as table' }).click();
    await page.getByRole('button', { name: /^Delete Load test/ }).click();
    stage.server.calls.length = 0;
    await page.getByRole('button', { name: /^Really delete Load test/ }).click();
    await expect
      .poll(() => stage.server.calls.some((call) => call.startsWith('DELETE /apps/shop/annotations/')), {
        timeout: 10_000,
      })
      .toBe(true);
    await page.context().close();
    const reader = await openShop();
    await reader.getByRole('button', { name: 'View Events as table' }).click();
    await reader.getByRole('link', { name: 'Before and after' }).first().click();
    await reader.getByRole('heading', { name: 'v214', level: 1 }).waitFor();
    await reader.context().close();
  });
});

describe('light and dark, wide and narrow, axe has no complaint about', () => {
  async function check(page: Page) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violationsOf(page), colorScheme).toEqual([]);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    // Charts follow within a frame or two.
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth), { timeout: 10_000 })
      .toBeLessThanOrEqual(360);
    await page.context().close();
  }

  it.each([
    ['/a/shop/explain?tz=utc', 'Bad requests'],
    ['/a/feed/explain?tz=utc&base=week', 'nothing stands out'],
    ['/a/batch-export/explain?tz=utc', 'nothing to explain'],
    ['/a/shop/releases/214?tz=utc', 'Before and after'],
    ['/a/shop/releases/215?tz=utc', 'Too early'],
  ])('%s, which says what it knows', async (path, text) => {
    const page = await stage.open(path);
    await page.getByText(text).first().waitFor();
    await check(page);
  });

  it('the app page with a stretch, a comparison and a heatmap', async () => {
    const page = await stage.open('/a/shop?tz=utc&cmp=7d&heat=1');
    await page.waitForSelector('.heatmap canvas');
    await page.getByRole('button', { name: 'More about Requests' }).click();
    await page.getByRole('button', { name: 'Choose a stretch' }).click();
    await menu(page).waitFor();
    await check(page);
  });
});
