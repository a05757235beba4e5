import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathShape, SHAPE_MAX, SHAPE_SEGMENTS_MAX } from './path-shape.ts';

describe('the shape of a path', () => {
  test.each([
    ['/', '/'],
    ['', '/'],
    ['*', '*'],
    ['*?x', '*'],
    ['/cart/17', '/cart/{id}'],
    ['/cart/17/', '/cart/{id}'],
    ['/posts/123-my-title', '/posts/{id}'],
    ['/posts/my-long-title-12345', '/posts/{id}'],
    ['/step-2', '/step-{id}'],
    ['/v1/users/f61aa57d-1913-4a10-bc1d-0759e9566de0/', '/v1/users/{uuid}'],
    ['/avatar-f61aa57d-1913-4a10-bc1d-0759e9566de0.png', '/avatar-{uuid}.png'],
    [
      '/assets/admin-62f13e9f7cb78a2b3e436feaedd07fd67b74cce818f3bb7cfdab1e1c05dc2f89.css',
      '/assets/admin-{hex}.css',
    ],
    ['/assets/index-BxK2f9aQ.js', '/assets/index-{token}.js'],
    ['/d/deadbeef1', '/d/{hex}'],
    ['/d/deadbeef', '/d/deadbeef'],
    ['/2026-11-21', '/{date}'],
    ['/report-2026-11-21.csv', '/report-{date}.csv'],
    ['/2026/11/21', '/{id}/{id}/{id}'],
    ['/jquery-3.6.0.min.js', '/jquery-{version}.min.js'],
    ['/watch/dQw4w9WgXcQ', '/watch/{token}'],
    ['/u/ada@example.com', '/u/{email}'],
    ['/u/ada%40example.com', '/u/{email}'],
    ['/@alice', '/@{name}'],
    ['/users/verify/482913', '/users/verify/{id}'],
    ['/reset/aB3dE6gH9', '/reset/{token}'],
    ['/reset/{token}', '/reset/{token}'],
    ['/oauth2/callback', '/oauth2/callback'],
    ['/getUserNotificationSettings', '/getUserNotificationSettings'],
    ['/search?q=a#b', '/search'],
    ['/a?b=/c/1', '/a'],
    ['//wp-login.php;jsessionid=1?x', '/wp-login.php'],
    ['http://shop.example:80/x/5', '/x/{id}'],
    ['HTTPS://shop.example', '/'],
    ['/api/Schlachter 1951/books', '/api/Schlachter {id}/books'],
    ['/files/Quartalsbericht März 2026.pdf', '/files/Quartalsbericht März {id}.pdf'],
    ['/emoji/🚀/日本', '/emoji/🚀/日本'],
    ['/%E6%97%A5%E6%9C%AC', '/%E6%97%A5%E6%9C%AC'],
    ["/o'brien", "/o'brien"],
    ['/a/b/c/d/e/f/g/h', '/a/b/c/d/e/f/g/h'],
    ['/a/b/c/d/e/f/g/h/i', '/a/b/c/d/e/f/g/h/…'],
    ['/socket.io/', '/socket.io'],
    ['/a\0b', '/a\ufffdb'],
  ])('C-02 of %s is %s', (path, shape) => {
    expect(pathShape(path)).toBe(shape);
  });

  const segment = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ maxLength: 80 }),
    fc.nat().map(String),
    fc.uuid(),
    fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF-_.{}…;%@ '), maxLength: 90 }),
    fc.constantFrom('reset', 'api-keys', '{id}', '{hex}', '{bogus}', '…', '{token}…', 'http:', '*', ''),
  );
  const path = fc.array(segment, { maxLength: 12 }).map((segments) => `/${segments.join('/')}`);

  test('C-02 a shape is its own shape, bounded, and holds no segment of digits', () => {
    fc.assert(
      fc.property(fc.oneof(path, fc.string({ unit: 'binary' })), (text) => {
        const shape = pathShape(text);
        expect(pathShape(shape)).toBe(shape);
        expect(shape.length).toBeLessThanOrEqual(SHAPE_MAX);
        expect(shape.split('/').length - 1).toBeLessThanOrEqual(SHAPE_SEGMENTS_MAX + 1);
        expect(shape).not.toMatch(/(?:^|\/)\d+(?:\/|$)/);
        expect(shape.isWellFormed()).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('C-02 numbers of any size and any uuid give one shape', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n }), fc.uuid(), (id, uuid) => {
        expect(pathShape(`/orders/${id}/lines/${uuid}?v=1`)).toBe('/orders/{id}/lines/{uuid}');
      }),
    );
  });
});
