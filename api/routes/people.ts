/** People, API tokens, the audit log: for admins who gave their password a moment ago. */
import { z } from 'zod';
import { insertAudit, listAudit } from '../../store/audit.ts';
import {
  deletePerson,
  insertPerson,
  listPeople,
  lockPeople,
  type PersonRow,
  updatePerson,
} from '../../store/people.ts';
import { withTransaction } from '../../store/pool.ts';
import { endSessionsOf, listSessions } from '../../store/sessions.ts';
import { createToken, listTokens, revokeToken, revokeTokensOf } from '../../store/tokens.ts';
import { actorOf } from '../auth.ts';
import type { AuditAnswer, PeopleAnswer, TokenCreatedAnswer, TokensAnswer } from '../contract/session.ts';
import { ApiError } from '../error.ts';
import { limit, uuid } from '../params.ts';
import { hashPassword } from '../password.ts';
import { type Call, type Route, route } from '../route.ts';
import { personChange, personRequest, tokenRequest } from '../schemas.ts';
import { toPerson } from '../shape.ts';
import type { Streams } from '../streams.ts';
import { requireGoodPassword } from './session.ts';

/** Epoch ms, as everywhere in answers. */
const instantText = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

const ADMIN = { permission: 'admin', personOnly: true } as const;

export function peopleRoutes(streams: Streams): Route[] {
  return [
    route({
      ...ADMIN,
      method: 'GET',
      path: '/people',
      summary: 'Everybody who can sign in, and who was disabled',
      answer: 'PeopleAnswer',
      handle: async ({ deps }): Promise<PeopleAnswer> => ({
        people: (await listPeople(deps.pool)).map((person) => ({
          ...toPerson(person),
          disabled: person.disabledAtMs !== null,
          createdAtMs: person.createdAtMs,
        })),
      }),
    }),
    route({
      ...ADMIN,
      fresh: true,
      method: 'POST',
      path: '/people',
      summary: 'Adds a person with a first password',
      answer: 'PersonAnswer',
      status: 201,
      body: personRequest,
      handle: addPerson,
    }),
    route({
      ...ADMIN,
      fresh: true,
      method: 'PATCH',
      path: '/people/:id',
      summary: 'Changes role or name, disables, enables',
      answer: 'PersonAnswer',
      body: personChange,
      handle: (call) => changePerson(call, streams),
    }),
    route({
      ...ADMIN,
      fresh: true,
      method: 'DELETE',
      path: '/people/:id',
      summary: 'Removes a person, their sessions and the tokens they made',
      answer: '',
      status: 204,
      handle: (call) => removePerson(call, streams),
    }),
    route({
      ...ADMIN,
      method: 'GET',
      path: '/tokens',
      summary: 'API tokens that still work',
      answer: 'TokensAnswer',
      handle: async ({ deps, nowMs }): Promise<TokensAnswer> => ({
        tokens: await listTokens(deps.pool, nowMs),
      }),
    }),
    route({
      ...ADMIN,
      fresh: true,
      method: 'POST',
      path: '/tokens',
      summary: 'Makes an API token; its text is shown this once',
      answer: 'TokenCreatedAnswer',
      status: 201,
      body: tokenRequest,
      handle: mintToken,
    }),
    route({
      ...ADMIN,
      fresh: true,
      method: 'DELETE',
      path: '/tokens/:id',
      summary: 'Revokes an API token',
      answer: '',
      status: 204,
      handle: async ({ deps, caller, params, nowMs, address }) => {
        const id = uuid.safeParse(params.id);
        const found = id.success && (await revokeToken(deps.pool, id.data, nowMs));
        if (!found) throw new ApiError('notFound', { detail: 'There is no such token.' });
        streams.endOf(id.data);
        await insertAudit(deps.pool, {
          atMs: nowMs,
          actor: actorOf(caller),
          action: 'token.revoke',
          subject: id.data,
          address,
        });
      },
    }),
    route({
      ...ADMIN,
      method: 'GET',
      path: '/audit',
      summary: 'Who changed what, newest first',
      answer: 'AuditAnswer',
      query: z.strictObject({
        limit: limit(100, 500),
        before: z
          .string()
          .regex(/^\d{1,15}$/)
          .optional(),
        action: z.string().min(1).max(40).optional(),
        subject: z.string().min(1).max(100).optional(),
        actor: z.string().min(1).max(100).optional(),
        from: instantText.optional(),
        to: instantText.optional(),
      }),
      handle: async ({ deps, query }): Promise<AuditAnswer> => ({
        entries: await listAudit(deps.pool, {
          limit: query.limit,
          beforeId: query.before === undefined ? undefined : Number(query.before),
          action: query.action,
          subject: query.subject,
          actor: query.actor,
          fromMs: query.from,
          toMs: query.to,
        }),
      }),
    }),
  ];
}

async function addPerson(call: Call<z.output<typeof personRequest>, undefined>) {
  const { deps, caller, body, nowMs, address } = call;
  requireGoodPassword(body.password, [body.email, body.displayName], 'password');
  const passwordHash = await hashPassword(body.password);
  const { email, displayName, role } = body;
  const person = await withTransaction(deps.pool, async (tx) => {
    const made = await insertPerson(tx, { email, displayName, role, passwordHash, nowMs });
    if (!made) {
      const message = 'Somebody with this address is there already.';
      throw new ApiError('conflict', { detail: message, faults: [{ field: 'email', message }] });
    }
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'person.add',
      subject: made.id,
      address,
      after: { email, role },
    });
    return made;
  });
  return toPerson(person);
}

/** The person of the address among everybody, who are locked meanwhile. */
function findPerson(people: readonly PersonRow[], id: string | undefined): PersonRow {
  const person = people.find((row) => row.id === id);
  if (!person) throw new ApiError('notFound', { detail: 'There is no such person.' });
  return person;
}

/** SEC-12: somebody must be left who can let others in. */
function requireAdminLeft(people: readonly PersonRow[], changed: PersonRow): void {
  const after = people.map((row) => (row.id === changed.id ? changed : row));
  if (!after.some((row) => row.role === 'admin' && row.disabledAtMs === null))
    throw new ApiError('lastAdmin');
}

async function changePerson(call: Call<z.output<typeof personChange>, undefined>, streams: Streams) {
  const { deps, caller, body, params, nowMs, address } = call;
  const { person, ended } = await withTransaction(deps.pool, async (tx) => {
    const people = await lockPeople(tx);
    const before = findPerson(people, params.id);
    const disabledAtMs = body.disabled === undefined ? before.disabledAtMs : body.disabled ? nowMs : null;
    requireAdminLeft(people, { ...before, role: body.role ?? before.role, disabledAtMs });
    const after = await updatePerson(tx, before.id, { ...body, nowMs });
    if (!after) throw new ApiError('notFound');
    // What the role allowed must end with it, in open pages and streams too (SEC-10, SEC-22).
    const sessions =
      body.disabled || after.role !== before.role ? await listSessions(tx, before.id, nowMs) : [];
    if (body.disabled) await endSessionsOf(tx, before.id);
    if (body.disabled || after.role !== before.role) await revokeTokensOf(tx, before.id, nowMs);
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'person.change',
      subject: before.id,
      address,
      before: { role: before.role, displayName: before.displayName, disabled: before.disabledAtMs !== null },
      after: { role: after.role, displayName: after.displayName, disabled: after.disabledAtMs !== null },
    });
    return { person: after, ended: sessions };
  });
  for (const session of ended) streams.endOf(session.id);
  return toPerson(person);
}

async function removePerson(call: Call<undefined, undefined>, streams: Streams): Promise<void> {
  const { deps, caller, params, nowMs, address } = call;
  const ended = await withTransaction(deps.pool, async (tx) => {
    const people = await lockPeople(tx);
    const person = findPerson(people, params.id);
    requireAdminLeft(people, { ...person, disabledAtMs: nowMs });
    const sessions = await listSessions(tx, person.id, nowMs);
    await revokeTokensOf(tx, person.id, nowMs);
    await deletePerson(tx, person.id);
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'person.remove',
      subject: person.id,
      address,
      before: { email: person.email, role: person.role },
    });
    return sessions;
  });
  for (const session of ended) streams.endOf(session.id);
}

async function mintToken(call: Call<z.output<typeof tokenRequest>, undefined>): Promise<TokenCreatedAnswer> {
  const { deps, caller, body, nowMs, address } = call;
  const createdBy = caller.kind === 'person' ? caller.person.id : null;
  const { row, token } = await withTransaction(deps.pool, async (tx) => {
    const made = await createToken(tx, { ...body, createdBy, key: deps.config.secret, nowMs });
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'token.create',
      subject: made.row.id,
      address,
      after: { name: body.name, role: body.role, expiresAtMs: made.row.expiresAtMs },
    });
    return made;
  });
  return { id: row.id, token, role: row.role, expiresAtMs: row.expiresAtMs };
}
