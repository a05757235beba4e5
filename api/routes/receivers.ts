/** Receivers and the log of deliveries. Secrets go in; what comes out is which are set. */
import { z } from 'zod';
import { RECEIVER_KINDS, type ReceiverSecrets, type ReceiverSettings } from '../../model/delivery.ts';
import { checkReceiver, RECEIVER_FORMS } from '../../model/receiver-forms.ts';
import { DAY } from '../../model/time.ts';
import { enqueueTest, replayNotification } from '../../store/notifications.ts';
import { type Client, type Queryable, withTransaction } from '../../store/pool.ts';
import {
  type DeliveryRow,
  listAttempts,
  listDeliveries,
  type ReceiverQueue,
  readDelivery,
  readQueues,
} from '../../store/reads/deliveries.ts';
import {
  insertReceiver,
  listReceivers,
  type ReceiverRow,
  readReceiver,
  readReceiverSecrets,
  removeReceiver,
  updateReceiver,
} from '../../store/receivers.ts';
import { listPolicies, listRoutes } from '../../store/routes.ts';
import { deriveBoxKey } from '../../store/secret-box.ts';
import { audit, nameOf } from '../author.ts';
import type {
  DeliveryAnswer,
  DeliveryDetailAnswer,
  DeliveryListAnswer,
  ReceiverAnswer,
  ReceiverChange,
  ReceiverKindsAnswer,
  ReceiverListAnswer,
  ReceiverRequest,
} from '../contract/receivers.ts';
import { ApiError } from '../error.ts';
import { limit, uuid } from '../params.ts';
import { reading } from '../reading.ts';
import { type Call, type Route, route } from '../route.ts';
import { cleanText, emptyRequest } from '../schemas.ts';
import { RateLimit } from '../throttle.ts';

export const RECEIVERS_MAX = 200;
const DEAD_MS = 7 * DAY;
/** A test goes to other people's services: five at once, then one in ten seconds, by receiver and by caller (SEC-51). */
const TEST_RATE = { burst: 5, perSecond: 0.1 };

const name = cleanText(100).refine((text) => text !== '', 'is empty');
const settings = z.record(z.string().max(100), z.unknown());
const secretText = z.string().min(1).max(5000);

const receiverRequest = z.strictObject({
  name,
  kind: z.enum(RECEIVER_KINDS),
  settings,
  secrets: z.record(z.string().max(100), secretText),
  tellsOwners: z.boolean().optional(),
});
const receiverChange = z.strictObject({
  name: name.optional(),
  settings: settings.optional(),
  secrets: z.record(z.string().max(100), secretText.nullable()).optional(),
  isEnabled: z.boolean().optional(),
  tellsOwners: z.boolean().optional(),
});

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const RECEIVER_CONTRACT_HOLDS: [
  Same<z.input<typeof receiverRequest>, ReceiverRequest>,
  Same<z.input<typeof receiverChange>, ReceiverChange>,
] = [true, true];

const deliveryQuery = z.strictObject({
  receiver: uuid.optional(),
  incident: uuid.optional(),
  state: z.enum(['waiting', 'sending', 'delivered', 'dead', 'dropped', 'merged']).optional(),
  limit: limit(50, 500),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
});

/** Each API has limits of its own: a test of one does not use up another's. */
export function receiverRoutes(): Route[] {
  const tests = new RateLimit(TEST_RATE);
  return [
    route({
      method: 'GET',
      path: '/receivers',
      permission: 'viewer',
      summary: 'Places that are told, how they are, what waits for them; no secrets',
      answer: 'ReceiverListAnswer',
      handle: ({ deps, nowMs }): Promise<ReceiverListAnswer> =>
        reading(deps.pool, async (db) => {
          const around = await readAround(db, nowMs);
          return { receivers: (await listReceivers(db)).map((row) => describe(row, around)) };
        }),
    }),
    route({
      method: 'GET',
      path: '/receivers/kinds',
      permission: 'viewer',
      summary: 'Kinds of receivers with the form of each',
      answer: 'ReceiverKindsAnswer',
      handle: async (): Promise<ReceiverKindsAnswer> => ({
        kinds: RECEIVER_FORMS.map(({ fields, ...form }) => ({
          ...form,
          fields: fields.map(({ form: shape, ...field }) => ({
            ...field,
            pattern: shape?.pattern.source ?? '',
          })),
        })),
      }),
    }),
    route({
      method: 'POST',
      path: '/receivers',
      permission: 'admin',
      fresh: true,
      summary: 'Adds a receiver; its secrets are kept encrypted and never shown again',
      answer: 'ReceiverAnswer',
      status: 201,
      body: receiverRequest,
      handle: addReceiver,
    }),
    route({
      method: 'PATCH',
      path: '/receivers/:id',
      permission: 'admin',
      fresh: true,
      summary: 'Changes a receiver; a secret that is left out stays, null takes it away',
      answer: 'ReceiverAnswer',
      body: receiverChange,
      handle: changeReceiver,
    }),
    route({
      method: 'DELETE',
      path: '/receivers/:id',
      permission: 'admin',
      fresh: true,
      summary: 'Removes a receiver and its secrets; what waits for it is dropped',
      answer: '',
      status: 204,
      handle: dropReceiver,
    }),
    route({
      method: 'POST',
      path: '/receivers/:id/test',
      permission: 'admin',
      summary:
        'Sends a test through the real outbox; the answer is its delivery, to be asked for until it ended',
      answer: 'DeliveryAnswer',
      status: 201,
      body: emptyRequest,
      handle: (call) => sendTest(call, tests),
    }),
    route({
      method: 'GET',
      path: '/deliveries',
      permission: 'viewer',
      summary: 'What was sent and how that went, newest first',
      answer: 'DeliveryListAnswer',
      query: deliveryQuery,
      handle: ({ deps, query }): Promise<DeliveryListAnswer> =>
        reading(deps.pool, async (db) => {
          const rows = await listDeliveries(db, {
            receiverId: query.receiver,
            incidentId: query.incident,
            state: query.state,
            limit: query.limit,
            before: query.cursor === undefined ? undefined : Number(query.cursor),
          });
          const last = rows.at(-1);
          return {
            deliveries: rows.map(describeDelivery),
            cursor: last && rows.length === query.limit ? String(last.cursor) : null,
          };
        }),
    }),
    route({
      method: 'GET',
      path: '/deliveries/:id',
      permission: 'viewer',
      summary: 'One delivery with each of its tries',
      answer: 'DeliveryDetailAnswer',
      handle: ({ deps, params }): Promise<DeliveryDetailAnswer> =>
        reading(deps.pool, async (db) => {
          const row = await needDelivery(db, params.id);
          return { delivery: describeDelivery(row), attempts: await listAttempts(db, row.id) };
        }),
    }),
    route({
      method: 'POST',
      path: '/deliveries/:id/replay',
      permission: 'editor',
      summary: 'Sends what was given up or dropped once more, as a new delivery',
      answer: 'DeliveryAnswer',
      status: 201,
      body: emptyRequest,
      handle: (call) => replay(call, tests),
    }),
  ];
}

interface Around {
  queues: Map<number, ReceiverQueue>;
  /** Names of routes and policies by internal id of the receiver. */
  usedBy: Map<number, string[]>;
}

async function readAround(db: Queryable, nowMs: number): Promise<Around> {
  const usedBy = new Map<number, string[]>();
  const note = (id: number, user: string) => {
    const users = usedBy.get(id) ?? [];
    if (!users.includes(user)) usedBy.set(id, [...users, user]);
  };
  for (const { name: routeName, receiverIds } of await listRoutes(db)) {
    for (const id of receiverIds) note(id, `route ${routeName}`);
  }
  for (const { name: policy, definition } of await listPolicies(db)) {
    for (const target of definition.levels.flatMap(({ targets }) => targets)) {
      if (target.kind === 'receiver') note(target.id, `escalation ${policy}`);
    }
  }
  return { queues: await readQueues(db, nowMs - DEAD_MS), usedBy };
}

function describe(row: ReceiverRow, { queues, usedBy }: Around): ReceiverAnswer {
  const queue = queues.get(row.id) ?? { queued: 0, oldestQueuedMs: null, dead: 0 };
  return {
    id: row.publicId,
    name: row.name,
    kind: row.kind,
    settings: { ...row.settings },
    secretsSet: row.secretNames,
    isEnabled: row.isEnabled,
    tellsOwners: row.tellsOwners,
    health: row.health,
    reason: row.healthReason,
    lastDeliveredMs: row.lastDeliveredAtMs,
    lastFailedMs: row.lastFailedAtMs,
    ...queue,
    usedBy: usedBy.get(row.id) ?? [],
    createdAtMs: row.createdAtMs,
  };
}

export function describeDelivery(row: DeliveryRow): DeliveryAnswer {
  const { cursor: _, nextAtMs, reason, ...rest } = row;
  return {
    ...rest,
    dueAtMs: nextAtMs,
    lastReason: reason,
    canReplay: row.state === 'dead' || row.state === 'dropped',
  };
}

async function needReceiver(db: Queryable, id: string | undefined): Promise<ReceiverRow> {
  const known = uuid.safeParse(id);
  const row = known.success ? await readReceiver(db, known.data) : null;
  if (!row) throw new ApiError('notFound', { detail: 'There is no such receiver.' });
  return row;
}

async function needDelivery(db: Queryable, id: string | undefined): Promise<DeliveryRow> {
  const known = uuid.safeParse(id);
  const row = known.success ? await readDelivery(db, known.data) : null;
  if (!row) throw new ApiError('notFound', { detail: 'There is no such delivery.' });
  return row;
}

/** Faults name their field and never repeat a secret. */
export function requireGoodReceiver(
  kind: ReceiverRow['kind'],
  given: ReceiverSettings,
  secrets: ReceiverSecrets,
): void {
  const faults = checkReceiver(kind, given, secrets);
  const [first] = faults;
  if (!first) return;
  throw new ApiError('invalid', {
    detail: `Not accepted: ${first.field}: ${first.message}`.slice(0, 500),
    faults,
  });
}

function nameTaken(): ApiError {
  const message = 'There is a receiver by that name already.';
  return new ApiError('conflict', { detail: message, faults: [{ field: 'name', message }] });
}

async function addReceiver(call: Call<z.output<typeof receiverRequest>, undefined>): Promise<ReceiverAnswer> {
  const { deps, body, nowMs, caller } = call;
  requireGoodReceiver(body.kind, body.settings, body.secrets);
  return withTransaction(deps.pool, async (tx) => {
    if ((await listReceivers(tx)).length >= RECEIVERS_MAX) {
      throw new ApiError('conflict', { detail: `There are at most ${RECEIVERS_MAX} receivers.` });
    }
    const input = { ...body, tellsOwners: body.tellsOwners ?? false, createdBy: nameOf(caller) };
    const row = await insertReceiver(tx, deriveBoxKey(deps.config.secret), input, nowMs);
    if (row === null) throw nameTaken();
    await audit(tx, call, { action: 'receiver.create', subject: row.name, after: auditable(row) });
    return describe(row, await readAround(tx, nowMs));
  });
}

/** What the audit log keeps: names of secrets, never their text (SEC-48). */
function auditable(row: ReceiverRow): Record<string, unknown> {
  const { kind, settings: given, secretNames, isEnabled, tellsOwners } = row;
  return { name: row.name, kind, settings: { ...given }, secretNames, isEnabled, tellsOwners };
}

async function changeReceiver(
  call: Call<z.output<typeof receiverChange>, undefined>,
): Promise<ReceiverAnswer> {
  const { deps, body, params, nowMs } = call;
  const key = deriveBoxKey(deps.config.secret);
  return withTransaction(deps.pool, async (tx) => {
    const before = await needReceiver(tx, params.id);
    const secrets = body.secrets && (await mergeSecrets(tx, key, before, body.secrets));
    if (secrets || body.settings) {
      const kept = secrets ?? (await openSecrets(tx, key, before));
      requireGoodReceiver(before.kind, body.settings ?? before.settings, kept);
    }
    const row = await updateReceiver(tx, key, before.publicId, { ...body, secrets }, nowMs).catch(
      (error: unknown) => {
        throw (error as { code?: unknown }).code === '23505' ? nameTaken() : error;
      },
    );
    if (row === null) throw new ApiError('notFound');
    await audit(tx, call, {
      action: 'receiver.change',
      subject: row.name,
      before: auditable(before),
      after: { ...auditable(row), ...(body.secrets && { secretsChanged: Object.keys(body.secrets).sort() }) },
    });
    return describe(row, await readAround(tx, nowMs));
  });
}

type Key = ReturnType<typeof deriveBoxKey>;

async function openSecrets(tx: Client, key: Key, { publicId }: ReceiverRow): Promise<ReceiverSecrets> {
  const opened = await readReceiverSecrets(tx, [key], publicId);
  if (opened.ok) return opened.value;
  throw new ApiError('conflict', {
    detail: 'Its secrets cannot be read with the key of this instance: enter all of them anew.',
  });
}

async function mergeSecrets(
  tx: Client,
  key: Key,
  row: ReceiverRow,
  change: Record<string, string | null>,
): Promise<ReceiverSecrets> {
  // Where every secret is given anew, one that cannot be read any more does not matter.
  const isWhole = row.secretNames.every((secret) => Object.hasOwn(change, secret));
  const merged = new Map(Object.entries(isWhole ? {} : await openSecrets(tx, key, row)));
  for (const [secret, text] of Object.entries(change)) {
    if (text === null) merged.delete(secret);
    else merged.set(secret, text);
  }
  return Object.fromEntries(merged);
}

async function dropReceiver(call: Call<undefined, undefined>): Promise<void> {
  const { deps, params, nowMs } = call;
  await withTransaction(deps.pool, async (tx) => {
    const row = await needReceiver(tx, params.id);
    const { usedBy } = describe(row, await readAround(tx, nowMs));
    if (usedBy.length > 0) {
      throw new ApiError('conflict', {
        detail: `It is used by ${usedBy.join(', ')}: take it out there first.`,
      });
    }
    await removeReceiver(tx, row.publicId, nowMs);
    await audit(tx, call, { action: 'receiver.remove', subject: row.name, before: auditable(row) });
  });
}

function bound(tests: RateLimit, names: readonly string[], nowMs: number): void {
  const retryAfterS = Math.max(...names.map((one) => tests.take(one, nowMs)));
  if (retryAfterS > 0) {
    throw new ApiError('tooMany', {
      detail: 'So many tests would annoy whoever receives them: wait a moment.',
      retryAfterS,
    });
  }
}

function callerKey({ caller }: Pick<Call<unknown, unknown>, 'caller'>): string {
  if (caller.kind === 'person') return `person/${caller.person.id}`;
  return caller.kind === 'token' ? `token/${caller.token.id}` : '';
}

async function sendTest(call: Call<unknown, undefined>, tests: RateLimit): Promise<DeliveryAnswer> {
  const { deps, params, nowMs, caller } = call;
  const row = await needReceiver(deps.pool, params.id);
  bound(tests, [`receiver/${row.id}`, callerKey(call)], nowMs);
  return withTransaction(deps.pool, async (tx) => {
    const id = await enqueueTest(tx, { receiverId: row.id, by: nameOf(caller) }, nowMs);
    await audit(tx, call, { action: 'receiver.test', subject: row.name });
    return describeDelivery(await needDelivery(tx, id));
  });
}

async function replay(call: Call<unknown, undefined>, tests: RateLimit): Promise<DeliveryAnswer> {
  const { deps, params, nowMs, caller } = call;
  const before = await needDelivery(deps.pool, params.id);
  bound(tests, [`receiver/${before.receiver.id}`, callerKey(call)], nowMs);
  return withTransaction(deps.pool, async (tx) => {
    const id = await replayNotification(tx, before.id, nameOf(caller), nowMs);
    if (id === null) {
      throw new ApiError('conflict', { detail: 'Only what was given up or dropped can be sent again.' });
    }
    await audit(tx, call, {
      action: 'delivery.replay',
      subject: before.receiver.name,
      after: { delivery: id, of: before.id },
    });
    return describeDelivery(await needDelivery(tx, id));
  });
}
