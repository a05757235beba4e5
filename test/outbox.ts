/** Delivery as tests run it: a clock they set, receivers over real sockets that answer as told. */
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeliveryDeps } from '../alerts/notify/deps.ts';
import { Sender } from '../alerts/notify/pipeline.ts';
import type { Adapter } from '../alerts/notify/receiver.ts';
import { resultOf } from '../alerts/notify/retry.ts';
import { buildOutbound } from '../alerts/outbound.ts';
import { parseRanges } from '../alerts/outbound-address.ts';
import type { NewNotification, NotificationKind } from '../model/delivery.ts';
import { silentLog } from '../model/log.ts';
import type { Severity } from '../model/slo.ts';
import { enqueueNotifications } from '../store/notifications.ts';
import type { Pool } from '../store/pool.ts';
import { insertReceiver, type ReceiverRow } from '../store/receivers.ts';
import { deriveBoxKey } from '../store/secret-box.ts';
import { TEST_KEY } from './drain.ts';
import { badDeploy } from './notices.ts';
import { adapterOf, ROUTING_KEY } from './receivers/places.ts';

export const BOX_KEY = deriveBoxKey(TEST_KEY);

/** What a receiver of these tests is sent: what the adapter was given. */
export interface Told {
  deliveryId: string;
  kind: NotificationKind;
  incidentId: string | null;
  mayRepeat: boolean;
  isCombined: boolean;
  attempt: number;
  details: Record<string, unknown>;
}

export type Answer = (response: ServerResponse, told: Told, count: number) => void;

export interface Listener {
  url: string;
  port: number;
  /** Everything that arrived, whatever was answered. */
  told: Told[];
  /** How it answers from now on; ok at first. */
  answer: Answer;
  close(): void;
}

/** A place that is told things, on a port of its own or a given one. */
export async function listen(answer: Answer = ok, port = 0): Promise<Listener> {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const one = JSON.parse(body) as Told;
      told.push(one);
      listener.answer(response, one, told.length);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const own = (server.address() as AddressInfo).port;
  const listener: Listener = {
    url: `http://127.0.0.1:${own}/hook/s3cr3t-path-0123456789`,
    port: own,
    told,
    answer,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return listener;
}

export const ok: Answer = (response) => response.writeHead(200).end('ok');
export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body);
export const hang: Answer = () => {};

/** An adapter that posts what it was given, and knows a body that says that it failed. */
export function scriptedAdapter(kind: Adapter['kind'], folds: boolean): Adapter {
  return {
    kind,
    folds,
    check: () => [],
    rate: (_, secrets) => ({ key: secrets.url ?? '', burst: 100, perMinute: 6_000 }),
    send: async (notice, context) => {
      const { deliveryId, mayRepeat, isCombined, attempt } = context;
      const body = JSON.stringify({
        deliveryId,
        kind: context.kind,
        incidentId: notice.incident?.id ?? null,
        mayRepeat,
        isCombined,
        attempt,
        details: detailsOf.get(notice) ?? {},
      });
      const answer = await context.outbound.request({ method: 'POST', url: context.secrets.url ?? '', body });
      if (answer.kind === 'answer' && answer.body.toString().includes('"ok":false')) {
        return { kind: 'retry', reason: 'it answered 200 and an error' };
      }
      return resultOf(answer, context.nowMs);
    },
  };
}

const detailsOf = new WeakMap<object, Readonly<Record<string, unknown>>>();

/** Facts enough for every adapter. */
export const bareNotices: DeliveryDeps['readNotice'] = async ({ kind, incidentId, details }) => {
  const notice = badDeploy(
    { kind, ...(incidentId === null && { incident: null }) },
    incidentId === null ? {} : { id: incidentId },
  );
  detailsOf.set(notice, details);
  return notice;
};

export interface Clock {
  ms: number;
}

/** A sender with a clock of its own, for scripted receivers and for PagerDuty. */
export function buildSender(
  pool: Pool,
  clock: Clock,
  more: Partial<DeliveryDeps> = {},
): { sender: Sender; deliver: () => Promise<number> } {
  const allowed = parseRanges('127.0.0.0/8');
  if (!allowed.ok) throw new Error(allowed.error);
  const adapters = [
    scriptedAdapter('slackWebhook', true),
    scriptedAdapter('webhook', false),
    adapterOf('pagerduty'),
  ];
  const sender = new Sender({
    pool,
    log: silentLog,
    holder: `test:${randomUUID()}`,
    keys: [BOX_KEY],
    adapters: new Map(adapters.map((adapter) => [adapter.kind, adapter])),
    outbound: buildOutbound({
      rules: { allowed: allowed.value, ports: 'any', ownHosts: [] },
      userAgent: 'Drainboard/test',
    }),
    readNotice: bareNotices,
    nowMs: () => clock.ms,
    random: () => 0.999,
    ...more,
  });
  const deliver = async () => {
    const begun = await sender.deliverDue(clock.ms);
    await sender.settled();
    return begun;
  };
  return { sender, deliver };
}

let names = 0;

/** A receiver whose secret is where it listens. */
export async function addReceiver(
  pool: Pool,
  listener: Pick<Listener, 'url'>,
  more: { kind?: 'slackWebhook' | 'webhook' | 'pagerduty'; tellsOwners?: boolean; nowMs?: number } = {},
): Promise<ReceiverRow> {
  const row = await insertReceiver(
    pool,
    BOX_KEY,
    {
      name: `receiver ${++names}`,
      kind: more.kind ?? 'webhook',
      ...(more.kind === 'pagerduty'
        ? { settings: { baseUrl: listener.url }, secrets: { routingKey: ROUTING_KEY } }
        : { settings: {}, secrets: { url: listener.url } }),
      tellsOwners: more.tellsOwners ?? false,
      createdBy: '',
    },
    more.nowMs ?? 0,
  );
  if (row === null) throw new Error('the receiver was not made');
  return row;
}

/** Enqueues one message of an incident. */
export async function tell(
  pool: Pool,
  receiver: Pick<ReceiverRow, 'id'>,
  message: {
    incidentId: string | null;
    sequence: number;
    kind: NotificationKind;
    nowMs: number;
    severity?: Severity;
    dueAtMs?: number;
    details?: NewNotification['details'];
  },
): Promise<void> {
  const { nowMs, severity, dueAtMs, details, ...rest } = message;
  await enqueueNotifications(
    pool,
    [
      {
        ...rest,
        dedupeKey: `${message.incidentId ?? randomUUID()}/${message.sequence}/${receiver.id}`,
        receiverId: receiver.id,
        severity: severity ?? 'page',
        dueAtMs: dueAtMs ?? nowMs,
        ...(details && { details }),
      },
    ],
    nowMs,
  );
}

export interface OutboxRow {
  id: number;
  kind: string;
  state: string;
  reason: string;
  attempts: number;
  next_at_ms: number;
  may_repeat: boolean;
  incident_id: string | null;
  receiver_id: number;
  merged_into: number | null;
  details: Record<string, unknown>;
}

/** All of a receiver, oldest first. */
export async function outboxOf(pool: Pool, receiver: Pick<ReceiverRow, 'id'>): Promise<OutboxRow[]> {
  const { rows } = await pool.query<OutboxRow>(
    'SELECT * FROM notifications WHERE receiver_id = $1 ORDER BY id',
    [receiver.id],
  );
  return rows;
}
