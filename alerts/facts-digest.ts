/** Several incidents in one message: each with its state as it is when the message is sent. */

import { isOpen } from '../model/incident.ts';
import type { Notice, NoticeFold, NoticeInstance } from '../model/notice.ts';
import { type IncidentRow, readIncidents } from '../store/incidents.ts';
import type { Queryable } from '../store/pool.ts';
import { countApps, readAppNames } from '../store/reads/notice-facts.ts';
import { plainNotice } from './facts-plain.ts';
import { pageUrl, rangeOf } from './facts-words.ts';
import type { NoticeRequest } from './notify/deps.ts';

/** Fewer apps that fail at once are no sign of the platform. */
const PLATFORM_APPS_MIN = 3;
const RANKS = { page: 0, ticket: 1, info: 2 } as const;

/** null when none of them is there any more. Pages first, then by app. */
export async function readDigest(
  db: Queryable,
  instance: NoticeInstance,
  request: NoticeRequest,
): Promise<Notice | null> {
  const incidents = [...(await readIncidents(db, incidentIds(request.details))).values()];
  if (incidents.length === 0) return null;
  const names = await readAppNames(db, [...new Set(incidents.map(({ appId }) => appId))]);
  const folded = incidents
    .map((incident) => foldOf(instance, incident, names.get(incident.appId) ?? '', request.nowMs))
    .sort((a, b) => RANKS[a.severity] - RANKS[b.severity] || (a.app < b.app ? -1 : a.app > b.app ? 1 : 0));
  const open = incidents.filter(isOpen);
  return {
    ...plainNotice(instance, request),
    state: open.length > 0 ? 'firing' : 'resolved',
    title: titleOf(folded),
    folded,
    platformHint: await isPlatform(db, open),
    links: [{ kind: 'incident', url: `${instance.url}/incidents` }],
  };
}

function incidentIds(details: Readonly<Record<string, unknown>>): string[] {
  const { incidents } = details as { incidents?: { incidentId?: unknown }[] };
  if (!Array.isArray(incidents)) return [];
  return incidents.map(({ incidentId }) => incidentId).filter((id) => typeof id === 'string');
}

function foldOf(instance: NoticeInstance, incident: IncidentRow, app: string, nowMs: number): NoticeFold {
  return {
    app,
    title: incident.title,
    severity: incident.severity,
    state: !isOpen(incident) ? 'resolved' : incident.state === 'acknowledged' ? 'acknowledged' : 'firing',
    sinceMs: incident.startedAtMs,
    url: pageUrl(instance, `/i/${incident.id}`, rangeOf(incident, nowMs)),
    incidentId: incident.id,
  };
}

function titleOf(folded: readonly NoticeFold[]): string {
  const apps = new Set(folded.map(({ app }) => app)).size;
  return `${folded.length} incidents of ${apps} app${apps === 1 ? '' : 's'}`;
}

/** More than half of the apps fire at once, with what requests or dynos show: not with streams that fell silent. */
async function isPlatform(db: Queryable, open: readonly IncidentRow[]): Promise<boolean> {
  const failing = open.filter(
    ({ subject, evidence }) => subject.kind === 'slo' || evidence.what === 'codeRate',
  );
  const apps = new Set(failing.map(({ appId }) => appId)).size;
  return apps >= PLATFORM_APPS_MIN && apps * 2 > (await countApps(db));
}
