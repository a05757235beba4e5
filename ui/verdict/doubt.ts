/**
 * Why an answer may not be all there is, beside the holes it names itself: the database is away, or frames of an outage
 * are still on their way. One rule for every page about a range: nothing is called well over such a stretch. Pure.
 */
import type { HealthSummary } from '../../api/contract/health.ts';
import type { RangeAnswer } from '../../api/contract/time.ts';
import { formatClock, type Zone, zoneSuffix } from '../format.ts';
import type { Verdict } from '../verdict.ts';

export interface Doubt {
  /**
   * `away`: the database does not answer: what is shown is the last answer there was and says nothing of what came
   * after. `moving`: frames of an outage are still on their way from Redis.
   */
  kind: 'away' | 'moving';
  /** Since when lines may be missing, epoch ms; null where only the newest are concerned. */
  sinceMs: number | null;
}

/** What every answer about a range has. */
interface About {
  nowMs: number;
  range: RangeAnswer;
  health: HealthSummary;
}

/** Lines are older than the frame that waits with them. */
const LINE_AGE_MS = 60_000;

/** true where a range reaches into the stretch in doubt; one that had ended before is not touched by it. */
export function isTouched({ nowMs, range, health }: About, doubt: Doubt | null): doubt is Doubt {
  if (doubt === null || health.dataThroughMs === null) return false;
  const toMs = range.to * 1000;
  if (toMs >= nowMs - 2000 * range.step) return true;
  return doubt.sinceMs !== null && toMs > doubt.sinceMs - LINE_AGE_MS;
}

/** The verdict as far as it may be said: the doubt is told with it, and nothing stays called well. */
export function withDoubt(about: About, zone: Zone, verdict: Verdict, doubt: Doubt | null): Verdict {
  const throughMs = about.health.dataThroughMs;
  if (!isTouched(about, doubt) || throughMs === null) return verdict;
  if (doubt.kind === 'moving') {
    const rest = {
      text: 'Frames of the outage are on their way from Redis: counts still rise.',
      href: '/health',
    };
    const clauses = [...verdict.clauses, rest];
    return verdict.level === 'ok'
      ? { level: 'warning', word: 'Incomplete', clauses }
      : { ...verdict, clauses };
  }
  const lead = {
    text: `Nothing newer than ${formatClock(throughMs, zone)}${zoneSuffix(throughMs, zone)} is known: the database does not answer.`,
    href: '/health',
  };
  const clauses = [lead, { text: 'Until then:' }, ...verdict.clauses];
  return verdict.level === 'ok' ? { level: 'unknown', word: 'Not known', clauses } : { ...verdict, clauses };
}
