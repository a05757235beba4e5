/** Empties the queue of minute counts into the hours that evaluations read. */
import { foldBatch } from '../store/minute-deltas.ts';
import type { Pool } from '../store/pool.ts';

/** Batches of one round: after a back-fill or an outage there is more, and others want the database too. */
const BATCHES_MAX = 20;

/**
 * Folds what is there, at most 20 batches; gives the rows folded. Throws what the database throws: batches before are
 * done. Any number of workers may fold at once, whichever dies.
 */
export async function foldMinutes(pool: Pool, signal?: AbortSignal): Promise<number> {
  let folded = 0;
  for (let batch = 0; batch < BATCHES_MAX && signal?.aborted !== true; batch++) {
    const { rows, isDone } = await foldBatch(pool);
    folded += rows;
    if (isDone) break;
  }
  return folded;
}
