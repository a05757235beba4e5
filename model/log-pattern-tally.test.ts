import { describe, expect, test } from 'vitest';
import type { LogLine } from './log-line.ts';
import { LogPatternTally, TEMPLATES_MAX } from './log-pattern-tally.ts';

function line(text: string, more: Partial<LogLine> = {}): LogLine {
  return {
    atMs: 1,
    writerId: 1,
    seq: 1,
    index: 0,
    source: 'app',
    procid: 'web.1',
    level: null,
    code: null,
    status: null,
    requestId: null,
    text,
    ...more,
  };
}

describe('patterns of lines', () => {
  test('lines of one template are one pattern: first, last, worst level, all sources, the newest as example', () => {
    const tally = new LogPatternTally();
    tally.add(line('took 5 ms', { atMs: 20, level: 'info' }));
    tally.add(line('took 7 ms', { atMs: 30, level: 'error', source: 'heroku' }));
    tally.add(line('took 6 ms', { atMs: 10, level: 'warn' }));
    tally.add(line('failed', { atMs: 40 }));
    const [first, second] = tally.top(10);
    expect(first).toMatchObject({
      template: 'took <duration>',
      count: 3,
      level: 'error',
      sources: ['app', 'heroku'],
      firstMs: 10,
      lastMs: 30,
    });
    expect(first?.example.text).toBe('took 7 ms');
    expect(second).toMatchObject({ template: 'failed', count: 1, level: null });
    expect(tally.top(1)).toHaveLength(1);
  });

  test('a log of lines without a kind costs a bounded amount, and all lines are counted', () => {
    const tally = new LogPatternTally();
    const letters = (n: number) =>
      n.toString(26).replaceAll(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '');
    for (let n = 0; n < TEMPLATES_MAX + 100; n++) tally.add(line(`x${letters(n)}`));
    expect(tally.top(Number.POSITIVE_INFINITY)).toHaveLength(TEMPLATES_MAX);
    expect(tally.lines).toBe(TEMPLATES_MAX + 100);
  });
});
