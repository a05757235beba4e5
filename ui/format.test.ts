import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatClock,
  formatCount,
  formatMs,
  formatNumber,
  formatRange,
  formatRatio,
  formatSpan,
  formatUnit,
  zoneSuffix,
} from './format.ts';

/** No-break and narrow spaces as plain ones, to compare by eye. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('numbers', () => {
  it('groups thousands and shortens what is large', () => {
    expect([0, 12, 1234, 1_234_567].map((value) => plain(formatCount(value)))).toEqual([
      '0',
      '12',
      '1 234',
      '1 234 567',
    ]);
    expect(
      [0.0342, 0.517, 3.416, 96.94, 1234, 12_431, 3_100_000].map((value) => plain(formatNumber(value))),
    ).toEqual(['0.034', '0.52', '3.42', '96.9', '1 234', '12.4k', '3.1M']);
  });

  it('shows shares with enough digits to tell small ones apart', () => {
    expect([0, 0.00004, 0.0002, 0.0234, 0.96, 1].map((value) => plain(formatRatio(value)))).toEqual([
      '0 %',
      '< 0.01 %',
      '0.02 %',
      '2.3 %',
      '96 %',
      '100 %',
    ]);
  });

  it('changes units where people do', () => {
    expect([0, 8, 310, 2900, 30_000].map((value) => plain(formatMs(value)))).toEqual([
      '0 ms',
      '8 ms',
      '310 ms',
      '2.9 s',
      '30 s',
    ]);
    expect([0, 1536, 512 * 1024 ** 2, 14.25 * 1024 ** 3].map((value) => plain(formatBytes(value)))).toEqual([
      '0 B',
      '1.5 KB',
      '512 MB',
      '14.3 GB',
    ]);
    expect([400, 4000, 720_000, 10_800_000, 259_200_000].map((value) => plain(formatSpan(value)))).toEqual([
      '400 ms',
      '4 s',
      '12 min',
      '3 h',
      '3 d',
    ]);
  });

  it('what is left of a budget is never rounded up, wherever it is drawn', () => {
    expect([0.7267, 0.9987, -0.386].map((value) => plain(formatUnit(value, 'left')))).toEqual([
      '72 %',
      '99.8 %',
      '−39 %',
    ]);
  });

  it('never shows nothing as zero', () => {
    expect([formatCount(null), formatMs(null), formatRatio(null), formatUnit(null, 'bytes')]).toEqual([
      '–',
      '–',
      '–',
      '–',
    ]);
  });
});

describe('times', () => {
  const at = Date.parse('2026-11-20T10:41:50Z');

  it('shows UTC with a Z', () => {
    expect(formatClock(at, 'utc') + zoneSuffix(at, 'utc')).toBe('10:41:50Z');
  });

  it('shows the day once when a range stays within it', () => {
    const minute = 60_000;
    expect(formatRange(Date.parse('2026-11-20T10:00:00Z'), Date.parse('2026-11-20T10:30:00Z'), 'utc')).toBe(
      '20 Nov 10:00–10:30',
    );
    expect(
      formatRange(
        Date.parse('2026-11-19T23:00:00Z'),
        Date.parse('2026-11-20T01:00:00Z') + 10 * minute,
        'utc',
      ),
    ).toBe('19 Nov 23:00 – 20 Nov 01:10');
  });
});
