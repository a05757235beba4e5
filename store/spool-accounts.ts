/**
 * The account of the spool's entries (table spool_entries): what was acknowledged from it, and what became of each. An
 * entry that is neither moved nor in the stream any more is lost, and becomes a gap (D-05, D-06).
 */
import type { Pool, Queryable } from './pool.ts';
import { withTransaction } from './pool.ts';

/** One app's part of an entry. */
export interface SpoolAccount {
  appId: number;
  messages: number;
  fromMs: number;
  toMs: number;
}

/** An entry by whoever appended it. */
export interface SpoolEntryRow {
  writer: string;
  number: number;
  /** Its id in the stream, `ms-count`. */
  streamId: string;
  accounts: SpoolAccount[];
}

/** Enters what was appended. An entry that was moved meanwhile stays moved. */
export async function insertSpoolEntries(db: Queryable, entries: readonly SpoolEntryRow[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = [...entries].sort((a, b) => a.number - b.number);
  await db.query(
    `INSERT INTO spool_entries (spool_writer, number, stream_ms, stream_count, accounts)
     SELECT w, n, m, c, a FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::jsonb[]) AS r (w, n, m, c, a)
     ON CONFLICT (spool_writer, number) DO UPDATE SET
       stream_ms = excluded.stream_ms, stream_count = excluded.stream_count, accounts = excluded.accounts`,
    [
      rows.map((row) => row.writer),
      rows.map((row) => row.number),
      rows.map((row) => Number(row.streamId.split('-')[0])),
      rows.map((row) => Number(row.streamId.split('-')[1] ?? 0)),
      rows.map((row) => JSON.stringify(row.accounts)),
    ],
  );
}

/** Whether the database takes writes at all: changes nothing, throws as a write would. */
export async function pingWrite(db: Queryable): Promise<void> {
  await db.query(`INSERT INTO spool_entries (spool_writer, number) SELECT '', 0 WHERE false`);
}

/** Notes that entries are committed. Before they leave the stream, or they would pass for lost. */
export async function markSpoolMoved(
  db: Queryable,
  entries: readonly { writer: string; number: number }[],
): Promise<void> {
  if (entries.length === 0) return;
  await db.query(
    `INSERT INTO spool_entries (spool_writer, number, fate)
     SELECT DISTINCT w, n, 'moved' FROM unnest($1::text[], $2::bigint[]) AS r (w, n) ORDER BY w, n
     ON CONFLICT (spool_writer, number) DO UPDATE SET fate = 'moved', changed_at = clock_timestamp()
       WHERE spool_entries.fate IS NULL`,
    [entries.map((entry) => entry.writer), entries.map((entry) => entry.number)],
  );
}

/** Those of the apps that are removed, or gone altogether: their lines must not come back from the spool. */
export async function listRemovedApps(db: Queryable, appIds: readonly number[]): Promise<number[]> {
  const { rows } = await db.query<{ id: number }>(
    `SELECT id FROM unnest($1::int[]) AS a (id)
     WHERE NOT EXISTS (SELECT FROM apps WHERE apps.id = a.id AND apps.removed_at_ms IS NULL)`,
    [appIds],
  );
  return rows.map((row) => row.id);
}

/** Bytes of an entry kept in quarantine; entries are a fraction of it. */
const QUARANTINE_ENTRY_MAX_BYTES = 4 * 1024 * 1024;

export interface QuarantinedEntry {
  /** null for bytes that are no entry. */
  name: { writer: string; number: number } | null;
  reason: string;
  /** As far as it could be read; empty when it could not: then its sender's account says what was in it. */
  accounts: SpoolAccount[];
  bytes: Buffer;
}

/** Keeps an entry that can never be committed, and notes its fate; its gaps follow (`tellSpoolGaps`). */
export async function quarantineSpoolEntry(pool: Pool, entry: QuarantinedEntry): Promise<void> {
  const { name, reason, accounts, bytes } = entry;
  await withTransaction(pool, async (client) => {
    await client.query(
      `INSERT INTO spool_quarantine (spool_writer, number, reason, app_ids, size_bytes, bytes)
       VALUES ($1, $2, $3, $4::int[], $5, $6)`,
      [
        name?.writer ?? '',
        name?.number ?? 0,
        reason,
        accounts.map((account) => account.appId),
        bytes.length,
        bytes.subarray(0, QUARANTINE_ENTRY_MAX_BYTES),
      ],
    );
    if (name === null) return;
    await client.query(
      `INSERT INTO spool_entries (spool_writer, number, fate, accounts) VALUES ($1, $2, 'damaged', $3)
       ON CONFLICT (spool_writer, number) DO UPDATE SET fate = 'damaged', changed_at = clock_timestamp(),
         accounts = coalesce(spool_entries.accounts, excluded.accounts)
       WHERE spool_entries.fate IS NULL`,
      [name.writer, name.number, accounts.length === 0 ? null : JSON.stringify(accounts)],
    );
  });
}

/** Whether there are damaged entries whose gaps are still to be entered. */
export async function hasUntoldDamage(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>(
    `SELECT EXISTS (
       SELECT FROM spool_entries WHERE accounts IS NOT NULL AND fate = 'damaged' AND NOT is_told
     ) AS found`,
  );
  return rows[0]?.found === true;
}

/** Entries that are accounted for, wait, and are not in a stream whose oldest entry is that (null: an empty one). */
export async function listMissingSpoolEntries(
  db: Queryable,
  oldestStreamId: string | null,
  limit: number,
): Promise<{ writer: string; number: number }[]> {
  const [ms, count] = (oldestStreamId ?? '').split('-').map(Number);
  const { rows } = await db.query<{ spool_writer: string; number: number }>(
    `SELECT spool_writer, number FROM spool_entries
     WHERE accounts IS NOT NULL AND fate IS NULL AND ($1::bigint IS NULL OR (stream_ms, stream_count) < ($1, $2::bigint))
     ORDER BY stream_ms, stream_count LIMIT $3`,
    oldestStreamId === null ? [null, null, limit] : [ms, count, limit],
  );
  return rows.map((row) => ({ writer: row.spool_writer, number: row.number }));
}

/** What became gaps. */
export interface ToldGap {
  cause: 'spoolLost' | 'spoolDamaged';
  appId: number;
  messages: number;
}

interface FateRow {
  spool_writer: string;
  number: number;
  accounts: SpoolAccount[];
}

/**
 * Notes entries as lost, and enters gaps for them and for damaged ones: each exactly once, whoever asks at the same
 * time. One gap an app and cause, however many entries it is made of.
 */
export async function tellSpoolGaps(
  pool: Pool,
  lost: readonly { writer: string; number: number }[],
): Promise<ToldGap[]> {
  return await withTransaction(pool, async (client) => {
    const { rows: gone } = await client.query<FateRow>(
      `UPDATE spool_entries e SET fate = 'lost', is_told = true, changed_at = clock_timestamp()
       WHERE fate IS NULL AND (spool_writer, number) IN (
         SELECT spool_writer, number FROM spool_entries
         WHERE (spool_writer, number) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))
         ORDER BY spool_writer, number FOR UPDATE
       ) AND accounts IS NOT NULL
       RETURNING spool_writer, number, accounts`,
      [lost.map((entry) => entry.writer), lost.map((entry) => entry.number)],
    );
    const { rows: damaged } = await client.query<FateRow>(
      `UPDATE spool_entries SET is_told = true, changed_at = clock_timestamp()
       WHERE (spool_writer, number) IN (
         SELECT spool_writer, number FROM spool_entries
         WHERE fate = 'damaged' AND NOT is_told AND accounts IS NOT NULL
         ORDER BY spool_writer, number LIMIT 1000 FOR UPDATE SKIP LOCKED
       )
       RETURNING spool_writer, number, accounts`,
    );
    const gaps = [...gapsOf('spoolLost', gone), ...gapsOf('spoolDamaged', damaged)];
    for (const gap of gaps) {
      await client.query(
        `INSERT INTO gaps (app_id, drain_id, cause, from_ms, to_ms, messages, dedupe_key)
         SELECT $1, 0, $2, $3, $4, $5, $6 WHERE EXISTS (SELECT FROM apps WHERE id = $1)
         ON CONFLICT (app_id, drain_id, dedupe_key) DO NOTHING`,
        [gap.appId, gap.cause, gap.fromMs, gap.toMs, gap.messages, gap.dedupeKey],
      );
    }
    return gaps;
  });
}

interface Gap extends ToldGap, SpoolAccount {
  dedupeKey: string;
}

/** One gap an app: from the first to the last line of all its lost parts. */
function gapsOf(cause: ToldGap['cause'], rows: readonly FateRow[]): Gap[] {
  const gaps = new Map<number, Gap>();
  const sorted = [...rows].sort((a, b) =>
    a.spool_writer === b.spool_writer ? a.number - b.number : a.spool_writer < b.spool_writer ? -1 : 1,
  );
  for (const { spool_writer: writer, number, accounts } of sorted) {
    for (const account of accounts) {
      const known = gaps.get(account.appId);
      if (known === undefined) {
        // Whoever comes first names the gap: an entry becomes part of one gap only.
        gaps.set(account.appId, { ...account, cause, dedupeKey: `${cause}:${writer}:${number}` });
        continue;
      }
      known.messages += account.messages;
      known.fromMs = Math.min(known.fromMs, account.fromMs);
      known.toMs = Math.max(known.toMs, account.toMs);
    }
  }
  return [...gaps.values()];
}

/** Entries whose stream nobody has looked into for this long are given up: Redis was taken away for good. */
const GIVEN_UP_HOURS = 24;

/**
 * Tells of entries that have waited for a day without being moved or missed, as their Redis is not configured any more
 * or never came back: a gap at last, instead of a loss that nobody hears of.
 */
export async function tellGivenUpSpoolEntries(pool: Pool): Promise<ToldGap[]> {
  const { rows } = await pool.query<{ spool_writer: string; number: number }>(
    `SELECT spool_writer, number FROM spool_entries
     WHERE accounts IS NOT NULL AND fate IS NULL AND changed_at < clock_timestamp() - make_interval(hours => $1)
     LIMIT 10000`,
    [GIVEN_UP_HOURS],
  );
  if (rows.length === 0) return [];
  return await tellSpoolGaps(
    pool,
    rows.map((row) => ({ writer: row.spool_writer, number: row.number })),
  );
}

/** How many entries are in quarantine, and why. */
export async function readSpoolQuarantine(db: Queryable): Promise<{ entries: number; reasons: string[] }> {
  const { rows } = await db.query<{ entries: number; reasons: string[] | null }>(
    'SELECT count(*) AS entries, array_agg(DISTINCT reason) AS reasons FROM spool_quarantine',
  );
  return { entries: rows[0]?.entries ?? 0, reasons: rows[0]?.reasons ?? [] };
}

/** How long settled rows are kept, for looking after what happened. */
const KEPT_DAYS = 7;
/** Encrypted bytes of all apps together. */
const QUARANTINE_MAX_BYTES = 64 * 1024 * 1024;

/** Removes what is settled for a week, quarantined entries beyond their term and bound, and those of removed apps. */
export async function trimSpoolTables(db: Queryable, keepQuarantineMs: number): Promise<number> {
  const entries = await db.query(
    `DELETE FROM spool_entries WHERE fate IS NOT NULL AND (is_told OR fate = 'moved' OR accounts IS NULL)
       AND changed_at < clock_timestamp() - make_interval(days => $1)`,
    [KEPT_DAYS],
  );
  const quarantine = await db.query(
    `DELETE FROM spool_quarantine q WHERE quarantined_at < clock_timestamp() - make_interval(secs => $1)
       OR EXISTS (
         SELECT FROM (
           SELECT unnest(q.app_ids) AS id
           UNION ALL
           SELECT (account ->> 'appId')::int FROM spool_entries e, jsonb_array_elements(e.accounts) AS account
           WHERE e.spool_writer = q.spool_writer AND e.number = q.number
         ) AS a
         WHERE NOT EXISTS (SELECT FROM apps WHERE apps.id = a.id AND apps.removed_at_ms IS NULL)
       )
       OR id IN (
         SELECT id FROM (
           SELECT id, sum(octet_length(bytes)) OVER (ORDER BY id DESC) AS total FROM spool_quarantine
         ) AS q WHERE total > $2
       )`,
    [keepQuarantineMs / 1000, QUARANTINE_MAX_BYTES],
  );
  return (entries.rowCount ?? 0) + (quarantine.rowCount ?? 0);
}
