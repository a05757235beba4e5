import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../model/time.ts';
import type { OutboundAnswer } from '../outbound.ts';
import { nextTryMs, resultOf, retryAfterMs } from './retry.ts';

const T0 = Date.UTC(2026, 0, 1);
const PAGE = { severity: 'page', kind: 'trigger', random: 1 } as const;

function answer(status: number, headers: Record<string, string> = {}, body = ''): OutboundAnswer {
  return { kind: 'answer', status, headers, body: Buffer.from(body), isCut: false };
}

describe('when a try is repeated', () => {
  test.each([
    [1, 0, 1 * SECOND],
    [2, 2 * SECOND, 5 * SECOND],
    [3, 7 * SECOND, 15 * SECOND],
    [4, 22 * SECOND, 30 * SECOND],
    [5, 52 * SECOND, MINUTE],
    [6, 2 * MINUTE, MINUTE],
    [20, 14 * MINUTE, MINUTE],
    [21, 15 * MINUTE, 5 * MINUTE],
    [60, 5 * HOUR, 5 * MINUTE],
    // Few tries, yet old: a place that asks for long pauses.
    [2, 3 * HOUR, 5 * MINUTE],
  ])('A-01 after try %i at the age of %i ms it waits up to %i ms', (attempts, ageMs, longestMs) => {
    const tries = { ...PAGE, attempts, firstAttemptAtMs: T0, nowMs: T0 + ageMs };
    expect(nextTryMs(tries)).toBe(T0 + ageMs + longestMs);
    expect(nextTryMs({ ...tries, random: 0.5 })).toBe(T0 + ageMs + longestMs / 2);
    // Never at once, however the die falls.
    expect(nextTryMs({ ...tries, random: 0 })).toBe(T0 + ageMs + 200);
  });

  test('it is given up where the next try would be older than six hours', () => {
    const tries = { ...PAGE, attempts: 80, firstAttemptAtMs: T0 };
    expect(nextTryMs({ ...tries, nowMs: T0 + 6 * HOUR - 5 * MINUTE })).toBe(T0 + 6 * HOUR);
    expect(nextTryMs({ ...tries, nowMs: T0 + 6 * HOUR - 5 * MINUTE + 1 })).toBeNull();
  });

  test('a test is given up after a minute', () => {
    const tries = { ...PAGE, kind: 'test', severity: null, attempts: 4, firstAttemptAtMs: T0 } as const;
    expect(nextTryMs({ ...tries, nowMs: T0 + 22 * SECOND })).toBe(T0 + 52 * SECOND);
    expect(nextTryMs({ ...tries, nowMs: T0 + 52 * SECOND })).toBeNull();
  });

  test('A-03 what the place asks for wins when it is later; a page waits an hour at most', () => {
    const tries = { ...PAGE, attempts: 1, firstAttemptAtMs: T0, nowMs: T0 };
    expect(nextTryMs({ ...tries, afterMs: 90 * SECOND })).toBe(T0 + 90 * SECOND);
    expect(nextTryMs({ ...tries, afterMs: 10 })).toBe(T0 + SECOND);
    expect(nextTryMs({ ...tries, afterMs: 3 * HOUR })).toBe(T0 + HOUR);
    expect(nextTryMs({ ...tries, severity: 'ticket', afterMs: 3 * HOUR })).toBe(T0 + 3 * HOUR);
    expect(nextTryMs({ ...tries, severity: 'ticket', afterMs: 7 * HOUR })).toBeNull();
  });
});

describe('what an answer means', () => {
  test.each([
    [200, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [301, 'permanent'],
    [307, 'permanent'],
    [400, 'permanent'],
    [401, 'permanent'],
    [403, 'permanent'],
    [404, 'permanent'],
    [408, 'retry'],
    [410, 'disable'],
    [422, 'permanent'],
    [425, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [502, 'retry'],
    [599, 'retry'],
    [100, 'permanent'],
  ])('%i is %s', (status, kind) => {
    expect(resultOf(answer(status), T0).kind).toBe(kind);
  });

  test('401, 403 and 404 are for people to look at; a wrong body is not', () => {
    const unhealthy = [400, 401, 403, 404, 422].filter((status) => {
      const result = resultOf(answer(status), T0);
      return result.kind === 'permanent' && result.unhealthy;
    });
    expect(unhealthy).toEqual([401, 403, 404]);
  });

  test('SEC-39 what our own rules refuse is not tried again; what the network did is', () => {
    const failed = { kind: 'failed', reason: 'why', mayHaveArrived: true } as const;
    expect(resultOf({ ...failed, failure: 'address' }, T0)).toMatchObject({
      kind: 'permanent',
      unhealthy: true,
    });
    expect(resultOf({ ...failed, failure: 'timeout' }, T0)).toMatchObject({
      kind: 'retry',
      mayHaveArrived: true,
    });
    expect(resultOf({ ...failed, failure: 'tls', mayHaveArrived: false }, T0)).toMatchObject({
      kind: 'retry',
      mayHaveArrived: false,
    });
  });
});

describe('the pause a place asks for', () => {
  test.each([
    [{ 'retry-after': '30' }, '', 30_000],
    [{ 'retry-after': ' 2.5 ' }, '', 2_500],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT' }, '', 120_000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, '', 0],
    [{}, '{"retry_after":1.5,"ok":false}', 1_500],
    [{ 'retry-after': '1' }, '{"retry_after":64.57}', 64_570],
    [{ 'retry-after': '-5' }, '', null],
    [{ 'retry-after': 'soon' }, '', null],
    [{ 'retry-after': '99999999999999' }, '', null],
    [{}, '{"retry_after":"x"}', null],
    [{}, '{"retry_after":-1}', null],
    [{}, '{broken', null],
    [{}, '', null],
  ])('A-03 %j %s is %s ms', (headers, body, expected) => {
    expect(retryAfterMs(answer(429, headers as Record<string, string>, body), T0)).toBe(expected);
  });
});
