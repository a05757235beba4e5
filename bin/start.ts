/** `npm start`: everything on one machine, with an embedded Postgres unless DATABASE_URL names another. */
import type { Log } from '../model/log.ts';
import { readInstance } from '../store/instance.ts';
import { migrate } from '../store/migrate.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { buildPool } from '../store/pool.ts';
import { findBaseUrl, readEnvironment } from './env.ts';
import { explainFailure } from './explain.ts';
import { forgetSetupToken, type Local, type LocalConfig, prepareLocal, writeServerNote } from './local.ts';
import { buildProcessLog } from './log.ts';
import { dieOnMistakes, requireBrowsablePort } from './serve.ts';
import { ensureUiBuilt } from './ui-build.ts';
import { runWeb } from './web.ts';
import { runWebCluster } from './web-cluster.ts';

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Brings the schema up to date and says whether somebody has claimed this instance. */
async function prepareDatabase(config: LocalConfig, log: Log): Promise<{ claimed: boolean }> {
  const { databaseUrl: url, databaseCa: ca, onHeroku } = config;
  const pool = buildPool({ url, ca, onHeroku, max: 2, applicationName: 'drainboard-start', log });
  try {
    await migrate(pool, { log });
    await ensurePartitions(pool, { nowMs: Date.now(), ahead: 3 });
    return { claimed: (await readInstance(pool)).claimedAtMs !== null };
  } finally {
    await pool.end();
  }
}

function explainStart(local: Local, baseUrl: string, claimed: boolean): void {
  for (const note of local.notes) say(note);
  say('');
  say(`Drainboard is at ${baseUrl}`);
  if (claimed) say(`Sign in at ${baseUrl}/sign-in with the e-mail and password you chose.`);
  else say(`Set it up at ${baseUrl}/setup with this one-time token: ${local.config.setupToken}`);
  say('Then attach an app: npx drainboard app add NAME. Ctrl-C stops everything.');
  say('');
}

async function start(): Promise<void> {
  const log = buildProcessLog('start');
  dieOnMistakes(log);
  const built = ensureUiBuilt();
  if (built !== '') say(built);
  const local = await prepareLocal(readEnvironment(), log);
  const { config } = local;
  try {
    // Asked before anything is written: a start that cannot be leaves nothing behind.
    await requireBrowsablePort(config.port);
    const { claimed } = await prepareDatabase(config, log);
    const run = config.webConcurrency > 1 ? runWebCluster : runWeb;
    const running = await run(config, log, { name: 'database', stop: () => local.stop() });
    const baseUrl = findBaseUrl(config, running.port);
    // Without a file of it one is made at every start, for a database that may be new.
    if (claimed) forgetSetupToken(config.dataDir);
    writeServerNote(config.dataDir, { baseUrl, pid: process.pid });
    explainStart(local, baseUrl, claimed);
  } catch (error) {
    await local.stop();
    throw error;
  }
}

try {
  await start();
} catch (error) {
  process.stderr.write(`${explainFailure(error) ?? (error as Error).stack ?? error}\n`);
  process.exit(1);
}
