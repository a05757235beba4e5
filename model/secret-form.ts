/** What is recognised by its own form: tokens of known makers, JWTs, e-mail addresses, card numbers. */

/** Stands for a value that was taken out. */
export const SECRET = '{redacted}';
/** Ends a text that was cut. */
export const CUT = '…';

/** How many things were taken out so far. */
export interface Counter {
  redactions: number;
}

/**
 * Tokens that say themselves what they are. Nothing follows an unbounded run, so that a failed attempt costs
 * no more than the shortest match.
 */
const TOKEN_FORMS = new RegExp(
  [
    '\\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}', // AWS access key ids
    'xox[a-z]-[A-Za-z0-9-]{10,}', // Slack
    'xapp-[A-Za-z0-9-]{10,}',
    'hooks\\.slack\\.com/(?:services|workflows)/[A-Za-z0-9/_-]{10,}',
    'gh[pousr]_[A-Za-z0-9]{20,}', // GitHub
    'github_pat_[A-Za-z0-9_]{20,}',
    'glpat-[A-Za-z0-9_-]{16,}', // GitLab
    '(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}', // Stripe
    'whsec_[A-Za-z0-9+/]{16,}',
    'HRKU-[A-Za-z0-9_-]{20,}', // Heroku
    'sk-[A-Za-z0-9_-]{20,}', // model providers
    'npm_[A-Za-z0-9]{30,}',
    'pypi-[A-Za-z0-9_-]{30,}',
    'SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}', // SendGrid
    'AIza[A-Za-z0-9_-]{30,}', // Google
    'ya29\\.[A-Za-z0-9_-]{20,}',
    'shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{20,}', // Shopify
    'do[opr]_v1_[a-f0-9]{20,}', // DigitalOcean
    'AGE-SECRET-KEY-1[A-Z0-9]{20,}',
    '\\b\\d{8,10}:AA[A-Za-z0-9_-]{30,}', // Telegram
  ].join('|'),
  'g',
);

/** Replaces each of them with its mark: `{token}`, `{email}`, `{card}`. */
export function hideForms(text: string, counter: Counter): string {
  let result = text;
  if (text.length >= 16) {
    result = result.replace(TOKEN_FORMS, () => {
      counter.redactions++;
      return '{token}';
    });
    if (result.includes('eyJ')) result = hideJwts(result, counter);
  }
  if (/@|%40|%2540/.test(result)) result = hideEmails(result, counter);
  return /\d{3}/.test(result) ? hideCards(result, counter) : result;
}

/** Whether a text holds something with a form of its own. */
export function hasForm(text: string): boolean {
  const counter = { redactions: 0 };
  hideForms(text, counter);
  return counter.redactions > 0;
}

function hideJwts(text: string, counter: Counter): string {
  // Whole runs, so that many `eyJ` in one run are looked at once.
  return text.replace(/[A-Za-z0-9_.-]{20,}/g, (run) => {
    const start = run.indexOf('eyJ');
    const dot = start < 0 ? -1 : run.indexOf('.', start + 8);
    if (dot < 0 || run.length - dot < 4) return run;
    counter.redactions++;
    return `${run.slice(0, start)}{token}`;
  });
}

const LOCAL_PART = /[\p{L}\p{N}.!#$&'*+/=?^_`|~%-]/u;
/** File endings that follow an `@` in package addresses (`vue@3.4.js`), none of them a top-level domain. */
const FILE_ENDING = /\.(?:js|mjs|cjs|css|map|json|wasm|html|svg|png)$/i;

function hideEmails(text: string, counter: Counter): string {
  let result = '';
  let copied = 0;
  for (const at of text.matchAll(/@|%(?:25)?40/g)) {
    const start = localStart(text, at.index, copied);
    const domain = readDomain(text, at.index + at[0].length);
    if (start === at.index || domain === '') continue;
    result += `${text.slice(copied, start)}{email}`;
    counter.redactions++;
    copied = at.index + at[0].length + domain.length;
  }
  return copied === 0 ? text : result + text.slice(copied);
}

function localStart(text: string, at: number, from: number): number {
  let start = at;
  while (start > from && at - start < 64 && LOCAL_PART.test(text[start - 1]!)) start--;
  // Separators of paths, queries and settings belong to the address only in theory.
  const inner = text.slice(start, at).search(/[^/=&?]*$/);
  return start + inner;
}

function readDomain(text: string, from: number): string {
  const domain = /^[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){0,8}\.[\p{L}]{2,24}(?![\p{L}\p{N}])/u.exec(
    text.slice(from, from + 255),
  )?.[0];
  return domain === undefined || FILE_ENDING.test(domain) ? '' : domain;
}

/** Groups of digits that may be one number: `4242 4242 4242 4242`. */
const DIGIT_GROUPS = /\d+(?:(?:[ +-]|%20)\d+)*/g;

function hideCards(text: string, counter: Counter): string {
  return text.replace(DIGIT_GROUPS, (run) => (run.length < 13 ? run : hideCardsInGroups(run, counter)));
}

function hideCardsInGroups(run: string, counter: Counter): string {
  const groups = run.split(/([ +-]|%20)/);
  let result = '';
  for (let first = 0; first < groups.length; first += 2) {
    const last = lastGroupOfCard(groups, first);
    if (first > 0) result += groups[first - 1]!;
    if (last < 0) {
      result += groups[first]!;
    } else {
      result += '{card}';
      counter.redactions++;
      first = last;
    }
  }
  return result;
}

/** Index of the group that ends a card number begun at `first`, or -1. */
function lastGroupOfCard(groups: string[], first: number): number {
  let digits = '';
  for (let at = first; at < groups.length; at += 2) {
    const group = groups[at]!;
    // Written in groups, cards have three to seven digits in each.
    if (at > first && (group.length > 7 || group.length < 3 || digits.length < 3)) return -1;
    digits += group;
    if (digits.length > 19) return -1;
    if (isCardNumber(digits)) return at;
  }
  return -1;
}

/** 13–19 digits of a card maker's range whose check digit (Luhn) is right. */
export function isCardNumber(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19) return false;
  if (!/^[3-6]/.test(digits) && !(digits.startsWith('2') && digits.length === 16)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 0x30;
    const doubled = at % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
