/** What a back-test may say when less is stored than it was asked over. Pure. */
import { saySpan } from './notice-numbers.ts';
import { MINUTE } from './time.ts';

const WEEK_MINUTES = 7 * 24 * 60;
/** With this share of what was asked it is taken for all of it. */
const WHOLE_SHARE = 0.8;
/** Less says nothing about a week. */
const SAYING_MINUTES = 3 * 24 * 60;

export interface HistoryLength {
  /** Minutes that it was tried over. */
  minutes: number;
  /** '' when there is enough. */
  warning: string;
}

/** `asked`, `known`: minutes asked for, and from the first that is stored on. */
export function historyLength(asked: number, known: number): HistoryLength {
  if (known >= WHOLE_SHARE * asked) return { minutes: asked, warning: '' };
  const enough = known >= SAYING_MINUTES;
  const warning = `Only the last ${saySpan(known * MINUTE)} are stored${enough ? '' : ': how often a week that is cannot be told yet'}.`;
  return { minutes: known, warning };
}

/** Firings a week, one decimal; of less than a week no more than there were. */
export function perWeek(count: number, { minutes }: HistoryLength): number {
  return minutes > 0 ? Math.round((count * WEEK_MINUTES * 10) / Math.max(minutes, WEEK_MINUTES)) / 10 : 0;
}
