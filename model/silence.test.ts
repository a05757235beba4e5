import { describe, expect, test } from 'vitest';
import type { Subject } from './alert-change.ts';
import { checkRecurrence, listSpans } from './recurrence.ts';
import {
  FITS_ALL,
  fits,
  isActive,
  listActiveSpans,
  nextSpan,
  type Silence,
  type SilenceMatch,
  type SilenceTarget,
  silenceOf,
  silenceState,
} from './silence.ts';
import { MINUTE } from './time.ts';

const iso = (text: string) => new Date(`${text}Z`).getTime();
const show = (atMs: number) => new Date(atMs).toISOString().slice(0, 16);

const SLO: Subject = { kind: 'slo', sloId: 12 };
const RULE: Subject = { kind: 'rule', ruleId: 7, key: 'web.12' };
const target = (more: Partial<SilenceTarget> = {}): SilenceTarget => ({
  appId: 1,
  severity: 'page',
  subject: SLO,
  tags: ['checkout'],
  ...more,
});

describe('what a silence fits', () => {
  const cases: [string, Partial<SilenceMatch>, SilenceTarget, boolean][] = [
    ['nothing given', {}, target(), true],
    ['its app', { appIds: [2, 1] }, target(), true],
    ['another app', { appIds: [2] }, target(), false],
    ['its severity', { severities: ['page'] }, target(), true],
    ['another severity', { severities: ['ticket'] }, target(), false],
    ['its objective', { sloIds: [12] }, target(), true],
    [
      'its objective, for a crossing of the budget',
      { sloIds: [12] },
      target({ subject: { kind: 'budget', sloId: 12, remainingPercent: 25 } }),
      true,
    ],
    ['another objective or its rule', { sloIds: [13], ruleIds: [7] }, target({ subject: RULE }), true],
    ['an objective, for a rule of the same number', { sloIds: [7] }, target({ subject: RULE }), false],
    ['a rule, for an objective', { ruleIds: [7] }, target(), false],
    ['its key', { keys: ['web.12'] }, target({ subject: RULE }), true],
    ['the beginning of its key', { keys: ['worker.1', 'web.*'] }, target({ subject: RULE }), true],
    ['a key that only begins like it', { keys: ['web.1'] }, target({ subject: RULE }), false],
    ['keys, for an alert without one', { keys: ['web.1'] }, target(), false],
    ['one of its tags', { tags: ['api', 'checkout'] }, target(), true],
    ['other tags', { tags: ['api'] }, target(), false],
    ['its app, but not its severity', { appIds: [1], severities: ['info'] }, target(), false],
  ];
  test.each(cases)('%s', (_name, match, of, expected) => {
    expect(fits({ ...FITS_ALL, ...match }, of)).toBe(expected);
  });
});

const silence = (more: Partial<Silence> = {}): Silence => ({
  id: 's1',
  kind: 'silence',
  match: FITS_ALL,
  startsAtMs: iso('2026-11-21T10:00'),
  endsAtMs: iso('2026-11-21T12:00'),
  recurrence: null,
  endedAtMs: null,
  ...more,
});

test('a single silence is active from its start up to its end, or to where a person ended it', () => {
  const one = silence();
  expect(
    [9, 10, 11, 12].map((hour) => silenceState(one, iso(`2026-11-21T${String(hour).padStart(2, '0')}:00`))),
  ).toEqual(['planned', 'active', 'active', 'over']);
  expect(isActive(one, one.endsAtMs - 1)).toBe(true);
  expect(isActive(one, one.endsAtMs)).toBe(false);
  const ended = silence({ endedAtMs: iso('2026-11-21T11:00') });
  expect(isActive(ended, iso('2026-11-21T11:00') - 1)).toBe(true);
  expect(isActive(ended, iso('2026-11-21T11:00'))).toBe(false);
  expect(silenceOf([ended, one], target(), iso('2026-11-21T11:30'))).toBe(one);
  expect(silenceOf([ended], target(), iso('2026-11-21T11:30'))).toBeNull();
});

const nightly = (zone: string, at: string, minutes: number) =>
  silence({
    startsAtMs: iso('2026-01-01T00:00'),
    endsAtMs: iso('2027-01-01T00:00'),
    recurrence: { weekdays: [0, 1, 2, 3, 4, 5, 6], at, minutes, zone },
  });

test('T-09 a repeated silence whose local time is skipped runs at the next valid instant, as long as ever', () => {
  const spans = listActiveSpans(
    nightly('Europe/Berlin', '02:30', 20),
    iso('2026-03-28T00:00'),
    iso('2026-03-31T00:00'),
  );
  expect(spans.map(({ fromMs, toMs }) => [show(fromMs), (toMs - fromMs) / MINUTE])).toEqual([
    ['2026-03-28T01:30', 20],
    ['2026-03-29T01:00', 20],
    ['2026-03-30T00:30', 20],
  ]);
});

test('T-10 one whose local time comes twice runs once', () => {
  const spans = listActiveSpans(
    nightly('Europe/Berlin', '02:30', 20),
    iso('2026-10-24T00:00'),
    iso('2026-10-27T00:00'),
  );
  expect(spans.map(({ fromMs }) => show(fromMs))).toEqual([
    '2026-10-24T00:30',
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
});

test('T-09 a day that a zone left out altogether makes no second run of the next', () => {
  const spans = listSpans(
    { weekdays: [0, 1, 2, 3, 4, 5, 6], at: '00:00', minutes: 60, zone: 'Pacific/Apia' },
    iso('2011-12-29T00:00'),
    iso('2012-01-01T00:00'),
  );
  expect(spans.map(({ fromMs }) => show(fromMs))).toEqual([
    '2011-12-29T10:00',
    '2011-12-30T10:00',
    '2011-12-31T10:00',
  ]);
});

test('T-12 weekdays hold over leap days and the turn of the year, and go over midnight', () => {
  const saturdays = { weekdays: [6], at: '23:00', minutes: 120, zone: 'America/New_York' };
  const leap = listSpans(saturdays, iso('2028-02-25T00:00'), iso('2028-03-06T00:00'));
  expect(leap.map(({ fromMs }) => show(fromMs))).toEqual(['2028-02-27T04:00', '2028-03-05T04:00']);
  const year = listSpans(saturdays, iso('2027-01-01T00:00'), iso('2027-01-04T00:00'));
  expect(year.map(({ fromMs, toMs }) => [show(fromMs), show(toMs)])).toEqual([
    ['2027-01-03T04:00', '2027-01-03T06:00'],
  ]);
});

test('between its times a repeated silence is planned, and its next time is known', () => {
  const sundays = silence({
    endsAtMs: iso('2026-12-31T00:00'),
    recurrence: { weekdays: [0], at: '03:00', minutes: 60, zone: 'UTC' },
  });
  expect(silenceState(sundays, iso('2026-11-21T11:00'))).toBe('planned');
  expect(silenceState(sundays, iso('2026-11-22T03:30'))).toBe('active');
  expect(nextSpan(sundays, iso('2026-11-22T03:30'))).toEqual({
    fromMs: iso('2026-11-22T03:00'),
    toMs: iso('2026-11-22T04:00'),
  });
  expect(nextSpan(sundays, iso('2026-11-22T04:00'))?.fromMs).toBe(iso('2026-11-29T03:00'));
  expect(nextSpan(sundays, iso('2026-12-27T05:00'))).toBeNull();
  // Its bounds cut a span that reaches over them.
  const cut = { ...sundays, endsAtMs: iso('2026-11-22T03:10') };
  expect(nextSpan(cut, iso('2026-11-22T00:00'))).toEqual({
    fromMs: iso('2026-11-22T03:00'),
    toMs: iso('2026-11-22T03:10'),
  });
});

test('what is wrong with a repetition is said in words', () => {
  expect(checkRecurrence({ weekdays: [1], at: '02:00', minutes: 60, zone: 'UTC' })).toEqual([]);
  expect(checkRecurrence({ weekdays: [], at: '2:00', minutes: 0, zone: 'Berlin' })).toHaveLength(4);
  expect(checkRecurrence({ weekdays: [7], at: '02:00', minutes: 7 * 24 * 60 + 1, zone: '' })).toHaveLength(3);
});
