/** The past of a composite: counts of its members, known where all of them are, as evaluations of it see them. */
import { type MinuteRange, mergeRanges } from '../model/window-sums.ts';
import type { Client } from '../store/pool.ts';
import { type AppSpans, readAppSpans } from '../store/reads/slo-spans.ts';
import { type MinuteCounts, readSloMinutes } from '../store/slo-hours.ts';
import { listMembers, type MemberRow } from '../store/slo-states.ts';
import { listSlos, listSloVersions, type SloRow } from '../store/slos.ts';
import type { History } from './slo-preview.ts';

/** A member, and from when on its counts are whole, and exact. */
interface Member extends MemberRow {
  title: string;
  isCounting: boolean;
  knownFromMinute: number;
  exactFromMinute: number;
}

/** members: public ids, of objectives that are there (requireMembers). */
export async function readCompositeHistory(
  db: Client,
  publicIds: readonly string[],
  range: MinuteRange,
): Promise<History> {
  const members = await readMembers(db, publicIds, range);
  const ids = members.map((member) => member.sloId);
  const counts = await readSloMinutes(db, ids, { fromMinute: range.from, toMinute: range.to });
  const appIds = [...new Set(members.map((member) => member.appId))];
  const spans = await readAppSpans(db, appIds, range.from, range.to);
  const knownFromMinute = Math.max(range.from, ...members.map((member) => member.knownFromMinute));
  return {
    counts: addUp([...counts.values()], range),
    spans: joinSpans(members, spans, range),
    knownFromMinute,
    exactFromMinute: Math.max(knownFromMinute, ...members.map((member) => member.exactFromMinute)),
    fault: '',
    notes: members
      .filter((member) => member.isCounting)
      .map(({ title }) => `The past of "${title}" is still being counted: in some minutes more is known.`),
  };
}

async function readMembers(db: Client, publicIds: readonly string[], range: MinuteRange): Promise<Member[]> {
  const rows = await listMembers(db, publicIds);
  const slos = (await listSlos(db)).filter((slo) => rows.has(slo.publicId));
  const versions = Map.groupBy(
    await listSloVersions(
      db,
      slos.map((slo) => slo.id),
    ),
    (version) => version.sloId,
  );
  return slos.flatMap((slo) => {
    const row = rows.get(slo.publicId);
    // What ended before has no part in the range, and keeps nothing unknown.
    if (!row || (row.endMinute !== null && row.endMinute <= range.from)) return [];
    const [first] = versions.get(slo.id) ?? [];
    const liveFromMinute = first === undefined ? range.to : Math.ceil(first.validFromS / 60);
    return [
      {
        ...row,
        title: slo.version.definition.title,
        isCounting: slo.history.phase !== 'done',
        knownFromMinute: knownFrom(slo.history, liveFromMinute),
        exactFromMinute: slo.history.exactFromMinute ?? liveFromMinute,
      },
    ];
  });
}

/** The log is counted forwards, so until its end is reached there are holes; what is older backwards. */
function knownFrom(
  { phase, exactFromMinute, historyFromMinute, note }: SloRow['history'],
  live: number,
): number {
  if (phase === 'waiting' || phase === 'exact') return live;
  // Back to the first line of its app, or as far as anything is kept.
  if (phase === 'done' && note === '') return 0;
  const exact = Math.min(exactFromMinute ?? live, live);
  return phase === 'done' ? exact : Math.min(historyFromMinute ?? exact, exact);
}

/** Without a live drain of one of the apps the sum is not known; of a member that ended, up to its end. */
function joinSpans(
  members: readonly Member[],
  byApp: ReadonlyMap<number, AppSpans>,
  range: MinuteRange,
): AppSpans {
  const ends = endsOf(members);
  const quiet: MinuteRange[] = [];
  const uncertain: MinuteRange[] = [];
  for (const [appId, own] of byApp) {
    const to = ends.get(appId) ?? range.to;
    const before = { from: range.from, to: own.firstMinute ?? range.to };
    for (const span of [before, ...own.quiet])
      if (span.from < Math.min(span.to, to)) quiet.push({ from: span.from, to: Math.min(span.to, to) });
    uncertain.push(...own.uncertain);
  }
  const last = [...ends.values()].reduce<number | null>(
    (latest, end) => (latest === null || end === null ? null : Math.max(latest, end)),
    0,
  );
  // Without a member that is there, nothing is known any more.
  if (last !== null) quiet.push({ from: last, to: range.to });
  return {
    firstMinute: firstKnown(mergeRanges(quiet), range),
    quiet: mergeRanges(quiet),
    uncertain: mergeRanges(uncertain),
    quietSinceMinute: null,
  };
}

/** Of each app when the last of its members ended; null while one is there. */
function endsOf(members: readonly Member[]): Map<number, number | null> {
  const ends = new Map<number, number | null>();
  for (const { appId, endMinute } of members) {
    const known = ends.get(appId);
    ends.set(appId, known === null || endMinute === null ? null : Math.max(known ?? endMinute, endMinute));
  }
  return ends;
}

/** First minute of the range that is not in `missing`, which are merged; null without one. */
function firstKnown(missing: readonly MinuteRange[], { from, to }: MinuteRange): number | null {
  const first = missing.find((span) => span.from <= from && span.to > from)?.to ?? from;
  return first < to ? first : null;
}

/** Sums of each minute of a range; all 0 without any counts. */
export function addUp(counts: readonly MinuteCounts[], { from, to }: MinuteRange): MinuteCounts {
  const sumAt = (pick: (one: MinuteCounts) => number[]) =>
    Array.from({ length: to - from }, (_, at) => counts.reduce((sum, one) => sum + (pick(one)[at] ?? 0), 0));
  return { events: sumAt(({ events }) => events), bad: sumAt(({ bad }) => bad) };
}
