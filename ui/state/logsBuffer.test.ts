import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogLineAnswer } from '../../api/contract/logs.ts';
import { buildLogsBuffer } from './logsBuffer.ts';

const line = (atMs: number, id = `l${atMs}`): LogLineAnswer => ({
  id,
  atMs,
  source: 'app',
  procid: 'web.1',
  level: null,
  code: null,
  status: null,
  requestId: null,
  text: `line ${id}`,
  isCut: false,
});

describe('the lines of a page', () => {
  it('stand in the order of their time, each once, however they come', () => {
    const batches = fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 12 }), { maxLength: 10 });
    fc.assert(
      fc.property(batches, (all) => {
        const buffer = buildLogsBuffer();
        const told = all.flatMap((batch) => buffer.add(batch.map((at) => line(at))));
        const times = buffer.items.map((item) => item.atMs);
        expect(times).toEqual([...new Set(all.flat())].sort((a, b) => a - b));
        expect(buffer.lines).toBe(times.length);
        expect(told).toHaveLength(times.length);
      }),
    );
  });

  it('of the same moment stay in the order in which they came', () => {
    const buffer = buildLogsBuffer();
    buffer.add([line(5, 'a'), line(5, 'b')]);
    buffer.add([line(4, 'x'), line(5, 'c')]);
    expect(buffer.items.map((item) => item.id)).toEqual(['x', 'a', 'b', 'c']);
    buffer.add([line(5, 'y'), line(5, 'z')], 'older');
    expect(buffer.items.map((item) => item.id)).toEqual(['x', 'y', 'z', 'a', 'b', 'c']);
  });

  it('are bounded at either end, and what went may come again', () => {
    const buffer = buildLogsBuffer();
    buffer.add([1, 2, 3, 4, 5].map((at) => line(at)));
    expect(buffer.trim('oldest', 3)).toBe(2);
    expect(buffer.trim('newest', 2)).toBe(1);
    expect(buffer.items.map((item) => item.atMs)).toEqual([3, 4]);
    expect(buffer.add([line(1), line(4)]).map((one) => one.atMs)).toEqual([1]);
    expect([buffer.first()?.atMs, buffer.last()?.atMs, buffer.lines]).toEqual([1, 4, 3]);
  });

  it('say where lines are missing, once for holes that touch', () => {
    const buffer = buildLogsBuffer();
    buffer.add([1, 2, 9].map((at) => line(at)));
    buffer.addHole({ fromMs: 3, toMs: 5, lines: 10, why: 'skipped' });
    buffer.addHole({ fromMs: 5, toMs: 7, lines: 4, why: 'skipped' });
    expect(buffer.items.map((item) => item.kind)).toEqual(['line', 'line', 'hole', 'line']);
    expect(buffer.items[2]).toMatchObject({ fromMs: 3, toMs: 7, lines: 14 });
    buffer.removeHole(buffer.items[2]?.id ?? '');
    expect(buffer.items).toHaveLength(3);
  });
});
