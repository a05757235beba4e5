/** Up to where retention has deleted what a range is read from. */
import { HOUR, SECOND } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import type { Kept } from './plan.ts';
import type { ReadRange } from './range.ts';

/**
 * The first second that is still kept at the width a range is read in, epoch seconds; behind the end of the range when
 * none of it is, null when all of it is. Rows of 10 s and 1 min go when retention says so (table `retired`). Of hours it
 * is how long they are kept: they may stand up to a partition longer, and what is there is read.
 */
export async function readKeptFromS(
  db: Queryable,
  range: ReadRange,
  nowMs: number,
  kept: Kept,
): Promise<number | null> {
  const beforeS =
    range.resolutionS === 3600
      ? Math.floor((nowMs - kept.keep1hMs) / HOUR) * (HOUR / SECOND)
      : await readRetiredS(db, range.resolutionS);
  return beforeS > range.fromS ? beforeS : null;
}

async function readRetiredS(db: Queryable, resolutionS: 10 | 60): Promise<number> {
  const { rows } = await db.query<{ before_s: number }>(
    'SELECT before_s FROM retired WHERE table_name = $1',
    [resolutionS === 10 ? 'count_buckets_10s' : 'count_buckets_1m'],
  );
  return rows[0]?.before_s ?? 0;
}
