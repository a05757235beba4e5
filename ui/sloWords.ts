/** How an objective stands, in words and levels. Nothing is ok over a hole. */
import type { BudgetAnswer, BurnAnswer, SloRow, SloState } from '../api/contract/slos.ts';
import { leftPercent } from '../model/budget-left.ts';
import { formatCount, formatNumber, NOTHING } from './format.ts';
import type { Level } from './parts/state.tsx';

const STATES: Record<SloState, { level: Level; word: string; says: string }> = {
  firing: { level: 'critical', word: 'firing', says: 'A tier of it fires.' },
  held: { level: 'unknown', word: 'held', says: 'It fired or waited, and there is no data now.' },
  noData: { level: 'unknown', word: 'no data', says: 'No line of the app in its usual time.' },
  exhausted: { level: 'critical', word: 'no budget', says: 'The budget is spent; nothing fires now.' },
  burning: {
    level: 'warning',
    word: 'burning',
    says: 'Faster than allowed in the last hour; nothing fires.',
  },
  incomplete: { level: 'warning', word: 'incomplete', says: 'Lines are lost inside the period.' },
  learning: { level: 'unknown', word: 'learning', says: 'Less than a day of counts.' },
  ok: { level: 'ok', word: 'ok', says: 'Within its budget.' },
};

/**
 * Shape, word and colour of a row: a ticket that fires is a warning, a page is critical. While the database is away it
 * is only known what was.
 */
export function sloState(
  row: Pick<SloRow, 'state' | 'severity'>,
  isAway = false,
): { level: Level; word: string; says: string } {
  const state = STATES[row.state];
  if (isAway && state.level === 'ok') return { ...state, level: 'unknown', word: `was ${state.word}` };
  if (row.state !== 'firing') return state;
  return row.severity === 'ticket'
    ? { ...state, level: 'warning', word: 'ticket' }
    : { ...state, word: row.severity === 'page' ? 'paging' : 'firing' };
}

/** true where the budget must not be drawn as if all of it were known. */
export function isDoubtful(row: Pick<SloRow, 'state' | 'budget'>, isAway = false): boolean {
  return isAway || row.state === 'held' || row.state === 'noData' || row.budget.verdict === 'unknown';
}

/** Level of what is left of a budget, for its bar. */
export function budgetLevel(remaining: number | null): Level {
  if (remaining === null) return 'unknown';
  if (remaining <= 0) return 'critical';
  return remaining < 0.25 ? 'warning' : 'ok';
}

/** `73 %`, `99.4 %`, `−38 %`: rounded away from what flatters. */
export function formatBudget(remaining: number | null): string {
  if (remaining === null) return NOTHING;
  const percent = leftPercent(remaining);
  return `${percent < 0 ? '−' : ''}${formatPlain(Math.abs(percent))}\u00a0%`;
}

function formatPlain(value: number): string {
  return value >= 10_000 ? formatNumber(value) : String(value);
}

/** Share of good events as per cent, one digit more than the target has, rounded down: `99.912 %` for 99.9 %. */
export function formatAchieved(achieved: number | null, target: string): string {
  if (achieved === null) return NOTHING;
  const decimals = (target.split('.')[1] ?? '').length;
  const digits = Math.max(1, decimals - 1);
  const floor = Math.floor(Number((achieved * 100 * 10 ** digits).toFixed(6))) / 10 ** digits;
  return `${floor.toFixed(floor === 100 ? 0 : digits)}\u00a0%`;
}

/** `99.9 %` of `0.999`, exactly as many digits as were written. */
export function formatTarget(target: string): string {
  const [whole = '0', part = ''] = target.split('.');
  const digits = `${whole}${part.padEnd(2, '0')}`;
  const at = whole.length + 2;
  const percent = `${digits.slice(0, at).replace(/^0+(?=\d)/, '')}.${digits.slice(at)}`.replace(/\.?0*$/, '');
  return `${percent === '' ? '0' : percent}\u00a0%`;
}

/** `0.999` of a target typed as per cent; the text itself when it is no number, for the server to say why. */
export function targetOfPercent(percent: string): string {
  const text = percent.trim().replace(/\s*%$/, '').replace(',', '.');
  const match = /^(\d{1,3})(?:\.(\d+))?$/.exec(text);
  if (!match) return text;
  const digits = `${(match[1] ?? '').padStart(3, '0')}${match[2] ?? ''}`;
  const fraction = digits.slice(1).replace(/0+$/, '');
  return `${digits.slice(0, 1)}.${fraction === '' ? '0' : fraction}`;
}

/** `3 796 of 5 000 bad requests left`, `412 more than the 5 000 allowed`. */
export function budgetWords({ allowed, bad, unit, events }: BudgetAnswer): string {
  const noun = unit === 'slices' ? 'bad slices' : 'bad requests';
  if (events === 0) return 'No requests in the period';
  if (bad > allowed)
    return `${formatCount(bad - allowed)} more than the ${formatCount(allowed)} ${noun} allowed`;
  return `${formatCount(allowed - bad)} of ${formatCount(allowed)} ${noun} left`;
}

/** `0.8×`, `14.4×`; nothing without events. */
export function formatBurn(burn: number | null): string {
  if (burn === null) return NOTHING;
  if (burn > 0 && burn < 0.01) return '<\u00a00.01×';
  return `${formatNumber(Number(burn.toPrecision(3)))}×`;
}

/** A burn over 1 spends faster than allowed; far over it is critical. */
export function burnLevel({ burn }: Pick<BurnAnswer, 'burn'>): Level {
  if (burn === null) return 'unknown';
  return burn >= 6 ? 'critical' : burn > 1 ? 'warning' : 'ok';
}
