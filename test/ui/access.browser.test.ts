/** Every page for those who read it otherwise: own colours, large text, no motion, keys alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cutOf, movingOf, setText, vanishedOf, walkFocus } from './access.ts';
import { faultsOf } from './axe.ts';
import { type Stage, setStage } from './open.ts';

const INCIDENT = '/i/22222222-0000-4000-8000-000000000214';

/** A page of each pattern of the table of routes, at its fullest, with what must be on it before it is judged. */
const PAGES: [pattern: string, path: string, ready: string][] = [
  ['/', '/', '.fleet tbody tr'],
  ['/health', '/health', '#processes'],
  ['/settings', '/settings', '.drains tbody tr'],
  ['/settings/:section', '/settings/you', '#main h2'],
  ['/setup', '/setup?app=new-landing', '.checklist li'],
  ['/walls', '/walls', 'main form, main table, main .card'],
  ['/a/:app', '/a/shop', '.plot canvas'],
  ['/a/:app/explain', '/a/shop/explain', '.verdict-text'],
  ['/a/:app/releases/:version', '/a/shop/releases/214', '.verdict-text'],
  ['/a/:app/codes', '/a/shop/codes', '.code-list tbody tr'],
  ['/a/:app/codes/:code', '/a/shop/codes/H12', '.requests tbody tr'],
  ['/a/:app/dynos', '/a/search/dynos', '.lane-cells'],
  ['/a/:app/dynos/:dyno', '/a/shop/dynos/web.3', '.plot canvas'],
  ['/a/:app/addons', '/a/shop/addons', '.plot canvas'],
  ['/a/:app/logs', '/a/shop/logs', '.log-row[data-id]'],
  ['/a/:app/health', '/a/media-proxy/health', '#drains'],
  ['/slo', '/slo', '.slos tbody tr'],
  ['/a/:app/slo', '/a/shop/slo', '.slos tbody tr'],
  ['/a/:app/slo/new', '/a/shop/slo/new', '.preview .plot canvas'],
  ['/a/:app/slo/:slug', '/a/shop/slo/answers', '.burned tbody tr'],
  ['/a/:app/slo/:slug/edit', '/a/shop/slo/fast/edit', '.tier-fields li'],
  ['/incidents', '/incidents', '.incident-row'],
  ['/i/:id', INCIDENT, '.plot canvas'],
  ['/alerts', '/alerts', '.rules tbody tr'],
  ['/a/:app/alerts', '/a/shop/alerts', '.rules tbody tr'],
  ['/a/:app/alerts/new', '/a/shop/alerts/new', '#ruleTitle'],
  ['/a/:app/alerts/:id', '/a/shop/alerts/r-failed', '.preview .plot canvas'],
  ['/receivers', '/receivers', '.receivers tbody tr'],
  ['/receivers/:id', '/receivers/rc-hook', '.deliveries tbody tr'],
  ['/silences', '/silences', '.card'],
  ['/on-call', '/on-call', '.schedule'],
];

let stage: Stage;
let page: Page;
beforeAll(async () => {
  stage = await setStage();
  page = await stage.open('/');
});
afterAll(() => stage.close());
afterEach(() => expect(stage.complaints.splice(0)).toEqual([]));

async function go(path: string, ready: string): Promise<void> {
  await page.goto(stage.server.url + path);
  await page.locator(ready).first().waitFor({ state: 'attached' });
}

it('every pattern of the table of routes is among these pages', () => {
  const table = readFileSync(join(import.meta.dirname, '..', '..', 'ui', 'routes.tsx'), 'utf8');
  const patterns = [...table.matchAll(/^ {2}page\('([^']+)'/gm)].map(([, pattern]) => pattern);
  expect(patterns.length).toBeGreaterThan(20);
  expect(PAGES.map(([pattern]) => pattern)).toEqual(patterns);
});

describe('any page', () => {
  it.each(PAGES)(
    '%s moves nothing, loses nothing in forced colours, and cuts nothing when text is twice as large (WCAG 1.4.4, 1.4.11, 2.2.2)',
    async (_pattern, path, ready) => {
      await go(path, ready);
      expect(await movingOf(page)).toEqual([]);
      expect(await vanishedOf(page)).toEqual([]);
      await setText(page, 200);
      const cut = await cutOf(page);
      await setText(page, 100);
      expect(cut).toEqual([]);
    },
  );

  it.each([
    ['/settings/people', '.settings h2, .settings table'],
    ['/settings/tokens', '.settings h2, .settings table'],
    ['/settings/config', '.settings h2'],
    ['/settings/you', '.settings h2'],
    ['/walls', 'main h1'],
  ])('%s passes axe in both themes and fits a phone', async (path, ready) => {
    await go(path, ready);
    const faults = await faultsOf(page);
    await page.setViewportSize({ width: 1280, height: 900 });
    expect(faults).toEqual([]);
  });
});

describe('the focus', () => {
  it.each([
    ['/', '.fleet tbody tr', 1280],
    ['/a/shop', '.plot canvas', 1280],
    [INCIDENT, '.plot canvas', 1280],
    ['/a/shop/logs', '.log-row[data-id]', 1280],
    ['/a/shop', '.plot canvas', 360],
    [INCIDENT, '.plot canvas', 360],
    ['/a/shop/logs', '.log-row[data-id]', 360],
  ])(
    '%s (%s, %i px) is marked and never hidden, there and back (WCAG 2.4.7, 2.4.11)',
    async (path, ready, width) => {
      await page.setViewportSize({ width, height: width < 500 ? 740 : 700 });
      await go(path, ready);
      const there = await walkFocus(page, 80);
      const back = await walkFocus(page, 30, 'Shift+Tab');
      await page.setViewportSize({ width: 1280, height: 900 });
      expect([...there.faults, ...back.faults]).toEqual([]);
      expect(there.stops).toBeGreaterThan(25);
    },
  );
});

/** Every key that means something by itself, and the beginnings of two. */
const LETTERS = 'jkluxceEfyt?/';

describe('single letters', () => {
  it.each([
    ['/a/shop/logs?tz=utc', '.log-row[data-id]', '#log-filter'],
    ['/receivers/rc-hook?tz=utc', '.deliveries tbody tr', 'main input[type=text], main input:not([type])'],
    ['/a/shop/alerts/new?tz=utc', '#ruleTitle', '#ruleTitle'],
  ])('%s: are text in a field (WCAG 2.1.4)', async (path, ready, field) => {
    await go(path, ready);
    const before = page.url();
    const input = page.locator(field).first();
    await input.fill('');
    await input.pressSequentially(LETTERS);
    expect(await input.inputValue()).toBe(LETTERS);
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(page.url()).toBe(before);
    await input.fill('');
  });

  it('do nothing on any of these pages once switched off, and Ctrl K still opens the list', async () => {
    await page.evaluate(() => localStorage.setItem('drainboard.keys', 'false'));
    for (const [path, ready] of [
      ['/?tz=utc', '.fleet tbody tr'],
      ['/a/shop?tz=utc', '.plot canvas'],
      ['/a/shop/logs?tz=utc', '.log-row[data-id]'],
      [`${INCIDENT}?tz=utc`, '.plot canvas'],
    ] as const) {
      await go(path, ready);
      const before = await page.evaluate(() => [location.href, document.activeElement?.tagName]);
      for (const letter of `${LETTERS}gf`) await page.keyboard.press(letter);
      expect(await page.getByRole('dialog').count(), path).toBe(0);
      expect(await page.evaluate(() => [location.href, document.activeElement?.tagName]), path).toEqual(
        before,
      );
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: /^Jump to/ }).waitFor();
      await page.keyboard.press('Escape');
    }
    await page.evaluate(() => localStorage.removeItem('drainboard.keys'));
  });
});
