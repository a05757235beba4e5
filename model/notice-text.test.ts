import { describe, expect, it } from 'vitest';
import { badDeploy, NOW_MS, RELEASE, STORY, WATCH } from '../test/notices.ts';
import type { Evidence } from './alert-change.ts';
import type { Notice, NoticeChange } from './notice.ts';
import { noticeWords, plainText } from './notice-text.ts';
import { RULE_KINDS } from './rule-kinds.ts';
import { HOUR, MINUTE } from './time.ts';

const MARKS = { mayRepeat: false, isCombined: false };
const wordsOf = (notice: Notice, marks = MARKS) => noticeWords(notice, marks);
const evidence = (more: Partial<Evidence>): Evidence => {
  const { evidence: usual } = badDeploy();
  if (usual === null) throw new Error('no evidence');
  return { ...usual, ...more };
};
const ofRule = (more: Partial<Evidence>) =>
  wordsOf(badDeploy({ budget: null, evidence: evidence({ windows: [], target: null, ...more }) })).sentence;

describe('a page', () => {
  it('says what failed, where, since when, numerator and denominator, windows, budget, release, and what to look at', () => {
    expect(plainText(wordsOf(STORY.trigger))).toBe(
      `[FIRING] shop: Checkout succeeds

1,204 of 52,310 requests in the last hour failed (2.3 %): 23 times as many as the objective of 99.9 % allows. At this rate the error budget is gone at 21 Nov 05:50 UTC, in 19 h.

Since: 10:42 UTC (8 min)
Last hour: 1,204 of 52,310 requests failed (2.3 %)
Last 5 min: 410 of 4,410 requests failed (9.3 %)
Error budget left: 61 % (30 days), gone at 21 Nov 05:50 UTC at this rate
Codes: H12 Request timeout ×980, H13 Connection closed without response ×120
Dynos: web.2 (700 of 9,000 bad)
Release before it: v214, 2 min before at 10:40 UTC (Deploy 1a2b3c4 by a…@example.com)
Objective: 99.9 %

Likely cause:
- Since v214 (10:40 UTC, 2 min before it began) 9.7 % of requests are bad; before it 0.08 %.
- H12 (Request timeout) is 980 of 1,204 bad requests (81 %).

First things to check:
- H12: list the paths with the most H12. https://drains.example.com/a/shop/codes/H12
- Compare with v214, and roll back if it coincides.

Open incident: https://drains.example.com/i/0f9d3a52-7c1e-4b7a-9a63-0d4b5e6f7a81?from=2026-11-20T10:12:00Z&to=2026-11-20T10:50:00Z
App at that time: https://drains.example.com/a/shop?from=2026-11-20T10:12:00Z&to=2026-11-20T10:50:00Z
Runbook: https://wiki.example.com/checkout

Page · incident #214 · drains.example.com`,
    );
  });

  it('speaks without the words of the trade', () => {
    const kinds = RULE_KINDS.map(({ kind }) =>
      ofRule({ what: kind, key: 'web.1', value: 5, threshold: 3, unit: '' }),
    );
    const all = [...Object.values(STORY).map((notice) => plainText(wordsOf(notice))), ...kinds].join('\n');
    expect(all).not.toMatch(
      /burn rate|burnRate|SLI\b|SLO\b|\bMAD\b|p99|undefined|null|NaN|\[object|VALUE|KEY/,
    );
  });

  it('counts slow requests as slow, and says nothing of a budget it does not know', () => {
    const slow = badDeploy({
      budget: {
        target: '0.95',
        indicator: { kind: 'latency', thresholdMs: 800 },
        period: '',
        remaining: null,
        exhaustedAtMs: null,
      },
    });
    expect(wordsOf(slow).sentence).toContain('took over 800 ms (2.3 %)');
    expect(wordsOf(slow).facts.map(({ label }) => label)).not.toContain('Error budget left');
  });
});

describe('states and marks', () => {
  it.each([
    ['firing', 'page', 'FIRING', 'bad'],
    ['firing', 'ticket', 'FIRING', 'warn'],
    ['held', 'page', 'NO DATA', 'warn'],
    ['acknowledged', 'page', 'ACKNOWLEDGED', 'quiet'],
    ['snoozed', 'page', 'SNOOZED', 'quiet'],
    ['resolved', 'page', 'RESOLVED', 'good'],
    ['over', 'page', 'OVER', 'good'],
  ] as const)('%s %s is %s', (state, severity, word, tone) => {
    expect(wordsOf(badDeploy({ state, severity }))).toMatchObject({
      state: word,
      tone,
      subject: 'shop: Checkout succeeds',
    });
  });

  it('R-12 marks what may be a repeat, a test, what is late, flaps, was reopened, is told instead of another', () => {
    expect(wordsOf(STORY.trigger, { ...MARKS, mayRepeat: true }).context).toContain('may be a repeat');
    expect(wordsOf(STORY.test)).toMatchObject({
      headline: '[TEST] [INFO] Test message',
      sentence: expect.stringContaining('Nothing is wrong'),
    });
    const incident = { detectedLateMs: 14 * MINUTE, isFlapping: true, reopened: 3 };
    const { context } = wordsOf(badDeploy({ insteadOf: 'Slack' }, incident));
    expect(context).toBe(
      'Page · incident #214 · comes and goes · reopened 3 times · detected late by 14 min · told here because Slack could not be · drains.example.com',
    );
  });

  it('A-20 an opening and its end in one message', () => {
    const words = wordsOf(STORY.resolve, { ...MARKS, isCombined: true });
    expect(words.state).toBe('OVER');
    expect(words.sentence).toMatch(
      /^It fired from 10:42 UTC to 11:05 UTC \(23 min\) and was over before this message could be sent\./,
    );
  });

  it('a person who ended it is named with the reason', () => {
    const by = badDeploy(
      { kind: 'resolve', state: 'resolved' },
      { resolvedBy: 'Ann', resolveReason: 'switched it off', resolvedAtMs: NOW_MS },
    );
    expect(wordsOf(by).sentence).toBe('Resolved by Ann after 8 min: switched it off.');
  });

  it('troubles of ours and releases say what they are', () => {
    expect(wordsOf(WATCH)).toMatchObject({
      state: 'FIRING',
      sentence: 'Nothing has been evaluated since 10:41 UTC.',
    });
    expect(wordsOf(RELEASE)).toMatchObject({
      state: 'RELEASE',
      sentence: 'shop v214: Deploy 1a2b3c4 by a…@example.com at 10:40 UTC.',
    });
  });

  it('A-11 many incidents are a list, and when most apps fail at once the platform is named', () => {
    const fold = {
      app: 'shop',
      title: 'Checkout succeeds',
      severity: 'page' as const,
      state: 'firing' as const,
      sinceMs: NOW_MS,
      url: 'https://x.example/i/1',
      incidentId: '1',
    };
    const folded = [fold, { ...fold, app: 'search', severity: 'ticket' as const }];
    const words = wordsOf(
      badDeploy({
        kind: 'digest',
        app: '',
        title: '2 incidents of 2 apps',
        incident: null,
        evidence: null,
        folded,
        platformHint: true,
      }),
    );
    expect(words.sentence).toBe(
      '2 incidents of 2 apps came at once, 1 of them a page. More than half of the apps fail at once with errors of the platform: look at status.heroku.com first.',
    );
    expect(words.list.map(({ text }) => text)).toEqual([
      'FIRING shop: Checkout succeeds (page, since 10:50 UTC)',
      'FIRING search: Checkout succeeds (ticket, since 10:50 UTC)',
    ]);
  });
});

describe('sentences', () => {
  it.each([
    [
      { what: 'codeRate', key: 'H12', value: 34, threshold: 5, unit: 'per min' },
      'H12 (Request timeout) comes 34 a minute (threshold 5 a minute).',
    ],
    [
      { what: 'failedShare', value: 2.31, threshold: 1, unit: '%' },
      '2.3 % of requests failed (threshold 1 %).',
    ],
    [
      { what: 'latency', value: 2_900, threshold: 1_000, unit: 'ms' },
      'Response time is 2.9 s (threshold 1 s).',
    ],
    [
      { what: 'memory', key: 'web.2', value: 97.6563, threshold: 90, unit: '%' },
      'web.2 uses 98 % of its memory quota (threshold 90 %).',
    ],
    [
      { what: 'crashes', key: 'web.2', value: 4, threshold: 3, unit: 'crashes' },
      'web.2: 4 crashes (threshold 3 crashes).',
    ],
    [
      {
        what: 'memoryLeak',
        key: 'web.2 reaches 512 MB in 6 h, daily restart in 9 h',
        value: 14,
        threshold: null,
        unit: 'MB/h',
      },
      'web.2 reaches 512 MB in 6 h, daily restart in 9 h: its memory grows by 14 MB/h.',
    ],
    [
      { what: 'drainSilent', value: 5, threshold: 5, unit: 'min' },
      'No log line of the app has come for 5 min (threshold 5 min).',
    ],
    [{ what: 'drainSilent', value: null, threshold: null }, 'No log line of the app has come.'],
    [
      { what: 'drainDropping', value: 1_200, threshold: 1, unit: 'lines' },
      'Heroku lost at least 1,200 lines (threshold 1 lines).',
    ],
    [
      { what: 'trafficCollapse', value: 0, threshold: 120, unit: 'per min' },
      'Requests are far below what is usual at this time, 0 a minute (threshold 120 a minute).',
    ],
    [
      { what: 'releasePhaseFailed', key: 'release.4412 exit 137', value: 137 },
      'The release phase failed: release.4412 exit 137.',
    ],
    [
      { what: 'addon', key: '$& $1', value: 92, threshold: 90, unit: '%' },
      '$& $1 is at 92 % (threshold 90 %).',
    ],
    [
      { what: 'toString', title: 'Something new', value: 3, threshold: 2, unit: '' },
      'Something new: 3 (threshold 2).',
    ],
  ])('%o', (more, sentence) => {
    expect(ofRule(more as Partial<Evidence>)).toBe(sentence);
  });

  it('every kind of rule has one, with a value and without', () => {
    for (const { kind } of RULE_KINDS) {
      for (const value of [null, 7]) {
        const said = ofRule({ what: kind, key: 'web.1', value, threshold: null, unit: '' });
        expect(said, kind).toMatch(/^[A-Z\dw].*\.$/);
        expect(said).not.toMatch(/VALUE|KEY|undefined/);
      }
    }
  });

  it('of budgets', () => {
    const budgetOf = (left: number | null) =>
      wordsOf(
        badDeploy({
          evidence: evidence({ what: 'budget', budgetRemaining: left }),
          budget: {
            target: '0.999',
            indicator: null,
            period: '30 days',
            remaining: left,
            exhaustedAtMs: null,
          },
        }),
      ).sentence;
    expect(budgetOf(0.249)).toBe('24 % of the error budget of 30 days (objective 99.9 %) is left.');
    expect(budgetOf(0)).toBe('The error budget of 30 days (objective 99.9 %) is spent.');
    expect(budgetOf(-0.4)).toBe('The error budget of 30 days (objective 99.9 %) is overspent by 40 %.');
  });

  const changes: [NoticeChange, string][] = [
    [{ kind: 'raised', from: 'ticket', to: 'page' }, 'It is a page now, it was a ticket.'],
    [{ kind: 'lowered', from: 'page', to: 'ticket' }, 'It is only a ticket now, it was a page.'],
    [{ kind: 'reopened', times: 1 }, 'It fires again.'],
    [{ kind: 'reopened', times: 2 }, 'It fires again, for the 3rd time.'],
    [{ kind: 'reopened', times: 11 }, 'It fires again, for the 12th time.'],
    [{ kind: 'dataReturned' }, 'Data has come back.'],
    [
      { kind: 'escalated', level: 2, policy: 'Night' },
      'Nobody has acknowledged it: level 2 of Night is told.',
    ],
    [{ kind: 'snoozed', by: 'Ann', untilMs: NOW_MS + HOUR }, 'Ann put it off until 11:50 UTC.'],
    [{ kind: 'cause', by: 'Ann', version: 214, text: '' }, 'Ann says the cause is v214.'],
    [{ kind: 'note', by: 'Ann', text: 'looking' }, 'Ann: looking'],
  ];
  it.each(changes)('of what is new: %o', (change, sentence) => {
    expect(wordsOf(badDeploy({ change })).change).toBe(sentence);
  });
});
