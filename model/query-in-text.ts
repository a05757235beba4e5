/** Queries of addresses inside the text of a line, without their values (SEC-44). Every pattern is linear (SEC-38). */
import type { Counter } from './secret-form.ts';

/** Signs of a query, also as the encoders of JSON of Go and Gson write them. */
const AND = '(?:&|\\\\u0026)';
const IS = '(?:=|\\\\u003d)';
/** A name may be anything, a number too, or nothing at all. */
const NAME = '[^\\s"\'<>`\\\\?=&#]*';
const ESCAPED = '\\\\u00(?:26|3d)';
/** `?q=…&page=2` behind a path, to its end: the values go, the names stay. */
const QUERY = new RegExp(`\\?${NAME}(?:${AND}|${IS})[^\\s"'<>\`\\\\]*(?:${ESCAPED}[^\\s"'<>\`\\\\]*)*`, 'gi');
const VALUE = '[^&\\s"\'<>`\\\\#]';
const QUERY_VALUE = new RegExp(
  `((?:\\?|${AND})${NAME}${IS})(${VALUE}+(?:\\\\u003d${VALUE}*)*|(?:\\\\u003d${VALUE}*)+)`,
  'gi',
);
const KEPT_VALUE = /^(?:\*|…|\{redacted\}|\{token\})$/;

/** `/search?q=ana&page=2` → `/search?q=*&page=*`, wherever in a text; applied again it changes nothing. */
export function hideQueryValues(text: string, counter: Counter): string {
  if (!text.includes('?')) return text;
  return text.replace(QUERY, (query) =>
    query.replace(QUERY_VALUE, (whole, name: string, value: string) => {
      if (KEPT_VALUE.test(value)) return whole;
      counter.redactions++;
      return `${name}*`;
    }),
  );
}
