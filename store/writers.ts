/**
 * Writers: processes that take frames in. A writer's row orders its chunks (`seq`), says how far they are rolled up
 * (`checkpoint_seq`), and fences it off once another took its place (`epoch`). Leases run on the database's clock.
 */
import type { Queryable } from './pool.ts';

/** A writer without a sign of life for this long is taken over. Signs of life come with each commit and each 3 s. */
export const WRITER_LEASE_S = 12;

export interface Writer {
  id: number;
  epoch: number;
  seq: number;
  checkpointSeq: number;
  checkpointAtMs: number;
}

interface WriterRecord {
  id: number;
  epoch: number;
  seq: number;
  checkpoint_seq: number;
  checkpoint_at_ms: number;
}

const COLUMNS = 'id, epoch, seq, checkpoint_seq, checkpoint_at_ms';
/** The database's clock as epoch ms. */
export const DATABASE_NOW_MS = `(extract(epoch from clock_timestamp()) * 1000)::bigint`;

function toWriter(record: WriterRecord): Writer {
  return {
    id: record.id,
    epoch: record.epoch,
    seq: record.seq,
    checkpointSeq: record.checkpoint_seq,
    checkpointAtMs: record.checkpoint_at_ms,
  };
}

/**
 * Registers this process as a new writer; also gives the database's clock. Epochs begin anywhere: in a database that was
 * restored from an older copy the same id is given out once more, and must be no writer of before (P-23).
 */
export async function insertWriter(
  db: Queryable,
  holder: string,
): Promise<{ writer: Writer; databaseNowMs: number }> {
  const { rows } = await db.query<WriterRecord & { now_ms: number }>(
    `INSERT INTO writers (holder, epoch, checkpoint_at_ms)
     VALUES ($1, 1 + floor(random() * 1000000000)::int, ${DATABASE_NOW_MS})
     RETURNING ${COLUMNS}, checkpoint_at_ms AS now_ms`,
    [holder],
  );
  const record = rows[0]!;
  return { writer: toWriter(record), databaseNowMs: record.now_ms };
}

/** The newest sign of life of any writer, and whether that one had closed; null before the first. */
export async function readLastSign(
  db: Queryable,
): Promise<{ seenAtMs: number; isClosed: boolean; databaseNowMs: number } | null> {
  const { rows } = await db.query<{ seen_at_ms: number; closed: boolean; now_ms: number }>(
    `SELECT (extract(epoch from greatest(seen_at, closed_at)) * 1000)::bigint AS seen_at_ms,
       closed_at IS NOT NULL AS closed, ${DATABASE_NOW_MS} AS now_ms
     FROM writers ORDER BY greatest(seen_at, closed_at) DESC LIMIT 1`,
  );
  const row = rows[0];
  return row === undefined
    ? null
    : { seenAtMs: row.seen_at_ms, isClosed: row.closed, databaseNowMs: row.now_ms };
}

/** Renews the lease; false when the writer was taken over or closed. */
export async function renewWriter(db: Queryable, writer: { id: number; epoch: number }): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE writers SET seen_at = clock_timestamp() WHERE id = $1 AND epoch = $2 AND closed_at IS NULL`,
    [writer.id, writer.epoch],
  );
  return rowCount === 1;
}

/** Where a writer stands now, for settling a commit whose outcome is unknown; null when the row is gone. */
export async function readWriter(db: Queryable, id: number): Promise<(Writer & { closed: boolean }) | null> {
  const { rows } = await db.query<WriterRecord & { closed: boolean }>(
    `SELECT ${COLUMNS}, closed_at IS NOT NULL AS closed FROM writers WHERE id = $1`,
    [id],
  );
  return rows[0] ? { ...toWriter(rows[0]), closed: rows[0].closed } : null;
}

/**
 * Takes over one writer whose lease ran out: its epoch grows, so that whatever it still tries finds no row. The
 * update waits for a commit of the dead writer that is still under way in the server, so every chunk is seen. A
 * process leaves its own writer alone, however late it is after an outage. null when there is none.
 */
export async function claimExpiredWriter(
  db: Queryable,
  holder: string,
  ownWriterId: number | null,
): Promise<Writer | null> {
  const { rows } = await db.query<WriterRecord>(
    `UPDATE writers SET epoch = epoch + 1, holder = $1, seen_at = clock_timestamp()
     WHERE id = (
       SELECT id FROM writers
       WHERE closed_at IS NULL AND seen_at < clock_timestamp() - make_interval(secs => $2)
         AND id IS DISTINCT FROM $3::int
       ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
     )
     RETURNING ${COLUMNS}`,
    [holder, WRITER_LEASE_S, ownWriterId],
  );
  return rows[0] ? toWriter(rows[0]) : null;
}

/**
 * Moves the checkpoint inside the roll-up's transaction; false when fenced off or already moved, and when the chunks up
 * to there are not in this database: a failover lost them, and buckets hold what the log holds.
 */
export async function moveCheckpoint(
  db: Queryable,
  writer: { id: number; epoch: number },
  from: number,
  to: { seq: number; atMs: number },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE writers SET checkpoint_seq = $4, checkpoint_at_ms = $5, seen_at = clock_timestamp()
     WHERE id = $1 AND epoch = $2 AND checkpoint_seq = $3 AND seq >= $4 AND closed_at IS NULL`,
    [writer.id, writer.epoch, from, to.seq, to.atMs],
  );
  return rowCount === 1;
}

/** Closes a writer whose chunks are all rolled up; false when there is more to do or it is not ours. */
export async function closeWriter(db: Queryable, writer: { id: number; epoch: number }): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE writers SET closed_at = clock_timestamp()
     WHERE id = $1 AND epoch = $2 AND checkpoint_seq = seq AND closed_at IS NULL`,
    [writer.id, writer.epoch],
  );
  return rowCount === 1;
}
