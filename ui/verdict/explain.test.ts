import { describe, expect, test } from 'vitest';
import { explain, release } from '../explainFixtures.ts';
import type { Verdict } from '../verdict.ts';
import { describeCarriers } from './app.ts';
import { describeExplain, describeRelease, hrefOf } from './explain.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const query = { fromMs: NOW - 1_020_000, toMs: NOW, step: 10, nowMs: NOW };
const plain = (verdict: Pick<Verdict, 'clauses'>) =>
  verdict.clauses.map((clause) => clause.text.replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ')).join(' ');

describe('the sentence of Explain', () => {
  test('has both sides, then the most telling value of each attribute, each leading on within the range', () => {
    const verdict = describeExplain(explain('shop', query, null), 'utc');
    expect([verdict.level, verdict.word]).toEqual(['critical', 'More fail']);
    expect(plain(verdict)).toBe(
      '38 760 requests from 10:25 to 10:42Z, against the 68 min before: failed 0.11 % → 2.3 %, p95 310 ms → 2.9 s. ' +
        'Of the bad 100 % are v214 (before none), 96 % are H12 (before 2 %), 92 % are POST /cart/{id}/checkout (before 11 %). ' +
        'Of the slow 100 % are v214 (before none), 58 % are POST /cart/{id}/checkout (before 8 %).',
    );
    const code = verdict.clauses.find((clause) => clause.text.includes('H12'));
    expect([code?.href, code?.query?.from]).toEqual(['/a/shop/codes/H12', '2026-11-20T10:25:00Z']);
  });

  test('says so when failures are spread, when nothing was requested, and when the baseline is unknown', () => {
    expect(plain(describeExplain(explain('feed', query, null), 'utc'))).toContain(
      'The bad requests are spread as all requests are.',
    );
    expect(describeExplain(explain('batch-export', query, null), 'utc').word).toBe('No requests');
    const answer = explain('shop', query, 'week');
    const unknown = { ...answer, baseline: { ...answer.baseline, requests: 0, bad: 0 } };
    expect(plain(describeExplain(unknown, 'utc'))).toContain('Nothing is known of a week before');
  });

  test('says nothing of a handful of requests', () => {
    const answer = explain('shop', query, null);
    const few = { ...answer, range: { ...answer.range, requests: 12, bad: 9 } };
    expect(plain(describeExplain(few, 'utc'))).toMatch(/Too few to say more\.$/);
  });
});

describe('the sentence of a release', () => {
  test('says since which release what changed, over which time', () => {
    const answer = release('shop', 214, NOW);
    expect(answer && plain(describeRelease(answer, 'utc'))).toBe(
      'Since v214 at 10:23Z: failed 0.11 % → 2.3 %, p95 310 ms → 2.9 s, over 19 min on both sides. H12: none → 958. ' +
        'A dyno uses 18 % more memory. ' +
        'Of the bad, POST /cart/{id}/checkout: 11 % → 92 % of the bad requests; 31 % of its requests fail, others 0.1 %.',
    );
  });

  test('calls what may be chance no change, and what has hardly begun too early', () => {
    const calm = release('shop', 213, NOW);
    expect(calm && describeRelease(calm, 'utc').word).toBe('No change');
    expect(calm && plain(describeRelease(calm, 'utc'))).toContain(
      'nothing changed that can be told from chance',
    );
    const young = release('shop', 215, NOW);
    expect(young && describeRelease(young, 'utc').word).toBe('Too early');
  });
});

test('clauses behind the sentence of an app name the dynos that carry most of it, and the path', () => {
  const clauses = describeCarriers(explain('shop', query, null));
  expect(plain({ clauses })).toBe(
    'web.3 and web.4 carry 88 % of them. 92 % are POST /cart/{id}/checkout. What else differs.',
  );
  expect(clauses[0]?.href).toBe('/a/shop/dynos/web.3');
  expect(clauses[1]?.href).toBe('/a/shop/logs?source=router&q=%2Fcart%2F');
  expect(plain({ clauses: describeCarriers(explain('feed', query, null)) })).toBe(
    'No dyno and no path stands out. Explain it.',
  );
});

test('every attribute leads to its page, or to the lines with it', () => {
  const span = { from: 'a', to: 'b' };
  const [first] = explain('shop', query, null).bad;
  if (!first) throw new Error('nothing ranks');
  const to = (attribute: typeof first.attribute, value: string) =>
    hrefOf('shop', { ...first, attribute, value }, span).href;
  expect(to('code', 'H12')).toBe('/a/shop/codes/H12');
  expect(to('code', 'no code')).toBe('/a/shop/logs?source=router&status=5xx');
  expect(to('dyno', 'web.3')).toBe('/a/shop/dynos/web.3');
  expect(to('dyno', '')).toBe('/a/shop/logs?source=router');
  expect(to('release', '214')).toBe('/a/shop/releases/214');
  expect(to('status', '503')).toBe('/a/shop/logs?source=router&status=503');
  expect(to('method', 'POST')).toBe('/a/shop/logs?source=router&q=method%3DPOST');
  expect(to('host', 'a.example')).toBe('/a/shop/logs?source=router&q=a.example');
});
