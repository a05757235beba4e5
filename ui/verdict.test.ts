import { describe, expect, it } from 'vitest';
import type { OverviewAnswer } from '../api/contract/apps.ts';
import type { EventAnswer } from '../api/contract/events.ts';
import type { Columns } from '../api/contract/time.ts';
import { codeTable, overview } from './fixtures.ts';
import { buildVerdict } from './verdict.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const TABLE = new Map(codeTable().codes.map((info) => [info.code, info]));
const MOVING = { kind: 'moving', sinceMs: NOW - 7 * 60_000 } as const;

function verdictOf(app: string, hours = 1) {
  const answer = overview(app, {
    fromMs: NOW - hours * 3_600_000,
    toMs: NOW,
    step: hours > 1 ? 60 : 10,
    nowMs: NOW,
  });
  return read(answer);
}

function read(answer: OverviewAnswer) {
  const verdict = buildVerdict(answer, NOW, 'utc', TABLE);
  const text = verdict.clauses.map((clause) => clause.text).join(' ');
  return { ...verdict, text: text.replace(/[\u00a0\u202f]/g, ' ') };
}

describe('buildVerdict', () => {
  it('names the failure, since when, the code and the release before it', () => {
    const { level, word, text, clauses } = verdictOf('shop');
    expect([level, word]).toEqual(['critical', 'Failing']);
    expect(text).toMatch(/^Since v214 at 10:23Z 3\.?\d? % of requests fail, before 0\.0\d %\./);
    expect(text).toMatch(/ \d+ of [\d ]+ failures are H12, \d+ are 5xx from the app, \d+ are H13\./);
    expect(text).toMatch(/p95 went from \d+ ms to 1\.\d s\./);
    expect(clauses.find((clause) => clause.text.includes('H12'))?.href).toBe('/a/shop/codes/H12');
  });

  it('R-05 does not call an incident over while lines are missing since', () => {
    const { level, word, text } = verdictOf('media-proxy');
    expect([level, word]).toEqual(['warning', 'Incomplete']);
    expect(text).toMatch(
      /failed from 10:0[12] to 10:1[01]Z, before .*; since then, of what arrived, 0\.0\d %\./,
    );
    expect(text).toMatch(/Up to 3 161 lines are missing in 2 stretches since 10:16Z \(L10\)\.$/);
  });

  it('R-05 calls nothing well while frames of an outage are on their way, but a range that is over', () => {
    const range = { fromMs: NOW - 3_600_000, toMs: NOW, step: 10, nowMs: NOW };
    const now = buildVerdict(overview('checkout-api', range), NOW, 'utc', TABLE, MOVING);
    expect([now.level, now.word]).toEqual(['warning', 'Incomplete']);
    expect(now.clauses.at(-1)?.text).toContain('on their way from Redis');
    const past = { ...range, toMs: NOW - 1_800_000 };
    expect(buildVerdict(overview('checkout-api', past), NOW, 'utc', TABLE, MOVING).level).toBe('ok');
  });

  it('says that all is well with the numbers', () => {
    const { level, text } = verdictOf('checkout-api');
    expect(level).toBe('ok');
    expect(text).toMatch(
      /^[\d ]+ requests, 0\.0\d % failed \(\d+\), p95 \d+ ms\. It has been so for all of 60 min\.$/,
    );
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

const STEP_S = 60;
const FROM_S = Math.floor(NOW / 60_000) * 60 - 3600;

interface Minutes {
  /** Per minute of the hour; null = nothing arrived. */
  ok?: (minute: number) => number | null;
  bad5xx?: (minute: number) => number;
  codes?: Record<string, (minute: number) => number>;
  excluded?: number;
  gaps?: OverviewAnswer['gaps'];
  events?: { minute: number; version: number }[];
  health?: Partial<OverviewAnswer['health']>;
}

/** An hour by minutes, the newest of which is still open, told by a function a class. */
function hour(made: Minutes): OverviewAnswer {
  const { outcomes: _, ...answer } = overview('checkout-api', {
    fromMs: FROM_S * 1000,
    toMs: NOW,
    step: STEP_S,
    nowMs: NOW,
  });
  const t = Array.from({ length: 61 }, (_, minute) => FROM_S + minute * 60);
  const ok = t.map((_, minute) => (made.ok ?? (() => 20))(minute));
  const filled = (valueAt: (minute: number) => number) =>
    t.map((_, minute) => (ok[minute] === null ? null : valueAt(minute)));
  const codes = Object.entries(made.codes ?? {});
  const counted = codes.filter(([code]) => TABLE.get(code)?.countsAgainstAvailability);
  const classes: [string, (number | null)[]][] = [
    ['platform', filled((minute) => counted.reduce((sum, [, at]) => sum + at(minute), 0))],
    ['status_5xx', filled(made.bad5xx ?? (() => 0))],
    ['status_2xx', ok],
  ];
  const sum = (values: (number | null)[] | undefined) =>
    (values ?? []).reduce<number>((total, value) => total + (value ?? 0), 0);
  const none: Columns = { t, series: [] };
  const [platform, status5xx] = classes.map(([, values]) => sum(values));
  const series = (id: string, values: (number | null)[]) => ({ id, label: id, unit: 'count', values });
  return {
    ...answer,
    health: { ...answer.health, ...made.health },
    gaps: made.gaps ?? [],
    events: (made.events ?? []).map(
      ({ minute, version }) =>
        ({ lane: 'release', version, atMs: (FROM_S + minute * 60) * 1000 }) as EventAnswer,
    ),
    totals: {
      ...answer.totals,
      requests: classes.reduce((total, [, values]) => total + sum(values), 0),
      bad: (platform ?? 0) + (status5xx ?? 0),
      excluded: made.excluded ?? 0,
      platform: platform ?? 0,
      status5xx: status5xx ?? 0,
      p95Ms: 120,
    },
    throughput: { t, series: classes.map(([id, values]) => series(id, values)) },
    codes: {
      t,
      series: codes.map(([id, at]) =>
        series(
          id,
          t.map((_, minute) => at(minute)),
        ),
      ),
    },
    responseTime: none,
    memory: none,
    load: none,
    custom: none,
    addons: [],
  };
}

const between = (from: number, to: number, value: number) => (minute: number) =>
  minute >= from && minute < to ? value : 0;

describe('the rules of the verdict at their edges', () => {
  it('calls only a range without holes well', () => {
    expect(read(hour({}))).toMatchObject({
      level: 'ok',
      word: 'All well',
      text: '1 220 requests, none failed, p95 120 ms. It has been so for all of 60 min.',
    });
  });

  it('R-05 a known loss makes a calm hour incomplete: first what is known, then what is missing since when', () => {
    const gap = { from: FROM_S + 1200, to: FROM_S + 1500, messages: 19, cause: 'L10' };
    expect(read(hour({ gaps: [gap] }))).toMatchObject({
      level: 'warning',
      word: 'Incomplete',
      text: 'Of what arrived: 1 220 requests, none failed, p95 120 ms. Up to 19 lines are missing from 10:02 to 10:07Z (L10).',
    });
  });

  it('R-05 a loss of unknown size counts too, one outside of the range or of nothing does not', () => {
    const gap = { from: FROM_S + 1200, to: FROM_S + 1210, messages: null, cause: 'damaged' };
    expect(read(hour({ gaps: [gap] })).text).toContain(
      'An unknown number of lines is missing at 10:02Z (damaged in storage).',
    );
    const before = { ...gap, from: FROM_S - 900, to: FROM_S - 600 };
    expect(read(hour({ gaps: [before, { ...gap, messages: 0 }] })).word).toBe('All well');
  });

  it('R-05 a silence inside the range makes it incomplete, a pause of two minutes does not', () => {
    const silent = (from: number, to: number) => (minute: number) =>
      minute >= from && minute < to ? null : 20;
    expect(read(hour({ ok: silent(20, 22) })).word).toBe('All well');
    const verdict = read(hour({ ok: silent(20, 27) }));
    expect(verdict.word).toBe('Incomplete');
    expect(verdict.text).toMatch(/^Of what arrived: .* No line arrived from 10:02 to 10:09Z\.$/);
  });

  it('R-05 lines that come late leave the newest part open', () => {
    expect(read(hour({ health: { lagMs: 130_000 } }))).toMatchObject({ word: 'Incomplete' });
  });

  it('knows nothing about a range without a line, and is collecting where lines begin late', () => {
    expect(read(hour({ ok: () => null }))).toMatchObject({ level: 'unknown', word: 'No data' });
    const young = read(hour({ ok: (minute) => (minute < 40 ? null : 20) }));
    expect(young).toMatchObject({ level: 'unknown', word: 'Collecting' });
    expect(young.text).toMatch(/^Data begins at 10:22Z\. 420 requests, none failed/);
  });

  it('R-05 tells what retention deleted from what never arrived, and calls nothing well over it', () => {
    const late = hour({ ok: (minute) => (minute < 20 ? null : 20) });
    const partly = read({ ...late, retainedFrom: FROM_S + 1200 });
    expect([partly.level, partly.word]).toEqual(['unknown', 'Partly kept']);
    expect(partly.text).toMatch(
      /^Minutes before 10:02Z are not kept any more: they reach back 40 min\. 820 requests, none failed/,
    );
    expect(partly.clauses[0]?.href).toBe('/settings/retention');
    expect(partly.text).not.toContain('Data begins');
    const later = hour({ ok: (minute) => (minute < 40 ? null : 20) });
    expect(read({ ...later, retainedFrom: FROM_S + 1200 }).text).toMatch(
      /^Minutes before 10:02Z are not kept any more.* Data begins at 10:22Z\./,
    );
    const none = hour({ ok: () => null });
    const gone = read({ ...none, retainedFrom: none.range.to + 300 });
    expect([gone.level, gone.word]).toEqual(['unknown', 'Not kept']);
    // What still stands from before is known: nothing of it is called deleted.
    expect(read({ ...hour({}), retainedFrom: FROM_S + 1200 })).toMatchObject({
      level: 'ok',
      word: 'All well',
    });
  });

  it('names a silent stream before everything else, then what was before', () => {
    const verdict = read(
      hour({
        ok: (minute) => (minute > 50 ? null : 20),
        health: { state: 'silent', dataThroughMs: (FROM_S + 51 * 60) * 1000 },
      }),
    );
    expect(verdict).toMatchObject({ level: 'critical', word: 'Silent' });
    expect(verdict.text).toMatch(
      /^No line has arrived for 9 min, since 10:33Z\. Before that: .*1 020 requests/,
    );
  });

  it('tells no traffic from no data', () => {
    expect(read(hour({ ok: () => 0 }))).toMatchObject({ level: 'unknown', word: 'No traffic' });
  });

  it('does not make an incident of one failure among few requests', () => {
    const few = read(hour({ ok: (minute) => (minute % 5 === 0 ? 1 : 0), bad5xx: between(58, 59, 1) }));
    expect(few).toMatchObject({ level: 'warning', word: 'Low traffic' });
    expect(few.text).toContain('1 failed');
    const one = read(hour({ ok: () => 4, bad5xx: between(58, 59, 1) }));
    expect(one).toMatchObject({ level: 'warning', word: 'Some fail' });
    expect(one.text).toContain('The one failure is a 5xx from the app.');
  });

  it('does not call an hour well in which no request counts', () => {
    const verdict = read(hour({ codes: { H27: () => 20 }, excluded: 1220 }));
    expect(verdict).toMatchObject({ level: 'unknown', word: 'None count' });
    expect(verdict.text).toMatch(/none of which counts for availability\. 1 220 requests ended in H27 /);
  });

  it('does not take the 503 of maintenance for failures', () => {
    const answer = hour({ bad5xx: between(10, 20, 9), codes: { H80: between(10, 20, 9) }, excluded: 90 });
    answer.totals.bad = 0;
    const verdict = read(answer);
    expect(verdict.word).toBe('All well');
    expect(verdict.text).toContain('90 requests ended in H80 (maintenance mode), which does not count.');
  });

  it('tells the newest incident first and names the other', () => {
    const verdict = read(
      hour({ bad5xx: (minute) => between(5, 10, 9)(minute) + between(40, 45, 6)(minute) }),
    );
    expect(verdict.text).toMatch(
      /^23 % of requests failed from 10:22 to 10:27Z, .* Also 31 % from 09:47 to 09:52Z\.$/,
    );
  });

  it('does not make a share of the handful of requests since', () => {
    const { text } = read(hour({ ok: (minute) => (minute < 55 ? 20 : 1), bad5xx: between(20, 31, 5) }));
    expect(text).toContain('; since then 0 of 5.');
  });

  it('explains failures by 5xx and codes that count, never by H27', () => {
    const verdict = read(
      hour({
        bad5xx: between(10, 14, 13),
        codes: { H12: between(10, 14, 13), H27: between(10, 14, 40), H13: between(12, 13, 1) },
        excluded: 160,
      }),
    );
    expect(verdict.word).toBe('Recovered');
    expect(verdict.text).toMatch(/52 of 105 failures are 5xx from the app, 52 are H12, 1 is H13\./);
    expect(verdict.text).not.toMatch(/failures? (is|are) H27/);
  });

  it('does not name codes that do not belong to the shown requests', () => {
    const answer = hour({ codes: { H12: between(10, 14, 13) } });
    for (const series of answer.throughput.series)
      if (series.id === 'platform')
        series.values = series.values.map((value) => Math.round((value ?? 0) / 2));
    expect(read(answer).text).toContain('All 28 failures are platform errors.');
  });

  it('tells an incident that is over: from, to, before, now', () => {
    const verdict = read(hour({ bad5xx: between(20, 31, 5) }));
    expect(verdict).toMatchObject({ level: 'warning', word: 'Recovered' });
    expect(verdict.text).toMatch(/^20 % of requests failed from 10:02 to 10:13Z, before 0 %; now 0 %\./);
  });

  it('R-05 a loss during the incident does not keep it open, one after it does', () => {
    const gapAt = (minute: number) => [
      { from: FROM_S + minute * 60, to: FROM_S + minute * 60 + 60, messages: 7, cause: 'L10' },
    ];
    expect(read(hour({ bad5xx: between(20, 31, 5), gaps: gapAt(25) })).word).toBe('Recovered');
    expect(read(hour({ bad5xx: between(20, 31, 5), gaps: gapAt(40) })).word).toBe('Incomplete');
  });

  it('an incident that goes on is named with the release before it', () => {
    const ongoing = between(50, 61, 5);
    expect(read(hour({ bad5xx: ongoing })).text).toMatch(/^Since 10:32Z 20 % of requests fail, before 0 %\./);
    const verdict = read(hour({ bad5xx: ongoing, events: [{ minute: 46, version: 421 }] }));
    expect(verdict).toMatchObject({ level: 'critical', word: 'Failing' });
    expect(verdict.text).toMatch(/^Since v421 at 10:28Z 20 % of requests fail, before 0 %\./);
  });

  it('takes the filling point for now where points are wide, so that a day and an hour agree', () => {
    const day = (badNow: number) => {
      const answer = hour({ bad5xx: (minute) => (minute === 59 ? 5 : minute === 60 ? badNow : 0) });
      const t = answer.throughput.t.map((_, index) => FROM_S + 3600 - (60 - index) * 600);
      return read({
        ...answer,
        range: { ...answer.range, from: FROM_S - 32_400, step: 600, openFrom: FROM_S + 3600 },
        throughput: { ...answer.throughput, t },
        codes: { t, series: [] },
      });
    };
    expect(day(0).word).toBe('Recovered');
    expect(day(5).word).toBe('Failing');
  });

  it('does not date what fails now by an older incident that is over', () => {
    const verdict = read(
      hour({ bad5xx: (minute) => between(5, 20, 9)(minute) + between(57, 61, 3)(minute) }),
    );
    expect(verdict.text).toMatch(/^Since 10:39Z 1\d % of requests fail/);
  });

  it('tells what began and what ended it: a bad release and its rollback', () => {
    const { text } = read(
      hour({
        bad5xx: between(20, 31, 5),
        events: [
          { minute: 19, version: 420 },
          { minute: 30, version: 421 },
        ],
      }),
    );
    expect(text).toContain('It began 60 s after v420. It ended at v421.');
  });

  it('speaks of a range in the past in the past', () => {
    const answer = hour({ bad5xx: between(50, 60, 5) });
    const earlier = buildVerdict(
      { ...answer, range: { ...answer.range, to: FROM_S + 3600, openFrom: null } },
      NOW + 86_400_000,
      'utc',
      TABLE,
    );
    expect(earlier.word).toBe('Failed');
  });
});
