import { expect, test } from 'vitest';
import { countMasks } from './log-mask.ts';
import { redactText } from './redact.ts';

test('SEC-44 whatever redaction leaves in the place of a secret is counted as masked', () => {
  const secrets = [
    'Authorization: Bearer abcdefgh12345678',
    'paid by 4111 1111 1111 1111',
    'mail to jane.doe@example.com',
    'postgres://user:password@db.example.com/shop',
    '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----',
  ];
  for (const text of secrets) expect(countMasks([{ text: redactText(text).text }]), text).toBeGreaterThan(0);
  expect(countMasks([{ text: 'GET /{id} {"a":1}' }, { text: '{redacted}{sql}' }])).toBe(2);
});
