/** Alerting of a worker, wired: the rounds of evaluation from fold to heartbeat. */

import { tellChanges } from '../alerts/changes.ts';
import { escalateDue } from '../alerts/escalate.ts';
import { SloEvaluator } from '../alerts/evaluate.ts';
import { followFireDrills } from '../alerts/fire-drill.ts';
import { foldMinutes } from '../alerts/fold.ts';
import { followApps } from '../alerts/follow-apps.ts';
import { applyAlertChanges } from '../alerts/incident.ts';
import { AlertRounds, type RoundAt, type RoundStep } from '../alerts/loop.ts';
import { forgetIncidents, remindDue } from '../alerts/reminders.ts';
import { evaluateRules } from '../alerts/rules/evaluate.ts';
import { closedEvaluation } from '../model/closing.ts';
import type { Log } from '../model/log.ts';
import { SECOND } from '../model/time.ts';
import { readDatabaseNow } from '../store/completeness.ts';
import { readCorrected } from '../store/corrections.ts';
import type { Pool } from '../store/pool.ts';

export interface AlertingOptions {
  pool: Pool;
  log: Log;
  /** At the end of each round: the sign that it was a whole one. Left out: nobody is told. */
  beat?: ((at: RoundAt) => Promise<unknown>) | undefined;
  /** Whether evaluation gives way to ingest now. */
  gaveWay?: (() => boolean) | undefined;
  /** Instead of the database's clock; tests have their own. */
  readNow?: (() => Promise<number>) | undefined;
  everyMs?: number | undefined;
}

/** Batches of one step in one round: what is left is done by the next. */
const BATCHES_MAX = 50;
/** A minute that closes so soon may be evaluated while this round is under way. */
const CLOSING_SOON_MS = 10 * SECOND;

/** The rounds, not started yet. Nothing is done by a process alone: any number may run them. */
export function buildAlerting({
  pool,
  log,
  beat,
  gaveWay,
  everyMs,
  readNow = () => readDatabaseNow(pool),
}: AlertingOptions): AlertRounds {
  const slos = new SloEvaluator({ pool, log, tell: applyAlertChanges, readCorrected });
  const steps: RoundStep[] = [
    { name: 'fold', work: (at) => fold(pool, at) },
    { name: 'apps', work: ({ minute }) => followApps(pool, minute) },
    { name: 'slos', work: (at) => slos.round(at, at.signal) },
    {
      name: 'rules',
      work: ({ nowMs, signal }) => evaluateRules(pool, { nowMs, tell: applyAlertChanges, log, signal }),
    },
    { name: 'fireDrills', work: ({ nowMs }) => followFireDrills(pool, nowMs) },
    { name: 'escalations', work: (at) => untilDone(at, () => escalateDue(pool, at.nowMs)) },
    { name: 'reminders', work: (at) => untilDone(at, () => remindDue(pool, at.nowMs)) },
    { name: 'changes', work: ({ nowMs }) => tellChanges(pool, nowMs) },
    // Finds nothing by an index, but once in a while.
    { name: 'forgetting', work: ({ nowMs }) => forgetIncidents(pool, nowMs) },
    ...(beat === undefined ? [] : [{ name: 'heartbeat', work: beat }]),
  ];
  return new AlertRounds({ steps, readNow, log, gaveWay, ...(everyMs !== undefined && { everyMs }) });
}

/** What another process may be about to evaluate counts as evaluated: its transaction cannot be seen yet. */
function fold(pool: Pool, { nowMs, signal }: RoundAt): Promise<number> {
  return foldMinutes(pool, { closing: closedEvaluation(nowMs + CLOSING_SOON_MS), signal });
}

async function untilDone(at: RoundAt, work: () => Promise<{ isDone: boolean }>): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX && !at.signal.aborted; batch++) if ((await work()).isDone) return;
}
