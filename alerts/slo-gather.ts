/** What evaluations of some SLOs need from the store, read for all of them at once. */
import { periodAt } from '../model/period.ts';
import { HourSums, type MinuteRange, mergeRanges, rangesWithout } from '../model/window-sums.ts';
import { type Completeness, listGapMinutes } from '../store/completeness.ts';
import { type LivenessRow, listQuietSpans, readLiveness } from '../store/liveness.ts';
import type { Client } from '../store/pool.ts';
import { type HourPoint, listMembers, type MemberRow, readHourRows } from '../store/slo-states.ts';
import type { QuietSpan } from './liveness.ts';
import type { RunVersion } from './slo-run.ts';
import { SloSource } from './slo-source.ts';

/** An SLO and the evaluations that are to be made of it. */
export interface Wanted {
  sloId: number;
  appId: number;
  versions: readonly RunVersion[];
  /** First and last evaluation. */
  from: number;
  through: number;
  historyFromMinute: number | null;
}

export interface Gathered {
  /** Whose counts they are: its own, or those of a composite's members. */
  sloIds: readonly number[];
  source: SloSource;
  /** What corrections take out of all of them; and of each. */
  corrected: readonly MinuteRange[];
  outOf: ReadonlyMap<number, readonly MinuteRange[]>;
}

/** Corrections of SLOs that touch a range, by SLO. */
export type ReadCorrected = (
  client: Client,
  slos: readonly { sloId: number; appId: number }[],
  range: MinuteRange,
) => Promise<Map<number, MinuteRange[]>>;

/** A hole further back leaves a budget's levels to what is known, as it leaves a tier's end to its short window. */
export const BUDGET_CERTAIN_MINUTES = 60;

/** Whose counts are taken. */
type Part = MemberRow;

/** The source of each SLO, in the order asked. */
export async function gatherSources(
  client: Client,
  wanted: readonly Wanted[],
  { completeness, readCorrected }: { completeness: Completeness; readCorrected: ReadCorrected },
): Promise<Gathered[]> {
  if (wanted.length === 0) return [];
  const members = await listMembers(client, [
    ...new Set(wanted.flatMap(({ versions }) => membersOf(versions))),
  ]);
  const parts = wanted.map((slo) => partsOf(slo, members));
  const earliest = Math.min(...wanted.map((slo) => earliestMinute(slo)));
  const latest = Math.max(...wanted.map((slo) => slo.through));
  const all = uniqueParts(parts.flat());
  const corrected = await readCorrected(client, all, { from: earliest, to: latest });
  const hours = await readHourRows(client, pointsOf(wanted, parts, corrected));
  const appIds = [...new Set(all.map((part) => part.appId))];
  const windowStart = Math.min(
    ...wanted.map((slo) => slo.from - Math.max(longestWindow(slo.versions), BUDGET_CERTAIN_MINUTES)),
  );
  const liveness = await readLiveness(client, appIds);
  const quiet = Map.groupBy(await listQuietSpans(client, appIds, windowStart), (span) => span.appId);
  const gaps = await listGapMinutes(client, appIds, windowStart);
  return wanted.map((slo, at) => {
    const own = parts[at] ?? [];
    // Maintenance of one member leaves the others as they are: out for all is only what is out of each.
    const outOf = (part: Part) => corrected.get(part.sloId) ?? [];
    const excluded = commonRanges(own.map(outOf));
    const outOfApp = (appId: number) =>
      own.length === 1 ? [] : commonRanges(own.filter((part) => part.appId === appId).map(outOf));
    const startMinute = Math.min(slo.through, ...own.map((part) => part.startMinute));
    const ends = endsOf(own);
    const apps = [...ends.keys()];
    const live = apps.filter((appId) => ends.get(appId) === null);
    const source = new SloSource({
      sums: own.map((part) => countedOf(new HourSums(hours.get(part.sloId) ?? []), outOf(part))),
      startMinute,
      quiet: [
        ...afterAllEnded(ends),
        ...apps.flatMap((appId) =>
          without(outOfApp(appId), ends.get(appId) ?? null, [
            ...beforeFirstLine(liveness.get(appId), slo.historyFromMinute),
            ...(quiet.get(appId) ?? []).map((span) => ({
              from: span.fromMinute,
              to: span.toMinute,
              known: span.knownMinute,
            })),
          ]),
        ),
      ],
      gaps: mergeRanges(apps.flatMap((appId) => gaps.get(appId) ?? [])),
      staleFromMinute: staleFrom(live, completeness, liveness, slo.through),
      corrected: excluded,
      lastLineMinute: longestQuiet(live, liveness),
    });
    return {
      sloIds: own.map(({ sloId }) => sloId),
      source,
      corrected: excluded,
      outOf: new Map(own.map((part) => [part.sloId, outOf(part)])),
    };
  });
}

function membersOf(versions: readonly RunVersion[]): string[] {
  return versions.flatMap(({ definition: { indicator } }) =>
    indicator.kind === 'composite' ? indicator.members : [],
  );
}

/** Itself, or the members of the newest version of a composite that are there. */
function partsOf(slo: Wanted, members: ReadonlyMap<string, Part>): Part[] {
  const indicator = slo.versions.at(-1)?.definition.indicator;
  const { sloId, appId } = slo;
  const startMinute = slo.historyFromMinute ?? slo.versions[0]?.validFrom ?? slo.from;
  if (indicator?.kind !== 'composite') return [{ sloId, appId, startMinute, endMinute: null }];
  return uniqueParts(indicator.members.flatMap((publicId) => members.get(publicId) ?? []));
}

function uniqueParts(parts: readonly Part[]): Part[] {
  return [...new Map(parts.map((part) => [part.sloId, part])).values()];
}

function longestWindow(versions: readonly RunVersion[]): number {
  return Math.max(0, ...versions.flatMap(({ compiled }) => compiled.map(({ tier }) => tier.longMinutes)));
}

function earliestMinute({ versions, from, through }: Wanted): number {
  const period = versions.at(-1)?.definition.period;
  const start = period === undefined ? from : periodAt(period, through).from;
  return Math.min(start, from - longestWindow(versions));
}

/** Hours at whose minutes windows of these evaluations begin and end. */
function pointsOf(
  wanted: readonly Wanted[],
  parts: readonly (readonly Part[])[],
  corrected: ReadonlyMap<number, readonly MinuteRange[]>,
): HourPoint[] {
  const points: HourPoint[] = [];
  wanted.forEach((slo, at) => {
    const hours = hoursOf(slo);
    const earliest = Math.floor(earliestMinute(slo) / 60);
    for (const { sloId } of parts[at] ?? []) {
      const own = new Set(hours);
      // Windows are cut where corrections of any part begin and end.
      for (const part of parts[at] ?? []) {
        for (const { from, to } of corrected.get(part.sloId) ?? []) {
          for (const hour of [Math.floor(from / 60), Math.floor(to / 60)]) {
            if (hour >= earliest && hour <= Math.floor(slo.through / 60)) own.add(hour);
          }
        }
      }
      for (const hour of own) points.push({ sloId, hour });
    }
  });
  return points;
}

function hoursOf(slo: Wanted): Set<number> {
  const { versions, from, through } = slo;
  const hours = new Set<number>();
  const add = (first: number, last: number): void => {
    for (let hour = Math.floor(first / 60); hour <= Math.floor(last / 60); hour++) hours.add(hour);
  };
  const windows = new Set([0]);
  for (const { compiled } of versions)
    for (const { tier } of compiled) windows.add(tier.longMinutes).add(tier.shortMinutes);
  for (const minutes of windows) add(from - minutes, through - minutes);
  const start = earliestMinute(slo);
  add(start, start);
  const period = versions.at(-1)?.definition.period;
  if (period !== undefined) add(periodAt(period, through).from, periodAt(period, through).from);
  for (const { validFrom } of versions)
    if (validFrom > start && validFrom <= through) add(validFrom, validFrom);
  return hours;
}

/** Of each app when the last of its parts ended; null while one is there. What became of the app then is no concern. */
function endsOf(parts: readonly Part[]): Map<number, number | null> {
  const ends = new Map<number, number | null>();
  for (const { appId, endMinute } of parts) {
    const known = ends.get(appId);
    const isEnded = endMinute !== null && known !== null;
    ends.set(appId, isEnded ? Math.max(known ?? endMinute, endMinute) : null);
  }
  return ends;
}

/** Without a member that is there, nothing is known any more. */
function afterAllEnded(ends: ReadonlyMap<number, number | null>): QuietSpan[] {
  let from = 0;
  for (const end of ends.values()) {
    if (end === null) return [];
    from = Math.max(from, end);
  }
  return [{ from, to: null, known: 0 }];
}

/** Spans without those ranges, up to an end. */
function without(
  ranges: readonly MinuteRange[],
  end: number | null,
  spans: readonly QuietSpan[],
): QuietSpan[] {
  const last = end ?? Number.POSITIVE_INFINITY;
  return spans.flatMap(({ from, to, known }) =>
    rangesWithout(from, Math.min(to ?? last, last), ranges).map((range) => ({
      from: range.from,
      to: Number.isFinite(range.to) ? range.to : null,
      known,
    })),
  );
}

/** Minutes that are in each of the lists. */
function commonRanges(lists: readonly (readonly MinuteRange[])[]): MinuteRange[] {
  const [first = [], ...others] = lists;
  let common = mergeRanges(first);
  for (const list of others) {
    common = common.flatMap((one) =>
      list
        .map(({ from, to }) => ({ from: Math.max(from, one.from), to: Math.min(to, one.to) }))
        .filter(({ from, to }) => from < to),
    );
  }
  return mergeRanges(common);
}

/** Counts without those of some ranges. */
function countedOf(sums: HourSums, ranges: readonly MinuteRange[]): Pick<HourSums, 'between'> {
  if (ranges.length === 0) return sums;
  return {
    between: (from, to) => {
      const sum = { events: 0, bad: 0 };
      for (const range of rangesWithout(from, to, ranges)) {
        const part = sums.between(range.from, range.to);
        sum.events += part.events;
        sum.bad += part.bad;
      }
      return sum;
    },
  };
}

function longestQuiet(appIds: readonly number[], liveness: ReadonlyMap<number, LivenessRow>): number | null {
  const lines = appIds.flatMap((appId) => liveness.get(appId)?.lastLineMinute ?? []);
  return lines.length === 0 ? null : Math.min(...lines);
}

/**
 * Before an app's first line there was no drain; an SLO with counts from before it is older than what is known of lines.
 * An app that never had one is without data altogether.
 */
function beforeFirstLine(liveness: LivenessRow | undefined, historyFromMinute: number | null): QuietSpan[] {
  const first = liveness?.firstLineMinute ?? null;
  if (first === null) return [{ from: 0, to: null, known: 0 }];
  if (historyFromMinute !== null && historyFromMinute < first) return [];
  return [{ from: 0, to: first, known: 0 }];
}

/** From where on not everything is counted yet, or nobody has looked whether the drain lives. */
function staleFrom(
  appIds: readonly number[],
  { fromMinute, byApp }: Completeness,
  liveness: ReadonlyMap<number, LivenessRow>,
  through: number,
): number | null {
  let earliest = fromMinute ?? Number.POSITIVE_INFINITY;
  for (const appId of appIds) {
    const followed = liveness.get(appId)?.nextMinute ?? through;
    earliest = Math.min(earliest, byApp.get(appId) ?? earliest, followed);
  }
  return earliest < through ? earliest : null;
}
