/**
 * What reading logs costs: a day of one app's lines in blocks, then searches as the page asks them, over the API, each
 * several times. Prints a row a question: wall time, CPU of this process, what the answer says of itself.
 *
 *   node bench/logs.ts [--lines 5000000] [--rounds 5]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LogHistogramAnswer, LogPatternsAnswer, LogSearch, LogsAnswer } from '../api/contract/logs.ts';
import { startEmbedded } from '../bin/embedded/server.ts';
import { silentLog } from '../model/log.ts';
import { DAY } from '../model/time.ts';
import { createApp } from '../store/apps.ts';
import { migrate } from '../store/migrate.ts';
import { buildPool } from '../store/pool.ts';
import { buildTestApi, TEST_KEY } from '../test/api-client.ts';
import { storeLogBlock } from '../test/stored-logs.ts';
import { type LogLine, logLineOf } from './log-lines.ts';

const { values } = parseArgs({
  options: { lines: { type: 'string' }, rounds: { type: 'string' } },
});
const LINES = Number(values.lines) || 5_000_000;
const ROUNDS = Number(values.rounds) || 5;
/** As compaction makes them: a minute, or 256 KiB. */
const BLOCK_LINES = 1_500;

const dataDir = mkdtempSync(join(tmpdir(), 'drainboard-bench-'));
const server = await startEmbedded({ dataDir, log: silentLog });
const pool = buildPool({ url: server.url, max: 4, applicationName: 'bench', log: silentLog });
try {
  await migrate(pool, { log: silentLog });
  await run();
} finally {
  await pool.end();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const nowMs = Date.now();
  const api = buildTestApi(pool, { nowMs: () => nowMs });
  const { app } = await createApp(pool, { name: 'shop', key: TEST_KEY, nowMs });
  await pool.query(
    `INSERT INTO drains (app_id, token, state, sender, first_received_at_ms, last_received_at_ms, last_line_at_ms)
     VALUES ($1, 'd.1', 'adopted', 'logplex', $2, $3, $3)`,
    [app.id, nowMs - DAY, nowMs],
  );
  await store(app.id, nowMs - DAY, nowMs);
  const { rows } = await pool.query<{ blocks: number; bytes: number }>(
    'SELECT count(*) AS blocks, sum(octet_length(body))::bigint AS bytes FROM log_blocks',
  );
  console.log(
    `${LINES} lines over 24 h in ${rows[0]?.blocks} blocks, ${(rows[0]?.bytes ?? 0) / 1e6} MB compressed`,
  );
  const reader = api.withToken(await api.token('viewer'));
  const ask = async (name: string, path: string, tell: (body: never) => string): Promise<void> => {
    const tookMs: number[] = [];
    let told = '';
    const before = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = performance.now();
      const { status, body } = await reader.get(`/apps/shop/logs${path}`);
      tookMs.push(performance.now() - startMs);
      if (status !== 200) throw new Error(`${name}: ${status} ${JSON.stringify(body)}`);
      told = tell(body as never);
    }
    const { user, system } = process.cpuUsage(before);
    tookMs.sort((a, b) => a - b);
    const [best = 0, middle = 0, worst = 0] = [tookMs[0], tookMs[ROUNDS >> 1], tookMs.at(-1)];
    console.log(
      `${name.padEnd(34)} best ${best.toFixed(0).padStart(5)}  p50 ${middle.toFixed(0).padStart(5)} ms  max ${worst.toFixed(0).padStart(5)} ms  ` +
        `cpu ${((user + system) / 1000 / ROUNDS).toFixed(0).padStart(5)} ms  ${told}`,
    );
  };
  const ofSearch = ({ stopped, scannedLines, scannedBytes, tookMs }: LogSearch) =>
    `${stopped}, ${scannedLines} lines, ${(scannedBytes / 1e6).toFixed(0)} MB in ${tookMs} ms`;
  const ofLines = ({ lines, search, fromMs, toMs }: LogsAnswer) =>
    `${lines.length} lines; ${ofSearch(search)}; ${(((toMs - search.reachedMs) / (toMs - fromMs)) * 100).toFixed(1)} % of the range`;
  const ofColumns = ({ total, estimated, lookedAtShare }: LogHistogramAnswer) =>
    `${total} lines, estimated ${estimated}, looked at ${(lookedAtShare * 100).toFixed(1)} %`;
  await ask('first page', '?from=now-24h&limit=200', ofLines);
  await ask('first page of H12', '?from=now-24h&limit=200&code=H12', ofLines);
  await ask('first page of errors of web.3', '?from=now-24h&limit=200&level=error&dyno=web.3', ofLines);
  await ask('frequent text', '?from=now-24h&limit=200&q=payment', ofLines);
  await ask('rare text', '?from=now-24h&limit=200&q=flux capacitor', ofLines);
  await ask('code that never was', '?from=now-24h&limit=200&code=R15', ofLines);
  await ask('columns of a day', '/histogram?from=now-24h', ofColumns);
  await ask('columns of a day, errors', '/histogram?from=now-24h&level=error', ofColumns);
  await ask('columns of a day, a text', '/histogram?from=now-24h&q=payment', ofColumns);
  await ask('columns of an hour, a text', '/histogram?from=now-1h&q=payment', ofColumns);
  await ask(
    'patterns of an hour',
    '/patterns?from=now-1h',
    ({ lines, patterns, search }: LogPatternsAnswer) =>
      `${patterns.length} patterns of ${lines} lines; ${ofSearch(search)}`,
  );
  const { body } = await reader.get('/apps/shop/logs?from=now-24h&to=now-23h&limit=1&source=router');
  const rid = (body as LogsAnswer).lines[0]?.requestId ?? '';
  await ask(
    'request of a day ago, a hint',
    `/context?rid=${rid}&at=${nowMs - DAY + 3_600_000}`,
    ({ lines }: LogsAnswer) => `${lines.length} lines`,
  );
  await ask(
    'request of a day ago, no hint',
    `/context?rid=${rid}`,
    ({ lines, search }: LogsAnswer) => `${lines.length} lines; ${ofSearch(search)}`,
  );
  await wholeDay(reader.get, '?from=now-24h&limit=200&q=flux capacitor');
}

/** Asks on as the page does until the whole range was looked at. */
async function wholeDay(get: (path: string) => Promise<{ body: LogsAnswer }>, query: string): Promise<void> {
  const startMs = performance.now();
  let [answers, found, slowestMs] = [0, 0, 0];
  for (let before: string | null = ''; before !== null; ) {
    const askedMs = performance.now();
    const { body }: { body: LogsAnswer } = await get(
      `/apps/shop/logs${query}${before && `&before=${before}`}`,
    );
    slowestMs = Math.max(slowestMs, performance.now() - askedMs);
    answers++;
    found += body.lines.length;
    before = body.older;
  }
  console.log(
    `rare text over the whole day: ${found} lines, ${answers} answers, slowest ${slowestMs.toFixed(0)} ms, ` +
      `${(performance.now() - startMs).toFixed(0)} ms in all`,
  );
}

async function store(appId: number, fromMs: number, toMs: number): Promise<void> {
  const startMs = performance.now();
  for (let at = 0; at < LINES; at += BLOCK_LINES) {
    const count = Math.min(BLOCK_LINES, LINES - at);
    const lines: LogLine[] = Array.from({ length: count }, (_, n) =>
      logLineOf(at + n, fromMs + ((toMs - fromMs) * (at + n)) / LINES),
    );
    await storeLogBlock(pool, appId, lines);
  }
  console.log(`stored in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
}
