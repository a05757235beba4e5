/**
 * Makes the notice of a notification at the moment it is sent: the incident as it is then, the numbers that decided,
 * and what is known of the app around it.
 */

import { subjectText } from '../model/alert-change.ts';
import { firstChecks } from '../model/first-checks.ts';
import type { Incident } from '../model/incident.ts';
import { isOpen } from '../model/incident.ts';
import type { Notice, NoticeIncident, NoticeInstance, NoticeState } from '../model/notice.ts';
import { type IncidentRow, readIncident } from '../store/incidents.ts';
import type { Queryable } from '../store/pool.ts';
import { readIncidentCauses } from '../store/reads/incident-causes.ts';
import { readAppNames, readSubjectFacts } from '../store/reads/notice-facts.ts';
import { changeOf } from './facts-change.ts';
import { readDigest } from './facts-digest.ts';
import { plainNotice, readEventNotice, testNotice, watchNotice } from './facts-plain.ts';
import { budgetOf, linksOf, pageUrl, rangeOf } from './facts-words.ts';
import type { NoticeRequest } from './notify/deps.ts';

export interface FactsOptions {
  pool: Queryable;
  /** Public address of Drainboard, without a slash at its end. */
  baseUrl: string;
}

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
  const subject = await readSubjectFacts(db, incident.subject, incident.startedAtMs);
  const { release, codes, dynos, causes } = await readIncidentCauses(
    db,
    incident,
    subject?.definition ?? null,
    nowMs,
  );
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
    codes,
    dynos,
    causes,
    checks: firstChecks({
      app,
      evidence: incident.evidence,
      codes,
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
