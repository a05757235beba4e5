/** Requests with one code that were kept (table request_details): what they have in common. */
import type { Queryable } from '../pool.ts';

/** One kept request, as far as it is asked what they have in common. */
export interface KeptOfCode {
  atMs: number;
  /** `GET /cart/{id}`. */
  path: string;
  dyno: string;
  host: string;
  client: string;
  status: string;
  connectMs: number | null;
  serviceMs: number | null;
  /** How many requests it stands for. */
  weight: number;
}

export interface KeptSummary {
  /** Kept requests with the code in the range. */
  rows: number;
  /** Different addresses, exact for what was kept; null when none has any. */
  clients: number | null;
  /** All of them, or a uniform choice of KEPT_READ_MAX. */
  read: KeptOfCode[];
}

/** Shares of so many are at most about 2 % off, and they are a page's worth of bytes. */
export const KEPT_READ_MAX = 2_000;

/**
 * The choice is by a hash of the request id, so that the same question has the same answer. In ages without any
 * bound on the number of rows but that of the range: 170,000 kept rows of a busy day take some 60 ms.
 */
export async function readKeptOfCode(
  db: Queryable,
  query: { appId: number; fromMs: number; toMs: number; code: string },
): Promise<KeptSummary> {
  const { rows } = await db.query<{
    at_ms: number;
    method: string | null;
    path_shape: string | null;
    dyno: string | null;
    host: string | null;
    client: string | null;
    status: number | null;
    connect_ms: number | null;
    service_ms: number | null;
    weight: number;
    all_rows: number;
    clients: number;
  }>(
    `WITH matched AS MATERIALIZED (
       SELECT at_ms, method, path_shape, dyno, host, client, status, connect_ms, service_ms, request_id,
         (1 / nullif(sample_rate, 0))::float8 AS weight
       FROM request_details WHERE app_id = $1 AND at_ms >= $2 AND at_ms < $3 AND code = $4
     )
     SELECT m.at_ms, m.method, m.path_shape, m.dyno, m.host, m.client, m.status, m.connect_ms, m.service_ms,
       coalesce(m.weight, 1) AS weight, t.all_rows, t.clients
     FROM (SELECT * FROM matched ORDER BY hashtext(coalesce(request_id, at_ms::text)), at_ms LIMIT ${KEPT_READ_MAX}) AS m,
       (SELECT count(*)::int AS all_rows, count(DISTINCT client)::int AS clients FROM matched) AS t`,
    [query.appId, query.fromMs, query.toMs, query.code],
  );
  return {
    rows: rows[0]?.all_rows ?? 0,
    clients: rows[0]?.clients || null,
    read: rows.map((row) => ({
      atMs: row.at_ms,
      path: row.path_shape === null ? '' : `${row.method ?? ''} ${row.path_shape}`.trim(),
      dyno: row.dyno ?? '',
      host: row.host ?? '',
      client: row.client ?? '',
      status: row.status === null ? '' : String(row.status),
      connectMs: row.connect_ms,
      serviceMs: row.service_ms,
      weight: row.weight,
    })),
  };
}
