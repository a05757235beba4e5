/** The database as its operator wants to see it: size, connections, what takes its time. */
import type { Queryable } from '../pool.ts';

export interface DatabaseFacts {
  version: string;
  bytes: number;
  connections: number;
  maxConnections: number;
  /** Of these, ours by what they do: `drainboard-web`, `drainboard-worker` …; '' for others. */
  byApplication: { application: string; count: number; active: number }[];
  /** Longest of the statements that run now, ms; 0 when none does. */
  longestMs: number;
  /** Statements by time since the statistics were reset; null: pg_stat_statements is not there, or not for us. */
  slow: SlowStatement[] | null;
}

export interface SlowStatement {
  /** Normalised by the server: values are $1, $2 … */
  text: string;
  calls: number;
  meanMs: number;
  maxMs: number;
  /** Of the time of all statements of this database, 0–1. */
  share: number;
}

const SLOW_MAX = 8;
/** Normalised texts have no values, and nobody reads a page of SQL. */
const TEXT_MAX = 300;

export async function readDatabase(db: Queryable): Promise<DatabaseFacts> {
  const { rows } = await db.query<{
    version: string;
    bytes: number;
    connections: number;
    max: number;
    longest: number | null;
    applications: { application: string; count: number; active: number }[] | null;
    has_statements: boolean;
  }>(
    `SELECT current_setting('server_version') AS version, pg_database_size(current_database())::bigint AS bytes,
       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::int AS max,
       (SELECT (extract(epoch FROM max(clock_timestamp() - query_start)) * 1000)::int FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()) AS longest,
       (SELECT json_agg(a ORDER BY a.count DESC, a.application) FROM (
          SELECT coalesce(application_name, '') AS application, count(*)::int AS count,
            count(*) FILTER (WHERE state = 'active')::int AS active
          FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1) AS a) AS applications,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') AS has_statements`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('the database did not describe itself');
  return {
    version: row.version,
    bytes: row.bytes,
    connections: row.connections,
    maxConnections: row.max,
    byApplication: row.applications ?? [],
    longestMs: Math.max(0, row.longest ?? 0),
    slow: row.has_statements ? await readSlow(db) : null,
  };
}

/** The extension may be there without its library, or without the right to look: then nothing is known. */
async function readSlow(db: Queryable): Promise<SlowStatement[] | null> {
  await db.query('SAVEPOINT slow');
  try {
    const { rows } = await db.query<{
      text: string;
      calls: number;
      mean: number;
      max: number;
      share: number;
    }>(
      `SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), ${TEXT_MAX}) AS text, calls, mean_exec_time AS mean,
         max_exec_time AS max, total_exec_time / nullif(sum(total_exec_time) OVER (), 0) AS share
       FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       ORDER BY total_exec_time DESC LIMIT ${SLOW_MAX}`,
    );
    return rows.map(({ text, calls, mean, max, share }) => ({
      text,
      calls,
      meanMs: mean,
      maxMs: max,
      share: share ?? 0,
    }));
  } catch {
    await db.query('ROLLBACK TO SAVEPOINT slow');
    return null;
  }
}
