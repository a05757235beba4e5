/** Objectives of all apps for the fleet and the wall: the rows, and what must be said where they could not be loaded. */
import { useMemo } from 'preact/hooks';
import type { SloListAnswer, SloRow } from '../../api/contract/slos.ts';
import type { ObjectivesDoubt } from '../fleetItems.ts';
import { useAnswer } from '../state/once.ts';

const EVERY_MS = 30_000;
const NONE: SloRow[] = [];

export interface FleetObjectives {
  /** The newest there are; none before the first answer. */
  rows: SloRow[];
  /** null while the rows are as new as they should be. The same object until something of it changes. */
  doubt: ObjectivesDoubt | null;
  /** Nothing is waited for: they are there, or could not be loaded. */
  isSettled: boolean;
}

export function useFleetObjectives(): FleetObjectives {
  const slos = useAnswer<SloListAnswer>('/slos', { everyMs: EVERY_MS });
  const answer = slos.data.value;
  const hasFailed = slos.error.value !== null;
  const isKnown = answer !== null && !hasFailed;
  const doubt = useMemo(
    () => (isKnown ? null : { asOfMs: answer?.nowMs ?? null, isLoading: !hasFailed }),
    [isKnown, answer, hasFailed],
  );
  return { rows: answer?.slos ?? NONE, doubt, isSettled: answer !== null || hasFailed };
}
