import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { formatCount } from '../../ui/format.ts';
import { ADMIN, ask, overflow, type Stage, setStage } from './stage.ts';
import { buildTraffic, type Traffic } from './traffic.ts';

const VIEWER = { email: 'vic@example.com', password: 'lantern quarry oatmeal sideways' };
const PAGES = ['/', '/a/shop', '/a/shop/health', '/health', '/settings', '/setup'];

let stage: Stage;
let admin: Page;
let traffic: Traffic;
beforeAll(async () => {
  stage = await setStage();
  await stage.claim();
  admin = await stage.signIn(ADMIN);
  const made = await ask(admin, 'POST', '/api/v1/apps', { name: 'shop' });
  traffic = buildTraffic('shop', JSON.parse(made.text).drainUrl, Date.now());
  await traffic.send(Date.now() - 60_000, Date.now());
});
afterAll(async () => {
  traffic.stop();
  await stage.close();
});
afterEach(() => {
  expect(stage.complaints.splice(0)).toEqual([]);
  expect(stage.refusals.splice(0)).toEqual([]);
});

describe('signing in', () => {
  it('SEC-19 a wrong password and an unknown address are refused in the same words', async () => {
    const page = await stage.open('/sign-in', { width: 360 });
    const words: string[] = [];
    for (const email of [ADMIN.email, 'nobody@example.com']) {
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password', { exact: true }).fill('not the password at all');
      const answered = page.waitForResponse(/\/sign-in$/);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await answered;
      words.push(await page.getByRole('alert').innerText());
      expect(await overflow(page)).toBe(0);
    }
    expect(words[0]).toBe(words[1]);
    expect(words[0]).not.toBe('');
    expect(stage.refusals.splice(0)).toEqual(['401 POST /api/v1/sign-in', '401 POST /api/v1/sign-in']);
    await page.context().close();
  });

  it('everything on the way can be done with the keyboard alone', async () => {
    const page = await stage.open('/a/shop?from=now-3h&to=now');
    const { keyboard } = page;
    await page.getByRole('heading', { name: 'Sign in to Drainboard' }).waitFor();
    await expect.poll(() => focused(page), { timeout: 10_000 }).toBe('email');
    await keyboard.type(ADMIN.email);
    await keyboard.press('Tab');
    expect(await focused(page)).toBe('password');
    await keyboard.type(ADMIN.password);
    await keyboard.press('Enter');
    await page.waitForURL(/\/a\/shop\?from=now-3h&to=now$/);
    await page.locator('.plot canvas').first().waitFor();

    await keyboard.press('g');
    await keyboard.press('f');
    await page.waitForURL(`${stage.url}/?from=now-3h&to=now`);
    await page.locator('.fleet tbody tr').waitFor();
    await keyboard.press('j');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('shop');

    await keyboard.press('/');
    await page.getByRole('combobox', { name: /^Jump to/ }).waitFor();
    await keyboard.type('health');
    await keyboard.press('Enter');
    await page.waitForURL(/\/health\?/);

    await keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count(), { timeout: 10_000 }).toBe(0);

    await page.goto(`${stage.url}/a/shop`);
    await page.locator('.plot canvas').first().waitFor();
    await keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.context().close();
  });
});

describe('a viewer', () => {
  it('SEC-08 an admin lets a viewer in, who sees no control that writes', async () => {
    await admin.goto(`${stage.url}/settings/people`);
    await admin.getByLabel('First password', { exact: true }).fill(VIEWER.password);
    await admin.locator('#personEmail').fill(VIEWER.email);
    await admin.getByRole('button', { name: 'Add a person' }).click();
    await admin.locator('.toast').getByText(`${VIEWER.email} can sign in now`).waitFor();
    for (const width of [1440, 360]) {
      const page = await stage.signIn(VIEWER, { width });
      for (const path of PAGES) {
        await page.goto(stage.url + path);
        await page.locator('main h1').waitFor();
        await expect.poll(() => page.locator('.skeleton, .unloaded').count(), { timeout: 10_000 }).toBe(0);
        const controls = await page.locator('main button, main a.button').allInnerTexts();
        const writes = /Add|New drain|Remove|Rotate|Make|Revoke|Adopt|Ban|Disable/;
        expect(
          controls.filter((text) => writes.test(text)),
          path,
        ).toEqual([]);
        await expect.poll(() => overflow(page), { message: path, timeout: 10_000 }).toBe(0);
      }
      await page.context().close();
    }
  });

  it('SEC-08 is refused by the API where a page would not have asked', async () => {
    const page = await stage.signIn(VIEWER);
    const calls: [string, string, object?][] = [
      ['POST', '/apps', { name: 'other' }],
      ['POST', '/apps/shop/rotate', {}],
      ['DELETE', '/apps/shop', {}],
      ['GET', '/tokens'],
      ['POST', '/tokens', { name: 'mine', role: 'admin' }],
      ['GET', '/people'],
      ['GET', '/audit'],
    ];
    for (const [method, path, body] of calls)
      expect((await ask(page, method, `/api/v1${path}`, body)).status, `${method} ${path}`).toBe(403);
    expect(stage.refusals.splice(0).length).toBe(calls.length);
    await page.context().close();
  });
});

describe('an API token', () => {
  it('SEC-27 is shown once, works until it is revoked, and is 401 from then on', async () => {
    await admin.goto(`${stage.url}/settings/tokens`);
    const section = admin.getByRole('region', { name: 'API tokens' });
    await section.getByLabel('Name').fill('grafana');
    await section.getByRole('button', { name: 'Make a token' }).click();
    const token = (await section.locator('.once code').innerText()).trim();
    expect(token).toMatch(/^dbt_\w{20,}/);
    const headers = { authorization: `Bearer ${token}` };
    const fleet = `${stage.url}/api/v1/apps`;
    const answer = await fetch(fleet, { headers });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(await answer.json())).toContain('"shop"');
    // A token for reading widens nothing (SEC-28).
    expect((await fetch(`${stage.url}/api/v1/tokens`, { headers })).status).toBe(403);

    await admin.reload();
    await section.getByRole('row', { name: /grafana/ }).waitFor();
    expect(await admin.content()).not.toContain(token);
    await section.getByRole('button', { name: 'Revoke grafana' }).click();
    await admin.locator('.toast').getByText('Token revoked').waitFor();
    expect((await fetch(fleet, { headers })).status).toBe(401);
  });
});

describe('an open page', () => {
  it('shows new requests within 6 s, without a reload, on a desk and on a phone', async () => {
    const pages = await Promise.all(
      [1440, 360].map((width) => stage.open('/a/shop', { as: admin, width, theme: 'dark' })),
    );
    const before = traffic.sent().requests;
    const drawn: string[] = [];
    for (const page of pages) {
      await page.evaluate(() => {
        (globalThis as { sameDocument?: boolean }).sameDocument = true;
      });
      await expect.poll(() => shownRequests(page), { timeout: 8000 }).toBe(formatCount(before));
      drawn.push(await pixels(page));
    }
    await traffic.sendNow(25);
    const sentMs = performance.now();
    for (const [index, page] of pages.entries()) {
      await expect
        .poll(() => shownRequests(page), { timeout: 9000, interval: 50 })
        .toBe(formatCount(before + 25));
      expect(performance.now() - sentMs).toBeLessThan(6000);
      expect(await pixels(page)).not.toBe(drawn[index]);
      expect(await page.evaluate(() => (globalThis as { sameDocument?: boolean }).sameDocument)).toBe(true);
      await page.context().close();
    }
  });

  it('shows what came between its first answer and its live stream, though nothing comes after', async () => {
    const page = await stage.signIn(ADMIN);
    let letThrough = (): void => {};
    const mayStand = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    await page.route('**/api/v1/stream*', async (asked) => {
      await mayStand;
      await asked.continue();
    });
    await page.goto(`${stage.url}/a/shop`);
    const before = traffic.sent().requests;
    await expect.poll(() => shownRequests(page), { timeout: 8000 }).toBe(formatCount(before));
    await traffic.sendNow(7);
    await expect
      .poll(
        async () =>
          JSON.parse((await ask(page, 'GET', '/api/v1/apps/shop/overview')).text).totals.requests as number,
        { timeout: 8000 },
      )
      .toBe(before + 7);
    expect(await shownRequests(page)).toBe(formatCount(before));
    letThrough();
    await expect.poll(() => shownRequests(page), { timeout: 9000 }).toBe(formatCount(before + 7));
    await page.context().close();
  });

  it('says so when the server is gone, and has everything when it is back', async () => {
    const page = await stage.open('/a/shop', { as: admin });
    await page.locator('.plot canvas').first().waitFor();
    await stage.crash();
    await page.getByText('Reconnecting to live updates.', { exact: true }).waitFor({ timeout: 8000 });
    await stage.restart();
    await traffic.sendNow(10);
    await page
      .getByText('Reconnecting to live updates.', { exact: true })
      .waitFor({ state: 'detached', timeout: 20_000 });
    await expect
      .poll(() => shownRequests(page), { timeout: 15_000 })
      .toBe(formatCount(traffic.sent().requests));
    await page.context().close();
    // While nobody listened the browser itself complained, and nothing else may have.
    const others = stage.complaints.splice(0).filter((line) => !/net::ERR_/.test(line));
    expect(others).toEqual([]);
  });

  it('does not show less than was sent when the links to the database are cut', async () => {
    const page = await stage.open('/a/shop', { as: admin });
    await page.locator('.plot canvas').first().waitFor();
    // Nothing of its first view is under way any more: that would rightly be refused with 503.
    await page.waitForLoadState('networkidle');
    stage.cutDatabase();
    await traffic.sendNow(5);
    await expect
      .poll(() => shownRequests(page), { timeout: 15_000 })
      .toBe(formatCount(traffic.sent().requests));
    await page.context().close();
  });
});

function focused(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.activeElement?.id);
}

/** What the chart of requests looks like. */
function pixels(page: Page): Promise<string> {
  return page
    .locator('figure[aria-labelledby="chart-throughput"] canvas')
    .first()
    .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
}

/** The total over the charts of an app page. */
async function shownRequests(page: Page): Promise<string> {
  const entry = page.locator('.totals > div').filter({ has: page.locator('dt', { hasText: /^Requests$/ }) });
  return (await entry.locator('dd').innerText()).trim();
}
