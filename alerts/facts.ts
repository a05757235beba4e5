/**
 * Makes the notice of a notification at the moment it is sent: the incident as it is then, the numbers that decided,
 * and what is known of the app around it.
 */

import { subjectText } from '../model/alert-change.ts';
import { firstChecks } from '../model/first-checks.ts';
import type { Incident } from '../model/incident.ts';
import { isOpen } from '../model/incident.ts';
import { type CauseFacts, likelyCauses, namedCodes, worstDynos } from '../model/likely-cause.ts';
import type { Notice, NoticeIncident, NoticeInstance, NoticeRelease, NoticeState } from '../model/notice.ts';
import { HOUR, MINUTE } from '../model/time.ts';
import { type IncidentRow, readIncident } from '../store/incidents.ts';
import type { Queryable } from '../store/pool.ts';
import {
  type CountsOfSpan,
  readAppNames,
  readCountsOfSpan,
  readRequestsOfSpan,
  readSubjectFacts,
  readSurroundings,
  type SurroundingEvent,
} from '../store/reads/notice-facts.ts';
import { changeOf } from './facts-change.ts';
import { readDigest } from './facts-digest.ts';
import { plainNotice, readEventNotice, testNotice, watchNotice } from './facts-plain.ts';
import { budgetOf, eventText, linksOf, pageUrl, rangeOf } from './facts-words.ts';
import type { NoticeRequest } from './notify/deps.ts';

export interface FactsOptions {
  pool: Queryable;
  /** Public address of Drainboard, without a slash at its end. */
  baseUrl: string;
}

/** Counts of an incident that began long ago are those of its last hours: it is told what is, not what was. */
const COUNTED_MAX_MS = 2 * HOUR;
/** What came shortly before the deciding minute belongs to it. */
const COUNTED_BEFORE_MS = 5 * MINUTE;
/** A release is compared with as much before it, but at least so much. */
const COMPARED_MIN_MS = 30 * MINUTE;

/** Reads and makes notices; null when there is nothing to tell any more. Rejects when the store fails. */
export function buildNoticeReader({
  pool,
  baseUrl,
}: FactsOptions): (request: NoticeRequest) => Promise<Notice | null> {
  const url = baseUrl.replace(/\/+$/, '');
  const instance: NoticeInstance = { url, host: new URL(url).host };
  return (request) => readNotice(pool, instance, request);
}

async function readNotice(
  db: Queryable,
  instance: NoticeInstance,
  request: NoticeRequest,
): Promise<Notice | null> {
  switch (request.kind) {
    case 'test':
      return testNotice(instance, request);
    case 'watch':
      return watchNotice(instance, request);
    case 'change':
      return readEventNotice(db, instance, request);
    case 'digest':
      return readDigest(db, instance, request);
    default:
      return request.incidentId === null ? null : readIncidentNotice(db, instance, request);
  }
}

async function readIncidentNotice(
  db: Queryable,
  instance: NoticeInstance,
  request: NoticeRequest,
): Promise<Notice | null> {
  const incident = await readIncident(db, request.incidentId ?? '');
  if (incident === null) return null;
  const { nowMs } = request;
  const names = await readAppNames(db, [incident.appId]);
  const app = names.get(incident.appId) ?? '';
  const span = spanOf(incident, nowMs);
  const subject = await readSubjectFacts(db, incident.subject, incident.startedAtMs);
  const counts = await readCountsOfSpan(db, incident.appId, span);
  const events = await readSurroundings(db, incident.appId, {
    fromMs: incident.startedAtMs,
    toMs: span.toMs,
  });
  const release = releaseBefore(events, incident.startedAtMs);
  const compared = release === null ? null : await compareRelease(db, incident, release, span.toMs);
  const causes = likelyCauses(causeFacts(incident, { counts, events, compared }));
  const range = rangeOf(incident, nowMs);
  const runbookUrl = subject?.runbookUrl ?? '';
  return {
    ...plainNotice(instance, request),
    state: stateOf(incident, request),
    severity: request.severity ?? incident.severity,
    app,
    title: incident.title,
    incident: noticeIncident(incident, request.sequence),
    evidence: incident.evidence,
    budget: budgetOf(incident.evidence, subject?.definition ?? null),
    release,
    codes: namedCodes(counts.codes),
    dynos: worstDynos(counts.dynos),
    causes,
    checks: firstChecks({
      app,
      evidence: incident.evidence,
      codes: counts.codes,
      causes,
      release,
      runbookUrl,
      codeUrl: (code) =>
        pageUrl(instance, `/a/${encodeURIComponent(app)}/codes/${encodeURIComponent(code)}`, range),
    }),
    runbookUrl,
    links: linksOf(instance, { incident, app, slug: subject?.slug ?? '', runbookUrl }, range),
    change: changeOf(request, incident),
  };
}

/** As it is when it is told; an opening that is told only now that it is over says both. */
function stateOf(incident: Incident, { kind, isCombined, nowMs }: NoticeRequest): NoticeState {
  if (!isOpen(incident)) return isCombined || kind === 'trigger' ? 'over' : 'resolved';
  if (incident.held !== null) return 'held';
  if (incident.snoozed !== null && incident.snoozed.untilMs > nowMs) return 'snoozed';
  return incident.state === 'acknowledged' ? 'acknowledged' : 'firing';
}

function noticeIncident(incident: IncidentRow, sequence: number): NoticeIncident {
  const { resolved, acknowledged } = incident;
  return {
    id: incident.id,
    number: incident.number,
    subject: subjectText(incident.subject),
    subjectKind: incident.subject.kind,
    key: incident.subject.kind === 'rule' ? incident.evidence.key || incident.subject.key : '',
    openedAtMs: incident.openedAtMs,
    startedAtMs: incident.startedAtMs,
    resolvedAtMs: resolved?.atMs ?? null,
    reopened: incident.reopened,
    isFlapping: incident.flappingSinceMs !== null,
    held: incident.held,
    acknowledged: acknowledged && {
      by: acknowledged.by,
      reason: acknowledged.reason,
      atMs: acknowledged.atMs,
    },
    snoozedUntilMs: incident.snoozed?.untilMs ?? null,
    resolvedBy: resolved?.by ?? '',
    resolveReason: resolved?.by == null ? '' : resolved.reason,
    worstSeverity: incident.worstSeverity,
    detectedLateMs: incident.detectedLateMs,
    sequence,
  };
}

function spanOf({ startedAtMs, resolved }: Incident, nowMs: number): { fromMs: number; toMs: number } {
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
  if (startedAtMs - release.atMs > 2 * HOUR) return null;
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
  found: { counts: CountsOfSpan; events: readonly SurroundingEvent[]; compared: Compared | null },
): CauseFacts {
  const isOfRequests = incident.subject.kind !== 'rule' || REQUEST_RULES.has(incident.evidence.what);
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

const REQUEST_RULES: ReadonlySet<string> = new Set(['codeRate', 'failedShare']);
