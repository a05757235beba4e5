/** What a writer's latest chunks say for SLOs, read from the durable log once more. */
import type { MinuteDelta } from '../model/deltas.ts';
import { listChunksBehind } from '../store/chunks.ts';
import type { Pool } from '../store/pool.ts';
import type { Writer } from '../store/writers.ts';
import { ChunkError, decodeSection } from './chunk.ts';
import { RollUp, type SloSource } from './rollup.ts';

/** Chunks read at once. */
const BATCH = 50;
/** A checkpoint's time is that of the database as this process knew it. */
const CLOCK_SLACK_MS = 600_000;

/** Minutes by app of a writer's chunks behind its checkpoint, up to `toSeq`. Throws when the database is away. */
export async function countFromLog(
  pool: Pool,
  slos: SloSource,
  writer: Writer,
  toSeq: number,
): Promise<Map<number, MinuteDelta[]>> {
  const rollUp = new RollUp(undefined, slos);
  let seq = writer.checkpointSeq;
  while (seq < toSeq) {
    const limit = Math.min(BATCH, toSeq - seq);
    const rows = await listChunksBehind(pool, writer.id, seq, writer.checkpointAtMs - CLOCK_SLACK_MS, limit);
    if (rows.length === 0) break;
    for (const { body, sectionEnds, duplicates, committedAtMs } of rows) {
      const known = new Set(duplicates);
      let start = 0;
      for (const end of sectionEnds) {
        try {
          rollUp.add(decodeSection(body.subarray(start, end)), known, committedAtMs);
        } catch (error) {
          // Told where it matters: in a take-over, which has nothing else to go by.
          if (!(error instanceof ChunkError)) throw error;
        }
        start = end;
      }
    }
    seq = rows.at(-1)?.seq ?? toSeq;
  }
  return new Map(rollUp.take().map(({ appId, minutes }) => [appId, minutes]));
}
