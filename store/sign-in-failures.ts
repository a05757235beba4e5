/** Failed sign-ins by account and by address, counted per window (table sign_in_failures; SEC-19). */
import type { Queryable } from './pool.ts';

/** Width of a window in seconds. */
export const FAILURE_WINDOW_S = 300;
/** Windows that count together: a subject is free again after at most 15 minutes. */
export const FAILURE_WINDOWS = 3;

/**
 * Counts one attempt for each subject before it is tried, so that attempts sent all at once cannot slip past the
 * bound, and gives the attempts of the last windows, this one included, in the order of the subjects.
 */
export async function countAttempts(db: Queryable, subjects: string[], nowMs: number): Promise<number[]> {
  const windowS = Math.floor(nowMs / 1000 / FAILURE_WINDOW_S) * FAILURE_WINDOW_S;
  // Sorted: two sign-ins that share a subject must lock rows in one order. The count is what the row itself came to:
  // of tries all at once exactly as many as allowed get through.
  const sorted = [...new Set(subjects)].sort();
  const { rows } = await db.query<{ subject: string; failures: number }>(
    `WITH counted AS (
       INSERT INTO sign_in_failures (subject, window_s, failures)
       SELECT unnest($1::text[]), $2, 1
       ON CONFLICT (subject, window_s) DO UPDATE SET failures = sign_in_failures.failures + 1
       RETURNING subject, failures
     )
     SELECT c.subject, c.failures + coalesce((
       SELECT sum(p.failures)::int FROM sign_in_failures p
       WHERE p.subject = c.subject AND p.window_s > $3 AND p.window_s < $2), 0) AS failures
     FROM counted c`,
    [sorted, windowS, windowS - FAILURE_WINDOWS * FAILURE_WINDOW_S],
  );
  const bySubject = new Map(rows.map((row) => [row.subject, row.failures]));
  return subjects.map((subject) => bySubject.get(subject) ?? 0);
}

/** Forgets the attempts of a subject: it was the right person after all. */
export async function forgetAttempts(db: Queryable, subjects: string[]): Promise<void> {
  await db.query('DELETE FROM sign_in_failures WHERE subject = ANY($1)', [subjects]);
}

/** Deletes windows that no longer count. */
export async function deleteOldAttempts(db: Queryable, nowMs: number): Promise<void> {
  await db.query('DELETE FROM sign_in_failures WHERE window_s < $1', [
    Math.floor(nowMs / 1000) - (FAILURE_WINDOWS + 1) * FAILURE_WINDOW_S,
  ]);
}
