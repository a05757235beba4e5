/**
 * Leases: duties that one process at a time should have (table leases). By the database's clock (T-07); the epoch
 * is a fencing token: whoever takes a lease over raises it, and what the former holder still tries finds no row.
 */
import type { Pool, Queryable } from './pool.ts';

/** A holder that gives no sign for this long is taken over. */
export const LEASE_S = 15;
/** How often a holder renews: two may fail before the lease runs out. */
export const LEASE_RENEW_MS = 5_000;

export interface Lease {
  name: string;
  holder: string;
  epoch: number;
}

/** Another process has taken the lease over: what was under way must not be finished. */
export class LeaseLostError extends Error {
  override name = 'LeaseLostError';
}

/** Takes a lease that is free, released or run out; null while another process holds it. */
export async function claimLease(db: Queryable, name: string, holder: string): Promise<Lease | null> {
  const { rows } = await db.query<{ epoch: number }>(
    `INSERT INTO leases (name, holder, expires_at)
     VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
     ON CONFLICT (name) DO UPDATE
       SET holder = excluded.holder, epoch = leases.epoch + 1, expires_at = excluded.expires_at
       WHERE leases.expires_at <= clock_timestamp()
     RETURNING epoch`,
    [name, holder, LEASE_S],
  );
  return rows[0] === undefined ? null : { name, holder, epoch: rows[0].epoch };
}

/** Prolongs a lease; false when it was taken over. One that ran out unnoticed by others is still ours. */
export async function renewLease(db: Queryable, lease: Lease): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => $3)
     WHERE name = $1 AND epoch = $2`,
    [lease.name, lease.epoch, LEASE_S],
  );
  return rowCount === 1;
}

/** Gives a lease back, so that a successor need not wait. One that was lost is left alone. */
export async function releaseLease(db: Queryable, lease: Lease): Promise<void> {
  await db.query(`UPDATE leases SET expires_at = clock_timestamp() WHERE name = $1 AND epoch = $2`, [
    lease.name,
    lease.epoch,
  ]);
}

/**
 * Throws LeaseLostError unless the lease is still ours. As the last statement of a transaction it fences that
 * transaction (K-15): the row stays locked until the end, so nobody takes the lease over in between.
 */
export async function requireLease(db: Queryable, lease: Lease): Promise<void> {
  const { rowCount } = await db.query(`SELECT FROM leases WHERE name = $1 AND epoch = $2 FOR SHARE`, [
    lease.name,
    lease.epoch,
  ]);
  if (rowCount !== 1) throw new LeaseLostError(`the lease ${lease.name} was taken over`);
}

/**
 * Does a round of work as the one holder of a lease, renewed meanwhile and given back after. False, without
 * doing anything, while another process holds it, and when it was lost half-way: its taker does the rest. The work
 * fences itself with `requireLease`; whatever else it throws is thrown.
 */
export async function withLease(
  pool: Pool,
  { name, holder }: { name: string; holder: string },
  work: (lease: Lease) => Promise<void>,
): Promise<boolean> {
  const lease = await claimLease(pool, name, holder);
  if (lease === null) return false;
  // A failure to renew shows in the work itself; a lost lease shows through its fence.
  const renewing = setInterval(() => void renewLease(pool, lease).catch(() => false), LEASE_RENEW_MS);
  try {
    await work(lease);
    return true;
  } catch (error) {
    if (error instanceof LeaseLostError) return false;
    throw error;
  } finally {
    clearInterval(renewing);
    // Given back or not, it runs out by itself.
    await releaseLease(pool, lease).catch(() => {});
  }
}
