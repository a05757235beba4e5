/** Apps of the fleet as its page and the wall show them: figures, objectives and state together. Pure. */
import type { FleetRow } from '../api/contract/apps.ts';
import type { SloRow } from '../api/contract/slos.ts';
import { appState, type Level } from './parts/state.tsx';

/** What the summary counts, and what the list can be narrowed to. */
export const CONCERNS = ['firing', 'burning', 'silent', 'dropping'] as const;
export type Concern = (typeof CONCERNS)[number];

export interface FleetItem {
  row: FleetRow;
  /** The objective with the least budget left. */
  slo: SloRow | null;
  /** The objective that burns fastest, of those with enough requests to say so. */
  fastest: SloRow | null;
  level: Level;
  word: string;
  /** Worst first. */
  rank: number;
  concerns: Concern[];
}

/** What may not be taken as said: the database is away, or frames of an outage are on their way. */
export interface FleetDoubt {
  isAway: boolean;
  isMoving: boolean;
  /** Absent or null: objectives are as new as the rows. */
  objectives?: ObjectivesDoubt | null;
}

/** Objectives could not be loaded, or are not there yet. */
export interface ObjectivesDoubt {
  /** When those that are shown were true, epoch ms; null while there are none. */
  asOfMs: number | null;
  /** The first answer is on its way. */
  isLoading: boolean;
}

const RANKS = { firing: 0, burning: 1, silent: 2, ticket: 3, spent: 4, rest: 5 } as const;

export function buildItems(
  rows: readonly FleetRow[],
  slos: readonly SloRow[],
  doubt: FleetDoubt,
): FleetItem[] {
  const byApp = new Map<string, SloRow[]>();
  for (const slo of slos) {
    const own = byApp.get(slo.app);
    if (own) own.push(slo);
    else byApp.set(slo.app, [slo]);
  }
  return rows.map((row) => buildItem(row, byApp.get(row.app) ?? [], doubt));
}

function buildItem(row: FleetRow, slos: readonly SloRow[], doubt: FleetDoubt): FleetItem {
  const byBudget = slos.toSorted((a, b) => (a.budget.remaining ?? 9) - (b.budget.remaining ?? 9));
  const byBurn = slos.filter((slo) => !slo.lowTraffic).toSorted((a, b) => burnOf(b, 0) - burnOf(a, 0));
  const fastest = byBurn[0] ?? null;
  // One failure among a few requests spends a budget; that says little about the app.
  const spent = byBudget[0]?.lowTraffic === false && (byBudget[0].budget.remaining ?? 1) <= 0;
  const stated = stateOf(row, fastest, spent, doubt);
  return { row, slo: byBudget[0] ?? null, fastest, ...stated, concerns: concernsOf(row, stated.isBurning) };
}

/** Burn of a window (0: 1 h, 1: 6 h); 0 without events. */
export function burnOf(slo: SloRow | null, window: 0 | 1): number {
  return slo?.burn[window]?.burn ?? 0;
}

function stateOf(row: FleetRow, fastest: SloRow | null, isSpent: boolean, { isAway, isMoving }: FleetDoubt) {
  const base = appState(row, isAway, isMoving);
  const isFailing = base.word === 'failing';
  // Less than a minute's worth of the budget is no fire: the page says burning from the objective's own state on.
  const isBurning =
    row.health.state === 'receiving' &&
    (isFailing || fastest?.state === 'burning' || (fastest?.state === 'firing' && burnOf(fastest, 0) > 1));
  const { page = 0, ticket = 0 } = row.incidents ?? {};
  if (page > 0) return { level: 'critical' as const, word: 'firing', rank: RANKS.firing, isBurning };
  if (isFailing) return { ...base, rank: RANKS.burning, isBurning };
  if (isBurning) return { level: 'warning' as const, word: 'burning', rank: RANKS.burning, isBurning };
  if (row.health.state === 'silent') return { ...base, rank: RANKS.silent, isBurning };
  if (ticket > 0) return { level: 'warning' as const, word: 'ticket', rank: RANKS.ticket, isBurning };
  // It runs well now, and has broken its promise all the same.
  if (isSpent && base.level === 'ok')
    return { level: 'warning' as const, word: 'no budget', rank: RANKS.spent, isBurning };
  return { ...base, rank: RANKS.rest + base.rank, isBurning };
}

function concernsOf(row: FleetRow, isBurning: boolean): Concern[] {
  return [
    ...(openAlerts(row) > 0 ? (['firing'] as const) : []),
    ...(isBurning ? (['burning'] as const) : []),
    ...(row.health.state === 'silent' ? (['silent'] as const) : []),
    ...(row.health.lostMessages > 0 ? (['dropping'] as const) : []),
  ];
}

/** Incidents that call for somebody: pages and tickets. */
export function openAlerts(row: FleetRow): number {
  return (row.incidents?.page ?? 0) + (row.incidents?.ticket ?? 0);
}
