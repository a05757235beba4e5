/** Levels of the budget that are left (50, 25, 10, 0 %): told once when crossed, and over five points above. */
import type { TransitionReason } from '../model/alert.ts';
import type { AlertChange } from '../model/alert-change.ts';
import { type Budget, crossLevels } from '../model/budget.ts';

/** What a change of the budget is told with: of whom, when, and the numbers of an evaluation. */
export type CrossingFacts = Pick<AlertChange, 'appId' | 'minute' | 'atMs' | 'evidence' | 'detectedLateMs'> & {
  sloId: number;
};

/**
 * What to tell after an evaluation, and the levels to remember. `told` null: the first evaluation of all, at which
 * nothing is crossed: an objective may begin with what its past left. Of several levels crossed at once the lowest
 * is told. A level that is left behind, or asked for no more, is told as over.
 */
export function crossBudget(
  told: readonly number[] | null,
  budget: Budget,
  levels: readonly number[],
  { sloId, ...facts }: CrossingFacts,
): { told: number[]; changes: AlertChange[] } {
  const next = crossLevels(told ?? [], budget, levels);
  if (told === null) return { told: next.told, changes: [] };
  const change = changeOf(sloId, budget, facts);
  const lowest = next.crossed.at(-1);
  return {
    told: next.told,
    changes: [
      ...told.filter((level) => !next.told.includes(level)).map((level) => change(level, null, 'recovered')),
      ...(lowest === undefined ? [] : [change(lowest, 'info', 'threshold')]),
    ],
  };
}

/** The levels of an objective that ended are over with it. */
export function endLevels(
  told: readonly number[] | null,
  budget: Budget,
  { sloId, ...facts }: CrossingFacts,
): AlertChange[] {
  return (told ?? []).map((level) => changeOf(sloId, budget, facts)(level, null, 'removed'));
}

function changeOf(sloId: number, budget: Budget, facts: Omit<CrossingFacts, 'sloId'>) {
  return (level: number, severity: 'info' | null, reason: TransitionReason): AlertChange => ({
    ...facts,
    subject: { kind: 'budget', sloId, remainingPercent: level },
    severity,
    held: null,
    reason,
    evidence: {
      ...facts.evidence,
      what: 'budget',
      windows: [],
      value: budget.remaining === null ? null : budget.remaining * 100,
      threshold: level,
      unit: '%',
    },
    overBeforeTold: false,
  });
}
