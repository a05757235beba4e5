/**
 * Makes the pictures of the README from a running demo fleet:
 *
 *   npm run demo -- --port 5000 --no-open
 *   node docs/screenshots.ts --url http://localhost:5000 --password demo-… [--email admin@example.com]
 *
 * Best a quarter of an hour after the history is in, when the bad deploy has paged: the pictures of the tour follow the
 * newest page. Writes docs/*.png, each below 250 KB, and says their sizes. For the picture of the set-up an app is added
 * and removed again; its address and secret are replaced before they are shown.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { AppCreatedAnswer } from '../api/contract/apps.ts';
import type { IncidentListAnswer, IncidentRow } from '../api/contract/incidents.ts';
import type { SloListAnswer } from '../api/contract/slos.ts';
import { MINUTE } from '../model/time.ts';
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
  { ...FLEET, name: 'fleet-phone', viewport: PHONE, theme: 'light', ready: '.fleet tbody tr' },
];

const WIDE = { width: 1440, height: 900 };
/** Text takes more bytes than drawings. */
const LOGS = { width: 1280, height: 760 };

/** From the message to the cause: what the reader of a page goes through, on the incident that is the newest page. */
function tourOf({ id, app, firingSinceMs }: IncidentRow, slug: string): Picture[] {
  const at = (minutes: number) => new Date(firingSinceMs + minutes * MINUTE).toISOString().slice(0, 19);
  const range = `from=${at(-25)}Z&to=${at(5)}Z&tz=utc`;
  const of = `/a/${app}`;
  const picture = (name: string, path: string, ready: string, more: Partial<Picture> = {}): Picture => ({
    ...{ name, path, ready, viewport: WIDE, theme: 'light' },
    ...more,
  });
  return [
    picture('incident-phone', `/i/${id}?tz=utc`, '.plot canvas', { viewport: PHONE, theme: 'dark' }),
    picture('incident', `/i/${id}?tz=utc`, '.plot canvas'),
    picture('explain', `${of}/explain?from=${at(-7)}Z&to=${at(1)}Z&tz=utc`, 'main table'),
    picture('logs', `${of}/logs?${range}&status=5xx`, '.log-rows .log-row', { viewport: LOGS }),
    picture('slo', `${of}/slo/${slug}?tz=utc`, '.burned tbody tr', { viewport: DESK }),
    picture('heatmap-dark', `${of}?${range}&heat=1`, '.plot canvas', { theme: 'dark' }),
  ];
}

/** Pages that the history alone fills. */
const MORE: Picture[] = [
  {
    name: 'code',
    path: '/a/shop/codes/H12?from=now-3h&to=now&tz=utc',
    viewport: DESK,
    theme: 'light',
    ready: '.plot canvas',
  },
  {
    name: 'dynos',
    path: '/a/shop/dynos?from=now-12h&to=now&tz=utc',
    viewport: WIDE,
    theme: 'light',
    ready: 'main table',
  },
  {
    name: 'wall',
    path: '/?wall=1&tz=utc',
    viewport: { width: 1280, height: 720 },
    theme: 'dark',
    ready: '.sparkline path',
  },
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
    for (const picture of [...PICTURES, ...MORE, ...(await tour(browser, url, storageState))]) {
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

/** Nothing when nobody was paged yet: the pictures of the tour stay as they are. */
async function tour(browser: Browser, url: string, storageState: StorageState): Promise<Picture[]> {
  const context = await browser.newContext({ storageState });
  try {
    const ask = async <T>(path: string) =>
      (await context.request.get(`${url}/api/v1/${path}`)).json() as Promise<T>;
    const { incidents } = await ask<IncidentListAnswer>('incidents?limit=50');
    const newest = incidents
      .filter(({ subject, worstSeverity }) => subject.kind === 'slo' && worstSeverity === 'page')
      .sort((a, b) => b.openedAtMs - a.openedAtMs)[0];
    const { slos } = await ask<SloListAnswer>('slos');
    const slug = slos.find(({ id }) => id === newest?.subject.id)?.slug;
    if (newest !== undefined && slug !== undefined) return tourOf(newest, slug);
    console.error('nobody was paged for an objective yet: the pictures of the tour are left as they are');
    return [];
  } finally {
    await context.close();
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
  await page.fill('textarea[name=names]', NEW_APP);
  await page.locator('form button[type=submit]').click();
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
