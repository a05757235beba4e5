/** States as people see them: a shape, a word and a colour, always all three. */
import type { FleetRow } from '../../api/contract/apps.ts';
import type { HealthSummary } from '../../api/contract/health.ts';

export type Level = 'ok' | 'warning' | 'critical' | 'unknown' | 'note';

const SHAPES: Record<Level, string> = {
  ok: 'M2.5 7.5l3 3 6-7',
  warning: 'M7 1.5 13 12.5H1z M7 5.5v3 M7 10.2v1',
  critical: 'M4.5 1h5L13 4.5v5L9.5 13h-5L1 9.5v-5z M4.8 4.8l4.4 4.4M9.2 4.8 4.8 9.2',
  unknown: 'M7 1.5a5.5 5.5 0 1 0 .01 0z M4.5 7h5',
  note: 'M7 1.5a5.5 5.5 0 1 0 .01 0z M7 6.5v3.5 M7 4v.5',
};

export function StateGlyph({ level }: { level: Level }) {
  return (
    <svg class={`glyph glyph-${level}`} width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
      <path d={SHAPES[level]} />
    </svg>
  );
}

export function StateWord({ level, word }: { level: Level; word: string }) {
  return (
    <span class={`state state-${level}`}>
      <StateGlyph level={level} />
      {word}
    </span>
  );
}

/** Share of failed requests from which an app is called failing, or worth a look; SLOs take this over per app. */
export const FAILING_RATIO = 0.01;
export const LOOK_RATIO = 0.002;

/** A stream without a line for this many minutes is silent (api/contract/health.ts). */
const SILENT_MINUTES = 3;

export const INCOMPLETE = { level: 'warning', word: 'incomplete', rank: 4 } as const;

/** true when the hour of a row is not known in full: known losses, or minutes in which no line arrived. */
export function isIncomplete(row: FleetRow): boolean {
  if (row.health.lostMessages > 0) return true;
  // What comes before the first line of a new app is not missing.
  const heard = row.sparkline.slice(row.sparkline.findIndex((value) => value !== null));
  let silent = 0;
  return heard.some((value) => {
    silent = value === null ? silent + 1 : 0;
    return silent >= SILENT_MINUTES;
  });
}

/**
 * State of one app for the fleet, worst first; `rank` sorts. Nothing is ok over a hole, nor while the database is away:
 * then it is only known that it was; nor while frames of an outage are on their way.
 */
export function appState(
  row: FleetRow,
  isAway = false,
  isMoving = false,
): { level: Level; word: string; rank: number } {
  const failed = row.failedRatio ?? 0;
  // The hour's share stays small for long after an incident began.
  const failingNow = (row.failedRatioNow ?? 0) >= FAILING_RATIO;
  if (row.health.state === 'waiting') return { level: 'unknown', word: 'waiting', rank: 6 };
  if (row.health.state === 'silent') return { level: 'critical', word: 'silent', rank: 1 };
  if (failingNow || (!row.lowTraffic && failed >= FAILING_RATIO))
    return { level: 'critical', word: 'failing', rank: 0 };
  if ((row.worstMemory?.ratio ?? 0) > 1) return { level: 'warning', word: 'memory', rank: 2 };
  if (!row.lowTraffic && failed >= LOOK_RATIO) return { level: 'warning', word: 'some fail', rank: 3 };
  if (isIncomplete(row)) return INCOMPLETE;
  if (row.requests === 0) return { level: 'unknown', word: 'no traffic', rank: 5 };
  if (isMoving) return INCOMPLETE;
  return isAway ? { level: 'unknown', word: 'was ok', rank: 7 } : { level: 'ok', word: 'ok', rank: 7 };
}

/** State of a stream for the header. Doubtful: the database is away, or frames of an outage are on their way. */
export function healthLevel(health: HealthSummary, isDoubtful = false): Level {
  if (health.state === 'waiting') return 'unknown';
  if (health.state === 'silent') return 'critical';
  if (isDoubtful) return 'warning';
  return health.lostMessages > 0 || (health.lagMs ?? 0) > 60_000 ? 'warning' : 'ok';
}
