/**
 * What an outage of Postgres does, for anybody to see: a web process as in production, faithful Logplex senders, the
 * database stopped for so long in the middle, a browser that looks on. Prints the ledger, takes pictures.
 *
 *   node bench/outage.ts [--seconds 10] [--rate 200] [--redis redis://127.0.0.1:6379] [--pictures FOLDER]
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { ensureUiBuilt } from '../bin/ui-build.ts';
import { type AppLedger, Ledger } from '../sim/ledger.ts';
import { LogplexNode } from '../sim/logplex.ts';
import { compareBuckets, compareWithSender, readCounts, readGaps } from '../test/account.ts';
import { launchChromium } from '../test/chromium.ts';
import { addApp, rolledUp, until } from '../test/drain.ts';
import { ROUTER_LINES } from '../test/faults/lines.ts';
import { freePort, killAll, startServer, startWeb, stopAll, type TestServer } from '../test/processes.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '200' },
    redis: { type: 'string' },
    pictures: { type: 'string' },
  },
});
const AWAY_MS = Number(values.seconds) * 1000;
const RATE = Number(values.rate);
const SENDERS = 4;
const BEFORE_MS = 20_000;
const AFTER_MS = 10_000;
const SETUP_TOKEN = 'one-time-token-of-the-outage';
const ADMIN = { email: 'kim@example.com', password: 'violet harbour pencil tuesdayish' };

const APP_NAME = 'shop';

interface Traffic {
  account(): AppLedger;
  stop(): Promise<void>;
}

/** Lines at the rate, spread over senders that each follow Logplex's rules. */
function send(port: number, secret: string): Traffic {
  const ledger = new Ledger();
  const url = `http://${APP_NAME}:${secret}@127.0.0.1:${port}/drain`;
  const nodes = Array.from(
    { length: SENDERS },
    (_, index) => new LogplexNode({ url, app: APP_NAME, ledger, node: `node-${index}` }),
  );
  const startedMs = performance.now();
  let pushed = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startedMs) * RATE) / 1000;
    for (; pushed < due; pushed++) nodes[pushed % SENDERS]?.push(ROUTER_LINES.next());
  }, 20);
  return {
    account: () => {
      const account = ledger.snapshot().apps[APP_NAME];
      if (account === undefined) throw new Error('nothing was sent');
      return account;
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(nodes.map((node) => node.drained()));
      for (const node of nodes) node.stop();
    },
  };
}

async function openPages(port: number): Promise<{ pages: Record<string, Page>; close(): Promise<void> }> {
  const url = `http://localhost:${port}`;
  const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
  const body = JSON.stringify({ token: SETUP_TOKEN, ...ADMIN });
  const claimed = await fetch(`${url}/api/v1/setup`, { method: 'POST', headers, body });
  if (!claimed.ok) throw new Error(`set-up was refused: ${await claimed.text()}`);
  const browser = await launchChromium();
  const pages: Record<string, Page> = {};
  for (const [name, theme, width] of [
    ['light', 'light', 1440],
    ['dark', 'dark', 1440],
    ['phone', 'light', 360],
  ] as const) {
    const viewport = { width, height: width < 500 ? 780 : 900 };
    const context = await browser.newContext({ viewport, colorScheme: theme });
    const page = await context.newPage();
    await page.goto(`${url}/sign-in`);
    await page.getByLabel('E-mail').fill(ADMIN.email);
    await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('banner').waitFor();
    await page.goto(`${url}/a/${APP_NAME}?from=now-15m&to=now`);
    pages[name] = page;
  }
  return { pages, close: () => browser.close() };
}

async function takePictures(pages: Record<string, Page>, moment: string): Promise<void> {
  if (values.pictures === undefined) return;
  mkdirSync(values.pictures, { recursive: true });
  for (const [name, page] of Object.entries(pages)) {
    await page.screenshot({ path: join(values.pictures, `${moment}-${name}.png`) });
  }
}

async function settle(server: TestServer, account: AppLedger, appId: number): Promise<boolean> {
  await stopAll();
  await rolledUp(server.pool);
  const counts = await readCounts(server.pool, appId);
  const gaps = await readGaps(server.pool, appId);
  const differences = [...compareWithSender(counts, account), ...(await compareBuckets(server.pool))];
  const { rows } = await server.pool.query<{ messages: number; chunks: number }>(
    'SELECT coalesce(sum(messages), 0) AS messages, count(*) AS chunks FROM chunks',
  );
  console.log(
    JSON.stringify(
      {
        awaySeconds: AWAY_MS / 1000,
        redis: values.redis !== undefined,
        sent: account.generated.messages,
        acknowledged: account.delivered.messages,
        counted: Object.values(counts.messages).reduce((sum, count) => sum + count, 0),
        frames: account.frames,
        gaps,
        durableLog: rows[0],
        exact: differences.length === 0,
        differences: differences.slice(0, 10),
      },
      null,
      1,
    ),
  );
  return differences.length === 0;
}

async function main(): Promise<void> {
  ensureUiBuilt();
  const server = await startServer();
  try {
    const port = await freePort();
    const env = {
      DRAINBOARD_SETUP_TOKEN: SETUP_TOKEN,
      DRAINBOARD_DATA_DIR: join(tmpdir(), 'drainboard-outage'),
      ...(values.redis !== undefined && { REDIS_URL: values.redis }),
    };
    await startWeb(server, { port, env });
    const app = await addApp(server.pool, APP_NAME);
    const traffic = send(port, app.secret);
    const look = values.pictures === undefined ? null : await openPages(port);
    await sleep(BEFORE_MS);
    const back = server.stopImmediately(AWAY_MS);
    await sleep(AWAY_MS * 0.6);
    const during = traffic.account();
    console.log(
      `${((AWAY_MS * 0.6) / 1000).toFixed(0)} s into the outage: sent ${during.generated.messages}, acknowledged ${during.delivered.messages}`,
    );
    if (look !== null) await takePictures(look.pages, 'during');
    await back;
    await sleep(AFTER_MS);
    if (look !== null) await takePictures(look.pages, 'after');
    await traffic.stop();
    // What went to Redis comes after what is live.
    await until(async () => {
      const { rows } = await server.pool.query<{ messages: number }>(
        'SELECT coalesce(sum(messages), 0) AS messages FROM chunks',
      );
      return (rows[0]?.messages ?? 0) >= traffic.account().delivered.messages;
    }, 60_000);
    await look?.close();
    process.exitCode = (await settle(server, traffic.account(), app.id)) ? 0 : 1;
  } finally {
    await killAll();
    await server.close();
  }
}

await main();
