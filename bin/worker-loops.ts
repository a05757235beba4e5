/** The loops of a worker: alerting, partitions ahead, compaction, retention. Any number of processes may run them. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { backfillOne } from '../alerts/backfill.ts';
import { countSections } from '../drain/slo-backfill.ts';
import type { Log } from '../model/log.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import { compactDue } from '../store/compaction.ts';
import { withLease } from '../store/leases.ts';
import { compactLogs } from '../store/log-compaction.ts';
import { trimLogs } from '../store/log-retention.ts';
import { ensurePartitions } from '../store/partitions.ts';
import type { Pool } from '../store/pool.ts';
import { applyRetention, type RetentionConfig } from '../store/retention.ts';
import { RoomMaker } from '../store/room.ts';
import { type AlertingOptions, buildAlerting } from './alerting.ts';
import { type Loop, startLoop } from './loop.ts';

export interface LogKeeping {
  /** Of apps that say nothing of it; 0: not at all. */
  hours: number;
  bytesMax: number;
}

export interface WorkerLoopsOptions {
  pool: Pool;
  config: RetentionConfig;
  /** How long lines of logs are kept, and how much of them; left out: nothing is done about them. */
  logs?: LogKeeping | undefined;
  log: Log;
  nowMs: () => number;
  /** Whether evaluation gives way to ingest now. */
  gaveWay?: (() => boolean) | undefined;
  /** At the end of each round of alerting. */
  beat?: AlertingOptions['beat'];
}

export interface WorkerLoops {
  /** Ends the loops between two steps and gives their leases back. Twice is one stop. */
  stop(): Promise<void>;
  /** Runs each loop's work once, in order, and throws what it throws. For tests and for the command line. */
  tickOnce(): Promise<void>;
}

/** Of every transaction of a worker's pool: one that is frozen keeps its rows from the others for so long (K-15). */
export const WORKER_IDLE_LIMIT_MS = 15 * SECOND;

const PARTITIONS_EVERY_MS = MINUTE;
const PARTITIONS_AHEAD = 3;
const COMPACTION_EVERY_MS = 10 * SECOND;
const LOGS_EVERY_MS = 10 * SECOND;
const RETENTION_EVERY_MS = 10 * MINUTE;
/** Frames are held while the database refuses them: room is made at once. */
const ROOM_EVERY_MS = 5 * SECOND;
/** Whoever made an SLO waits for its past. */
const BACKFILL_EVERY_MS = 5 * SECOND;
/** Units between two looks at whether to stop. */
const COMPACTION_BATCH = 50;

/**
 * Starts the loops. Partitions come first: nothing but alerting runs before those of now are there. Failures are logged
 * once and tried again with growing pauses; none ends the process.
 */
export function startWorkerLoops({
  pool,
  config,
  logs,
  log,
  nowMs,
  gaveWay,
  beat,
}: WorkerLoopsOptions): WorkerLoops {
  const stopping = new AbortController();
  const { signal } = stopping;
  const holder = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`.slice(0, 120);

  const makePartitions = async () => {
    const made = await ensurePartitions(pool, { nowMs: nowMs(), ahead: PARTITIONS_AHEAD });
    if (made.length > 0) log.info('partitions.made', { names: made });
  };
  const compact = () =>
    withLease(pool, { name: 'compaction', holder }, async (fence) => {
      for (let isDone = false; !isDone && !signal.aborted; ) {
        ({ isDone } = await compactDue(pool, { nowMs: nowMs(), limit: COMPACTION_BATCH, fence }));
      }
    });
  const retain = () =>
    withLease(pool, { name: 'retention', holder }, async (fence) => {
      const { retired, erased, heldBack } = await applyRetention(pool, {
        nowMs: nowMs(),
        config,
        signal,
        fence,
      });
      if (retired.length > 0 || erased.length > 0)
        log.info('retention.deleted', { partitions: retired, erased });
      if (heldBack.length > 0) log.warn('retention.heldBack', { tables: heldBack });
    });

  const compactLines = ({ hours }: LogKeeping) =>
    withLease(pool, { name: 'logs', holder }, async (fence) => {
      for (let isDone = false; !isDone && !signal.aborted; ) {
        const { unread, ...round } = await compactLogs(pool, { nowMs: nowMs(), hours, fence });
        if (unread > 0) log.warn('logs.unread', { chunks: unread });
        isDone = round.isDone;
      }
    });
  const trimLines = (keeping: LogKeeping) =>
    withLease(pool, { name: 'logRetention', holder }, async (fence) => {
      const { shortenedToMs, ...gone } = await trimLogs(pool, { nowMs: nowMs(), ...keeping, signal, fence });
      if (gone.retired.length > 0 || gone.deleted > 0) log.info('logs.deleted', gone);
      if (shortenedToMs !== null) log.warn('logs.shortened', { shortenedToMs });
    });

  // Without a lease: taking one is a write, which is just what is refused.
  const room = new RoomMaker(pool, log);
  const makeRoom = () => room.round(nowMs());

  const alerting = buildAlerting({ pool, log, gaveWay, beat });
  // Without a lease: each SLO is claimed on its own.
  const backfill = async () => {
    while (!signal.aborted && (await backfillOne({ pool, countSections, nowMs, signal })));
  };

  const loops: Loop[] = [];
  const start = (name: string, everyMs: number, work: () => Promise<unknown>) => {
    const loop = startLoop({ name, everyMs, work, log });
    loops.push(loop);
    return loop;
  };
  // What is counted already can be evaluated, whatever becomes of partitions.
  alerting.start();
  const partitions = start('partitions', PARTITIONS_EVERY_MS, makePartitions);
  void partitions.firstSuccess.then(() => {
    if (signal.aborted) return;
    start('compaction', COMPACTION_EVERY_MS, compact);
    start('retention', RETENTION_EVERY_MS, retain);
    if (logs !== undefined) {
      start('logs', LOGS_EVERY_MS, () => compactLines(logs));
      start('logRetention', RETENTION_EVERY_MS, () => trimLines(logs));
    }
    start('room', ROOM_EVERY_MS, makeRoom);
    start('sloBackfill', BACKFILL_EVERY_MS, backfill);
  });

  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopping.abort();
    await Promise.all([alerting.stop(), ...loops.map((loop) => loop.stop())]);
  };
  return {
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    tickOnce: async () => {
      await makeRoom();
      await makePartitions();
      await compact();
      await retain();
      if (logs !== undefined) {
        await compactLines(logs);
        await trimLines(logs);
      }
      await alerting.tick();
    },
  };
}
