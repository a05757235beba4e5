/**
 * Passwords known from leaks, long enough to pass our own rule of length (SEC-16). The list is the one of
 * @zxcvbn-ts/language-common, made from public leaks; shorter ones are refused by their length already.
 */
import { dictionary } from '@zxcvbn-ts/language-common';
import { PASSWORD_MIN } from './password-rules.ts';

const LEAKED: ReadonlySet<string> = new Set(
  dictionary['passwords-common']
    .filter((word) => String(word).length >= PASSWORD_MIN)
    .map((word) => String(word)),
);

/** Whether a password is one of the list, whatever its case and with digits or signs put before or behind it. */
export function isLeaked(password: string): boolean {
  const plain = password.normalize('NFKC').toLowerCase();
  return LEAKED.has(plain) || LEAKED.has(plain.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, ''));
}
