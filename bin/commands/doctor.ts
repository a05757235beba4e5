/** `drainboard doctor`: what could be wrong with this installation, each with advice. Exit status 1 when something fails. */
import { parseArgs } from 'node:util';
import { isReachableByHeroku } from '../../api/onboarding.ts';
import { SERIES_HOST } from '../../model/series.ts';
import { DAY } from '../../model/time.ts';
import { listApps } from '../../store/apps.ts';
import { readMigrationState } from '../../store/migrate.ts';
import { listPartitions, PARTITIONED, PARTITIONED_TABLES } from '../../store/partitions.ts';
import type { Pool } from '../../store/pool.ts';
import { listDrains, listRefusedSenders } from '../../store/reads/drains.ts';
import {
  countDueCompactions,
  listUnwritableTables,
  listWriters,
  readServer,
} from '../../store/reads/instance.ts';
import { readSeriesNames } from '../../store/reads/series-names.ts';
import { readSpoolQuarantine } from '../../store/spool-accounts.ts';
import { type Config, readConfig, readEnvironment } from '../env.ts';
import type { CliStore, CommandContext } from './command.ts';
import { checkRedis } from './doctor-redis.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

export async function runDoctor(args: string[], context: CommandContext): Promise<number> {
  parseArgs({ args, options: {} });
  const findings = await examine(context);
  const isWell = findings.every((finding) => finding.level !== 'fail');
  if (context.json) context.terminal.out(JSON.stringify({ ok: isWell, checks: findings }));
  else for (const finding of findings) context.terminal.out(renderFinding(finding));
  return isWell ? 0 : 1;
}

function renderFinding({ check, level, text, advice }: Finding): string {
  const line = `${level.padEnd(4)}  ${check}: ${text}`;
  return advice === '' ? line : `${line}\n      → ${advice}`;
}

async function examine(context: CommandContext): Promise<Finding[]> {
  const config = readConfig(readEnvironment());
  if (!config.ok) {
    return config.error.map((fault) => fail('configuration', `${fault.name} ${fault.problem}`, fault.remedy));
  }
  const findings = [ok('configuration', 'every setting is understood'), ...checkAddress(config.value)];
  findings.push(...(await checkRedis(config.value)));
  let store: CliStore;
  try {
    store = await context.openStore();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const advice = 'Check DATABASE_URL, and that the server runs and takes connections from here.';
    return [...findings, fail('database', `cannot be opened: ${text}`, advice)];
  }
  try {
    return [...findings, ...(await checkDatabase(store, context.nowMs))];
  } finally {
    await store.close();
  }
}

function checkAddress(config: Config): Finding[] {
  if (config.baseUrl === undefined && config.herokuDomain === undefined) {
    const advice = 'Set DRAINBOARD_BASE_URL to the public address; npm start alone is fine for trying.';
    return [warn('address', 'no public address is set, so drain URLs name this machine', advice)];
  }
  if (config.baseUrl !== undefined && !isReachableByHeroku(config.baseUrl)) {
    const advice = 'Heroku delivers over the public internet: use a public name.';
    return [warn('address', `${config.baseUrl} cannot be reached from outside`, advice)];
  }
  return [ok('address', config.baseUrl ?? `https://${config.herokuDomain}`)];
}

async function checkDatabase(store: CliStore, nowMs: number): Promise<Finding[]> {
  const askedMs = performance.now();
  let server: Awaited<ReturnType<typeof readServer>>;
  try {
    server = await readServer(store.pool);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [fail('database', `does not answer: ${text}`, 'Check DATABASE_URL and that the server runs.')];
  }
  const elapsedMs = performance.now() - askedMs;
  const findings = [...checkServer(server), checkClock(server.nowMs, Date.now() - elapsedMs / 2)];
  const migrations = await checkMigrations(store.pool);
  findings.push(migrations);
  if (migrations.level === 'fail') return findings;
  findings.push(await checkRights(store.pool), await checkPartitions(store.pool, nowMs));
  findings.push(await checkSpoolQuarantine(store.pool));
  findings.push(await checkWriters(store.pool, server.nowMs), await checkCompaction(store.pool, nowMs));
  findings.push(...(await checkDrains(store, nowMs)), await checkLoops(store));
  return findings;
}

function checkServer(server: Awaited<ReturnType<typeof readServer>>): Finding[] {
  const version =
    server.versionNumber >= 150_000
      ? ok('database', `Postgres ${server.version} answers`)
      : fail('database', `Postgres ${server.version} is too old`, 'Postgres 15 or newer is needed.');
  const connections =
    server.connections > server.maxConnections * 0.8
      ? warn(
          'connections',
          `${server.connections} of ${server.maxConnections} are in use`,
          'Lower DRAINBOARD_API_CONNECTIONS or WEB_CONCURRENCY, or take a bigger plan.',
        )
      : ok('connections', `${server.connections} of ${server.maxConnections} in use`);
  const writable = server.readOnly
    ? [fail('database', 'takes no writes', 'It is a follower, in recovery, or over the size of its plan.')]
    : [];
  return [version, ...writable, connections];
}

const CLOCK_WARN_MS = 2_000;

function checkClock(theirsMs: number, oursMs: number): Finding {
  const skewMs = Math.round(theirsMs - oursMs);
  if (Math.abs(skewMs) < CLOCK_WARN_MS) return ok('clock', `within ${Math.abs(skewMs)} ms of the database`);
  return warn(
    'clock',
    `the database is ${(skewMs / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead' : 'behind'}`,
    'Set this machine’s clock by NTP: lines are filed by it when their own time cannot be read.',
  );
}

async function checkMigrations(pool: Pool): Promise<Finding> {
  const state = await readMigrationState(pool);
  if (state.pending.length > 0) {
    return fail(
      'migrations',
      `${state.pending.length} not applied: ${state.pending.join(', ')}`,
      'Run node bin/release.ts (the release phase and npm start do it).',
    );
  }
  if (state.ahead.length > 0) {
    return warn(
      'migrations',
      `the database is ahead of this code by ${state.ahead.join(', ')}`,
      'Fine beside a newer release; else deploy the newer code.',
    );
  }
  return ok('migrations', `all ${state.applied.length} applied`);
}

async function checkRights(pool: Pool): Promise<Finding> {
  const server = await readServer(pool);
  const tables = await listUnwritableTables(pool);
  if (tables.length > 0) {
    const advice = 'The role needs SELECT, INSERT, UPDATE and DELETE; a plan over its size loses INSERT.';
    return fail('rights', `cannot write to ${tables.join(', ')}`, advice);
  }
  if (!server.canCreate) {
    return fail(
      'rights',
      'cannot make partitions',
      'Grant CREATE on the schema to the role of DATABASE_URL.',
    );
  }
  return ok('rights', 'may read, write and make partitions');
}

async function checkPartitions(pool: Pool, nowMs: number): Promise<Finding> {
  const partitions = await listPartitions(pool);
  if (partitions.length === 0) {
    return warn('partitions', 'none are there yet', 'A running server or worker makes them: start one.');
  }
  const short = PARTITIONED_TABLES.filter((table) => {
    const { unitMs, widthMs } = PARTITIONED[table];
    const ends = partitions
      .filter((partition) => partition.table === table)
      .map((partition) => partition.to * unitMs);
    return Math.max(0, ...ends) < nowMs + widthMs;
  });
  if (short.length === 0) return ok('partitions', `${partitions.length}, all made ahead`);
  const advice = 'A running worker makes them ahead; until then they are made on demand, one by one.';
  return warn('partitions', `not made ahead for ${short.join(', ')}`, advice);
}

async function checkSpoolQuarantine(pool: Pool): Promise<Finding> {
  const { entries, reasons } = await readSpoolQuarantine(pool);
  if (entries === 0) return ok('spool quarantine', 'empty');
  const advice =
    'They are shown as gaps. unknownKey: DRAINBOARD_SECRET was changed in an outage; otherVersion: another release wrote them.';
  return warn('spool quarantine', `${entries} entries could not be moved (${reasons.join(', ')})`, advice);
}

const CHUNKS_BEHIND = 1000;

async function checkWriters(pool: Pool, databaseNowMs: number): Promise<Finding> {
  const writers = await listWriters(pool);
  const behind = writers.reduce((sum, writer) => sum + writer.behindChunks, 0);
  const dead = writers.filter((writer) => databaseNowMs - writer.seenMs > 60_000 && writer.behindChunks > 0);
  if (dead.length > 0) {
    const advice = 'Any running web process takes them over within seconds: start one.';
    return warn('writers', `${dead.length} ended with chunks that are not in the charts yet`, advice);
  }
  if (behind > CHUNKS_BEHIND) {
    return warn(
      'writers',
      `${behind} chunks are not in the charts yet`,
      'The database may be slow; nothing is lost.',
    );
  }
  return ok(
    'writers',
    writers.length === 0 ? 'none open' : `${writers.length} open, ${behind} chunks behind`,
  );
}

async function checkCompaction(pool: Pool, nowMs: number): Promise<Finding> {
  // Late by two hours: the units of the last minutes are always due.
  const due = await countDueCompactions(pool, nowMs - DAY / 12);
  if (due === 0) return ok('compaction', 'up to date');
  return warn(
    'compaction',
    `${due} units are overdue`,
    'Run a worker (DRAINBOARD_WORKER=in-web, or the worker dyno).',
  );
}

async function checkDrains(store: CliStore, nowMs: number): Promise<Finding[]> {
  const apps = await listApps(store.pool);
  const drains = await listDrains(
    store.pool,
    apps.map((app) => app.id),
  );
  const never = apps.filter((app) => !drains.some((drain) => drain.appId === app.id)).map((app) => app.name);
  const unknown = drains.filter((drain) => drain.state === 'new').length;
  const refused = await listRefusedSenders(store.pool, nowMs - DAY, 5);
  const findings = [ok('apps', `${apps.length} registered`)];
  if (never.length > 0) {
    const advice = `heroku drains -a ${never[0]} shows whether the drain was added; drainboard app rotate makes a new URL.`;
    findings.push(warn('drains', `never heard of: ${never.slice(0, 10).join(', ')}`, advice));
  } else if (apps.length > 0) findings.push(ok('drains', 'every app was heard'));
  if (unknown > 0) {
    const advice = 'Accept or ban them under drain health; until then they are counted.';
    findings.push(warn('tokens', `${unknown} with good credentials and an unknown drain token`, advice));
  }
  if (refused.length > 0) {
    const names = refused.map((sender) => `${sender.userName} (${sender.attempts}, ${sender.reason})`);
    const advice = 'An old drain URL is still attached somewhere: heroku drains -a APP, then drains:remove.';
    findings.push(warn('refused', `in the last day: ${names.join(', ')}`, advice));
  }
  return findings;
}

/** Draining our own app would make each batch of lines cause the next one (FORMATS 2.7). */
async function checkLoops(store: CliStore): Promise<Finding> {
  const apps = await listApps(store.pool);
  const ours = apps.find((app) => app.name === store.ownAppName);
  if (ours)
    return fail('loops', `${ours.name} is this dashboard itself`, `drainboard app remove ${ours.name}`);
  const { host } = new URL(store.baseUrl);
  const hosts = await readSeriesNames(
    store.pool,
    apps.map((app) => app.id),
    [SERIES_HOST],
  );
  const looped = hosts.find((name) => name.key === host);
  const app = apps.find((each) => each.id === looped?.appId);
  if (!app) return ok('loops', 'no app sends us our own requests');
  return fail(
    'loops',
    `${app.name} sends lines about requests to ${host}`,
    `Remove that drain: heroku drains -a ${app.name}`,
  );
}
