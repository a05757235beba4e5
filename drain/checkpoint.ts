/**
 * The writer of roll-ups: every few seconds what was committed since goes to the bucket tables together with the
 * writer's checkpoint. Until that is through, the same deltas are tried again; what comes meanwhile waits.
 */
import type { AppDeltas } from '../model/deltas.ts';
import type { Log } from '../model/log.ts';
import type { Pool } from '../store/pool.ts';
import { writeRollUp } from '../store/rollups.ts';
import type { SeriesNumbers } from '../store/series.ts';
import { closeWriter, readWriter, renewWriter, type Writer } from '../store/writers.ts';
import type { Clock } from './clock.ts';
import type { Committer } from './commit.ts';
import type { SloBook } from './slo-book.ts';
import { countFromLog } from './slo-recount.ts';

export interface CheckpointOptions {
  pool: Pool;
  committer: Committer;
  numbers: SeriesNumbers;
  clock: Clock;
  log: Log;
  /** As the committer's; left out: nothing is counted for SLOs. */
  slos?: SloBook | undefined;
  /** Told after the deltas are visible to readers. */
  onRolledUp: (apps: AppDeltas[]) => void;
  intervalMs?: number;
  /** Whether roll-ups give way now: then they come more seldom, and each writes more at once. */
  delay?: (() => boolean) | undefined;
}

/**
 * With a commit of some 25 ms before and a query after: on the chart within 5 s (DESIGN 2.6). Each round adds a row to
 * every series of every bucket it touches: at 2 s it was five rows a bucket, half as much again as at 3 s.
 */
const INTERVAL_MS = 3_000;
const RETRY_MS = 500;
const HURRY_MAX_MS = 1_000;
/** Under pressure. Well below the time after which a writer that says nothing is taken over. */
const DELAYED_FACTOR = 3;

interface Snapshot {
  writer: Writer;
  to: { seq: number; atMs: number };
  apps: AppDeltas[];
  /** What was counted for SLOs may be wrong: a version may have begun that was not known. */
  isSloStale: boolean;
}

export class Checkpointer {
  readonly #options: CheckpointOptions;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #unwritten: Snapshot | null = null;
  #stopped = false;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  start(): void {
    this.#wait(this.#options.intervalMs ?? INTERVAL_MS);
  }

  #wait(ms: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#begin(), ms);
  }

  #begin(): Promise<void> {
    this.#running = this.#tick().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /**
   * A round now, or the one that is on its way, for whoever gathered more than memory should hold. Waits a second at
   * most: roll-ups give way before frames do. Never throws.
   */
  async hurry(): Promise<void> {
    if (this.#stopped) return;
    let round = this.#running;
    if (round === null) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      round = this.#begin();
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, HURRY_MAX_MS);
    });
    await Promise.race([round, late]);
    clearTimeout(timer);
  }

  async #tick(): Promise<void> {
    let waitMs = this.#options.intervalMs ?? INTERVAL_MS;
    if (this.#options.delay?.()) waitMs *= DELAYED_FACTOR;
    try {
      await this.roundOnce();
    } catch (error) {
      this.#options.log.warn('rollup.waiting', { error });
      waitMs = RETRY_MS;
    }
    this.#wait(waitMs);
  }

  /** Writes what is there, or renews the lease. Throws when the database does; nothing is lost by that. */
  async roundOnce(): Promise<void> {
    const { committer, pool } = this.#options;
    const position = committer.position;
    if (position === null && this.#unwritten === null) return;
    if (this.#unwritten === null && committer.rollUp.empty) {
      if (position !== null && !(await renewWriter(pool, position.writer)))
        await committer.loseWriter(position.writer);
      return;
    }
    this.#unwritten ??= {
      writer: position!.writer,
      to: { seq: position!.seq, atMs: position!.committedAtMs },
      isSloStale: committer.rollUp.isSloStale,
      apps: committer.rollUp.take(),
    };
    if (this.#unwritten.isSloStale) await this.#countAgain(this.#unwritten);
    await this.#write(this.#unwritten);
    this.#unwritten = null;
  }

  /** Throws when the database does; then the next round begins with it. */
  async #countAgain(snapshot: Snapshot): Promise<void> {
    const { pool, slos, log } = this.#options;
    if (slos !== undefined) {
      await slos.refresh();
      const { writer, to } = snapshot;
      const minutes = await countFromLog(pool, slos, writer, to.seq);
      for (const app of snapshot.apps) app.minutes = minutes.get(app.appId) ?? [];
      log.info('slo.recounted', { writer: writer.id, chunks: to.seq - writer.checkpointSeq });
    }
    snapshot.isSloStale = false;
  }

  async #write(snapshot: Snapshot): Promise<void> {
    const { pool, numbers, committer, clock, log, onRolledUp } = this.#options;
    const { writer, to, apps } = snapshot;
    const outcome = await writeRollUp(pool, numbers, {
      writer,
      checkpointSeq: writer.checkpointSeq,
      to,
      apps,
      nowMs: clock.nowMs(),
      onRefused: (refused) => log.error('rollup.refused', { ...refused }),
    });
    if (outcome === 'fenced' && !(await this.#gotThrough(snapshot))) {
      // Another process took this writer over and rolls these chunks up from the durable log.
      await committer.loseWriter(writer);
      return;
    }
    writer.checkpointSeq = to.seq;
    onRolledUp(apps);
  }

  /** Whether an earlier try of this very roll-up was committed and only its answer was lost. */
  async #gotThrough({ writer, to }: Snapshot): Promise<boolean> {
    const stored = await readWriter(this.#options.pool, writer.id);
    return stored !== null && stored.epoch === writer.epoch && stored.checkpointSeq === to.seq;
  }

  /** Ends the rounds, writes the rest and closes the writer, so that nobody waits for its lease to run out. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
    await this.roundOnce();
    await this.roundOnce();
    const position = this.#options.committer.position;
    if (position !== null) await closeWriter(this.#options.pool, position.writer);
  }
}
