/** Counting of the time before an SLO's first version (table slo_backfills): whose turn it is, and each step's result. */
import type { MinuteDelta } from '../model/deltas.ts';
import type { CutRow } from '../model/slo-estimate.ts';
import { copyMinuteDeltas } from './minute-deltas.ts';
import { type Pool, type Queryable, withTransaction } from './pool.ts';
import type { SloHistory } from './slos.ts';

export interface Backfill {
  sloId: number;
  appId: number;
  phase: SloHistory['phase'];
  /** exact: commit time up to which the log has been read; older: start of what buckets have told, epoch ms. */
  cursorMs: number;
  exactFromMinute: number | null;
  /** When the app's first frame came; null before. */
  firstReceivedAtMs: number | null;
}

/** A step takes seconds; one that took so long died, and another may go on. */
const CLAIM_S = 120;

/** One that nobody works at, for two minutes; null when there is none. */
export async function claimBackfill(db: Queryable): Promise<Backfill | null> {
  const { rows } = await db.query<{
    slo_id: number;
    app_id: number;
    phase: SloHistory['phase'];
    cursor_ms: number;
    exact_from_minute: number | null;
    first_received_at_ms: number | null;
  }>(
    `UPDATE slo_backfills b SET claimed_until = clock_timestamp() + make_interval(secs => $1)
     FROM slos s
     WHERE s.id = b.slo_id AND b.slo_id = (
       SELECT slo_id FROM slo_backfills WHERE phase <> 'done' AND claimed_until < clock_timestamp()
       ORDER BY claimed_until, slo_id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING b.slo_id, s.app_id, b.phase, b.cursor_ms, b.exact_from_minute,
       (SELECT min(d.first_received_at_ms) FROM drains d WHERE d.app_id = s.app_id) AS first_received_at_ms`,
    [CLAIM_S],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    sloId: row.slo_id,
    appId: row.app_id,
    phase: row.phase,
    cursorMs: row.cursor_ms,
    exactFromMinute: row.exact_from_minute,
    firstReceivedAtMs: row.first_received_at_ms,
  };
}

/** Leaves it to whoever comes, in so many seconds. */
export async function releaseBackfill(db: Queryable, sloId: number, seconds: number): Promise<void> {
  await db.query(
    'UPDATE slo_backfills SET claimed_until = clock_timestamp() + make_interval(secs => $2) WHERE slo_id = $1',
    [sloId, seconds],
  );
}

/** What a step did; what is left out stays. */
export interface BackfillStep {
  phase: SloHistory['phase'];
  cursorMs: number;
  exactFromMinute?: number | undefined;
  note?: string | undefined;
  minutes: readonly MinuteDelta[];
}

/**
 * Enters a step's counts and moves on, in one transaction; false when another did this step before: nothing of it is
 * there twice, however often it was tried.
 */
export async function writeBackfillStep(
  pool: Pool,
  backfill: Backfill,
  step: BackfillStep,
  nowMs: number,
): Promise<boolean> {
  const counted = step.minutes.filter(({ events }) => events > 0);
  const first = counted.reduce((least, { minute }) => Math.min(least, minute), Number.POSITIVE_INFINITY);
  return await withTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE slo_backfills SET phase = $4, cursor_ms = $5, exact_from_minute = coalesce($6, exact_from_minute),
         history_from_minute = least(history_from_minute, $7), note = coalesce($8, note),
         done_at_ms = CASE WHEN $4 = 'done' THEN $9::bigint END
       WHERE slo_id = $1 AND phase = $2 AND cursor_ms = $3`,
      [
        backfill.sloId,
        backfill.phase,
        backfill.cursorMs,
        step.phase,
        step.cursorMs,
        step.exactFromMinute ?? null,
        Number.isFinite(first) ? first : null,
        step.note ?? null,
        nowMs,
      ],
    );
    if (rowCount !== 1) return false;
    await copyMinuteDeltas(client, [{ appId: backfill.appId, minutes: [...counted] }]);
    return true;
  });
}

/** Since when the log has all of an app: commit time of its oldest chunk, of whatever app; null without any. */
export async function readOldestChunkMs(db: Queryable, appId: number): Promise<number | null> {
  const { rows } = await db.query<{ at_ms: number | null }>(
    `SELECT CASE WHEN min(committed_at_ms) IS NOT NULL THEN
         greatest(min(committed_at_ms), (SELECT chunks_before_ms FROM app_cuts WHERE app_id = $1)) END AS at_ms
     FROM chunks`,
    [appId],
  );
  return rows[0]?.at_ms ?? null;
}

/** Series of an app by kind. */
export async function listSeriesOfKinds(
  db: Queryable,
  appId: number,
  kinds: readonly number[],
): Promise<{ id: number; kind: number; key: string }[]> {
  const { rows } = await db.query<{ id: number; kind: number; key: string }>(
    'SELECT id, kind, key FROM series WHERE app_id = $1 AND kind = ANY ($2::smallint[])',
    [appId, kinds],
  );
  return rows;
}

/** Before this second buckets of a minute are gone, and only those of an hour are left. */
export async function readMinutesRetiredS(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ before_s: number }>(
    "SELECT before_s FROM retired WHERE table_name = 'count_buckets_1m'",
  );
  return rows[0]?.before_s ?? 0;
}

/** Rows of some series in [fromS, toS), by start of their bucket. */
export async function readCutRows(
  db: Queryable,
  input: {
    appId: number;
    resolution: '1m' | '1h';
    series: readonly { id: number; kind: number; key: string }[];
    fromS: number;
    toS: number;
  },
): Promise<Map<number, CutRow[]>> {
  const { rows } = await db.query<{
    bucket_s: number;
    series_id: number;
    count: number;
    bad: number | null;
    excluded: number | null;
    platform: number | null;
    service_hist: Buffer | null;
  }>(
    `SELECT bucket_s, series_id, count, bad, excluded, platform, service_hist FROM count_buckets_${input.resolution}
     WHERE app_id = $1 AND series_id = ANY ($2::int[]) AND bucket_s >= $3 AND bucket_s < $4`,
    [input.appId, input.series.map(({ id }) => id), input.fromS, input.toS],
  );
  const names = new Map(input.series.map((each) => [each.id, each]));
  const cut = rows.map((row) => ({
    bucketS: row.bucket_s,
    kind: names.get(row.series_id)?.kind ?? 0,
    key: names.get(row.series_id)?.key ?? '',
    count: row.count,
    bad: row.bad ?? 0,
    excluded: row.excluded ?? 0,
    platform: row.platform ?? 0,
    serviceHist: row.service_hist,
  }));
  return Map.groupBy(cut, (row) => row.bucketS);
}
