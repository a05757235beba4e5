import { describe, expect, test } from 'vitest';
import type { IncidentAnswer } from '../../api/contract/incidents.ts';
import { incident } from '../alertFixtures.ts';
import {
  eventsAround,
  failingLogs,
  literalOf,
  sayCause,
  sayIncidentClauses,
  shareColumns,
  spentWords,
} from './incident.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const SLO = '22222222-0000-4000-8000-000000000214';
const LEAK = '22222222-0000-4000-8000-000000000211';
const read = (id: string, mood: 'normal' | 'held' = 'normal'): IncidentAnswer => {
  const found = incident(id, NOW, mood);
  if (!found) throw new Error(`no fixture ${id}`);
  return found;
};
const say = (data: IncidentAnswer) =>
  sayIncidentClauses(data, NOW, 'utc')
    .map((clause) => clause.text)
    .join(' ')
    .replace(/[\u00a0\u202f]/g, ' ');

describe('the sentence over an incident', () => {
  test('says since which release, from how much to how much, when and how far above it fired, what it is and where, and what is left', () => {
    expect(say(read(SLO))).toBe(
      'Since v214 at 10:23Z: failed requests 0.1 % → 2.6 %, now 2.5 %. It fired 10:27Z at 14.6× what 99.9 % allows: 2 204 of 151 200 in 1 h. 96 % are H12 (request timeout). web.3 carries 53 % of them, one of 4 dynos. 20 % of the budget is left, gone in 5.2 h at this rate.',
    );
  });

  test('leads on from every clause, with the range of the incident', () => {
    const clauses = sayIncidentClauses(read(SLO), NOW, 'utc');
    expect(clauses.every((clause) => clause.href)).toBe(true);
    expect(clauses.map((clause) => clause.href)).toEqual([
      '/a/shop/releases/214',
      '#chart-evidence',
      '/a/shop/codes/H12',
      '/a/shop/dynos/web.3',
      '/a/shop/slo/answers',
    ]);
    expect(clauses[2]?.query).toEqual({ from: '2026-11-20T09:27:00Z', to: '2026-11-20T10:43:00Z' });
  });

  test('accuses no release without numbers: then it says since when and how much', () => {
    const data = { ...read(SLO), causes: [] };
    expect(say(data)).toMatch(/^Since 10:24Z; now 2\.5 % of requests fail\. It fired 10:27Z at 14\.6×/);
    expect(say({ ...data, slo: data.slo && { ...data.slo, kind: 'latency', thresholdMs: 800 } })).toMatch(
      /of requests take over 800 ms\./,
    );
  });

  test('tells windows that made it worse at the time when they did, not as those it fired with', () => {
    const data = read(SLO);
    const raised = { id: 'r', atMs: data.incident.firingSinceMs + 240_000, kind: 'raised' as const };
    const [first] = data.timeline;
    if (!first) throw new Error('the fixture has no timeline');
    const entry = { ...first, ...raised, detail: { from: 'ticket', severity: 'page' } };
    expect(say({ ...data, timeline: [...data.timeline, entry] })).toContain(
      'It became a page 10:31Z at 14.6×',
    );
  });

  test('R-05 while data is missing it says so first and calls nothing "now"', () => {
    const text = say(read(SLO, 'held'));
    expect(text).toMatch(/^No data since 10:36Z; last known: firing\. Since v214/);
    expect(text).not.toMatch(/\bnow\b/);
  });

  test('says first how it ended, after how long and by whom, and then leaves out what is left', () => {
    const data = read(SLO);
    const over = (resolution: string): IncidentAnswer => ({
      ...data,
      incident: { ...data.incident, state: 'resolved', resolvedAtMs: NOW - 120_000, resolution },
    });
    expect(say(over('recovered'))).toMatch(/^Recovered 10:40Z after 13 min\. Since v214/);
    expect(say(over('by Kim: rolled back'))).toMatch(/^Resolved by Kim 10:40Z after 13 min\./);
    expect(say(over('recovered'))).not.toContain('left');
    expect(say({ ...over('recovered'), causes: [] })).toContain('From 10:24Z 1.5 % of requests failed.');
  });

  test('of a rule tells what failed, since when it was so and when it fired', () => {
    const data = read(LEAK);
    expect(say(data)).toBe(
      'web.2 grows 14 MB an hour and reaches 512 MB in 6 h, 3 h before the daily restart. Since 08:30Z.',
    );
    const late = { ...data, sinceMs: data.incident.firingSinceMs - 120_000 };
    expect(say(late)).toContain('Since 08:28Z; it fired 08:30Z.');
  });

  test('a person who named the cause is heard before the numbers', () => {
    const data = read(SLO);
    const text = say({ ...data, causes: [{ kind: 'said', by: 'Kim', version: 214 }, ...data.causes] });
    expect(text).toContain('in 1 h. Kim says v214 caused it. 96 % are H12');
  });
});

describe('the log lines that fail', () => {
  test('are one link away: by the code that stands out, live while it goes on', () => {
    expect(failingLogs(read(SLO))).toEqual({
      text: 'Failing requests: H12',
      href: '/a/shop/logs?from=2026-11-20T10:23:03Z&to=now&code=H12',
    });
  });

  test('by status where no code stands out, those of the router for slow ones, of the dyno a rule is about', () => {
    const data = read(SLO);
    expect(failingLogs({ ...data, causes: [] }).href).toContain('status=5xx');
    const slow = { ...data, causes: [], slo: data.slo && { ...data.slo, kind: 'latency' as const } };
    expect(failingLogs({ ...slow, codes: [] }).href).toContain('source=router');
    expect(failingLogs(slow).href).toContain('code=H12');
    expect(failingLogs(read(LEAK))).toMatchObject({ text: 'Log lines of web.2' });
    const coded = {
      ...data,
      incident: { ...data.incident, subject: { ...data.incident.subject, key: 'R14' } },
    };
    expect(failingLogs(coded).href).toContain('code=R14');
  });

  test.each([
    ['POST /checkout', '/checkout'],
    ['/api/orders/{id}/pay', '/api/orders/'],
    ['GET /a/{id}/longer/…', '/longer/'],
    ['/', '/'],
    ['*', ''],
  ])('of the shape %s they are looked for by %s', (shape, text) => {
    expect(literalOf(shape)).toBe(text);
  });
});

test('what happened around it: the release before it first, then the rest by time; usual life is only counted', () => {
  const { rows, routine } = eventsAround(read(SLO));
  expect(rows.map(({ event, when }) => `${when}: ${event.title}`.replaceAll('\u00a0', ' '))).toEqual([
    '4 min before: Release v214 (Deploy 1a2b3c4d)',
    '26 min before: Config vars set: CACHE_TTL',
    '6 min after: web.3 crashed',
  ]);
  expect(routine).toBe(2);
});

test('each kind of cause is a sentence with its numbers', () => {
  const data = read(SLO);
  const causes: IncidentAnswer['causes'] = [
    ...data.causes,
    { kind: 'crash', dyno: 'web.3', atMs: NOW, count: 2 },
    { kind: 'config', what: 'LANG set', atMs: NOW - 1_800_000 },
    { kind: 'scale', what: 'web@2', atMs: NOW - 1_800_000 },
    { kind: 'said', by: 'Kim', version: 214 },
  ];
  for (const cause of causes) {
    const text = sayCause(cause, data, NOW, 'utc');
    expect(text).toMatch(/^\S.*\.$/);
    expect(text).not.toMatch(/undefined|null|NaN/);
  }
  expect(
    sayCause(causes[1] as (typeof causes)[number], data, NOW, 'utc').replace(/[\u00a0\u202f]/g, ' '),
  ).toBe('H12 (request timeout) is 1 123 of 1 170 bad requests (96 %).');
});

test('what it cost is told with its share of the budget, and not where nothing was counted', () => {
  const data = read(SLO);
  expect(spentWords(data).replace(/[\u00a0\u202f]/g, ' ')).toBe(
    '1 176 bad requests so far: 1.6 % of the budget',
  );
  expect(spentWords({ ...data, spent: null })).toBe('');
});

test('the share of bad requests is nothing where there were no requests, or no data', () => {
  const chart = {
    t: [0, 60, 120],
    series: [
      { id: 'good', label: '', unit: 'count', values: [90, 0, null] },
      { id: 'bad', label: '', unit: 'count', values: [10, 0, null] },
    ],
  };
  expect(shareColumns(chart).series[0]?.values).toEqual([0.1, null, null]);
});

test('where failed requests say nothing of the slow ones, its own requests are heard', () => {
  const data = read(SLO);
  const hints: IncidentAnswer['hints'] = [
    {
      kind: 'pathShape',
      text: '/search carries 900 of 1,598 bad requests (56 %).',
      link: '/a/shop?from=1&to=2',
    },
  ];
  expect(say({ ...data, causes: [], hints })).toContain(
    'in 1 h. /search carries 900 of 1,598 bad requests (56 %). 20 %',
  );
});
