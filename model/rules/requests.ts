/** Rules about requests: rates of codes, failed share, response time, request rate. */
import type { SettingsByKind } from '../rule.ts';
import { type AppFacts, heardMinutes, missingOf, sumOf } from '../rule-facts.ts';
import { quantileOver } from '../rule-latency.ts';
import { isBeyond, judged, type KindReader, percentOf } from '../rule-reader.ts';

const QUANTILES = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;

interface Windowed {
  windowMinutes: number;
}

/** Facts that a window of minutes needs, with those before it that tell whether the drain is alive. */
const ofWindow = ({ windowMinutes }: Windowed): number => windowMinutes;
const eachMinute = { everyMinutes: 1, goneAfterMinutes: 0, lookBackMinutes: ofWindow };

export const codeRate: KindReader<SettingsByKind['codeRate']> = {
  ...eachMinute,
  read: ({ codes, perMinute, windowMinutes }, facts, minute) => {
    const missing = missingOf(facts, minute, windowMinutes);
    return codes.map((code) => {
      const count = sumOf(facts, facts.codes.get(code), minute - windowMinutes, minute);
      const value = count / windowMinutes;
      return {
        ...judged(value >= perMinute, missing),
        key: code,
        value,
        threshold: perMinute,
        unit: 'per min',
        about: '',
        bad: count,
        windowMinutes,
      };
    });
  },
};

/** Requests of a window, and those of them that count. */
function requestsOf(facts: AppFacts, from: number, to: number) {
  const all = sumOf(facts, facts.requests, from, to);
  const counted = all - sumOf(facts, facts.excluded, from, to);
  return { all, counted, bad: sumOf(facts, facts.bad, from, to) };
}

export const failedShare: KindReader<SettingsByKind['failedShare']> = {
  ...eachMinute,
  read: ({ ratio, minRequests, windowMinutes }, facts, minute) => {
    const { counted, bad } = requestsOf(facts, minute - windowMinutes, minute);
    const isEnough = counted > 0 && counted >= minRequests;
    return [
      {
        ...judged(isEnough && bad >= ratio * counted, missingOf(facts, minute, windowMinutes)),
        key: '',
        value: counted > 0 ? percentOf(bad / counted) : null,
        threshold: percentOf(ratio),
        unit: '%',
        about: '',
        bad,
        events: counted,
        windowMinutes,
      },
    ];
  },
};

export const latency: KindReader<SettingsByKind['latency']> = {
  ...eachMinute,
  read: ({ quantile, ms, minRequests, windowMinutes }, facts, minute) => {
    const { all } = requestsOf(facts, minute - windowMinutes, minute);
    const minutes = Array.from({ length: windowMinutes }, (_, back) =>
      facts.latencies.get(minute - 1 - back),
    );
    const value = quantileOver(minutes, QUANTILES[quantile]);
    const isEnough = value !== null && all >= minRequests;
    return [
      {
        ...judged(isEnough && value >= ms, missingOf(facts, minute, windowMinutes)),
        key: '',
        value,
        threshold: ms,
        unit: 'ms',
        about: quantile,
        events: all,
        windowMinutes,
      },
    ];
  },
};

export const requestRate: KindReader<SettingsByKind['requestRate']> = {
  ...eachMinute,
  read: ({ direction, perMinute, windowMinutes }, facts, minute) => {
    const { all } = requestsOf(facts, minute - windowMinutes, minute);
    const heard = direction === 'under' ? heardMinutes(facts, minute, windowMinutes) : windowMinutes;
    const value = all / heard;
    const isAbove = isBeyond(value, direction, perMinute);
    const missing = missingOf(facts, minute, windowMinutes);
    return [
      {
        // Too few requests may be lost lines; too many cannot.
        ...(direction === 'over' ? judged(isAbove, missing) : { isAbove, missing }),
        key: '',
        value,
        threshold: perMinute,
        unit: 'per min',
        about: '',
        events: all,
        windowMinutes,
      },
    ];
  },
};
