/**
 * A round over the rules of all apps. An app is claimed as a row, its minutes since the last round are walked, and its
 * states, what changed and what incidents are told are written in the same transaction: two workers, or one that dies at
 * any point, do no harm (A-09, K-09).
 */

import type { AlertChange } from '../../model/alert-change.ts';
import { closedEvaluation } from '../../model/closing.ts';
import { killPoint } from '../../model/kill-point.ts';
import type { Log } from '../../model/log.ts';
import type { AppFacts, MinuteSpan } from '../../model/rule-facts.ts';
import { needsOf } from '../../model/rule-needs.ts';
import { DAY, MINUTE } from '../../model/time.ts';
import { type Completeness, readCompleteness } from '../../store/completeness.ts';
import { type Client, type Pool, withTransaction } from '../../store/pool.ts';
import { readFacts } from '../../store/reads/rule-facts.ts';
import { claimRounds, enrolApps, moveRounds, type RuleRound } from '../../store/rule-rounds.ts';
import {
  deleteRuleStates,
  insertRuleTransitions,
  type RuleState,
  readRuleStates,
  upsertRuleStates,
} from '../../store/rule-states.ts';
import { listRules, type RuleRow, trimRemovedRules } from '../../store/rules.ts';
import { type RuleOutcome, removeStates, walkOne } from './walk.ts';

export interface RuleRoundOptions {
  nowMs: number;
  /** Told of what is news, inside the transaction that writes it. */
  tell: (client: Client, changes: readonly AlertChange[], nowMs: number) => Promise<void>;
  log: Log;
  /** Ends the round between two batches. */
  signal?: AbortSignal;
}

export interface RuleRoundResult {
  /** Apps that were evaluated. */
  apps: number;
  /** Changes that were told. */
  told: number;
  /** Apps whose evaluation failed; the others' stands. */
  failed: number;
  /** How far the app that was most behind was behind, ms. */
  lagMs: number;
}

/** Apps of one transaction. */
const BATCH_APPS = 200;
/** Minutes of apps of one transaction: facts of those that are behind are longer. */
const BATCH_APP_MINUTES = 20_000;
/** Minutes that are caught up in order; what is older is held and jumped over. */
const CATCH_UP_MAX_MINUTES = 24 * 60;
/** Of what is judged every few minutes, what is caught up. */
const SELDOM_CATCH_UP_MINUTES = 60;
/** A frozen process lets go of its apps (K-15). */
const IDLE_LIMIT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 20_000;
const TRIM_EVERY_MINUTES = 60;
const REMOVED_RULES_KEEP_MS = 30 * DAY;

/** Some apps' rules could not be evaluated; those of all others were. */
export class RulesFailedError extends Error {
  override name = 'RulesFailedError';
  readonly result: RuleRoundResult;

  constructor(appIds: readonly number[], result: RuleRoundResult, cause: unknown) {
    super(`rules of ${appIds.length} apps could not be evaluated: ${appIds.slice(0, 10).join(', ')}`, {
      cause,
    });
    this.result = result;
  }
}

/**
 * Evaluates what is due of every app. What an app's evaluation fails of does not keep the others; RulesFailedError tells
 * of it when all is done, and the next round tries again. Throws at once what concerns all of them.
 */
export async function evaluateRules(pool: Pool, options: RuleRoundOptions): Promise<RuleRoundResult> {
  const minute = closedEvaluation(options.nowMs);
  const result: RuleRoundResult = { apps: 0, told: 0, failed: 0, lagMs: 0 };
  const enrolled = await enrolApps(pool, minute, options.nowMs);
  if (enrolled > 0) options.log.info('rules.defaultsGiven', { apps: enrolled });
  const failures = new Map<number, unknown>();
  while (options.signal?.aborted !== true) {
    const tried: number[] = [];
    const leaveOut = [...failures.keys()];
    try {
      const limits = { minute, limit: BATCH_APPS, only: null, tried, leaveOut };
      const batch = await evaluateBatch(pool, { ...options, ...limits });
      add(result, batch);
      if (batch.apps === 0) break;
    } catch (error) {
      // Before anything was claimed it is nobody's fault; a batch that failed is tried app by app.
      if (tried.length === 0) throw error;
      await evaluateApart(pool, { ...options, minute, appIds: tried }, result, failures);
    }
  }
  result.failed = failures.size;
  if (result.apps > 0 && minute % TRIM_EVERY_MINUTES === 0) {
    await withTransaction(pool, (client) => trimRemovedRules(client, options.nowMs - REMOVED_RULES_KEEP_MS));
  }
  const [failure] = failures.values();
  if (failures.size > 0) throw new RulesFailedError([...failures.keys()], result, failure);
  return result;
}

/** Each app in a transaction of its own; what failed, by app. */
async function evaluateApart(
  pool: Pool,
  options: RuleRoundOptions & { minute: number; appIds: readonly number[] },
  result: RuleRoundResult,
  failures: Map<number, unknown>,
): Promise<void> {
  for (const appId of options.appIds) {
    if (options.signal?.aborted === true) return;
    try {
      const limits = { limit: 1, only: [appId], tried: [], leaveOut: [] };
      add(result, await evaluateBatch(pool, { ...options, ...limits }));
    } catch (error) {
      // Where the database is away, no app is at fault, and trying them all would take a connection's patience each.
      await pool.query('SELECT 1');
      failures.set(appId, error);
    }
  }
}

function add(result: RuleRoundResult, batch: RuleRoundResult): void {
  result.apps += batch.apps;
  result.told += batch.told;
  result.lagMs = Math.max(result.lagMs, batch.lagMs);
}

interface Batch extends RuleRoundOptions {
  minute: number;
  limit: number;
  only: readonly number[] | null;
  /** Filled with the apps that were claimed. */
  tried: number[];
  /** Not taken again in this round. */
  leaveOut: readonly number[];
}

function evaluateBatch(pool: Pool, batch: Batch): Promise<RuleRoundResult> {
  return withTransaction(
    pool,
    async (client) => {
      const claimed = bounded(await claimRounds(client, batch), batch.minute);
      batch.tried.push(...claimed.map(({ appId }) => appId));
      const result: RuleRoundResult = { apps: claimed.length, told: 0, failed: 0, lagMs: 0 };
      if (claimed.length === 0) return result;
      const completeness = await readCompleteness(client, batch);
      const changes: AlertChange[] = [];
      for (const [nextMinute, rounds] of Map.groupBy(claimed, (round) => round.nextMinute)) {
        result.lagMs = Math.max(result.lagMs, (batch.minute - nextMinute) * MINUTE);
        changes.push(...(await evaluateGroup(client, { ...batch, completeness }, nextMinute, rounds)));
      }
      // Once a transaction, with all there is: incidents are locked in one order.
      if (changes.length > 0) await batch.tell(client, changes.sort(byTime), batch.nowMs);
      result.told = changes.length;
      killPoint('rules.before');
      return result;
    },
    { idleLimitMs: IDLE_LIMIT_MS, statementTimeoutMs: STATEMENT_TIMEOUT_MS },
  );
}

/** No more apps than whose facts fit beside each other; the rest is claimed again, by whoever comes next. */
function bounded(claimed: readonly RuleRound[], minute: number): RuleRound[] {
  const first = claimed[0];
  if (first === undefined) return [];
  const minutes = Math.max(1, Math.min(minute - first.nextMinute, CATCH_UP_MAX_MINUTES));
  return claimed.slice(0, Math.max(1, Math.floor(BATCH_APP_MINUTES / minutes)));
}

/** Apps whose next evaluation is the same: read together, walked each for itself, written together. */
async function evaluateGroup(
  client: Client,
  { minute, nowMs, completeness }: Batch & { completeness: Completeness },
  nextMinute: number,
  rounds: readonly RuleRound[],
): Promise<AlertChange[]> {
  const appIds = rounds.map(({ appId }) => appId);
  const removed = new Set(rounds.filter(({ isRemoved }) => isRemoved).map(({ appId }) => appId));
  const rules = await listRules(client, appIds, { withRemoved: true });
  const states = Map.groupBy(
    await readRuleStates(
      client,
      rules.map(({ id }) => id),
    ),
    (state) => state.ruleId,
  );
  const evaluations = evaluationsOf(nextMinute, minute);
  const live = rules.filter((rule) => isLive(rule, removed));
  const byApp = Map.groupBy(live, (rule) => rule.appId);
  const facts =
    byApp.size === 0
      ? new Map<number, AppFacts>()
      : await readFacts(client, {
          apps: [...byApp].map(([appId, own]) => ({ appId, needs: needsOf(own) })),
          evaluations,
          completeness,
          seldomFrom: evaluations.to - SELDOM_CATCH_UP_MINUTES,
          nowMinute: minute,
          linesFrom: 'hours',
        });
  const outcomes = rules.map((rule): RuleOutcome => {
    const known = states.get(rule.id) ?? [];
    const own = isLive(rule, removed) ? facts.get(rule.appId) : undefined;
    return own === undefined
      ? removeStates(rule, known, minute)
      : walkOne(rule, own, { evaluations, isJumped: evaluations.from > nextMinute, known, nowMs });
  });
  await write(client, outcomes);
  await moveRounds(
    client,
    appIds.filter((appId) => !removed.has(appId)),
    minute + 1,
  );
  await moveRounds(client, [...removed], null);
  return outcomes.flatMap((outcome) => outcome.changes);
}

function byTime(a: AlertChange, b: AlertChange): number {
  return a.atMs - b.atMs;
}

function isLive(rule: RuleRow, removed: ReadonlySet<number>): boolean {
  return rule.isOn && rule.removedAtMs === null && !removed.has(rule.appId);
}

/** Evaluations up to the closed one; a row from a clock that ran ahead begins again at it (T-06). */
function evaluationsOf(nextMinute: number, minute: number): MinuteSpan {
  const to = minute + 1;
  return { from: Math.min(Math.max(nextMinute, to - CATCH_UP_MAX_MINUTES), minute), to };
}

async function write(client: Client, outcomes: readonly RuleOutcome[]): Promise<void> {
  await deleteRuleStates(
    client,
    outcomes.flatMap((outcome) => outcome.gone),
  );
  const states: RuleState[] = outcomes.flatMap((outcome) => outcome.states);
  await upsertRuleStates(client, states);
  await insertRuleTransitions(
    client,
    outcomes.flatMap((outcome) => outcome.transitions),
  );
}
