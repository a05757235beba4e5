/**
 * What a page of logs shows: fields and texts asked for and left out, as they stand in the URL. The words are those of
 * the API (api/contract/logs.ts), so the query of a page is the query of its calls.
 */
import type { LogFilterQuery } from '../../api/contract/logs.ts';

/** Fields with a closed or short list of values; a value that begins with `-` is left out. */
export const LIST_FIELDS = ['source', 'dyno', 'code', 'status', 'level'] as const;
export type ListField = (typeof LIST_FIELDS)[number];

/** Everything a term can be about. */
export type TermField = ListField | 'text' | 'pattern';

/** One thing asked for or left out. */
export interface Term {
  field: TermField;
  value: string;
  isNot: boolean;
}

/** Terms in the order in which they are shown. Never twice the same, never a value both asked for and left out. */
export type LogsFilter = readonly Term[];

/** Names of the query parameters that belong to the filter. */
export const FILTER_PARAMS = [
  ...LIST_FIELDS,
  'q',
  'not',
  'pattern',
] as const satisfies (keyof LogFilterQuery)[];

/** The filter of an address. Unknown parameters are none of its business; empty values are dropped. */
export function readFilter(params: URLSearchParams): LogsFilter {
  let filter: LogsFilter = [];
  for (const field of LIST_FIELDS) {
    for (const value of params.getAll(field).flatMap((list) => list.split(','))) {
      const isNot = value.startsWith('-');
      filter = withTerm(filter, { field, value: (isNot ? value.slice(1) : value).trim(), isNot });
    }
  }
  for (const value of params.getAll('q')) filter = withTerm(filter, { field: 'text', value, isNot: false });
  for (const value of params.getAll('not')) filter = withTerm(filter, { field: 'text', value, isNot: true });
  return withTerm(filter, { field: 'pattern', value: params.get('pattern') ?? '', isNot: false });
}

/** The filter as query parameters, ready for an address or a call. */
export function filterQuery(filter: LogsFilter): [name: string, value: string][] {
  const query: [string, string][] = [];
  for (const field of LIST_FIELDS) {
    const values = filter.filter((term) => term.field === field).map(listValue);
    if (values.length > 0) query.push([field, values.join(',')]);
  }
  for (const { field, value, isNot } of filter)
    if (field === 'text') query.push([isNot ? 'not' : 'q', value]);
  for (const { field, value } of filter) if (field === 'pattern') query.push(['pattern', value]);
  return query;
}

function listValue({ value, isNot }: Term): string {
  return isNot ? `-${value}` : value;
}

/** Adds a term; the same value the other way round goes. A pattern takes the place of the one before. */
export function withTerm(filter: LogsFilter, term: Term): LogsFilter {
  if (!term.value.trim()) return filter;
  if (filter.some((other) => isSame(other, term))) return filter;
  const rest = filter.filter((other) =>
    term.field === 'pattern'
      ? other.field !== 'pattern'
      : other.field !== term.field || other.value !== term.value,
  );
  return [...rest, term];
}

export function withoutTerm(filter: LogsFilter, term: Term): LogsFilter {
  return filter.filter((other) => !isSame(other, term));
}

export function isSame(a: Term, b: Term): boolean {
  return a.field === b.field && a.value === b.value && a.isNot === b.isNot;
}

/** `source app`, `not “health check”`: a term as people read it. */
export function termText({ field, value, isNot }: Term): string {
  const what = field === 'text' ? `“${value}”` : `${field} ${value}`;
  return isNot ? `not ${what}` : what;
}

const PIECE = /(-?)(?:([a-z]+)[:=])?(?:"([^"]*)"?|(\S+))/gi;

/**
 * What was typed, as terms: `source:app`, `-dyno:web.1`, `H12`, `5xx`, `"exact words"`, `-word`. Words that are no field
 * are texts, each of which has to be in the line.
 */
export function parseTyped(typed: string): Term[] {
  const terms: Term[] = [];
  for (const [whole, minus = '', name = '', quoted, bare = ''] of typed.matchAll(PIECE)) {
    const isNot = minus === '-';
    const field = LIST_FIELDS.find((one) => one === name.toLowerCase());
    const value = quoted ?? bare;
    if (field) {
      for (const one of value.split(','))
        if (one) terms.push({ field, value: fieldValue(field, one), isNot });
    } else if (name) terms.push({ field: 'text', value: stripQuotes(whole.slice(minus.length)), isNot });
    else if (value)
      terms.push(quoted === undefined ? guessTerm(value, isNot) : { field: 'text', value, isNot });
  }
  return terms.filter(({ value }) => value.trim() !== '' && value !== '-');
}

function stripQuotes(text: string): string {
  return text.replace(/[:=]"([^"]*)"?$/, (whole, inner: string) => `${whole[0]}"${inner}"`);
}

/** A bare word that can only be a code or a class of statuses is taken for one. */
function guessTerm(value: string, isNot: boolean): Term {
  if (/^[HRL]\d\d$/i.test(value)) return { field: 'code', value: value.toUpperCase(), isNot };
  if (/^[1-5]xx$/i.test(value)) return { field: 'status', value: value.toLowerCase(), isNot };
  return { field: 'text', value, isNot };
}

function fieldValue(field: ListField, value: string): string {
  if (field === 'dyno') return value;
  return field === 'code' && value.toLowerCase() !== 'any' ? value.toUpperCase() : value.toLowerCase();
}
