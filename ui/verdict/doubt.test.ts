import { describe, expect, it } from 'vitest';
import type { Verdict } from '../verdict.ts';
import { type Doubt, isTouched, withDoubt } from './doubt.ts';

const NOW = Date.parse('2026-11-20T10:42:00Z');
const MINUTE = 60_000;
const WELL: Verdict = { level: 'ok', word: 'None', clauses: [{ text: 'H12 did not occur in this range.' }] };
const BAD: Verdict = { level: 'critical', word: 'Acute', clauses: [{ text: '100 requests with H12.' }] };

/** A range of an hour that ended so long ago, as the server answered it at NOW. */
function endedAgo(ms: number) {
  const to = (NOW - ms) / 1000;
  return {
    nowMs: NOW,
    range: { from: to - 3600, to, step: 10, resolution: 10, openFrom: null },
    health: {
      state: 'receiving' as const,
      dataThroughMs: NOW - 2000,
      lagMs: 2000,
      lostMessages: 0,
      messages: 1,
    },
  };
}
const away: Doubt = { kind: 'away', sinceMs: NOW - MINUTE };
const moving: Doubt = { kind: 'moving', sinceMs: NOW - 7 * MINUTE };

describe('a doubt about what a page says', () => {
  it('R-05 leaves nothing well while the database is away; what is bad stays bad, behind the same lead', () => {
    const [well, bad] = [WELL, BAD].map((verdict) => withDoubt(endedAgo(0), 'utc', verdict, away));
    expect([well?.level, well?.word]).toEqual(['unknown', 'Not known']);
    expect(well?.clauses.map(({ text }) => text)).toEqual([
      'Nothing newer than 10:41:58Z is known: the database does not answer.',
      'Until then:',
      'H12 did not occur in this range.',
    ]);
    expect([bad?.level, bad?.word, bad?.clauses.length]).toEqual(['critical', 'Acute', 3]);
  });

  it('R-05 calls a range incomplete while frames of an outage are on their way, also one that ended meanwhile', () => {
    for (const ms of [0, 5 * MINUTE, 7 * MINUTE]) {
      const said = withDoubt(endedAgo(ms), 'utc', WELL, moving);
      expect([said.level, said.word]).toEqual(['warning', 'Incomplete']);
      expect(said.clauses.at(-1)?.text).toContain('on their way from Redis');
    }
  });

  it('does not touch a range that had ended before, nor one of an app that never sent a line', () => {
    for (const doubt of [away, moving]) {
      expect(withDoubt(endedAgo(9 * MINUTE), 'utc', WELL, doubt)).toBe(WELL);
      const about = endedAgo(0);
      const never = { ...about, health: { ...about.health, dataThroughMs: null } };
      expect(withDoubt(never, 'utc', WELL, doubt)).toBe(WELL);
    }
    expect(isTouched(endedAgo(5 * MINUTE), { ...moving, sinceMs: null })).toBe(false);
    expect(withDoubt(endedAgo(0), 'utc', WELL, null)).toBe(WELL);
  });
});
