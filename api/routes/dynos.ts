/** Dynos of an app: a lane each, one beside its siblings, and what people say about their sizes. */
import { z } from 'zod';
import { DYNO_SIZES } from '../../model/dyno-size.ts';
import { deleteDynoSize, listDynoSizes, upsertDynoSize } from '../../store/dyno-sizes.ts';
import { withTransaction } from '../../store/pool.ts';
import { readDynoDetail } from '../../store/reads/dyno-detail.ts';
import { type DynoLane, readDynoPage } from '../../store/reads/dyno-page.ts';
import { readEvents } from '../../store/reads/events.ts';
import { audit, nameOf } from '../author.ts';
import type { DynoAnswer, DynoDetailAnswer, DynoSizeRequest, DynosAnswer } from '../contract/dynos.ts';
import { ApiError } from '../error.ts';
import { describeEvent } from '../event-text.ts';
import { dynoName, processType, type RangeQuery, rangeQuery, readRange } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { toRange } from '../shape.ts';
import { readState } from './codes.ts';

const VIEWER = { method: 'GET', permission: 'viewer', part: 'dashboards' } as const;
/** Events of a dyno's page, newest first. */
const EVENTS_MAX = 100;
const EVENTS_READ_MAX = 2_000;

const sizeRequest = z.strictObject({
  size: z
    .string()
    .refine((text) => DYNO_SIZES.includes(text), { message: `is one of ${DYNO_SIZES.join(', ')}` })
    .nullable(),
  cores: z.int().min(1).max(256).nullable(),
});
type SizeBody = z.output<typeof sizeRequest>;
/** Compile-time: what is taken in is what the contract says a client sends. */
export const SIZE_HOLDS: DynoSizeRequest extends SizeBody
  ? SizeBody extends DynoSizeRequest
    ? true
    : never
  : never = true;

export const dynoRoutes: Route[] = [
  route({
    ...VIEWER,
    path: '/apps/:app/dynos',
    summary: 'Dynos that did or said anything in a range, with a lane of memory each',
    answer: 'DynosAnswer',
    query: rangeQuery,
    handle: dynos,
  }),
  route({
    ...VIEWER,
    path: '/apps/:app/dynos/:dyno',
    summary: 'One dyno beside those of its process type',
    answer: 'DynoDetailAnswer',
    query: rangeQuery,
    handle: dyno,
  }),
  route({
    method: 'PUT',
    path: '/apps/:app/dyno-sizes/:type',
    permission: 'editor',
    summary: 'Says the size and cores of the dynos of a process type; null leaves it to Heroku’s lines',
    answer: '',
    status: 204,
    body: sizeRequest,
    handle: setSize,
  }),
  route({
    method: 'DELETE',
    path: '/apps/:app/dyno-sizes/:type',
    permission: 'editor',
    summary: 'Takes back what was said about the dynos of a process type',
    answer: '',
    status: 204,
    handle: async (call) => {
      const type = typeOf(call);
      await withTransaction(call.deps.pool, async (tx) => {
        if (!(await deleteDynoSize(tx, call.app.id, type)))
          throw new ApiError('notFound', { detail: 'Nothing was said about dynos of this process type.' });
        await audit(tx, call, { action: 'dynoSize.delete', subject: `${call.app.name}/${type}` });
      });
    },
  }),
];

async function dynos(call: Call<undefined, RangeQuery>): Promise<DynosAnswer> {
  const { deps, app, query, nowMs } = call;
  const range = readRange(query, nowMs, deps.config);
  return reading(deps.pool, async (db) => {
    const page = await readDynoPage(db, { appId: app.id, range, nowMs });
    return {
      app: app.name,
      nowMs,
      range: toRange(range),
      ...(await readState(db, app.id, range, nowMs)),
      ...page,
      t: range.t,
      dynos: page.dynos.map(toDyno),
    };
  });
}

async function dyno(call: Call<undefined, RangeQuery>): Promise<DynoDetailAnswer> {
  const { deps, app, query, params, nowMs } = call;
  const parsed = dynoName.safeParse(params.dyno);
  if (!parsed.success) throw new ApiError('notFound', { detail: 'This is no name of a dyno.' });
  const name = parsed.data;
  const range = readRange(query, nowMs, deps.config);
  return reading(deps.pool, async (db) => {
    const page = await readDynoPage(db, { appId: app.id, range, nowMs, only: name });
    const lane = page.dynos.find((one) => one.dyno === name);
    const detail = await readDynoDetail(db, app.id, range, name);
    const type = lane?.processType ?? name.split('.')[0] ?? name;
    const events = await readEvents(db, {
      appId: app.id,
      fromMs: range.fromS * 1000,
      toMs: range.toS * 1000,
      kinds: ['state', 'exit', 'stop', 'cycling', 'restarting', 'code', 'release'],
      limit: EVENTS_READ_MAX,
    });
    const own = events.filter((event) => event.dyno === name || event.kind === 'release');
    return {
      app: app.name,
      nowMs,
      range: toRange(range),
      ...(await readState(db, app.id, range, nowMs)),
      hasRuntimeMetrics: page.hasRuntimeMetrics,
      processType: type,
      type: page.types.find((one) => one.processType === type) ?? null,
      dyno: lane ? toDyno(lane) : null,
      ...detail,
      events: own.slice(0, EVENTS_MAX).map(describeEvent),
    };
  });
}

function toDyno({ life, leak, firstRequestMs, ...lane }: DynoLane): DynoAnswer {
  const { verdict, ...reading } = leak;
  return {
    ...lane,
    marks: life.marks,
    life: {
      boots: life.boots,
      cycles: life.cycles,
      exits: life.exits,
      bootMs: life.boot === null ? null : life.boot.upMs - life.boot.startingMs,
      firstRequestMs,
    },
    leak: {
      ...reading,
      growth:
        verdict === null
          ? null
          : {
              bytesPerHour: Math.round(verdict.bytesPerHour),
              minutesToQuota: Math.round(verdict.minutesToQuota),
              minutesToCycle: Math.round(verdict.minutesToCycle),
              isLeak: verdict.isLeak,
            },
    },
  };
}

function typeOf({ params }: Call<unknown, unknown>): string {
  const parsed = processType.safeParse(params.type);
  if (!parsed.success) throw new ApiError('notFound', { detail: 'This is no name of a process type.' });
  return parsed.data;
}

async function setSize(call: Call<SizeBody, undefined>): Promise<void> {
  const { deps, app, body, nowMs, caller } = call;
  const type = typeOf(call);
  await withTransaction(deps.pool, async (tx) => {
    const before = (await listDynoSizes(tx, app.id)).get(type);
    const row = { processType: type, ...body, setAtMs: nowMs, setBy: nameOf(caller).slice(0, 200) };
    if (!(await upsertDynoSize(tx, app.id, row)))
      throw new ApiError('conflict', { detail: 'Sizes of too many process types are said already.' });
    await audit(tx, call, {
      action: 'dynoSize.set',
      subject: `${app.name}/${type}`,
      before: before && { size: before.size, cores: before.cores },
      after: { ...body },
    });
  });
}
