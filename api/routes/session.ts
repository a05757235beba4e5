/** Set-up, signing in and out, sessions, one's own password. */

import { timingSafeEqual } from 'node:crypto';
import { keyedHash } from '../../model/secret.ts';
import { insertAudit } from '../../store/audit.ts';
import { claimInstance, readInstance } from '../../store/instance.ts';
import { insertPerson, type PersonRow, readPersonForSignIn, updatePerson } from '../../store/people.ts';
import { withTransaction } from '../../store/pool.ts';
import {
  deleteOldSessions,
  endSession,
  endSessionsOf,
  listSessions,
  refreshSession,
} from '../../store/sessions.ts';
import { actorOf, beginSession, type Caller } from '../auth.ts';
import { baseUrlOf } from '../client.ts';
import type { SessionAnswer, SessionsAnswer } from '../contract/session.ts';
import { readWallCookie, writeSessionCookie, writeWallCookie } from '../cookies.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError, toApiError } from '../error.ts';
import { isLeaked } from '../leaked-passwords.ts';
import { uuid } from '../params.ts';
import { hashPassword, PasswordsBusyError, verifyNobody, verifyPassword } from '../password.ts';
import { PASSWORD_ADVICE, passwordFault } from '../password-rules.ts';
import { type Call, type Route, route } from '../route.ts';
import { confirmRequest, emptyRequest, passwordRequest, setupRequest, signInRequest } from '../schemas.ts';
import { toPerson } from '../shape.ts';
import type { Streams } from '../streams.ts';
import { countSetUp, countSignIn } from '../throttle.ts';

export function sessionRoutes(streams: Streams): Route[] {
  return [
    route({
      method: 'GET',
      path: '/session',
      permission: 'public',
      summary: 'Who is signed in, and whether this instance was set up',
      answer: 'SessionAnswer',
      handle: async (call) => {
        const { c, deps, caller } = call;
        const answer = await describeSession(call, caller.kind === 'person' ? caller.person : null);
        if (caller.kind !== 'wall') return answer;
        // Written again, so that a screen that is in use is never signed out.
        writeWallCookie(c, deps.config, readWallCookie(c, deps.config) ?? '');
        return { ...answer, wall: { name: caller.wall.name } };
      },
    }),
    route({
      method: 'POST',
      path: '/setup',
      permission: 'public',
      summary: 'Makes the first admin with the one-time set-up token, and signs in',
      answer: 'SessionAnswer',
      body: setupRequest,
      handle: async (call) => describeSession(call, await setUp(call)),
    }),
    route({
      method: 'POST',
      path: '/sign-in',
      permission: 'public',
      summary: 'Signs in with e-mail and password',
      answer: 'SessionAnswer',
      body: signInRequest,
      handle: async (call) => describeSession(call, await signIn(call)),
    }),
    route({
      method: 'POST',
      path: '/sign-out',
      permission: 'viewer',
      personOnly: true,
      summary: 'Ends this session',
      answer: '',
      status: 204,
      body: emptyRequest,
      handle: async ({ c, deps, caller, nowMs, address }) => {
        const { person, session } = needPerson(caller);
        await withTransaction(deps.pool, async (tx) => {
          await endSession(tx, person.id, session.id);
          await insertAudit(tx, {
            atMs: nowMs,
            actor: person.id,
            action: 'session.end',
            subject: session.id,
            address,
          });
        });
        streams.endOf(session.id);
        writeSessionCookie(c, deps.config, '');
      },
    }),
    route({
      method: 'POST',
      path: '/session/confirm',
      permission: 'viewer',
      personOnly: true,
      summary: 'Confirms the password, for what needs a fresh one',
      answer: '',
      status: 204,
      body: confirmRequest,
      handle: async ({ deps, caller, body, nowMs, address }) => {
        const { person, session } = needPerson(caller);
        await proveAgain(deps, person, body.password, address, nowMs, 'password');
        await refreshSession(deps.pool, session.id, nowMs);
      },
    }),
    route({
      method: 'POST',
      path: '/password',
      permission: 'viewer',
      personOnly: true,
      summary: "Changes one's password; all other sessions end",
      answer: '',
      status: 204,
      body: passwordRequest,
      handle: (call) => changePassword(call, streams),
    }),
    route({
      method: 'GET',
      path: '/sessions',
      permission: 'viewer',
      personOnly: true,
      summary: "One's own sessions",
      answer: 'SessionsAnswer',
      handle: async ({ deps, caller, nowMs }): Promise<SessionsAnswer> => {
        const { person, session } = needPerson(caller);
        const rows = await listSessions(deps.pool, person.id, nowMs);
        return {
          sessions: rows.map((row) => ({
            id: row.id,
            createdAtMs: row.createdAtMs,
            lastSeenMs: row.lastSeenMs,
            userAgent: row.userAgent,
            address: row.address,
            current: row.id === session.id,
          })),
        };
      },
    }),
    route({
      method: 'DELETE',
      path: '/sessions/:id',
      permission: 'viewer',
      personOnly: true,
      summary: "Ends one of one's own sessions",
      answer: '',
      status: 204,
      handle: async ({ deps, caller, params, nowMs, address }) => {
        const { person } = needPerson(caller);
        const id = uuid.safeParse(params.id);
        const ended = id.success && (await endSession(deps.pool, person.id, id.data));
        if (!ended) throw new ApiError('notFound', { detail: 'You have no such session.' });
        streams.endOf(id.data);
        await insertAudit(deps.pool, {
          atMs: nowMs,
          actor: person.id,
          action: 'session.end',
          subject: id.data,
          address,
        });
      },
    }),
  ];
}

export function needPerson(caller: Caller): Extract<Caller, { kind: 'person' }> {
  if (caller.kind !== 'person') throw new ApiError('personNeeded');
  return caller;
}

async function describeSession(
  { c, deps }: Pick<Call<unknown, unknown>, 'c' | 'deps'>,
  person: PersonRow | null,
): Promise<SessionAnswer> {
  const instance = await readInstance(deps.pool).catch((error: unknown) => {
    // Whoever is known from memory goes on: where somebody is signed in, somebody has set it up.
    if (person === null || toApiError(error).code !== 'databaseAway') throw error;
    return { claimedAtMs: 0, baseUrl: null };
  });
  return {
    setupNeeded: instance.claimedAtMs === null,
    person: person === null ? null : toPerson(person),
    baseUrl: baseUrlOf(c, deps.config, instance.baseUrl),
  };
}

/** Throws the fault of a new password at its field. */
export function requireGoodPassword(password: string, personal: string[], field: string): void {
  const fault = isLeaked(password) ? 'common' : passwordFault(password, personal);
  if (fault)
    throw new ApiError('invalid', {
      detail: PASSWORD_ADVICE[fault],
      faults: [{ field, message: PASSWORD_ADVICE[fault] }],
    });
}

/** Compares digests of equal length in constant time (SEC-25). */
function isSetupToken(given: string, deps: ApiDeps): boolean {
  const digest = (text: string) => keyedHash(deps.config.secret, 'user', `setup:${text}`);
  return deps.setupToken !== '' && timingSafeEqual(digest(given), digest(deps.setupToken));
}

async function setUp(call: Call<ReturnType<typeof setupRequest.parse>, undefined>): Promise<PersonRow> {
  const { c, deps, body, nowMs, address } = call;
  const closed = (await readInstance(deps.pool)).claimedAtMs !== null;
  if (closed) throw new ApiError('setupClosed');
  await countSetUp(deps.pool, address, nowMs);
  if (!isSetupToken(body.token, deps)) {
    deps.log.warn('setup.refused', { address });
    throw new ApiError('badSetupToken', {
      faults: [{ field: 'token', message: 'This is not the set-up token of this instance.' }],
    });
  }
  requireGoodPassword(body.password, [body.email, body.displayName ?? ''], 'password');
  const passwordHash = await unlessBusy(hashPassword(body.password));
  const person = await withTransaction(deps.pool, async (tx) => {
    // Whoever comes second waits here for the first, and then finds the door closed.
    if (!(await claimInstance(tx, nowMs, body.baseUrl ?? null))) throw new ApiError('setupClosed');
    const { email, displayName = '' } = body;
    const made = await insertPerson(tx, { email, displayName, role: 'admin', passwordHash, nowMs });
    if (!made) throw new ApiError('conflict');
    await insertAudit(tx, {
      atMs: nowMs,
      actor: 'setup',
      action: 'instance.claim',
      subject: made.id,
      address,
      after: { email, role: 'admin', baseUrl: body.baseUrl },
    });
    await beginSession(c, deps, tx, made.id);
    return made;
  });
  deps.onClaimed?.();
  deps.log.info('setup.done', { person: person.id });
  return person;
}

/** More password checks at once than memory allows: wait, as after too many tries. */
async function unlessBusy<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof PasswordsBusyError ? new ApiError('tooMany', { retryAfterS: 5 }) : error;
  });
}

async function signIn(call: Call<ReturnType<typeof signInRequest.parse>, undefined>): Promise<PersonRow> {
  const { c, deps, body, nowMs, address, caller } = call;
  const attempt = await countSignIn(deps.pool, {
    account: body.email,
    address,
    key: deps.config.secret,
    nowMs,
  });
  const known = await readPersonForSignIn(deps.pool, body.email);
  // The same work for people who do not exist: neither words nor time tell who does (SEC-19).
  const isRight = await unlessBusy(
    known ? verifyPassword(known.passwordHash, body.password) : verifyNobody(body.password),
  );
  if (!known || !isRight) {
    deps.log.warn('signIn.refused', { address });
    throw new ApiError('badCredentials');
  }
  await attempt.forget();
  await withTransaction(deps.pool, async (tx) => {
    await deleteOldSessions(tx, nowMs);
    // A session that was there is not taken on: it ends and a new one begins.
    if (caller.kind === 'person') await endSession(tx, caller.person.id, caller.session.id);
    const session = await beginSession(c, deps, tx, known.person.id);
    await insertAudit(tx, {
      atMs: nowMs,
      actor: known.person.id,
      action: 'session.begin',
      subject: session.id,
      address,
    });
  });
  return known.person;
}

/** Checks the password of somebody who is signed in; throttled like signing in. */
async function proveAgain(
  deps: ApiDeps,
  person: PersonRow,
  password: string,
  address: string,
  nowMs: number,
  field: string,
): Promise<void> {
  const attempt = await countSignIn(deps.pool, {
    account: person.email,
    address,
    key: deps.config.secret,
    nowMs,
  });
  const known = await readPersonForSignIn(deps.pool, person.email);
  const isRight = known !== null && (await unlessBusy(verifyPassword(known.passwordHash, password)));
  if (!isRight) {
    // Not 401: the session is a good one, and must not be thrown away by the page.
    throw new ApiError('invalid', {
      detail: 'That is not your password.',
      faults: [{ field, message: 'That is not your password.' }],
    });
  }
  await attempt.forget();
}

async function changePassword(
  call: Call<ReturnType<typeof passwordRequest.parse>, undefined>,
  streams: Streams,
): Promise<void> {
  const { deps, caller, body, nowMs, address } = call;
  const { person, session } = needPerson(caller);
  await proveAgain(deps, person, body.currentPassword, address, nowMs, 'currentPassword');
  requireGoodPassword(body.newPassword, [person.email, person.displayName], 'newPassword');
  const passwordHash = await unlessBusy(hashPassword(body.newPassword));
  const others = (await listSessions(deps.pool, person.id, nowMs)).filter((row) => row.id !== session.id);
  await withTransaction(deps.pool, async (tx) => {
    await updatePerson(tx, person.id, { passwordHash, nowMs });
    await endSessionsOf(tx, person.id, session.id);
    await refreshSession(tx, session.id, nowMs);
    await insertAudit(tx, {
      atMs: nowMs,
      actor: actorOf(caller),
      action: 'password.change',
      subject: person.id,
      address,
    });
  });
  for (const other of others) streams.endOf(other.id);
}
