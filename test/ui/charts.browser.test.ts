import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from './axe.ts';
import { type Stage, setStage } from './open.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => expect(stage.complaints.splice(0)).toEqual([]));

async function openShop(path = '/a/shop?tz=utc', live = false): Promise<Page> {
  const page = await stage.open(path, { live });
  await page.waitForSelector('#chart-latency');
  await page.waitForSelector('.plot canvas');
  return page;
}

const plot = (page: Page, title: string) => page.getByLabel(new RegExp(`^${title}, chart`));
const url = (page: Page) => new URL(page.url());

describe('a chart', () => {
  it('mounts and unmounts 200 times without leaving listeners or nodes behind', async () => {
    const page = await openShop();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Performance.enable');
    const count = async () => {
      await devtools.send('HeapProfiler.collectGarbage');
      const { metrics } = await devtools.send('Performance.getMetrics');
      const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
      return {
        listeners: value('JSEventListeners'),
        nodes: value('Nodes'),
        heapMb: value('JSHeapUsedSize') / 1e6,
      };
    };
    const toggle = async (times: number) =>
      page.evaluate(async (rounds) => {
        const button = document.querySelector<HTMLElement>('[aria-label="View Response time as table"]');
        const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
        for (let round = 0; round < rounds; round++) {
          button?.click();
          await frame();
          button?.click();
          // The plot is made once its width is known.
          await frame();
          await frame();
        }
      }, times);
    // The answer fetched when the live stream stands: what stood before may be held by one rendering more.
    const answers = () => stage.server.calls.filter((call) => call.includes('/overview')).length;
    await expect.poll(answers, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    await toggle(20);
    const before = await count();
    await toggle(200);
    const after = await count();
    expect(await page.locator('figure:has(#chart-latency) canvas').count()).toBe(1);
    expect(after.listeners - before.listeners).toBeLessThanOrEqual(5);
    expect(after.nodes - before.nodes).toBeLessThanOrEqual(50);
    expect(after.heapMb - before.heapMb).toBeLessThan(4);
    await page.context().close();
  });

  it('is explored with the keyboard, and says where one is', async () => {
    const page = await openShop('/a/shop?tz=utc', true);
    const surface = plot(page, 'Response time');
    expect(await surface.getAttribute('role')).toBe('group');
    await surface.focus();
    expect(await surface.getAttribute('role')).toBe('application');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Shift+ArrowLeft');
    await page
      .locator('[aria-live="polite"]')
      .getByText(/^\d\d:\d\d:\d\d UTC, p50: \d+\sms/)
      .waitFor({ state: 'attached' });
    await page.keyboard.press('ArrowUp');
    await page
      .locator('[aria-live="polite"]')
      .getByText(/UTC, p95: /)
      .waitFor({ state: 'attached' });
    // The same instant in the legend of every chart.
    const times = await page.locator('.legend-when').allInnerTexts();
    expect(new Set(times).size).toBe(1);
    expect(times[0]).toMatch(/^20 Nov \d\d:\d\d:\d\d–\d\d:\d\d:\d\d$/);
    await page.keyboard.press('Enter');
    expect(Number(url(page).searchParams.get('pin'))).toBeGreaterThan(1.7e9);
    await page.keyboard.press('Escape');
    expect(await surface.getAttribute('role')).toBe('group');
    expect((await page.locator('.legend-when').allInnerTexts())[0]).toMatch(/^pinned /);
    await page.context().close();
  });

  it('zooms by dragging, into the URL and out of live mode, and Back undoes it', async () => {
    const page = await openShop();
    const box = await plot(page, 'Requests').boundingBox();
    if (!box) throw new Error('no plot');
    await page.mouse.move(box.x + 300, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 80, { steps: 5 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Zoom', exact: true }).click();
    await page.getByRole('button', { name: 'Resume live' }).waitFor();
    expect(url(page).searchParams.get('from')).toMatch(/^2026-11-20T\d\d:\d\d:\d\dZ$/);
    await page.goBack();
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
    expect(url(page).searchParams.get('from')).toBeNull();
    await page.goForward();
    await page.getByRole('button', { name: 'Resume live' }).click();
    expect(url(page).searchParams.get('to')).toBeNull();
    await page.context().close();
  });

  it('shows its numbers as a table of 25 rows a page and as a file that says which zone', async () => {
    const page = await openShop();
    await page.getByRole('button', { name: 'View Response time as table' }).click();
    const figure = page.locator('figure', { has: page.locator('#chart-latency') });
    expect(await figure.locator('tbody tr').count()).toBe(25);
    await figure.getByRole('button', { name: 'Older' }).click();
    expect(await figure.locator('.pager').innerText()).toContain('Page 2 of');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      figure.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    const text = readFileSync(await file.path(), 'utf8');
    expect(file.suggestedFilename()).toBe('shop-Response-time.csv');
    expect(text.split('\r\n')[0]).toBe('\ufefftime_utc,p50 (ms),p95 (ms),p99 (ms),connect p95 (ms)');
    expect(text.split('\r\n')[1]).toMatch(/^2026-11-20T09:4\d:\d0\.000Z,\d+,\d+,\d+,\d$/);
    await page.context().close();
  });

  it.each(['light', 'dark'] as const)(
    'names what retention has deleted, in the sentence, on the chart and where nothing is left: %s',
    async (theme) => {
      const page = await stage.open(
        '/a/checkout-api?from=2025-10-17T00:00:00Z&to=2025-10-30T00:00:00Z&tz=utc',
        { theme },
      );
      const verdict = page.locator('.verdict');
      await verdict.getByText('Partly kept').waitFor();
      const link = verdict.getByRole('link', { name: /^Hours before 20 Oct 2025 are not kept any more/ });
      expect(await link.getAttribute('href')).toContain('/settings/retention');
      expect(await verdict.innerText()).not.toMatch(/Collecting|Data begins|No line/);
      expect(await page.locator('#chart-throughput-sum').textContent()).toContain(
        'Before 20 Oct 2025 nothing is kept any more.',
      );
      await page.goto(
        `${stage.server.url}/a/checkout-api?from=2025-08-01T00:00:00Z&to=2025-09-05T00:00:00Z&tz=utc`,
      );
      await verdict.getByText('Not kept', { exact: true }).waitFor();
      await page
        .locator('.chart-empty')
        .getByText(/^Not kept any more\. Hours before 20 Oct 2025/)
        .first()
        .waitFor();
      expect(await page.locator('.chart-empty').allInnerTexts()).toEqual(
        expect.not.arrayContaining([expect.stringMatching(/^No (H, R or L codes|releases)/)]),
      );
      expect(new Set(await page.locator('.totals dd').allInnerTexts())).toEqual(new Set(['–']));
      expect(await faultsOf(page)).toEqual([]);
      await page.context().close();
    },
  );

  it('says in a sentence what it shows', async () => {
    const page = await openShop();
    const described = await plot(page, 'Response time').getAttribute('aria-describedby');
    expect(await page.locator(`#${described}`).innerText()).toMatch(
      /p95: .* to .*\(highest at \d\d:\d\d\), last .*, rising\./,
    );
    await page.context().close();
  });

  it('hides a series by its legend, in the URL, without a new entry in the history', async () => {
    const page = await openShop();
    const before = await page.evaluate(() => history.length);
    await page.getByRole('button', { name: '2xx' }).click();
    expect(url(page).searchParams.get('hide')).toBe('throughput.status_2xx');
    expect(await page.evaluate(() => history.length)).toBe(before);
    await page.context().close();
  });
});

describe('the event lane', () => {
  it('gathers crowded marks and lists them when activated', async () => {
    const page = await openShop();
    await page.getByRole('button', { name: /^5 events around/ }).click();
    expect(await page.locator('.event-list tbody tr').count()).toBe(5);
    expect(await page.locator('.event-list').innerText()).toContain('web.1 restarted at release v214');
    await page.context().close();
  });

  it('zooms by dragging over it', async () => {
    const page = await openShop();
    const box = await page.locator('.lane-track').first().boundingBox();
    if (!box) throw new Error('no lane');
    await page.mouse.move(box.x + 100, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + 260, box.y + 10, { steps: 4 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Zoom', exact: true }).click();
    await page.getByRole('button', { name: 'Resume live' }).waitFor();
    await page.context().close();
  });

  it('steps through events by e and Shift-E, leaving routine ones out', async () => {
    const page = await openShop();
    await page.keyboard.press('e');
    await page.locator('.toast').getByText('Config changed: CACHE_TTL, POOL_SIZE').waitFor();
    await page.keyboard.press('e');
    await page.locator('.toast').getByText('Release v213').waitFor();
    await page.keyboard.press('Shift+E');
    await page.locator('.toast').getByText('Config changed').waitFor();
    await page.context().close();
  });
});
