/** What failed requests were: 5xx of the app and the codes that count. Codes that do not count explain no failure. */
import type { CodeInfo } from '../api/contract/codes.ts';
import type { Columns } from '../api/contract/time.ts';
import { type Buckets, sumSpan } from './buckets.ts';
import { formatCount, plural } from './format.ts';
import type { Case, Clause } from './verdict.ts';

/** The code table by code; empty until it is loaded. */
export type CodeTable = ReadonlyMap<string, CodeInfo>;

const PARTS_MAX = 3;
/** Requests that ended in a code that does not count are named from this share on. */
const EXCLUDED_SHARE = 0.02;

interface Part {
  count: number;
  /** After “is” and after “are”. */
  one: string;
  many: string;
  clause: Partial<Clause>;
}

/** `52 of 105 failures are 5xx from the app,` `53 are H12.`, over the points [from, to) of the answer. */
export function explainFailures(about: Case, buckets: Buckets, from: number, to: number): Clause[] {
  const { fromApp, platform, bad: total } = sumSpan(buckets, from, to);
  if (total === 0) return [];
  const parts: Part[] = [
    {
      count: fromApp,
      one: 'a 5xx from the app',
      many: '5xx from the app',
      clause: { href: '#chart-throughput' },
    },
    ...platformParts(about, from, to, platform),
  ].filter((part) => part.count > 0);
  parts.sort((a, b) => b.count - a.count);
  const shown = parts.slice(0, PARTS_MAX);
  const rest = total - shown.reduce((sum, part) => sum + part.count, 0);
  if (rest > 0)
    shown.push({
      count: rest,
      one: 'something else',
      many: 'something else',
      clause: { href: '#chart-codes' },
    });
  return shown.map((part, index) => ({
    ...part.clause,
    text: `${amountOf(part.count, total, index)} ${part.count === 1 ? `is ${part.one}` : `are ${part.many}`}${index === shown.length - 1 ? '.' : ','}`,
  }));
}

function amountOf(count: number, total: number, index: number): string {
  if (index > 0) return formatCount(count);
  if (count === total) return total === 1 ? 'The one failure' : `All ${formatCount(total)} failures`;
  return `${formatCount(count)} of ${plural(total, 'failure')}`;
}

/** By code where the codes of the points add up to no more than the platform errors; filtered by dyno they do not. */
function platformParts(about: Case, from: number, to: number, platform: number): Part[] {
  const { answer, table, base } = about;
  const counted = answer.codes.series
    .filter((series) => table.get(series.id)?.countsAgainstAvailability)
    .map((series) => ({ code: series.id, count: sumAt(answer.codes, series.id, from, to) }))
    .filter((one) => one.count > 0);
  const named = counted.reduce((sum, one) => sum + one.count, 0);
  if (named > platform || answer.codes.t.length !== answer.throughput.t.length)
    return [platformPart(platform)];
  return [
    ...counted.map(({ code, count }) => ({
      count,
      one: code,
      many: code,
      clause: { href: `${base}/codes/${encodeURIComponent(code)}` },
    })),
    platformPart(platform - named),
  ];
}

function platformPart(count: number): Part {
  return { count, one: 'a platform error', many: 'platform errors', clause: { href: '#chart-codes' } };
}

/** Codes that do not count but took a notable share of the requests, the most frequent first. */
export function explainExcluded({ answer, table, base }: Case): Clause[] {
  if (answer.totals.excluded === 0) return [];
  const length = answer.codes.t.length;
  return answer.codes.series
    .filter(
      (series) => series.id.startsWith('H') && table.get(series.id)?.countsAgainstAvailability === false,
    )
    .map((series) => ({ code: series.id, count: sumAt(answer.codes, series.id, 0, length) }))
    .filter(({ count }) => count > 0 && count >= answer.totals.requests * EXCLUDED_SHARE)
    .sort((a, b) => b.count - a.count)
    .slice(0, 2)
    .map(({ code, count }) => ({
      text: `${plural(count, 'request')} ended in ${code}${titleOf(table, code)}, which does not count.`,
      href: `${base}/codes/${encodeURIComponent(code)}`,
    }));
}

function titleOf(table: CodeTable, code: string): string {
  const title = table.get(code)?.title;
  return title ? ` (${title.toLowerCase()})` : '';
}

function sumAt(columns: Columns, id: string, from: number, to: number): number {
  const values = columns.series.find((series) => series.id === id)?.values ?? [];
  let sum = 0;
  for (let index = Math.max(0, from); index < to; index++) sum += values[index] ?? 0;
  return sum;
}
