/**
 * What an SLO would have counted, from buckets of a time whose single requests are gone. A bucket tells its requests by one
 * dimension, so that one dimension of scope can be told, no more; durations there are those of charts, with `connect`, and
 * a threshold falls somewhere in a bin. What comes of it is marked approximate wherever it is shown.
 */
import { HEROKU_CODES } from './codes.ts';
import { addStored, BINS, binOf } from './histogram.ts';
import { REQUEST_TIMEOUT_MS } from './outcome.ts';
import { err, ok, type Result } from './result.ts';
import { SERIES_CODE, SERIES_DYNO, SERIES_HOST, SERIES_PATH, SERIES_STATUS } from './series.ts';
import type { Indicator, SloDefinition } from './slo.ts';
import { SloMatcher } from './slo-match.ts';

/** A row of a bucket table. */
export interface CutRow {
  kind: number;
  key: string;
  count: number;
  bad: number;
  excluded: number;
  /** Bad because of a code. */
  platform: number;
  /** Of connect + service; null without. */
  serviceHist: Uint8Array | null;
}

export interface Estimate {
  /** Kinds of series that are read, and which of their keys. */
  kinds: readonly number[];
  takes(kind: number, key: string): boolean;
  /** From every row of one bucket. */
  count(rows: readonly CutRow[]): { events: number; bad: number };
}

/** How to estimate a definition, or why that cannot be done, in words. */
export function estimateOf(definition: SloDefinition): Result<Estimate, string> {
  const matcher = SloMatcher.of(definition);
  if (matcher === null) return err('a composite has no counts of its own');
  const { indicator } = definition;
  const cut = cutOf(matcher);
  if (cut === null)
    return err('older counts are kept by one dimension at a time, and this SLO names several');
  if (indicator.kind === 'latency') return ok(latencyEstimate(cut, indicator));
  if (indicator.kind !== 'availability') return err('a composite has no counts of its own');
  const hasChoices = Object.keys(indicator.codes).length > 0 || indicator.badStatuses.length > 0;
  if (hasChoices && !cut.isWhole)
    return err('older counts of a part of the requests do not tell codes and statuses');
  return ok(hasChoices ? chosenEstimate(cut, indicator) : usualEstimate(cut));
}

/** Which of an app's cuts tells an SLO's requests. */
interface Cut {
  kind: number;
  takesKey: (key: string) => boolean;
  /** All requests of the app. */
  isWhole: boolean;
}

function cutOf({ takesDyno, takesMethod, takesHost, takesShape }: SloMatcher): Cut | null {
  const isByPath = takesMethod !== null || takesShape !== null;
  const dimensions = [takesDyno !== null, takesHost !== null, isByPath].filter(Boolean).length;
  if (dimensions > 1) return null;
  if (takesHost !== null) return { kind: SERIES_HOST, takesKey: takesHost, isWhole: false };
  if (!isByPath)
    return { kind: SERIES_DYNO, takesKey: takesDyno ?? (() => true), isWhole: takesDyno === null };
  const takesKey = (key: string): boolean => {
    const space = key.indexOf(' ');
    // 'other' is what went beyond the bound: nobody knows its paths.
    if (space < 0) return false;
    return (takesMethod?.(key.slice(0, space)) ?? true) && (takesShape?.(key.slice(space + 1)) ?? true);
  };
  return { kind: SERIES_PATH, takesKey, isWhole: false };
}

function usualEstimate({ kind, takesKey }: Cut): Estimate {
  return {
    kinds: [kind],
    takes: (_, key) => takesKey(key),
    count: (rows) =>
      bounded(
        sumOf(rows, (row) => row.count - row.excluded),
        sumOf(rows, (row) => row.bad),
      ),
  };
}

/** With codes and statuses that count otherwise than usual: what they take away or add. */
function chosenEstimate(cut: Cut, indicator: Extract<Indicator, { kind: 'availability' }>): Estimate {
  const codes = new Map(
    HEROKU_CODES.filter(({ counts }) => counts === 'configurable').flatMap(({ code, defaultCounted }) => {
      const choice = indicator.codes[code];
      return choice === undefined || choice === defaultCounted ? [] : [[code, choice ? 1 : -1] as const];
    }),
  );
  const statuses = new Set(indicator.badStatuses);
  const isListed = (key: string): boolean => statuses.has(key) || statuses.has(`${key.slice(0, 1)}xx`);
  return {
    kinds: [cut.kind, SERIES_CODE, SERIES_STATUS],
    takes: (kind, key) => {
      if (kind === SERIES_CODE) return codes.has(key) || key === 'H27' || key === 'H28';
      return kind === SERIES_STATUS ? isListed(key) && Number(key) < 500 : cut.takesKey(key);
    },
    count: (rows) => {
      const own = rows.filter((row) => row.kind === cut.kind);
      const { events, bad } = usualEstimate(cut).count(own);
      const moved = sumOf(rows, (row) =>
        row.kind === SERIES_CODE ? row.count * (codes.get(row.key) ?? 0) : 0,
      );
      const left = sumOf(rows, (row) =>
        row.kind === SERIES_CODE && (row.key === 'H27' || row.key === 'H28') ? row.count : 0,
      );
      const listed = sumOf(rows, (row) => (row.kind === SERIES_STATUS ? row.count : 0));
      const gone = sumOf(rows, (row) => (row.kind === SERIES_STATUS && row.key === '499' ? row.count : 0));
      // 499 is no event otherwise; with H27 and H28 it stays none.
      const goneEvents = Math.max(0, gone - left);
      return bounded(events + moved + goneEvents, bad + moved + listed - gone + goneEvents);
    },
  };
}

function latencyEstimate(cut: Cut, indicator: Extract<Indicator, { kind: 'latency' }>): Estimate {
  const lastGood = binOf(indicator.thresholdMs);
  const firstLong = binOf(REQUEST_TIMEOUT_MS);
  return {
    kinds: [cut.kind],
    takes: (_, key) => cut.takesKey(key),
    count: (rows) => {
      const bins = new Float64Array(BINS);
      for (const { serviceHist } of rows) if (serviceHist !== null) addStored(bins, serviceHist);
      const above = (first: number): number => bins.subarray(first).reduce((sum, n) => sum + n, 0);
      const [all, long] = [above(0), above(firstLong)];
      const platform = sumOf(rows, (row) => row.platform);
      // Bad by a code: H12 are among the long ones, the others ended without a duration.
      const timedOut = Math.min(long, platform);
      const streams = indicator.excludeLongLived ? long - timedOut : 0;
      const slow = above(lastGood + 1) - streams;
      // With a threshold beyond 30 s those that timed out are bad all the same.
      const bad = Math.max(slow, timedOut) + platform - timedOut;
      return bounded(all - streams + platform - timedOut, bad);
    },
  };
}

function sumOf(rows: readonly CutRow[], of: (row: CutRow) => number): number {
  return rows.reduce((sum, row) => sum + of(row), 0);
}

function bounded(events: number, bad: number): { events: number; bad: number } {
  const all = Math.max(0, events);
  return { events: all, bad: Math.min(Math.max(0, bad), all) };
}

/** Counts of an hour spread evenly over its minutes; a minute never has more bad ones than events. */
export function spreadOver(
  minutes: number,
  { events, bad }: { events: number; bad: number },
): { events: number; bad: number }[] {
  const spread: { events: number; bad: number }[] = [];
  let [seen, seenBad] = [0, 0];
  for (let at = 1; at <= minutes; at++) {
    const due = Math.floor((events * at) / minutes);
    const dueBad = events === 0 ? 0 : Math.floor((due * bad) / events);
    spread.push({ events: due - seen, bad: dueBad - seenBad });
    [seen, seenBad] = [due, dueBad];
  }
  return spread;
}
