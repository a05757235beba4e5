import { describe, expect, test } from 'vitest';
import type { CodeAnswer, CodeSpecial, CodesAnswer } from '../../api/contract/codes.ts';
import { codeGuide } from '../../model/code-guide.ts';
import { codeInfo } from '../dynoFixtures.ts';
import { buildCodesVerdict, buildCodeVerdict, describeSpecial, listOf } from './code.ts';

const NOW = Date.UTC(2026, 10, 20, 10, 42);
const heard = {
  app: 'shop',
  nowMs: NOW,
  range: { from: NOW / 1000 - 3600, to: NOW / 1000, step: 60, resolution: 60, openFrom: null },
  health: { state: 'receiving' as const, dataThroughMs: NOW, lagMs: 2000, lostMessages: 0, messages: 100 },
  gaps: [],
};

function answer(code: string, more: Partial<CodeAnswer> = {}): CodeAnswer {
  return {
    ...heard,
    info: codeInfo(code),
    guide: codeGuide(code),
    count: 100,
    countBefore: 10,
    requests: 10_000,
    shareOfRequests: code.startsWith('H') ? 0.01 : null,
    firstSeenMs: NOW - 1_200_000,
    lastSeenMs: NOW - 60_000,
    everFirstSeenMs: NOW - 86_400_000,
    counts: { t: [], series: [] },
    releases: [],
    kept: { rows: 100, read: 100, clients: 9 },
    breakdowns: [],
    durations: [],
    samples: [],
    special: { kind: 'none' },
    ...more,
  };
}
const text = (verdict: { clauses: { text: string }[] }) =>
  verdict.clauses.map((clause) => clause.text).join(' ');

describe('a code', () => {
  test('how often, since when, against what, and under which release', () => {
    const verdict = buildCodeVerdict(
      answer('H12', {
        releases: [
          { version: 213, fromMs: NOW - 3_600_000, toMs: NOW - 1_200_000, count: 2, requests: 6_000 },
          { version: 214, fromMs: NOW - 1_200_000, toMs: NOW, count: 98, requests: 4_000 },
        ],
      }),
      'utc',
    );
    expect(verdict).toMatchObject({ level: 'critical', word: 'Acute' });
    expect(text(verdict)).toContain('100 requests with H12 from 10:22 to 10:41Z, 1\u00a0% of requests.');
    expect(text(verdict)).toContain('10 times the 10 of the same time before.');
    expect(text(verdict)).toContain('Since v214: 2.5\u00a0% of requests, before 0.03\u00a0%.');
    expect(verdict.clauses.find((clause) => clause.text.startsWith('Since'))?.href).toBe(
      '/a/shop/releases/214',
    );
  });

  test('several releases together are no “before” of the one that follows them', () => {
    const first = {
      version: null,
      fromMs: NOW - 3_600_000,
      toMs: NOW - 1_200_000,
      count: 2,
      requests: 6_000,
    };
    const second = { version: 214, fromMs: NOW - 1_200_000, toMs: NOW, count: 98, requests: 4_000 };
    const of = (releases: CodeAnswer['releases']) =>
      text(buildCodeVerdict(answer('H12', { releases }), 'utc'));
    expect(of([{ ...first, isSeveral: true }, second])).not.toContain('Since v214');
    expect(of([first, second])).toContain('Since v214');
  });

  test('a part is named when it holds far more of the code than of all requests, and only then', () => {
    const rows = (share: number, baseline: number | null) => [
      { key: 'POST /checkout', share, count: 60, baseline },
    ];
    const of = (share: number, baseline: number | null) =>
      text(
        buildCodeVerdict(
          answer('H12', {
            breakdowns: [{ by: 'path', rows: rows(share, baseline), others: { keys: 0, share: 0 } }],
          }),
          'utc',
        ),
      );
    expect(of(0.61, 0.09)).toContain('61\u00a0% on POST /checkout, where 9\u00a0% of requests go.');
    expect(of(0.61, 0.6)).not.toContain('checkout');
    expect(of(0.2, 0.01)).not.toContain('checkout');
    expect(of(0.9, null)).not.toContain('checkout');
  });

  test('two parts that share the trouble are told together, and one network only when it holds nearly all', () => {
    const row = (key: string, share: number, baseline: number | null) => ({ key, share, baseline, count: 1 });
    const others = { keys: 0, share: 0 };
    const told = (network: number) =>
      text(
        buildCodeVerdict(
          answer('H12', {
            breakdowns: [
              {
                by: 'dyno',
                rows: [row('web.2', 0.5, 0.33), row('web.1', 0.49, 0.33), row('web.3', 0.01, 0.33)],
                others,
              },
              { by: 'network', rows: [row('203.0.113.0/24', network, null)], others },
            ],
          }),
          'utc',
        ),
      );
    expect(told(0.5)).toContain('99\u00a0% on web.2 and web.1, where 66\u00a0% of requests go.');
    expect(told(0.5)).not.toContain('network');
    expect(told(0.9)).toContain('90\u00a0% from one network (203.0.113.0/24).');
  });

  test('what is over is no alarm, and what is minor never is', () => {
    expect(buildCodeVerdict(answer('H12', { lastSeenMs: NOW - 1_800_000 }), 'utc').level).toBe('warning');
    expect(buildCodeVerdict(answer('H27'), 'utc').level).toBe('unknown');
  });

  test('R-05 a code that did not occur is called so only where everything is known', () => {
    const none = { count: 0, countBefore: 0, firstSeenMs: null, lastSeenMs: null, everFirstSeenMs: null };
    expect(buildCodeVerdict(answer('H13', none), 'utc')).toMatchObject({ level: 'ok', word: 'None' });
    expect(text(buildCodeVerdict(answer('H13', none), 'utc'))).toContain('never had H13');
    const gaps = [{ from: NOW / 1000 - 600, to: NOW / 1000 - 500, messages: null, cause: 'L10' }];
    expect(buildCodeVerdict(answer('H13', { ...none, gaps }), 'utc')).toMatchObject({
      level: 'unknown',
      word: 'None known',
    });
    const health = { ...heard.health, state: 'waiting' as const, dataThroughMs: null };
    expect(buildCodeVerdict(answer('H13', { ...none, health }), 'utc').word).toBe('Waiting');
  });
});

describe('the special question', () => {
  const pressure = (inFlight: number | null, load: number | null) => ({
    points: 10,
    inFlight,
    load,
    requestsPerSecond: 40,
  });
  const concurrency = (during: ReturnType<typeof pressure>, cores: number | null = null): CodeSpecial => ({
    kind: 'concurrency',
    during,
    otherwise: pressure(1.5, 0.3),
    dynos: 4,
    cores,
  });

  test('many at once with little load wait, with much load they compute; cores decide what is much', () => {
    expect(describeSpecial(concurrency(pressure(21, 0.4)))).toContain('they wait');
    expect(describeSpecial(concurrency(pressure(21, 3)))).toContain('they compute');
    expect(describeSpecial(concurrency(pressure(21, 3), 8))).toContain('they wait');
    expect(describeSpecial(concurrency(pressure(1.6, 0.3)))).toContain('neither');
    expect(describeSpecial(concurrency(pressure(21, null)))).not.toContain('load');
    expect(describeSpecial(concurrency(pressure(null, null)))).toBeNull();
  });

  test('restarts are blamed only when far more fall on them than by chance', () => {
    const near = (
      share: number | null,
      byChance: number | null,
      partMs: number | null = null,
    ): CodeSpecial => ({
      kind: 'restarts',
      near: share,
      byChance,
      withinMs: 30_000,
      partMs,
      restarts: 5,
      crashes: 0,
    });
    expect(describeSpecial(near(0.74, 0.05))).toContain('requests in flight are cut');
    expect(describeSpecial(near(0.74, 0.6))).toContain('do not fall on restarts');
    expect(describeSpecial(near(0.01, 0.02))).toContain('keep-alive');
    expect(describeSpecial(near(null, null))).toBeNull();
    expect(describeSpecial(near(0.01, 0.02))).not.toContain('looked at');
    for (const share of [0.74, 0.01])
      expect(describeSpecial(near(share, 0.05, 7_200_000))).toMatch(
        /\. Only the last 2\sh of this range was looked at: dynos changed too often for more\.$/,
      );
    expect(describeSpecial(near(null, null, 7_200_000))).toMatch(
      /^Whether they fall on restarts is not known/,
    );
  });

  test('names are joined as people say them', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c', 'd']].map(listOf)).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
      'a, b and 2 others',
    ]);
  });
});

test('the list leads with the gravest code, and tells the share that counts as failed', () => {
  const code = (name: string, count: number) => ({
    ...codeInfo(name),
    count,
    firstSeenMs: NOW,
    lastSeenMs: NOW,
    shareOfRequests: null,
  });
  const list: CodesAnswer = {
    ...heard,
    requests: 1_000,
    codes: [code('H27', 50), code('H12', 20)],
    counts: { t: [], series: [] },
  };
  const verdict = buildCodesVerdict(list, 'utc');
  expect(verdict.level).toBe('warning');
  expect(text(verdict)).toContain('first of all H12 (request timeout) ×20.');
  expect(text(verdict)).toContain('2\u00a0% of requests');
  expect(buildCodesVerdict({ ...list, codes: [] }, 'utc')).toMatchObject({ level: 'ok', word: 'None' });
});
