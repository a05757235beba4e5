/** When a minute is closed: evaluations and pages look at the same minutes. */
import { MINUTE, SECOND } from './time.ts';

/** A minute is closed so long after its end: late lines are still counted. */
export const CLOSE_AFTER_MS = 45 * SECOND;

/** The newest evaluation that can be made at an instant: it sees minutes that are closed. */
export function closedEvaluation(nowMs: number): number {
  return Math.floor((nowMs - CLOSE_AFTER_MS) / MINUTE);
}
