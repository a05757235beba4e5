/** Requests and failures of a range point by point, the still filling one left out. */
import type { OverviewAnswer } from '../api/contract/apps.ts';
import type { Columns } from '../api/contract/time.ts';
import type { CodeTable } from './failures.ts';

export interface Buckets {
  /** Starts of the points, epoch s. */
  t: number[];
  requests: number[];
  /** Failures the app answered itself: 5xx. */
  fromApp: number[];
  /** Failures by a code that counts. */
  platform: number[];
  /** What the still filling point holds so far; null where there is none. */
  open: Span | null;
}

export interface Span {
  requests: number;
  fromApp: number;
  platform: number;
  bad: number;
  /** bad / requests; null without requests. */
  ratio: number | null;
}

export function closedBuckets(answer: OverviewAnswer, table: CodeTable): Buckets {
  const { throughput, range, totals } = answer;
  const end = range.openFrom ?? range.to;
  const closed = throughput.t.filter((at) => at < end).length;
  const at = (id: string, index: number) => valueAt(throughput, id, index);
  // 5xx by status hold answers that do not count, such as those of maintenance; the totals tell whether there are any.
  const spared = totals.platform + totals.status5xx > totals.bad ? sparedCodes(answer, table) : [];
  const sparedAt = (index: number) =>
    spared.reduce((sum, code) => sum + valueAt(answer.codes, code, index), 0);
  const every = throughput.t.map((_, index) => index);
  const all: Buckets = {
    t: throughput.t,
    requests: every.map((index) => throughput.series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0)),
    fromApp: every.map((index) => Math.max(0, at('status_5xx', index) - sparedAt(index))),
    platform: every.map((index) => at('platform', index)),
    open: null,
  };
  return {
    t: all.t.slice(0, closed),
    requests: all.requests.slice(0, closed),
    fromApp: all.fromApp.slice(0, closed),
    platform: all.platform.slice(0, closed),
    open: closed < all.t.length ? sumSpan(all, closed, all.t.length) : null,
  };
}

/** Codes that do not count but come with a 5xx; where the client left (H27) the status is 499. */
function sparedCodes(answer: OverviewAnswer, table: CodeTable): string[] {
  if (answer.codes.t.length !== answer.throughput.t.length) return [];
  return answer.codes.series
    .map((series) => series.id)
    .filter((code) => {
      const info = table.get(code);
      return code.startsWith('H') && info?.countsAgainstAvailability === false && info.cause !== 'client';
    });
}

/** Sums over the points [from, to). */
export function sumSpan(buckets: Buckets, from: number, to: number): Span {
  const sum = (values: number[]) =>
    values.slice(Math.max(0, from), to).reduce((all, value) => all + value, 0);
  const requests = sum(buckets.requests);
  const fromApp = sum(buckets.fromApp);
  const platform = sum(buckets.platform);
  const bad = fromApp + platform;
  return { requests, fromApp, platform, bad, ratio: requests > 0 ? bad / requests : null };
}

function valueAt(columns: Columns, id: string, index: number): number {
  return columns.series.find((series) => series.id === id)?.values[index] ?? 0;
}
