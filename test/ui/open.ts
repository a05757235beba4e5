/** A browser over the fixture server, and pages in it that fail the test when they complain. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { type FixtureServer, startFixtureServer } from '../../ui/fixtureServer.ts';
import { findChromium } from '../chromium.ts';

/** A moment with an incident, a leak and a gap in the hour before it. */
export const NOW = Date.parse('2026-11-20T10:42:03Z');

export interface Stage {
  server: FixtureServer;
  browser: Browser;
  /** Everything the pages complained about: errors on the console, broken policies, thrown errors. */
  complaints: string[];
  open(path: string, how?: OpenOptions): Promise<Page>;
  close(): Promise<void>;
}

export interface OpenOptions {
  cookies?: Record<string, string>;
  width?: number;
  theme?: 'light' | 'dark';
  /** Lets time pass by itself; without it the page's clock stands at NOW. */
  live?: boolean;
  init?: (context: BrowserContext) => Promise<unknown>;
}

export async function setStage(): Promise<Stage> {
  const root = join(import.meta.dirname, '..', '..');
  if (!existsSync(join(root, 'dist', 'ui', 'index.html')))
    await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'error' });
  const server = await startFixtureServer({ nowMs: () => NOW });
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const complaints: string[] = [];
  return {
    server,
    browser,
    complaints,
    async open(path, how = {}) {
      const width = how.width ?? 1280;
      const context = await browser.newContext({
        viewport: { width, height: width < 500 ? 740 : 900 },
        colorScheme: how.theme ?? 'light',
        timezoneId: 'Europe/Berlin',
        reducedMotion: 'reduce',
      });
      await context.addCookies(
        Object.entries(how.cookies ?? {}).map(([name, value]) => ({ name, value, url: server.url })),
      );
      await how.init?.(context);
      const page = await context.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`${path}: ${message.text()}`);
      });
      page.on('pageerror', (error) => complaints.push(`${path}: ${error.stack ?? error}`));
      if (!how.live) await page.clock.setFixedTime(NOW);
      await page.goto(server.url + path);
      return page;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
