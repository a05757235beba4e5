/**
 * `node bench/slos.ts [--only rounds|week|storm] [--slos 1000] [--rounds 10] [--kills 20] [--json]`: what alerting costs
 * and how it behaves.
 *
 *   rounds  CPU of worker and Postgres for a minute of 1,000 objectives, periods of 7 and 90 days side by side
 *   week    a simulated week of low traffic with single failures in it, and a real outage: pages, minutes until the page
 *   storm   an alert storm in which the worker is killed 20 times: incidents, messages, repeats
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { migrate } from '../store/migrate.ts';
import { buildPool } from '../store/pool.ts';
import { measureRounds } from './slo-rounds.ts';
import { runStorm } from './slo-storm.ts';
import { simulateWeeks } from './slo-week.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    slos: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '10' },
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
  },
});
const wants = (name: string): boolean => values.only === undefined || values.only === name;

async function withServer(work: (url: string) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-bench-slos-'));
  const server = await startEmbedded({ dataDir, log: silentLog });
  try {
    const pool = buildPool({ url: server.url, max: 1, applicationName: 'bench', log: silentLog });
    await migrate(pool, { log: silentLog });
    await pool.end();
    await work(server.url);
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

if (wants('week')) simulateWeeks(Number(values.seed));
if (wants('rounds'))
  await withServer((url) => measureRounds(url, { slos: Number(values.slos), rounds: Number(values.rounds) }));
if (wants('storm')) {
  await withServer(async (url) => {
    const isRight = await runStorm(url, { kills: Number(values.kills), seed: Number(values.seed) });
    if (!isRight) process.exitCode = 1;
  });
}
