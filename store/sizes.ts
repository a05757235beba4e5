/** How large things are, for benchmarks and for the health of an instance. */
import type { Queryable } from './pool.ts';

/** Process id of the server's backend that answers. */
export async function readServerPid(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}

/** Live size and rows of the large tables, all partitions together, and what the durable log holds. */
export async function listSizes(db: Queryable): Promise<{
  tables: { table: string; bytes: number; rows: number }[];
  chunkMessages: number;
  chunkBytes: number;
}> {
  const { rows: tables } = await db.query<{ table: string; bytes: number }>(
    `SELECT p.relname AS table, sum(pg_total_relation_size(i.inhrelid))::bigint AS bytes
     FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
     WHERE p.relkind = 'p' GROUP BY p.relname ORDER BY bytes DESC`,
  );
  const withRows: { table: string; bytes: number; rows: number }[] = [];
  for (const { table, bytes } of tables) {
    // The name comes from the catalog and is one of ours; identifiers cannot be bound.
    if (!/^[a-z0-9_]+$/.test(table)) continue;
    const { rows } = await db.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`);
    withRows.push({ table, bytes, rows: rows[0]!.n });
  }
  const { rows: chunks } = await db.query<{ messages: number; bytes: number }>(
    `SELECT coalesce(sum(messages), 0)::bigint AS messages, coalesce(sum(octet_length(body)), 0)::bigint AS bytes FROM chunks`,
  );
  return { tables: withRows, chunkMessages: chunks[0]!.messages, chunkBytes: chunks[0]!.bytes };
}
