/** What a secret looks like where a path says that one follows, and random text anywhere. */

const SENSITIVE =
  /token|reset|invit|verif|confirm|activat|unsubscri|passw|secret|magic|session|credential|signature|apikey|(?:^|[-_.])(?:keys?|auth|otp|pin|sso|jwt|codes?|sig|unlock|share|hooks?|webhooks?)(?:$|[-_.])/i;

/** Answers for words of routes, which are few and come again with every request. */
const answers = new Map<string, boolean>();
const ANSWERS_MAX = 4096;

/** Whether a segment of a path says that a secret may follow: `reset`, `api-keys`, `invitations`. */
export function isSensitiveWord(segment: string): boolean {
  if (segment.length < 3 || segment.length > 48 || segment[0] === '{') return false;
  let answer = answers.get(segment);
  if (answer === undefined) {
    answer = SENSITIVE.test(segment);
    if (answers.size >= ANSWERS_MAX) answers.clear();
    answers.set(segment, answer);
  }
  return answer;
}

/**
 * Whether text at a place where secrets are expected is more likely a secret than a word of a route:
 * `8f3kq0`, `482913`, `ABCDEF`, `kJhGfDsA…`; not `edit`, `oauth2`, `forgot-password`.
 */
export function looksLikeTokenAfterWord(segment: string): boolean {
  const text = segment.includes('{') ? segment.replace(/\{[a-zA-Z]+\}/g, '') : segment;
  if (text.length < 6) return false;
  if (/\d/.test(text)) return !/^[a-z]{4,12}\d$/i.test(text);
  if (/^[A-Z]{6,}$/.test(text)) return true;
  return text.split(/[-_.~ ]|%20/).some(isRandomLetters);
}

/** Letters without digits that are no words: many changes of case, or far longer than a word. */
export function isRandomLetters(word: string): boolean {
  if (word.length < 8) return false;
  if (!/^[A-Za-z]+$/.test(word)) return false;
  if (word.length >= 24 && !/[a-z][A-Z]/.test(word)) return true;
  return countCaseChanges(word) / word.length > 0.42;
}

function countCaseChanges(word: string): number {
  let changes = 0;
  for (let at = 1; at < word.length; at++) {
    // The bit that tells lower from upper case in ASCII letters.
    if (((word.charCodeAt(at) ^ word.charCodeAt(at - 1)) & 0x20) !== 0) changes++;
  }
  return changes;
}

/** A capability in a path, with no word before it: 32 and more characters of all three sorts. */
export function isRandomToken(text: string): boolean {
  return (
    text.length >= 32 &&
    /^[A-Za-z0-9_-]+$/.test(text) &&
    /\d/.test(text) &&
    /[a-z]/.test(text) &&
    /[A-Z]/.test(text)
  );
}
