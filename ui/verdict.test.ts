import { describe, expect, it } from 'vitest';
import { overview } from './fixtures.ts';
import { buildVerdict } from './verdict.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');

function verdictOf(app: string, hours = 1) {
  const answer = overview(app, {
    fromMs: NOW - hours * 3_600_000,
    toMs: NOW,
    step: hours > 1 ? 60 : 10,
    nowMs: NOW,
  });
  const verdict = buildVerdict(answer, NOW, 'utc');
  return {
    ...verdict,
    text: verdict.clauses
      .map((clause) => clause.text)
      .join(' ')
      .replace(/[\u00a0\u202f]/g, ' '),
  };
}

describe('buildVerdict', () => {
  it('names the failure, since when, the code and the release before it', () => {
    const { level, word, text, clauses } = verdictOf('shop');
    expect([level, word]).toEqual(['critical', 'Failing']);
    expect(text).toMatch(/^3 % of requests fail since 10:2[45]Z, before 0\.0\d %\./);
    expect(text).toContain('of failures are H12.');
    expect(text).toMatch(/Began 2 min after release v214\./);
    expect(text).toMatch(/p95 went from \d+ ms to 1\.\d s\./);
    expect(clauses.find((clause) => clause.text.includes('H12'))?.href).toBe('/a/shop/codes/H12');
  });

  it('says that it is over when it is', () => {
    const { level, word, text } = verdictOf('media-proxy');
    expect([level, word]).toEqual(['warning', 'Recovered']);
    expect(text).toMatch(/failed from 10:0[12]Z to 10:1[01]Z, before .*; now 0\.0\d %\./);
    expect(text).toContain('Up to 3 161 lines lost in the last hour');
  });

  it('says that all is well with the numbers', () => {
    const { level, text } = verdictOf('checkout-api');
    expect(level).toBe('ok');
    expect(text).toMatch(/^[\d ]+ requests, 0\.0\d % failed \(\d+\), p95 \d+ ms\.$/);
  });

  it('tells silence, no traffic and not set up apart', () => {
    expect(verdictOf('billing')).toMatchObject({ level: 'critical', word: 'Silent' });
    expect(verdictOf('billing').text).toMatch(/^No line has arrived for 6 min, since 10:35Z\./);
    expect(verdictOf('batch-export')).toMatchObject({ level: 'unknown', word: 'No traffic' });
    expect(verdictOf('new-landing')).toMatchObject({ level: 'unknown', word: 'Waiting' });
  });

  it('does not judge a handful of requests', () => {
    expect(verdictOf('admin-tools').text).toContain('Too few to say more.');
  });

  it('names a dyno over its quota', () => {
    expect(verdictOf('search')).toMatchObject({ level: 'warning', word: 'Memory' });
    expect(verdictOf('search').text).toMatch(/web\.2 uses 1\d\d % of its memory quota\./);
  });

  it('says where the data begins while an app is new', () => {
    expect(verdictOf('beta').text).toMatch(/^Data begins at 10:23Z\./);
  });
});
