/** Releases, scaling, dyno states and R-code episodes (table events). */
import { createHash } from 'node:crypto';
import type { AppDeltas, EventRecord, Filed } from '../model/deltas.ts';
import type { Client, Queryable } from './pool.ts';

/** R codes repeated within this span are one episode: R14 comes about every 20 s while it lasts (FORMATS 5). */
const EPISODE_GAP_MS = 90_000;

/** Adds the events of a roll-up in its transaction; the same event twice is one row. */
export async function insertEvents(client: Client, apps: AppDeltas[]): Promise<void> {
  for (const app of apps) {
    if (app.events.length === 0) continue;
    const episodes = app.events.filter((event) => event.kind === 'code');
    await insertPoints(
      client,
      app.appId,
      app.events.filter((event) => event.kind !== 'code'),
    );
    for (const event of episodes.sort(byEpisode)) await addToEpisode(client, app.appId, event);
  }
}

/** By episode, then by time: two processes lock the rows of an app's episodes in one order (P-18). */
function byEpisode(a: Filed<EventRecord>, b: Filed<EventRecord>): number {
  const [episodeA, episodeB] = [`${a.code}\t${a.dyno}`, `${b.code}\t${b.dyno}`];
  if (episodeA !== episodeB) return episodeA < episodeB ? -1 : 1;
  return a.timeMs - b.timeMs;
}

async function insertPoints(client: Client, appId: number, events: Filed<EventRecord>[]): Promise<void> {
  if (events.length === 0) return;
  await client.query(
    `INSERT INTO events (at_ms, until_ms, app_id, kind, dyno, code, version, detail, dedupe_key)
     SELECT t, t, $1, k, d, c, v, j::jsonb, x
     FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[])
       AS n (t, k, d, c, v, j, x)
     ORDER BY t, x
     ON CONFLICT (app_id, at_ms, dedupe_key) DO NOTHING`,
    [
      appId,
      events.map((event) => Math.floor(event.timeMs)),
      events.map((event) => event.kind),
      events.map((event) => event.dyno ?? null),
      events.map((event) => event.code ?? null),
      events.map((event) => event.version ?? null),
      events.map((event) => JSON.stringify(event.detail ?? {})),
      events.map(dedupeKey),
    ],
  );
}

/** Two processes of one dyno may say the same in one ms; that is one fact. */
function dedupeKey(event: EventRecord): string {
  const text = JSON.stringify([event.kind, event.dyno, event.code, event.version, event.detail]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

/**
 * Extends the running episode of this dyno and code, or begins one. Events a little out of order join the same
 * episode, whichever end they come to.
 */
async function addToEpisode(client: Client, appId: number, event: Filed<EventRecord>): Promise<void> {
  const atMs = Math.floor(event.timeMs);
  const { rowCount } = await client.query(
    `UPDATE events SET count = count + 1, until_ms = greatest(until_ms, $4)
     WHERE (at_ms, id) = (
       SELECT at_ms, id FROM events
       WHERE app_id = $1 AND kind = 'code' AND code = $2 AND dyno IS NOT DISTINCT FROM $3
         AND at_ms >= $5 AND at_ms <= $6 AND until_ms >= $4::bigint - $7::bigint
       ORDER BY at_ms DESC LIMIT 1
     ) AND at_ms >= $5 AND at_ms <= $6`,
    [
      appId,
      event.code,
      event.dyno ?? null,
      atMs,
      atMs - EPISODE_SEARCH_MS,
      atMs + EPISODE_GAP_MS,
      EPISODE_GAP_MS,
    ],
  );
  if (rowCount === 1) return;
  await client.query(
    `INSERT INTO events (at_ms, until_ms, app_id, kind, dyno, code, detail, dedupe_key)
     VALUES ($1, $1, $2, 'code', $3, $4, $5, $6)
     ON CONFLICT (app_id, at_ms, dedupe_key) DO UPDATE SET count = events.count + 1`,
    [
      atMs,
      appId,
      event.dyno ?? null,
      event.code,
      JSON.stringify(event.detail ?? {}),
      `episode:${event.code}:${event.dyno ?? ''}`,
    ],
  );
}

/** An episode is looked for this far back; a dyno lives at most about 28 hours. */
const EPISODE_SEARCH_MS = 30 * 3600 * 1000;

/** The newest release of each app, by time, from sinceMs on: what requests are stamped with. */
export async function listLatestReleases(
  db: Queryable,
  sinceMs: number,
): Promise<{ appId: number; version: number; atMs: number }[]> {
  const { rows } = await db.query<{ app_id: number; version: number; at_ms: number }>(
    `SELECT DISTINCT ON (app_id) app_id, version, at_ms FROM events
     WHERE kind = 'release' AND version IS NOT NULL AND at_ms >= $1
     ORDER BY app_id, at_ms DESC, version DESC`,
    [sinceMs],
  );
  return rows.map((row) => ({ appId: row.app_id, version: row.version, atMs: row.at_ms }));
}
