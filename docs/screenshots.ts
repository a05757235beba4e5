/**
 * Makes the pictures of the README from a running demo fleet:
 *
 *   npm run demo -- --port 5000 --no-open
 *   node docs/screenshots.ts --url http://localhost:5000 --password demo-… [--email admin@example.com]
 *
 * Best a few minutes after the history is in. Writes docs/*.png, each below 250 KB, and says their sizes. For the
 * picture of the set-up an app is added and removed again; its address and secret are replaced before they are shown.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { AppCreatedAnswer } from '../api/contract/apps.ts';
import { launchChromium } from '../test/chromium.ts';

const SIZE_MAX_BYTES = 250_000;
const NEW_APP = 'storefront';
/** What stands in the picture instead of this machine's address and the secret of the new app. */
const SHOWN_URL = `https://${NEW_APP}:k3yShownOnceAndNeverAgain@drains.example.com/drain`;

const DESK = { width: 1440, height: 1100 };
const LOW = { width: 1440, height: 480 };
const PHONE = { width: 360, height: 780 };

interface Picture {
  name: string;
  path: string;
  viewport: { width: number; height: number };
  theme: 'light' | 'dark';
  /** Seen before the picture is taken. */
  ready: string;
}

const APP = { path: '/a/shop?from=now-3h&to=now&tz=utc', ready: '#chart-memory' };
const FLEET = { path: '/?tz=utc', ready: '.fleet .sparkline path' };
const PICTURES: Picture[] = [
  { ...APP, name: 'app-light', viewport: DESK, theme: 'light' },
  { ...APP, name: 'app-dark', viewport: DESK, theme: 'dark' },
  { ...FLEET, name: 'fleet-light', viewport: LOW, theme: 'light' },
  { ...FLEET, name: 'fleet-dark', viewport: LOW, theme: 'dark' },
  { ...APP, name: 'app-phone', viewport: PHONE, theme: 'light' },
  { ...FLEET, name: 'fleet-phone', viewport: PHONE, theme: 'light' },
];

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    password: { type: 'string' },
    email: { type: 'string', default: 'admin@example.com' },
  },
});
if (!values.url || !values.password) {
  console.error('usage: node docs/screenshots.ts --url http://localhost:5000 --password … [--email …]');
  process.exit(2);
}
await takeAll(values.url, values.email, values.password);

async function takeAll(url: string, email: string, password: string): Promise<void> {
  const browser = await launchChromium();
  try {
    const storageState = await signIn(browser, url, email, password);
    for (const picture of PICTURES) {
      const page = await open(browser, { storageState, ...look(picture) });
      await page.goto(url + picture.path);
      await page.waitForSelector(picture.ready);
      await save(page, picture.name);
    }
    await takeSetup(browser, url, storageState);
  } finally {
    await browser.close();
  }
}

type Look = Pick<Picture, 'viewport' | 'theme'>;

function look({ viewport, theme }: Look): BrowserContextOptions {
  const isPhone = viewport.width < 500;
  return { viewport, colorScheme: theme, isMobile: isPhone, hasTouch: isPhone, reducedMotion: 'reduce' };
}

async function open(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  return (await browser.newContext(options)).newPage();
}

type StorageState = Awaited<ReturnType<ReturnType<Page['context']>['storageState']>>;

async function signIn(browser: Browser, url: string, email: string, password: string): Promise<StorageState> {
  const page = await open(browser, {});
  await page.goto(`${url}/sign-in`);
  await page.fill('input[type=email]', email);
  await page.fill('input[type=password]', password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.fleet');
  const state = await page.context().storageState();
  await page.context().close();
  return state;
}

/** Adds an app as a person would, shows its commands, and removes it again. */
async function takeSetup(browser: Browser, url: string, storageState: StorageState): Promise<void> {
  const page = await open(browser, {
    storageState,
    ...look({ viewport: { width: 1440, height: 860 }, theme: 'light' }),
  });
  await page.route('**/api/v1/apps', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const response = await route.fetch();
    if (!response.ok()) return route.fulfill({ response });
    const made = (await response.json()) as AppCreatedAnswer;
    const commands = made.commands.map((command) => command.replace(made.drainUrl, SHOWN_URL));
    return route.fulfill({ response, json: { ...made, drainUrl: SHOWN_URL, commands } });
  });
  await page.goto(`${url}/setup`);
  await page.fill('input[name=name]', NEW_APP);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.checklist li');
  try {
    await save(page, 'setup-light', false);
  } finally {
    await page.evaluate(
      (app) =>
        fetch(`/api/v1/apps/${app}`, {
          method: 'DELETE',
          headers: { 'Content-Type': 'application/json' },
          body: '{}',
        }),
      NEW_APP,
    );
    await page.context().close();
  }
}

async function save(page: Page, name: string, close = true): Promise<void> {
  // Charts are drawn once their width is known; the pointer rests nowhere.
  await page.waitForTimeout(1500);
  const path = join(import.meta.dirname, `${name}.png`);
  await page.screenshot({ path });
  const bytes = statSync(path).size;
  console.log(`${name}.png ${Math.round(bytes / 1000)} KB`);
  if (bytes > SIZE_MAX_BYTES) process.exitCode = 1;
  if (close) await page.context().close();
}
