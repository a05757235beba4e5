/**
 * An alert storm in which the worker is killed with SIGKILL again and again: what people were told, against what they
 * should have been. Real processes, a real receiver; the clock runs many times as fast as the wall's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SloEvaluator } from '../alerts/evaluate.ts';
import { foldMinutes } from '../alerts/fold.ts';
import { followApps } from '../alerts/follow-apps.ts';
import { silentLog } from '../model/log.ts';
import { MINUTE } from '../model/time.ts';
import { seededRandom } from '../sim/random.ts';
import { createApp } from '../store/apps.ts';
import { readDatabaseNow } from '../store/completeness.ts';
import { readCorrected } from '../store/corrections.ts';
import { buildPool, type Pool } from '../store/pool.ts';
import { createSlo, listSloVersions } from '../store/slos.ts';
import { type Child, startChild } from '../test/child.ts';
import { steady } from '../test/evaluation.ts';
import { addRoute } from '../test/incidents.ts';
import { addReceiver, listen, type Told } from '../test/outbox.ts';
import { exampleSlo } from '../test/slos.ts';

export interface StormOptions {
  kills: number;
  seed: number;
  slos?: number;
  /** Seconds between two kills, mean. */
  everyS?: number;
  /** Of the storm's clock against the wall's. */
  speed?: number;
  say?: (text: string) => void;
}

export interface StormResult {
  slos: number;
  kills: number;
  incidents: number;
  resolved: number;
  /** Rows of the outbox, and messages that arrived. */
  notifications: number;
  arrived: number;
  /** Messages that arrived more than once, and those of them that did not say that they may be repeats. */
  repeats: number;
  unmarked: number;
  /** Incidents without a page that arrived, and resolves that arrived before their page. */
  lost: number;
  early: number;
  /** Between the instant that an alert had to fire and its page, of the storm's clock, seconds: largest. */
  slowestS: number;
}

const DEFAULT_SPEED = 30;
/** Objectives begin to fail in turn over so many minutes, each for so long. */
const STAGGER_MINUTES = 20;
const OUTAGE_MINUTES = 12;
const WARM_MINUTES = 60;

/** Runs the storm and prints what happened; whether everything was told, at most once more a kill. */
export async function runStorm(url: string, options: StormOptions): Promise<boolean> {
  const result = await storm(url, { say: (text) => console.log(text), ...options });
  console.log(JSON.stringify(result));
  return isRight(result);
}

export function isRight(result: StormResult): boolean {
  return (
    result.incidents === result.slos &&
    result.resolved === result.slos &&
    result.lost === 0 &&
    result.early === 0 &&
    result.unmarked === 0 &&
    result.repeats <= result.kills
  );
}

export async function storm(url: string, options: StormOptions): Promise<StormResult> {
  const { kills, seed, slos = 60, everyS = 4, speed = DEFAULT_SPEED, say = () => {} } = options;
  const pool = buildPool({ url, max: 4, applicationName: 'storm', log: silentLog });
  const listener = await listen();
  const random = seededRandom(`storm ${seed}`);
  try {
    const start = Math.floor(Date.now() / MINUTE) - 10_000;
    const fireMinutes = await prepare(pool, { slos, start, url: listener.url });
    // What lies before the storm is evaluated beforehand.
    await evaluateThrough(pool, start + WARM_MINUTES - 1);
    const originMs = await readDatabaseNow(pool);
    const baseMs = (start + WARM_MINUTES) * MINUTE;
    const env = {
      DATABASE_URL: url,
      SPEED: String(speed),
      BASE_MS: String(baseMs),
      ORIGIN_MS: String(originMs),
    };
    let child = await startWorker(env);
    for (let kill = 1; kill <= kills; kill++) {
      await sleep(random.exponential(everyS) * 1000);
      child.kill('SIGKILL');
      await child.exit;
      say(`kill ${kill}: ${listener.told.length} messages have arrived`);
      child = await startWorker(env);
    }
    await untilQuiet(pool, slos);
    child.kill('SIGKILL');
    await child.exit;
    return await account(pool, listener.told, { slos, kills, fireMinutes });
  } finally {
    listener.close();
    await pool.end();
  }
}

async function startWorker(env: Record<string, string>): Promise<Child> {
  const child = startChild('test/run-alerting.ts', [], { env });
  await child.says(/running/);
  return child;
}

/** Gives when each objective must fire, by its id. */
async function prepare(
  pool: Pool,
  { slos, start, url }: { slos: number; start: number; url: string },
): Promise<Map<number, number>> {
  const receiver = await addReceiver(pool, { url });
  await addRoute(pool, { receiverIds: [receiver.id], severities: ['page'] });
  const fireMinutes = new Map<number, number>();
  const definition = exampleSlo({ budgetAlerts: [] });
  for (let at = 0; at < slos; at++) {
    const { app } = await createApp(pool, {
      name: `storm-${at}`,
      key: 'k'.repeat(40),
      nowMs: start * MINUTE,
    });
    const made = { appId: app.id, slug: 'requests', definition, author: 'storm' };
    const slo = await createSlo(pool, { ...made, nowMs: (start - 1) * MINUTE });
    const [version] = await listSloVersions(pool, [slo?.id ?? 0]);
    if (slo === null || version === undefined) throw new Error('the objective was not made');
    const both = { appId: app.id, versionId: version.id };
    const fails = start + WARM_MINUTES + 2 + (at % STAGGER_MINUTES);
    const deltas = [
      ...steady(both, { from: start, to: fails, events: 100 }),
      ...steady(both, { from: fails, to: fails + OUTAGE_MINUTES, events: 100, bad: 100 }),
      ...steady(both, { from: fails + OUTAGE_MINUTES, to: start + 300, events: 100 }),
    ];
    await pool.query(
      `INSERT INTO minute_deltas (app_id, slo_version_id, minute, events, bad)
       SELECT "appId", "versionId", minute, events, bad
       FROM jsonb_to_recordset($1) AS d ("appId" int, "versionId" int, minute int, events int, bad int)`,
      [JSON.stringify(deltas)],
    );
    // Two bad minutes more after the first one that is seen.
    fireMinutes.set(slo.id, fails + 3);
  }
  return fireMinutes;
}

async function evaluateThrough(pool: Pool, minute: number): Promise<void> {
  await foldMinutes(pool);
  await followApps(pool, minute);
  const evaluator = new SloEvaluator({ pool, log: silentLog, tell: async () => {}, readCorrected });
  await evaluator.round({ minute, nowMs: minute * MINUTE + 45_000 });
}

/** Every incident is over and the outbox is empty. */
async function untilQuiet(pool: Pool, slos: number): Promise<void> {
  for (const deadline = performance.now() + 240_000; performance.now() < deadline; await sleep(250)) {
    const { rows } = await pool.query<{ resolved: number; waiting: number }>(
      `SELECT (SELECT count(*)::int FROM incidents WHERE state = 'resolved') AS resolved,
         (SELECT count(*)::int FROM notifications WHERE state IN ('waiting', 'sending')) AS waiting`,
    );
    if ((rows[0]?.resolved ?? 0) >= slos && rows[0]?.waiting === 0) return;
  }
  throw new Error('the storm did not end within four minutes');
}

async function account(
  pool: Pool,
  told: readonly Told[],
  { slos, kills, fireMinutes }: { slos: number; kills: number; fireMinutes: ReadonlyMap<number, number> },
): Promise<StormResult> {
  const { rows: incidents } = await pool.query<{ id: string; subject: string; state: string }>(
    'SELECT id, subject, state FROM incidents',
  );
  const { rows: sent } = await pool.query<{ incident_id: string; kind: string; first_ms: number | null }>(
    'SELECT incident_id, kind, first_attempt_at_ms AS first_ms FROM notifications',
  );
  const byDelivery = Map.groupBy(told, ({ deliveryId }) => deliveryId);
  const repeated = [...byDelivery.values()].filter((times) => times.length > 1);
  const order = (id: string, kind: string): number =>
    told.findIndex((one) => one.incidentId === id && one.kind === kind);
  const slowest = incidents.map(({ id, subject }) => {
    const dueMs = (fireMinutes.get(Number(subject.split(':')[1])) ?? 0) * MINUTE;
    const first = sent.find((one) => one.incident_id === id && one.kind === 'trigger')?.first_ms;
    return first === null || first === undefined ? Number.POSITIVE_INFINITY : (first - dueMs) / 1000;
  });
  return {
    slos,
    kills,
    incidents: incidents.length,
    resolved: incidents.filter(({ state }) => state === 'resolved').length,
    notifications: sent.length,
    arrived: byDelivery.size,
    repeats: repeated.reduce((sum, times) => sum + times.length - 1, 0),
    unmarked: repeated.filter((times) => times.slice(1).some(({ mayRepeat }) => !mayRepeat)).length,
    lost: incidents.filter(
      ({ id }) => order(id, 'trigger') < 0 && !told.some((one) => one.incidentId === id && one.isCombined),
    ).length,
    early: incidents.filter(({ id }) => {
      const [trigger, resolve] = [order(id, 'trigger'), order(id, 'resolve')];
      return trigger >= 0 && resolve >= 0 && resolve < trigger;
    }).length,
    slowestS: Math.max(...slowest),
  };
}
