/**
 * `drainboard slo backtest`: what an objective's tiers would have done over a CSV of minutes. Needs no database
 * and no configuration; the guards are off unless asked for, so that each can be tried alone.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type BacktestResult, backtest, parseMinuteCsv } from '../../model/backtest.ts';
import type { Period, Tier } from '../../model/slo.ts';
import { type Fraction, parseTarget, TARGET_FAULTS } from '../../model/target.ts';
import { defaultTiers, impossibleTier } from '../../model/tiers.ts';
import { DAY, MINUTE } from '../../model/time.ts';
import type { MinuteCount } from '../../model/window-sums.ts';
import { type CommandContext, CommandError, UsageError } from './command.ts';
import { parseDurationMs } from './duration.ts';

/** A tier with its windows as they were typed. */
interface NamedTier {
  longWindow: string;
  shortWindow: string;
  tier: Tier;
}

interface Request {
  target: string;
  targetFraction: Fraction;
  period: string;
  periodMinutes: number;
  file: string;
  tiers: NamedTier[];
  useCoverage: boolean;
  holdOnMissing: boolean;
}

export async function runBacktest(args: string[], context: CommandContext): Promise<number> {
  const request = readRequest(args);
  const minutes = readMinutes(request.file);
  warnImpossible(request, context);
  const result = backtest(minutes, {
    target: request.targetFraction,
    periodMinutes: request.periodMinutes,
    tiers: request.tiers.map(({ tier }) => tier),
    useCoverage: request.useCoverage,
    holdOnMissing: request.holdOnMissing,
  });
  context.terminal.out(context.json ? renderJson(request, result) : renderText(request, result));
  return 0;
}

function readRequest(args: string[]): Request {
  const { values } = parseArgs({
    args,
    options: {
      target: { type: 'string' },
      period: { type: 'string', default: '30d' },
      csv: { type: 'string' },
      tiers: { type: 'string' },
      for: { type: 'string', default: '0m' },
      keep: { type: 'string', default: '0m' },
      'min-bad': { type: 'string', default: '0' },
      coverage: { type: 'boolean', default: false },
      hold: { type: 'boolean', default: false },
    },
  });
  if (values.target === undefined) throw new UsageError('give a target: --target 0.999');
  if (values.csv === undefined)
    throw new UsageError('give a file of minutes: --csv FILE (- is standard input)');
  const target = parseTarget(values.target);
  if (!target.ok) throw new UsageError(`--target ${values.target} ${TARGET_FAULTS[target.error]}`);
  const guards = {
    forMinutes: minutesOf('--for', values.for),
    keepFiringMinutes: minutesOf('--keep', values.keep),
    minBad: countOf('--min-bad', values['min-bad']),
  };
  const periodMinutes = minutesOf('--period', values.period);
  if (periodMinutes === 0) throw new UsageError('--period is longer than nothing');
  const tiers = values.tiers === undefined ? tiersOfPeriod(periodMinutes) : parseTiers(values.tiers);
  return {
    target: values.target,
    targetFraction: target.value,
    period: values.period,
    periodMinutes,
    file: values.csv,
    tiers: tiers.map((named) => ({ ...named, tier: { ...named.tier, ...guards } })),
    useCoverage: values.coverage,
    holdOnMissing: values.hold,
  };
}

/** Whole minutes of a span such as 2m, 1h, 3d; 0 needs no unit. */
function minutesOf(option: string, text: string): number {
  const ms = text === '0' ? 0 : parseDurationMs(text);
  if (ms === null || ms % MINUTE !== 0) {
    throw new UsageError(
      `${option} ${text} is not a number of whole minutes, hours or days such as 5m, 1h, 3d`,
    );
  }
  return ms / MINUTE;
}

function countOf(option: string, text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new UsageError(`${option} ${text} is not a whole number`);
  return Number(text);
}

function periodOf(minutes: number): Period {
  return { kind: 'rolling', days: (minutes * MINUTE) / DAY };
}

function tiersOfPeriod(periodMinutes: number): NamedTier[] {
  return defaultTiers(periodOf(periodMinutes)).map((tier) => ({
    longWindow: nameWindow(tier.longMinutes),
    shortWindow: nameWindow(tier.shortMinutes),
    tier,
  }));
}

/** 1440 → 24h, 4320 → 3d, 90 → 90m. */
function nameWindow(minutes: number): string {
  if (minutes % 1440 === 0 && minutes > 1440) return `${minutes / 1440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

function parseTiers(text: string): NamedTier[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--tiers is not JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(value) || value.length === 0) throw new UsageError('--tiers is a list of tiers');
  return value.map((entry, at) => parseTier(entry, `--tiers: tier ${at + 1}:`));
}

const TIER_FIELDS = ['severity', 'longWindow', 'shortWindow', 'factor'];

function parseTier(value: unknown, place: string): NamedTier {
  if (typeof value !== 'object' || value === null) throw new UsageError(`${place} is not an object`);
  const unknown = Object.keys(value).find((name) => !TIER_FIELDS.includes(name));
  if (unknown !== undefined) throw new UsageError(`${place} there is no field "${unknown}"`);
  const { severity, longWindow, shortWindow, factor } = value as Record<string, unknown>;
  if (severity !== 'page' && severity !== 'ticket') {
    throw new UsageError(`${place} severity is page or ticket`);
  }
  if (typeof factor !== 'number' || !Number.isFinite(factor) || factor < 0) {
    throw new UsageError(`${place} factor is a number, 0 or more`);
  }
  const [longMinutes, shortMinutes] = [longWindow, shortWindow].map((window) => {
    const minutes = typeof window === 'string' ? minutesOf(`${place} window`, window) : 0;
    if (minutes === 0) throw new UsageError(`${place} longWindow and shortWindow are spans such as 1h, 5m`);
    return minutes;
  }) as [number, number];
  return {
    longWindow: longWindow as string,
    shortWindow: shortWindow as string,
    tier: { severity, longMinutes, shortMinutes, factor, forMinutes: 0, keepFiringMinutes: 0, minBad: 0 },
  };
}

function readMinutes(file: string): MinuteCount[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
  const minutes = parseMinuteCsv(text);
  if (minutes.ok) return minutes.value;
  const name = file === '-' ? 'standard input' : file;
  throw new CommandError(`${name}, line ${minutes.error.line}: ${minutes.error.text}`);
}

/** Such a tier is run all the same: here one tries. */
function warnImpossible(request: Request, context: CommandContext): void {
  for (const { tier, longWindow, shortWindow } of request.tiers) {
    const impossible = impossibleTier(tier, request.targetFraction, periodOf(request.periodMinutes));
    if (!impossible) continue;
    const name = `${tier.severity} ${longWindow}/${shortWindow}`;
    context.terminal.say(`note: ${name} ${impossible.text}; ${impossible.advice}`);
  }
}

function renderJson(request: Request, { minutes, firing, budget }: BacktestResult): string {
  return JSON.stringify({
    target: request.target,
    period: request.period,
    minutes,
    tiers: request.tiers.map(({ tier, longWindow, shortWindow }, at) => ({
      severity: tier.severity,
      longWindow,
      shortWindow,
      factor: tier.factor,
      firing: firing[at],
    })),
    budget: { events: budget.events, bad: budget.bad, remaining: budget.remaining },
  });
}

function renderText(request: Request, { minutes, firing, budget }: BacktestResult): string {
  const lines = request.tiers.map(({ tier, longWindow, shortWindow }, at) => {
    const spans = (firing[at] ?? []).map(([from, to]) => `${from}–${to ?? 'end'}`);
    const name = `${tier.severity} ${longWindow}/${shortWindow} ×${Number(tier.factor.toPrecision(4))}`;
    return `${name.padEnd(24)} ${spans.length === 0 ? 'never fires' : `fires ${spans.join(', ')}`}`;
  });
  const left = budget.remaining === null ? 'no events' : `${(budget.remaining * 100).toFixed(2)} % left`;
  return [
    `${minutes} minutes, target ${request.target} over ${request.period}`,
    ...lines,
    `budget: ${left} (${budget.bad} bad of ${budget.events})`,
  ].join('\n');
}
