/** The account after a run: what the tables say, against a fresh computation and against what the senders say. */
import { decodeSection } from '../drain/chunk.ts';
import { RollUp } from '../drain/rollup.ts';
import { AppSlos } from '../drain/slo-counting.ts';
import { binsOf } from '../model/bucket.ts';
import { addStored, BINS, countOf } from '../model/histogram.ts';
import {
  SERIES_CODE,
  SERIES_DYNO,
  SERIES_FRAME,
  SERIES_MESSAGE,
  SERIES_SKIPPED,
  SERIES_STATUS,
} from '../model/series.ts';
import { SloMatcher } from '../model/slo-match.ts';
import type { AppLedger } from '../sim/ledger.ts';
import { listChunksBehind } from '../store/chunks.ts';
import type { Pool } from '../store/pool.ts';
import { listVersionsSince } from '../store/slos.ts';

export interface AppCounts {
  messages: Record<string, number>;
  codes: Record<string, number>;
  statuses: Record<string, number>;
  frames: Record<string, number>;
  skipped: Record<string, number>;
  requests: number;
  bad: number;
}

const NAMES: Record<number, 'messages' | 'codes' | 'statuses' | 'frames' | 'skipped'> = {
  [SERIES_MESSAGE]: 'messages',
  [SERIES_CODE]: 'codes',
  [SERIES_STATUS]: 'statuses',
  [SERIES_FRAME]: 'frames',
  [SERIES_SKIPPED]: 'skipped',
};

/** Everything the finest buckets count of an app. */
export async function readCounts(pool: Pool, appId: number): Promise<AppCounts> {
  const { rows } = await pool.query<{ kind: number; key: string; count: number; bad: number }>(
    `SELECT s.kind, s.key, sum(b.count) AS count, coalesce(sum(b.bad), 0) AS bad
     FROM count_buckets_10s b JOIN series s ON s.id = b.series_id AND s.app_id = b.app_id
     WHERE b.app_id = $1 GROUP BY s.kind, s.key ORDER BY s.kind, s.key`,
    [appId],
  );
  const counts: AppCounts = {
    messages: {},
    codes: {},
    statuses: {},
    frames: {},
    skipped: {},
    requests: 0,
    bad: 0,
  };
  for (const { kind, key, count, bad } of rows) {
    const name = NAMES[kind];
    if (name !== undefined) counts[name][key] = count;
    if (kind === SERIES_DYNO) {
      counts.requests += count;
      counts.bad += bad;
    }
  }
  return counts;
}

export interface GapRow {
  cause: string;
  messages: number | null;
  fromMs: number;
  toMs: number;
}

export async function readGaps(pool: Pool, appId: number): Promise<GapRow[]> {
  const { rows } = await pool.query<{
    cause: string;
    messages: number | null;
    from_ms: number;
    to_ms: number;
  }>('SELECT cause, messages, from_ms, to_ms FROM gaps WHERE app_id = $1 ORDER BY id', [appId]);
  return rows.map((row) => ({
    cause: row.cause,
    messages: row.messages,
    fromMs: row.from_ms,
    toMs: row.to_ms,
  }));
}

/** A bucket's contents in words that can be compared; '' parts are absent. */
type Cells = Map<string, number[]>;

function add(cells: Cells, key: string, values: number[]): void {
  const known = cells.get(key);
  if (known === undefined) cells.set(key, values);
  else
    values.forEach((value, index) => {
      known[index] = (known[index] ?? 0) + value;
    });
}

/** Buckets as they are in the tables. */
async function readCells(pool: Pool): Promise<Cells> {
  const cells: Cells = new Map();
  const { rows } = await pool.query<Record<string, number> & { key: string; hist: Buffer | null }>(
    `SELECT b.app_id, s.kind, s.key, b.bucket_s, b.count, coalesce(b.bad, 0) AS bad,
       coalesce(b.bytes, 0) AS bytes, coalesce(b.platform, 0) AS platform, coalesce(b.status_5xx, 0) AS s5,
       coalesce(b.connect_sum_ms, 0) AS connect, coalesce(b.service_count, 0) AS timed,
       coalesce(b.service_sum_ms, 0) AS service, b.service_hist AS hist
     FROM count_buckets_10s b JOIN series s ON s.id = b.series_id`,
  );
  for (const row of rows) {
    const inBins = row.hist === null ? 0 : inStored(row.hist);
    add(cells, `${row.app_id} ${row.kind} ${row.key} ${row.bucket_s}`, [
      row.count ?? 0,
      row.bad ?? 0,
      row.bytes ?? 0,
      row.platform ?? 0,
      row.s5 ?? 0,
      row.connect ?? 0,
      row.timed ?? 0,
      row.service ?? 0,
      inBins,
    ]);
  }
  const samples = await pool.query<Record<string, number> & { key: string }>(
    `SELECT b.app_id, s.kind, s.key, b.bucket_s, b.count, b.sum
     FROM sample_buckets_10s b JOIN series s ON s.id = b.series_id`,
  );
  for (const row of samples.rows) {
    add(cells, `${row.app_id} ${row.kind} ${row.key} ${row.bucket_s}`, [row.count ?? 0, row.sum ?? 0]);
  }
  await addStoredMinutes(pool, cells);
  return cells;
}

/** Minutes of apps and SLOs, wherever they are: in the queue or folded. */
async function addStoredMinutes(pool: Pool, cells: Cells): Promise<void> {
  const { rows } = await pool.query<{ subject: string; minute: number; events: number; bad: number }>(
    `SELECT CASE WHEN d.slo_version_id = 0 THEN 'app ' || d.app_id ELSE 'slo ' || v.slo_id END AS subject,
       d.minute, d.events, d.bad
     FROM minute_deltas d LEFT JOIN slo_versions v ON v.id = d.slo_version_id
     UNION ALL
     SELECT 'slo ' || slo_id, hour * 60 + i - 1, events[i], coalesce(bad[i], 0)
     FROM slo_hours, generate_series(1, 60) AS i WHERE events[i] > 0
     UNION ALL
     SELECT 'app ' || app_id, hour * 60 + i - 1, messages[i], 0
     FROM app_hours, generate_series(1, 60) AS i WHERE messages[i] > 0`,
  );
  for (const { subject, minute, events, bad } of rows) add(cells, `${subject} ${minute}`, [events, bad]);
}

/** What is known of SLOs now; those whose past has been counted count it here too. */
async function readAppSlos(pool: Pool): Promise<{ apps: Map<number, AppSlos>; sloOf: Map<number, number> }> {
  const { versions } = await listVersionsSince(pool, -1);
  const { rows: past } = await pool.query<{ slo_id: number }>(
    `SELECT slo_id FROM slo_backfills WHERE phase IN ('older', 'done')`,
  );
  const isCounted = new Set(past.map((row) => row.slo_id));
  const first = new Map<number, number>();
  for (const { sloId, validFromS } of versions) {
    first.set(sloId, Math.min(first.get(sloId) ?? validFromS, validFromS));
  }
  const compiled = versions.flatMap(({ id, sloId, appId, validFromS, validToS, definition }) => {
    const matcher = SloMatcher.of(definition);
    const fromS = isCounted.has(sloId) && first.get(sloId) === validFromS ? 0 : validFromS;
    const version = { id, sloId, validFromS: fromS, validToS: validToS ?? Number.POSITIVE_INFINITY };
    return matcher === null ? [] : [{ ...version, appId, matcher }];
  });
  const appIds = new Set(compiled.map(({ appId }) => appId));
  return {
    apps: new Map(
      [...appIds].map((appId) => [appId, new AppSlos(compiled.filter((each) => each.appId === appId))]),
    ),
    sloOf: new Map(versions.map(({ id, sloId }) => [id, sloId])),
  };
}

/** The same buckets, computed afresh from the durable log. */
async function computeCells(pool: Pool): Promise<Cells> {
  const { apps, sloOf } = await readAppSlos(pool);
  const rollUp = new RollUp(undefined, { app: (appId) => apps.get(appId), isFresh: true });
  const { rows: writers } = await pool.query<{ id: number }>('SELECT id FROM writers ORDER BY id');
  for (const { id } of writers) {
    for (const chunk of await listChunksBehind(pool, id, 0, 0, 1_000_000)) {
      let start = 0;
      for (const end of chunk.sectionEnds) {
        const section = decodeSection(chunk.body.subarray(start, end));
        rollUp.add(section, new Set(chunk.duplicates), chunk.committedAtMs);
        start = end;
      }
    }
  }
  const cells: Cells = new Map();
  for (const app of rollUp.take()) {
    for (const { kind, key, bucketS, bucket } of app.counts) {
      add(cells, `${app.appId} ${kind} ${key} ${bucketS}`, [
        bucket.count,
        bucket.byClass === null && bucket.platform === 0 ? 0 : bucket.bad,
        bucket.byClass === null && bucket.platform === 0 ? 0 : bucket.bytes,
        bucket.platform,
        bucket.byClass?.[5] ?? 0,
        bucket.connect?.sumMs ?? 0,
        bucket.service?.count ?? 0,
        bucket.service?.sumMs ?? 0,
        bucket.service ? countOf(binsOf(bucket.service)) : 0,
      ]);
    }
    for (const { kind, key, bucketS, bucket } of app.samples) {
      add(cells, `${app.appId} ${kind} ${key} ${bucketS}`, [bucket.count, bucket.sum]);
    }
    for (const { versionId, minute, events, bad } of app.minutes) {
      const subject = versionId === 0 ? `app ${app.appId}` : `slo ${sloOf.get(versionId)}`;
      add(cells, `${subject} ${minute}`, [events, bad]);
    }
  }
  return cells;
}

function inStored(hist: Uint8Array): number {
  const bins = new Float64Array(BINS);
  addStored(bins, hist);
  return countOf(bins);
}

/** Buckets of the tables against a fresh computation from the durable log: what differs, one sentence each. */
export async function compareBuckets(pool: Pool): Promise<string[]> {
  const stored = await readCells(pool);
  const computed = await computeCells(pool);
  const differences: string[] = [];
  for (const key of new Set([...stored.keys(), ...computed.keys()])) {
    const was = stored.get(key) ?? [];
    const should = computed.get(key) ?? [];
    const equal =
      was.length === should.length &&
      was.every(
        (value, i) =>
          value === should[i] || Math.abs(value - (should[i] ?? 0)) < 1e-6 * Math.max(1, Math.abs(value)),
      );
    if (!equal) differences.push(`${key}: stored ${was}, computed ${should}`);
  }
  return differences;
}

/** Counts of the tables against the senders' own account: what differs, one sentence each. */
export function compareWithSender(counts: AppCounts, sent: AppLedger): string[] {
  const differences: string[] = [];
  const compare = (what: string, counted: unknown, due: unknown): void => {
    const [a, b] = [JSON.stringify(counted), JSON.stringify(due)];
    if (a !== b) differences.push(`${what}: counted ${a}, sent ${b}`);
  };
  const sorted = (record: Record<string, number>): [string, number][] =>
    Object.entries(record)
      .filter(([, count]) => count > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  const withStatus = Object.fromEntries(Object.entries(counts.statuses).filter(([key]) => key !== 'none'));
  compare('messages', sorted(counts.messages), sorted(sent.delivered.messagesByKind));
  compare('statuses', sorted(withStatus), sorted(sent.delivered.statuses));
  compare('codes', sorted(counts.codes), sorted(sent.delivered.codes));
  compare('requests', counts.requests, sent.delivered.requests);
  compare('bad', counts.bad, sent.delivered.bad);
  return differences;
}

/**
 * Counts and gaps against a sender's account after faults. What was acknowledged is counted exactly once, the rest at
 * most once: a frame that was told 503 or nothing may have been committed since, however the sender books it. Nothing
 * may be missing from counted + gaps. What is wrong, one sentence each.
 */
export function compareLedger(
  counts: AppCounts,
  gaps: readonly GapRow[],
  sent: AppLedger,
  /** Lost messages that no sender told anybody about: not in any gap. */
  untold = 0,
): string[] {
  const wrong: string[] = [];
  const within = (what: string, counted: number, low: number, high: number): void => {
    if (counted < low || counted > high) wrong.push(`${what}: counted ${counted}, due ${low} to ${high}`);
  };
  const { delivered, unknown, lost } = sent;
  const group = (what: string, counted: Counts, due: Counts, maybe: Counts, never: Counts): void => {
    for (const key of new Set([...Object.keys(counted), ...Object.keys(due)])) {
      // Notices are written anew at each try, so that which of them counts cannot always be known.
      const { retried, unknown: undecided } = sent.frames;
      const leeway = key === 'loss' || key === 'L10' ? sent.notices.uncertain + retried + undecided : 0;
      const low = due[key] ?? 0;
      const high = low + (maybe[key] ?? 0) + (never[key] ?? 0);
      within(`${what} ${key}`, counted[key] ?? 0, low - leeway, high + leeway);
    }
  };
  const statuses = Object.fromEntries(Object.entries(counts.statuses).filter(([key]) => key !== 'none'));
  group('kind', counts.messages, delivered.messagesByKind, unknown.messagesByKind, lost.messagesByKind);
  group('status', statuses, delivered.statuses, unknown.statuses, lost.statuses);
  group('code', counts.codes, delivered.codes, unknown.codes, lost.codes);
  within(
    'requests',
    counts.requests,
    delivered.requests,
    delivered.requests + unknown.requests + lost.requests,
  );
  within('bad', counts.bad, delivered.bad, delivered.bad + unknown.bad + lost.bad);
  const { frames } = sent;
  const most = frames.delivered + frames.unknown + frames.lost;
  within('frames', counts.frames.accepted ?? 0, frames.delivered, most);
  const counted = countedMessages(counts);
  const inGaps = gapMessages(gaps);
  if (counted + inGaps + untold < sent.generated.messages) {
    wrong.push(`silent loss: ${counted} counted + ${inGaps} in gaps of ${sent.generated.messages} sent`);
  }
  const fated = delivered.messages - sent.notices.delivered + unknown.messages + lost.messages;
  if (fated !== sent.generated.messages)
    wrong.push(`the sender's own account: ${fated} fates of its messages`);
  return wrong;
}

type Counts = Readonly<Record<string, number>>;

/** Messages counted, without the notices that only tell of others. */
export function countedMessages(counts: AppCounts): number {
  return Object.values(counts.messages).reduce((sum, count) => sum + count, 0) - (counts.messages.loss ?? 0);
}

/** Messages known to be lost. */
export function gapMessages(gaps: readonly GapRow[]): number {
  return gaps.reduce((sum, gap) => sum + (gap.messages ?? 0), 0);
}
