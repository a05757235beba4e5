/** Parts of a notice that are made from rows: addresses with their range of time, budget. */
import type { Evidence } from '../model/alert-change.ts';
import type { Incident } from '../model/incident.ts';
import type { NoticeBudget, NoticeInstance, NoticeLink } from '../model/notice.ts';
import type { Period, SloDefinition } from '../model/slo.ts';
import { HOUR, MINUTE } from '../model/time.ts';

export interface Range {
  fromMs: number;
  toMs: number;
}

/** Seen around an incident, on both sides. */
const AROUND_MS = 30 * MINUTE;
/** A chart of longer than this says nothing about its beginning. */
const RANGE_MAX_MS = 24 * HOUR;

/** What is to be looked at: from half an hour before it began to half an hour after its end, or now. */
export function rangeOf(
  { startedAtMs, resolved }: Pick<Incident, 'startedAtMs' | 'resolved'>,
  nowMs: number,
): Range {
  const fromMs = startedAtMs - AROUND_MS;
  const toMs = resolved === null ? nowMs : Math.min(nowMs, resolved.atMs + AROUND_MS);
  return { fromMs, toMs: Math.min(Math.max(toMs, startedAtMs + MINUTE), fromMs + RANGE_MAX_MS) };
}

/** An address that shows the same whenever it is opened: it holds its range. */
export function pageUrl({ url }: NoticeInstance, path: string, range: Range): string {
  const at = (ms: number) => new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  return `${url}${path}?from=${at(range.fromMs)}&to=${at(range.toMs)}`;
}

export function linksOf(
  instance: NoticeInstance,
  {
    incident,
    app,
    slug,
    runbookUrl,
  }: { incident: Pick<Incident, 'id'>; app: string; slug: string; runbookUrl: string },
  range: Range,
): NoticeLink[] {
  const appPath = `/a/${encodeURIComponent(app)}`;
  return [
    { kind: 'incident', url: pageUrl(instance, `/i/${incident.id}`, range) },
    { kind: 'app', url: pageUrl(instance, appPath, range) },
    ...(slug === ''
      ? []
      : [
          {
            kind: 'slo' as const,
            url: pageUrl(instance, `${appPath}/slo/${encodeURIComponent(slug)}`, range),
          },
        ]),
    ...(runbookUrl === '' ? [] : [{ kind: 'runbook' as const, url: runbookUrl }]),
  ];
}

/** Of an objective's incident; null for a rule's. */
export function budgetOf(evidence: Evidence, definition: SloDefinition | null): NoticeBudget | null {
  if (definition === null && evidence.target === null) return null;
  return {
    target: evidence.target ?? definition?.target ?? '',
    indicator: indicatorOf(definition),
    period: definition === null ? '' : periodText(definition.period),
    remaining: evidence.budgetRemaining,
    exhaustedAtMs: evidence.exhaustedAtMs,
  };
}

function indicatorOf(definition: SloDefinition | null): NoticeBudget['indicator'] {
  if (definition === null) return null;
  const { indicator } = definition;
  return indicator.kind === 'latency'
    ? { kind: 'latency', thresholdMs: indicator.thresholdMs }
    : { kind: indicator.kind };
}

function periodText(period: Period): string {
  if (period.kind === 'calendar') return `calendar ${period.unit} (${period.zone})`;
  return period.days === 1 ? '1 day' : `${period.days} days`;
}
