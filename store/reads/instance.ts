/** Health of this installation: writers, compaction, size. */
import { PARTITIONED_TABLES } from '../partitions.ts';
import type { Queryable } from '../pool.ts';

export interface WriterInfo {
  id: number;
  holder: string;
  behindChunks: number;
  /** Last sign of life. */
  seenMs: number;
}

/** Writers that are not closed. */
export async function listWriters(db: Queryable): Promise<WriterInfo[]> {
  const { rows } = await db.query<{ id: number; holder: string; behind: number; seen_at: number }>(
    'SELECT id, holder, seq - checkpoint_seq AS behind, seen_at FROM writers WHERE closed_at IS NULL ORDER BY id',
  );
  return rows.map((row) => ({
    id: row.id,
    holder: row.holder,
    behindChunks: row.behind,
    seenMs: row.seen_at,
  }));
}

/** Units whose finer rows changed since they were compacted, and whose time is over (the running ones always are due). */
export async function countDueCompactions(db: Queryable, nowMs: number): Promise<number> {
  const { rows } = await db.query<{ due: number }>(
    `SELECT count(*) AS due FROM compactions
     WHERE done_version < version AND unit_s + CASE resolution_s WHEN 60 THEN 600 ELSE 3600 END <= $1`,
    [Math.floor(nowMs / 1000)],
  );
  return rows[0]?.due ?? 0;
}

/** Bytes on disk by table, partitions and indexes included, biggest first. */
export async function readStorage(db: Queryable): Promise<{ table: string; bytes: number }[]> {
  const { rows } = await db.query<{ table: string; bytes: number }>(
    `SELECT p.relname AS table, coalesce(sum(pg_total_relation_size(i.inhrelid)), 0) AS bytes
     FROM pg_class p LEFT JOIN pg_inherits i ON i.inhparent = p.oid
     WHERE p.relname = ANY ($1) AND p.relkind = 'p' AND p.relnamespace = current_schema()::regnamespace
     GROUP BY p.relname ORDER BY bytes DESC, p.relname`,
    [PARTITIONED_TABLES],
  );
  return rows;
}

/**
 * For the doctor and the health page: the server as it describes itself. readOnly: a follower, or one whose plan is
 * over its size (then INSERT is taken away); not whether this very transaction only reads.
 */
export async function readServer(db: Queryable): Promise<{
  versionNumber: number;
  version: string;
  nowMs: number;
  canCreate: boolean;
  readOnly: boolean;
  maxConnections: number;
  connections: number;
}> {
  const { rows } = await db.query<{
    version_number: number;
    version: string;
    now_ms: number;
    can_create: boolean;
    read_only: boolean;
    max_connections: number;
    connections: number;
  }>(
    `SELECT current_setting('server_version_num')::int AS version_number,
       current_setting('server_version') AS version,
       (extract(epoch from clock_timestamp()) * 1000)::bigint AS now_ms,
       has_schema_privilege(current_schema(), 'CREATE') AS can_create,
       pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'
         OR NOT coalesce(has_table_privilege(to_regclass('chunks')::oid, 'INSERT'), true) AS read_only,
       current_setting('max_connections')::int AS max_connections,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections`,
  );
  const row = rows[0];
  if (!row) throw new Error('the database did not describe itself');
  return {
    versionNumber: row.version_number,
    version: row.version,
    nowMs: row.now_ms,
    canCreate: row.can_create,
    readOnly: row.read_only,
    maxConnections: row.max_connections,
    connections: row.connections,
  };
}

/** Tables of ours that this role may not write to. */
export async function listUnwritableTables(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ table: string }>(
    `SELECT c.relname AS table FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
       AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
         AND (c.relname = 'audit_log' OR has_table_privilege(c.oid, 'DELETE')))
     ORDER BY 1 LIMIT 20`,
  );
  return rows.map((row) => row.table);
}
