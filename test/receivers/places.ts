/** Every kind of receiver with a service of its own to send to: what the kit runs over. */
import { buildAdapters } from '../../alerts/notify/adapters.ts';
import type { Adapter, SendContext } from '../../alerts/notify/receiver.ts';
import type { ReceiverKind } from '../../model/delivery.ts';
import { NOW_MS } from '../notices.ts';
import type { FakeReceiver } from './http.ts';
import { startFake } from './http.ts';
import { startPagerduty } from './pagerduty.ts';
import { startDiscord, startJira, startSignedProgram, startTeams } from './services.ts';
import { startSlack } from './slack.ts';

export interface Place {
  kind: ReceiverKind;
  adapter: Adapter;
  fake: FakeReceiver;
  settings: SendContext['settings'];
  secrets: SendContext['secrets'];
}

export const SIGNING_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const ROUTING_KEY = 'a0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5';
export const BOT_TOKEN = 'xoxb-2718281828-31415926-s3cr3tt0k3n';
export const API_KEY = 's3cr3t-genie-key-0123456789';
export const HOOK_PATH = '/services/T000/B000/s3cr3tH00kPath';

/** Adapters with no mail server: e-mail has tests of its own. */
export function adapterOf(kind: ReceiverKind): Adapter {
  const adapter = buildAdapters({ email: { server: null, from: '' } }).get(kind);
  if (adapter === undefined) throw new Error(`no adapter of kind ${kind}`);
  return adapter;
}

type Start = () => Promise<Pick<Place, 'fake' | 'settings' | 'secrets'>>;

const STARTS: Partial<Record<ReceiverKind, Start>> = {
  slackWebhook: async () => {
    const fake = await startSlack();
    return { fake, settings: {}, secrets: { url: `${fake.url}${HOOK_PATH}` } };
  },
  slackBot: async () => {
    const fake = await startSlack();
    return {
      fake,
      settings: { channel: '#incidents', baseUrl: `${fake.url}/api` },
      secrets: { token: BOT_TOKEN },
    };
  },
  pagerduty: async () => {
    const fake = await startPagerduty();
    return { fake, settings: { baseUrl: fake.url }, secrets: { routingKey: ROUTING_KEY } };
  },
  pagerdutyChange: async () => {
    const fake = await startPagerduty();
    return { fake, settings: { baseUrl: fake.url }, secrets: { routingKey: ROUTING_KEY } };
  },
  webhook: async () => {
    const fake = await startSignedProgram(
      () => SIGNING_SECRET,
      () => NOW_MS,
    );
    return { fake, settings: { url: `${fake.url}/hook` }, secrets: { secret: SIGNING_SECRET } };
  },
  alertmanager: async () => {
    const fake = await startFake(() => ({ status: 200 }));
    return {
      fake,
      settings: { url: `${fake.url}/am` },
      secrets: { authorization: 'Bearer s3cr3t-bearer-token' },
    };
  },
  teams: async () => {
    const fake = await startTeams();
    return { fake, settings: {}, secrets: { url: `${fake.url}/workflows/s3cr3t?sig=s3cr3tSignature` } };
  },
  discord: async () => {
    const fake = await startDiscord();
    return { fake, settings: {}, secrets: { url: `${fake.url}/api/webhooks/1/s3cr3tT0ken` } };
  },
  jira: async () => {
    const fake = await startJira();
    return { fake, settings: { service: 'jsm', baseUrl: fake.url }, secrets: { apiKey: API_KEY } };
  },
};

export const HTTP_KINDS = Object.keys(STARTS) as ReceiverKind[];

export async function startPlace(kind: ReceiverKind): Promise<Place> {
  const start = STARTS[kind];
  if (start === undefined) throw new Error(`no service for ${kind}`);
  return { kind, adapter: adapterOf(kind), ...(await start()) };
}
