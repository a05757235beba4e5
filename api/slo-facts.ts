/** What is stored of objectives, gathered for a page: two rounds of queries whatever their number. */
import type { MinuteRange, RunningSum, WindowSource } from '../model/window-sums.ts';
import type { Client } from '../store/pool.ts';
import { type AppSpans, readAppSpans } from '../store/reads/slo-spans.ts';
import { readStandings, type SloStanding } from '../store/reads/slo-standings.ts';
import { readWindowSums, type SloWindow } from '../store/slo-hours.ts';
import { listSlos, listSloVersions, type SloRow, type SloVersionRow } from '../store/slos.ts';
import { readCorrectedRanges } from './slo-corrections.ts';
import { readSliceCounts } from './slo-slices.ts';
import { AnsweredWindows, AskedWindows, type Sums } from './slo-windows.ts';

/** Counts that an objective is judged by: its own, or those of a member. */
export interface SloPart {
  sloId: number;
  spans: AppSpans;
  corrected: MinuteRange[];
}

export interface SloFacts {
  slo: SloRow;
  /** Oldest first, never empty. */
  versions: SloVersionRow[];
  /** Itself, or the members of a composite that are there. */
  parts: SloPart[];
  standing: SloStanding | null;
  /** Of objectives whose budget counts slices of time: those in place of events. */
  slices: WindowSource | null;
}

/** Periods go back this far at most, and a calendar one is compared with the one before. */
const LOOK_BACK_MINUTES = 2 * 366 * 1440;

/** Facts of the objectives given, and of the members they name. `minute`: the newest evaluation. */
export async function readFacts(
  db: Client,
  slos: readonly SloRow[],
  minute: number,
): Promise<{ facts: SloFacts[]; members: Map<string, SloFacts> }> {
  const named = slos.flatMap((slo) => membersOf(slo));
  const missing = named.some((publicId) => !slos.some((slo) => slo.publicId === publicId));
  const all = missing ? await listSlos(db) : [...slos];
  const wanted = all.filter(
    (slo) => named.includes(slo.publicId) || slos.some((asked) => asked.id === slo.id),
  );
  // A removed one can be asked for, but is not in the list.
  for (const slo of slos) if (!wanted.some((one) => one.id === slo.id)) wanted.push(slo);
  const byId = new Map((await gather(db, wanted, minute)).map((facts) => [facts.slo.publicId, facts]));
  for (const facts of byId.values()) {
    const members = membersOf(facts.slo);
    if (members.length > 0) facts.parts = members.flatMap((id) => byId.get(id)?.parts ?? []);
  }
  return { facts: slos.flatMap((slo) => byId.get(slo.publicId) ?? []), members: byId };
}

export function membersOf({ version }: SloRow): string[] {
  const { indicator } = version.definition;
  return indicator.kind === 'composite' ? indicator.members : [];
}

async function gather(db: Client, slos: readonly SloRow[], minute: number): Promise<SloFacts[]> {
  const ids = slos.map((slo) => slo.id);
  const appIds = [...new Set(slos.map((slo) => slo.appId))];
  const from = minute - LOOK_BACK_MINUTES;
  const versions = Map.groupBy(await listSloVersions(db, ids), (version) => version.sloId);
  const standings = await readStandings(db, ids);
  const spans = await readAppSpans(db, appIds, from, minute);
  const corrected = await readCorrectedRanges(db, slos, { from, to: minute });
  const facts: SloFacts[] = [];
  for (const slo of slos) {
    const appSpans = spans.get(slo.appId);
    if (!appSpans) continue;
    const part = { sloId: slo.id, spans: appSpans, corrected: corrected.get(slo.id) ?? [] };
    facts.push({
      slo,
      versions: versions.get(slo.id) ?? [slo.version],
      parts: membersOf(slo).length > 0 ? [] : [part],
      standing: standings.get(slo.id) ?? null,
      slices: await readSliceCounts(db, slo, part, minute),
    });
  }
  return facts;
}

/**
 * Runs a computation over counts twice: once to learn which windows it asks for, then with their sums, read in one
 * query. What it asks for must not depend on what it is given.
 */
export async function withSums<Answer>(
  db: Client,
  compute: (sumsOf: (sloId: number) => Sums) => Answer,
): Promise<Answer> {
  const asked = new Map<number, AskedWindows>();
  compute((sloId) => {
    const own = asked.get(sloId) ?? new AskedWindows();
    asked.set(sloId, own);
    return own;
  });
  const windows: SloWindow[] = [...asked].flatMap(([sloId, own]) =>
    [...own.windows.values()].map(({ from, to }) => ({ sloId, fromMinute: from, toMinute: to })),
  );
  const sums = await readWindowSums(db, windows);
  const answers = new Map<number, Map<string, RunningSum>>();
  for (const [at, { sloId, fromMinute, toMinute }] of windows.entries()) {
    const own = answers.get(sloId) ?? new Map<string, RunningSum>();
    answers.set(sloId, own);
    own.set(`${fromMinute}:${toMinute}`, sums[at] ?? { events: 0, bad: 0 });
  }
  return compute((sloId) => new AnsweredWindows(answers.get(sloId) ?? new Map()));
}
