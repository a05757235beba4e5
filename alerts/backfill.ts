/**
 * The past of a new SLO: exactly, from the log of single requests, as far as that goes (a day); before it approximately,
 * from buckets. An SLO itself counts what is committed since its first version is valid, so that a request is in one of
 * the two and never in both, however late its line came. Steps of a few seconds, by whichever worker comes; each enters
 * its counts and moves the cursor in one transaction.
 */
import type { MinuteDelta } from '../model/deltas.ts';
import type { SloDefinition } from '../model/slo.ts';
import { type Estimate, estimateOf, spreadOver } from '../model/slo-estimate.ts';
import { DAY, MINUTE } from '../model/time.ts';
import { listAppSectionsFrom } from '../store/chunks.ts';
import type { Pool } from '../store/pool.ts';
import {
  type Backfill,
  claimBackfill,
  listSeriesOfKinds,
  readCutRows,
  readMinutesRetiredS,
  readOldestChunkMs,
  releaseBackfill,
  writeBackfillStep,
} from '../store/slo-backfills.ts';
import { keepSloDays, listSloVersions, type SloVersionRow } from '../store/slos.ts';

/** Counts sections of the log for a version: drain/slo-backfill.ts, which knows their format. */
export type CountSections = (
  version: { versionId: number; definition: SloDefinition },
  sections: { committedAtMs: number; duplicates: number[]; section: Uint8Array }[],
) => MinuteDelta[];

export interface BackfillOptions {
  pool: Pool;
  countSections: CountSections;
  nowMs: () => number;
  signal?: AbortSignal | undefined;
}

/** A statement on its way may still commit a chunk of so long ago. */
const UNSETTLED_MS = 30_000;
/** Sections read at once: some megabytes. */
const SECTIONS = 100;
/** Spans read at once from buckets of a minute and of an hour. */
const MINUTES_SPAN_MS = DAY / 2;
const HOURS_SPAN_MS = 10 * DAY;
/** With more series than this buckets of a minute are too many to read. */
const MINUTE_SERIES_MAX = 60;
/** From a frame's arrival to its commit, at most: it is held no longer. */
const HELD_MAX_MS = 5_000;
/** For one whose first minute has not come: looked at again then. */
const LATER_S = 5;

/** Works at one SLO as far as it gets; false when there is none to work at. Throws what the database throws. */
export async function backfillOne(options: BackfillOptions): Promise<boolean> {
  const { pool, nowMs, signal } = options;
  let backfill = await claimBackfill(pool);
  if (backfill === null) return false;
  while (backfill !== null && backfill.phase !== 'done' && signal?.aborted !== true) {
    const next = await stepOf(backfill, options);
    if (next === null) break;
    // Another one was faster: it goes on.
    if (!(await writeBackfillStep(pool, backfill, next, nowMs()))) return true;
    backfill = {
      ...backfill,
      phase: next.phase,
      cursorMs: next.cursorMs,
      exactFromMinute: next.exactFromMinute ?? backfill.exactFromMinute,
    };
  }
  await releaseBackfill(pool, backfill.sloId, LATER_S);
  return true;
}

type Step = Parameters<typeof writeBackfillStep>[2];

/** null: nothing can be done before some time has gone by. */
async function stepOf(backfill: Backfill, options: BackfillOptions): Promise<Step | null> {
  const versions = await listSloVersions(options.pool, [backfill.sloId]);
  const first = versions.find((each) => each.validToS === null || each.validToS > each.validFromS);
  if (first === undefined)
    return { phase: 'done', cursorMs: 0, minutes: [], note: 'removed before it began' };
  if (backfill.phase === 'waiting') return await beginStep(backfill, first, options);
  if (backfill.phase === 'exact') return await exactStep(backfill, first, options);
  return await olderStep(backfill, first, options);
}

async function beginStep(
  { appId, firstReceivedAtMs }: Backfill,
  first: SloVersionRow,
  { pool, nowMs }: BackfillOptions,
): Promise<Step | null> {
  const endMs = first.validFromS * 1000;
  const oldestMs = await readOldestChunkMs(pool, appId);
  // An installation that is as new as its SLO: what comes until the SLO begins is its past, too.
  if (oldestMs === null) {
    if (nowMs() < endMs + UNSETTLED_MS) return null;
    return { phase: 'exact', cursorMs: endMs, exactFromMinute: 0, minutes: [] };
  }
  // Whoever came after the oldest of the log has all of it there. Of others requests of a minute are committed in it or
  // later: those of the oldest minute may be gone in part.
  const isWhole = firstReceivedAtMs === null || firstReceivedAtMs >= oldestMs - HELD_MAX_MS;
  const exactFromMinute = isWhole ? 0 : Math.floor(oldestMs / MINUTE) + 1;
  return { phase: 'exact', cursorMs: oldestMs, exactFromMinute, minutes: [] };
}

async function exactStep(
  { appId, cursorMs, exactFromMinute }: Backfill,
  first: SloVersionRow,
  { pool, countSections, nowMs }: BackfillOptions,
): Promise<Step | null> {
  const endMs = first.validFromS * 1000;
  const toMs = Math.min(endMs, nowMs() - UNSETTLED_MS);
  if (cursorMs >= endMs) return beginOlder(exactFromMinute ?? 0, first, endMs);
  if (cursorMs >= toMs) return null;
  const { sections, throughMs } = await listAppSectionsFrom(
    pool,
    appId,
    { fromMs: cursorMs, toMs },
    SECTIONS,
  );
  const version = { versionId: first.id, definition: first.definition };
  const minutes = countSections(version, sections).filter(({ minute }) => minute >= (exactFromMinute ?? 0));
  return { phase: 'exact', cursorMs: throughMs, minutes };
}

function beginOlder(exactFromMinute: number, first: SloVersionRow, endMs: number): Step {
  const estimate = estimateOf(first.definition);
  // The log has everything there ever was.
  if (exactFromMinute === 0) return { phase: 'done', cursorMs: endMs, minutes: [] };
  if (!estimate.ok) return { phase: 'done', cursorMs: endMs, minutes: [], note: estimate.error };
  return { phase: 'older', cursorMs: exactFromMinute * MINUTE, minutes: [] };
}

/** Backwards from what is exact, by buckets of a minute while there are any, then by those of an hour. */
async function olderStep(
  { appId, cursorMs }: Backfill,
  first: SloVersionRow,
  { pool }: BackfillOptions,
): Promise<Step> {
  const estimate = estimateOf(first.definition);
  const oldestMs = (first.validFromS / 60) * MINUTE - keepSloDays(first.definition) * DAY;
  if (!estimate.ok || cursorMs <= oldestMs) return { phase: 'done', cursorMs, minutes: [] };
  const series = (await listSeriesOfKinds(pool, appId, estimate.value.kinds)).filter(({ kind, key }) =>
    estimate.value.takes(kind, key),
  );
  if (series.length === 0) return { phase: 'done', cursorMs, minutes: [] };
  const retiredMs = (await readMinutesRetiredS(pool)) * 1000;
  const minutesFromMs = series.length > MINUTE_SERIES_MAX ? cursorMs : Math.ceil(retiredMs / HOUR) * HOUR;
  const isByMinute = cursorMs > minutesFromMs || cursorMs % HOUR !== 0;
  const fromMs = isByMinute
    ? Math.max(cursorMs - MINUTES_SPAN_MS, Math.min(minutesFromMs, Math.floor(cursorMs / HOUR) * HOUR))
    : cursorMs - HOURS_SPAN_MS;
  const resolution = isByMinute ? '1m' : '1h';
  const span = { fromS: Math.floor(fromMs / 1000), toS: Math.floor(cursorMs / 1000) };
  const rows = await readCutRows(pool, { appId, resolution, series, ...span });
  const minutes = minutesOf(rows, estimate.value, first.id, isByMinute ? 1 : 60);
  return { phase: 'older', cursorMs: fromMs, minutes };
}

const HOUR = 60 * MINUTE;

function minutesOf(
  rows: Awaited<ReturnType<typeof readCutRows>>,
  estimate: Estimate,
  versionId: number,
  width: number,
): MinuteDelta[] {
  return [...rows].flatMap(([bucketS, own]) =>
    spreadOver(width, estimate.count(own)).map((counts, at) => ({
      versionId,
      minute: bucketS / 60 + at,
      ...counts,
    })),
  );
}
