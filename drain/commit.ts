/**
 * Group commit: the frames that wait become one chunk and one statement; then, and only then, each is answered. One
 * commit is in flight at a time, the next group fills meanwhile. A commit that fails in a way that may pass is tried
 * again as it is until it is settled: the frame ids and the chunk's number make a try that got through harmless.
 */
import type { LossRecord } from '../model/deltas.ts';
import type { CommitFailure } from '../model/ingest-health.ts';
import { killPoint } from '../model/kill-point.ts';
import type { Log } from '../model/log.ts';
import { type ChunkInput, commitChunk, readStoredChunk } from '../store/chunks.ts';
import { causeOf, isLastingFailure, mayHaveCommitted } from '../store/failure.ts';
import { ensurePartitionForError } from '../store/partitions.ts';
import type { Pool } from '../store/pool.ts';
import { insertWriter, readWriter, type Writer } from '../store/writers.ts';
import { type Clock, DatabaseClock } from './clock.ts';
import { type FrameOutcome, Group, type PendingFrame } from './group.ts';
import type { Intake } from './intake.ts';
import { type IsKnown, RollUp, type SloSource } from './rollup.ts';
import { recycle, type Section } from './section.ts';
import type { EncodedGroup } from './spool-entry.ts';
import type { AppState, Body } from './target.ts';

export interface CommitOptions {
  pool: Pool;
  intake: Intake;
  clock: Clock;
  log: Log;
  /** Who this process is, for the writers' table: host and pid. */
  holder: string;
  frameMemoryHours: number;
  /** A group is sealed this long after its first frame at the latest, ms. */
  tickMs?: number;
  /** Done before this process registers as a writer; throws when the database is away. */
  beforeRegister?: () => Promise<void>;
  /** The database does not know what this writer committed: told before another number is taken. */
  onTurnedBack?: (writer: Writer, stored: Writer | null) => Promise<void>;
  /** The roll-up holds more than it should; the next commit waits for the answer. Never throws. */
  onRollUpFull?: () => Promise<void>;
  /** Whether a series has its number: then it goes on, however many others there are. */
  isKnownSeries?: IsKnown | undefined;
  /** SLOs to count requests for; left out: none. */
  slos?: SloSource | undefined;
  /** Where groups go while the database cannot be written; left out: they are held. */
  spool?: GroupSpool | undefined;
}

/** Takes groups that the database does not. */
export interface GroupSpool {
  /** False: an append would be refused at once. */
  readonly usable: boolean;
  /** True when the group is kept for certain, to be committed later; false when it is not, or perhaps. Never throws. */
  append(group: EncodedGroup, sections: readonly Section[]): Promise<boolean>;
  /** A group was encoded, wherever it goes: what the spool would have to take each minute. */
  note(bytes: number): void;
}

/**
 * What became of a group that came back from the spool. `away`: not known to be committed, to be tried again;
 * `refused`: the database will never take it.
 */
export type ReturnedOutcome = { kind: 'committed' } | { kind: 'away' } | { kind: 'refused'; error: unknown };

interface Returned {
  encoded: EncodedGroup;
  sections: Section[];
  frameMemoryHours: number;
  /** Monotonic ms. */
  sinceMs: number;
  settle: (outcome: ReturnedOutcome) => void;
}

interface Committed {
  duplicates: number[];
  writer: Writer;
  committedAtMs: number;
}

/** Long enough to gather, short against the 250 ms of R-08. */
const TICK_MS = 20;
/** Cells of a roll-up that are gathered before it is written early: some 25 MB. A thousand apps have fewer at rest. */
const CELLS_MAX = 50_000;
const LOOK_AT_CELLS_MS = 50;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 500;
/** With a spool: an answer of the database that takes longer is not waited for. Logplex waits 5 s in all. */
const PATIENCE_MIN_MS = 1_000;
/**
 * For a database that was seen to answer late, but well (P-11): to put everything into the spool first would cost it
 * twice the work and never end.
 */
const PATIENCE_MAX_MS = 3_000;
/** With a spool, while the database is away: it is tried this often. */
const PROBE_EVERY_MS = 1_000;
/** With a spool, while the database is away: fewer and larger entries, still well within the 250 ms of R-08. */
const SPOOL_TICK_MS = 100;
/** While the spool fails too. */
const SPOOL_RETRY_MS = 250;
/** What came back from the spool waits no longer than this for live groups to leave room. */
const RETURNED_WAITS_MS = 250;

/** What is committed but not yet handed to the roll-up's writer. */
export interface RolledUp {
  writer: Writer;
  seq: number;
  committedAtMs: number;
}

export class Committer {
  readonly #options: CommitOptions;
  readonly #databaseClock: DatabaseClock;
  readonly #tickMs: number;
  #open: Group;
  #queue: Group[] = [];
  #pending = new Map<string, PendingFrame>();
  #writer: Writer | null = null;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #lastCommittedAtMs = 0;
  #stopped = false;
  #returned: Returned[] = [];
  /** A statement whose frames went to the spool because its answer did not come; it may still be carried out. */
  #straggler: Promise<unknown> | null = null;
  #probeAtMs = 0;
  #patienceMs = PATIENCE_MIN_MS;
  /** What is committed and not yet taken for a roll-up. Replaced when this writer was taken over. */
  rollUp: RollUp;
  /** Bytes of bodies that wait for their commit. */
  heldBytes = 0;
  /** Frames whose data the database refuses for good, since the process began. */
  refusedFrames = 0;
  /** Since when commits fail, monotonic ms; null while they work. */
  failingSinceMs: number | null = null;
  #failure: CommitFailure = 'other';
  #lookAtCellsAtMs = 0;
  /** Since when the statement under way has no answer, monotonic ms; null without one. */
  inFlightSinceMs: number | null = null;

  constructor(options: CommitOptions) {
    this.#options = options;
    this.rollUp = new RollUp(options.isKnownSeries, options.slos);
    this.#databaseClock = new DatabaseClock(options.clock);
    this.#tickMs = options.tickMs ?? TICK_MS;
    this.#open = new Group(options.clock.monotonicMs());
  }

  /**
   * Takes a frame in and tells its fate once it is settled. A frame whose twin is on its way waits for that one; its
   * own loss notice, if it has one, is committed too (S-04).
   */
  submit(app: AppState, body: Body, frameId: Buffer, onSettled: (outcome: FrameOutcome) => void): void {
    const key = `${body.drainId}:${frameId.toString('latin1')}`;
    const twin = this.#pending.get(key);
    if (twin === undefined) {
      this.#add(app, body, frameId, key).onSettled(onSettled);
      return;
    }
    const frame = this.#add(app, { ...body, lossesOnly: true }, null, '');
    twin.onSettled((outcome) => {
      frame.onSettled(() => onSettled(outcome === 'failed' ? 'failed' : 'duplicate'));
    });
  }

  /** Commits a loss of our own making. */
  addLoss(appId: number, drainId: number, loss: LossRecord): Promise<FrameOutcome> {
    const frame = this.#open.addLoss(appId, drainId, this.#options.clock.nowMs(), loss);
    this.#afterAdd(frame);
    return frame.settled;
  }

  #add(app: AppState, body: Body, frameId: Buffer | null, key: string): PendingFrame {
    if (this.#open.frames.length === 0) this.#open = new Group(this.#options.clock.monotonicMs());
    const frame = this.#open.add(this.#options.intake, app, body, frameId, key);
    if (key !== '') this.#pending.set(key, frame);
    this.#afterAdd(frame);
    return frame;
  }

  #afterAdd(frame: PendingFrame): void {
    this.heldBytes += frame.bodyBytes;
    if (this.#open.full) this.#seal();
    this.#schedule();
  }

  #seal(): void {
    if (this.#open.frames.length === 0) return;
    this.#queue.push(this.#open);
    this.#open = new Group(this.#options.clock.monotonicMs());
  }

  #schedule(): void {
    if (this.#running !== null) return;
    const returned = this.#takeReturned();
    if (returned !== undefined) {
      this.#run(this.#commitReturned(returned));
      return;
    }
    if (this.#queue.length > 0) {
      this.#start();
      return;
    }
    if (this.#open.frames.length === 0) return;
    if (this.#open.worthwhile && !this.#isDiverting) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      this.#seal();
      this.#start();
      return;
    }
    if (this.#timer !== null) return;
    const waitedMs = this.#options.clock.monotonicMs() - this.#open.openedAtMs;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#seal();
        this.#schedule();
      },
      Math.max(0, (this.#isDiverting ? SPOOL_TICK_MS : this.#tickMs) - waitedMs),
    );
  }

  #start(): void {
    const group = this.#queue.shift();
    if (group === undefined) return;
    const committing = this.#commit(group).catch((error: unknown) => {
      this.#options.log.error('commit.mistake', { error });
      this.#settle(group, () => 'failed');
    });
    this.#run(committing.then(() => this.#relieve()));
  }

  #run(work: Promise<void>): void {
    this.#running = work.finally(() => {
      this.#running = null;
      this.#schedule();
    });
  }

  async #commit(group: Group): Promise<void> {
    const encoded = encodeGroup(group);
    this.#options.spool?.note(encoded.body.length + (encoded.logs?.body.length ?? 0));
    // Some try of this group may have been carried out: not the last one alone tells what its number stands for.
    let isUnsure = false;
    for (let attempt = 0; ; attempt++) {
      try {
        if (!this.mayTry && (await this.#divert(group, encoded))) {
          if (isUnsure) this.#giveUpNumber();
          group.sections.forEach(recycle);
          return;
        }
        if (this.#straggler !== null) {
          await Promise.race([this.#straggler, sleep(SPOOL_RETRY_MS)]);
          continue;
        }
        const trying = this.#tryCommit(encoded, this.#options.frameMemoryHours);
        if ((await this.#isLate(trying)) && (await this.#divertUntil(trying, group, encoded))) {
          void this.#leaveBehind(trying, group.sections, isUnsure);
          return;
        }
        const outcome = await trying;
        if (outcome === null) {
          // As somebody new: what the old number stands for is the old writer's.
          isUnsure = false;
          continue;
        }
        this.failingSinceMs = null;
        this.#finish(group, outcome);
        return;
      } catch (error) {
        isUnsure ||= mayHaveCommitted(error);
        if (await this.#makePartition(error)) continue;
        if (isLastingFailure(error)) {
          if (isUnsure) this.#giveUpNumber();
          await this.#commitApart(group, error);
          return;
        }
        this.#noteFailure(error, attempt);
        if (await this.#divert(group, encoded)) {
          if (isUnsure) this.#giveUpNumber();
          group.sections.forEach(recycle);
          return;
        }
        if (this.#stopped) {
          if (isUnsure) this.#giveUpNumber();
          throw error;
        }
        await sleep(Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt, 5)));
      }
    }
  }

  /**
   * Lines of a minute fill some buckets, lines of two days that come at once thousands: hundreds of megabytes. The next
   * commit waits until they are written.
   */
  async #relieve(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#lookAtCellsAtMs) return;
    this.#lookAtCellsAtMs = nowMs + LOOK_AT_CELLS_MS;
    if (this.rollUp.cells > CELLS_MAX) await this.#options.onRollUpFull?.();
  }

  /**
   * The database will never take this group. Each of its apps on its own, so that the one whose data is refused takes
   * no neighbour with it.
   */
  async #commitApart(group: Group, error: unknown): Promise<void> {
    const { sections } = group;
    if (sections.length > 1) {
      for (const part of group.split()) await this.#commit(part);
      return;
    }
    const app = sections[0]?.appId;
    this.#options.log.error('commit.refused', { error, app, messages: group.messages });
    this.refusedFrames += group.frames.length;
    this.#settle(group, () => 'failed');
  }

  #noteFailure(error: unknown, attempt: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#probeAtMs = nowMs + PROBE_EVERY_MS;
    if (attempt === 0 && (this.failingSinceMs === null || !this.#isDiverting)) {
      this.#options.log.warn('commit.waiting', { error });
    }
    this.failingSinceMs ??= nowMs;
    this.#failure = causeOf(error);
  }

  /** Why commits fail at this time; null while they work. */
  get failure(): CommitFailure | null {
    return this.failingSinceMs === null ? null : this.#failure;
  }

  /** Groups go to the spool at this time. */
  get #isDiverting(): boolean {
    return this.failingSinceMs !== null && this.#options.spool?.usable === true;
  }

  /** Whether the database is to be asked now: always, but for a spool that is usable between two probes. */
  get mayTry(): boolean {
    if (this.#straggler !== null) return false;
    return !this.#isDiverting || this.#options.clock.monotonicMs() >= this.#probeAtMs;
  }

  /** Answers a group's frames because the spool has it. */
  async #divert(group: Group, encoded: EncodedGroup): Promise<boolean> {
    const { spool } = this.#options;
    if (spool?.usable !== true || !(await spool.append(encoded, group.sections))) return false;
    killPoint('spool.appended');
    this.#settle(group, () => 'spooled');
    return true;
  }

  /** As long as the statement has no answer; false when it has one. */
  async #divertUntil(trying: Promise<unknown>, group: Group, encoded: EncodedGroup): Promise<boolean> {
    this.#noteFailure(noAnswer(), 0);
    let isSettled = false;
    const settled = trying.then(
      () => {
        isSettled = true;
      },
      () => {
        isSettled = true;
      },
    );
    while (!isSettled) {
      if (await this.#divert(group, encoded)) return true;
      await Promise.race([settled, sleep(SPOOL_RETRY_MS)]);
    }
    return false;
  }

  /** Whether a statement has no answer after the time that one waits with a spool at hand. */
  async #isLate(trying: Promise<unknown>): Promise<boolean> {
    if (this.#options.spool?.usable !== true) return false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), this.#patienceMs);
    });
    const answered = trying.then(
      () => false,
      () => false,
    );
    const sinceMs = this.#options.clock.monotonicMs();
    const isLate = await Promise.race([answered, late]);
    clearTimeout(timer);
    if (this.#options.clock.monotonicMs() - sinceMs < PATIENCE_MIN_MS / 2) this.#patienceMs = PATIENCE_MIN_MS;
    return isLate;
  }

  /**
   * A statement that is on its way while its frames are answered. When it is carried out after all, its chunk is rolled
   * up like any other, and the spool's copy meets its own frame ids. Until its outcome is known no other is sent: it
   * has this writer's next number.
   */
  #leaveBehind(trying: Promise<Committed | null>, sections: Section[], isUnsure: boolean): Promise<boolean> {
    const outcome = trying
      .then(
        (committed) => {
          if (committed === null) return false;
          this.#patienceMs = PATIENCE_MAX_MS;
          this.failingSinceMs = null;
          this.#enter(sections, committed);
          return true;
        },
        (error: unknown) => {
          this.#noteFailure(error, 0);
          if (isUnsure || mayHaveCommitted(error)) this.#giveUpNumber();
          return false;
        },
      )
      .finally(() => {
        sections.forEach(recycle);
        this.#straggler = null;
        this.#schedule();
      });
    this.#straggler = outcome;
    return outcome;
  }

  /**
   * A statement that nobody tries again may have been carried out, or be under way in the server: its number must not
   * be used for another chunk, which would pass for committed. As somebody new; what the old writer committed is rolled
   * up by whoever takes it over.
   */
  #giveUpNumber(): void {
    if (this.#writer !== null) this.abandonWriter(this.#writer);
  }

  /** Where nothing is there to commit: notes what asking the database whether it takes writes came to. */
  notePing(error: unknown): void {
    if (error !== null) this.#noteFailure(error, 1);
    else if (this.#straggler === null) this.failingSinceMs = null;
  }

  /**
   * Commits a group that came back from the spool, when there is room between live ones. `waitedHours`: how long it was
   * there, for the frame ids of that time to be recognised.
   */
  commitReturned(encoded: EncodedGroup, sections: Section[], waitedHours: number): Promise<ReturnedOutcome> {
    return new Promise((settle) => {
      const { clock, frameMemoryHours } = this.#options;
      this.#returned.push({
        encoded,
        sections,
        frameMemoryHours: frameMemoryHours + waitedHours,
        sinceMs: clock.monotonicMs(),
        settle,
      });
      this.#schedule();
    });
  }

  #takeReturned(): Returned | undefined {
    const [first] = this.#returned;
    if (first === undefined) return undefined;
    const waitedMs = this.#options.clock.monotonicMs() - first.sinceMs;
    return this.#queue.length === 0 || waitedMs > RETURNED_WAITS_MS ? this.#returned.shift() : undefined;
  }

  async #commitReturned(returned: Returned): Promise<void> {
    const { encoded, sections, frameMemoryHours, settle } = returned;
    for (;;) {
      if (!this.mayTry) return settle({ kind: 'away' });
      try {
        const trying = this.#tryCommit(encoded, frameMemoryHours);
        if (await this.#isLate(trying)) {
          this.#noteFailure(noAnswer(), 0);
          // Live frames go on meanwhile; whoever brought this one waits for what becomes of it.
          void this.#leaveBehind(trying, sections, false).then((isCommitted) =>
            settle({ kind: isCommitted ? 'committed' : 'away' }),
          );
          return;
        }
        const outcome = await trying;
        if (outcome === null) continue;
        this.failingSinceMs = null;
        this.#enter(sections, outcome);
        return settle({ kind: 'committed' });
      } catch (error) {
        if (await this.#makePartition(error)) continue;
        if (isLastingFailure(error)) {
          this.failingSinceMs = null;
          return settle({ kind: 'refused', error });
        }
        this.#noteFailure(error, 0);
        if (mayHaveCommitted(error)) this.#giveUpNumber();
        return settle({ kind: 'away' });
      }
    }
  }

  /** Makes the partition whose lack made the statement fail (P-20); false when it failed for another reason. */
  async #makePartition(error: unknown): Promise<boolean> {
    try {
      return await ensurePartitionForError(this.#options.pool, error);
    } catch (partitionError) {
      this.#options.log.warn('commit.noPartition', { error: partitionError });
      return false;
    }
  }

  /** Duplicates of a committed group; null to try again (as a new writer). */
  async #tryCommit(encoded: EncodedGroup, frameMemoryHours: number): Promise<Committed | null> {
    const writer = this.#writer ?? (await this.#timed(this.#register()));
    const committedAtMs = this.#databaseClock.nowMs();
    const input: ChunkInput = {
      writerId: writer.id,
      epoch: writer.epoch,
      seq: writer.seq + 1,
      committedAtMs,
      frameMemoryHours,
      ...encoded,
    };
    killPoint('commit.before');
    const outcome = await this.#timed(commitChunk(this.#options.pool, input));
    killPoint('commit.after');
    if (outcome.kind === 'committed') {
      this.#databaseClock.set(outcome.databaseNowMs);
      return { duplicates: outcome.duplicates, writer, committedAtMs };
    }
    const stored = await this.#settleRefusal(writer, input);
    return stored === null ? null : { ...stored, writer };
  }

  async #timed<T>(statement: Promise<T>): Promise<T> {
    this.inFlightSinceMs = this.#options.clock.monotonicMs();
    try {
      return await statement;
    } finally {
      this.inFlightSinceMs = null;
    }
  }

  /**
   * The statement found no row of ours. Either an earlier try with the same number got through and only its answer
   * was lost (P-16): then its chunk is there. Or this writer was taken over (K-15): then another rolls up what we
   * committed, and we begin again as somebody new; the frame ids keep the frames from counting twice.
   */
  async #settleRefusal(writer: Writer, input: ChunkInput): Promise<Omit<Committed, 'writer'> | null> {
    const stored = await readWriter(this.#options.pool, writer.id);
    if (stored !== null && stored.epoch === writer.epoch && stored.seq === input.seq) {
      const chunk = await readStoredChunk(this.#options.pool, input);
      // Without its chunk there is nothing to go by: as somebody new, or this would be asked for ever.
      if (chunk !== null) return chunk;
    }
    await this.#tellIfTurnedBack(writer, stored);
    this.abandonWriter(writer);
    return null;
  }

  /**
   * The database does not know this writer any more, or not as it should: looks why, and forgets it. Throws when the
   * database is away; then nothing is forgotten yet.
   */
  async loseWriter(writer: Writer): Promise<void> {
    await this.#tellIfTurnedBack(writer, await readWriter(this.#options.pool, writer.id));
    this.abandonWriter(writer);
  }

  async #tellIfTurnedBack(writer: Writer, stored: Writer | null): Promise<void> {
    const isTurnedBack = stored === null || (stored.epoch === writer.epoch && stored.seq < writer.seq);
    if (isTurnedBack) await this.#options.onTurnedBack?.(writer, stored);
  }

  /**
   * Forgets this writer and what it has not rolled up: whoever took it over does that from the durable log. One that
   * was forgotten before, by the other of commit and roll-up, is left alone: its successor has begun.
   */
  abandonWriter(writer: Writer): void {
    if (this.#writer !== writer) return;
    this.#options.log.warn('writer.takenOver', { writer: writer.id });
    this.#writer = null;
    this.rollUp = new RollUp(this.#options.isKnownSeries, this.#options.slos);
  }

  async #register(): Promise<Writer> {
    await this.#options.beforeRegister?.();
    const { writer, databaseNowMs } = await insertWriter(this.#options.pool, this.#options.holder);
    this.#databaseClock.set(databaseNowMs);
    this.#lastCommittedAtMs = databaseNowMs;
    this.#writer = writer;
    return writer;
  }

  /** Notes a committed chunk. */
  #enter(sections: readonly Section[], outcome: Committed): Set<number> {
    const duplicates = new Set(outcome.duplicates);
    // At once with the roll-up: a checkpoint never passes a chunk that is not in its deltas.
    outcome.writer.seq++;
    // Taken over between the commit and here: the successor rolls this chunk up.
    if (this.#writer === outcome.writer) {
      for (const section of sections) this.rollUp.add(section, duplicates, outcome.committedAtMs);
      this.#lastCommittedAtMs = outcome.committedAtMs;
    }
    return duplicates;
  }

  #finish(group: Group, outcome: Committed): void {
    const { sections } = group;
    const duplicates = this.#enter(sections, outcome);
    sections.forEach(recycle);
    this.#settle(group, (frame) => (duplicates.has(frame.position) ? 'duplicate' : 'counted'));
  }

  #settle(group: Group, outcomeOf: (frame: PendingFrame) => FrameOutcome): void {
    for (const frame of group.frames) {
      if (frame.key !== '') this.#pending.delete(frame.key);
      this.heldBytes -= frame.bodyBytes;
      frame.settle(outcomeOf(frame));
    }
  }

  /** Where this process' writer stands; null before its first commit or after it was taken over. */
  get position(): RolledUp | null {
    if (this.#writer === null) return null;
    return { writer: this.#writer, seq: this.#writer.seq, committedAtMs: this.#lastCommittedAtMs };
  }

  /** Commits what waits and takes nothing more; gives up with the first failure after the deadline's signal. */
  async drain(): Promise<void> {
    this.#seal();
    this.#schedule();
    while (this.#running !== null || this.#queue.length > 0) {
      await this.#running;
      this.#schedule();
    }
  }

  /** From now on a failing commit is not tried again. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function encodeGroup(group: Group): EncodedGroup {
  return {
    ...group.encode(),
    logs: group.encodeLogs(),
    messages: group.messages,
    frames: ledgerFrames(group),
    knownDuplicates: group.frames.filter((frame) => frame.frameId === null).map((frame) => frame.position),
  };
}

function ledgerFrames(group: Group): ChunkInput['frames'] {
  const frames: ChunkInput['frames'] = [];
  for (const { position, drainId, frameId } of group.frames) {
    if (frameId !== null) frames.push({ position, drainId, frameId });
  }
  return frames;
}

function noAnswer(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
