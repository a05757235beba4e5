import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asCall } from './asCall.ts';

const ORIGIN = 'https://drains.example.com';
const call = (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
  asCall({ method, path, body }, ORIGIN);

test('a write is the very request, as curl takes it', () => {
  expect(call('PUT', '/retention', { tier: 'details', app: 'shop', keepMs: 86400000 }).curl).toBe(
    `curl -X PUT 'https://drains.example.com/api/v1/retention' \\
  -H "Authorization: Bearer $DRAINBOARD_TOKEN" \\
  -H 'Content-Type: application/json' \\
  -d '{"tier":"details","app":"shop","keepMs":86400000}'`,
  );
});

test('the command line is named only where it has such a command', () => {
  expect(call('POST', '/apps', { name: 'shop' }).command).toBe('npx drainboard app add shop');
  expect(call('POST', '/apps/shop/rotate', {}).command).toBe('npx drainboard app rotate shop');
  expect(call('DELETE', '/apps/shop').command).toBe('npx drainboard app remove shop');
  expect(call('PATCH', '/apps/shop/drains/3', { state: 'adopted' }).command).toBeNull();
  expect(call('PATCH', '/apps/shop', { strictTokens: true }).command).toBeNull();
});

test('SEC-28 what is for people alone says so', () => {
  expect(call('POST', '/tokens', { name: 'CI', role: 'viewer' }).forTokens).toBe(false);
  expect(call('PUT', '/retention', {}).forTokens).toBe(true);
});

test('SEC-17 no secret is shown, wherever it stands: a variable is, which a shell fills in', () => {
  const { curl } = call('POST', '/receivers', {
    name: 'Slack',
    settings: { channel: '#x' },
    secrets: { url: 'https://hooks.slack.com/services/T0/B0/verySecret', signingKey: 'abc123secret' },
  });
  expect(curl).not.toMatch(/verySecret|abc123secret/);
  expect(curl).toContain(`"url":"'"$URL"'"`);
  expect(call('POST', '/password', { currentPassword: 'hunter2hunter2', newPassword: 'x y' }).curl).toContain(
    '"$CURRENT_PASSWORD"',
  );
  fc.assert(
    fc.property(
      fc.constantFrom('password', 'newPassword', 'token', 'apiKey', 'clientSecret'),
      fc
        .string({ minLength: 8 })
        .filter(
          (text) =>
            !'curl -X POST "Authorization: Bearer $DRAINBOARD_TOKEN" Content-Type: application/json https://drains.example.com/api/v1/x'.includes(
              text,
            ),
        ),
      (name, secret) => {
        expect(call('POST', '/x', { deep: [{ [name]: `§${secret}§` }] }).curl).not.toContain(`§${secret}§`);
      },
    ),
  );
});

test('quotes in a value do not end the shell’s own', () => {
  expect(call('POST', '/x', { title: "it's $HOME" }).curl).toContain(`it'\\''s `);
});

test('a whole configuration is read from its file', () => {
  const { curl, command } = call('POST', '/config', { file: { format: 'x' }, dryRun: true });
  expect(curl).toMatch(/^jq '\{file: \., dryRun: true\}' drainboard\.json/);
  expect(command).toBe('npx drainboard config import drainboard.json --dry-run');
});
