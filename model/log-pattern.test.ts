import { describe, expect, test } from 'vitest';
import { logTemplate, PATTERN_ID, patternId, TEMPLATE_MAX } from './log-pattern.ts';

describe('the template of a line', () => {
  test.each([
    ['Retry 3 of 5 for order 8812 in 250ms', 'Retry <num> of <num> for order <num> in <duration>'],
    ['Started in 3.25 seconds (JVM running for 4.1)', 'Started in <duration> (JVM running for <num>)'],
    [
      '{"level":"error","msg":"Payment 42 failed","user":"ada","took":12.5}',
      '{"level":"error","msg":"Payment <num> failed","user":"<str>","took":<num>}',
    ],
    ['level=warn msg="slow query 17" sql="SELECT 1"', 'level=warn msg="slow query <num>" sql="<str>"'],
    ['2026-11-21T10:42:17.123Z INFO [main] up', '<time> INFO [main] up'],
    ['2026-11-21 10:42:17,123 +0000 up', '<time> up'],
    ['10.0.0.1 - - [21/Nov/2026:10:42:17 +0000] "GET /x" 200', '<ip> - - [<time>] "<str>" <num>'],
    ['request 8601b555-6a83-4c12-8269-97c8e32cdb22 lost', 'request <uuid> lost'],
    ['commit 1a2b3c4 by ada@example.com', 'commit <hex> by <email>'],
    ['key sk_live_a1b2c3d4', 'key <id>'],
    ['peer 2001:db8:0:0:1:2:3:4 gone', 'peer <ip> gone'],
    ['sent 12 kB of 3 MiB at 0xdeadbeef', 'sent <size> of <size> at <hex>'],
    ['ids [1, 2, 3] of 4', 'ids [<num>] of <num>'],
    ["can't find 'foo' for ada", "can't find '<str>' for ada"],
    ['Error R14 (Memory quota exceeded)', 'Error R14 (Memory quota exceeded)'],
    ['at=error code=H12 status=503 bytes=0', 'at=error code=H12 status=503 bytes=<num>'],
    ['at=info status=200 bytes=1234', 'at=info status=200 bytes=<num>'],
    ['at render (/app/server.js:10:15)', 'at render (/app/server.js:<num>:<num>)'],
    ['  two\t spaces  ', 'two spaces'],
    ['', ''],
  ])('%j is %j', (text, template) => {
    expect(logTemplate(text)).toBe(template);
  });

  test('a template is bounded, and never ends in half a character', () => {
    const template = logTemplate('é😀 '.repeat(5_000));
    expect(template.length).toBeLessThanOrEqual(TEMPLATE_MAX);
    expect(template.isWellFormed()).toBe(true);
  });

  test('quotes that never end, and a long word of letters, are read quickly', () => {
    const startMs = performance.now();
    for (const text of ['\\"'.repeat(50_000), 'a'.repeat(100_000), '"'.repeat(99_999), '1:'.repeat(50_000)]) {
      logTemplate(text);
    }
    expect(performance.now() - startMs).toBeLessThan(200);
  });

  test('different templates have different ids of a fixed form', () => {
    const templates = Array.from({ length: 20_000 }, (_, n) =>
      logTemplate(`${n.toString(3).replaceAll(/\d/g, 'x')} y${'z'.repeat(n % 97)}`),
    );
    const distinct = new Set(templates);
    expect(new Set([...distinct].map(patternId)).size).toBe(distinct.size);
    expect(PATTERN_ID.test(patternId(''))).toBe(true);
    // Kept in addresses of pages: must not change.
    expect(patternId('Retry <num> of <num>')).toBe('173gop2-1uibeto');
  });
});
