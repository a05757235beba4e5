/**
 * The evaluation of SLOs: whatever is due is claimed, read, evaluated and written with what it tells in one transaction.
 * Any number of workers may do so at once; one that dies or freezes leaves nothing half done (K-09, K-10, K-15).
 */
import type { AlertChange } from '../model/alert-change.ts';
import { killPoint } from '../model/kill-point.ts';
import type { Log } from '../model/log.ts';
import { type Completeness, readCompleteness } from '../store/completeness.ts';
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
}

export interface EvaluationRound {
  /** SLOs that were evaluated, and changes that were told. */
  slos: number;
  changes: number;
}

/** SLOs of one transaction: some 50 ms. */
const BATCH = 200;
/** A frozen process must not keep its SLOs from the others (K-15): the server ends its transaction. */
const IDLE_LIMIT_MS = 10_000;
const STATEMENT_LIMIT_MS = 20_000;

export class SloEvaluator {
  readonly #options: EvaluatorOptions;
  readonly #book = new VersionBook();

  constructor(options: EvaluatorOptions) {
    this.#options = options;
  }

  /**
   * Makes every evaluation that is due up to `minute`, which sees what lies before it. What fails is as if it had not been
   * begun; batches before it stand. Throws what the database throws.
   */
  async round(at: { minute: number; nowMs: number }, signal?: AbortSignal): Promise<EvaluationRound> {
    const { pool } = this.#options;
    await this.#book.refresh(pool);
    const completeness = await readCompleteness(pool, at);
    const round = { slos: 0, changes: 0 };
    // Each SLO advances with each claim, so this ends; the bound is for a mistake of ours.
    for (let batches = 0; batches < 10_000 && signal?.aborted !== true; batches++) {
      const done = await withTransaction(pool, (client) => this.#batch(client, at, completeness), {
        idleLimitMs: IDLE_LIMIT_MS,
        statementTimeoutMs: STATEMENT_LIMIT_MS,
      });
      if (done === null) break;
      killPoint('evaluate.after');
      round.slos += done.slos;
      round.changes += done.changes;
    }
    return round;
  }

  /** null: nothing is due that nobody else is at. */
  async #batch(
    client: Client,
    { minute, nowMs }: { minute: number; nowMs: number },
    completeness: Completeness,
  ): Promise<EvaluationRound | null> {
    const rows = await claimSloStates(client, minute, BATCH);
    if (rows.length === 0) return null;
    const due = rows.map((row) => planEvaluations(row, this.#book.of(row.sloId), minute));
    const sources = await this.#gather(client, due, completeness);
    const outcomes: SloOutcome[] = [];
    for (const [at, slo] of due.entries()) {
      const gathered = sources[at];
      if (gathered === undefined) continue;
      const firings = slo.again === null ? [] : await listFirings(client, slo.row.sloId, slo.again.minute);
      const slices = await readSliceSums(client, slo, gathered);
      outcomes.push(evaluateSlo(slo, gathered, { minute, nowMs, firings, slices }));
    }
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    await insertSloTransitions(
      client,
      outcomes.flatMap(({ transitions }) => transitions),
    );
    if (changes.length > 0) await this.#options.tell(client, changes, nowMs);
    await updateSloStates(
      client,
      outcomes.filter(({ isOver }) => !isOver).map(({ next }) => next),
      nowMs,
    );
    const over = outcomes.filter(({ isOver }) => isOver).map(({ next }) => next.sloId);
    await deleteSloStates(client, over);
    for (const sloId of over) this.#book.forget(sloId);
    killPoint('evaluate.before');
    return { slos: outcomes.length, changes: changes.length };
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
