/** Corrections: minutes that count neither way, with who says so and why. */
import type { z } from 'zod';
import { checkRecurrence } from '../../model/recurrence.ts';
import { DAY, MINUTE } from '../../model/time.ts';
import { endCorrection, insertCorrection, readCorrection, undoCorrection } from '../../store/corrections.ts';
import { withTransaction } from '../../store/pool.ts';
import { readSloById } from '../../store/slos.ts';
import { audit, nameOf } from '../author.ts';
import type { CorrectionAnswer } from '../contract/slos.ts';
import { ApiError } from '../error.ts';
import { type Call, type Route, route } from '../route.ts';
import { emptyRequest } from '../schemas.ts';
import { correctionRequest } from '../slo-body.ts';
import { toCorrection } from '../slo-corrections.ts';
import { needSlo } from './slos.ts';

/** Nothing is counted further back, and nobody plans further ahead. */
const FAR_MS = 400 * DAY;

export const correctionRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/apps/:app/corrections',
    permission: 'editor',
    summary: 'Takes minutes out of an objective, or of all of the app: planned maintenance and the like',
    answer: 'CorrectionAnswer',
    status: 201,
    body: correctionRequest,
    handle: addCorrection,
  }),
  route({
    method: 'DELETE',
    path: '/apps/:app/corrections/:id',
    permission: 'editor',
    summary: 'Takes a correction back, for the past too: its minutes count again; it stays listed',
    answer: '',
    status: 204,
    handle: async (call) => {
      await change(call, 'correction.undo', (tx, publicId) =>
        undoCorrection(tx, { publicId, author: nameOf(call.caller), nowMs: call.nowMs }),
      );
    },
  }),
  route({
    method: 'POST',
    path: '/apps/:app/corrections/:id/end',
    permission: 'editor',
    summary: 'Ends a repeated correction; what is past stays taken out',
    answer: '',
    status: 204,
    body: emptyRequest,
    handle: async (call) => {
      await change(call, 'correction.end', (tx, publicId) => endCorrection(tx, publicId, call.nowMs));
    },
  }),
];

type Body = z.output<typeof correctionRequest>;

function refuse(field: string, message: string): never {
  throw new ApiError('invalid', {
    detail: `Not accepted: ${field} ${message}.`,
    faults: [{ field, message }],
  });
}

/** From and to in minutes: single ones need both, and are widened to whole minutes. */
function boundsOf(body: Body, nowMs: number): { fromMinute: number; toMinute: number | null } {
  const { fromMs = body.repeat ? nowMs : undefined, toMs, repeat } = body;
  if (fromMs === undefined) refuse('fromMs', 'is missing');
  if (toMs === undefined && !repeat) refuse('toMs', 'is missing');
  if (Math.abs(fromMs - nowMs) > FAR_MS) refuse('fromMs', 'is more than 400 days away');
  if (toMs !== undefined && toMs <= fromMs) refuse('toMs', 'must be after the start');
  if (toMs !== undefined && toMs - nowMs > FAR_MS) refuse('toMs', 'is more than 400 days away');
  const fromMinute = Math.floor(fromMs / MINUTE);
  return { fromMinute, toMinute: toMs === undefined ? null : Math.ceil(toMs / MINUTE) };
}

async function addCorrection(call: Call<Body, undefined>): Promise<CorrectionAnswer> {
  const { deps, app, body, nowMs, caller } = call;
  const [fault] = body.repeat ? checkRecurrence(body.repeat) : [];
  if (fault !== undefined) refuse('repeat', fault);
  const bounds = boundsOf(body, nowMs);
  return withTransaction(deps.pool, async (tx) => {
    const slo = body.slo === undefined ? null : await needSlo(tx, app, body.slo);
    if (slo?.version.definition.indicator.kind === 'composite') {
      refuse('slo', 'is made of parts and counts nothing itself: correct its parts, or the whole app');
    }
    const row = await insertCorrection(tx, {
      appId: app.id,
      sloId: slo?.id ?? null,
      ...bounds,
      recurrence: body.repeat ?? null,
      reason: body.reason,
      author: nameOf(caller),
      nowMs,
    });
    const answer = toCorrection(row, slo?.publicId ?? null);
    await audit(tx, call, {
      action: 'correction.create',
      subject: slo ? `${app.name}/${slo.slug}` : app.name,
      after: { ...answer },
    });
    return answer;
  });
}

type Change = (
  tx: Parameters<typeof undoCorrection>[0],
  publicId: string,
) => ReturnType<typeof undoCorrection>;

async function change(call: Call<unknown, undefined>, action: string, work: Change): Promise<void> {
  const { deps, app, params } = call;
  await withTransaction(deps.pool, async (tx) => {
    const row = await readCorrection(tx, params.id ?? '');
    if (row?.appId !== app.id) {
      throw new ApiError('notFound', { detail: 'This app has no such correction.' });
    }
    const after = await work(tx, row.publicId);
    if (after === null) {
      throw new ApiError('conflict', { detail: 'It was ended or taken back already.' });
    }
    const slo = row.sloId === null ? null : await readSloById(tx, row.sloId);
    await audit(tx, call, {
      action,
      subject: slo ? `${app.name}/${slo.slug}` : app.name,
      before: { ...toCorrection(row, slo?.publicId ?? null) },
      after: { ...toCorrection(after, slo?.publicId ?? null) },
    });
  });
}
