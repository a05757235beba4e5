import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from './axe.ts';
import { type OpenOptions, type Stage, setStage } from './open.ts';

/** Every page, with what must be on it before it is judged. */
const PAGES: [name: string, path: string, ready: string, how?: OpenOptions][] = [
  ['sign-in', '/sign-in', 'h1', { cookies: { role: 'none' } }],
  ['claim', '/setup', 'h1', { cookies: { setup: '1' } }],
  ['fleet', '/', '.fleet tbody tr'],
  ['empty fleet', '/', '.hello', { cookies: { fleet: 'empty' } }],
  ['app in trouble', '/a/shop?tz=utc', '.plot canvas'],
  ['app with losses', '/a/media-proxy?tz=utc', '.plot canvas'],
  ['app in maintenance', '/a/atelier', '.plot canvas'],
  ['unreadable range', '/a/checkout-api?from=gestern', '.plot canvas'],
  ['silent app', '/a/billing', '.plot canvas'],
  ['app without traffic', '/a/batch-export', '.chart-empty'],
  ['app without runtime metrics', '/a/webhooks', '.copy'],
  ['app that waits', '/a/new-landing', '.hello'],
  ['app with 20 dynos', '/a/feed', '.plot canvas'],
  ['app with hostile text', '/a/sandbox', '.plot canvas'],
  ['code', '/a/shop/codes/H12', '.requests tbody tr'],
  ['code that did not occur', '/a/checkout-api/codes/H10', '.chart-empty'],
  ['drain health', '/a/media-proxy/health', '#drains'],
  ['quarantine', '/a/sandbox/health', '#quarantine'],
  ['instance health', '/health', '#instance'],
  ['settings', '/settings', '#instance'],
  ['settings of a viewer', '/settings', '#instance', { cookies: { role: 'viewer' } }],
  ['add an app', '/setup', 'form'],
  ['attach', '/setup?app=new-landing', '.checklist li'],
  ['not found', '/nowhere', 'h1'],
];

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => {
  const said = stage.complaints.splice(0);
  expect(said).toEqual([]);
});

it.each(PAGES)(
  '%s passes axe in both themes, fits a phone and keeps the strict policy (WCAG 1.4.10, 2.5.8, SEC-32)',
  async (_name, path, ready, how) => {
    const page = await stage.open(path, how);
    await page.waitForSelector(ready);
    expect(await faultsOf(page)).toEqual([]);
    await page.context().close();
  },
);

describe('controls', () => {
  it('every target is at least 24 px high and wide (WCAG 2.5.8)', async () => {
    for (const width of [1280, 360]) {
      const page = await stage.open('/a/shop', { width });
      await page.waitForSelector('.plot canvas');
      const small = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('button, summary, select, header a')]
          .map((element) => ({
            text: element.getAttribute('aria-label') ?? element.innerText,
            box: element.getBoundingClientRect(),
          }))
          .filter(({ box }) => box.width > 0 && (box.height < 24 || box.width < 24))
          .map(({ text, box }) => `${text} ${box.width}×${box.height}`),
      );
      expect(small, String(width)).toEqual([]);
      await page.context().close();
    }
  });
});

describe('what a role may do', () => {
  it('a viewer sees no control that writes', async () => {
    for (const path of ['/', '/settings', '/a/media-proxy/health', '/setup']) {
      const page = await stage.open(path, { cookies: { role: 'viewer' } });
      await page.waitForSelector('main h1');
      await page.waitForTimeout(150);
      const words = await page.locator('main').innerText();
      expect(words, path).not.toMatch(/Add app|New drain URL|Remove|Make a token|Adopt|\bBan\b/);
      await page.context().close();
    }
  });
});

describe('text from outside', () => {
  it('SEC-29 SEC-30 markup in a path or an event stays text, direction marks are shown', async () => {
    const page = await stage.open('/a/shop/codes/H12');
    await page.waitForSelector('.requests tbody tr');
    const words = await page.locator('.requests').innerText();
    expect(words).toContain('/<script>alert(1)</script>');
    expect(words).toContain('⟨U+202E⟩gnp.exe');
    await page.goto(`${stage.server.url}/a/sandbox`);
    await page.getByRole('button', { name: 'View Events as table' }).click();
    expect(await page.locator('.event-list').innerText()).toContain(
      '⟨U+202E⟩EVIL⟨U+202C⟩, <img src=x onerror=alert(1)>',
    );
    expect(await page.locator('main img, main script').count()).toBe(0);
    await page.context().close();
  });
});

describe('a phone', () => {
  it('shows how far the data goes and what is lost, and the counts of codes', async () => {
    const page = await stage.open('/a/media-proxy?tz=utc', { width: 360 });
    await page.waitForSelector('.plot canvas');
    const pill = page.locator('.pill');
    expect(await pill.innerText()).toMatch(/10:41:\d\dZ[\s\S]*3.161 lost/);
    expect(await pill.getByText(/10:41:\d\dZ/).isVisible()).toBe(true);
    expect(await page.locator('.strip-count').first().isVisible()).toBe(true);
    await page.context().close();
  });
});

describe('what was asked for', () => {
  it('an unreadable range is told with what is shown instead', async () => {
    const page = await stage.open('/a/checkout-api?from=gestern&tz=utc');
    await page.waitForSelector('.plot canvas');
    await page.getByText('The address asks for “gestern”, which is no time that can be read.').waitFor();
    await page.getByRole('button', { name: 'Time range: Last hour' }).waitFor();
    await page.getByRole('button', { name: 'Use the last hour' }).click();
    await page.getByText('The address asks for').waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('from')).toBeNull();
    await page.context().close();
  });

  it('maintenance is drawn apart from failures', async () => {
    const page = await stage.open('/a/atelier?tz=utc');
    await page.waitForSelector('.plot canvas');
    await page.getByRole('button', { name: 'Maintenance', exact: true }).waitFor();
    expect(await page.locator('.verdict').innerText()).toContain('All well');
    await page.context().close();
  });

  it('a request id is shown in full and copied by one tap', async () => {
    const page = await stage.open('/a/shop/codes/H12', {
      init: (context) => context.grantPermissions(['clipboard-read', 'clipboard-write']),
    });
    const id = page.locator('.id').first();
    const whole = (await id.locator('span').last().textContent()) ?? '';
    await id.click();
    await page.locator('.toast').getByText(whole).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(whole);
    expect(await id.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
    await page.context().close();
  });
});

describe('trouble', () => {
  it('says what is wrong and offers another try when nothing was loaded', async () => {
    const page = await stage.open('/a/shop', { cookies: { fail: '1' } });
    await page.getByRole('alert').getByText('The database is away').waitFor();
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('.plot canvas');
    await page.context().close();
    stage.complaints.splice(0);
  });

  it('keeps the last good answer, dimmed and with its age, when a refresh fails', async () => {
    const page = await stage.open('/a/shop');
    await page.waitForSelector('.plot canvas');
    await page.context().addCookies([{ name: 'fail', value: '1', url: stage.server.url }]);
    await page.keyboard.press('t');
    await page.keyboard.press('-');
    await page.getByText(/Showing what was loaded/).waitFor();
    expect(await page.locator('.stale .plot canvas').count()).toBeGreaterThan(3);
    await page.context().close();
    stage.complaints.splice(0);
  });

  it('shows a skeleton only when the answer takes longer than 300 ms', async () => {
    const page = await stage.open('/', { cookies: { slow: '900' }, live: true });
    await page.waitForSelector('.skeleton');
    await page.waitForSelector('.fleet tbody tr');
    expect(await page.locator('.skeleton').count()).toBe(0);
    await page.context().close();
  });
});
