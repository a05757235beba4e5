import { expect, test } from 'vitest';
import { codeGuide } from './code-guide.ts';
import { HEROKU_CODES } from './codes.ts';

test('every code of the table has a guide of its own: what the client saw, three different checks, Heroku’s list', () => {
  for (const { code, firstCheck } of HEROKU_CODES) {
    const guide = codeGuide(code);
    expect(guide.checks[0], code).toBe(firstCheck);
    expect(new Set(guide.checks).size, code).toBe(3);
    expect(guide.clientSaw, code).toMatch(/\.$/);
    expect(guide.reference[0], code).toBe('Heroku Error Codes');
    const unknown = codeGuide(`${code.slice(0, 1)}97`);
    expect(guide.checks[1], code).not.toBe(unknown.checks[1]);
  }
});

test('a code nobody knows is explained by its family, and says that it is not in the list', () => {
  for (const code of ['H35', 'R18', 'L16', 'X99']) {
    expect(codeGuide(code).checks[0]).toContain('newer than ours');
    expect(codeGuide(code).clientSaw).not.toBe('');
  }
  expect(codeGuide('L16').checks[1]).toContain('drain health');
});
