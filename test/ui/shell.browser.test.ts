import type { Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FleetAnswer } from '../../api/contract/apps.ts';
import { NOW, type OpenOptions, type Stage, setStage } from './open.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => expect(stage.complaints.splice(0)).toEqual([]));

const path = (page: Page) => new URL(page.url()).pathname + new URL(page.url()).search;

describe('signing in and out', () => {
  it('SEC-26 comes back to the page that asked, after a refused try', async () => {
    const page = await stage.open('/a/shop?from=now-3h&to=now&tz=utc', { cookies: { role: 'none' } });
    await page.waitForURL(/\/sign-in\?next=/);
    await page.getByLabel('E-mail').fill('kim@example.com');
    await page.getByLabel('Password', { exact: true }).fill('wrong password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('do not belong together').waitFor();
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForSelector('.plot canvas');
    expect(path(page)).toBe('/a/shop?from=now-3h&to=now&tz=utc');
    stage.complaints.splice(0);
    await page.locator('.menu summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Drainboard' }).waitFor();
    await page.context().close();
  });

  it('leads to sign-in when a session has ended meanwhile', async () => {
    const page = await stage.open('/');
    await page.waitForSelector('.fleet tbody tr');
    await page.context().addCookies([{ name: 'role', value: 'none', url: stage.server.url }]);
    await page.getByRole('rowheader').getByRole('link', { name: 'shop', exact: true }).click();
    await page.waitForURL(/\/sign-in\?next=%2Fa%2Fshop/);
    await page.context().close();
    stage.complaints.splice(0);
  });
});

describe('what is grave', () => {
  it('SEC-24 asks for the password again, then goes on with what was asked for', async () => {
    const page = await stage.open('/settings');
    await page.getByRole('button', { name: 'Remove billing' }).click();
    await page.getByLabel('Type billing').fill('billing');
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    const again = page.getByRole('dialog', { name: 'Confirm your password' });
    await again.getByLabel('Password', { exact: true }).fill('wrong');
    await again.getByRole('button', { name: 'Confirm' }).click();
    await again.getByText('That is not your password.').waitFor();
    await again.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await again.getByRole('button', { name: 'Confirm' }).click();
    await page.locator('.toast').getByText('billing removed').waitFor();
    expect(stage.server.calls.filter((call) => call.startsWith('DELETE /apps/billing')).length).toBe(2);
    await page.context().close();
    stage.complaints.splice(0);
  });
});

describe('the first minutes', () => {
  it('claims the instance, adds an app, shows the commands once and ticks', async () => {
    const page = await stage.open('/', { cookies: { setup: '1' }, live: true });
    await page.waitForURL(/\/setup$/);
    await page.getByLabel('Set-up token').fill('nope');
    await page.getByLabel('Your e-mail').fill('kim@example.com');
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Claim this instance' }).click();
    await page.getByText('This is not the set-up token of this instance.').waitFor();
    stage.complaints.splice(0);
    await page.getByLabel('Set-up token').fill('let-me-in');
    await page.getByRole('button', { name: 'Claim this instance' }).click();
    await page.getByLabel('Heroku app').fill('new-landing');
    await page.getByRole('button', { name: 'Add app' }).click();
    await page.getByText('heroku drains:add "https://new-landing:').first().waitFor();
    await page.locator('.checklist li').first().waitFor();
    const asked = () => stage.server.calls.filter((call) => call.includes('/checklist')).length;
    const before = asked();
    await expect.poll(asked, { timeout: 8000 }).toBeGreaterThan(before + 1);
    await page.reload();
    await page.getByText('The commands were shown when the app was added.').waitFor();
    expect(await page.locator('main').innerText()).not.toContain('drains:add "https');
    await page.context().close();
  });
});

describe('the time range', () => {
  it('understands what is typed and says so before it is applied', async () => {
    const page = await stage.open('/a/shop?tz=utc');
    await page.waitForSelector('.plot canvas');
    await page.getByRole('button', { name: /Time range: Last hour/ }).click();
    const field = page.getByLabel('Span, time, or range');
    await field.fill('around 10:20 ± 15m');
    await page.getByText('20 Nov 10:05–10:35 UTC').waitFor();
    await page.keyboard.press('Enter');
    expect(path(page)).toBe('/a/shop?tz=utc&from=2026-11-20T10:05:00Z&to=2026-11-20T10:35:00Z');
    await page.getByRole('button', { name: /Time range: 20 Nov 10:05–10:35/ }).waitFor();
    await page.context().close();
  });

  it('says what is not understood', async () => {
    const page = await stage.open('/a/shop');
    await page.getByRole('button', { name: /Time range/ }).click();
    await page.getByLabel('Span, time, or range').fill('tomorrow-ish');
    await page.getByText('Not understood.').waitFor();
    expect(await page.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.context().close();
  });

  it('asks the server for the range, the step and the filters of the URL', async () => {
    const page = await stage.open(
      '/a/shop?from=2026-11-20T10:00:00Z&to=2026-11-20T10:30:00Z&proc=web&dyno=web.2',
    );
    await page.waitForSelector('.plot canvas');
    const call = stage.server.calls.findLast((one) => one.includes('/overview')) ?? '';
    const query = new URLSearchParams(call.split('?')[1]);
    expect(Object.fromEntries(query)).toEqual({
      from: String(Date.parse('2026-11-20T10:00:00Z')),
      to: String(Date.parse('2026-11-20T10:30:00Z')),
      step: '10',
      proc: 'web',
      dyno: 'web.2',
    });
    await page.context().close();
  });

  it('carries range and zone along to other pages, and nothing else', async () => {
    const page = await stage.open('/a/shop?from=now-3h&to=now&tz=utc&dyno=web.2&pin=1795171200');
    await page.waitForSelector('.plot canvas');
    await page.getByRole('link', { name: 'H12', exact: true }).click();
    await page.getByRole('heading', { name: 'H12 Request timeout' }).waitFor();
    expect(path(page)).toBe('/a/shop/codes/H12?from=now-3h&to=now&tz=utc');
    await page.context().close();
  });
});

describe('keys', () => {
  it('go where the help says, and stay quiet while someone types', async () => {
    const page = await stage.open('/a/shop');
    await page.waitForSelector('.plot canvas');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByText('pin the cursor').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('u');
    expect(path(page)).toBe('/a/shop?tz=utc');
    await page.keyboard.press('t');
    await page.keyboard.press('ArrowLeft');
    await page.waitForURL(/from=2026-11-20T/);
    await page.keyboard.press('l');
    await page.waitForURL((now) => !now.search.includes('from='));
    await page.keyboard.press('/');
    await page.getByRole('combobox', { name: /^Jump to/ }).fill('uuu');
    expect(path(page)).toBe('/a/shop?tz=utc');
    await page.getByRole('combobox', { name: /^Jump to/ }).fill('chec');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/a\/checkout-api\?tz=utc/);
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    await page.waitForSelector('.fleet tbody tr');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('billing');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/a\/billing/);
    await page.context().close();
  });

  it('can be switched off, and Ctrl-K works all the same (WCAG 2.1.4)', async () => {
    const page = await stage.open('/settings/you');
    await page.getByLabel(/Single-letter keys are on/).uncheck();
    await page.locator('h1').click();
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /^Jump to/ }).waitFor();
    await page.context().close();
  });
});

describe('live', () => {
  it('refetches at ticks of its app, at most every 5 s, and does not flash', async () => {
    const page = await stage.open('/a/shop', { live: true });
    await page.waitForSelector('.plot canvas');
    const asked = () => stage.server.calls.filter((call) => call.includes('/apps/shop/overview')).length;
    const before = asked();
    for (let tick = 0; tick < 10; tick++) {
      stage.server.emit('tick', { app: 'shop', atMs: NOW, dataThroughMs: NOW, messages: 100 });
      await page.waitForTimeout(100);
    }
    expect(asked() - before).toBeLessThanOrEqual(1);
    await expect.poll(() => asked() - before, { timeout: 8000 }).toBe(1);
    expect(await page.locator('.skeleton').count()).toBe(0);
    expect(stage.server.openStreams()).toBe(1);
    await page.context().close();
  });

  it('holds new data while someone reads a chart', async () => {
    const page = await stage.open('/a/shop', { live: true });
    await page.waitForSelector('.plot canvas');
    await page.locator('.plot').first().hover();
    await page.getByRole('button', { name: 'Held while you read' }).waitFor();
    await page.mouse.move(5, 5);
    await page.getByRole('button', { name: 'Live', exact: true }).waitFor();
    await page.context().close();
  });

  it('says when the stream is away for 5 s, comes back by itself and fetches what was missed', async () => {
    const page = await stage.open('/a/shop', { live: true });
    await page.waitForSelector('.plot canvas');
    await page.route('**/api/v1/stream**', (route) => route.abort());
    stage.server.dropStreams();
    await page.locator('.notice').getByText('Reconnecting to live updates').waitFor({ timeout: 15_000 });
    const before = stage.server.calls.filter((call) => call.includes('/overview')).length;
    await page.unroute('**/api/v1/stream**');
    await page
      .locator('.notice')
      .getByText('Reconnecting to live updates')
      .waitFor({ state: 'detached', timeout: 25_000 });
    await expect
      .poll(() => stage.server.calls.filter((call) => call.includes('/overview')).length, { timeout: 10_000 })
      .toBeGreaterThan(before);
    stage.complaints.splice(0);
    await page.context().close();
  });
});

/** Lets the page's time pass by hand. */
const byHand: OpenOptions = { live: true, init: (context) => context.clock.install({ time: NOW }) };
const callsOf = (part: string) => stage.server.calls.filter((call) => call.includes(part)).length;

describe('a range from an instant until now', () => {
  it.each(['from=2026-11-20T10:00:00Z&to=now', 'from=gestern&to=now'])(
    'an objective is asked for once in a while, and shown: %s',
    async (range) => {
      const page = await stage.open(`/a/shop/slo/answers?${range}&tz=utc`, { live: true });
      await page.locator('.burned tbody tr').first().waitFor();
      const before = callsOf('/apps/shop/slos/answers');
      await page.waitForTimeout(2500);
      expect(callsOf('/apps/shop/slos/answers') - before).toBeLessThanOrEqual(2);
      expect(await page.locator('.stale').count()).toBe(0);
      await page.context().close();
    },
  );

  it('a pin or the zone in the address is no other range: nothing is fetched', async () => {
    const page = await stage.open('/a/shop/codes/H12?from=2026-11-20T10:00:00Z&to=now');
    await page.waitForSelector('.plot canvas');
    const before = callsOf('/codes/H12');
    await page.keyboard.press('u');
    await page.waitForURL(/tz=utc/);
    await page.waitForTimeout(300);
    expect(callsOf('/codes/H12')).toBe(before);
    await page.context().close();
  });
});

describe('answers that are slow', () => {
  it('are waited for, however often the page would ask, and what was asked meanwhile is made up for once', async () => {
    const page = await stage.open('/a/shop', byHand);
    await page.waitForSelector('.plot canvas');
    await expect.poll(() => stage.server.openStreams()).toBeGreaterThan(0);
    const { held, givenUp, release } = await hold(page);
    for (let round = 0; round < 3; round++) {
      stage.server.emit('tick', { app: 'shop', atMs: NOW, dataThroughMs: NOW, messages: 100 });
      await page.waitForTimeout(30);
      await page.clock.runFor(6000);
    }
    expect([held.length, givenUp.length]).toEqual([1, 0]);
    const before = callsOf('/apps/shop/overview');
    await release();
    await expect.poll(() => callsOf('/apps/shop/overview') - before).toBe(2);
    await page.waitForTimeout(200);
    expect(callsOf('/apps/shop/overview') - before).toBe(2);
    await page.context().close();
  });

  it('leave old data on the page after a sleep: it is dimmed and its age is told until they come', async () => {
    const page = await stage.open('/a/shop', byHand);
    await page.waitForSelector('.plot canvas');
    const { release } = await hold(page);
    await page.clock.fastForward(600_000);
    await page.clock.runFor(2000);
    await page.getByText(/Showing what was loaded 10.min/).waitFor();
    expect(await page.locator('.stale .plot canvas').count()).toBeGreaterThan(3);
    await release();
    await page.locator('.stale').waitFor({ state: 'detached' });
    expect(await page.getByText(/Showing what was loaded/).count()).toBe(0);
    await page.context().close();
  });

  it('about the range it is compared with are waited for, too', async () => {
    const page = await stage.open('/a/shop?cmp=prev', byHand);
    await page.waitForSelector('.plot canvas');
    await expect.poll(() => stage.server.openStreams()).toBeGreaterThan(0);
    await expect.poll(() => callsOf('metric=p95')).toBeGreaterThan(0);
    await page.waitForTimeout(200);
    const { held, givenUp, release } = await hold(page, '**/series?**');
    const before = callsOf('/apps/shop/overview');
    for (let round = 0; round < 3; round++) {
      stage.server.emit('tick', { app: 'shop', atMs: NOW, dataThroughMs: NOW, messages: 100 });
      await page.waitForTimeout(30);
      await page.clock.runFor(6000);
      await page.waitForTimeout(100);
    }
    expect(callsOf('/apps/shop/overview') - before).toBeGreaterThan(1);
    expect([held.length, givenUp.length]).toEqual([2, 0]);
    await release();
    await page.context().close();
  });

  it('are waited for on a wall, and where a stream tells of incidents', async () => {
    const wall = await stage.open('/?wall=1', { ...byHand, cookies: { role: 'wall' } });
    await wall.waitForSelector('.wall-table tbody tr');
    const fleet = await hold(wall, '**/api/v1/apps');
    await wall.clock.runFor(35_000);
    // Given up after 20 s without an answer, never for the next turn.
    expect(fleet.held.length).toBeLessThanOrEqual(2);
    expect(fleet.givenUp.length).toBeLessThan(fleet.held.length);
    await wall.context().close();
    const page = await stage.open('/incidents', { live: true });
    await page.locator('.incident-row').first().waitFor();
    await expect.poll(() => stage.server.openStreams()).toBeGreaterThan(0);
    const list = await hold(page, '**/api/v1/incidents?**');
    for (let told = 1; told <= 4; told++) {
      const open = { page: told, ticket: 0, info: 0 };
      stage.server.emit('alerts', { open, unacknowledged: told, changedAtMs: NOW + told });
      await page.waitForTimeout(80);
    }
    expect([list.held.length, list.givenUp.length]).toEqual([1, 0]);
    await page.context().close();
  });

  it('of another range are given up for it at once', async () => {
    const page = await stage.open('/a/shop', { live: true });
    await page.waitForSelector('.plot canvas');
    const { held, givenUp } = await hold(page);
    for (const asked of [1, 2]) {
      await page.keyboard.press('t');
      await page.keyboard.press('-');
      await expect.poll(() => held.length).toBe(asked);
    }
    await expect.poll(() => givenUp.length).toBe(1);
    expect(givenUp[0]).toBe(held[0]?.request().url());
    await page.context().close();
  });

  /** Keeps calls from being answered; tells which of them the page gave up on. */
  async function hold(page: Page, which = '**/overview?**') {
    let isHeld = true;
    const held: Route[] = [];
    const givenUp: string[] = [];
    page.on('requestfailed', (request) => {
      if (held.some((route) => route.request() === request)) givenUp.push(request.url());
    });
    await page.route(which, (route) => (isHeld ? void held.push(route) : route.continue()));
    async function release() {
      isHeld = false;
      for (const route of held) await route.continue();
    }
    return { held, givenUp, release };
  }
});

describe('a failed answer about a range that has ended', () => {
  const ENDED = 'from=2026-11-20T10:00:00Z&to=2026-11-20T10:30:00Z&tz=utc';

  it.each([
    ['an app', `/a/shop?${ENDED}`, '.plot canvas'],
    ['a code', `/a/shop/codes/H12?${ENDED}`, '.plot canvas'],
    ['logs', `/a/shop/logs?${ENDED}`, '.log-row[data-id]'],
  ])('comes by itself once the server is well: %s', async (_, where, ready) => {
    const page = await stage.open(where, { ...byHand, cookies: { fail: '1' } });
    await page.getByRole('alert').getByText('Could not load').waitFor();
    await page.context().clearCookies();
    await page.clock.runFor(11_000);
    await page.locator(ready).first().waitFor();
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('comes at once when the live stream stands again', async () => {
    const page = await stage.open(`/a/shop?${ENDED}`, { ...byHand, cookies: { fail: '1' } });
    await page.getByRole('alert').getByText('Could not load').waitFor();
    await expect.poll(() => stage.server.openStreams()).toBeGreaterThan(0);
    await page.context().clearCookies();
    stage.server.dropStreams();
    await page.waitForTimeout(50);
    await page.clock.runFor(1600);
    await page.waitForSelector('.plot canvas');
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('the table of codes comes though its first try failed, without the tab being left', async () => {
    let tries = 0;
    const page = await stage.open(`/a/shop?${ENDED}`, {
      live: true,
      async init(context) {
        await context.clock.install({ time: NOW });
        await context.route('**/api/v1/codes', (route) =>
          tries++ === 0 ? route.fulfill({ status: 500, body: '' }) : route.continue(),
        );
      },
    });
    await page.waitForSelector('.plot canvas');
    expect(tries).toBe(1);
    await page.clock.runFor(11_000);
    await expect.poll(() => tries).toBe(2);
    await page.clock.runFor(11_000);
    expect(tries).toBe(2);
    stage.complaints.splice(0);
    await page.context().close();
  });
});

describe('live lines after a failed try', () => {
  const bar = (page: Page) => page.locator('.log-bar');
  const tailsOpen = (count: number) => expect.poll(() => stage.server.tails.open()).toBe(count);

  /** Asks for other lines than those shown, which the server fails to give. */
  async function askInVain(page: Page) {
    await page.context().addCookies([{ name: 'fail', value: '1', url: stage.server.url }]);
    await page.locator('.log-plain .tok[data-field="dyno"]').last().click();
    await page.getByRole('button', { name: 'Only lines with it' }).click();
    await page.getByText('Showing what was loaded last.').waitFor();
  }

  it('are not said to come while none are listened to, and come again by themselves', async () => {
    const page = await stage.open('/a/shop/logs?tz=utc', byHand);
    await page.locator('.log-row[data-id]').last().waitFor();
    await bar(page).getByText('Live').waitFor();
    await tailsOpen(1);
    await askInVain(page);
    await tailsOpen(0);
    await bar(page).getByText('Not live: the newest lines could not be fetched').waitFor();
    expect(await bar(page).locator('.live-dot').count()).toBe(0);
    await page.context().clearCookies();
    await page.clock.runFor(11_000);
    await tailsOpen(1);
    await bar(page).locator('.live-dot').waitFor();
    expect(await page.getByText('Showing what was loaded last.').count()).toBe(0);
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('wait while somebody reads what there is; Resume asks for them', async () => {
    const page = await stage.open('/a/shop/logs?tz=utc', byHand);
    await page.locator('.log-row[data-id]').last().waitFor();
    await tailsOpen(1);
    await askInVain(page);
    await bar(page).getByRole('button', { name: 'Pause' }).click();
    await bar(page).getByText('Resume asks for them again').waitFor();
    await page.context().clearCookies();
    const asked = () => stage.server.calls.filter((call) => call.startsWith('GET /apps/shop/logs?')).length;
    const before = asked();
    await page.clock.runFor(25_000);
    expect(asked()).toBe(before);
    await bar(page)
      .getByRole('button', { name: /Resume/ })
      .click();
    await bar(page).locator('.live-dot').waitFor();
    await tailsOpen(1);
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('older lines that were on their way can be asked for again', async () => {
    const page = await stage.open('/a/shop/logs?tz=utc', { live: true });
    await page.locator('.log-row[data-id]').last().waitFor();
    let older = 0;
    await page.route('**/logs?**before=**', () => void older++);
    const toTop = () => page.locator('.log-box').evaluate((element) => element.scrollTo(0, 0));
    await toTop();
    await expect.poll(() => older).toBe(1);
    await askInVain(page);
    await page.locator('.log-box').evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.waitForTimeout(100);
    await toTop();
    await expect.poll(() => older).toBe(2);
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('reading the chart of lines asks for nothing', async () => {
    const page = await stage.open('/a/shop/logs?tz=utc');
    await page.locator('.plot canvas').first().waitFor();
    await expect.poll(() => callsOf('/logs/patterns')).toBeGreaterThan(0);
    await page.waitForTimeout(200);
    const before = callsOf('/logs/patterns');
    for (let time = 0; time < 3; time++) {
      await page.locator('.plot').first().hover();
      await page.waitForTimeout(50);
      await page.mouse.move(5, 5);
      await page.waitForTimeout(50);
    }
    expect(callsOf('/logs/patterns')).toBe(before);
    await page.context().close();
  });
});

it('the fleet is fetched for what a stream says beside lines that arrive', async () => {
  const page = await stage.open('/', byHand);
  await page.waitForSelector('.fleet tbody tr');
  await expect.poll(() => stage.server.openStreams()).toBeGreaterThan(0);
  const fleets = () => stage.server.calls.filter((call) => call === 'GET /apps').length;
  stage.server.emit('tick', { app: 'shop', atMs: NOW, dataThroughMs: NOW, messages: 100 });
  await page.waitForTimeout(50);
  await page.clock.runFor(10_500);
  const before = fleets();
  stage.server.emit('event', {});
  await page.waitForTimeout(50);
  await page.clock.runFor(10_500);
  await expect.poll(fleets).toBe(before + 1);
  await page.context().close();
});

/** From now on the fleet says that the drain of an app fell silent at a moment of its hour. */
async function silence(page: Page, app: string, throughMs: number) {
  await page.route('**/api/v1/apps', async (route) => {
    const response = await route.fetch();
    const fleet = (await response.json()) as FleetAnswer;
    for (const row of fleet.apps)
      if (row.app === app) row.health = { ...row.health, state: 'silent', dataThroughMs: throughMs };
    await route.fulfill({ response, json: fleet });
  });
}

describe('the header beside a range that has ended', () => {
  const ENDED = 'from=2026-11-20T10:00:00Z&to=2026-11-20T10:10:00Z&tz=utc';

  it.each(['/a/shop', '/a/shop/codes/H12', '/a/shop/dynos'])(
    'says within half a minute that the drain fell silent: %s',
    async (where) => {
      const page = await stage.open(`${where}?${ENDED}`, byHand);
      const pill = page.locator('.pill');
      await page.waitForSelector('.verdict');
      await pill.getByText(/data through\s*10:4\d:\d\dZ/).waitFor();
      await silence(page, 'shop', NOW - 12 * 60_000);
      await page.clock.runFor(31_000);
      await pill.getByText(/silent for 12.min/).waitFor();
      expect(await page.locator('.pill-critical').count()).toBe(1);
      await page.context().close();
    },
  );

  it('is not sure without a network, and says how old it is', async () => {
    const page = await stage.open(`/a/checkout-api?${ENDED}`, byHand);
    await page.waitForSelector('.plot canvas');
    await expect.poll(() => stage.server.openStreams()).toBeGreaterThan(0);
    expect(await page.locator('.pill .glyph-ok').count()).toBe(1);
    await page.context().setOffline(true);
    stage.server.dropStreams();
    await page.waitForTimeout(50);
    await page.clock.runFor(6000);
    await page
      .locator('.pill')
      .getByText(/nothing newer than\s*10:4\d:\d\dZ/)
      .waitFor();
    expect(await page.locator('.pill .glyph-ok').count()).toBe(0);
    await page.context().setOffline(false);
    stage.complaints.splice(0);
    await page.context().close();
  });

  it('drain health goes on being asked for', async () => {
    const page = await stage.open(`/a/shop/health?${ENDED}`, byHand);
    await page.locator('#drains').waitFor();
    const before = callsOf('/apps/shop/health');
    await page.clock.runFor(5500);
    await expect.poll(() => callsOf('/apps/shop/health')).toBeGreaterThan(before);
    await page.context().close();
  });

  it.each([360, 320])(
    'on a phone of %i px the whole pill is to be read, well, silent and unsure',
    async (width) => {
      const page = await stage.open(`/a/media-proxy?${ENDED}`, { ...byHand, width });
      await page.waitForSelector('.plot canvas');
      const pill = page.locator('.pill');
      const fits = () =>
        page.evaluate(() => {
          const cut = [...document.querySelectorAll('.pill, .pill-text > *')].filter(
            (element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0,
          );
          return [
            cut.map((element) => element.textContent),
            (document.querySelector('.menu summary')?.getBoundingClientRect().right ?? Infinity) <=
              innerWidth,
          ];
        });
      await pill.getByText(/10:4\d:\d\dZ/).waitFor();
      expect(await fits()).toEqual([[], true]);
      await page.context().setOffline(true);
      stage.server.dropStreams();
      await page.waitForTimeout(50);
      await page.clock.runFor(6000);
      await page.locator('.pill-away').waitFor();
      expect(await pill.innerText()).toMatch(/10:4\d:\d\dZ[\s\S]*old/);
      expect(await fits()).toEqual([[], true]);
      await page.context().setOffline(false);
      await silence(page, 'media-proxy', NOW - 12 * 60_000);
      await page.clock.runFor(31_000);
      await pill.getByText(/silent for 12.min/).waitFor();
      expect(await fits()).toEqual([[], true]);
      stage.complaints.splice(0);
      await page.context().close();
    },
  );
});

describe('the header', () => {
  it('shows on every page how far the data goes, and leads to drain health', async () => {
    for (const where of [
      '/',
      '/a/shop',
      '/a/shop/codes/H12',
      '/a/shop/health',
      '/settings',
      '/health',
      '/setup',
    ]) {
      const page = await stage.open(`${where}?tz=utc`);
      await page
        .locator('.pill')
        .getByText(/data through\s*10:4\d:\d\dZ/)
        .waitFor();
      expect(await page.locator('.pill').getAttribute('href')).toMatch(/health/);
      await page.context().close();
    }
  });

  it('switches the theme and keeps it', async () => {
    const page = await stage.open('/');
    await page.locator('.menu summary').click();
    await page.getByText('Dark').click();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await ground()).toBe('rgb(15, 18, 24)');
    await page.reload();
    expect(await ground()).toBe('rgb(15, 18, 24)');
    await page.context().close();
  });
});
