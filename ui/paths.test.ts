import { describe, expect, it } from 'vitest';
import { logsPath } from './paths.ts';

describe('logsPath', () => {
  it('carries only what is asked for, readable', () => {
    expect(logsPath('shop')).toBe('/a/shop/logs');
    expect(logsPath('my app', { code: 'H12', dyno: '' })).toBe('/a/my%20app/logs?code=H12');
    expect(logsPath('shop', { source: 'app,-router', q: 'a&b' })).toBe(
      '/a/shop/logs?source=app,-router&q=a%26b',
    );
  });

  it('writes instants as UTC, and texts of the range box as they are', () => {
    const from = Date.parse('2026-11-20T10:42:03Z');
    expect(logsPath('shop', { from, to: 'now' })).toBe('/a/shop/logs?from=2026-11-20T10:42:03Z&to=now');
    expect(logsPath('shop', { at: from })).toBe(`/a/shop/logs?at=${from}`);
  });
});
