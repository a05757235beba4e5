import { expect, it } from 'vitest';
import type { OverviewAnswer } from '../api/contract/apps.ts';
import { withExcluded } from './buckets.ts';
import { codeTable, overview } from './fixtures.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const TABLE = new Map(codeTable().codes.map((info) => [info.code, info]));

function hourOf(app: string): OverviewAnswer {
  return overview(app, { fromMs: NOW - 3_600_000, toMs: NOW, step: 60, nowMs: NOW });
}

const sumOf = (columns: OverviewAnswer['throughput'], id: string) =>
  columns.series
    .find((series) => series.id === id)
    ?.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

it('requests answered by maintenance are drawn apart from failures, and none is lost or doubled', () => {
  const answer = hourOf('atelier');
  const columns = withExcluded(answer, TABLE);
  expect(columns.series.at(-1)).toMatchObject({ id: 'excluded', label: 'Maintenance' });
  expect(sumOf(columns, 'excluded')).toBe(answer.totals.excluded);
  expect((sumOf(columns, 'status_5xx') ?? 0) + (sumOf(columns, 'platform') ?? 0)).toBe(answer.totals.bad);
  const all = columns.series.reduce((sum, series) => sum + (sumOf(columns, series.id) ?? 0), 0);
  expect(all).toBe(answer.totals.requests);
});

it('nothing is taken out where every 5xx counts', () => {
  const shop = hourOf('shop');
  expect(withExcluded(shop, TABLE)).toBe(shop.throughput);
});

it('a server that does not tell failures apart leaves it to the codes, where these are of the same requests', () => {
  const { outcomes: _, ...answer } = hourOf('atelier');
  expect(sumOf(withExcluded(answer, TABLE), 'excluded')).toBe(answer.totals.excluded);
  // Before the table of codes is there, and filtered by a dyno: maintenance is answered before any dyno.
  expect(withExcluded(answer, new Map())).toBe(answer.throughput);
  const counted = { ...answer.totals, bad: answer.totals.platform + answer.totals.status5xx };
  expect(withExcluded({ ...answer, totals: counted }, TABLE)).toBe(answer.throughput);
});
