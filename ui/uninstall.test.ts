import { expect, test } from 'vitest';
import { uninstallScript } from './uninstall.ts';

test('only drains that lead to this instance are taken away, of every app, after the configuration was kept', () => {
  const script = uninstallScript(['shop', 'blog'], 'drains.example.com');
  expect(script).toContain('for app in shop blog; do');
  expect(script).toContain('contains("@drains.example.com/")');
  expect(script.indexOf('config export')).toBeLessThan(script.indexOf('drains:remove'));
  // There is no such hook here, so nothing pretends to take one away.
  expect(script).not.toContain('webhooks');
});
