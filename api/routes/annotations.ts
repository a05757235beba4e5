/** Notes of people on a moment or a span of an app. */
import { z } from 'zod';
import { DAY } from '../../model/time.ts';
import {
  deleteAnnotation,
  insertAnnotation,
  lockAnnotation,
  readAnnotations,
} from '../../store/annotations.ts';
import { withTransaction } from '../../store/pool.ts';
import { canDelete, toAnnotation } from '../annotation-shape.ts';
import { actorOf } from '../auth.ts';
import { audit, nameOf } from '../author.ts';
import type { AnnotationAnswer, AnnotationRequest, AnnotationsAnswer } from '../contract/annotations.ts';
import { ApiError } from '../error.ts';
import { rangeQuery, readSpan } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { cleanText } from '../schemas.ts';

/** Nothing is kept longer, and nobody notes what is far ahead. */
const PAST_MAX_MS = 400 * DAY;
const AHEAD_MAX_MS = 7 * DAY;

const instantMs = z.number().int().min(0).max(8.64e15);
const annotationRequest = z.strictObject({
  fromMs: instantMs,
  toMs: instantMs.optional(),
  text: cleanText(500).refine((text) => text !== '', 'is empty'),
});
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
/** Compile-time: the body is what the contract says. */
export const ANNOTATION_CONTRACT_HOLDS: Same<z.input<typeof annotationRequest>, AnnotationRequest> = true;

const listQuery = rangeQuery.omit({ step: true });

export const annotationRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps/:app/annotations',
    permission: 'viewer',
    part: 'dashboards',
    summary: 'Notes of people that touch a range',
    answer: 'AnnotationsAnswer',
    query: listQuery,
    handle: async ({ deps, app, query, nowMs, caller }): Promise<AnnotationsAnswer> => {
      const { fromMs, toMs } = readSpan(query, nowMs, 7 * DAY);
      const rows = await reading(deps.pool, (db) => readAnnotations(db, app.id, fromMs, toMs));
      return { annotations: rows.map((row) => toAnnotation(row, caller)) };
    },
  }),
  route({
    method: 'POST',
    path: '/apps/:app/annotations',
    permission: 'editor',
    summary: 'Notes something on a moment or a span, shown among the events of the app',
    answer: 'AnnotationAnswer',
    status: 201,
    body: annotationRequest,
    handle: add,
  }),
  route({
    method: 'DELETE',
    path: '/apps/:app/annotations/:id',
    permission: 'editor',
    summary: 'Takes a note away: whoever wrote it, and admins',
    answer: '',
    status: 204,
    handle: remove,
  }),
];

function refuse(field: string, message: string): never {
  throw new ApiError('invalid', {
    detail: `Not accepted: ${field} ${message}.`,
    faults: [{ field, message }],
  });
}

async function add(call: Call<z.output<typeof annotationRequest>, undefined>): Promise<AnnotationAnswer> {
  const { deps, app, body, caller, nowMs } = call;
  const { fromMs, toMs = fromMs, text } = body;
  if (toMs < fromMs) refuse('toMs', 'is before the start');
  if (fromMs < nowMs - PAST_MAX_MS) refuse('fromMs', 'is more than 400 days ago');
  if (toMs > nowMs + AHEAD_MAX_MS) refuse('toMs', 'is more than a week ahead');
  return withTransaction(deps.pool, async (tx) => {
    const row = await insertAnnotation(tx, {
      appId: app.id,
      fromMs,
      toMs,
      text,
      author: nameOf(caller),
      authorId: actorOf(caller),
      nowMs,
    });
    await audit(tx, call, {
      action: 'annotation.create',
      subject: app.name,
      after: { id: row.id, fromMs, toMs, text },
    });
    return toAnnotation(row, caller);
  });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function remove(call: Call<undefined, undefined>): Promise<void> {
  const { deps, app, caller, params } = call;
  const id = params.id ?? '';
  await withTransaction(deps.pool, async (tx) => {
    const row = UUID.test(id) ? await lockAnnotation(tx, app.id, id) : null;
    if (!row) throw new ApiError('notFound', { detail: 'This app has no such note.' });
    if (!canDelete(row, caller))
      throw new ApiError('notAllowed', { detail: 'Only whoever wrote a note, or an admin, takes it away.' });
    await deleteAnnotation(tx, row.id);
    await audit(tx, call, {
      action: 'annotation.delete',
      subject: app.name,
      before: { id: row.id, fromMs: row.fromMs, toMs: row.toMs, text: row.text, author: row.author },
    });
  });
}
