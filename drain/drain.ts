/** The receiving half of Drainboard, wired: from requests on `/drain` to committed chunks and rolled-up buckets. */
import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppDeltas } from '../model/deltas.ts';
import { type CommitFailure, type Overflow, SPOOL_OFF, type SpoolHealth } from '../model/ingest-health.ts';
import type { Log } from '../model/log.ts';
import { MINUTE } from '../model/time.ts';
import { listDrainCredentials } from '../store/apps.ts';
import type { Pool } from '../store/pool.ts';
import { type Joined, SeriesNumbers } from '../store/series.ts';
import { SpoolStream } from '../store/spool.ts';
import { Admission } from './admission.ts';
import { Checkpointer } from './checkpoint.ts';
import { type Clock, systemClock } from './clock.ts';
import { Committer } from './commit.ts';
import { Credentials, REFRESH_MS } from './credentials.ts';
import { type Fate, Receiver } from './http.ts';
import { Intake } from './intake.ts';
import type { LogBounds } from './log-guard.ts';
import { LookBack } from './look-back.ts';
import { LoopGuard, type OwnSigns } from './loop-guard.ts';
import { Mover } from './mover.ts';
import { Refusals } from './refusals.ts';
import { Registry } from './registry.ts';
import { SloBook } from './slo-book.ts';
import { Spool } from './spool.ts';
import { deriveSpoolKey, type SpoolKey } from './spool-entry.ts';
import { Takeover } from './takeover.ts';

export interface DrainOptions {
  /** For commits: few connections, replies noticed missing within seconds. */
  commitPool: Pool;
  /** For roll-ups and refreshes. */
  pool: Pool;
  log: Log;
  clock?: Clock;
  /** `DRAINBOARD_SECRET`. */
  key: string;
  holder: string;
  maxBodyBytes: number;
  maxMessages: number;
  heldBytesMax: number;
  frameMemoryHours: number;
  storeClientAddresses: boolean;
  /** Lines of logs: whether of apps that say nothing of it, and how many of each second; left out: none at all. */
  logs?: (LogBounds & { byDefault: boolean }) | undefined;
  /** Told when deltas are visible to readers. */
  onRolledUp: (apps: AppDeltas[]) => void;
  /** ms between two roll-ups, and between two readings of credentials and drains; tests are in a hurry. */
  rollUpEveryMs?: number;
  refreshEveryMs?: number;
  /** Where frames go while Postgres cannot be written; left out: they are held. */
  spool?: DrainSpoolOptions | undefined;
  /** How this installation knows its own lines; left out: it does not look for them. */
  ownSigns?: OwnSigns | undefined;
  /** Whether roll-ups give way now; asked before each. */
  delayRollUp?: (() => boolean) | undefined;
}

export interface DrainSpoolOptions {
  /** `redis://` or `rediss://`. */
  url: string;
  onHeroku: boolean;
  /** Planned size where the server has no limit of its own, bytes. */
  plannedBytes: number;
  /** Of the stream's keys; tests share a server. */
  tag?: string;
  /** ms between two looks at the server, and until an entry of a silent mover is another's; tests are in a hurry. */
  inspectEveryMs?: number;
  claimIdleMs?: number;
  auditEveryMs?: number;
}

export interface DrainStatus {
  /** Of bodies that are being read, wait for their turn or their commit; and their frames. */
  heldBytes: number;
  heldFrames: number;
  /** ms since commits began to fail, or since the one under way has no answer; null while they work. */
  failingForMs: number | null;
  /** Why they fail; null while they work. */
  failure: CommitFailure | null;
  refused: number;
  fates: ReadonlyMap<Fate, number>;
  spool: SpoolHealth;
  /** As in IngestHealth. */
  shedApps: Record<string, number>;
  loops: Record<string, number>;
  overflow: Record<string, Overflow>;
}

export interface Drain {
  handle(request: IncomingMessage, response: ServerResponse): void;
  status(): DrainStatus;
  /** Apps over their share find no room while this is on, and all of them less: the last step of shedding. */
  squeeze(on: boolean): void;
  /** Commits what waits, rolls it up, closes the writer. */
  stop(): Promise<void>;
}

/** Bits of a person's keyed hash that are kept: enough to tell people of one team apart. */
const USER_HASH_CHARACTERS = 12;

/** A statement without an answer for this long is told as a database that is away: it fails seconds later. */
const ANSWER_LATE_MS = 2_000;

/** What happened to an app is told for this long, ms. */
const TOLD_FOR_MS = 10 * 60_000;

/** Wires the receiver and starts its rounds. */
export function buildDrain(options: DrainOptions): Drain {
  const { pool, commitPool, log, holder, onRolledUp } = options;
  const clock = options.clock ?? systemClock;
  const numbers = new SeriesNumbers();
  const intake = new Intake({
    storeClientAddresses: options.storeClientAddresses,
    logs: options.logs,
    hashUser: (user) =>
      createHmac('sha256', options.key)
        .update(`user\0${user}`)
        .digest('base64url')
        .slice(0, USER_HASH_CHARACTERS),
  });
  const credentials = new Credentials({
    key: options.key,
    clock,
    load: () => listDrainCredentials(pool, clock.nowMs()),
  });
  const registry = new Registry(pool, clock, options.logs?.byDefault);
  const refusals = new Refusals(pool, log);
  const slos = new SloBook(pool, clock);
  let isDatabaseAway = (): boolean => true;
  const spool = buildSpool(options, clock, () => isDatabaseAway());
  const takeoverNumbers = new SeriesNumbers();
  const lookBack = new LookBack({
    pool,
    clock,
    log,
    forget: () => {
      numbers.clear();
      takeoverNumbers.clear();
      registry.clear();
      slos.clear();
    },
  });
  const committer = new Committer({
    beforeRegister: () => lookBack.atStart(),
    onTurnedBack: (writer, stored) => lookBack.turnedBack(writer, stored),
    spool: spool?.spool,
    pool: commitPool,
    intake,
    clock,
    log,
    holder,
    frameMemoryHours: options.frameMemoryHours,
    isKnownSeries: (...name) => numbers.has(...name),
    slos,
    onRollUpFull: () => checkpointer.hurry(),
  });
  isDatabaseAway = () => committer.failingSinceMs !== null;
  const mover = spool === undefined ? undefined : new Mover({ ...spool, pool, committer, clock, log });
  const checkpointer = new Checkpointer({
    pool,
    committer,
    numbers,
    clock,
    log,
    slos,
    onRolledUp,
    delay: options.delayRollUp,
    ...(options.rollUpEveryMs !== undefined && { intervalMs: options.rollUpEveryMs }),
  });
  const takeover = new Takeover({
    pool,
    // Its own numbers: it runs beside the checkpointer, and a cache in the middle of a statement is not shared.
    numbers: takeoverNumbers,
    clock,
    log,
    holder,
    slos,
    before: () => lookBack.atStart(),
    ownWriterId: () => committer.position?.writer.id ?? null,
    onRolledUp,
  });
  const admission = new Admission({
    heldBytesMax: options.heldBytesMax,
    monotonicMs: () => clock.monotonicMs(),
  });
  const loops = new LoopGuard(options.ownSigns ?? { instance: '', hosts: [] });
  const receiver = new Receiver({
    ...options,
    credentials,
    registry,
    committer,
    admission,
    loops,
    refusals,
    clock,
  });
  const rounds = startRounds(async () => {
    if (await credentials.refresh()) {
      for (const credential of credentials.list) registry.app(credential);
      await registry.refresh();
    }
    await slos.refresh();
    await refusals.flush();
  }, options);
  checkpointer.start();
  takeover.start();
  mover?.start();
  return {
    handle: (request, response) => receiver.handle(request, response),
    status: () => ({
      heldBytes: admission.heldBytes,
      heldFrames: admission.heldFrames,
      ...failingOf(committer, clock.monotonicMs()),
      refused: refusals.total,
      fates: receiver.fates,
      spool: spool === undefined ? SPOOL_OFF : spoolHealth(spool.spool, mover, credentials),
      shedApps: admission.shedApps(TOLD_FOR_MS),
      loops: loops.apps(clock.nowMs()),
      overflow: overflowOf(
        credentials.list,
        [numbers, takeoverNumbers].map((each) => each.joinedSince(clock.nowMs() - TOLD_FOR_MS)),
        registry.sharedSince(clock.nowMs() - TOLD_FOR_MS),
      ),
    }),
    squeeze: (on) => {
      admission.isSqueezed = on;
    },
    stop: async () => {
      rounds.stop();
      await takeover.stop();
      await mover?.stop();
      await committer.drain();
      // With the database away the last roll-up fails; what is in the spool must be left in order all the same.
      await checkpointer.stop().finally(() => spool?.spool.stop());
      committer.stop();
      await refusals.flush();
    },
  };
}

function failingOf(
  committer: Committer,
  nowMs: number,
): { failingForMs: number | null; failure: CommitFailure | null } {
  const { failingSinceMs, failure, inFlightSinceMs } = committer;
  if (failingSinceMs !== null) return { failingForMs: nowMs - failingSinceMs, failure };
  const lateMs = inFlightSinceMs === null ? 0 : nowMs - inFlightSinceMs;
  return lateMs > ANSWER_LATE_MS
    ? { failingForMs: lateMs, failure: 'away' }
    : { failingForMs: null, failure: null };
}

/** Frames are taken as long as there is room for them, and their senders' secrets are believed (S-24). */
function spoolHealth(spool: Spool, mover: Mover | undefined, credentials: Credentials): SpoolHealth {
  const health = { ...spool.health(), ...mover?.caughtUp() };
  if (health.minutesLeft === null) return health;
  return { ...health, minutesLeft: Math.min(health.minutesLeft, credentials.believedForMs / MINUTE) };
}

/** Counts by app id as counts by its name, of those that are still there. */
function overflowOf(
  apps: readonly { appId: number; appName: string }[],
  joined: readonly Map<number, Joined>[],
  shared: ReadonlyMap<number, number>,
): Record<string, Overflow> {
  const overflow = new Map<string, Overflow>();
  for (const { appId, appName } of apps) {
    const drains = shared.get(appId) ?? 0;
    const paths = joined.reduce((sum, each) => sum + (each.get(appId)?.paths ?? 0), 0);
    const series = joined.reduce((sum, each) => sum + (each.get(appId)?.series ?? 0), 0);
    if (drains + paths + series > 0) overflow.set(appName, { paths, series, drains });
  }
  return Object.fromEntries(overflow);
}

function buildSpool(
  options: DrainOptions,
  clock: Clock,
  isDatabaseAway: () => boolean,
): { spool: Spool; stream: SpoolStream; keys: SpoolKey[]; claimIdleMs?: number } | undefined {
  const { pool, log, holder, key: secret } = options;
  if (options.spool === undefined) return undefined;
  const { url, onHeroku, plannedBytes, tag, inspectEveryMs, auditEveryMs, claimIdleMs } = options.spool;
  const stream = new SpoolStream({ url, onHeroku, log, consumer: holder, ...(tag !== undefined && { tag }) });
  const key = deriveSpoolKey(secret);
  const spool = new Spool({
    stream,
    key,
    pool,
    clock,
    log,
    plannedBytes,
    isDatabaseAway,
    ...(inspectEveryMs !== undefined && { inspectEveryMs }),
    ...(auditEveryMs !== undefined && { auditEveryMs }),
  });
  return { spool, stream, keys: [key], ...(claimIdleMs !== undefined && { claimIdleMs }) };
}

function startRounds(
  round: () => Promise<void>,
  { log, refreshEveryMs = REFRESH_MS }: Pick<DrainOptions, 'log' | 'refreshEveryMs'>,
): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const run = async (): Promise<void> => {
    try {
      await round();
    } catch (error) {
      log.warn('drain.refreshFailed', { error });
    }
    if (!stopped) timer = setTimeout(() => void run(), refreshEveryMs);
  };
  void run();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
