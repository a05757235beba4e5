import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fleet } from '../../ui/fixtures.ts';
import { violationsOf } from './axe.ts';
import { NOW, type OpenOptions, type Stage, setStage } from './open.ts';

/** UX.md: 200 apps in at most this much script, on a quiet machine. */
const SCRIPT_BUDGET_MS = 100;
/** What a machine that does other things too may add: its caches are not ours. */
const BUSY = 3;

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => expect(stage.complaints.splice(0)).toEqual([]));

const apps = (page: Page) => page.locator('.fleet .cell-app a').allInnerTexts();
const query = (page: Page) => new URL(page.url()).search;
const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe('the fleet', () => {
  it('says what burns first, counts what is wrong, and every count shows its apps', async () => {
    const page = await stage.open('/?tz=utc');
    await page.waitForSelector('.fleet tbody tr');
    expect((await apps(page)).slice(0, 3)).toEqual(['shop', 'billing', 'search']);
    const lead = (await page.locator('.verdict-text').innerText()).replaceAll(/[\u00a0\u202f]/g, ' ');
    expect(lead).toMatch(/^shop fires since 10:24Z: 2\.3 % of requests fail, H12 ×1 \d+, v214 went out/);
    // Two activations from a row to what explains it: the code is one of them.
    expect(
      await page.locator('.fleet tr').nth(1).getByRole('link', { name: /H12/ }).getAttribute('href'),
    ).toBe('/a/shop/codes/H12?tz=utc');
    await page.getByRole('link', { name: /1 app silent/ }).click();
    expect(await apps(page)).toEqual(['billing']);
    expect(query(page)).toBe('?tz=utc&only=silent');
    await page.getByText('1 of 13 apps: silent').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await apps(page)).toHaveLength(13);
    await page.context().close();
  });

  it('sorts by a heading, the other way round, and back; Back undoes it', async () => {
    const page = await stage.open('/');
    await page.waitForSelector('.fleet tbody tr');
    const sorted = () => page.locator('.fleet th[aria-sort]').getAttribute('aria-sort');
    const heading = page.getByRole('button', { name: 'App', exact: true });
    await heading.click();
    expect([await sorted(), (await apps(page))[0], query(page)]).toEqual([
      'ascending',
      'admin-tools',
      '?sort=app',
    ]);
    await heading.press('Enter');
    expect([await sorted(), (await apps(page))[0]]).toEqual(['descending', 'webhooks']);
    await page.goBack();
    expect((await apps(page))[0]).toBe('admin-tools');
    await page.context().close();
  });

  it('groups by a label, keeps that, and editors change labels', async () => {
    const page = await stage.open('/');
    await page.waitForSelector('.fleet tbody tr');
    await page.getByLabel('Group by').selectOption('stage');
    const groups = () => page.locator('.group-row th').allInnerTexts();
    expect(await groups()).toEqual([
      'production 10 apps, 1 firing or burning',
      'staging 2 apps',
      'No stage 1 app',
    ]);
    await page.reload();
    await page.waitForSelector('.group-row');
    expect(await groups()).toHaveLength(3);
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Labels' }).click();
    const dialog = page.getByRole('dialog', { name: 'Labels' });
    await dialog.getByLabel('Team').fill('store');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Labels of new-landing saved').first().waitFor();
    expect(stage.server.calls).toContain('PUT /apps/new-landing/labels');
    expect(await violationsOf(page)).toEqual([]);
    await page.context().close();
  });

  it('keeps its order under the pointer, says that it changed, and sorts again when asked', async () => {
    let turned = false;
    const page = await stage.open('/', {
      live: true,
      init: async (context) => {
        await context.clock.install({ time: NOW });
        await context.route('**/api/v1/apps', async (route) => {
          const answer = await route.fetch();
          const body = (await answer.json()) as { apps: { app: string; failedRatioNow: number | null }[] };
          for (const row of body.apps) if (turned && row.app === 'webhooks') row.failedRatioNow = 0.4;
          await route.fulfill({ response: answer, json: body });
        });
      },
    });
    await page.waitForSelector('.fleet tbody tr');
    const before = await apps(page);
    await page.locator('.fleet tbody tr').nth(5).hover();
    turned = true;
    await page.clock.runFor(31_000);
    await page.locator('tr', { hasText: 'webhooks' }).locator('.state-critical').waitFor();
    expect(await apps(page)).toEqual(before);
    await page.getByRole('button', { name: /order has changed/ }).click();
    expect((await apps(page)).slice(0, 2)).toEqual(['shop', 'webhooks']);
    await page.context().close();
  });

  it('a row is walked to with j and heard as a sentence', async () => {
    const page = await stage.open('/');
    await page.waitForSelector('.fleet tbody tr');
    await page.keyboard.press('j');
    const said = await page.evaluate(() => {
      const id = document.activeElement
        ?.closest('tr')
        ?.querySelector('.cell-app a')
        ?.getAttribute('aria-describedby');
      return document.getElementById(id ?? '')?.textContent ?? '';
    });
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/a\/shop$/);
    await page.goBack();
    await page.waitForSelector('.fleet tbody tr');
    expect(said).toMatch(/^firing in production: 1 incident open; .* requests a minute; .* fail, up from/);
    await page.context().close();
  });

  it.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 360],
    ['dark', 360],
  ] as const)('has nothing that axe objects to, and fits: %s, %i px', async (theme, width) => {
    const page = await stage.open('/', { theme, width });
    await page.waitForSelector('.fleet tbody tr');
    expect(await violationsOf(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
    await page.context().close();
  });

  it('shows 200 apps with little script (100 ms on a quiet machine)', async () => {
    const runs: number[] = [];
    // Time of the thread, not of the clock; what else the machine does only ever adds to it.
    while (runs.length < 3 && Math.min(...runs) > SCRIPT_BUDGET_MS) runs.push(await scriptOf200());
    console.log(`script for the first view of 200 apps: ${runs.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    expect(Math.min(...runs)).toBeLessThanOrEqual(BUSY * SCRIPT_BUDGET_MS);
  });
});

describe('objectives that could not be loaded', () => {
  const broken = { status: 500, contentType: 'application/problem+json', body: '{"detail":"Out of order"}' };
  const slos = (url: URL) => url.pathname === '/api/v1/slos';
  const openWith = (path: string, more: OpenOptions = {}) =>
    stage.open(path, {
      ...more,
      live: true,
      init: async (context) => {
        await context.clock.install({ time: NOW });
        await more.init?.(context);
      },
    });

  it('R-05 are said to be unknown, leave nothing green, and are told as soon as they are there', async () => {
    const page = await openWith('/?tz=utc', {
      cookies: { fleet: 'calm' },
      init: (context) => context.route(slos, (route) => route.fulfill(broken)),
    });
    await page.getByText('Objectives could not be loaded').waitFor();
    expect(await page.locator('.verdict-head').innerText()).toContain('Half known');
    expect(await page.locator('.verdict .state-ok, .verdict .glyph-ok').count()).toBe(0);
    const burning = page.locator('.strip-tile').filter({ hasText: 'apps burn' });
    expect(await burning.locator('.glyph-ok').count()).toBe(0);
    expect(await page.locator('.cell-slo').nth(1).innerText()).toBe('not known');
    expect(await violationsOf(page)).toEqual([]);
    await page.context().unroute(slos);
    await page.clock.runFor(31_000);
    await page.locator('.verdict .state-ok').waitFor();
    expect(await page.getByText('Objectives could not be loaded').count()).toBe(0);
    await page.context().close();
    stage.complaints.splice(0);
  });

  it('R-05 on the wall: budgets of before are hatched and dated, and the head is not green', async () => {
    let isBroken = false;
    const page = await openWith('/?wall=1&tz=utc', {
      cookies: { role: 'wall', fleet: 'calm' },
      width: 1920,
      init: (context) =>
        context.route(slos, async (route) => {
          if (isBroken) return route.fulfill(broken);
          const body = await (await route.fetch()).text();
          return route.fulfill({ body: body.replaceAll('"checkout-api"', '"service-1"') });
        }),
    });
    await page.locator('.wall-head .state-ok').waitFor();
    await page.locator('.wall-budget .budget').waitFor();
    const hatched = () => page.locator('.wall-budget .budget-doubtful').count();
    expect(await hatched()).toBe(0);
    isBroken = true;
    await page.clock.runFor(31_000);
    await page.locator('.wall-head').getByText('budgets and burns are those of 10:42Z').waitFor();
    expect(await page.locator('.wall-head .state-ok').count()).toBe(0);
    expect(await hatched()).toBe(1);
    // That the others had no objective is known as of then.
    expect(await page.locator('.wall-budget').getByText('not known').count()).toBe(0);
    await page.context().close();
    stage.complaints.splice(0);
  });
});

async function scriptOf200(): Promise<number> {
  const page = await stage.open('/favicon.svg', { cookies: { fleet: 'big' }, live: true });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(`${stage.server.url}/`);
  await page.waitForSelector('.fleet tbody tr:nth-child(200)');
  const { metrics } = await devtools.send('Performance.getMetrics');
  await page.context().close();
  return (metrics.find((metric) => metric.name === 'ScriptDuration')?.value ?? Number.NaN) * 1000;
}

describe('the wall', () => {
  it('opens by its link, takes the secret out of the address, and has nothing to press', async () => {
    const page = await stage.open('/?wall=1#dbw_fixture', { cookies: { role: 'none' }, width: 1920 });
    await page.waitForSelector('.wall-table tbody tr');
    expect(page.url()).toBe(`${stage.server.url}/?wall=1`);
    expect(await page.locator('.wall').locator('a, button, input, select').count()).toBe(0);
    const clock = (await page.locator('.wall-clock').innerText()).replaceAll('\u00a0', ' ');
    expect(clock).toMatch(/11:42:03 CET\s+20 Nov · data 2 s old/);
    expect(await violationsOf(page)).toEqual([]);
    await page.reload();
    await page.waitForSelector('.wall-table tbody tr');
    await page.context().close();
    stage.complaints.splice(0);
  });

  it('says so where a link is missing or revoked', async () => {
    const page = await stage.open('/?wall=1#dbw_revoked', { cookies: { role: 'none' } });
    await page.getByText('This link does not work.').first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.context().close();
    stage.complaints.splice(0);
  });

  it('turns pages while what burns stays, and tells when what it shows is old, until it is new again', async () => {
    const page = await stage.open('/?wall=1', {
      cookies: { role: 'wall', fleet: 'big' },
      live: true,
      theme: 'dark',
      init: (context) => context.clock.install({ time: NOW }),
    });
    await page.waitForSelector('.wall-table tbody tr');
    const shown = () => page.locator('.wall-table tbody th').allInnerTexts();
    const first = await shown();
    expect(first[0]).toContain('shop');
    expect(await overflow(page)).toBe(0);
    await page.clock.runFor(13_000);
    const second = await shown();
    expect(second[0]).toBe(first[0]);
    expect(second.at(-1)).not.toBe(first.at(-1));
    expect(await violationsOf(page)).toEqual([]);
    const old = page.locator('.wall-stale');
    await page.context().setOffline(true);
    await page.clock.runFor(75_000);
    await old.getByText(/old\. Trying to reach Drainboard/).waitFor();
    expect(await shown()).not.toEqual([]);
    await page.context().setOffline(false);
    await page.clock.runFor(20_000);
    await old.waitFor({ state: 'detached' });
    await page.context().close();
    stage.complaints.splice(0);
  });

  it('its links are made, shown once and revoked by admins', async () => {
    const page = await stage.open('/walls');
    await page.getByLabel('Where it hangs').fill('Lobby');
    await page.getByRole('button', { name: 'Make a link' }).click();
    await page.getByText('https://drains.example.com/?wall=1#dbw_fixture').waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.context().close();
  });
});

describe('a newer server', () => {
  it('is told of once its pages are others than those of this tab, and the tab loads them when asked', async () => {
    const page = await stage.open('/walls', {
      live: true,
      init: async (context) => {
        await context.clock.install({ time: NOW });
        await context.route(
          (url) => url.pathname === '/',
          (route) => route.fulfill({ body: '<script src="/assets/index-newer.js"></script>' }),
        );
      },
    });
    await page.getByRole('heading', { name: 'Wallboards' }).waitFor();
    const told = page.getByText('Drainboard has been updated.');
    expect(await told.count()).toBe(0);
    await page.clock.fastForward(11 * 60_000);
    await told.waitFor();
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Reload' }).click()]);
    await page.context().close();
    stage.complaints.splice(0);
  });
});

describe('the palette, the keys and the link', () => {
  it('finds pages, codes, releases, objectives, incidents and actions; what was used lately comes first', async () => {
    const page = await stage.open('/a/shop/health');
    await page.getByRole('heading', { name: 'Drain health' }).waitFor();
    const first = page.locator('.palette-item').first();
    const field = page.getByRole('combobox');
    const found: string[] = [];
    await page.keyboard.press('Control+k');
    for (const text of ['h12', 'v214', 'dark theme', 'incidents of shop', 'shop answers', 'fle']) {
      await field.fill(text);
      await first.waitFor();
      found.push((await first.innerText()).replace('\n', ' | '));
    }
    expect(found).toEqual([
      'H12 on shop | code',
      'v214 of shop | release',
      'Dark theme | action',
      'Incidents of shop | page',
      'Shop answers (shop) | SLO',
      'Fleet | page',
    ]);
    expect(await violationsOf(page)).toEqual([]);
    await field.fill('utc');
    await page.keyboard.press('Enter');
    await page.waitForURL(/tz=utc/);
    await page.keyboard.press('Control+k');
    await page.locator('.palette-item').nth(1).getByText('shop').waitFor();
    expect(await first.innerText()).toContain('zone of this browser');
    await page.context().close();
  });

  it('lead to logs and dynos, can be changed and are kept; a taken key is refused', async () => {
    const page = await stage.open('/a/shop/health');
    await page.getByRole('heading', { name: 'Drain health' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('button', { name: 'Change keys' }).click();
    const field = page.getByLabel('Keys for UTC or browser zone');
    await field.fill('k');
    await page.getByText('k is taken: row before').waitFor();
    await field.fill('p');
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('heading', { name: 'Drain health' }).waitFor();
    await page.keyboard.press('u');
    await page.keyboard.press('p');
    await page.waitForURL(/tz=utc/);
    await page.keyboard.press('g');
    await page.keyboard.press('l');
    await page.waitForURL(/\/a\/shop\/logs\?tz=utc/);
    await page.context().close();
  });

  it('a copied link shows the same to somebody else tomorrow: UTC instants', async () => {
    const page = await stage.open('/a/shop/health', {
      init: (context) => context.grantPermissions(['clipboard-read', 'clipboard-write']),
    });
    await page.getByRole('button', { name: 'Copy link' }).click();
    await page.locator('.toast').getByText('Link copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      `${stage.server.url}/a/shop/health?from=2026-11-20T09:42:03Z&to=2026-11-20T10:42:03Z&tz=utc`,
    );
    await page.context().close();
  });

  it('so does that of a page that has a range only when its address carries one', async () => {
    const page = await stage.open('/a/shop/slo/answers', {
      init: (context) => context.grantPermissions(['clipboard-read', 'clipboard-write']),
    });
    const copied = async () => {
      await page.keyboard.press('y');
      await page.locator('.toast').getByText('Link copied').waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    };
    await page.waitForSelector('.burned tbody tr');
    expect(await copied()).toBe(`${stage.server.url}/a/shop/slo/answers`);
    await page.getByRole('button', { name: '6h', exact: true }).click();
    await page.waitForURL(/from=now-6h/);
    await expect
      .poll(copied)
      .toBe(
        `${stage.server.url}/a/shop/slo/answers?from=2026-11-20T04:42:03Z&to=2026-11-20T10:42:03Z&tz=utc`,
      );
    await page.context().close();
  });
});

describe('the range box', () => {
  it('offers the time since the last release of the app one is on, not of one that was looked at before', async () => {
    const releases = new Map(fleet(NOW).apps.map(({ app, lastRelease }) => [app, lastRelease?.atMs ?? 0]));
    expect(releases.get('search')).not.toBe(releases.get('shop'));
    const page = await stage.open('/a/shop/releases/213?tz=utc');
    await page.getByRole('heading', { name: 'v213' }).waitFor();
    const press = async (keys: string) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    for (const app of ['shop', 'search']) {
      if (app === 'search') {
        await press('gf');
        await page.locator('.cell-app').getByRole('link', { name: app, exact: true }).click();
        await page.waitForSelector('.plot canvas');
      }
      await press('gd');
      await page.waitForSelector('.dyno-table tbody tr');
      await page.getByRole('button', { name: /^Time range/ }).click();
      await page.getByRole('button', { name: 'Since last release' }).click();
      const since = new Date(releases.get(app) ?? 0).toISOString().slice(0, 16);
      expect(decodeURIComponent(page.url())).toContain(`from=${since}`);
    }
    await page.context().close();
  });

  it('t does nothing on a page without a range, nor does the panel follow to another page', async () => {
    const page = await stage.open('/incidents');
    await page.waitForSelector('.incident-row');
    await page.keyboard.press('t');
    // The key waits for a second one.
    await page.waitForTimeout(700);
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    await page.locator('.cell-app').getByRole('link', { name: 'shop', exact: true }).click();
    await page.waitForSelector('.plot canvas');
    const panel = page.getByRole('dialog', { name: 'Time range' });
    expect(await panel.count()).toBe(0);
    await page.keyboard.press('t');
    await panel.waitFor();
    await panel.getByRole('button', { name: 'Zoom out' }).focus();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.waitForSelector('.dyno-table tbody tr');
    expect(await panel.count()).toBe(0);
    await page.context().close();
  });
});
