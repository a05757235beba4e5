/** Who is on call: schedules, exceptions, how people are reached. */

import type { z } from 'zod';
import { saySpan } from '../../model/notice-numbers.ts';
import {
  checkSchedule,
  listTurns,
  onCallAt,
  type ScheduleDefinition,
  type Turn,
} from '../../model/schedule.ts';
import { DAY } from '../../model/time.ts';
import { listPeople, type PersonRow } from '../../store/people.ts';
import { type Queryable, withTransaction } from '../../store/pool.ts';
import { listReceivers, type ReceiverRow } from '../../store/receivers.ts';
import { listPolicies, type PolicyRow } from '../../store/routes.ts';
import {
  deleteOverride,
  insertOverride,
  insertSchedule,
  listPersonReceivers,
  listSchedules,
  readSchedule,
  removeSchedule,
  type ScheduleRow,
  setPersonReceivers,
  updateSchedule,
} from '../../store/schedules.ts';
import { audit, nameOf } from '../author.ts';
import type {
  OnCallAnswer,
  OnCallNowAnswer,
  OnCallPerson,
  ScheduleAnswer,
  ScheduleListAnswer,
  SchedulePreviewAnswer,
} from '../contract/schedules.ts';
import { ApiError } from '../error.ts';
import { uuid } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { overrideRequest, personReceivers, scheduleRequest } from '../schedule-body.ts';

/** Turns are shown so far ahead. */
const AHEAD_MS = 14 * DAY;
/** Somebody's next turn is looked for so far ahead: a turn lasts weeks at most. */
const NEXT_WITHIN_MS = 60 * DAY;
const OVERRIDE_AHEAD_MS = 400 * DAY;

type Body = z.output<typeof scheduleRequest>;

export const scheduleRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/schedules',
    permission: 'viewer',
    summary: 'Schedules, who is on call now and next, and the turns of two weeks',
    answer: 'ScheduleListAnswer',
    handle: ({ deps, nowMs }): Promise<ScheduleListAnswer> =>
      reading(deps.pool, async (db) => {
        const around = await readAround(db);
        const rows = await listSchedules(db, nowMs);
        return {
          nowMs,
          schedules: rows.map((row) => describe(row, around, nowMs)),
          people: [...around.people.values()]
            .filter((person) => person.disabledAtMs === null)
            .map((person) => describePerson(person, around)),
        };
      }),
  }),
  route({
    method: 'GET',
    path: '/on-call',
    permission: 'viewer',
    summary: 'Who is on call now and next, by schedule',
    answer: 'OnCallNowAnswer',
    handle: ({ deps, nowMs }): Promise<OnCallNowAnswer> =>
      reading(deps.pool, async (db) => {
        const around = await readAround(db);
        const schedules = (await listSchedules(db, nowMs)).map((row) => describe(row, around, nowMs));
        return { nowMs, schedules: schedules.map(({ id, title, now, next }) => ({ id, title, now, next })) };
      }),
  }),
  route({
    method: 'POST',
    path: '/schedules',
    permission: 'admin',
    summary: 'Makes a schedule',
    answer: 'ScheduleAnswer',
    status: 201,
    body: scheduleRequest,
    handle: addSchedule,
  }),
  route({
    method: 'POST',
    path: '/schedules/preview',
    permission: 'editor',
    summary: 'The turns of two weeks that a schedule would give; nothing is saved',
    answer: 'SchedulePreviewAnswer',
    body: scheduleRequest,
    handle: ({ deps, body, nowMs }): Promise<SchedulePreviewAnswer> =>
      reading(deps.pool, async (db) => {
        const around = await readAround(db);
        const { definition } = readBody(body, around);
        return turnsOf(definition, [], around, nowMs);
      }),
  }),
  route({
    method: 'PUT',
    path: '/schedules/:id',
    permission: 'admin',
    summary: 'Writes a schedule anew; its exceptions stay',
    answer: 'ScheduleAnswer',
    body: scheduleRequest,
    handle: changeSchedule,
  }),
  route({
    method: 'DELETE',
    path: '/schedules/:id',
    permission: 'admin',
    summary: 'Removes a schedule that no escalation policy uses',
    answer: '',
    status: 204,
    handle: dropSchedule,
  }),
  route({
    method: 'POST',
    path: '/schedules/:id/overrides',
    permission: 'editor',
    summary: 'Somebody steps in for a while',
    answer: 'ScheduleAnswer',
    status: 201,
    body: overrideRequest,
    handle: addOverride,
  }),
  route({
    method: 'DELETE',
    path: '/schedules/:id/overrides/:override',
    permission: 'editor',
    summary: 'Takes an exception back',
    answer: '',
    status: 204,
    handle: async (call) => {
      const { deps, params, nowMs } = call;
      await withTransaction(deps.pool, async (tx) => {
        const row = await needSchedule(tx, params.id, nowMs);
        const override = uuid.safeParse(params.override);
        const found = override.success && (await deleteOverride(tx, row.publicId, override.data));
        if (!found) throw new ApiError('notFound', { detail: 'This schedule has no such exception.' });
        const before = row.overrides.find((one) => one.id === override.data);
        await audit(tx, call, {
          action: 'schedule.override.remove',
          subject: row.name,
          before: before && { ...before },
        });
      });
    },
  }),
  route({
    method: 'PUT',
    path: '/people/:id/receivers',
    permission: 'admin',
    summary: 'How a person on call is reached',
    answer: 'OnCallPerson',
    body: personReceivers,
    handle: setReceivers,
  }),
];

interface Around {
  people: Map<string, PersonRow>;
  receivers: ReceiverRow[];
  reachedBy: Map<string, number[]>;
  policies: PolicyRow[];
}

async function readAround(db: Queryable): Promise<Around> {
  const people = await listPeople(db);
  return {
    people: new Map(people.map((person) => [person.id, person])),
    receivers: await listReceivers(db),
    reachedBy: await listPersonReceivers(
      db,
      people.map((person) => person.id),
    ),
    policies: await listPolicies(db),
  };
}

function describePerson(person: PersonRow, { reachedBy, receivers }: Around): OnCallPerson {
  const ids = reachedBy.get(person.id) ?? [];
  return {
    id: person.id,
    name: person.displayName || person.email,
    email: person.email,
    receivers: receivers.filter(({ id }) => ids.includes(id)).map(({ publicId }) => publicId),
  };
}

function describe(row: ScheduleRow, around: Around, nowMs: number): ScheduleAnswer {
  const { definition, overrides } = row;
  const shown = turnsOf(definition, overrides, around, nowMs);
  const [now, next] = nowAndNext(row, around, nowMs);
  return {
    id: row.publicId,
    title: row.name,
    zone: definition.zone,
    rotations: definition.rotations,
    overrides: overrides
      .filter((override) => override.endsAtMs > nowMs)
      .map(({ id, personId, startsAtMs, endsAtMs, reason, author }) => ({
        id,
        personId,
        name: nameOfPerson(around, personId),
        fromMs: startsAtMs,
        toMs: endsAtMs,
        reason,
        author,
      })),
    now,
    next,
    ...shown,
    usedBy: usersOf(row, around).map((policy) => policy.name),
    warnings: warningsOf(shown, around),
    version: row.version,
  };
}

function usersOf(row: ScheduleRow, { policies }: Around): PolicyRow[] {
  return policies.filter(({ definition }) =>
    definition.levels.some(({ targets }) =>
      targets.some((target) => target.kind === 'schedule' && target.id === row.id),
    ),
  );
}

function nameOfPerson({ people }: Around, id: string): string {
  const person = people.get(id);
  return person ? person.displayName || person.email : 'somebody who was removed';
}

function toOnCall(turn: Turn, around: Around): OnCallAnswer | null {
  if (turn.personId === null) return null;
  return {
    personId: turn.personId,
    name: nameOfPerson(around, turn.personId),
    email: around.people.get(turn.personId)?.email ?? '',
    fromMs: turn.fromMs,
    toMs: turn.toMs,
    via: turn.via,
  };
}

/** Who is on call, until when; and the next one who is somebody else. */
function nowAndNext(
  { definition, overrides }: ScheduleRow,
  around: Around,
  nowMs: number,
): [OnCallAnswer | null, OnCallAnswer | null] {
  const turns = listTurns(definition, overrides, nowMs, nowMs + NEXT_WITHIN_MS);
  const [first] = turns;
  const now =
    first && onCallAt(definition, overrides, nowMs).personId !== null ? toOnCall(first, around) : null;
  const later = turns.slice(1).find(({ personId }) => personId !== null && personId !== now?.personId);
  return [now, later ? toOnCall(later, around) : null];
}

function turnsOf(
  definition: ScheduleDefinition,
  overrides: ScheduleRow['overrides'],
  around: Around,
  nowMs: number,
): SchedulePreviewAnswer {
  const turns = listTurns(definition, overrides, nowMs, nowMs + AHEAD_MS);
  return {
    turns: turns.flatMap((turn) => toOnCall(turn, around) ?? []),
    gaps: turns.filter(({ personId }) => personId === null).map(({ fromMs, toMs }) => ({ fromMs, toMs })),
  };
}

function warningsOf({ turns, gaps }: SchedulePreviewAnswer, around: Around): string[] {
  const warnings: string[] = [];
  const uncoveredMs = gaps.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  if (uncoveredMs > 0) warnings.push(`Nobody is on call for ${saySpan(uncoveredMs)} of the next 14 days.`);
  for (const personId of new Set(turns.map((turn) => turn.personId))) {
    const name = nameOfPerson(around, personId);
    const person = around.people.get(personId);
    if (!person) warnings.push('Somebody in a rotation was removed: their turns reach nobody.');
    else if (person.disabledAtMs !== null) warnings.push(`${name} was disabled: their turns reach nobody.`);
    else if ((around.reachedBy.get(personId) ?? []).length === 0) {
      warnings.push(`${name} has no receiver: their turns reach nobody.`);
    }
  }
  return warnings;
}

/** The definition, with ids for new rotations; throws for people who are not there, and for what cannot be. */
function readBody(body: Body, { people }: Around): { name: string; definition: ScheduleDefinition } {
  const definition = {
    zone: body.zone,
    rotations: body.rotations.map((rotation) => ({ ...rotation, id: rotation.id ?? crypto.randomUUID() })),
  };
  for (const [at, rotation] of body.rotations.entries()) {
    const unknown = rotation.people.findIndex((id) => !people.has(id));
    if (unknown >= 0) refuse(`rotations.${at}.people.${unknown}`, 'There is no such person.');
  }
  const [fault] = checkSchedule(definition);
  if (fault !== undefined) refuse(/time zone/.test(fault) ? 'zone' : 'rotations', fault);
  return { name: body.title, definition };
}

function refuse(field: string, message: string): never {
  throw new ApiError('invalid', { detail: `Not accepted: ${message}`, faults: [{ field, message }] });
}

async function needSchedule(db: Queryable, id: string | undefined, nowMs: number): Promise<ScheduleRow> {
  const known = uuid.safeParse(id);
  const row = known.success ? await readSchedule(db, known.data, nowMs) : null;
  if (!row) throw new ApiError('notFound', { detail: 'There is no such schedule.' });
  return row;
}

function nameTaken(): ApiError {
  const message = 'There is a schedule by that name already.';
  return new ApiError('conflict', { detail: message, faults: [{ field: 'title', message }] });
}

async function addSchedule(call: Call<Body, undefined>): Promise<ScheduleAnswer> {
  const { deps, body, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const around = await readAround(tx);
    const input = readBody(body, around);
    const id = await insertSchedule(tx, input, nowMs);
    if (id === null) throw nameTaken();
    await audit(tx, call, {
      action: 'schedule.create',
      subject: input.name,
      after: { ...input.definition },
    });
    return describe(await needSchedule(tx, id, nowMs), around, nowMs);
  });
}

async function changeSchedule(call: Call<Body, undefined>): Promise<ScheduleAnswer> {
  const { deps, body, params, nowMs } = call;
  return withTransaction(deps.pool, async (tx) => {
    const around = await readAround(tx);
    const before = await needSchedule(tx, params.id, nowMs);
    const input = readBody(body, around);
    if (!(await updateSchedule(tx, before.publicId, input, nowMs))) throw nameTaken();
    await audit(tx, call, {
      action: 'schedule.change',
      subject: input.name,
      before: { name: before.name, ...before.definition },
      after: { name: input.name, ...input.definition },
    });
    return describe(await needSchedule(tx, before.publicId, nowMs), around, nowMs);
  });
}

async function dropSchedule(call: Call<undefined, undefined>): Promise<void> {
  const { deps, params, nowMs } = call;
  await withTransaction(deps.pool, async (tx) => {
    const row = await needSchedule(tx, params.id, nowMs);
    const users = usersOf(row, await readAround(tx)).map((policy) => `"${policy.name}"`);
    if (users.length > 0) {
      throw new ApiError('conflict', {
        detail: `Escalation ${users.join(', ')} uses it: change that first.`,
      });
    }
    await removeSchedule(tx, row.publicId, nowMs);
    await audit(tx, call, { action: 'schedule.remove', subject: row.name, before: { ...row.definition } });
  });
}

async function addOverride(call: Call<z.output<typeof overrideRequest>, undefined>): Promise<ScheduleAnswer> {
  const { deps, body, params, nowMs, caller } = call;
  if (body.toMs <= body.fromMs) refuse('toMs', 'The end must be after the start.');
  if (body.toMs <= nowMs) refuse('toMs', 'The end is in the past.');
  if (body.toMs > nowMs + OVERRIDE_AHEAD_MS) refuse('toMs', 'The end is more than 400 days ahead.');
  return withTransaction(deps.pool, async (tx) => {
    const row = await needSchedule(tx, params.id, nowMs);
    const override = {
      personId: body.personId,
      startsAtMs: body.fromMs,
      endsAtMs: body.toMs,
      reason: body.reason ?? '',
      author: nameOf(caller),
    };
    const id = await insertOverride(tx, row.publicId, override, nowMs);
    if (id === null) refuse('personId', 'There is no such person.');
    await audit(tx, call, { action: 'schedule.override', subject: row.name, after: override });
    return describe(await needSchedule(tx, row.publicId, nowMs), await readAround(tx), nowMs);
  });
}

async function setReceivers(call: Call<z.output<typeof personReceivers>, undefined>): Promise<OnCallPerson> {
  const { deps, body, params } = call;
  return withTransaction(deps.pool, async (tx) => {
    const around = await readAround(tx);
    const person = around.people.get(params.id ?? '');
    if (!person) throw new ApiError('notFound', { detail: 'There is no such person.' });
    const ids = body.receivers.map((publicId, at) => {
      const receiver = around.receivers.find((one) => one.publicId === publicId);
      return receiver?.id ?? refuse(`receivers.${at}`, 'There is no such receiver.');
    });
    await setPersonReceivers(tx, person.id, ids);
    await audit(tx, call, {
      action: 'person.receivers',
      subject: person.id,
      before: { receivers: describePerson(person, around).receivers },
      after: { receivers: body.receivers },
    });
    return describePerson(person, await readAround(tx));
  });
}
