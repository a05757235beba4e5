import { describe, expect, it } from 'vitest';
import { matchPath, safeReturnPath } from './router.ts';

describe('matchPath', () => {
  it('gives the named parts, decoded', () => {
    expect(matchPath('/a/:app/codes/:code', '/a/shop/codes/H12')).toEqual({ app: 'shop', code: 'H12' });
    expect(matchPath('/a/:app', '/a/my%20app/')).toEqual({ app: 'my app' });
  });

  it('does not fit other lengths, other words, or broken escapes', () => {
    expect(matchPath('/a/:app', '/a/shop/codes')).toBeNull();
    expect(matchPath('/a/:app/health', '/a/shop/settings')).toBeNull();
    expect(matchPath('/a/:app', '/a/%zz')).toBeNull();
  });
});

describe('safeReturnPath', () => {
  it('SEC-26 keeps a path of ours with its query', () => {
    expect(safeReturnPath('/a/shop?from=now-3h&to=now&tz=utc')).toBe('/a/shop?from=now-3h&to=now&tz=utc');
  });

  it('SEC-26 refuses other hosts in every spelling', () => {
    const bad = [
      null,
      '',
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/%2fevil.example',
      '/%5cevil.example',
      '/%252fevil.example',
      '/\t/evil.example',
      '/%09/evil.example',
      'javascript:alert(1)',
      '/a\u0000b',
      `/${'x'.repeat(3000)}`,
    ];
    for (const text of bad) expect(safeReturnPath(text), String(text)).toBe('/');
  });
});
