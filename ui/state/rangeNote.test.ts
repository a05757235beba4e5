import { describe, expect, it } from 'vitest';
import { queryRange, rangeLabel, understandRange } from './rangeText.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const noteOf = (from: string, to: string) => understandRange({ from, to }, NOW).note;

describe('a range in the address that cannot be shown as it stands', () => {
  it('is told in a sentence with what is shown instead', () => {
    expect(noteOf('gestern', 'now')).toBe(
      'The address asks for “gestern”, which is no time that can be read. Shown is the last hour.',
    );
    expect(noteOf('a', 'b')).toBe(
      'The address asks for “a” and “b”, which are no times that can be read. Shown is the last hour.',
    );
    expect(noteOf('now', 'now-1h')).toBe(
      'The range in the address ends before it begins. Shown is the last hour.',
    );
    expect(noteOf('2030-01-01T00:00:00Z', '2030-01-02T00:00:00Z')).toContain('lies in the future');
    expect(noteOf('2020-01-01T00:00:00Z', 'now')).toContain('Shown are its last 400 days');
    expect(noteOf('now-1h', '2030-01-02T00:00:00Z')).toContain('Shown is what there is until now');
    expect(noteOf('2026-11-20T10:00:00Z', '2026-11-20T10:00:20Z')).toContain('shorter than a minute');
  });

  it('says nothing of ranges that are shown as they stand', () => {
    expect(noteOf('now-1h', 'now')).toBe('');
    expect(noteOf('2026-11-20T10:00:00Z', '2026-11-20T10:30:00Z')).toBe('');
    expect(noteOf('now-400d', 'now')).toBe('');
  });

  it('asks the server for what is shown, and names the button after it', () => {
    const bad = { from: 'now-500d', to: 'now' };
    expect(queryRange(bad, NOW)).toEqual({ from: NOW - 3_600_000, to: NOW });
    expect(rangeLabel(bad, NOW, 'utc')).toBe('Last hour');
  });

  it('names the year of a range in another one', () => {
    const old = { from: '2025-11-20T10:00:00Z', to: '2025-11-20T11:00:00Z' };
    expect(rangeLabel(old, NOW, 'utc')).toBe('20 Nov 2025 10:00–11:00');
  });
});
