/**
 * A line cut into what can be clicked: fields (`code=H12`), ids, codes; what was masked at intake; and where it fits the
 * texts that are searched for. Pure text in, pieces out; the page makes text nodes of them.
 */
import { LOG_MASK } from '../model/log-mask.ts';
import { readAnsi, type Stretch } from './logsAnsi.ts';
import type { Term } from './state/logsFilter.ts';

export interface Piece {
  text: string;
  /** Class names of its look, '' for plain text. */
  style: string;
  /** What a click asks for or leaves out; null for plain text. */
  term: Term | null;
  /** A request id, which leads on to the lines of its request. */
  requestId: string | null;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** `key=value`, `key="value"`, `"key":"value"`, a uuid, a code after "Error", a mask. */
const TOKEN = new RegExp(
  [
    '(?<key>"?[A-Za-z_][\\w.#-]{0,40}"?)(?<is>[=:])(?<value>"(?:[^"\\\\]|\\\\.)*"|[^\\s"\',;{}()[\\]]+)',
    `(?<id>\\b${UUID}\\b)`,
    '(?<=\\bError )(?<code>[HRL]\\d\\d)\\b',
    `(?<mask>${LOG_MASK})`,
  ].join('|'),
  'gi',
);
const MASK = new RegExp(LOG_MASK);
const REQUEST_ID = new RegExp(`^${UUID}$`, 'i');

interface Span {
  from: number;
  to: number;
  style: string;
  term: Term | null;
  requestId: string | null;
}

/** Pieces of a line in its order; together they are its text without escape sequences. */
export function piecesOf(text: string, marks: readonly string[] = []): Piece[] {
  const stretches = readAnsi(text);
  const plain = stretches.map((stretch) => stretch.text).join('');
  return cut(plain, stretches, tokenSpans(plain), markSpans(plain, marks));
}

function tokenSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const { key, is, value, id, code } = match.groups ?? {};
    const from = match.index;
    if (key !== undefined && value !== undefined) {
      // `10:41:50` and `https://…` are no fields.
      if (is === ':' && !(key.startsWith('"') && key.endsWith('"'))) continue;
      const valueFrom = from + key.length + 1;
      spans.push(plainSpan(from, valueFrom, 'tok-key'));
      spans.push(valueSpan(key.replaceAll('"', ''), value, match[0], valueFrom));
    } else if (id !== undefined) spans.push(tokenSpan(from, id, textTerm(id), id));
    else if (code !== undefined)
      spans.push(tokenSpan(from, code, { field: 'code', value: code.toUpperCase(), isNot: false }));
    else spans.push(plainSpan(from, from + match[0].length, 'tok-mask'));
  }
  return spans;
}

function plainSpan(from: number, to: number, style: string): Span {
  return { from, to, style, term: null, requestId: null };
}

function tokenSpan(from: number, text: string, term: Term, requestId: string | null = null): Span {
  return { from, to: from + text.length, style: 'tok', term, requestId };
}

function valueSpan(key: string, value: string, whole: string, from: number): Span {
  if (MASK.test(value)) return plainSpan(from, from + value.length, 'tok-mask');
  const bare = value.replace(/^"|"$/g, '');
  const requestId = /request_?id$/i.test(key) && REQUEST_ID.test(bare) ? bare : null;
  return tokenSpan(from, value, fieldTerm(key, bare) ?? textTerm(whole), requestId);
}

function textTerm(value: string): Term {
  return { field: 'text', value, isNot: false };
}

/** The field of the filter that a field of a line stands for; null for those that are only text. */
export function fieldTerm(key: string, value: string): Term | null {
  const name = key.toLowerCase();
  if (name === 'code' && /^[HRL]\d\d$/.test(value)) return { field: 'code', value, isNot: false };
  if (name === 'status' && /^[1-5]\d\d$/.test(value)) return { field: 'status', value, isNot: false };
  if (name === 'dyno' && /^[a-z][\w-]*\.\d+$/i.test(value)) return { field: 'dyno', value, isNot: false };
  return null;
}

/** A line that consists of what is searched for is not cut into more pieces than this. */
const MARKS_MAX = 100;

/** Where the line contains what is searched for, in any case of its letters. */
function markSpans(text: string, marks: readonly string[]): [number, number][] {
  const found: [number, number][] = [];
  const lower = text.toLowerCase();
  // Letters whose lower case is longer would shift everything behind them.
  if (lower.length !== text.length) return found;
  for (const mark of marks) {
    const wanted = mark.toLowerCase();
    if (!wanted) continue;
    for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + wanted.length)) {
      if (found.length >= MARKS_MAX) return found;
      found.push([at, at + wanted.length]);
    }
  }
  return found;
}

/** Cuts at every border of a look, a token or a mark. */
function cut(text: string, looks: Stretch[], tokens: Span[], marks: [number, number][]): Piece[] {
  const borders = new Set([0, text.length]);
  let at = 0;
  const styled: Span[] = [];
  for (const look of looks) {
    if (look.style) styled.push(plainSpan(at, at + look.text.length, look.style));
    at += look.text.length;
  }
  for (const { from, to } of [...styled, ...tokens]) borders.add(from).add(to);
  for (const [from, to] of marks) borders.add(from).add(to);
  const sorted = [...borders].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((from, index) => {
    const inside = (span: { from: number; to: number }) => span.from <= from && from < span.to;
    const token = tokens.find(inside);
    const isMarked = marks.some(([start, end]) => start <= from && from < end);
    const style = [styled.find(inside)?.style, token?.style, isMarked && 'hit'].filter(Boolean).join(' ');
    return {
      text: text.slice(from, sorted[index + 1]),
      style,
      term: token?.term ?? null,
      requestId: token?.requestId ?? null,
    };
  });
}

/** A field of a line, for the list beside it. */
export interface LineField {
  name: string;
  value: string;
  term: Term;
}

/** Fields written as `key=value` or as one JSON object, in their order; each name once. */
export function fieldsOf(text: string): LineField[] {
  const plain = readAnsi(text)
    .map((stretch) => stretch.text)
    .join('');
  const fields = new Map<string, LineField>();
  for (const [name, value, whole] of [...jsonFields(plain), ...pairFields(plain)]) {
    if (fields.has(name) || value === '') continue;
    fields.set(name, { name, value, term: fieldTerm(name, value) ?? textTerm(whole) });
  }
  return [...fields.values()];
}

function* pairFields(text: string): Generator<[name: string, value: string, whole: string]> {
  for (const match of text.matchAll(TOKEN)) {
    const { key, is, value } = match.groups ?? {};
    if (key === undefined || value === undefined || is !== '=') continue;
    yield [key, value.replace(/^"|"$/g, ''), match[0]];
  }
}

const FIELDS_MAX = 40;

function jsonFields(text: string): [name: string, value: string, whole: string][] {
  const start = text.indexOf('{');
  if (start < 0 || !text.trimEnd().endsWith('}')) return [];
  try {
    const value: unknown = JSON.parse(text.slice(start));
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value)
      .slice(0, FIELDS_MAX)
      .map(([name, inner]) => {
        const shown = typeof inner === 'string' ? inner : (JSON.stringify(inner) ?? '');
        return [name, shown, shown];
      });
  } catch {
    return [];
  }
}
