/**
 * Words of OpenSLO v1 (github.com/OpenSLO/OpenSLO, README.md) that import and export share. What OpenSLO cannot say
 * stands in annotations under a prefix of ours, so that a file is whole when it comes back.
 */
import type { Severity, SloDefinition } from './slo.ts';

export const API_VERSION = 'openslo/v1';
/** v2alpha, read only: enhancements/v2alpha.md of the same repository. */
export const API_VERSION_V2 = 'openslo.com/v2alpha';

/** metricSource.type of what the router of a Heroku app counts. */
export const ROUTER_SOURCE = 'heroku-router';

/** Annotations of an SLO and of an alert condition. All values are text. */
export const ANNOTATION = {
  useCoverage: 'drainboard/use-coverage',
  holdOnMissing: 'drainboard/hold-on-missing',
  runbookUrl: 'drainboard/runbook-url',
  budgetAlerts: 'drainboard/budget-alerts',
  kind: 'drainboard/kind',
  shortWindow: 'drainboard/short-window',
  keepFiring: 'drainboard/keep-firing',
  minBad: 'drainboard/min-bad',
} as const;

/** The label under which tags stand that came from no label. */
export const TAG_LABEL = 'tag';

/** RFC 1123 label, as metadata.name must be. */
export const NAME_FORM = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_MAX = 63;

/** An objective with where it belongs. */
export interface NamedSlo {
  /** Unique in its app; RFC 1123, at most 63 characters. */
  slug: string;
  app: string;
  definition: SloDefinition;
}

/** Any text as an RFC 1123 label; `slo` when nothing of it is left. */
export function nameOf(text: string): string {
  const name = text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, NAME_MAX)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'slo' : name;
}

const UNIT_MINUTES: Record<string, number> = {
  m: 1,
  h: 60,
  d: 1440,
  w: 7 * 1440,
  M: 30 * 1440,
  Q: 90 * 1440,
  Y: 365 * 1440,
};

export interface Shorthand {
  count: number;
  unit: string;
  /** A month counts 30 days, a quarter 90, a year 365. */
  minutes: number;
}

/** A duration shorthand, `4w`; a bare number is minutes. Null for anything else. */
export function parseShorthand(value: unknown): Shorthand | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const match = /^([1-9]\d{0,6}|0(?=[mhdw]?$))([mhdwMQY]?)$/.exec(String(value).trim());
  if (!match) return null;
  const [count, unit] = [Number(match[1]), match[2] === '' ? 'm' : (match[2] ?? 'm')];
  return { count, unit, minutes: count * (UNIT_MINUTES[unit] ?? 0) };
}

/** The largest of m, h, d that fits: 90 → `90m`, 60 → `1h`, 1440 → `1d`. */
export function shorthandOf(minutes: number): string {
  if (minutes > 0 && minutes % 1440 === 0) return `${minutes / 1440}d`;
  return minutes > 0 && minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

const PAGE_WORDS = /^(?:page|pager|critical|crit|urgent|emergency|fatal|sev-?[01]|p-?[01]|s-?[01])$/i;
const TICKET_WORDS =
  /^(?:ticket|warn(?:ing)?|error|high|major|medium|moderate|low|minor|info|notice|sev-?[2-5]|p-?[2-5]|s-?[2-5])$/i;

/** A severity of someone else's as one of ours; null when the word says nothing. */
export function severityOf(word: string): Exclude<Severity, 'info'> | null {
  if (PAGE_WORDS.test(word.trim())) return 'page';
  return TICKET_WORDS.test(word.trim()) ? 'ticket' : null;
}

/** What is gathered while one objective is read; sentences that begin with their place. */
export class Notes {
  /** Why it cannot become an objective. */
  readonly faults: string[] = [];
  /** What is read differently from how it is written. */
  readonly warnings: string[] = [];
}
