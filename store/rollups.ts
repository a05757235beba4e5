/**
 * One roll-up: bucket deltas, samples, events, gaps, details and the writer's checkpoint, in one transaction. Rows of
 * buckets are only ever added; who reads them sums.
 */
import { type CountBucket, type Durations, storedBins } from '../model/bucket.ts';
import type { AppDeltas, CountDelta, DrainDelta, SampleDelta } from '../model/deltas.ts';
import { killPoint } from '../model/kill-point.ts';
import { markTouched } from './compaction.ts';
import { CopyRows, copyInto } from './copy.ts';
import { insertDetails } from './details.ts';
import { insertEvents } from './events.ts';
import { isRefusedData } from './failure.ts';
import { upsertGaps } from './gaps.ts';
import { copyMinuteDeltas } from './minute-deltas.ts';
import { ensurePartitionForError, ensurePartitionsFor } from './partitions.ts';
import { type Client, type Pool, withTransaction } from './pool.ts';
import { insertQuarantine } from './quarantine.ts';
import type { SeriesName, SeriesNumbers } from './series.ts';
import { moveCheckpoint } from './writers.ts';

export interface RollUpInput {
  writer: { id: number; epoch: number };
  checkpointSeq: number;
  to: { seq: number; atMs: number };
  apps: AppDeltas[];
  nowMs: number;
  /** Told of each part that the database will never take; it is left out and has become a gap. */
  onRefused?: (refused: RefusedPart) => void;
}

export interface RefusedPart {
  appId: number;
  part: string;
  error: unknown;
}

/** `fenced`: the writer was taken over, or this roll-up was done before; nothing was written. */
export type RollUpOutcome = 'written' | 'fenced';

class Fenced extends Error {}

const COUNT_COLUMNS = `count_buckets_10s (bucket_s, app_id, series_id, writer_id, count, bad, excluded,
  status_1xx, status_2xx, status_3xx, status_4xx, status_5xx, platform, bytes,
  connect_count, connect_sum_ms, connect_max_ms, connect_hist,
  service_count, service_sum_ms, service_max_ms, service_hist)`;
const SAMPLE_COLUMNS =
  'sample_buckets_10s (bucket_s, app_id, series_id, writer_id, count, sum, min, max, last, last_at_ms)';

/**
 * Writes a roll-up. Throws what the database throws when that may pass; then nothing of it is there. What it will
 * never take costs only itself: it is left out, reported, and becomes a gap.
 */
export async function writeRollUp(
  pool: Pool,
  numbers: SeriesNumbers,
  rollUp: RollUpInput,
): Promise<RollUpOutcome> {
  // Rows are locked in one order everywhere, apps first, so that two processes wait for each other in no circle (P-18).
  const input = { ...rollUp, apps: [...rollUp.apps].sort((a, b) => a.appId - b.appId) };
  try {
    return await writeTogether(pool, numbers, input);
  } catch (error) {
    if (!isRefusedData(error)) throw error;
    return await writeApart(pool, numbers, input);
  }
}

async function writeTogether(pool: Pool, numbers: SeriesNumbers, input: RollUpInput): Promise<RollUpOutcome> {
  const parts = await prepareParts(pool, numbers, input, input.apps);
  return await inTransaction(pool, input, async (client) => {
    for (const part of parts) await part.write(client);
  });
}

/** Each part of each app on its own, so that a refused one takes nothing else with it. */
async function writeApart(pool: Pool, numbers: SeriesNumbers, input: RollUpInput): Promise<RollUpOutcome> {
  let refused: RefusedPart[] = [];
  const prepared: { app: AppDeltas; parts: Part[] }[] = [];
  for (const app of input.apps) {
    try {
      prepared.push({ app, parts: await prepareParts(pool, numbers, input, [app]) });
    } catch (error) {
      if (!isRefusedData(error)) throw error;
      refused.push({ appId: app.appId, part: 'series', error });
    }
  }
  const outcome = await inTransaction(pool, input, async (client) => {
    for (const { app, parts } of prepared) {
      for (const part of parts) {
        const error = await refusalOf(client, part);
        if (error !== null) refused = [...refused, { appId: app.appId, part: part.name, error }];
      }
    }
    await upsertGaps(client, gapsOf(refused, input));
  });
  if (outcome === 'written') for (const part of refused) input.onRefused?.(part);
  return outcome;
}

/** Writes a part; null, or why it is refused, with nothing of it written. */
async function refusalOf(client: Client, part: Part): Promise<unknown> {
  await client.query('SAVEPOINT part');
  try {
    await part.write(client);
    await client.query('RELEASE SAVEPOINT part');
    return null;
  } catch (error) {
    if (!isRefusedData(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT part');
    return error;
  }
}

function gapsOf(refused: RefusedPart[], { apps, nowMs, writer, to }: RollUpInput): AppDeltas[] {
  return apps.flatMap((app) => {
    const parts = refused.filter((part) => part.appId === app.appId);
    if (parts.length === 0) return [];
    const bucketsMs = [...app.counts, ...app.samples].map((delta) => delta.bucketS * 1000);
    const losses = parts.map(({ part }) => ({
      type: 'loss' as const,
      cause: 'refused',
      fromMs: Math.min(nowMs, ...bucketsMs),
      toMs: nowMs,
      dedupeKey: `refused:${writer.id}:${to.seq}:${part}`,
      drainId: app.drains[0]?.drainId ?? 0,
      timeMs: nowMs,
      receivedAtMs: nowMs,
    }));
    return [{ ...app, losses }];
  });
}

async function inTransaction(
  pool: Pool,
  input: RollUpInput,
  work: (client: Client) => Promise<void>,
): Promise<RollUpOutcome> {
  try {
    await withTransaction(pool, async (client) => {
      await work(client);
      // Last of all: every commit of this writer waits for its row, and on a slow link for each statement after (P-11).
      if (!(await moveCheckpoint(client, input.writer, input.checkpointSeq, input.to))) throw new Fenced();
    });
    killPoint('rollup.after');
    return 'written';
  } catch (error) {
    if (error instanceof Fenced) return 'fenced';
    // Retired a moment ago although memory says it is there: made again for the next try (P-20).
    await ensurePartitionForError(pool, error);
    throw error;
  }
}

/** What is refused as one. */
interface Part {
  name: string;
  write(client: Client): Promise<void>;
}

/** The parts of these apps in the order of their writing; their series have numbers, their partitions are there. */
async function prepareParts(
  pool: Pool,
  numbers: SeriesNumbers,
  { writer, nowMs }: RollUpInput,
  apps: AppDeltas[],
): Promise<Part[]> {
  const counts = apps.flatMap((app) => app.counts.map((delta) => ({ appId: app.appId, ...delta })));
  const samples = apps.flatMap((app) => app.samples.map((delta) => ({ appId: app.appId, ...delta })));
  const names: SeriesName[] = [...counts, ...samples];
  const ids = await numbers.resolve(pool, names, nowMs);
  const sampleIds = ids.slice(counts.length);
  await ensurePartitions(pool, apps);
  const drains = apps.flatMap((app) => app.drains);
  const writeCounts = async (client: Client): Promise<void> => {
    await copyInto(client, COUNT_COLUMNS, countRows(counts, ids, writer.id));
    killPoint('rollup.inside');
  };
  return [
    { name: 'counts', write: writeCounts },
    {
      name: 'samples',
      write: (client) => copyInto(client, SAMPLE_COLUMNS, sampleRows(samples, sampleIds, writer.id)),
    },
    { name: 'minutes', write: (client) => copyMinuteDeltas(client, apps) },
    { name: 'details', write: (client) => insertDetails(client, apps) },
    { name: 'events', write: (client) => insertEvents(client, apps) },
    { name: 'gaps', write: (client) => upsertGaps(client, apps) },
    { name: 'quarantine', write: (client) => insertQuarantine(client, apps) },
    { name: 'drains', write: (client) => updateDrains(client, drains) },
    { name: 'touched', write: (client) => markTouched(client, touchedUnits(apps)) },
  ];
}

function touchedUnits(apps: AppDeltas[]): { appId: number; bucketS: number }[] {
  const units: { appId: number; bucketS: number }[] = [];
  for (const app of apps) {
    const buckets = new Set([...app.counts, ...app.samples].map((delta) => delta.bucketS));
    for (const bucketS of buckets) units.push({ appId: app.appId, bucketS });
  }
  return units;
}

/** Rows of an hour ago may be in a partition that nobody made yet (P-20). */
async function ensurePartitions(pool: Pool, apps: AppDeltas[]): Promise<void> {
  const countTimes = apps.flatMap((app) => app.counts.map((delta) => delta.bucketS));
  const sampleTimes = apps.flatMap((app) => app.samples.map((delta) => delta.bucketS));
  await ensurePartitionsFor(pool, 'count_buckets_10s', countTimes);
  await ensurePartitionsFor(pool, 'sample_buckets_10s', sampleTimes);
  await ensurePartitionsFor(
    pool,
    'request_details',
    apps.flatMap((app) => app.details.map((detail) => detail.atMs)),
  );
  await ensurePartitionsFor(
    pool,
    'events',
    apps.flatMap((app) => app.events.map((event) => event.timeMs)),
  );
}

function countRows(deltas: (CountDelta & { appId: number })[], ids: number[], writerId: number): CopyRows {
  const rows = new CopyRows();
  deltas.forEach((delta, index) => {
    rows.row(22);
    rows.int4(delta.bucketS);
    rows.int4(delta.appId);
    rows.int4(ids[index]!);
    rows.int4(writerId);
    writeBucket(rows, delta.bucket);
  });
  return rows;
}

/** What is zero is left out: a null is free, a zero takes eight bytes, and sums do not tell one from the other. */
function writeBucket(rows: CopyRows, bucket: CountBucket): void {
  rows.int8(bucket.count);
  const { byClass } = bucket;
  rows.int8(bucket.bad || null);
  rows.int8(bucket.excluded || null);
  for (let i = 1; i <= 5; i++) rows.int8(byClass?.[i] || null);
  rows.int8(bucket.platform || null);
  rows.int8(bucket.bytes || null);
  writeDurations(rows, bucket.connect);
  writeDurations(rows, bucket.service);
}

function writeDurations(rows: CopyRows, durations: Durations | null): void {
  rows.int8(durations?.count ?? null);
  rows.int8(durations?.sumMs ?? null);
  rows.int4(durations === null ? null : Math.min(durations.maxMs, 0x7fffffff));
  rows.bytes(durations === null ? null : storedBins(durations));
}

function sampleRows(deltas: (SampleDelta & { appId: number })[], ids: number[], writerId: number): CopyRows {
  const rows = new CopyRows();
  deltas.forEach((delta, index) => {
    rows.row(10);
    rows.int4(delta.bucketS);
    rows.int4(delta.appId);
    rows.int4(ids[index]!);
    rows.int4(writerId);
    rows.int8(delta.bucket.count);
    rows.float8(delta.bucket.sum);
    rows.float8(delta.bucket.min);
    rows.float8(delta.bucket.max);
    rows.float8(delta.bucket.last);
    rows.int8(delta.bucket.lastAtMs);
  });
  return rows;
}

async function updateDrains(client: Client, drains: DrainDelta[]): Promise<void> {
  if (drains.length === 0) return;
  const sorted = [...drains].sort((a, b) => a.drainId - b.drainId);
  await client.query(
    `WITH locked AS (
       SELECT id FROM drains WHERE id = ANY ($1::int[]) ORDER BY id FOR NO KEY UPDATE
     )
     UPDATE drains SET
       last_received_at_ms = greatest(drains.last_received_at_ms, n.received),
       last_line_at_ms = greatest(drains.last_line_at_ms, n.line)
     FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS n (id, received, line)
     JOIN locked ON locked.id = n.id
     WHERE drains.id = n.id`,
    [
      sorted.map((drain) => drain.drainId),
      sorted.map((drain) => drain.lastReceivedAtMs),
      sorted.map((drain) => drain.lastLineAtMs),
    ],
  );
}
