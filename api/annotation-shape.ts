/** Notes of people as the contract's shapes. Pure. */
import type { AnnotationRow } from '../store/annotations.ts';
import { actorOf, type Caller, hasRole } from './auth.ts';
import type { AnnotationAnswer } from './contract/annotations.ts';
import type { EventAnswer } from './contract/events.ts';

export function toAnnotation(row: AnnotationRow, caller: Caller): AnnotationAnswer {
  return {
    id: row.id,
    fromMs: row.fromMs,
    toMs: row.toMs,
    text: row.text,
    author: row.author,
    createdAtMs: row.createdAtMs,
    canDelete: canDelete(row, caller),
  };
}

/** Whoever wrote it, and admins. */
export function canDelete(row: AnnotationRow, caller: Caller): boolean {
  return hasRole(caller, 'admin') || (caller.kind !== 'nobody' && row.authorId === actorOf(caller));
}

/** Among the events of an app; its id tells it from theirs, which are numbers. */
export function annotationEvent(row: AnnotationRow, caller: Caller): EventAnswer {
  return {
    id: `note-${row.id}`,
    atMs: row.fromMs,
    untilMs: row.toMs,
    kind: 'annotation',
    lane: 'note',
    dyno: null,
    code: null,
    version: null,
    count: 1,
    title: row.text,
    routine: false,
    detail: { author: row.author, annotation: row.id, canDelete: canDelete(row, caller) },
  };
}
