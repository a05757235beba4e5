/**
 * Erasure of a text in what is kept of requests (SEC-49): kept requests, the durable log they are looked up in, names of
 * routes and hosts, bytes that could not be read. Interruptible between any two statements, and safe to run again.
 */
import { ERASED, type ErasedText } from '../model/erased-text.ts';
import { SERIES_HOST, SERIES_PATH } from '../model/series.ts';
import { HOUR } from '../model/time.ts';
import { insertAudit } from './audit.ts';
import { findSection, replaceSection, SECTION_BYTES, type SectionedBody } from './chunk-sections.ts';
import { listPartitions } from './partitions.ts';
import { type Client, type Pool, withTransaction } from './pool.ts';

export interface RequestErasureOptions {
  app: { id: number; name: string };
  text: ErasedText;
  /** A section of the durable log without the text; null when it does not hold it. */
  eraseFromSection: (section: Buffer, text: ErasedText) => Buffer | null;
  nowMs: number;
  /** Who asked for it. */
  actor: string;
  signal?: AbortSignal | undefined;
}

export interface RequestErased {
  /** Kept requests in which the text is masked; in the durable log each stands once more. */
  requests: number;
  /** Parts of the durable log that were written anew. */
  sections: number;
  /** Names of routes and hosts, whose numbers stay under another name. */
  names: number;
  /** Pieces of unreadable bytes that were deleted. */
  unreadable: number;
}

/** Columns of a kept request that come from outside. */
const COLUMNS = ['path', 'path_shape', 'host', 'client', 'request_id'] as const;
/** Read at once: sections are some ten kilobytes, unreadable bytes four at most. */
const BATCH = 50;

/**
 * Masks a text in an app's requests, and puts on record that it was done, without the text. Commits that are not in the
 * numbers yet, some seconds of them, are passed over: run it again a minute later.
 */
export async function eraseFromRequests(pool: Pool, options: RequestErasureOptions): Promise<RequestErased> {
  const { app, nowMs, actor } = options;
  const erased: RequestErased = {
    // First, so that what comes into the numbers meanwhile is masked there at least.
    sections: await eraseFromChunks(pool, options),
    requests: await maskDetails(pool, options),
    names: await maskNames(pool, options),
    unreadable: await deleteUnreadable(pool, options),
  };
  await insertAudit(pool, {
    ...{ atMs: nowMs, actor, action: 'requests.erase', subject: app.name, address: '' },
    after: { ...erased },
  });
  return erased;
}

const FITS = COLUMNS.map((name) => `${name} ~* $4`).join(' OR ');
const MASKED = COLUMNS.map((name) => `${name} = regexp_replace(${name}, $4, '${ERASED}', 'gi')`).join(', ');

/** An hour a statement, so that none holds rows for long. */
async function maskDetails(pool: Pool, { app, text, signal }: RequestErasureOptions): Promise<number> {
  const { rows } = await pool.query<{ from_ms: number | null; to_ms: number | null }>(
    'SELECT min(at_ms) AS from_ms, max(at_ms) AS to_ms FROM request_details WHERE app_id = $1',
    [app.id],
  );
  const { from_ms: from, to_ms: to } = rows[0] ?? { from_ms: null, to_ms: null };
  let requests = 0;
  if (from === null || to === null) return requests;
  for (let at = from; at <= to && signal?.aborted !== true; at += HOUR) {
    const { rowCount } = await pool.query(
      `UPDATE request_details SET ${MASKED} WHERE app_id = $1 AND at_ms >= $2 AND at_ms < $3 AND (${FITS})`,
      [app.id, at, at + HOUR, text.pattern],
    );
    requests += rowCount ?? 0;
  }
  return requests;
}

/** Two names that become the same stay two: the second is told apart by its number. */
async function maskNames(pool: Pool, { app, text }: RequestErasureOptions): Promise<number> {
  const { rows } = await pool.query<{ id: number; key: string }>(
    'SELECT id, key FROM series WHERE app_id = $1 AND kind = ANY($2::int[]) AND key ~* $3 ORDER BY id',
    [app.id, [SERIES_PATH, SERIES_HOST], text.pattern],
  );
  for (const { id, key } of rows) {
    const masked = text.hide(key);
    const { rowCount } = await pool.query(
      `UPDATE series AS s SET key = $2 WHERE id = $1
         AND NOT EXISTS (SELECT FROM series o WHERE o.app_id = s.app_id AND o.kind = s.kind AND o.key = $2)`,
      [id, masked],
    );
    if (rowCount === 0) {
      const apart = masked.replace(ERASED, `{erased-${id}}`);
      await pool.query('UPDATE series SET key = $2 WHERE id = $1', [id, apart]);
    }
  }
  return rows.length;
}

async function deleteUnreadable(pool: Pool, { app, text, signal }: RequestErasureOptions): Promise<number> {
  let deleted = 0;
  let after = 0;
  while (signal?.aborted !== true) {
    const { rows } = await pool.query<{ id: number; bytes: Buffer }>(
      'SELECT id, bytes FROM quarantine WHERE app_id = $1 AND id > $2 ORDER BY id LIMIT $3',
      [app.id, after, BATCH],
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.id;
    const fitting = rows.filter(({ bytes }) => text.isIn(bytes.toString())).map(({ id }) => id);
    if (fitting.length === 0) continue;
    const { rowCount } = await pool.query('DELETE FROM quarantine WHERE id = ANY($1::bigint[])', [fitting]);
    deleted += rowCount ?? 0;
  }
  return deleted;
}

interface ChunkKey {
  committed_at_ms: number;
  writer_id: number;
  seq: number;
}

async function eraseFromChunks(pool: Pool, options: RequestErasureOptions): Promise<number> {
  const { app, text, eraseFromSection, signal } = options;
  let sections = 0;
  for (const { table, from, to } of await listPartitions(pool)) {
    if (table !== 'chunks') continue;
    let after: ChunkKey = { committed_at_ms: from, writer_id: -1, seq: -1 };
    while (signal?.aborted !== true) {
      const found = await listSections(pool, app.id, after, to);
      for (const { section, ...key } of found) {
        if (eraseFromSection(section, text) === null) continue;
        if (await withTransaction(pool, (client) => rewrite(client, key, options))) sections++;
      }
      const last = found.at(-1);
      if (last === undefined) break;
      after = last;
    }
  }
  return sections;
}

/**
 * An app's sections of a partition behind a place, in order. What a writer has not rolled up yet is told apart by its
 * very bytes, should the outcome of its commit be unknown: it is left alone.
 */
async function listSections(
  pool: Pool,
  appId: number,
  after: ChunkKey,
  toMs: number,
): Promise<(ChunkKey & { section: Buffer })[]> {
  const { rows } = await pool.query<ChunkKey & { section: Buffer }>(
    `SELECT committed_at_ms, writer_id, seq,
       ${SECTION_BYTES} AS section
     FROM (
       SELECT *, array_position(app_ids, $1) AS i FROM chunks AS c
       WHERE committed_at_ms >= $2 AND committed_at_ms < $5
         AND (committed_at_ms, writer_id, seq) > ($2, $3, $4) AND app_ids @> ARRAY[$1::int]
         AND NOT EXISTS (SELECT FROM writers w WHERE w.id = c.writer_id AND c.seq > w.checkpoint_seq)
       ORDER BY committed_at_ms, writer_id, seq LIMIT $6
     ) AS found ORDER BY committed_at_ms, writer_id, seq`,
    [appId, after.committed_at_ms, after.writer_id, after.seq, toMs, BATCH],
  );
  return rows;
}

/** Writes an app's section anew, and moves those behind it; false when it is not there any more. */
async function rewrite(
  client: Client,
  key: ChunkKey,
  { app, text, eraseFromSection }: RequestErasureOptions,
): Promise<boolean> {
  const place = [key.committed_at_ms, key.writer_id, key.seq];
  const { rows } = await client.query<SectionedBody>(
    `SELECT app_ids, section_ends, body FROM chunks
     WHERE committed_at_ms = $1 AND writer_id = $2 AND seq = $3 FOR UPDATE`,
    place,
  );
  const chunk = rows[0];
  const found = chunk === undefined ? null : findSection(chunk, app.id);
  if (chunk === undefined || found === null) return false;
  const section = eraseFromSection(chunk.body.subarray(found.start, found.end), text);
  if (section === null) return false;
  const { body, section_ends } = replaceSection(chunk, found, section);
  await client.query(
    `UPDATE chunks SET body = $4, section_ends = $5::int[]
     WHERE committed_at_ms = $1 AND writer_id = $2 AND seq = $3`,
    [...place, body, section_ends],
  );
  return true;
}
