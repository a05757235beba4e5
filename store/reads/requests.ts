/** Single requests that were kept (table request_details). */
import type { Queryable } from '../pool.ts';

export interface KeptRequest {
  atMs: number;
  requestId: string | null;
  method: string | null;
  path: string | null;
  host: string | null;
  client: string | null;
  dyno: string | null;
  connectMs: number | null;
  serviceMs: number | null;
  status: number | null;
  bytes: number | null;
  code: string | null;
  release: number | null;
  /** Why it was kept; `log` for one read from the durable log. */
  why: 'bad' | 'slow' | 'sample' | 'log';
  sampleRate: number;
}

export interface RequestQuery {
  appId: number;
  fromMs: number;
  /** Exclusive. */
  toMs: number;
  code?: string | undefined;
  status?: number | undefined;
  dyno?: string | undefined;
  requestId?: string | undefined;
  limit: number;
}

interface RequestRecord {
  at_ms: number;
  request_id: string | null;
  method: string | null;
  path: string | null;
  host: string | null;
  client: string | null;
  dyno: string | null;
  connect_ms: number | null;
  service_ms: number | null;
  status: number | null;
  bytes: number | null;
  code: string | null;
  release: number | null;
  reason: 'bad' | 'slow' | 'sample';
  sample_rate: number;
}

/** Newest first. */
export async function readRequests(db: Queryable, query: RequestQuery): Promise<KeptRequest[]> {
  const { rows } = await db.query<RequestRecord>(
    `SELECT at_ms, request_id, method, path, host, client, dyno, connect_ms, service_ms, status, bytes, code, release,
       reason, sample_rate
     FROM request_details
     WHERE app_id = $1 AND at_ms >= $2 AND at_ms < $3
       AND ($4::text IS NULL OR code = $4) AND ($5::smallint IS NULL OR status = $5)
       AND ($6::text IS NULL OR dyno = $6) AND ($7::text IS NULL OR request_id = $7)
     ORDER BY at_ms DESC LIMIT $8`,
    [
      query.appId,
      query.fromMs,
      query.toMs,
      query.code ?? null,
      query.status ?? null,
      query.dyno ?? null,
      query.requestId ?? null,
      query.limit,
    ],
  );
  return rows.map((row) => ({
    atMs: row.at_ms,
    requestId: row.request_id,
    method: row.method,
    path: row.path,
    host: row.host,
    client: row.client,
    dyno: row.dyno,
    connectMs: row.connect_ms,
    serviceMs: row.service_ms,
    status: row.status,
    bytes: row.bytes,
    code: row.code,
    release: row.release,
    why: row.reason,
    sampleRate: row.sample_rate,
  }));
}
