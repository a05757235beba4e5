/** What the demo promises and whom it calls: SLOs of its apps, a Slack and a PagerDuty of its own, a route to both. */
import { checkSlo, type SloDefinition } from '../../model/slo.ts';
import { listApps } from '../../store/apps.ts';
import { type Client, withTransaction } from '../../store/pool.ts';
import { insertReceiver, listReceivers, removeReceiver } from '../../store/receivers.ts';
import { deleteRoute, insertRoute, listRoutes } from '../../store/routes.ts';
import { deriveBoxKey } from '../../store/secret-box.ts';
import { createSlo } from '../../store/slos.ts';
import type { Environment } from '../env.ts';
import { openStoreForCli } from '../local.ts';

const DEMO = 'demo';
const ROUTE = 'Everything, to the demo’s inbox';

/** Lets the demo's own inbox be called, which is on this machine. */
export function allowInbox(port: number): Environment {
  return { DRAINBOARD_OUTBOUND_ALLOW: '127.0.0.0/8', DRAINBOARD_OUTBOUND_PORTS: String(port) };
}

/** Once the apps are registered. Receivers and route of an earlier demo in this data folder make room for new ones. */
export async function installAlerting(
  env: Environment,
  { names, secret, inboxPort, nowMs }: { names: string[]; secret: string; inboxPort: number; nowMs: number },
): Promise<void> {
  const store = await openStoreForCli(env);
  try {
    await withTransaction(store.pool, async (tx) => {
      await promise(tx, names, nowMs);
      await callInbox(tx, secret, `http://127.0.0.1:${inboxPort}`, nowMs);
    });
  } finally {
    await store.close();
  }
}

/** An availability and a latency objective for each app. */
async function promise(tx: Client, names: string[], nowMs: number): Promise<void> {
  for (const app of await listApps(tx)) {
    if (!names.includes(app.name)) continue;
    for (const { slug, definition } of [AVAILABILITY, LATENCY]) {
      await createSlo(tx, { appId: app.id, slug, definition, author: DEMO, nowMs });
    }
  }
}

const AVAILABILITY = {
  slug: 'availability',
  definition: definitionOf({
    title: 'Requests succeed',
    target: '0.995',
    indicator: { kind: 'availability', codes: {}, badStatuses: [] },
  }),
};

const LATENCY = {
  slug: 'latency',
  definition: definitionOf({
    title: 'Requests are answered within 1 s',
    target: '0.98',
    indicator: { kind: 'latency', thresholdMs: 1000, excludeLongLived: true },
  }),
};

function definitionOf(given: Partial<SloDefinition>): SloDefinition {
  const checked = checkSlo({ period: { kind: 'rolling', days: 7 }, ...given });
  if (!checked.ok) throw new Error(checked.error.map((fault) => fault.text).join(' '));
  return checked.value;
}

async function callInbox(tx: Client, secret: string, url: string, nowMs: number): Promise<void> {
  const key = deriveBoxKey(secret);
  const common = { tellsOwners: true, createdBy: DEMO };
  await forgetEarlier(tx, nowMs);
  const slack = await insertReceiver(
    tx,
    key,
    {
      ...common,
      name: 'Demo Slack',
      kind: 'slackBot',
      settings: { channel: '#incidents', baseUrl: `${url}/slack/api` },
      secrets: { token: 'xoxb-000000000000-demo' },
    },
    nowMs,
  );
  const pagerduty = await insertReceiver(
    tx,
    key,
    {
      ...common,
      name: 'Demo PagerDuty',
      kind: 'pagerduty',
      settings: { baseUrl: `${url}/pagerduty` },
      secrets: { routingKey: 'demo0000000000000000000000000000' },
    },
    nowMs,
  );
  const receiverIds = [slack, pagerduty].flatMap((receiver) => (receiver === null ? [] : [receiver.id]));
  await insertRoute(
    tx,
    {
      name: ROUTE,
      position: 0,
      isEnabled: true,
      isFallback: false,
      appIds: [],
      severities: ['page', 'ticket'],
      subjectKinds: [],
      receiverIds,
      policyIds: [],
    },
    nowMs,
  );
}

async function forgetEarlier(tx: Client, nowMs: number): Promise<void> {
  for (const route of await listRoutes(tx)) if (route.name === ROUTE) await deleteRoute(tx, route.publicId);
  for (const receiver of await listReceivers(tx)) {
    if (receiver.createdBy === DEMO) await removeReceiver(tx, receiver.publicId, nowMs);
  }
}
