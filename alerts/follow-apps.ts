/** The step of a round that follows every app's lines to the minute that was closed last, and finds silent drains. */
import { killPoint } from '../model/kill-point.ts';
import {
  claimLiveness,
  deleteOldQuietSpans,
  insertNewLiveness,
  type LivenessRow,
  listQuietSpans,
  type QuietRow,
  readHabitHours,
  readLastLineBefore,
  readLineMinutes,
  updateLiveness,
  writeQuietSpans,
} from '../store/liveness.ts';
import { type Client, type Pool, withTransaction } from '../store/pool.ts';
import { followLines, GapCounts, HABIT_HOURS, limitOf } from './liveness.ts';

/** Apps of one transaction. */
const BATCH = 500;
/** An app is followed from so far back when it is met first, minutes: the longest windows are three days. */
const LOOK_BACK_MINUTES = 4 * 24 * 60;
/** A frozen process must not keep the others from its apps (K-15): the server ends its transaction. */
const IDLE_LIMIT_MS = 10_000;
/** Pages look at silences as far back as periods reach, and the period before. */
const KEPT_MINUTES = 2 * 366 * 24 * 60;
const TRIM_EVERY_MINUTES = 24 * 60;
/** An app younger than this has its habit looked at each hour, others each sixth, in turns. */
const YOUNG_HOURS = 48;
const HABIT_EVERY_HOURS = 6;

/** Follows all apps up to the evaluation `minute` (which sees what lies before it); gives how many were. */
export async function followApps(pool: Pool, minute: number): Promise<number> {
  await insertNewLiveness(pool, {
    fromMinute: minute - LOOK_BACK_MINUTES,
    limitMinutes: limitOf(null),
  });
  if (minute % TRIM_EVERY_MINUTES === 0) await deleteOldQuietSpans(pool, minute - KEPT_MINUTES);
  for (let followed = 0; ; ) {
    const count = await withTransaction(pool, (client) => followBatch(client, minute), {
      idleLimitMs: IDLE_LIMIT_MS,
    });
    followed += count;
    if (count < BATCH) return followed;
  }
}

async function followBatch(client: Client, minute: number): Promise<number> {
  const claimed = await claimLiveness(client, minute, BATCH);
  if (claimed.length === 0) return 0;
  const apps: LivenessRow[] = await withHabits(client, claimed, minute);
  const anchors = new Map<number, { from: number; lastLine: number | null }>();
  for (const app of apps) anchors.set(app.appId, await anchorOf(client, app, minute));
  const lines = await readLineMinutes(
    client,
    apps.map(({ appId }) => ({ appId, fromMinute: anchors.get(appId)?.from ?? minute })),
    minute,
  );
  const earliest = Math.min(...[...anchors.values()].map(({ from, lastLine }) => lastLine ?? from));
  const known = Map.groupBy(
    await listQuietSpans(
      client,
      apps.map((app) => app.appId),
      earliest,
    ),
    (span) => span.appId,
  );
  const updates: LivenessRow[] = [];
  const written: QuietRow[] = [];
  const gone: QuietRow[] = [];
  for (const app of apps) {
    const { appId, limitMinutes } = app;
    const { lastLine } = anchors.get(appId) ?? { lastLine: null };
    const own = lines.get(appId) ?? [];
    const followed = followLines({ lastLine, limitMinutes }, own, minute);
    const difference = compareSpans(
      (known.get(appId) ?? []).filter((span) => span.fromMinute > (lastLine ?? -1)),
      followed.spans.map(({ from, to, known: knownMinute }) => ({
        appId,
        fromMinute: from,
        toMinute: to,
        knownMinute,
      })),
    );
    written.push(...difference.written);
    gone.push(...difference.gone);
    updates.push({
      ...app,
      nextMinute: minute,
      firstLineMinute: least(app.firstLineMinute, own[0] ?? null),
      lastLineMinute: followed.lastLine,
    });
  }
  await writeQuietSpans(client, written, gone);
  await updateLiveness(client, updates);
  killPoint('liveness.before');
  return claimed.length;
}

function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

/** Where following goes on: behind the newest line that is certain. */
async function anchorOf(
  client: Client,
  app: LivenessRow,
  minute: number,
): Promise<{ from: number; lastLine: number | null }> {
  const isAhead = app.nextMinute > minute;
  if (app.lateFromMinute === null && !isAhead) return { from: app.nextMinute, lastLine: app.lastLineMinute };
  const from = Math.min(app.lateFromMinute ?? minute, app.nextMinute, minute);
  return { from, lastLine: await readLastLineBefore(client, app.appId, from) };
}

/** What to write and what to take away, so that `next` is stored; a span known earlier stays known since then. */
function compareSpans(
  known: readonly QuietRow[],
  next: readonly QuietRow[],
): { written: QuietRow[]; gone: QuietRow[] } {
  const byStart = new Map(known.map((span) => [span.fromMinute, span]));
  const written: QuietRow[] = [];
  for (const span of next) {
    const before = byStart.get(span.fromMinute);
    byStart.delete(span.fromMinute);
    const knownMinute = Math.min(span.knownMinute, before?.knownMinute ?? span.knownMinute);
    if (before?.toMinute !== span.toMinute || before.knownMinute !== knownMinute)
      written.push({ ...span, knownMinute });
  }
  return { written, gone: [...byStart.values()] };
}

/** The rows with the limits of those whose habit is due to be looked at. */
async function withHabits(client: Client, rows: LivenessRow[], minute: number): Promise<LivenessRow[]> {
  const hour = Math.floor(minute / 60);
  const due = rows.filter((row) => isHabitDue(row, hour));
  if (due.length === 0) return rows;
  const gaps = new Map<number, GapCounts>();
  const span = { fromHour: hour - HABIT_HOURS, toHour: hour + 1 };
  for (const part of await readHabitHours(
    client,
    due.map((row) => row.appId),
    span,
  )) {
    const counts = gaps.get(part.appId) ?? new GapCounts();
    gaps.set(part.appId, counts);
    if (part.minutes === null) counts.addFullHour(part.hour);
    else for (const line of part.minutes) if (line < minute) counts.addLine(line);
  }
  const limits = new Map(due.map((row) => [row.appId, limitOf(gaps.get(row.appId)?.usualMinutes() ?? null)]));
  return rows.map((row) => {
    const limitMinutes = limits.get(row.appId);
    return limitMinutes === undefined ? row : { ...row, limitMinutes, habitHour: hour };
  });
}

function isHabitDue({ appId, habitHour, firstLineMinute }: LivenessRow, hour: number): boolean {
  if (hour === habitHour) return false;
  const isYoung = firstLineMinute === null || hour - firstLineMinute / 60 < YOUNG_HOURS;
  return isYoung || hour - habitHour >= HABIT_EVERY_HOURS || (hour + appId) % HABIT_EVERY_HOURS === 0;
}
