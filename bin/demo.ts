/**
 * `npm run demo`: everything of `npm start`, and a simulated fleet that sends through the real drain. This
 * process supervises: it runs the database and the senders, so that the web process, a child, may be
 * killed at any moment and nothing is lost.
 */
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../model/log.ts';
import { castOf } from '../sim/characters.ts';
import { buildFleet, type SimApp } from '../sim/fleet.ts';
import { type Inbox, type InboxEntry, startInbox } from '../sim/inbox.ts';
import { Ledger } from '../sim/ledger.ts';
import { demoIncidents } from '../sim/scenario.ts';
import { allowInbox, installAlerting } from './demo/alerting.ts';
import { type Comparison, compareApp, renderTable, waitForRollUp } from './demo/check.ts';
import { installApps, makeAdmin, makeToken, release, showCustomMetrics } from './demo/install.ts';
import { type DemoOptions, parseOptions, USAGE } from './demo/options.ts';
import { type Story, tellStory } from './demo/story.ts';
import { superviseWeb, type WebProcess } from './demo/web.ts';
import { type Environment, readConfig, readEnvironment, unwrapConfig } from './env.ts';
import { explainFailure } from './explain.ts';
import { ensureFolder, type Local, prepareLocal } from './local.ts';
import { requireBrowsablePort } from './serve.ts';
import { ensureUiBuilt } from './ui-build.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
/** The apps are this much older than their history, so that memory and counters are not those of a start. */
const OLDER_MS = 2 * HOUR;
const LEDGER_EVERY_MS = 3_000;
const DRAIN_PATIENCE_MS = 60_000;
const ROLL_UP_PATIENCE_MS = 60_000;

/** A demo that runs. */
interface Demo {
  options: DemoOptions;
  env: Environment;
  local: Local;
  baseUrl: string;
  web: WebProcess;
  inbox: Inbox;
  ledger: Ledger;
  stories: Story[];
  apps: SimApp[];
  token: string;
  fromMs: number;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<number> {
  let options: DemoOptions;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }
  const stopped = interrupt();
  const demo = await start(options);
  const ended = options.minutes === undefined ? new Promise(() => {}) : live(demo, options.minutes);
  await Promise.race([stopped, ended]);
  return end(demo);
}

/** Resolves at the first Ctrl-C; the second one ends at once. */
function interrupt(): Promise<void> {
  return new Promise((resolve) => {
    let times = 0;
    const onSignal = (): void => {
      times += 1;
      if (times > 1) process.exit(130);
      say('\nStopping: waiting for what is under way. Ctrl-C again to stop at once.');
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

async function start(options: DemoOptions): Promise<Demo> {
  const built = ensureUiBuilt();
  if (built !== '') say(built);
  const asked = readEnvironment();
  const { dataDir, port } = unwrapConfig(readConfig(asked));
  // A folder of its own: the demo's apps must not turn up beside real ones.
  const demoDir = join(dataDir, 'demo');
  ensureFolder(demoDir);
  const listenOn = options.port ?? port;
  await requireBrowsablePort(listenOn);
  const local = await prepareLocal(
    { ...asked, DRAINBOARD_DATA_DIR: demoDir, PORT: String(listenOn) },
    silentLog,
  );
  for (const note of local.notes) say(note);
  const baseUrl = `http://localhost:${listenOn}`;
  const inbox = await startInbox(0, tellOf);
  const env: Environment = {
    ...asked,
    ...allowInbox(inbox.port),
    PORT: String(listenOn),
    DATABASE_URL: local.config.databaseUrl,
    DRAINBOARD_SECRET: local.config.secret,
    DRAINBOARD_SETUP_TOKEN: local.config.setupToken,
    DRAINBOARD_BASE_URL: baseUrl,
    DRAINBOARD_DATA_DIR: demoDir,
  };
  await release(env);

  const cast = castOf(options.apps);
  const nowMs = Date.now();
  const fromMs = nowMs - options.historyHours * HOUR;
  const names = cast.map((app) => app.name);
  const installed = await installApps(env, demoDir, names, options.historyHours);
  await showCustomMetrics(
    env,
    cast.filter((app) => app.customMetrics).map((app) => app.name),
  );
  await installAlerting(env, {
    names,
    secret: local.config.secret ?? '',
    inboxPort: inbox.port,
    nowMs,
  });
  const token = await makeToken(env);
  const web = superviseWeb(env, baseUrl, join(demoDir, 'web.log'), say);
  await web.ready();

  const { apps } = buildFleet({
    seed: options.seed,
    epochMs: fromMs - OLDER_MS,
    apps: cast,
    incidents: demoIncidents(nowMs),
  });
  const ledger = new Ledger();
  const demo: Demo = { options, env, local, baseUrl, web, inbox, ledger, stories: [], apps, token, fromMs };
  keepLedger(demo, demoDir);
  await introduce(demo, demoDir);
  sendEverything(demo, new Map(installed.map(({ app, drainUrl }) => [app, drainUrl])));
  return demo;
}

/** Says where to look and how to sign in. */
async function introduce({ baseUrl, local, inbox, options }: Demo, dataDir: string): Promise<void> {
  const admin = await makeAdmin(baseUrl, local.config.setupToken, dataDir);
  say('');
  say(`Dashboard:  ${baseUrl}`);
  if (admin === undefined) say(`Sign in with the account made in an earlier run, at ${baseUrl}/sign-in`);
  else say(`Sign in as: ${admin.email}   password: ${admin.password}`);
  say(`Inbox:      http://localhost:${inbox.port}   (what Slack and PagerDuty are sent)`);
  say('');
  if (options.open && process.stdout.isTTY) openBrowser(baseUrl);
}

/** One line for whatever is sent to people; updates in place would say the same again. */
function tellOf({ service, action, text }: InboxEntry): void {
  if (action !== 'chat.update')
    say(`${new Date().toISOString().slice(11, 19)}  ${service} ${action}: ${text}`);
}

function openBrowser(url: string): void {
  const command = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open';
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  // No browser here: the address stands on the terminal.
  child.on('error', () => {});
  child.unref();
}

function sendEverything(demo: Demo, drainUrls: ReadonlyMap<string, string>): void {
  const startedMs = Date.now();
  for (const app of demo.apps) {
    const drainUrl = drainUrls.get(app.name);
    if (drainUrl === undefined) throw new Error(`${app.name} has no drain URL`);
    demo.stories.push(tellStory(app, { drainUrl, ledger: demo.ledger, fromMs: demo.fromMs }));
  }
  void Promise.all(demo.stories.map((story) => story.backlog)).then(() => {
    const total = Object.values(demo.ledger.snapshot().apps);
    const messages = total.reduce((sum, app) => sum + app.delivered.messages, 0);
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(1);
    say(`History is in: ${messages.toLocaleString('en')} messages in ${seconds} s. Live from now on.`);
  });
}

/** Writes the senders' account beside the data every few seconds. */
function keepLedger(demo: Demo, dataDir: string): void {
  const file = join(dataDir, 'demo-ledger.json');
  const write = (): void => {
    const account = {
      seed: demo.options.seed,
      from: new Date(demo.fromMs).toISOString(),
      at: new Date().toISOString(),
      webRestarts: demo.web.restarts(),
      ...demo.ledger.snapshot(),
      notDelivered: [...demo.ledger.frames()].filter((frame) => frame.fate !== 'delivered').slice(-100),
    };
    writeFileSync(`${file}.new`, `${JSON.stringify(account, null, 1)}\n`);
    renameSync(`${file}.new`, file);
  };
  setInterval(write, LEDGER_EVERY_MS).unref();
  process.on('exit', write);
}

/** The backlog and then so many minutes. */
async function live({ stories }: Demo, minutes: number): Promise<void> {
  await Promise.all(stories.map((story) => story.backlog));
  await sleep(minutes * MINUTE);
}

/** Drains the senders, compares, and stops everything. @returns the exit status */
async function end(demo: Demo): Promise<number> {
  await Promise.all(demo.stories.map((story) => story.finish(DRAIN_PATIENCE_MS)));
  let status = 0;
  try {
    status = (await compare(demo)) ? 0 : 1;
  } catch (error) {
    say(`Could not compare: ${(error as Error).message}`);
    status = 1;
  }
  await demo.web.stop();
  await demo.inbox.close();
  await demo.local.stop();
  return demo.options.check ? status : 0;
}

async function compare(demo: Demo): Promise<boolean> {
  const { baseUrl, token, ledger, fromMs } = demo;
  await demo.web.ready();
  const rolledUp = await waitForRollUp({ baseUrl, token }, ROLL_UP_PATIENCE_MS);
  if (!rolledUp) say('Not everything was rolled up in time.');
  const { apps, flaws } = ledger.snapshot();
  const range = { fromMs: fromMs - HOUR, toMs: Date.now() + MINUTE };
  const rows: Comparison[] = [];
  for (const [app, account] of Object.entries(apps)) {
    rows.push(...(await compareApp({ baseUrl, token }, app, account, range)));
  }
  say(`\n${renderTable(rows)}\n`);
  const wrong = rows.filter((row) => !row.equal).length;
  const waiting = Object.values(apps).reduce((sum, app) => sum + app.waiting, 0);
  if (waiting > 0) say(`${waiting} messages never met their fate.`);
  for (const [flaw, times] of Object.entries(flaws)) say(`Unreadable answers: ${flaw}, ${times} times.`);
  say(summarize(rows, demo.web.restarts()));
  return wrong === 0 && waiting === 0 && Object.keys(flaws).length === 0;
}

/** One sentence about the comparison. */
function summarize(rows: readonly Comparison[], restarts: number): string {
  const wrong = rows.filter((row) => !row.equal).length;
  if (wrong > 0) return `${wrong} of ${rows.length} counts differ.`;
  // A frame whose every try broke off may have been taken or not: no sender can know.
  const open = rows.filter((row) => row.sent !== row.counted).length;
  const verdict =
    open === 0 ? 'are equal' : `agree (${open} of them but for frames that were never answered)`;
  return `All ${rows.length} counts ${verdict}; the web process was restarted ${restarts} times.`;
}

try {
  process.exitCode = await main();
} catch (error) {
  // What could not be had (a port, the database) says so in a sentence; anything else is our mistake.
  const expected = error instanceof Error && error.constructor !== Error ? error.message : undefined;
  const text = explainFailure(error) ?? expected ?? String((error as Error).stack ?? error);
  process.stderr.write(`demo: ${text}\n`);
  process.exitCode = 1;
}
// Idle keep-alive connections would hold the process.
process.exit();
