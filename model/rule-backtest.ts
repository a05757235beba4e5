/** What a rule would have done over stored history: the same walk, over days. */
import { historyLength, perWeek } from './history-length.ts';
import type { AppFacts, MinuteSpan } from './rule-facts.ts';
import type { KeyReading } from './rule-reader.ts';
import { readRule } from './rule-reading.ts';
import { type KeyMemory, type WalkedRule, walkRule } from './rule-walk.ts';
import type { Severity } from './slo.ts';
import { MINUTE } from './time.ts';

export interface BacktestFiring {
  fromMs: number;
  /** null: it still fires at the end. */
  toMs: number | null;
  key: string;
  /** The worst value while it fired, in the rule's unit. */
  peak: number | null;
}

export interface RuleBacktest {
  fromMs: number;
  toMs: number;
  /** `Would have paged 3 times in 14 days.` */
  sentence: string;
  firings: BacktestFiring[];
  perWeek: number;
  unit: string;
  /** Start of each point, epoch s; values of the worst keys, and the bound. */
  t: number[];
  series: { key: string; values: (number | null)[] }[];
  threshold: number | null;
  warnings: string[];
}

const KEYS_SHOWN_MAX = 10;
/** Points of a chart. */
const POINTS_MAX = 700;

/** Collects day after day. Facts must reach back before each span as far as the rule looks. */
export class RuleBacktester {
  readonly #rule: WalkedRule;
  readonly #span: MinuteSpan;
  readonly #stepMinutes: number;
  readonly #memories = new Map<string, KeyMemory>();
  readonly #firings: BacktestFiring[] = [];
  readonly #open = new Map<string, BacktestFiring>();
  readonly #values = new Map<string, (number | null)[]>();
  #unit = '';
  #threshold: number | null = null;
  #isUnder = false;
  /** The first evaluation that had a value. */
  #first: number | null = null;

  constructor(rule: WalkedRule, span: MinuteSpan) {
    this.#rule = rule;
    this.#span = span;
    this.#stepMinutes = Math.max(1, Math.ceil((span.to - span.from) / POINTS_MAX));
    this.#isUnder = 'direction' in rule.settings && rule.settings.direction === 'under';
  }

  /** Evaluations of a part of the span, in order of time. */
  add(facts: AppFacts, evaluations: MinuteSpan): void {
    for (let minute = evaluations.from; minute < evaluations.to; minute++) {
      const single = { from: minute, to: minute + 1 };
      const transitions = walkRule(this.#rule, facts, single, this.#memories);
      for (const { key, transition } of transitions) {
        if (transition.to === 'firing' && transition.from !== 'firing') this.#begin(key, minute);
        if (transition.to === 'ok') this.#end(key, minute);
      }
      if ((minute - this.#span.from) % this.#stepMinutes === 0 || this.#open.size > 0) {
        for (const reading of readRule(this.#rule, facts, minute, (key) => this.#open.has(key)))
          this.#note(reading, minute);
      }
    }
  }

  #begin(key: string, minute: number): void {
    // Recovering and firing again is one firing.
    if (this.#open.has(key)) return;
    const firing: BacktestFiring = { fromMs: minute * MINUTE, toMs: null, key, peak: null };
    this.#open.set(key, firing);
    this.#firings.push(firing);
  }

  #end(key: string, minute: number): void {
    const firing = this.#open.get(key);
    if (firing === undefined) return;
    firing.toMs = minute * MINUTE;
    this.#open.delete(key);
  }

  #note({ key, value, unit, threshold, missing }: KeyReading, minute: number): void {
    this.#unit = unit;
    this.#threshold = threshold;
    if (value === null || missing === 'noData' || missing === 'stale') return;
    this.#first ??= minute;
    const firing = this.#open.get(key);
    if (firing !== undefined) firing.peak = this.#worse(firing.peak, value);
    const values = this.#values.get(key) ?? new Array<number | null>(this.#points()).fill(null);
    this.#values.set(key, values);
    const at = Math.floor((minute - this.#span.from) / this.#stepMinutes);
    values[at] = this.#worse(values[at] ?? null, value);
  }

  #worse(a: number | null, b: number): number {
    if (a === null) return b;
    return this.#isUnder ? Math.min(a, b) : Math.max(a, b);
  }

  #points(): number {
    return Math.ceil((this.#span.to - this.#span.from) / this.#stepMinutes);
  }

  result(): RuleBacktest {
    const { from, to } = this.#span;
    const length = historyLength(to - from, this.#first === null ? to - from : to - this.#first);
    return {
      fromMs: from * MINUTE,
      toMs: to * MINUTE,
      sentence: backtestSentence(this.#rule.severity, this.#firings.length, length.minutes),
      firings: this.#firings,
      perWeek: perWeek(this.#firings.length, length),
      unit: this.#unit,
      t: Array.from({ length: this.#points() }, (_, at) => (from + at * this.#stepMinutes) * 60),
      series: this.#worstSeries(),
      threshold: this.#threshold,
      warnings:
        this.#first === null
          ? ['There is no stored history that this rule could be judged by.']
          : [length.warning].filter((warning) => warning !== ''),
    };
  }

  #worstSeries(): { key: string; values: (number | null)[] }[] {
    const fired = new Set(this.#firings.map(({ key }) => key));
    const worst = (values: (number | null)[]): number => {
      const known = values.filter((value) => value !== null);
      return this.#isUnder ? -Math.min(...known) : Math.max(...known);
    };
    return [...this.#values]
      .sort(([a, x], [b, y]) => Number(fired.has(b)) - Number(fired.has(a)) || worst(y) - worst(x))
      .slice(0, KEYS_SHOWN_MAX)
      .map(([key, values]) => ({ key, values }));
  }
}

const DONE: Record<Severity, [none: string, once: string, many: string]> = {
  page: ['Would not have paged', 'Would have paged once', 'Would have paged # times'],
  ticket: ['Would have made no ticket', 'Would have made one ticket', 'Would have made # tickets'],
  info: ['Would have told nothing', 'Would have told once', 'Would have told # times'],
};

/** `Would have paged 3 times in 14 days.` */
export function backtestSentence(severity: Severity, firings: number, minutes: number): string {
  const [none, once, many] = DONE[severity];
  const what = firings === 0 ? none : firings === 1 ? once : many.replace('#', String(firings));
  const hours = Math.round(minutes / 60);
  const days = Math.round(minutes / 1440);
  const span = hours < 48 ? `${hours} h` : `${days} days`;
  return `${what} in ${span}.`;
}
