/** Whether alerting itself works, for people who are signed in. */
import { closedEvaluation } from '../../model/closing.ts';
import { MINUTE, SECOND } from '../../model/time.ts';
import { listWatchAlerts, readWatchFacts, type WatchFacts } from '../../store/watch.ts';
import type { AlertingHealthAnswer } from '../contract/alerting.ts';
import { reading } from '../reading.ts';
import { type Route, route } from '../route.ts';

/** A round comes each minute: later than this, it is late. */
const LATE_MS = 2 * MINUTE;
const BROKEN_MS = 5 * MINUTE;

export const alertingRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/alerting/health',
    permission: 'viewer',
    summary: 'Whether objectives and rules are evaluated and messages sent',
    answer: 'AlertingHealthAnswer',
    handle: ({ deps }): Promise<AlertingHealthAnswer> =>
      reading(deps.pool, async (db) => {
        const facts = await readWatchFacts(db);
        const problems = (await listWatchAlerts(db)).map(({ name, text }) => ({ code: name, text }));
        return describe(facts, problems);
      }),
  }),
];

function describe(facts: WatchFacts, problems: AlertingHealthAnswer['problems']): AlertingHealthAnswer {
  const { nowMs, signs, nextMinute, outboxSinceMs, deadDeliveries } = facts;
  const lastRoundMs = signs.evaluation?.atMs ?? null;
  const { heartbeat, probe } = signs;
  return {
    nowMs,
    state: stateOf(lastRoundMs, problems.length, nowMs),
    problems,
    lastRoundMs,
    evaluationLagMs:
      nextMinute === null ? null : Math.max(0, (closedEvaluation(nowMs) - nextMinute + 1) * MINUTE),
    outboxAgeMs: outboxSinceMs === null ? null : Math.max(0, nowMs - outboxSinceMs),
    deadDeliveries,
    heartbeat: {
      lastSentMs: heartbeat?.atMs ?? null,
      reason: typeof heartbeat?.details.reason === 'string' ? heartbeat.details.reason : '',
    },
    synthetic: probe ? { lastSentMs: probe.atMs, lastSeenMs: seenOf(probe.details) } : null,
  };
}

function seenOf(details: Readonly<Record<string, unknown>>): number | null {
  return typeof details.seenAtMs === 'number' ? details.seenAtMs : null;
}

function stateOf(lastRoundMs: number | null, problems: number, nowMs: number): AlertingHealthAnswer['state'] {
  if (lastRoundMs === null) return 'unknown';
  const ageMs = nowMs - lastRoundMs;
  if (ageMs > BROKEN_MS) return 'broken';
  return ageMs > LATE_MS + 30 * SECOND || problems > 0 ? 'late' : 'ok';
}
