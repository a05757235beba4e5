/** The whole product as somebody meets it: a real web process on a database of its own, and a real browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { ensureUiBuilt } from '../../bin/ui-build.ts';
import { type Child, startChild } from '../child.ts';
import { launchChromium } from '../chromium.ts';
import { createTestDatabase, type TestDatabase } from '../pg.ts';
import { startProxy } from '../proxy.ts';

export const SETUP_TOKEN = 'one-time-token-of-the-journey-tests';
export const ADMIN = { email: 'kim@example.com', password: 'violet harbour pencil tuesdayish' };

export interface VisitOptions {
  /** Goes on with the session of an earlier page. */
  as?: Page;
  width?: number;
  theme?: 'light' | 'dark';
  timezoneId?: string;
}

export interface Stage {
  url: string;
  database: TestDatabase;
  web: Child;
  /** What pages complained about: the console, broken policies, thrown errors, answers of 5xx. */
  complaints: string[];
  /** Refusals (4xx) that pages ran into, `401 POST /api/v1/sign-in` each: a test names those it expects. */
  refusals: string[];
  open(path: string, options?: VisitOptions): Promise<Page>;
  /** Makes the first admin without a page, for journeys that begin later. */
  claim(): Promise<void>;
  /** A page that is signed in, through the form. */
  signIn(who: { email: string; password: string }, options?: VisitOptions): Promise<Page>;
  /** Ends the web process at once, as a crash would. */
  crash(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** Cuts every link to the database now. */
  cutDatabase(): void;
  close(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  ensureUiBuilt();
  const database = await createTestDatabase();
  const proxy = await startProxy(database.url);
  const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-journey-'));
  const [started, browser] = await Promise.all([startWeb(proxy.url, dataDir, 0), launchChromium()]);
  const complaints: string[] = [];
  const refusals: string[] = [];
  const url = `http://localhost:${started.port}`;
  const stage: Stage = {
    url,
    database,
    web: started.web,
    complaints,
    refusals,
    async open(path, options = {}) {
      const context = await openContext(browser, options);
      const page = await context.newPage();
      watch(page, complaints, refusals);
      await page.goto(url + path);
      return page;
    },
    async claim() {
      const response = await fetch(`${url}/api/v1/setup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
        body: JSON.stringify({ token: SETUP_TOKEN, ...ADMIN }),
      });
      if (!response.ok) throw new Error(`set-up was refused: ${await response.text()}`);
    },
    async signIn({ email, password }, options) {
      const page = await stage.open('/sign-in', options);
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password', { exact: true }).fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('banner').waitFor();
      return page;
    },
    async crash() {
      stage.web.kill('SIGKILL');
      await stage.web.exit;
    },
    async restart() {
      stage.web = (await startWeb(proxy.url, dataDir, started.port)).web;
    },
    cutDatabase: () => proxy.cutAll(),
    async close() {
      await browser.close();
      await stage.crash();
      await proxy.close();
      await database.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return stage;
}

async function startWeb(databaseUrl: string, dataDir: string, port: number) {
  const web = startChild('bin/web.ts', [], {
    env: {
      DATABASE_URL: databaseUrl,
      DRAINBOARD_SECRET: 'journeys'.repeat(5),
      DRAINBOARD_SETUP_TOKEN: SETUP_TOKEN,
      // Claiming removes the token's file of the data folder: not a developer's own.
      DRAINBOARD_DATA_DIR: dataDir,
      PORT: String(port),
    },
  });
  const said = await web.says(/web\.listening.*?"?port"?[=:]\s*(\d+)/);
  return { web, port: Number(said[1]) };
}

async function openContext(browser: Browser, options: VisitOptions): Promise<BrowserContext> {
  const width = options.width ?? 1440;
  const state = await options.as?.context().storageState();
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 740 : 900 },
    colorScheme: options.theme ?? 'light',
    timezoneId: options.timezoneId ?? 'Europe/Berlin',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...(state && { storageState: state }),
  });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy broken: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  return context;
}

/** Refused answers are noted by what was asked; Chromium's own line about them says less. */
function watch(page: Page, complaints: string[], refusals: string[]): void {
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (!/^Failed to load resource: the server responded with a status of 4\d\d/.test(text))
      complaints.push(`${page.url()}: ${text}`);
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.stack ?? error}`));
  page.on('response', (response) => {
    const path = new URL(response.url()).pathname;
    const line = `${response.status()} ${response.request().method()} ${path}`;
    if (response.status() >= 500) complaints.push(line);
    else if (response.status() >= 400) refusals.push(line);
  });
}

/** Pixels by which a page is wider than its window; 0 is right. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Asks from inside a page, with its session: the status, and the answer's text. */
export function ask(page: Page, method: string, path: string, body?: object) {
  return page.evaluate(
    async ([verb, where, json]) => {
      const response = await fetch(where as string, {
        method: verb as string,
        headers: { 'Content-Type': 'application/json' },
        ...(json !== undefined && { body: json }),
      });
      return { status: response.status, text: await response.text() };
    },
    [method, path, body === undefined ? undefined : JSON.stringify(body)],
  );
}
