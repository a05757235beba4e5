/**
 * What stood out in an app while an incident went on: codes, dynos, the release before it, likely causes. Messages and
 * the page read the same, so that neither says less than the other.
 */
import { eventText } from '../../model/event-words.ts';
import type { Incident } from '../../model/incident.ts';
import { type CauseFacts, likelyCauses, namedCodes, worstDynos } from '../../model/likely-cause.ts';
import type { NoticeCause, NoticeCode, NoticeDyno, NoticeRelease } from '../../model/notice.ts';
import type { SloDefinition } from '../../model/slo.ts';
import { countsAsUsual } from '../../model/slo-usual.ts';
import { HOUR, MINUTE } from '../../model/time.ts';
import type { Queryable } from '../pool.ts';
import {
  type CountsOfSpan,
  readCountsOfSpan,
  readRequestsOfSpan,
  readSurroundings,
  type SpanMs,
  type SurroundingEvent,
} from './notice-facts.ts';

/** Counts of an incident that began long ago are those of its last hours: what is, not what was. */
const COUNTED_MAX_MS = 2 * HOUR;
/** What came shortly before the deciding minute belongs to it. */
const COUNTED_BEFORE_MS = 5 * MINUTE;
/** A release is compared with as much before it, but at least so much. */
const COMPARED_MIN_MS = 30 * MINUTE;
/** A release longer before it is not compared: too much came between. */
const COMPARED_WITHIN_MS = 2 * HOUR;
/** Rules that are about requests, beside objectives. */
const REQUEST_RULES: ReadonlySet<string> = new Set(['codeRate', 'failedShare']);

export interface IncidentCauses {
  /** The newest release before it; null when none is known. */
  release: NoticeRelease | null;
  /** Codes seen since it began, most frequent first. */
  codes: NoticeCode[];
  /** Dynos that carry more of it than their share of requests, worst first. */
  dynos: NoticeDyno[];
  /** Strongest first. */
  causes: NoticeCause[];
}

/**
 * Looks from five minutes before it began to its end, or now; of a long one at its last two hours. `definition`: of its
 * objective, null for a rule's.
 */
export async function readIncidentCauses(
  db: Queryable,
  incident: Incident,
  definition: SloDefinition | null,
  nowMs: number,
): Promise<IncidentCauses> {
  const span = spanOf(incident, nowMs);
  const counts = await readCountsOfSpan(db, incident.appId, span);
  const events = await readSurroundings(db, incident.appId, {
    fromMs: incident.startedAtMs,
    toMs: span.toMs,
  });
  const release = releaseBefore(events, incident.startedAtMs);
  const compared = release === null ? null : await compareRelease(db, incident, release, span.toMs);
  return {
    release,
    codes: namedCodes(counts.codes),
    dynos: worstDynos(counts.dynos),
    causes: likelyCauses(causeFacts(incident, definition, { counts, events, compared })),
  };
}

function spanOf({ startedAtMs, resolved }: Incident, nowMs: number): SpanMs {
  const toMs = Math.max(resolved?.atMs ?? nowMs, startedAtMs);
  return { fromMs: Math.max(startedAtMs - COUNTED_BEFORE_MS, toMs - COUNTED_MAX_MS), toMs };
}

function releaseBefore(events: readonly SurroundingEvent[], startedAtMs: number): NoticeRelease | null {
  const release = events.find(
    ({ kind, atMs, version }) => kind === 'release' && version !== null && atMs <= startedAtMs,
  );
  if (release === undefined) return null;
  // Heroku writes "Deploy 1a2b3c4" and "Release v42" as two lines of one moment.
  const what = events.find(
    ({ kind, atMs }) =>
      (kind === 'deploy' || kind === 'rollback' || kind === 'config') &&
      Math.abs(atMs - release.atMs) <= MINUTE,
  );
  return {
    version: release.version ?? 0,
    atMs: release.atMs,
    what: what === undefined ? '' : eventText(what),
    by: '',
  };
}

type Compared = NonNullable<CauseFacts['release']>;

/** Requests before and since a release: as much on both sides, from the release to now. */
async function compareRelease(
  db: Queryable,
  { appId, startedAtMs }: Incident,
  release: NoticeRelease,
  toMs: number,
): Promise<Compared | null> {
  if (startedAtMs - release.atMs > COMPARED_WITHIN_MS) return null;
  const lengthMs = Math.min(Math.max(toMs - release.atMs, COMPARED_MIN_MS), COUNTED_MAX_MS);
  const after = await readRequestsOfSpan(db, appId, {
    fromMs: release.atMs,
    toMs: Math.min(toMs, release.atMs + lengthMs),
  });
  const before = await readRequestsOfSpan(db, appId, { fromMs: release.atMs - lengthMs, toMs: release.atMs });
  return { version: release.version, atMs: release.atMs, before, after };
}

/** What failing requests are about; other incidents have what was done to the app, and no shares of requests. */
function causeFacts(
  incident: Incident,
  definition: SloDefinition | null,
  found: { counts: CountsOfSpan; events: readonly SurroundingEvent[]; compared: Compared | null },
): CauseFacts {
  // Failed requests say nothing of slow ones, nor those of all paths of one.
  const isOfRequests =
    incident.subject.kind === 'rule'
      ? REQUEST_RULES.has(incident.evidence.what)
      : definition === null || countsAsUsual(definition);
  const { cause } = incident;
  return {
    startedAtMs: incident.startedAtMs,
    codes: isOfRequests ? found.counts.codes : [],
    dynos: isOfRequests ? found.counts.dynos : [],
    paths: isOfRequests ? found.counts.paths : [],
    release: isOfRequests ? found.compared : null,
    events: found.events.map((event) => ({ ...event, what: eventText(event) })),
    said: cause === null || cause.release === null ? null : { by: cause.author, version: cause.release },
  };
}
