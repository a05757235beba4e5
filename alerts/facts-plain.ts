/** Notices that are of no incident: tests, troubles of Drainboard itself, releases. */
import type { Notice, NoticeEvent, NoticeInstance, NoticeWatch } from '../model/notice.ts';
import { MINUTE } from '../model/time.ts';
import type { Queryable } from '../store/pool.ts';
import { readAppNames } from '../store/reads/notice-facts.ts';
import { pageUrl } from './facts-words.ts';
import type { NoticeRequest } from './notify/deps.ts';

/** A notice about nothing yet. */
export function plainNotice(instance: NoticeInstance, request: NoticeRequest): Notice {
  return {
    kind: request.kind,
    state: 'info',
    severity: request.severity,
    isTest: false,
    instance,
    app: '',
    title: 'Drainboard',
    incident: null,
    evidence: null,
    budget: null,
    release: null,
    codes: [],
    dynos: [],
    causes: [],
    checks: [],
    runbookUrl: '',
    links: [],
    change: null,
    folded: [],
    platformHint: false,
    event: null,
    watch: null,
    insteadOf: textOf(request.details.insteadOf),
    atMs: request.nowMs,
  };
}

/** Sent by a person to see whether it arrives: an example with every part that a page has. */
export function testNotice(instance: NoticeInstance, request: NoticeRequest): Notice {
  const by = textOf(request.details.by);
  return {
    ...plainNotice(instance, request),
    severity: 'info',
    isTest: true,
    title: 'Test message',
    change: by === '' ? null : { kind: 'other', text: `${by} sent this to see whether it arrives.` },
    links: [{ kind: 'settings', url: `${instance.url}/receivers` }],
  };
}

/** null when its details cannot be read: there is nothing to tell then. */
export function watchNotice(instance: NoticeInstance, request: NoticeRequest): Notice | null {
  const watch = watchOf(request.details);
  if (watch === null) return null;
  return {
    ...plainNotice(instance, request),
    state: watch.isFiring ? 'firing' : 'resolved',
    title: 'Drainboard itself',
    watch,
    links: [{ kind: 'settings', url: `${instance.url}/health` }],
  };
}

function watchOf(details: Readonly<Record<string, unknown>>): NoticeWatch | null {
  const { name, isFiring, text, sinceMs, episode } = details;
  if (typeof name !== 'string' || typeof text !== 'string' || typeof isFiring !== 'boolean') return null;
  return { name, isFiring, text, sinceMs: numberOf(sinceMs), episode: numberOf(episode) };
}

/** Of a release: `details` are {appId, event}. */
export async function readEventNotice(
  db: Queryable,
  instance: NoticeInstance,
  request: NoticeRequest,
): Promise<Notice | null> {
  const { appId, event } = request.details as { appId?: number; event?: NoticeEvent };
  if (appId === undefined || event === undefined) return null;
  const app = (await readAppNames(db, [appId])).get(appId);
  if (app === undefined) return null;
  const range = { fromMs: event.atMs - 30 * MINUTE, toMs: event.atMs + 30 * MINUTE };
  return {
    ...plainNotice(instance, request),
    app,
    title: event.version === null ? event.what : `Release v${event.version}`,
    event,
    links: [{ kind: 'app', url: pageUrl(instance, `/a/${encodeURIComponent(app)}`, range) }],
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
