/** What entries of the audit log say, in words. Pure. */
import type { AuditAnswer } from '../api/contract/session.ts';

import { formatSpan } from './format.ts';

type Entry = AuditAnswer['entries'][number];

/** By the beginning of an action; what people look for. */
export const AUDIT_SUBJECTS: readonly { value: string; label: string }[] = [
  { value: '', label: 'Everything' },
  { value: 'app.', label: 'Apps' },
  { value: 'drain.', label: 'Drain tokens' },
  { value: 'slo.', label: 'Objectives' },
  { value: 'correction.', label: 'Corrections' },
  { value: 'rule.', label: 'Rules' },
  { value: 'incident.', label: 'Incidents' },
  { value: 'receiver.', label: 'Receivers' },
  { value: 'silence.', label: 'Silences' },
  { value: 'route.', label: 'Routes' },
  { value: 'schedule.', label: 'Schedules' },
  { value: 'retention.', label: 'Retention and deletion' },
  { value: 'drill.', label: 'Fire drills' },
  { value: 'person.', label: 'People' },
  { value: 'token.', label: 'API tokens' },
  { value: 'session.', label: 'Signing in' },
  { value: 'config.', label: 'Import and export' },
];

/** Fields that differ, as `name: before → after`; those of a new thing as `name: after`. */
export function auditChanges({ before, after }: Pick<Entry, 'before' | 'after'>): string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.flatMap((name) => {
    const [was, is] = [before?.[name], after?.[name]];
    // Of a new thing, what it has nothing of says nothing.
    if (before === undefined && isNothing(is)) return [];
    if (before !== undefined && after !== undefined && same(was, is)) return [];
    const told = (value: unknown) => say(name, value);
    if (was === undefined) return `${labelOf(name)}: ${told(is)}`;
    return is === undefined
      ? `${labelOf(name)}: was ${told(was)}`
      : `${labelOf(name)}: ${told(was)} → ${told(is)}`;
  });
}

function isNothing(value: unknown): boolean {
  return typeof value === 'object' && (value === null || Object.keys(value).length === 0);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** More is no line of a table; the export has all of it. */
const VALUE_MAX = 120;

/** Spans and instants are stored in ms; people read them otherwise. */
const MS = /Ms$/;
/** Earlier ones are spans: no instant of ours lies before 2001. */
const INSTANT_FROM_MS = 1_000_000_000_000;

const labelOf = (name: string): string => name.replace(MS, '');

function say(name: string, value: unknown): string {
  if (typeof value === 'number' && MS.test(name)) {
    return value >= INSTANT_FROM_MS ? new Date(value).toISOString() : formatSpan(value);
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX)}…` : text;
}

export const AUDIT_CSV_HEAD = ['time', 'who', 'action', 'subject', 'address', 'before', 'after'];

/** All of an entry, for a spreadsheet. */
export function auditRow(entry: Entry): string[] {
  const json = (value: Record<string, unknown> | undefined) =>
    value === undefined ? '' : JSON.stringify(value);
  return [
    new Date(entry.atMs).toISOString(),
    entry.actorName,
    entry.action,
    entry.subject,
    entry.address,
    json(entry.before),
    json(entry.after),
  ];
}
