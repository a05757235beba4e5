/** What a reader of a kind of rule gives: one reading of each thing that the rule watches, at one evaluation. */
import type { HeldReason } from './alert.ts';
import type { AppFacts } from './rule-facts.ts';
import type { Severity } from './slo.ts';

export interface KeyReading {
  /** A process type, a code, an add-on, or '' for the app. */
  key: string;
  /** In `unit`; null when there is nothing to judge by. */
  value: number | null;
  threshold: number | null;
  /** '%', 'ms', 'MB', …; '' for a plain number. */
  unit: string;
  isAbove: boolean;
  /** Not null: it cannot be judged. */
  missing: HeldReason | null;
  /** What of the key it is about, such as the worst dyno; '' where the key says it. */
  about: string;
  /** Numerator and denominator, where the value is a share. */
  bad?: number;
  events?: number;
  windowMinutes: number;
  /** No worse than this, whatever the rule says. */
  atMost?: Severity;
}

/** @param isFiring whether the rule fires for a key now: what fires may have another bound to end */
export type Reader<Settings> = (
  settings: Settings,
  facts: AppFacts,
  minute: number,
  isFiring: (key: string) => boolean,
) => KeyReading[];

/**
 * How a kind is evaluated. Readings come at minutes that are a multiple of everyMinutes from an offset; a key that fires
 * and is not among the readings any more is without data, and gone after goneAfterMinutes (0: its absence is a zero).
 */
export interface KindReader<Settings> {
  read: Reader<Settings>;
  everyMinutes: number;
  goneAfterMinutes: number;
  /** Minutes before the evaluation that must be among the facts. */
  lookBackMinutes: (settings: Settings) => number;
  /** Events are few, and may be looked for further back. Left out: as the others. */
  eventsBackMinutes?: (settings: Settings) => number;
}

/**
 * Lines that are lost cannot take away what was seen: what is above is above. What is not may only look so, and ends
 * nothing.
 */
export function judged(
  isAbove: boolean,
  missing: HeldReason | null,
): Pick<KeyReading, 'isAbove' | 'missing'> {
  return { isAbove, missing: missing === 'gap' && isAbove ? null : missing };
}

/** Per cent with the digits that say something. */
export function percentOf(ratio: number): number {
  return Math.round(ratio * 1e6) / 1e4;
}

/** `web` of `web.1`; names without a number are types already. */
export function typeOf(dyno: string): string {
  const dot = dyno.lastIndexOf('.');
  return dot < 0 ? dyno : dyno.slice(0, dot);
}

/** Whether a rule watches a process type; an empty list takes all. */
export function takesType(processTypes: readonly string[], type: string): boolean {
  return processTypes.length === 0 || processTypes.includes(type);
}

export function isBeyond(value: number, direction: 'over' | 'under', bound: number): boolean {
  return direction === 'over' ? value >= bound : value < bound;
}
