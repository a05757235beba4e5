/**
 * Screens on a wall: an admin makes a link, the screen turns it into a cookie of its own, which reads the routes marked
 * `wall` and nothing else, until the link is revoked, stands unused for 90 days, or its maker leaves.
 */
import { z } from 'zod';
import { insertAudit } from '../../store/audit.ts';
import { readInstance } from '../../store/instance.ts';
import { withTransaction } from '../../store/pool.ts';
import { createWall, listWalls, revokeWall } from '../../store/wall-tokens.ts';
import { actorOf, identifyWall } from '../auth.ts';
import { baseUrlOf } from '../client.ts';
import type { WallCreatedAnswer, WallSessionRequest, WallsAnswer } from '../contract/wall.ts';
import { writeWallCookie } from '../cookies.ts';
import { ApiError } from '../error.ts';
import { uuid } from '../params.ts';
import { type Call, type Route, route } from '../route.ts';
import { cleanText } from '../schemas.ts';
import type { Streams } from '../streams.ts';
import { needPerson } from './session.ts';

const ADMIN = { permission: 'admin', personOnly: true } as const;

const wallRequest = z.strictObject({ name: cleanText(100).pipe(z.string().min(1, 'is needed')) });
const wallSessionRequest = z.strictObject({
  token: z.string().min(1).max(128),
}) satisfies z.ZodType<WallSessionRequest>;

export function wallRoutes(streams: Streams): Route[] {
  return [
    route({
      ...ADMIN,
      method: 'GET',
      path: '/walls',
      summary: 'Links of screens on a wall that still work',
      answer: 'WallsAnswer',
      handle: async ({ deps, nowMs }): Promise<WallsAnswer> => ({ walls: await listWalls(deps.pool, nowMs) }),
    }),
    route({
      ...ADMIN,
      fresh: true,
      method: 'POST',
      path: '/walls',
      summary: 'Makes a link for a screen on a wall; it is shown this once',
      answer: 'WallCreatedAnswer',
      status: 201,
      body: wallRequest,
      handle: addWall,
    }),
    route({
      ...ADMIN,
      fresh: true,
      method: 'DELETE',
      path: '/walls/:id',
      summary: 'Revokes the link of a screen: it goes dark at once',
      answer: '',
      status: 204,
      handle: (call) => dropWall(call, streams),
    }),
    route({
      method: 'POST',
      path: '/wall-session',
      permission: 'public',
      summary: 'Turns the link of a screen into its cookie',
      answer: '',
      status: 204,
      body: wallSessionRequest,
      handle: beginWall,
    }),
  ];
}

async function addWall(call: Call<z.output<typeof wallRequest>, undefined>): Promise<WallCreatedAnswer> {
  const { c, deps, caller, body, nowMs, address } = call;
  const { person } = needPerson(caller);
  const { row, token } = await withTransaction(deps.pool, async (tx) => {
    const input = { name: body.name, createdBy: person.id, key: deps.config.secret, nowMs };
    const made = await createWall(tx, input);
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'wall.create',
      subject: made.row.id,
      address,
      after: { name: body.name },
    });
    return made;
  });
  const base = baseUrlOf(c, deps.config, (await readInstance(deps.pool)).baseUrl);
  return { id: row.id, name: row.name, url: `${base}/?wall=1#${token}` };
}

async function dropWall(call: Call<undefined, undefined>, streams: Streams): Promise<void> {
  const { deps, caller, params, nowMs, address } = call;
  const id = uuid.safeParse(params.id);
  if (!id.success) throw new ApiError('notFound', { detail: 'There is no such link.' });
  await withTransaction(deps.pool, async (tx) => {
    if (!(await revokeWall(tx, id.data, nowMs)))
      throw new ApiError('notFound', { detail: 'There is no such link.' });
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'wall.revoke',
      subject: id.data,
      address,
    });
  });
  streams.endOf(id.data);
}

async function beginWall(call: Call<z.output<typeof wallSessionRequest>, undefined>): Promise<void> {
  const { c, deps, body, nowMs, address } = call;
  const caller = await identifyWall(c, deps, body.token);
  if (!caller) {
    deps.log.warn('wall.refused', { address });
    throw new ApiError('badToken', {
      detail: 'This link does not work: it was revoked, stood unused for 90 days, or its maker has left.',
    });
  }
  await insertAudit(deps.pool, {
    atMs: nowMs,
    actor: actorOf(caller),
    action: 'wall.open',
    subject: caller.wall.id,
    address,
  });
  writeWallCookie(c, deps.config, body.token);
}
