/** The evaluations of one SLO that are due: from what is stored of it to what is stored then and told. Pure. */

import type { AlertMemory } from '../model/alert.ts';
import type { AlertChange } from '../model/alert-change.ts';
import { type Budget, budgetByVersion } from '../model/budget.ts';
import { periodAt } from '../model/period.ts';
import { MINUTE } from '../model/time.ts';
import { type MinuteRange, withoutRanges } from '../model/window-sums.ts';
import type { NextSloState, SloStateRow, TransitionRow } from '../store/slo-states.ts';
import { crossBudget, endLevels } from './budget-crossing.ts';
import { BUDGET_CERTAIN_MINUTES, type Gathered } from './slo-gather.ts';
import { mergeLate } from './slo-late.ts';
import { readSloMemory, type SloMemory, writeSloMemory } from './slo-memory.ts';
import {
  type EndedEpisode,
  type RunResult,
  type RunState,
  type RunTransition,
  type RunVersion,
  runMinutes,
  type Snapshot,
  versionAt,
} from './slo-run.ts';
import { changesOf, evidenceFrom, evidenceOf, lateMs, type Verdict } from './slo-tell.ts';

/** Evaluations of one SLO in one transaction: after a long time without workers others wait too. */
const MINUTES_MAX = 240;
/** What is further back is not evaluated: longer than any window. */
const BACK_MAX_MINUTES = 4 * 24 * 60;

/** An SLO with what its due evaluations need. */
export interface DueSlo {
  row: SloStateRow;
  memory: SloMemory;
  versions: readonly RunVersion[];
  /** Evaluations in time: from … through; none when from > through. */
  from: number;
  through: number;
  /** Where evaluations begin anew because of late data; null: they do not. */
  again: Snapshot | null;
}

/** Which evaluations are to be made. `minute`: the newest that can be. */
export function planEvaluations(row: SloStateRow, known: readonly RunVersion[], minute: number): DueSlo {
  const versions =
    row.appRemovedAtMs === null ? known : endedAt(known, Math.ceil(row.appRemovedAtMs / MINUTE));
  const memory = readSloMemory(row.memory);
  // Ahead of every closed minute: written under a clock that went wrong (T-05). It goes on from now.
  const isAhead = row.nextMinute > minute + 3 && (versions[0]?.validFrom ?? 0) < row.nextMinute;
  const next = isAhead ? minute : row.nextMinute;
  const from = Math.max(next, minute - BACK_MAX_MINUTES);
  const through = Math.min(minute, from + MINUTES_MAX - 1);
  const late = row.lateFromMinute;
  // The evaluation n saw minutes up to n − 1; the newest that was made is next − 1.
  const isLate = late !== null && late <= next - 2 && !isAhead;
  const again = isLate
    ? (memory.snapshots.findLast((snapshot) => snapshot.minute <= late) ?? memory.snapshots[0])
    : null;
  return { row, memory, versions, from, through, again: again ?? null };
}

/** An objective ends with its app. */
function endedAt(versions: readonly RunVersion[], minute: number): RunVersion[] {
  return versions.map((version) => ({ ...version, validTo: Math.min(version.validTo ?? minute, minute) }));
}

export interface SloOutcome {
  next: NextSloState;
  isOver: boolean;
  transitions: TransitionRow[];
  changes: AlertChange[];
}

/** Which slices of time the budget counts in place of events; null: not known this time, the levels stand. */
export type BudgetSums = (from: number, to: number) => { events: number; bad: number };

export interface EvaluationContext {
  /** The newest evaluation that can be made. */
  minute: number;
  nowMs: number;
  /** Evaluations at which a tier began to fire, since the snapshot that `again` begins with. */
  firings: readonly number[];
  /** For budgets in slices of time: their slices. undefined: events; null: not this time. */
  slices?: BudgetSums | null | undefined;
}

/** Makes the evaluations and says what follows. */
export function evaluateSlo(due: DueSlo, gathered: Gathered, context: EvaluationContext): SloOutcome {
  const { row, memory, versions, from, through } = due;
  const slo = { versions, ...gathered };
  const said: RunState = startOf(due);
  const late = due.again === null ? null : rerun(due, gathered, said, context);
  const run = runMinutes(slo, late?.state ?? said, from, through);
  const transitions = [...(late?.transitions ?? []), ...run.transitions];
  const ended = [...memory.ended, ...(late?.ended ?? []), ...run.ended.filter(({ isTold }) => !isTold)];
  const version = versionAt(versions, through - 1) ?? versions.at(-1);
  if (version === undefined) return nothing(due);
  const isCaughtUp = run.isOver || through >= context.minute;
  const verdict: Verdict = {
    appId: row.appId,
    sloId: row.sloId,
    minute: Math.max(through, row.nextMinute - 1),
    nowMs: context.nowMs,
    version,
    ...gathered,
    state: run.state,
    budget:
      context.slices === null ? null : budgetOfPeriod(gathered, versions, version, through, context.slices),
    transitions,
    isNewVersion: run.isNewVersion,
  };
  const told = isCaughtUp
    ? tell(verdict, { ...memory, ended }, run.isOver, context)
    : { changes: [], memory: { ...memory, ended } };
  const next: SloMemory = {
    ...told.memory,
    versionId: run.state.versionId,
    episode:
      run.state.episode === null
        ? null
        : { ...run.state.episode, isTold: isCaughtUp || run.state.episode.isTold },
    snapshots: [...memory.snapshots, ...run.snapshots],
  };
  return {
    next: {
      sloId: row.sloId,
      nextMinute: Math.max(through, from - 1) + 1,
      tiers: run.state.tiers,
      memory: writeSloMemory(next),
    },
    isOver: run.isOver,
    transitions: transitions.map((transition) => toRow(verdict, transition)),
    changes: told.changes,
  };
}

/** Nothing is said of an SLO without a version. */
function nothing({ row, through, from }: DueSlo): SloOutcome {
  const nextMinute = Math.max(through, from - 1) + 1;
  const { sloId, tiers, memory } = row;
  return { next: { sloId, nextMinute, tiers, memory }, isOver: false, transitions: [], changes: [] };
}

function startOf({ row, memory, from }: DueSlo): RunState {
  const { versionId, episode } = memory;
  return { tiers: row.tiers.map((tier) => notAfter(tier, from)), versionId, episode };
}

/** Of a clock that went wrong nothing may lie in the future. */
function notAfter(memory: AlertMemory, minute: number): AlertMemory {
  const { sinceMinute, falseSinceMinute, held } = memory;
  const latest = Math.max(sinceMinute, falseSinceMinute ?? 0, held?.sinceMinute ?? 0);
  if (latest <= minute) return memory;
  return {
    ...memory,
    sinceMinute: Math.min(sinceMinute, minute),
    falseSinceMinute: falseSinceMinute === null ? null : Math.min(falseSinceMinute, minute),
    held: held === null ? null : { ...held, sinceMinute: Math.min(held.sinceMinute, minute) },
  };
}

function rerun(
  { versions, from, again }: DueSlo,
  gathered: Gathered,
  said: RunState,
  { firings }: EvaluationContext,
): { state: RunState; transitions: RunTransition[]; ended: EndedEpisode[] } | null {
  if (again === null) return null;
  const result: RunResult = runMinutes({ versions, ...gathered }, again, again.minute, from - 1);
  return mergeLate(said, result, firings, versionAt(versions, from - 2), from - 1);
}

function budgetOfPeriod(
  { source, corrected }: Gathered,
  versions: readonly RunVersion[],
  version: RunVersion,
  minute: number,
  slices: BudgetSums | undefined,
): Budget {
  const { period } = version.definition;
  const range: MinuteRange = { from: periodAt(period, minute).from, to: minute };
  const counted = withoutRanges(source, corrected);
  return budgetByVersion(versions, range, slices ?? ((from, to) => counted.sum(from, to)));
}

function tell(
  verdict: Verdict,
  memory: SloMemory,
  isOver: boolean,
  { minute, nowMs }: EvaluationContext,
): { changes: AlertChange[]; memory: SloMemory } {
  const { changes, told } = changesOf(verdict, memory.told, memory.ended);
  const next: SloMemory = { ...memory, told, ended: [] };
  if (verdict.budget === null) return { changes, memory: next };
  const { appId, sloId, version, budget } = verdict;
  const facts = {
    appId,
    sloId,
    minute,
    atMs: minute * MINUTE,
    detectedLateMs: lateMs(minute, nowMs),
    evidence: evidenceOf(verdict, 0, minute),
  };
  if (isOver) return { changes: [...changes, ...endLevels(memory.levels, budget, facts)], memory: next };
  // Over a hole no level is called recovered.
  if (verdict.source.latest() !== null) return { changes, memory: next };
  const crossing = crossBudget(memory.levels, budget, version.definition.budgetAlerts, facts);
  if (memory.levels === null || !isUncertain(verdict, minute))
    return { changes: [...changes, ...crossing.changes], memory: { ...next, levels: crossing.told } };
  const worse = crossing.changes.filter(({ severity }) => severity !== null);
  const levels = [...new Set([...memory.levels, ...crossing.told])].sort((a, b) => b - a);
  return { changes: [...changes, ...worse], memory: { ...next, levels } };
}

/** Whether lines of the last hour are lost, or on their way. */
function isUncertain({ source, corrected }: Verdict, minute: number): boolean {
  return withoutRanges(source, corrected).sum(minute - BUDGET_CERTAIN_MINUTES, minute).unknown > 0;
}

function toRow(verdict: Verdict, transition: RunTransition): TransitionRow {
  const { tier, severity, minute, from, to, reason, reading } = transition;
  const compiled = verdict.version.compiled[tier];
  const numbers =
    reading === null || compiled === undefined
      ? {}
      : evidenceFrom({ ...verdict, minute }, compiled, reading, minute);
  return {
    appId: verdict.appId,
    sloId: verdict.sloId,
    tier,
    severity,
    minute,
    from,
    to,
    reason,
    numbers,
    atMs: minute * MINUTE,
  };
}
