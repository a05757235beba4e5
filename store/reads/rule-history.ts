/** What a rule would have done over an app's stored history. */
import type { RuleDraft } from '../../model/rule.ts';
import { type RuleBacktest, RuleBacktester } from '../../model/rule-backtest.ts';
import { needsOf } from '../../model/rule-needs.ts';
import type { Queryable } from '../pool.ts';
import { readFacts } from './rule-facts.ts';

export const BACKTEST_DAYS_DEFAULT = 14;
export const BACKTEST_DAYS_MAX = 30;
const DAY_MINUTES = 24 * 60;
/** Facts of a day are read at once; of what changes with a dyno's restart, or sleeps and wakes, those of an hour. */
const SPAN_MINUTES = DAY_MINUTES;
const SHORT_SPAN_MINUTES = 60;
/** Rows by minute are kept 30 days as a rule: before them there is nothing to judge by. */
const CLOSE_MINUTES = 1;

/**
 * Walks the rule over the last days, minute by minute and with the readers that evaluations use. Reads only. Takes a
 * connection some seconds for rules about latencies and anomalies.
 */
export async function backtestOverHistory(
  db: Queryable,
  input: { appId: number; draft: RuleDraft; days?: number; nowMs: number },
): Promise<RuleBacktest> {
  const { appId, draft, nowMs } = input;
  const days = Math.min(Math.max(1, Math.floor(input.days ?? BACKTEST_DAYS_DEFAULT)), BACKTEST_DAYS_MAX);
  const nowMinute = Math.floor(nowMs / 60_000) - CLOSE_MINUTES;
  const span = { from: nowMinute - days * DAY_MINUTES, to: nowMinute };
  const tester = new RuleBacktester({ ...draft, appId }, span);
  const needs = needsOf([draft]);
  const isShort = draft.kind === 'memoryLeak' || draft.kind === 'drainSilent';
  const stepMinutes = isShort ? SHORT_SPAN_MINUTES : SPAN_MINUTES;
  for (let from = span.from; from < span.to; from += stepMinutes) {
    const evaluations = { from, to: Math.min(from + stepMinutes, span.to) };
    const facts = await readFacts(db, {
      apps: [{ appId, needs }],
      evaluations,
      completeness: null,
      seldomFrom: from,
      nowMinute,
      linesFrom: 'series',
    });
    const own = facts.get(appId);
    if (own !== undefined) tester.add(own, evaluations);
  }
  return tester.result();
}
