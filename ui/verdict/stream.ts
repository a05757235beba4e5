/** What a page about a range says before anything else: nothing has arrived, or nothing arrives any more. */
import type { HealthSummary } from '../../api/contract/health.ts';
import type { GapAnswer, RangeAnswer } from '../../api/contract/time.ts';
import { gapsInside } from '../charts/align.ts';
import { formatSpan, plural, type Zone } from '../format.ts';
import { timeText } from '../spanText.ts';
import type { Clause, Verdict } from '../verdict.ts';

/** What every answer about one app and a range has. */
export interface Heard {
  app: string;
  nowMs: number;
  range: RangeAnswer;
  health: HealthSummary;
  gaps: GapAnswer[];
}

export const appPath = (app: string): string => `/a/${encodeURIComponent(app)}`;

/** A whole verdict where nothing can be known about the range at all; null where something can. */
export function unheard(heard: Heard, zone: Zone): Verdict | null {
  const { app, health, range } = heard;
  if (health.state === 'waiting')
    return {
      level: 'unknown',
      word: 'Waiting',
      clauses: [
        { text: 'No line has arrived from this app yet.' },
        { text: 'See what is missing', href: '/setup', query: { app } },
      ],
    };
  const throughMs = health.dataThroughMs;
  if (health.state === 'silent' && throughMs !== null && throughMs < range.from * 1000)
    return {
      level: 'unknown',
      word: 'No data',
      clauses: [
        {
          text: `No line has arrived since ${timeText(throughMs / 1000, zone)}, so nothing can be said about this range.`,
          href: `${appPath(app)}/health`,
        },
      ],
    };
  return null;
}

/** What is missing of a range of which something is known; nothing is called well over it. */
export function doubts(heard: Heard, zone: Zone): Clause[] {
  const { app, health, range, nowMs } = heard;
  const href = `${appPath(app)}/health`;
  const clauses: Clause[] = [];
  const throughMs = health.dataThroughMs;
  if (health.state === 'silent' && throughMs !== null && range.to * 1000 > throughMs)
    clauses.push({
      text: `No line has arrived for ${formatSpan(nowMs - throughMs)}, since ${timeText(throughMs / 1000, zone)}.`,
      href,
    });
  const gaps = gapsInside(heard.gaps, range).filter((gap) => gap.messages !== 0);
  if (gaps.length > 0) {
    const lost = gaps.reduce((sum, gap) => sum + (gap.messages ?? 0), 0);
    clauses.push({
      text: `${lost > 0 ? `Up to ${plural(lost, 'line')}` : 'An unknown number of lines'} of this range ${lost === 1 ? 'is' : 'are'} missing.`,
      href,
    });
  }
  return clauses;
}

/** A verdict over a range that is not known in full: what is missing is told, and nothing is called well over it. */
export function withDoubts(heard: Heard, zone: Zone, verdict: Verdict): Verdict {
  const missing = doubts(heard, zone);
  if (missing.length === 0) return verdict;
  const clauses = [...verdict.clauses, ...missing];
  if (verdict.level !== 'ok') return { ...verdict, clauses };
  const isLive = heard.range.to * 1000 >= heard.nowMs - 2000 * heard.range.step;
  return heard.health.state === 'silent' && isLive
    ? { level: 'critical', word: 'Silent', clauses }
    : { level: 'warning', word: 'Incomplete', clauses };
}
