/**
 * The queue between roll-ups and the counts by hour (table minute_deltas), and its fold: rows taken out of the queue and
 * added to slo_hours and app_hours in one transaction, so that each is in one of the two and never in both.
 */
import type { AppDeltas } from '../model/deltas.ts';
import { CopyRows, copyInto } from './copy.ts';
import type { Client, Pool } from './pool.ts';

const COLUMNS = 'minute_deltas (app_id, slo_version_id, minute, events, bad)';

/** Adds what was counted, inside the roll-up's transaction: once, as the checkpoint moves once. */
export async function copyMinuteDeltas(
  client: Client,
  apps: readonly Pick<AppDeltas, 'appId' | 'minutes'>[],
): Promise<void> {
  const rows = new CopyRows();
  for (const { appId, minutes } of apps) {
    for (const { versionId, minute, events, bad } of minutes) {
      rows.row(5);
      rows.int4(appId);
      rows.int4(versionId);
      rows.int4(minute);
      rows.int4(events);
      rows.int4(bad);
    }
  }
  await copyInto(client, COLUMNS, rows);
}

/** ASCII for "fold". One folds at a time: late minutes move the sums of every later hour. */
const LOCK_KEY = 0x666f6c64;
/** Rows of one fold: of a thousand SLOs what six writers add at once. */
const BATCH_ROWS = 20_000;
/** Other folds take far less; one that waits longer gives up and is done in the next round. */
const LOCK_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** Counts of a minute stop here instead of failing a fold for ever. */
const INT_MAX = 2_147_483_647;

/** Elements 1 to 60: what is stored, and what is added to the elements named in `a.at`. */
const plus = (stored: string, added: string): string =>
  `ARRAY(SELECT least(coalesce(${stored}[i], 0) + coalesce(${added}[array_position(a.at, i)], 0), ${INT_MAX})::int
         FROM generate_series(1, 60) AS i)`;

/**
 * Under the lock nobody else changes these hours, so that what the snapshot shows may be written back. Statements of one
 * message are one transaction, and the server carries it out whatever becomes of who sent it: a worker that is frozen
 * or killed in the middle keeps no lock.
 */
const renderFold = (closing: number): string => `
SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS};
SELECT pg_advisory_xact_lock(${LOCK_KEY});
WITH taken AS (
  DELETE FROM minute_deltas WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM minute_deltas LIMIT ${BATCH_ROWS} FOR UPDATE SKIP LOCKED))
  RETURNING app_id, slo_version_id, minute, events, bad
), app_minutes AS (
  SELECT t.app_id, t.minute / 60 AS hour, t.minute % 60 + 1 AS i, sum(t.events) AS messages
  FROM taken t JOIN apps ON apps.id = t.app_id WHERE t.slo_version_id = 0 GROUP BY 1, 2, 3
), app_added AS (
  SELECT app_id, hour, array_agg(i) AS at, array_agg(messages) AS messages FROM app_minutes GROUP BY 1, 2
), app_written AS (
  INSERT INTO app_hours (app_id, hour, messages)
  SELECT a.app_id, a.hour, ${plus('h.messages', 'a.messages')}
  FROM app_added a LEFT JOIN app_hours h ON h.app_id = a.app_id AND h.hour = a.hour
  ON CONFLICT (app_id, hour) DO UPDATE SET messages = EXCLUDED.messages
), slo_minutes AS (
  SELECT v.slo_id, t.minute / 60 AS hour, t.minute % 60 + 1 AS i, sum(t.events) AS events, sum(t.bad) AS bad,
    min(t.minute) FILTER (WHERE t.minute >= v.valid_from_s / 60) AS counted_minute
  FROM taken t JOIN slo_versions v ON v.id = t.slo_version_id GROUP BY 1, 2, 3
), slo_added AS (
  SELECT slo_id, hour, array_agg(i) AS at, array_agg(events) AS events, array_agg(bad) AS bad,
    sum(events) AS sum_events, sum(bad) AS sum_bad
  FROM slo_minutes GROUP BY 1, 2
), stored AS (
  SELECT h.* FROM (SELECT slo_id, min(hour) AS hour FROM slo_added GROUP BY 1) AS f
  JOIN slo_hours h ON h.slo_id = f.slo_id AND h.hour >= f.hour
), hours AS (
  SELECT slo_id, hour, h.events, h.bad, h.cum_events, h.cum_bad,
    a.at, a.events AS added_events, a.bad AS added_bad, a.sum_bad,
    coalesce(sum(a.sum_events) OVER before, 0) AS shift_events, coalesce(sum(a.sum_bad) OVER before, 0) AS shift_bad
  FROM stored h FULL JOIN slo_added a USING (slo_id, hour)
  WINDOW before AS (PARTITION BY slo_id ORDER BY hour ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), slo_written AS (
  INSERT INTO slo_hours (slo_id, hour, events, bad, cum_events, cum_bad)
  SELECT a.slo_id, a.hour,
    CASE WHEN a.at IS NULL THEN a.events ELSE ${plus('a.events', 'a.added_events')} END,
    CASE WHEN coalesce(a.sum_bad, 0) = 0 THEN coalesce(a.bad, '{}') ELSE ${plus('a.bad', 'a.added_bad')} END,
    coalesce(a.cum_events, earlier.events, later.events, 0) + a.shift_events,
    coalesce(a.cum_bad, earlier.bad, later.bad, 0) + a.shift_bad
  FROM hours a
  -- Of an hour that has no row yet: all before it, by the row before it; by the first one where older rows are gone.
  LEFT JOIN LATERAL (
    SELECT h.cum_events + (SELECT coalesce(sum(n), 0) FROM unnest(h.events) AS n) AS events,
      h.cum_bad + (SELECT coalesce(sum(n), 0) FROM unnest(h.bad) AS n) AS bad
    FROM slo_hours h WHERE h.slo_id = a.slo_id AND h.hour < a.hour ORDER BY h.hour DESC LIMIT 1
  ) AS earlier ON a.cum_events IS NULL
  LEFT JOIN LATERAL (
    SELECT h.cum_events AS events, h.cum_bad AS bad
    FROM slo_hours h WHERE h.slo_id = a.slo_id AND h.hour > a.hour ORDER BY h.hour LIMIT 1
  ) AS later ON a.cum_events IS NULL AND earlier.events IS NULL
  ON CONFLICT (slo_id, hour) DO UPDATE SET
    events = EXCLUDED.events, bad = EXCLUDED.bad, cum_events = EXCLUDED.cum_events, cum_bad = EXCLUDED.cum_bad
), counted AS (
  SELECT slo_id, min(counted_minute) AS minute FROM slo_minutes GROUP BY 1
), late_slos AS (
  -- The evaluation n sees minutes before n. What a back-fill adds is not late: nothing was evaluated then.
  UPDATE slo_states s SET late_from_minute = least(s.late_from_minute, l.minute)
  FROM counted l
  WHERE s.slo_id = l.slo_id AND l.minute < greatest(s.next_minute - 1, ${closing})
), late_composites AS (
  -- What is late of a member is late of those that pool it, which count nothing themselves.
  UPDATE slo_states s SET late_from_minute = least(s.late_from_minute, l.minute)
  FROM (
    SELECT v.slo_id, min(m.minute) AS minute
    FROM (SELECT c.minute, o.public_id::text AS public_id FROM counted c JOIN slos o ON o.id = c.slo_id
      WHERE c.minute < ${closing}) AS m
    JOIN slo_versions v ON v.definition -> 'indicator' ->> 'kind' = 'composite'
      AND v.definition -> 'indicator' -> 'members' ? m.public_id
    GROUP BY 1
  ) AS l
  WHERE s.slo_id = l.slo_id AND l.minute < greatest(s.next_minute - 1, ${closing})
), late_apps AS (
  UPDATE app_liveness s SET late_from_minute = least(s.late_from_minute, l.minute)
  FROM (SELECT app_id, min(hour * 60 + i - 1) AS minute FROM app_minutes GROUP BY 1) AS l
  WHERE s.app_id = l.app_id AND l.minute < greatest(s.next_minute, ${closing})
)
SELECT count(*) AS rows FROM taken`;

/**
 * Folds up to 20,000 rows; gives how many there were. Any number of processes may do so at once. Minutes that were
 * evaluated without them are marked in slo_states and app_liveness, and those before `closing` anyway: they may be being
 * evaluated by a process whose end cannot be seen yet. Throws what the database throws; then nothing of it is done.
 */
export async function foldBatch(pool: Pool, closing = 0): Promise<{ rows: number; isDone: boolean }> {
  // Several statements, several results: the driver's types know only one.
  const results = (await pool.query(renderFold(Math.trunc(closing)))) as unknown as {
    rows: { rows: number }[];
  }[];
  const rows = results.at(-1)?.rows[0]?.rows ?? 0;
  return { rows, isDone: rows < BATCH_ROWS };
}
