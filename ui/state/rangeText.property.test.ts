import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRange, RANGE_MAX_MS, RANGE_MIN_MS, resolveRange } from './rangeText.ts';

const NOW = Date.parse('2026-11-20T10:42:30Z');

it('no text makes the range box throw, and what it understands resolves to a range within bounds', () => {
  const piece = fc.constantFrom(
    'now',
    '-',
    '1h',
    '10:42',
    '±',
    ' to ',
    'around ',
    '2026-11-20',
    '15m',
    ' ',
    '..',
    'z',
    '99',
  );
  const typed = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(typed, fc.constantFrom('utc' as const, 'local' as const), (text, zone) => {
      const parsed = parseRange(text, NOW, zone);
      if (!parsed.ok) {
        expect(parsed.why.length).toBeGreaterThan(0);
        return;
      }
      const { fromMs, toMs } = resolveRange(parsed.range, NOW);
      expect(toMs - fromMs).toBeGreaterThanOrEqual(RANGE_MIN_MS - 1000);
      expect(toMs - fromMs).toBeLessThanOrEqual(RANGE_MAX_MS);
    }),
  );
});
