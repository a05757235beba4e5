/** Who burned an objective's budget. */

import { closedEvaluation } from '../../model/closing.ts';
import { periodAt } from '../../model/period.ts';
import { countsAsUsual } from '../../model/slo-usual.ts';
import { toNumber } from '../../model/target.ts';
import { DAY, HOUR, MINUTE } from '../../model/time.ts';
import type { Client } from '../../store/pool.ts';
import { readCutSums, readKeptGroups } from '../../store/reads/slo-burned.ts';
import type { SloRow } from '../../store/slos.ts';
import type { BurnedAnswer, BurnedBy } from '../contract/slos.ts';
import { type RangeQuery, rangeQuery, readSpan } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { CUT_KINDS, rankRows, type Tally, tallyCuts, tallyKept } from '../slo-burned.ts';
import { readFacts, type SloFacts, withSums } from '../slo-facts.ts';
import { budgetAt, buildView } from '../slo-view.ts';
import { needSlo } from './slos.ts';

const ORDER: readonly BurnedBy[] = [
  'code',
  'pathShape',
  'processType',
  'release',
  'day',
  'dyno',
  'method',
  'status',
];

export const sloBurnedRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps/:app/slos/:id/burned',
    permission: 'viewer',
    part: 'dashboards',
    summary: 'Bad events by code, path, process type, release, day, each with its share of the budget',
    answer: 'BurnedAnswer',
    query: rangeQuery,
    handle: burned,
  }),
];

async function burned(call: Call<undefined, RangeQuery>): Promise<BurnedAnswer> {
  const { deps, app, params, query, nowMs } = call;
  const minute = closedEvaluation(nowMs);
  return reading(deps.pool, async (db) => {
    const slo = await needSlo(db, app, params.id);
    const { facts, members } = await readFacts(db, [slo], minute);
    const [own] = facts as [SloFacts];
    const period = periodAt(slo.version.definition.period, minute);
    const span = readSpan(query, nowMs, (minute - period.from) * MINUTE);
    const range = {
      from: Math.floor(span.fromMs / MINUTE),
      to: Math.min(Math.ceil(span.toMs / MINUTE), minute),
    };
    const days = listDays(range);
    const counted = await withSums(db, (sumsOf) => {
      const view = buildView(own, app.name, minute, sumsOf);
      return {
        bad: view.windows.sum(range.from, range.to).bad,
        allowed: toNumber(budgetAt(view, minute).budget.allowed),
        days: days.map(({ name, from, to }): Tally => {
          const { events, bad } = view.windows.sum(from, to);
          return { name, events, bad };
        }),
      };
    });
    const sources = own.parts.flatMap(({ sloId }) => {
      const part = sloId === slo.id ? slo : [...members.values()].find((one) => one.slo.id === sloId)?.slo;
      return part ? [part] : [];
    });
    const parts: Part[] = [];
    for (const source of sources) parts.push(await tally(db, source, range, counted.bad));
    return {
      range: { fromMs: range.from * MINUTE, toMs: range.to * MINUTE },
      bad: counted.bad,
      allowed: Math.floor(counted.allowed),
      tables: ORDER.map((by) => {
        const isDay = by === 'day';
        const isEstimate = !isDay && parts.some((part) => part.isEstimate);
        const tallies = isDay ? counted.days : merge(parts.map((part) => part.tables.get(by) ?? []));
        const linkOf = (name: string) => linkTo(app.name, by, name, range);
        return {
          by,
          rows: rankRows(tallies, { bad: counted.bad, allowed: counted.allowed, isEstimate, linkOf }),
          method: isEstimate ? ('sampled' as const) : ('exact' as const),
          note: isDay ? '' : (parts.map((part) => part.note).find((note) => note !== '') ?? ''),
        };
      }).filter((table) => table.rows.length > 0),
    };
  });
}

interface Part {
  tables: Map<BurnedBy, Tally[]>;
  isEstimate: boolean;
  note: string;
}

/** Days of UTC that touch a range; more than a quarter are told by its newest. */
function listDays(range: { from: number; to: number }): { name: string; from: number; to: number }[] {
  const dayMinutes = DAY / MINUTE;
  const days: { name: string; from: number; to: number }[] = [];
  for (let day = Math.floor(range.from / dayMinutes); day * dayMinutes < range.to; day++) {
    days.push({
      name: new Date(day * DAY).toISOString().slice(0, 10),
      from: Math.max(range.from, day * dayMinutes),
      to: Math.min(range.to, (day + 1) * dayMinutes),
    });
  }
  return days.slice(-100);
}

async function tally(
  db: Client,
  slo: SloRow,
  range: { from: number; to: number },
  bad: number,
): Promise<Part> {
  const { definition } = slo.version;
  if (countsAsUsual(definition)) {
    // Older buckets are an hour wide: a range of days may take in an hour more on either side.
    const fromS =
      range.to - range.from > (2 * DAY) / MINUTE ? Math.floor(range.from / 60) * 3600 : range.from * 60;
    const cuts = await readCutSums(db, slo.appId, CUT_KINDS, { fromS, toS: range.to * 60 });
    return { tables: tallyCuts(cuts, bad), isEstimate: false, note: '' };
  }
  const thresholdMs = definition.indicator.kind === 'latency' ? definition.indicator.thresholdMs : null;
  const kept = await readKeptGroups(db, slo.appId, {
    fromMs: range.from * MINUTE,
    toMs: range.to * MINUTE,
    thresholdMs,
  });
  const isShort = kept.fromMs !== null && kept.fromMs > range.from * MINUTE + 24 * HOUR;
  const since = isShort ? ` from ${new Date(kept.fromMs ?? 0).toISOString().slice(0, 10)} on` : '';
  return {
    tables: tallyKept(kept.groups, definition),
    isEstimate: true,
    note: `From requests that were kept${since}: all that failed, the slowest, and a sample.`,
  };
}

function merge(tables: readonly (readonly Tally[])[]): Tally[] {
  if (tables.length === 1) return [...(tables[0] ?? [])];
  const rows = new Map<string, Tally>();
  for (const { name, bad, events } of tables.flat()) {
    const row = rows.get(name) ?? { name, bad: 0, events: 0 };
    const known = row.events === null || events === null ? null : row.events + events;
    rows.set(name, { name, bad: row.bad + bad, events: known });
  }
  return [...rows.values()];
}

/** Pages as the dashboard addresses them. */
function linkTo(app: string, by: BurnedBy, name: string, range: { from: number; to: number }): string {
  const span = `from=${range.from * 60}&to=${range.to * 60}`;
  if (by === 'code' && /^[HRL]\d{2}$/.test(name)) return `/a/${app}/codes/${name}?${span}`;
  if (by === 'dyno' && /^[A-Za-z0-9_.-]+$/.test(name)) return `/a/${app}/dynos/${name}?${span}`;
  if (by === 'processType' && /^[A-Za-z0-9_-]+$/.test(name)) return `/a/${app}?proc=${name}&${span}`;
  if (by === 'release' && /^v\d+$/.test(name)) return `/a/${app}/releases/${name.slice(1)}?${span}`;
  if (by === 'day') return `/a/${app}?from=${name}T00:00:00Z&to=${nextDay(name)}T00:00:00Z`;
  return `/a/${app}?${span}`;
}

function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY).toISOString().slice(0, 10);
}
