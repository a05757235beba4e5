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

/**
 * Requests per point with what does not count (answers of maintenance) taken out of the 5xx they came as, in a series
 * of its own on top of the stack; unchanged where there is none.
 */
export function withExcluded(answer: OverviewAnswer, table: CodeTable): Columns {
  const { throughput } = answer;
  const whole = throughput.series.find((series) => series.id === 'status_5xx');
  if (!whole) return throughput;
  const failedAt = failures(answer, table);
  const failed = whole.values.map((value, index) =>
    value === null ? null : Math.min(value, failedAt(index)),
  );
  const excluded = whole.values.map((value, index) => (value === null ? null : value - (failed[index] ?? 0)));
  if (!excluded.some((value) => value)) return throughput;
  const codes = sparedCodes(answer, table);
  return {
    t: throughput.t,
    series: [
      ...throughput.series.map((series) => (series === whole ? { ...whole, values: failed } : series)),
      {
        id: 'excluded',
        label: codes.length === 1 && codes[0] === 'H80' ? 'Maintenance' : 'Not counted',
        unit: 'count',
        values: excluded,
      },
    ],
  };
}

/**
 * Failures the app answered itself, by point. 5xx by status hold answers that do not count, such as those of
 * maintenance; a server that does not tell them apart leaves it to the codes.
 */
function failures({ outcomes, throughput, ...rest }: OverviewAnswer, table: CodeTable) {
  if (outcomes)
    return (index: number) =>
      Math.max(0, valueAt(outcomes, 'bad', index) - valueAt(throughput, 'platform', index));
  const spared = sparedCodes({ ...rest, throughput }, table);
  return (index: number) =>
    Math.max(
      0,
      valueAt(throughput, 'status_5xx', index) -
        spared.reduce((sum, code) => sum + valueAt(rest.codes, code, index), 0),
    );
}

export function closedBuckets(answer: OverviewAnswer, table: CodeTable): Buckets {
  const { throughput, range } = answer;
  const end = range.openFrom ?? range.to;
  const closed = throughput.t.filter((at) => at < end).length;
  const at = (id: string, index: number) => valueAt(throughput, id, index);
  const failedAt = failures(answer, table);
  const every = throughput.t.map((_, index) => index);
  const all: Buckets = {
    t: throughput.t,
    requests: every.map((index) => throughput.series.reduce((sum, one) => sum + (one.values[index] ?? 0), 0)),
    fromApp: every.map(failedAt),
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

/**
 * Codes that do not count but come with a 5xx, such as that of maintenance; where the client left (H27) the status is
 * 499. The totals tell whether the 5xx hold any: filtered by dyno they do not, while codes are of the whole app.
 */
function sparedCodes(answer: OverviewAnswer, table: CodeTable): string[] {
  const { codes, throughput, totals } = answer;
  if (totals.platform + totals.status5xx <= totals.bad || codes.t.length !== throughput.t.length) return [];
  return codes.series
    .filter((series) => {
      const info = table.get(series.id);
      const isSpared = series.id.startsWith('H') && info?.countsAgainstAvailability === false;
      return isSpared && info.cause !== 'client' && series.values.some((value) => value);
    })
    .map((series) => series.id);
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
