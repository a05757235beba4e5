/**
 * The evaluation of SLOs: whatever is due is claimed, read, evaluated and written with what it tells in one transaction.
 * Any number of workers may do so at once; one that dies or freezes leaves nothing half done (K-09, K-10, K-15).
 */
import type { AlertChange } from '../model/alert-change.ts';
import { killPoint } from '../model/kill-point.ts';
import type { Log } from '../model/log.ts';
import { type Completeness, readCompleteness } from '../store/completeness.ts';
import { causeOf } from '../store/failure.ts';
import { type Client, type Pool, withTransaction } from '../store/pool.ts';
import {
  claimSloStates,
  deleteSloStates,
  insertSloTransitions,
  listFirings,
  updateSloStates,
} from '../store/slo-states.ts';
import { type DueSlo, evaluateSlo, planEvaluations, type SloOutcome } from './slo-evaluation.ts';
import { type Gathered, gatherSources, type ReadCorrected } from './slo-gather.ts';
import { readSliceSums } from './slo-slices.ts';
import { VersionBook } from './version-book.ts';

/** Hands changes to incidents, in the evaluator's transaction. */
export type Tell = (client: Client, changes: readonly AlertChange[], nowMs: number) => Promise<void>;

export interface EvaluatorOptions {
  pool: Pool;
  log: Log;
  tell: Tell;
  readCorrected: ReadCorrected;
  /** A transaction in which we say nothing for so long is ended by the server, ms; tests are in a hurry. */
  idleLimitMs?: number | undefined;
}

export interface EvaluationRound {
  /** SLOs that were evaluated, and changes that were told. */
  slos: number;
  changes: number;
  /** SLOs whose evaluation failed: tried again with the next round, logged once. */
  failed: number;
}

export interface EvaluationAt {
  /** The newest evaluation that can be made: it sees what lies before it. */
  minute: number;
  nowMs: number;
}

/** SLOs of one transaction: some 50 ms. */
const BATCH = 200;
/** A frozen process must not keep its SLOs from the others (K-15): the server ends its transaction. */
const IDLE_LIMIT_MS = 10_000;
const STATEMENT_LIMIT_MS = 20_000;

export class SloEvaluator {
  readonly #options: EvaluatorOptions;
  readonly #book: VersionBook;
  /** SLOs whose failure was told. */
  readonly #known = new Set<number>();

  constructor(options: EvaluatorOptions) {
    this.#options = options;
    this.#book = new VersionBook(options.log);
  }

  /**
   * Makes every evaluation that is due. What fails is as if it had not been begun; batches before it stand, and an SLO
   * that fails by itself keeps no other from its turn. Throws what the database throws.
   */
  async round(at: EvaluationAt, signal?: AbortSignal): Promise<EvaluationRound> {
    const { pool } = this.#options;
    await this.#book.refresh(pool);
    const completeness = await readCompleteness(pool, at);
    const batch: Batch = { ...at, completeness, limit: BATCH, only: null, leaveOut: [], tried: [] };
    const round = { slos: 0, changes: 0, failed: 0 };
    // Each SLO advances with each claim, so this ends; the bound is for a mistake of ours.
    for (let batches = 0; batches < 10_000 && signal?.aborted !== true; batches++) {
      batch.tried = [];
      const done = await this.#tryBatch(batch);
      if (done.slos === 0 && done.failed === 0) break;
      round.slos += done.slos;
      round.changes += done.changes;
      round.failed += done.failed;
    }
    return round;
  }

  async #tryBatch(batch: Batch): Promise<EvaluationRound> {
    try {
      return await this.#transact(batch);
    } catch (error) {
      // Nobody's own fault: nothing was claimed, or the database is away.
      if (batch.tried.length === 0 || causeOf(error) !== 'other') throw error;
      return await this.#oneByOne(batch);
    }
  }

  /** Each SLO of a batch that failed alone: the others' evaluations stand. */
  async #oneByOne(batch: Batch): Promise<EvaluationRound> {
    const sum = { slos: 0, changes: 0, failed: 0 };
    for (const sloId of batch.tried) {
      try {
        const done = await this.#transact({ ...batch, only: [sloId], leaveOut: [], tried: [] });
        sum.slos += done.slos;
        sum.changes += done.changes;
        this.#known.delete(sloId);
      } catch (error) {
        if (causeOf(error) !== 'other') throw error;
        if (!this.#known.has(sloId)) this.#options.log.error('slo.evaluationFailed', { sloId, error });
        this.#known.add(sloId);
        batch.leaveOut.push(sloId);
        sum.failed++;
      }
    }
    return sum;
  }

  async #transact(batch: Batch): Promise<EvaluationRound> {
    const { pool, idleLimitMs = IDLE_LIMIT_MS } = this.#options;
    const limits = { idleLimitMs, statementTimeoutMs: STATEMENT_LIMIT_MS };
    const done = await withTransaction(pool, (client) => this.#batch(client, batch), limits);
    if (done.slos > 0) killPoint('evaluate.after');
    return done;
  }

  async #batch(client: Client, batch: Batch): Promise<EvaluationRound> {
    const { minute, nowMs } = batch;
    const rows = await claimSloStates(client, batch);
    if (rows.length === 0) return { slos: 0, changes: 0, failed: 0 };
    batch.tried = rows.map(({ sloId }) => sloId);
    const due = rows.map((row) => planEvaluations(row, this.#book.of(row.sloId), minute));
    const sources = await this.#gather(client, due, batch.completeness);
    const outcomes: SloOutcome[] = [];
    for (const [at, slo] of due.entries()) {
      const gathered = sources[at];
      if (gathered === undefined) continue;
      const firings = slo.again === null ? [] : await listFirings(client, slo.row.sloId, slo.again.minute);
      const slices = await readSliceSums(client, slo, gathered);
      outcomes.push(evaluateSlo(slo, gathered, { minute, nowMs, firings, slices }));
    }
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    const transitions = outcomes.flatMap((outcome) => outcome.transitions);
    await insertSloTransitions(client, transitions);
    // Once a transaction, with all there is: incidents are locked in one order.
    if (changes.length > 0) await this.#options.tell(client, changes, nowMs);
    const going = outcomes.filter(({ isOver }) => !isOver).map(({ next }) => next);
    await updateSloStates(client, going, nowMs);
    const over = outcomes.filter(({ isOver }) => isOver).map(({ next }) => next.sloId);
    await deleteSloStates(client, over);
    killPoint('evaluate.before');
    return { slos: outcomes.length, changes: changes.length, failed: 0 };
  }

  #gather(client: Client, due: readonly DueSlo[], completeness: Completeness): Promise<Gathered[]> {
    return gatherSources(
      client,
      due.map(({ row, versions, from, through, again }) => ({
        sloId: row.sloId,
        appId: row.appId,
        versions,
        from: Math.min(from, again?.minute ?? from),
        through: Math.max(through, from - 1),
        historyFromMinute: row.historyFromMinute,
      })),
      { completeness, readCorrected: this.#options.readCorrected },
    );
  }
}

interface Batch extends EvaluationAt {
  completeness: Completeness;
  limit: number;
  only: readonly number[] | null;
  /** Not taken again in this round. */
  leaveOut: number[];
  /** Filled with the SLOs that were claimed. */
  tried: number[];
}
