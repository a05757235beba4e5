/**
 * What lines have in common: a template is a line's text with everything masked that differs from one line of its kind
 * to the next. `Retry 3 of 5 for order 8812 in 250ms` → `Retry <num> of <num> for order <num> in <duration>`.
 */

/** Of a template, in UTF-16 units; longer ones end in `…`. */
export const TEMPLATE_MAX = 240;
/** Only so much of a text is looked at: what comes behind tells kinds of lines no better apart. */
const TEXT_LOOKED_AT = 1_000;

/** Keys whose quoted values name a kind of line; other quoted values are data. */
const TELLING_KEYS = new Set(
  (
    'msg message level lvl severity event logger error err error_class exception class type kind code desc status ' +
    'method at name job task service component controller action'
  ).split(' '),
);
/** Behind `status=`: which status it is tells kinds of lines apart, as no other number does. */
const STATUS_KEYS = new Set(['status', 'status_code', 'statuscode']);
const KEY_MAX = 32;

const UNIT_OF_TIME =
  'ns|us|µs|μs|ms|msec|msecs|millis|milliseconds?|s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?|days?';
const UNIT_OF_SIZE = '[kKMGT]i?B|[kKMGT]b|B|bytes?';

/**
 * The kinds, first match wins. Words are entered at their first letter only, so that a long one is looked at once; what
 * is quadratic (quotes that never end) is bounded by TEXT_LOOKED_AT.
 */
const KINDS: readonly (readonly [name: string, pattern: string])[] = [
  ['quoted', '"(?:[^"\\\\]|\\\\.)*"'],
  ['single', "(?<![\\w'>])'(?:[^'\\\\]|\\\\.)*'(?![\\w'<])"],
  ['mask', '<[a-z*]{1,8}>'],
  ['uuid', '(?<![\\w-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\\w-])'],
  [
    'time',
    '(?<![\\w.])\\d{4}-\\d\\d-\\d\\d(?:[T ]\\d\\d:\\d\\d(?::\\d\\d(?:[.,]\\d{1,9})?)?(?: ?(?:Z|UTC|[+-]\\d\\d:?\\d\\d))?)?(?![\\w-])',
  ],
  ['clf', '(?<!\\w)\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d(?: [+-]\\d{4})?'],
  ['clock', '(?<![\\w.:])\\d{1,2}:\\d\\d:\\d\\d(?:[.,]\\d{1,9})?(?![\\w:])'],
  ['email', '(?<![\\w.+>-])[\\w.+-]{1,64}@[\\w-]{1,63}(?:\\.[\\w-]{1,63}){1,4}'],
  ['ip', '(?<![\\w.])\\d{1,3}(?:\\.\\d{1,3}){3}(?::\\d{1,5})?(?![\\w.]*\\w)'],
  ['ip6', '(?<![\\w:])(?:[0-9a-fA-F]{1,4}:){3,7}(?::|[0-9a-fA-F]{1,4})(?![\\w:])'],
  ['duration', `(?<![\\w.])[+-]?\\d{1,20}(?:\\.\\d{1,20})? ?(?:${UNIT_OF_TIME})(?![\\w=])`],
  ['size', `(?<![\\w.])[+-]?\\d{1,20}(?:\\.\\d{1,20})? ?(?:${UNIT_OF_SIZE})(?![\\w=])`],
  ['code', '(?<![\\w.-])[HRL]\\d\\d(?!\\w|[.-]\\w)'],
  ['hex', '(?<!\\w)0x[0-9a-fA-F]+(?!\\w)'],
  ['word', '(?<!\\w)[A-Za-z_]*\\d\\w*'],
];

const TOKENS = new RegExp(KINDS.map(([name, pattern]) => `(?<${name}>${pattern})`).join('|'), 'g');
const INNER = new RegExp(
  KINDS.filter(([name]) => name !== 'quoted' && name !== 'single')
    .map(([name, pattern]) => `(?<${name}>${pattern})`)
    .join('|'),
  'g',
);

/** The template of a text: at most TEMPLATE_MAX long; applied to a template it changes nothing. Never throws. */
export function logTemplate(text: string): string {
  const start = text.length > TEXT_LOOKED_AT ? text.slice(0, TEXT_LOOKED_AT) : text;
  const masked = maskTokens(start.replace(/\s+/g, ' ').trim(), TOKENS);
  // A list of any length is one kind of line.
  const joined = masked.replace(/(<[a-z*]{1,8}>)(?:(?:, ?| |\.|-|\/)\1)+/g, '$1');
  return joined.length <= TEMPLATE_MAX ? joined : `${cutAt(joined, TEMPLATE_MAX - 1)}…`;
}

/** An id of a template: short, the same on every machine and in every version that masks alike. */
export function patternId(template: string): string {
  // Two FNV-1a of 32 bits over UTF-16 units, with different offsets: 64 bits tell some thousands of templates apart.
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let at = 0; at < template.length; at++) {
    const unit = template.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ ((unit << 7) | (unit >>> 9)), 0x01000193);
  }
  return `${(a >>> 0).toString(36)}-${(b >>> 0).toString(36)}`;
}

export const PATTERN_ID = /^[0-9a-z]{1,7}-[0-9a-z]{1,7}$/;

type Groups = Record<string, string | undefined>;

function maskTokens(text: string, tokens: RegExp): string {
  return text.replace(tokens, (...found) =>
    maskToken(text, found[0] as string, found.at(-3) as number, found.at(-1) as Groups),
  );
}

function maskToken(text: string, whole: string, offset: number, groups: Groups): string {
  if (groups.word !== undefined) return maskWord(text, whole, offset);
  if (groups.quoted !== undefined) return maskQuoted(text, whole, offset);
  if (groups.mask !== undefined || groups.code !== undefined) return whole;
  if (groups.single !== undefined) return "'<str>'";
  if (groups.uuid !== undefined) return '<uuid>';
  if (groups.duration !== undefined) return '<duration>';
  if (groups.size !== undefined) return '<size>';
  if (groups.ip !== undefined || groups.ip6 !== undefined) return '<ip>';
  if (groups.email !== undefined) return '<email>';
  if (groups.hex !== undefined) return '<hex>';
  return '<time>';
}

/** The key of a value, in lower case: `status` of `"status": 504` and of `status=504`; '' when it has none. */
function keyBefore(text: string, offset: number): string {
  let at = offset - 1;
  while (text[at] === ' ') at--;
  if (text[at] !== '=' && text[at] !== ':') return '';
  at--;
  while (text[at] === ' ' || text[at] === '"') at--;
  const end = at + 1;
  while (end - at <= KEY_MAX && isOfKey(text.charCodeAt(at))) at--;
  // Behind a mask it is the rest of a word that was masked in part.
  return text[at] === '>' ? '' : text.slice(at + 1, end).toLowerCase();
}

/** Letters, digits and `_`; false beyond the text. */
function isOfKey(unit: number): boolean {
  const isLetter = (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);
  return isLetter || (unit >= 0x30 && unit <= 0x39) || unit === 0x5f;
}

/** A key of JSON stays, and so does a value that tells what kind of line it is, with what is in it masked. */
function maskQuoted(text: string, whole: string, offset: number): string {
  if (whole.length === 2) return whole;
  const isKept = text[offset + whole.length] === ':' || TELLING_KEYS.has(keyBefore(text, offset));
  return isKept ? `"${maskTokens(whole.slice(1, -1), INNER)}"` : '"<str>"';
}

const HEX_WORD = /^(?=.*[a-fA-F])[0-9a-fA-F]{6,}$/;
/** Letters and digits by turns, as no one writes by hand. */
const RANDOM_WORD = /^[A-Za-z_]*\d+(?:[A-Za-z_]+\d+){2}/;

function maskWord(text: string, word: string, offset: number): string {
  if (/^[1-5]\d\d$/.test(word) && STATUS_KEYS.has(keyBefore(text, offset))) return word;
  if (HEX_WORD.test(word)) return '<hex>';
  if (RANDOM_WORD.test(word)) return '<id>';
  return word.replace(/\d+/g, '<num>');
}

/** Never through the middle of a character. */
function cutAt(text: string, max: number): string {
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? max - 1 : max);
}
