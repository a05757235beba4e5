/** Visitors' addresses inside the text of a line, shortened to their networks (SEC-45). Every pattern is linear (SEC-38). */
import { shortAddress } from './address.ts';

/** A full stop may end the sentence; one with more behind it makes a version or a name of it, not an address. */
const IPV4 = /(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w|\/\d)/g;
/** Whatever is made of its characters: shortAddress tells whether it is one. Times of day are not. */
const IPV6 = /(?<![\w:.])[0-9a-f:]{6,51}(?![\w:]|\.\d|\/\d)/gi;
/** Nobody's in particular. */
const PRIVATE = /^(?:0|10|127)\.|^192\.168\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\./;
/** What stands before the slash of `remote=/203.0.113.7:51234`, as Java writes addresses; before that of a path stands a word. */
const BEFORE_SLASH = /[\s=:,;|"'([{</]/;

/** The text with every address of IPv4 or IPv6 shortened; those of private networks stay. Applied again it changes nothing. */
export function shortenAddresses(text: string): string {
  let result = text;
  if (/\d\.\d/.test(result)) {
    result = result.replace(IPV4, (address: string, at: number, whole: string) =>
      PRIVATE.test(address) || isPath(whole, at, at + address.length)
        ? address
        : shortAddress(address) || address,
    );
  }
  if (/[0-9a-f]:[0-9a-f:]/i.test(result)) result = result.replace(IPV6, shortRun);
  return result;
}

/** Whether numbers with dots are a piece of a path: `/releases/1.2.3.4`, `/1.2.3.4/notes`, `https://1.2.3.4/`. */
function isPath(text: string, start: number, end: number): boolean {
  if (text[start - 1] !== '/') return false;
  return text[end] === '/' || (start >= 2 && !BEFORE_SLASH.test(text[start - 2]!));
}

/** A run may have the colon of the sentence behind it, or a port as a ninth group. */
function shortRun(run: string): string {
  const short = shortAddress(run);
  if (short !== '') return short;
  const last = run.lastIndexOf(':');
  const rest = run.slice(last);
  const isEnd = rest === ':' || (/^:\d{1,5}$/.test(rest) && run.split(':').length === 9);
  const network = isEnd ? shortAddress(run.slice(0, last)) : '';
  return network === '' ? run : network + rest;
}
