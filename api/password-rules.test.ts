import { describe, expect, test } from 'vitest';
import { hashPassword, verifyNobody, verifyPassword } from './password.ts';
import { passwordFault } from './password-rules.ts';

const PERSONAL = ['joanna.smith@example.com', 'Joanna Smith', 'drainboard'];

describe('SEC-16 a password', () => {
  test.each([
    ['', 'tooShort'],
    ['hunter2', 'tooShort'],
    ['elevenchars', 'tooShort'],
    ['é'.repeat(11), 'tooShort'],
    ['x'.repeat(129), 'tooLong'],
    ['password1234', 'common'],
    ['Password123!', 'common'],
    ['P@ssw0rd2026', 'common'],
    ['passwordpassword', 'common'],
    ['123456789012', 'common'],
    ['000000000000', 'common'],
    ['abcabcabcabc', 'common'],
    ['qwertyuiop12', 'common'],
    ['qwertyuiop[]', 'common'],
    ['1q2w3e4r5t6y', 'common'],
    ['1qaz2wsx3edc', 'common'],
    ['zxcvbnmasdfg', 'common'],
    ['abcdefghijkl', 'common'],
    ['iloveyou1234', 'common'],
    ['letmeinplease', 'common'],
    ['Welcome2026!!', 'common'],
    ['administrator', 'common'],
    ['changeme1234', 'common'],
    ['trustno1trustno1', 'common'],
    ['superman1234', 'common'],
    ['LiverpoolFC2026', 'common'],
    ['monkey-dragon-99', 'common'],
    ['correcthorsebatterystaple', 'common'],
    ['joannasmith26', 'aboutYou'],
    ['Smith-Joanna-1990', 'aboutYou'],
    ['drainboard2026', 'aboutYou'],
  ])('%j is refused: %s', (password, fault) => {
    expect(passwordFault(password, PERSONAL)).toBe(fault);
  });

  test.each([
    'violet harbour pencil tuesdayish',
    'glass-otter-quarry-9',
    'k3Jx9vQ2mZpL',
    'nG7#vx!2qLzR',
    '植物園で会いましょうね明日の朝',
    'zebra trombone vinegar',
    'mein roter Teppich fliegt',
    'aufs Klavier gestellt',
    '   spaces count too   ',
    `${'x'.repeat(5)}marzipan lighthouse${'y'.repeat(100)}`,
  ])('%j is taken: no rule of composition, any letters', (password) => {
    expect(passwordFault(password, PERSONAL)).toBeNull();
  });

  test('is judged in no time, however odd', () => {
    const startMs = performance.now();
    for (const password of ['a1'.repeat(64), '!'.repeat(128), 'qwerty'.repeat(21), '\u202e'.repeat(20)]) {
      passwordFault(password, PERSONAL);
    }
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});

describe('a stored password', () => {
  test('SEC-16 is argon2id in PHC form with a salt of its own', async () => {
    const [a, b] = [await hashPassword('violet harbour'), await hashPassword('violet harbour')];
    expect(a).toMatch(/^\$argon2id\$v=19\$m=19456,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(a).not.toBe(b);
    expect(await verifyPassword(a, 'violet harbour')).toBe(true);
    expect(await verifyPassword(a, 'Violet harbour')).toBe(false);
  });

  test('is the same for the same letters made by another keyboard', async () => {
    expect(await verifyPassword(await hashPassword('caf\u00e9 marimba 12'), 'cafe\u0301 marimba 12')).toBe(
      true,
    );
  });

  test('of another form, or of nobody, belongs to no password', async () => {
    for (const stored of [
      '',
      'plain',
      '$argon2i$v=19$m=8,t=1,p=1$AAAAAAAA$AAAAAAAAAAAAAAAAAAAA',
      '$2b$10$x',
    ]) {
      expect(await verifyPassword(stored, 'x')).toBe(false);
    }
    expect(await verifyNobody('x')).toBe(false);
  });
});

test('random hex, however few letters it has, is let through', () => {
  for (const password of ['demo-40817a9c26350b1927', '19a2837465b0129384', '7f3e9a1c5b8d2f6e']) {
    expect(passwordFault(password, ['demo@example.com'])).toBeNull();
  }
});
