/** Fire drills of an app: start one, watch it, end it early. */
import { z } from 'zod';
import { DRILL_MINUTES, drillRule, drillSteps } from '../../model/fire-drill.ts';
import { gateOf } from '../../model/gate.ts';
import type { Severity } from '../../model/slo.ts';
import { HOUR, MINUTE } from '../../model/time.ts';
import {
  countFireDrills,
  endFireDrill,
  type FireDrillRow,
  insertFireDrill,
  lockFireDrillOf,
  readLastFireDrill,
} from '../../store/fire-drills.ts';
import { readTellingRules } from '../../store/incident-telling.ts';
import { readInstance } from '../../store/instance.ts';
import { type Queryable, withTransaction } from '../../store/pool.ts';
import { listDrains, streamHealthOf } from '../../store/reads/drains.ts';
import { listReceivers } from '../../store/receivers.ts';
import { insertRule } from '../../store/rules.ts';
import { audit, nameOf } from '../author.ts';
import { baseUrlOf } from '../client.ts';
import type { FireDrill, FireDrillAnswer, FireDrillRequest } from '../contract/fire-drill.ts';
import { ApiError } from '../error.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';

const request = z.strictObject({
  severity: z.enum(['page', 'ticket', 'info']).optional(),
  minutes: z.number().int().min(DRILL_MINUTES.min).max(DRILL_MINUTES.max).optional(),
});

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const DRILL_REQUEST_HOLDS: Same<z.input<typeof request>, FireDrillRequest> = true;

/** Drills of one app in an hour: they wake people. */
const PER_HOUR = 6;

export const fireDrillRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/apps/:app/fire-drill',
    permission: 'viewer',
    summary: 'The fire drill under way, else the last one, step by step; and whom one would call',
    answer: 'FireDrillAnswer',
    handle: ({ deps, app, nowMs }) => reading(deps.pool, (db) => describe(db, app.id, nowMs)),
  }),
  route({
    method: 'POST',
    path: '/apps/:app/fire-drill',
    permission: 'editor',
    summary: 'Starts a fire drill: a real incident labelled DRILL, that calls whoever a real one would',
    answer: 'FireDrillAnswer',
    status: 201,
    body: request,
    handle: start,
  }),
  route({
    method: 'DELETE',
    path: '/apps/:app/fire-drill',
    permission: 'editor',
    summary: 'Ends the fire drill under way: receivers hear that it is over, then it is deleted',
    answer: 'FireDrillAnswer',
    handle: stop,
  }),
];

async function describe(db: Queryable, appId: number, nowMs: number): Promise<FireDrillAnswer> {
  const drill = await readLastFireDrill(db, appId);
  const isIdle = drill === null || drill.state === 'over';
  return {
    nowMs,
    drill: drill && toAnswer(drill, nowMs),
    obstacle: isIdle ? await obstacleOf(db, appId, nowMs) : 'A drill of this app is under way.',
    willTell: await readWillTell(db, appId, nowMs),
  };
}

function toAnswer(drill: FireDrillRow, nowMs: number): FireDrill {
  const { id, state, severity, author, startedAtMs, endsAtMs, endReason, incidentId, facts } = drill;
  return {
    id,
    state,
    severity,
    author,
    startedAtMs,
    endsAtMs,
    endReason,
    incidentId: state === 'over' ? null : incidentId,
    incidentNumber: facts.incidentNumber,
    steps: drillSteps(drill, nowMs),
  };
}

/** Its rule is a real one: it is judged by what arrives, so something must arrive. */
async function obstacleOf(db: Queryable, appId: number, nowMs: number): Promise<string> {
  const { state } = streamHealthOf(await listDrains(db, [appId]), nowMs);
  if (state === 'receiving') return '';
  return state === 'waiting'
    ? 'No line of this app has arrived yet. The rule of a drill is judged by what arrives: attach the app first.'
    : 'This app is silent. The rule of a drill is judged by what arrives, and a silent app has an alert of its own.';
}

const SEVERITIES: readonly Severity[] = ['page', 'ticket', 'info'];

async function readWillTell(
  db: Queryable,
  appId: number,
  nowMs: number,
): Promise<Record<Severity, string[]>> {
  const rules = await readTellingRules(db, nowMs);
  const names = new Map((await listReceivers(db)).map((row) => [row.id, row.name]));
  const of = (severity: Severity): string[] => {
    const subject = { kind: 'rule', ruleId: 0, key: '' } as const;
    const { routed } = gateOf(rules, { appId, severity, subject }, nowMs);
    return [
      ...routed.receiverIds.flatMap((id) => names.get(id) ?? []),
      ...routed.policyIds.flatMap((id) => rules.policies.get(id)?.name ?? []),
    ];
  };
  return Object.fromEntries(SEVERITIES.map((severity) => [severity, of(severity)])) as Record<
    Severity,
    string[]
  >;
}

async function start(call: Call<z.output<typeof request>, undefined>): Promise<FireDrillAnswer> {
  const { c, deps, app, body, nowMs, caller } = call;
  const { severity = 'page', minutes = DRILL_MINUTES.fallback } = body;
  const base = baseUrlOf(c, deps.config, (await readInstance(deps.pool)).baseUrl);
  const explained = `${base}/settings/drill?app=${encodeURIComponent(app.name)}`;
  return withTransaction(deps.pool, async (tx) => {
    const obstacle = await obstacleOf(tx, app.id, nowMs);
    if (obstacle !== '') throw new ApiError('conflict', { detail: obstacle });
    if ((await countFireDrills(tx, app.id, nowMs - HOUR)) >= PER_HOUR) {
      throw new ApiError('tooMany', {
        detail: `${PER_HOUR} drills of an app in an hour are enough for whoever is called.`,
        retryAfterS: HOUR / 4 / 1000,
      });
    }
    const author = nameOf(caller);
    const rule = await insertRule(tx, {
      appId: app.id,
      draft: drillRule(severity, explained),
      author,
      nowMs,
    });
    const drill = await insertFireDrill(tx, {
      appId: app.id,
      ruleId: rule.id,
      severity,
      author,
      startedAtMs: nowMs,
      endsAtMs: nowMs + minutes * MINUTE,
    });
    // Thrown inside the transaction: the rule that was made for it goes with it.
    if (drill === null) throw new ApiError('conflict', { detail: 'A drill of this app is under way.' });
    await audit(tx, call, { action: 'drill.start', subject: app.name, after: { severity, minutes } });
    return describe(tx, app.id, nowMs);
  });
}

async function stop(call: Call<undefined, undefined>): Promise<FireDrillAnswer> {
  const { deps, app, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const drill = await lockFireDrillOf(tx, app.id);
    if (drill === null) throw new ApiError('notFound', { detail: 'No drill of this app is under way.' });
    if (drill.state === 'running') {
      await endFireDrill(tx, drill, 'stopped', nowMs);
      await audit(tx, call, { action: 'drill.stop', subject: app.name });
    }
    return describe(tx, app.id, nowMs);
  });
}
