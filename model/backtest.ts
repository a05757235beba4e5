/**
 * What an objective's tiers would have done over a series of minutes: the same engine as the evaluator's, without
 * a database. Evaluation n sees the minutes 0 … n − 1.
 */
import { type AlertMemory, initialMemory, isFiring, step } from './alert.ts';
import { type Budget, budgetOf } from './budget.ts';
import { compileTier, readTier } from './burn.ts';
import { err, ok, type Result } from './result.ts';
import type { Tier } from './slo.ts';
import type { Fraction } from './target.ts';
import { type MinuteCount, MinuteSeries } from './window-sums.ts';

export interface BacktestOptions {
  target: Fraction;
  periodMinutes: number;
  tiers: readonly Tier[];
  useCoverage: boolean;
  /** State and timers stand still at an evaluation whose newest minute is missing. */
  holdOnMissing: boolean;
}

/** [first evaluation firing, first not firing any more); null: still firing at the end. */
export type FiringInterval = [number, number | null];

export interface BacktestResult {
  minutes: number;
  /** In the order of the options' tiers. */
  firing: FiringInterval[][];
  /** Of the last `periodMinutes`. */
  budget: Budget;
}

export function backtest(minutes: readonly MinuteCount[], options: BacktestOptions): BacktestResult {
  const series = new MinuteSeries(0, minutes);
  const { target, periodMinutes } = options;
  const { events, bad } = series.sum(minutes.length - periodMinutes, minutes.length);
  return {
    minutes: minutes.length,
    firing: options.tiers.map((tier) => backtestTier(tier, minutes, series, options)),
    budget: budgetOf([{ events, bad, target }]),
  };
}

function backtestTier(
  tier: Tier,
  minutes: readonly MinuteCount[],
  series: MinuteSeries,
  { target, useCoverage, holdOnMissing }: BacktestOptions,
): FiringInterval[] {
  const compiled = compileTier(tier, target);
  const timing = { ...tier, holdOnMissing };
  const intervals: FiringInterval[] = [];
  let memory: AlertMemory = initialMemory(0);
  for (let n = 1; n <= minutes.length; n++) {
    const { isAbove } = readTier(compiled, series, n, { useCoverage });
    const isMissing = minutes[n - 1]?.events === null ? 'noData' : null;
    const before = isFiring(memory);
    memory = step(memory, { isAbove, isMissing }, n, timing).memory;
    if (isFiring(memory) === before) continue;
    const last = intervals.at(-1);
    if (before && last) last[1] = n;
    else intervals.push([n, null]);
  }
  return intervals;
}

/** Why a CSV of minutes cannot be read; `line` counts from 1. */
export interface CsvFault {
  line: number;
  text: string;
}

const HEADER = 'minute,events,bad';
const COUNT = /^\d{1,15}$/;

/**
 * A CSV with the header `minute,events,bad` and the minutes 0, 1, 2 … without holes; an empty events field is a
 * minute without data. Line ends \n or \r\n, empty lines at the end do not matter.
 */
export function parseMinuteCsv(text: string): Result<MinuteCount[], CsvFault> {
  const lines = text
    .replace(/^\ufeff/, '')
    .trimEnd()
    .split(/\r?\n/);
  if (lines[0]?.trim() !== HEADER) return err({ line: 1, text: `the header is not ${HEADER}` });
  const minutes: MinuteCount[] = [];
  for (let at = 1; at < lines.length; at++) {
    const minute = parseRow(lines[at] ?? '', at - 1);
    if (typeof minute === 'string') return err({ line: at + 1, text: minute });
    minutes.push(minute);
  }
  return ok(minutes);
}

/** A row, or what is wrong with it. */
function parseRow(line: string, expected: number): MinuteCount | string {
  const fields = line.split(',').map((field) => field.trim());
  const [minute = '', events = '', bad = ''] = fields;
  if (fields.length !== 3) return `there are ${fields.length} fields and not 3`;
  if (minute !== String(expected))
    return `minute ${expected} is expected, and this is "${minute.slice(0, 40)}"`;
  if (events === '') return { events: null, bad: 0 };
  if (!COUNT.test(events)) return 'events is not a whole number';
  if (!COUNT.test(bad)) return 'bad is not a whole number';
  if (Number(bad) > Number(events)) return 'there are more bad events than events';
  return { events: Number(events), bad: Number(bad) };
}
