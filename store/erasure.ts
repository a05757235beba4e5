/**
 * What is left of an app that was removed: its rows go in batches, its sections are cut out of the durable log, and
 * that it happened is recorded. Interruptible at any batch; the app's own row goes last, so that a later
 * round goes on where this one stopped.
 */
import { HOUR, MINUTE } from '../model/time.ts';
import { insertAudit } from './audit.ts';
import { listPartitions, PARTITIONED_TABLES } from './partitions.ts';
import { type Pool, withTransaction } from './pool.ts';

/** Processes that still take the app in learn of its removal within a minute (SEC-03); roll-ups follow within seconds. */
const GRACE_MS = 5 * MINUTE;
/** Whoever was told of an incident hears that it is over before it is erased, unless nobody can be told for so long. */
const TOLD_WITHIN_MS = 12 * HOUR;
/** Small enough that a batch holds locks for milliseconds. */
const BATCH_ROWS = 5_000;
const BATCH_CHUNKS = 200;

/** Tables with rows of one app each, besides the partitioned ones. What is small goes with the app's own row. */
const PLAIN_TABLES = [
  'gaps',
  'quarantine',
  'compactions',
  'series',
  'minute_deltas',
  'app_hours',
  'alert_transitions',
] as const;
/** Tables with many rows of an SLO each. */
const SLO_TABLES = ['slo_hours'] as const;
const OF_ITS_SLOS = 'slo_id IN (SELECT id FROM slos WHERE app_id = $1)';
/** Rows of these hold sections of several apps. */
const SECTION_TABLES = ['chunks', 'log_chunks'] as const;
type SectionTable = (typeof SECTION_TABLES)[number];
/** frames have no app but live for hours. */
const PARTED_TABLES = new Set<string>(
  PARTITIONED_TABLES.filter((table) => table !== 'frames' && !SECTION_TABLES.some((one) => one === table)),
);

export interface Erased {
  app: string;
  rows: number;
  chunks: number;
}

/** Erases what apps removed a while ago left behind. `signal` ends it between two batches. */
export async function eraseRemovedApps(
  pool: Pool,
  { nowMs, signal }: { nowMs: number; signal?: AbortSignal | undefined },
): Promise<Erased[]> {
  // A dead writer's last chunks may still be rolled up for the app: wait until they are.
  const { rows: apps } = await pool.query<{ id: number; name: string }>(
    `SELECT id, name FROM apps a
     WHERE removed_at_ms <= $1 AND NOT EXISTS (
       SELECT FROM writers w WHERE w.closed_at IS NULL AND w.checkpoint_seq < w.seq AND w.checkpoint_at_ms < a.removed_at_ms
     ) AND (removed_at_ms <= $2 OR NOT EXISTS (
       SELECT FROM incidents i WHERE i.app_id = a.id AND (i.state <> 'resolved' OR EXISTS (
         SELECT FROM notifications n WHERE n.incident_id = i.id AND n.state IN ('waiting', 'sending')))
     ))
     ORDER BY id`,
    [nowMs - GRACE_MS, nowMs - TOLD_WITHIN_MS],
  );
  const erased: Erased[] = [];
  for (const app of apps) {
    const rows = await eraseRows(pool, app.id, signal);
    const chunks = await eraseSections(pool, app.id, signal);
    if (signal?.aborted === true) break;
    await finishApp(pool, app, { rows, chunks, nowMs });
    erased.push({ app: app.name, rows, chunks });
  }
  return erased;
}

async function eraseRows(pool: Pool, appId: number, signal?: AbortSignal): Promise<number> {
  const partitions = (await listPartitions(pool)).filter(({ table }) => PARTED_TABLES.has(table));
  let rows = 0;
  for (const name of [...partitions.map((partition) => partition.name), ...PLAIN_TABLES]) {
    rows += await deleteInBatches(pool, name, 'app_id = $1', [appId], signal);
  }
  for (const name of SLO_TABLES) rows += await deleteInBatches(pool, name, OF_ITS_SLOS, [appId], signal);
  return rows;
}

/** Deletes rows of one table (a partition, not a partitioned one) a batch a statement; gives how many. */
export async function deleteInBatches(
  pool: Pool,
  table: string,
  condition: string,
  values: unknown[],
  signal?: AbortSignal,
): Promise<number> {
  const name = `"${table.replaceAll('"', '""')}"`;
  let total = 0;
  for (;;) {
    if (signal?.aborted === true) return total;
    const rows = await deleteBatch(
      pool,
      `DELETE FROM ${name} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${name} WHERE ${condition} LIMIT ${BATCH_ROWS}))`,
      values,
    );
    total += rows;
    if (rows < BATCH_ROWS) return total;
  }
}

async function deleteBatch(pool: Pool, statement: string, values: unknown[]): Promise<number> {
  try {
    return (await pool.query(statement, values)).rowCount ?? 0;
  } catch (error) {
    // Retired meanwhile: its rows are gone too.
    if ((error as { code?: string }).code === '42P01') return 0;
    throw error;
  }
}

/** All of an app's, of the durable log and of lines that are not in blocks yet. */
async function eraseSections(pool: Pool, appId: number, signal?: AbortSignal): Promise<number> {
  let chunks = 0;
  for (const table of SECTION_TABLES) {
    chunks += await cutSections(pool, appId, { table, beforeMs: Number.MAX_SAFE_INTEGER, signal });
  }
  return chunks;
}

/**
 * Cuts an app's sections out of the log's chunks that were committed before an instant; gives how many. Their room on
 * disk comes back when their partition goes.
 */
export async function cutSections(
  pool: Pool,
  appId: number,
  {
    table = 'chunks',
    beforeMs,
    signal,
  }: { table?: SectionTable; beforeMs: number; signal?: AbortSignal | undefined },
): Promise<number> {
  const partitions = (await listPartitions(pool)).filter(
    (partition) => partition.table === table && partition.from < beforeMs,
  );
  let chunks = 0;
  for (const { from, to } of partitions) {
    for (;;) {
      if (signal?.aborted === true) return chunks;
      const { rowCount } = await pool.query(cutSectionsOf(table), [appId, from, Math.min(to, beforeMs)]);
      chunks += rowCount ?? 0;
      if ((rowCount ?? 0) < BATCH_CHUNKS) break;
    }
  }
  return chunks;
}

/** section_ends[i - 1] is where section i begins; later ends move forward by the section's length. */
const cutSectionsOf = (table: SectionTable): string => `
UPDATE ${table} c SET
  body = overlay(c.body PLACING ''::bytea FROM s.start + 1 FOR s.length),
  app_ids = array_remove(c.app_ids, $1::int),
  section_ends = ARRAY(
    SELECT CASE WHEN e.i > s.i THEN e.section_end - s.length ELSE e.section_end END
    FROM unnest(c.section_ends) WITH ORDINALITY AS e (section_end, i) WHERE e.i <> s.i ORDER BY e.i)
FROM (
  SELECT committed_at_ms, writer_id, seq, i, coalesce(section_ends[i - 1], 0) AS start,
    section_ends[i] - coalesce(section_ends[i - 1], 0) AS length
  FROM (
    SELECT committed_at_ms, writer_id, seq, section_ends, array_position(app_ids, $1::int) AS i FROM ${table}
    WHERE committed_at_ms >= $2 AND committed_at_ms < $3 AND app_ids @> ARRAY[$1::int] LIMIT ${BATCH_CHUNKS}
  ) AS found
) AS s
WHERE c.committed_at_ms >= $2 AND c.committed_at_ms < $3
  AND (c.committed_at_ms, c.writer_id, c.seq) = (s.committed_at_ms, s.writer_id, s.seq)`;

async function finishApp(
  pool: Pool,
  app: { id: number; name: string },
  { rows, chunks, nowMs }: { rows: number; chunks: number; nowMs: number },
): Promise<void> {
  await withTransaction(pool, async (client) => {
    // Drains and secrets go with it.
    const { rowCount } = await client.query('DELETE FROM apps WHERE id = $1', [app.id]);
    if (rowCount !== 1) return;
    await insertAudit(client, {
      atMs: nowMs,
      actor: 'worker',
      action: 'app.erase',
      subject: app.name,
      address: '',
      after: { rows, chunks },
    });
  });
}
