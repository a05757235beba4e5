/**
 * What is to become of the messages that wait for one receiver: which are out of date, which are told together, which
 * go now. Decisions only; the pipeline writes them down. Pure.
 */
import type { NotificationKind } from '../../model/delivery.ts';
import type { Severity } from '../../model/slo.ts';
import { MINUTE } from '../../model/time.ts';

/** A message that is due and not under way. */
export interface Queued {
  id: number;
  incidentId: string | null;
  sequence: number;
  kind: NotificationKind;
  severity: Severity | null;
  /** For threads and edits in place alone. */
  isQuiet?: boolean;
}

/** What became of the opening that a resolution belongs to, at the same receiver. */
export type TriggerFate =
  /** Told, or told together with others; or the receiver came later. */
  | 'told'
  /** Given up, and certainly never seen. */
  | 'neverTold';

export interface IncidentPlan {
  /** The one to send now; null when nothing is left to tell. */
  send: Queued | null;
  /** Told by the one that is sent. */
  merged: Queued[];
  /** Not to be told any more, with the reason. */
  dropped: { message: Queued; reason: string }[];
  /** The opening and its end are told in one message. */
  isCombined: boolean;
}

/**
 * What goes now of the messages of one incident, in their order, all of them due and none under way. What is sent is
 * made from the incident as it is when it is sent, so an older message says nothing that the newer one does not: all
 * are told by one. Its kind: the end if it ended; else the opening if that is not told yet; else the newest that is
 * not quiet. An
 * acknowledgement after an opening goes by itself: services that keep alerts of their own know it only as a step.
 */
export function planIncident(messages: readonly Queued[], fate: TriggerFate): IncidentPlan {
  const newest = messages.at(-1);
  if (newest === undefined) return { send: null, merged: [], dropped: [], isCombined: false };
  const trigger = messages.findLast(({ kind }) => kind === 'trigger');
  const resolved = messages.findLast(({ kind }) => kind === 'resolve');
  const isOver = resolved !== undefined && (trigger === undefined || resolved.sequence > trigger.sequence);
  if (!isOver) {
    const send = trigger ?? messages.findLast(({ isQuiet }) => isQuiet !== true) ?? newest;
    const merged = messages.filter((message) => message !== send && !isStepAfter(message, trigger));
    return { send, merged, dropped: [], isCombined: false };
  }
  const others = messages.filter((message) => message !== resolved);
  if (trigger === undefined && fate === 'neverTold') {
    const reason = 'its opening never arrived';
    return {
      send: null,
      merged: [],
      dropped: messages.map((message) => ({ message, reason })),
      isCombined: false,
    };
  }
  return { send: resolved, merged: others, dropped: [], isCombined: trigger !== undefined };
}

function isStepAfter(message: Queued, trigger: Queued | undefined): boolean {
  return trigger !== undefined && message.kind === 'acknowledge' && message.sequence > trigger.sequence;
}

/** Incidents told together in one minute at one place. */
export const FOLD_EVERY_MS = MINUTE;
/** So many messages about incidents that are known already go one by one; more at once are a storm. */
const CALM = 3;

export interface FoldPlan {
  /** Go one by one. */
  single: Queued[];
  /** Go in one message. */
  folded: Queued[];
  /** Wait until then, to be folded. */
  waiting: Queued[];
  untilMs: number;
}

/**
 * Several incidents at one receiver whose readers are people: the first opening goes at once; what opens within the
 * minute after it is told together at its end, and so is everything when many come at once. What belongs to
 * incidents that are known already goes at once while it is little.
 *
 * @param heads one message an incident, those of planIncident
 * @param lastOpeningAtMs when an opening, or several together, last went there; null: never
 */
export function planFold(heads: readonly Queued[], lastOpeningAtMs: number | null, nowMs: number): FoldPlan {
  const openings = heads.filter(({ kind }) => kind === 'trigger');
  const others = heads.filter(({ kind }) => kind !== 'trigger');
  const isStorm = others.length > CALM;
  const single = isStorm ? [] : others;
  const together = isStorm ? [...openings, ...others] : openings;
  const untilMs = lastOpeningAtMs === null ? 0 : lastOpeningAtMs + FOLD_EVERY_MS;
  const none = { single, folded: [], waiting: [], untilMs };
  if (together.length === 0) return none;
  // A clock that was set back must not hold anything for longer than the minute (T-06).
  if (untilMs > nowMs && untilMs - nowMs <= FOLD_EVERY_MS) return { ...none, waiting: together };
  if (together.length === 1) return { ...none, single: [...single, ...together] };
  return { ...none, folded: together };
}

const RANK: Record<Severity, number> = { page: 2, ticket: 1, info: 0 };

/** The worst of several; null of none. */
export function worstSeverity(messages: readonly Pick<Queued, 'severity'>[]): Severity | null {
  return messages.reduce<Severity | null>(
    (worst, { severity }) =>
      severity !== null && (worst === null || RANK[severity] > RANK[worst]) ? severity : worst,
    null,
  );
}
