/** CPU of a minute of alerting: objectives over 7 and over 90 days, on the same stored counts. */
import { SloEvaluator } from '../alerts/evaluate.ts';
import { foldMinutes } from '../alerts/fold.ts';
import { followApps } from '../alerts/follow-apps.ts';
import { silentLog } from '../model/log.ts';
import type { SloDefinition } from '../model/slo.ts';
import { defaultTiers } from '../model/tiers.ts';
import { MINUTE } from '../model/time.ts';
import { readCorrected } from '../store/corrections.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { exampleSlo } from '../test/slos.ts';
import { readServerCpuSeconds } from './postgres.ts';

const APPS = 100;
const HISTORY_DAYS = 90;
/** Roll-ups of one writer, and folds, in a minute. */
const ROLL_UPS = 20;
const FOLDS = 12;

interface Cost {
  workerMs: number;
  postgresMs: number;
}

export async function measureRounds(
  url: string,
  { slos, rounds }: { slos: number; rounds: number },
): Promise<void> {
  const pool = buildPool({ url, max: 2, applicationName: 'bench-slos', log: silentLog });
  const startMinute = Math.floor(Date.now() / MINUTE / 60) * 60 - 60;
  await fill(pool, slos, startMinute);
  console.log(`${slos} objectives of ${APPS} apps, ${HISTORY_DAYS} days of hours; CPU ms of a minute\n`);
  console.log('| period | step | worker | Postgres | together |\n|---|---|---|---|---|');
  let minute = startMinute;
  for (const days of [7, 90, 7, 90]) {
    const definition = exampleSlo({
      period: { kind: 'rolling', days },
      tiers: defaultTiers({ kind: 'rolling', days: 30 }),
    });
    await setDefinition(pool, definition);
    const costs = await measure(url, pool, { fromMinute: minute, rounds: rounds + 2 });
    minute += rounds + 2;
    for (const [step, cost] of Object.entries(costs)) {
      const cells = [cost.workerMs, cost.postgresMs, cost.workerMs + cost.postgresMs];
      console.log(`| ${days} days | ${step} | ${cells.map((ms) => ms.toFixed(0)).join(' | ')} |`);
    }
  }
  await pool.end();
}

async function fill(pool: Pool, slos: number, startMinute: number): Promise<void> {
  await pool.query(
    `INSERT INTO apps (name, created_at_ms) SELECT 'app-' || n, 0 FROM generate_series(1, $1) AS n`,
    [APPS],
  );
  await pool.query(
    `WITH slo AS (
       INSERT INTO slos (app_id, slug, created_at_ms)
       SELECT 1 + n % $2, 'slo-' || n, 0 FROM generate_series(1, $1) AS n RETURNING id
     ), state AS (
       INSERT INTO slo_states (slo_id, next_minute) SELECT id, $3 + 1 FROM slo
     ), backfill AS (
       INSERT INTO slo_backfills (slo_id, phase, history_from_minute) SELECT id, 'done', $3 - $4 * 1440 FROM slo
     )
     INSERT INTO slo_versions (slo_id, version, valid_from_s, definition, author, created_at_ms, generation)
     SELECT id, 1, ($3 - $4 * 1440) * 60, $5::jsonb, 'bench', 0, 0 FROM slo`,
    [slos, APPS, startMinute, HISTORY_DAYS, JSON.stringify(exampleSlo())],
  );
  await pool.query(
    `INSERT INTO slo_hours (slo_id, hour, events, bad, cum_events, cum_bad)
     SELECT s.id, h, array_fill(50, ARRAY[60]), CASE WHEN h % 5 = 0 THEN array_fill(1, ARRAY[60]) ELSE '{}' END,
       (h - $1 / 60 + $2 * 24)::bigint * 3000, (h - $1 / 60 + $2 * 24)::bigint * 12
     FROM slos s, generate_series($1 / 60 - $2 * 24, $1 / 60 - 1) AS h`,
    [startMinute, HISTORY_DAYS],
  );
  await pool.query(
    `INSERT INTO app_hours (app_id, hour, messages)
     SELECT a.id, h, array_fill(100, ARRAY[60]) FROM apps a, generate_series($1 / 60 - 168, $1 / 60 - 1) AS h`,
    [startMinute],
  );
  await pool.query('ANALYZE');
}

async function setDefinition(pool: Pool, definition: SloDefinition): Promise<void> {
  await pool.query(
    `UPDATE slo_versions SET definition = $1::jsonb,
       generation = (SELECT max(generation) + 1 FROM slo_versions)`,
    [JSON.stringify(definition)],
  );
}

/** Mean of a minute, without the first two. */
async function measure(
  url: string,
  pool: Pool,
  { fromMinute, rounds }: { fromMinute: number; rounds: number },
): Promise<Record<string, Cost>> {
  const evaluator = new SloEvaluator({ pool, log: silentLog, tell: async () => {}, readCorrected });
  const costs = { fold: nothing(), apps: nothing(), slos: nothing() };
  for (let round = 0; round < rounds; round++) {
    const minute = fromMinute + round;
    const isWarm = round >= 2;
    for (let fold = 0; fold < FOLDS; fold++) {
      await rollUp(pool, minute, ROLL_UPS / FOLDS);
      await add(costs.fold, isWarm, url, () => foldMinutes(pool, { closing: minute }));
    }
    const at = { minute: minute + 1, nowMs: (minute + 1) * MINUTE + 45_000 };
    await add(costs.apps, isWarm, url, () => followApps(pool, at.minute));
    await add(costs.slos, isWarm, url, () => evaluator.round(at));
  }
  for (const cost of Object.values(costs)) {
    cost.workerMs /= rounds - 2;
    cost.postgresMs /= rounds - 2;
  }
  return costs;
}

function nothing(): Cost {
  return { workerMs: 0, postgresMs: 0 };
}

async function add(cost: Cost, counts: boolean, url: string, work: () => Promise<unknown>): Promise<void> {
  const before = (await readServerCpuSeconds(url)) ?? Number.NaN;
  const used = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(used);
  const after = (await readServerCpuSeconds(url)) ?? Number.NaN;
  if (!counts) return;
  cost.workerMs += (user + system) / 1000;
  // Ticks of 10 ms: right over many rounds only.
  cost.postgresMs += (after - before) * 1000;
}

async function rollUp(pool: Pool, minute: number, times: number): Promise<void> {
  await pool.query(
    `INSERT INTO minute_deltas (app_id, slo_version_id, minute, events, bad)
     SELECT s.app_id, v.id, $1, 2, 0 FROM slos s JOIN slo_versions v ON v.slo_id = s.id, generate_series(1, $2)
     UNION ALL SELECT id, 0, $1::int, 5, 0 FROM apps, generate_series(1, $2::int)`,
    [minute, Math.max(1, Math.round(times))],
  );
}
