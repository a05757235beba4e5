/** Counts of lines as the product must report them: by kind, by exact status, by code. */
import type { LineMark } from './line.ts';

export interface Tally {
  messages: number;
  messagesByKind: Record<string, number>;
  requests: number;
  /** Requests that count against availability under the default rules. */
  bad: number;
  /** Exact status → requests. A request with an empty status is in none. */
  statuses: Record<string, number>;
  /** `2xx` → requests. */
  statusClasses: Record<string, number>;
  /** H, R and L codes → lines that carry them. */
  codes: Record<string, number>;
}

/**
 * H codes that count by default (table 4.6 of the format reference). Written down here a second time on
 * purpose: a check that shares its rule with what it checks proves nothing.
 */
const COUNTED = new Set('H10 H11 H12 H13 H14 H15 H17 H18 H19 H20 H21 H22 H24 H25 H34 H99'.split(' '));

/** Whether a request line counts as bad: a counted code, or no code and a status of 500 or more. */
export function isBad(mark: LineMark): boolean {
  if (mark.code !== undefined) return COUNTED.has(mark.code);
  return mark.status !== undefined && mark.status >= 500;
}

export function emptyTally(): Tally {
  return {
    messages: 0,
    messagesByKind: {},
    requests: 0,
    bad: 0,
    statuses: {},
    statusClasses: {},
    codes: {},
  };
}

function bump(counts: Record<string, number>, key: string, by = 1): void {
  counts[key] = (counts[key] ?? 0) + by;
}

/** Counts one line into a tally. */
export function countMark(tally: Tally, mark: LineMark): void {
  tally.messages += 1;
  bump(tally.messagesByKind, mark.kind);
  if (mark.code !== undefined) bump(tally.codes, mark.code);
  if (mark.kind !== 'request') return;
  tally.requests += 1;
  if (isBad(mark)) tally.bad += 1;
  if (mark.status === undefined) return;
  bump(tally.statuses, String(mark.status));
  bump(tally.statusClasses, `${Math.floor(mark.status / 100)}xx`);
}

/** The tally of a list of lines. */
export function tallyOf(marks: Iterable<LineMark>): Tally {
  const tally = emptyTally();
  for (const mark of marks) countMark(tally, mark);
  return tally;
}

/** Adds the second tally to the first. */
export function addTally(into: Tally, from: Tally): void {
  into.messages += from.messages;
  into.requests += from.requests;
  into.bad += from.bad;
  for (const field of ['messagesByKind', 'statuses', 'statusClasses', 'codes'] as const) {
    for (const [key, count] of Object.entries(from[field])) bump(into[field], key, count);
  }
}
