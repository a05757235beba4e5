import { dictionary } from '@zxcvbn-ts/language-common';
import { expect, test } from 'vitest';
import { isLeaked } from './leaked-passwords.ts';

test('SEC-16 every leaked password of twelve characters and more is refused, dressed up or not', () => {
  const leaked = dictionary['passwords-common'].map(String).filter((word) => word.length >= 12);
  expect(leaked.length).toBeGreaterThan(200);
  for (const password of leaked) {
    expect(isLeaked(password)).toBe(true);
    expect(isLeaked(password.toUpperCase())).toBe(true);
  }
  const word = leaked.find((password) => /^[a-z]+$/.test(password)) ?? '';
  expect(isLeaked(`${word}2024!`)).toBe(true);
});

test('unrelated words are let through', () => {
  expect(isLeaked('plum carriage seventeen orbit')).toBe(false);
});
