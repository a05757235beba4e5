import { expect, it } from 'vitest';
import { shareLink } from './shareLink.ts';

it('a copied link has UTC instants in place of "the last hour", and keeps filters and the pinned instant', () => {
  const range = { fromMs: Date.parse('2026-11-20T09:42:00Z'), toMs: Date.parse('2026-11-20T10:42:00Z') };
  expect(
    shareLink('https://x.example/a/shop?from=now-1h&to=now&dyno=web.3&pin=1795171320#chart-memory', range),
  ).toBe(
    'https://x.example/a/shop?from=2026-11-20T09:42:00Z&to=2026-11-20T10:42:00Z&dyno=web.3&pin=1795171320&tz=utc',
  );
  expect(shareLink('https://x.example/a/shop', range)).toContain('?from=2026-11-20T09:42:00Z');
});

it('a page without a range is copied as it stands', () => {
  expect(shareLink('https://x.example/i/0b7e?cursor=x', null)).toBe('https://x.example/i/0b7e?cursor=x');
});
