/** Empties the queue of minute counts into the hours that evaluations read. */
import { foldBatch } from '../store/minute-deltas.ts';
import type { Pool } from '../store/pool.ts';

/** Batches of one round: after a back-fill or an outage there is more, and others want the database too. */
const BATCHES_MAX = 20;

export interface FoldOptions {
  /** The newest evaluation that may be under way anywhere: what changes before it is marked as late. */
  closing?: number;
  /** Ends the round between two batches. */
  signal?: AbortSignal | undefined;
}

/**
 * Folds what is there, at most 20 batches; gives the rows folded. Throws what the database throws: batches before are
 * done. Any number of workers may fold at once, whichever dies.
 */
export async function foldMinutes(pool: Pool, { closing = 0, signal }: FoldOptions = {}): Promise<number> {
  let folded = 0;
  for (let batch = 0; batch < BATCHES_MAX && signal?.aborted !== true; batch++) {
    const { rows, isDone } = await foldBatch(pool, closing);
    folded += rows;
    if (isDone) break;
  }
  return folded;
}
