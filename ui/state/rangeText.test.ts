import { describe, expect, it } from 'vitest';
import { instantText, parseRange, parseSpan, queryRange, rangeLabel, resolveRange } from './rangeText.ts';

const NOW = Date.parse('2026-11-20T10:42:30Z');

function understood(text: string, nowMs = NOW) {
  const parsed = parseRange(text, nowMs, 'utc');
  return parsed.ok ? parsed.range : parsed.why;
}

describe('parseRange', () => {
  it('takes a span as live', () => {
    expect(understood('90m')).toEqual({ from: 'now-90m', to: 'now' });
    expect(understood(' 2 h ')).toEqual({ from: 'now-2h', to: 'now' });
  });

  it('takes now-2h as until now', () => {
    expect(understood('now-2h')).toEqual({ from: 'now-2h', to: 'now' });
    expect(understood('now - 3d')).toEqual({ from: 'now-3d', to: 'now' });
  });

  it('takes an instant as from then until now, a date as that day', () => {
    expect(understood('2026-11-20 10:00')).toEqual({ from: '2026-11-20T10:00:00Z', to: 'now' });
    expect(understood('2026-11-19')).toEqual({ from: '2026-11-19T00:00:00Z', to: '2026-11-20T00:00:00Z' });
  });

  it('takes around 10:42 ± 15m, with a default and other spellings', () => {
    const around = { from: '2026-11-20T09:45:00Z', to: '2026-11-20T10:15:00Z' };
    expect(understood('around 10:00 ± 15m')).toEqual(around);
    expect(understood('around 10:00')).toEqual(around);
    expect(understood('10:00 +- 15m')).toEqual(around);
    expect(understood('around 2026-11-20 10:00 +/- 15m')).toEqual(around);
  });

  it('ends a range at now when its end would be in the future', () => {
    expect(understood('around 10:42 ± 15m')).toEqual({
      from: '2026-11-20T10:27:00Z',
      to: '2026-11-20T10:42:30Z',
    });
  });

  it('takes two ends, relative or not', () => {
    expect(understood('10:00 to 10:30')).toEqual({
      from: '2026-11-20T10:00:00Z',
      to: '2026-11-20T10:30:00Z',
    });
    expect(understood('now-2h to now-1h')).toEqual({ from: 'now-2h', to: 'now-1h' });
    expect(understood('2026-11-18 22:00 .. 2026-11-19 02:00')).toEqual({
      from: '2026-11-18T22:00:00Z',
      to: '2026-11-19T02:00:00Z',
    });
  });

  it('takes a clock time that is still to come as yesterday’s', () => {
    expect(understood('around 23:50 ± 5m')).toEqual({
      from: '2026-11-19T23:45:00Z',
      to: '2026-11-19T23:55:00Z',
    });
  });

  it('says what is wrong instead of guessing', () => {
    for (const text of [
      '',
      'soon',
      '25:00',
      '2026-02-30',
      '10:30 to 10:00',
      'around noon ± 5m',
      'around 10:00 ± x',
      '500d',
      '2027-01-01',
    ]) {
      expect(typeof understood(text), text).toBe('string');
    }
  });
});

describe('what stands in the URL', () => {
  it('reads spans of every unit and refuses endless ones', () => {
    expect([parseSpan('30s'), parseSpan('15min'), parseSpan('1w')]).toEqual([30_000, 900_000, 604_800_000]);
    expect([parseSpan('0m'), parseSpan('401d'), parseSpan('-5m')]).toEqual([null, null, null]);
  });

  it('resolves both forms, and falls back to the last hour for anything else', () => {
    expect(resolveRange({ from: 'now-90m', to: 'now' }, NOW)).toEqual({ fromMs: NOW - 5_400_000, toMs: NOW });
    const fixed = resolveRange({ from: '2026-11-20T10:00:00Z', to: '2026-11-20T10:30:00Z' }, NOW);
    expect([instantText(fixed.fromMs), instantText(fixed.toMs)]).toEqual([
      '2026-11-20T10:00:00Z',
      '2026-11-20T10:30:00Z',
    ]);
    expect(resolveRange({ from: '<script>', to: 'now' }, NOW)).toEqual({
      fromMs: NOW - 3_600_000,
      toMs: NOW,
    });
    expect(resolveRange({ from: 'now', to: 'now-1h' }, NOW)).toEqual({ fromMs: NOW - 3_600_000, toMs: NOW });
  });

  it('asks the server in its own words where an end is relative, each end by itself', () => {
    expect(queryRange({ from: 'now-90min', to: 'now' }, NOW)).toEqual({ from: 'now-90m', to: 'now' });
    expect(queryRange({ from: '2026-11-20T10:00:00Z', to: 'now' }, NOW)).toEqual({
      from: Date.parse('2026-11-20T10:00:00Z'),
      to: 'now',
    });
    expect(queryRange({ from: 'now-3h', to: '2026-11-20T10:30:00Z' }, NOW)).toEqual({
      from: 'now-3h',
      to: Date.parse('2026-11-20T10:30:00Z'),
    });
    expect(queryRange({ from: 'now-1h;DROP', to: 'now' }, NOW)).toEqual({ from: NOW - 3_600_000, to: NOW });
  });

  it('names a range on its button', () => {
    expect(rangeLabel({ from: 'now-1h', to: 'now' }, NOW, 'utc')).toBe('Last hour');
    expect(rangeLabel({ from: 'now-50m', to: 'now' }, NOW, 'utc')).toBe('Last 50\u00a0min');
    expect(rangeLabel({ from: '2026-11-20T10:00:00Z', to: '2026-11-20T10:30:00Z' }, NOW, 'utc')).toBe(
      '20 Nov 10:00–10:30',
    );
    expect(rangeLabel({ from: '2026-11-20T10:00:00Z', to: 'now' }, NOW, 'utc')).toBe('Since 20 Nov 10:00');
  });
});
