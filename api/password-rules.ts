/**
 * Which passwords are refused (SEC-16): only length and being easy to guess count, no rules of composition.
 *
 * A list of leaked passwords of twelve characters and more is dominated by few patterns: a very common word or two
 * with digits, keyboard walks, sequences, repetitions, dates. The patterns are checked instead of a list of
 * thousands; the words were put together by hand for this file from what such lists have in common.
 */
import { COMMON_WORDS } from './password-words.ts';

export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 128;

export type PasswordFault = 'tooShort' | 'tooLong' | 'common' | 'aboutYou';

export const PASSWORD_ADVICE: Record<PasswordFault, string> = {
  tooShort: `Use at least ${PASSWORD_MIN} characters: four unrelated words are easy to remember.`,
  tooLong: `Use at most ${PASSWORD_MAX} characters.`,
  common:
    'This is one of the first passwords an attacker tries. Use four unrelated words, or a password manager.',
  aboutYou: 'This is made from your e-mail address or the name of this app: choose something else.',
};

/** Why a password is refused, or null. personal: e-mail address, names, our own host, which an attacker knows too. */
export function passwordFault(password: string, personal: readonly string[]): PasswordFault | null {
  const characters = [...password].length;
  if (characters < PASSWORD_MIN) return 'tooShort';
  if (characters > PASSWORD_MAX) return 'tooLong';
  const plain = plainOf(password);
  if (isRepetition(plain) || isSequence(plain)) return 'common';
  const own = personal.flatMap(partsOf);
  const rest = strip(plain, own);
  if (rest.length <= 4 && rest.length < plain.length) return 'aboutYou';
  return strip(plain, [...own, ...COMMON_WORDS]).length <= 4 ? 'common' : null;
}

/** Letters as they are meant, whatever digits and signs stand in for them. */
const MEANT: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

function plainOf(password: string): string {
  return password.normalize('NFKC').toLowerCase();
}

function partsOf(text: string): string[] {
  return plainOf(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part.length >= 4);
}

/** What is left when known words, years, short runs of digits, and signs are taken out. */
function strip(plain: string, words: readonly string[]): string {
  const longestFirst = [...new Set(words)].sort((a, b) => b.length - a.length);
  const candidates = [plain, [...plain].map((character) => MEANT[character] ?? character).join('')];
  const rests = candidates.map((candidate) => {
    let rest = candidate;
    for (const word of longestFirst) rest = rest.replaceAll(word, ' ');
    // A year and a suffix say nothing; digits all through a password do, as in random ones.
    const digits = rest.match(/\d+/g) ?? [];
    const kept = digits.length <= 2 ? rest.replace(/\d{1,8}/g, ' ') : rest;
    return kept.replace(/[^\p{L}\p{N}]/gu, '');
  });
  return rests.reduce((shortest, rest) => (rest.length < shortest.length ? rest : shortest));
}

/** `abcabcabcabc`, `aaaaaaaaaaaa`, `xyxyxyxyxyxyx`: a unit of up to a third, again and again; or under five signs. */
function isRepetition(plain: string): boolean {
  if (new Set(plain).size < 5) return true;
  for (let unit = 1; unit <= plain.length / 3; unit++) {
    const repeated = plain
      .slice(0, unit)
      .repeat(Math.ceil(plain.length / unit))
      .slice(0, plain.length);
    if (repeated === plain) return true;
  }
  return (
    plain.length % 2 === 0 &&
    plain.slice(0, plain.length / 2) === plain.slice(plain.length / 2) &&
    plain.length < 20
  );
}

const WALKS = [
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789012345678901234567890',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  'qazwsxedcrfvtgbyhnujmikolp',
  '!@#$%^&*()_+',
];
const BACKWARDS = WALKS.map((walk) => [...walk].reverse().join(''));

/** Made of pieces of four and more from one keyboard row, the alphabet or the digits, either way. */
function isSequence(plain: string): boolean {
  let at = 0;
  let loose = 0;
  while (at < plain.length) {
    const length = longestWalk(plain, at);
    if (length >= 4) at += length;
    else {
      at++;
      loose++;
    }
  }
  return loose <= 3;
}

function longestWalk(plain: string, at: number): number {
  let length = 0;
  while (
    at + length < plain.length &&
    [...WALKS, ...BACKWARDS].some((walk) => walk.includes(plain.slice(at, at + length + 1)))
  ) {
    length++;
  }
  return length;
}
