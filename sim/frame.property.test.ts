import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderBody, splitFrames } from './frame.ts';
import { outputLine, type SimLine } from './line.ts';

const line = outputLine(0, 'web.1', '');

const anyLine = fc
  .record({
    atMs: fc.integer({ min: 1_600_000_000_000, max: 2_000_000_000_000 }),
    micros: fc.integer({ min: 0, max: 999 }),
    precision: fc.constantFrom('micro', 'cut', 'seconds', 'zero'),
    text: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.constant('line\nof two'),
      fc.constant(''),
    ),
  })
  .map((fields) => ({ ...line, ...fields }) as SimLine);

describe('framing, for any lines', () => {
  it('gives back by octet count what was framed', () => {
    fc.assert(
      fc.property(
        fc.array(anyLine, { maxLength: 20 }),
        fc.constantFrom('logplex', 'shuttle'),
        (lines, dialect) => {
          const messages = splitFrames(renderBody(lines, dialect as 'logplex'));
          expect(messages).toHaveLength(lines.length);
          for (const [i, message] of messages.entries()) {
            const dashes = dialect === 'shuttle' ? '- - ' : '- ';
            const text = message.toString().split(' ').slice(5).join(' ');
            expect(text).toBe(`${dashes}${Buffer.from(lines[i]?.text ?? '').toString()}\n`);
          }
        },
      ),
    );
  });
});
