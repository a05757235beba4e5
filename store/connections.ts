import type { Queryable } from './pool.ts';

/**
 * How many connections this role may have open in this database: the least of what the server, the role and the
 * database allow. Heroku's Essential plans limit the role (20 or 40), larger ones the server.
 */
export async function readConnectionLimit(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ limit: number }>(
    `SELECT least(
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0),
       (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
       (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())) AS limit`,
  );
  return rows[0]?.limit ?? 0;
}
