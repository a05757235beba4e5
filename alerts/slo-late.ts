/**
 * Late data: evaluations that were made without it are made once more, beside what was said then. What fires now is told;
 * what fired and ended is listed; what was said before is never taken back.
 */
import { isFiring } from '../model/alert.ts';
import {
  type EndedEpisode,
  type Episode,
  isWorse,
  type RunResult,
  type RunState,
  type RunTransition,
  type RunVersion,
  worstTier,
} from './slo-run.ts';

export interface LateMerge {
  state: RunState;
  transitions: RunTransition[];
  ended: EndedEpisode[];
}

/**
 * @param said how the SLO stands by the evaluations made in time
 * @param again the same evaluations made with the late data, beginning before it
 * @param fired evaluations at which a tier was said to begin firing, of the same time
 * @param minute the newest evaluation that was made
 */
export function mergeLate(
  said: RunState,
  again: RunResult,
  fired: readonly number[],
  version: RunVersion | null,
  minute: number,
): LateMerge {
  const ended = again.ended.filter(
    (episode) => !episode.isTold && !fired.some((at) => episode.from <= at && at <= episode.to),
  );
  const listed = again.transitions.filter((transition) =>
    ended.some(({ from, to }) => from <= transition.minute && transition.minute <= to),
  );
  const transitions: RunTransition[] = listed.map((transition) => ({ ...transition, reason: 'lateData' }));
  if (version === null || said.versionId !== again.state.versionId) {
    return { state: said, transitions, ended };
  }
  const tiers = said.tiers.map((memory, at) => {
    const other = again.state.tiers[at];
    if (other === undefined || isFiring(memory)) return memory;
    if (isFiring(other)) {
      const began = again.transitions.findLast(({ tier, to }) => tier === at && to === 'firing');
      const severity = version.definition.tiers[at]?.severity ?? 'ticket';
      transitions.push({
        tier: at,
        severity,
        minute,
        from: memory.state,
        to: 'firing',
        reason: 'lateData',
        reading: began?.reading ?? null,
      });
    }
    return other;
  });
  const severity = version.definition.tiers[worstTier(tiers, version.definition.tiers)]?.severity ?? null;
  return { state: { ...said, tiers, episode: widened(said.episode, again, severity) }, transitions, ended };
}

function widened(
  episode: Episode | null,
  again: RunResult,
  severity: Episode['severity'] | null,
): Episode | null {
  if (severity === null) return null;
  const known = episode ?? { ...(again.state.episode ?? { from: 0, since: 0 }), severity, isTold: false };
  return isWorse(severity, known.severity) ? { ...known, severity } : known;
}
