/** Connections for reading: bounded in time by the server itself, so that a heavy page cannot hold one (P-24). */
import { type Client, type Pool, withTransaction } from '../store/pool.ts';
import { READ_TIMEOUT_MS } from './deps.ts';

export function reading<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  return withTransaction(pool, work, { readOnly: true, statementTimeoutMs: READ_TIMEOUT_MS });
}
