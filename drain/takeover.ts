/** Rolls up what writers left behind that died between a commit and its roll-up, from the durable log. */
import type { AppDeltas } from '../model/deltas.ts';
import { killPoint } from '../model/kill-point.ts';
import type { Log } from '../model/log.ts';
import { SECOND } from '../model/time.ts';
import { type ChunkRow, listChunksBehind } from '../store/chunks.ts';
import type { Pool } from '../store/pool.ts';
import { writeRollUp } from '../store/rollups.ts';
import type { SeriesNumbers } from '../store/series.ts';
import { claimExpiredWriter, closeWriter, type Writer } from '../store/writers.ts';
import { ChunkError, decodeSection } from './chunk.ts';
import type { Clock } from './clock.ts';
import { RollUp } from './rollup.ts';
import { Section } from './section.ts';
import type { SloBook } from './slo-book.ts';

export interface TakeoverOptions {
  pool: Pool;
  numbers: SeriesNumbers;
  clock: Clock;
  log: Log;
  holder: string;
  /** The writer of this very process, which is left alone; null before its first commit. */
  ownWriterId: () => number | null;
  onRolledUp: (apps: AppDeltas[]) => void;
  /** SLOs to count requests for; left out: none. */
  slos?: SloBook | undefined;
  /** Done before the first writer is claimed; throws when the database is away. */
  before?: () => Promise<void>;
  intervalMs?: number;
}

const INTERVAL_MS = 3 * SECOND;
/** Chunks rolled up in one transaction. */
const BATCH = 50;
/** A checkpoint's time is that of the database as the dead process knew it. */
const CLOCK_SLACK_MS = 600 * SECOND;
/** Lines of a chunk are about this old when they are committed. */
const DAMAGE_SPAN_MS = 10 * SECOND;

export class Takeover {
  readonly #options: TakeoverOptions;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(options: TakeoverOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#tick().finally(() => {
        this.#running = null;
        this.start();
      });
    }, this.#options.intervalMs ?? INTERVAL_MS);
  }

  async #tick(): Promise<void> {
    try {
      await this.#options.before?.();
      while (!this.#stopped && (await this.takeOverOne()));
    } catch (error) {
      this.#options.log.warn('takeover.waiting', { error });
    }
  }

  /** Takes over one dead writer and rolls up everything it left; false when there is none. */
  async takeOverOne(): Promise<boolean> {
    const { pool, holder, log, ownWriterId, slos } = this.#options;
    // First, so that what dead writers left is not claimed by one who cannot count it.
    await slos?.renew();
    const writer = await claimExpiredWriter(pool, holder, ownWriterId());
    if (writer === null) return false;
    killPoint('takeover.claimed');
    let chunks = 0;
    while (writer.checkpointSeq < writer.seq) {
      // The rest is another's, once the lease has run out: stopping does not wait for a long log.
      if (this.#stopped) return true;
      const rolledUp = await this.#rollUpBatch(writer);
      if (rolledUp === null) return true;
      chunks += rolledUp;
    }
    await closeWriter(pool, writer);
    log.info('writer.replayed', { writer: writer.id, chunks });
    return true;
  }

  /** Chunks rolled up, or null when somebody else took this writer meanwhile. */
  async #rollUpBatch(writer: Writer): Promise<number | null> {
    const { pool, numbers, clock, log, onRolledUp, slos } = this.#options;
    const sinceMs = writer.checkpointAtMs - CLOCK_SLACK_MS;
    const rows = await listChunksBehind(pool, writer.id, writer.checkpointSeq, sinceMs, BATCH);
    const rollUp = new RollUp((...name) => numbers.has(...name), slos);
    for (const row of rows) this.#addChunk(rollUp, row);
    const last = rows.at(-1);
    // No row although some are due: retention was faster. There is nothing left to do for this writer.
    const to = { seq: last?.seq ?? writer.seq, atMs: last?.committedAtMs ?? writer.checkpointAtMs };
    if (last === undefined) this.#options.log.error('writer.chunksGone', { writer: writer.id });
    const apps = rollUp.take();
    const outcome = await writeRollUp(pool, numbers, {
      writer,
      checkpointSeq: writer.checkpointSeq,
      to,
      apps,
      nowMs: clock.nowMs(),
      onRefused: (refused) => log.error('rollup.refused', { ...refused }),
    });
    if (outcome === 'fenced') return null;
    writer.checkpointSeq = to.seq;
    writer.checkpointAtMs = to.atMs;
    onRolledUp(apps);
    return rows.length;
  }

  #addChunk(rollUp: RollUp, row: ChunkRow): void {
    const duplicates = new Set(row.duplicates);
    let start = 0;
    for (const [index, end] of row.sectionEnds.entries()) {
      try {
        rollUp.add(decodeSection(row.body.subarray(start, end)), duplicates, row.committedAtMs);
      } catch (error) {
        if (!(error instanceof ChunkError)) throw error;
        // One damaged section must not keep the rest of the log from being rolled up: it becomes a gap.
        const appId = row.appIds[index];
        this.#options.log.error('chunk.damaged', { error, app: appId, seq: row.seq, messages: row.messages });
        if (appId !== undefined) rollUp.add(damagedSection(appId, row), new Set([0]));
      }
      start = end;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }
}

/** In place of a section that cannot be read: one loss, in a frame that counts as nothing. */
function damagedSection(appId: number, { seq, committedAtMs }: ChunkRow): Section {
  const section = new Section(appId);
  section.frames.push({
    position: 0,
    drainId: 0,
    receivedAtMs: committedAtMs,
    bodyBytes: 0,
    messages: 0,
    kinds: [],
    filed: [],
    notes: [],
    redactions: 0,
    lastLineMs: 0,
  });
  const body = {
    type: 'loss' as const,
    cause: 'damaged',
    fromMs: committedAtMs - DAMAGE_SPAN_MS,
    toMs: committedAtMs,
    dedupeKey: `damaged:${seq}:${committedAtMs}`,
  };
  section.records.push({ frame: 0, timeMs: committedAtMs, body });
  return section;
}
