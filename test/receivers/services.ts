/** Discord, Teams, Jira and a program behind a signed webhook, as receivers of tests. */
import { createHmac } from 'node:crypto';
import { type Arrived, type FakeReceiver, isBadText, points, startFake } from './http.ts';

export interface DiscordMessage {
  id: string;
  payload: Arrived['json'];
  edits: number;
}

/** One webhook at /api/webhooks/1/token with its messages. */
export async function startDiscord(): Promise<FakeReceiver & { messages: Map<string, DiscordMessage> }> {
  const messages = new Map<string, DiscordMessage>();
  const fake = await startFake(({ method, path, json }) => {
    const match = /^\/api\/webhooks\/1\/[^/?]+(?:\/messages\/([^?]+))?(\?.*)?$/.exec(path);
    if (match === null) return { status: 404, body: { message: 'Unknown Webhook', code: 10015 } };
    if (!isGoodDiscord(json)) return { status: 400, body: { message: 'Invalid Form Body', code: 50035 } };
    const [, id] = match;
    if (id === undefined) {
      if (!new URLSearchParams(match[2]).has('wait')) return { status: 204 };
      const own = String(100_000 + messages.size);
      messages.set(own, { id: own, payload: json, edits: 0 });
      return { status: 200, body: { id: own, channel_id: '7' } };
    }
    const message = messages.get(id);
    if (message === undefined || method !== 'PATCH') {
      return { status: 404, body: { message: 'Unknown Message', code: 10008 } };
    }
    messages.set(id, { id, payload: json, edits: message.edits + 1 });
    return { status: 200, body: { id, channel_id: '7' } };
  });
  return { ...fake, messages };
}

function isGoodDiscord(json: Arrived['json']): boolean {
  const embeds: Arrived['json'][] = json?.embeds ?? [];
  if (JSON.stringify(json?.allowed_mentions) !== '{"parse":[]}') return false;
  if (embeds.length === 0) return !isBadText(json?.content) && points(json.content) <= 2_000;
  const texts = embeds.flatMap(({ title, description, footer, fields }) => [
    [title, 256],
    [description === '' ? '-' : description, 4_096],
    [footer?.text ?? '-', 2_048],
    ...fields.flatMap((field: Arrived['json']) => [
      [field.name, 256],
      [field.value, 1_024],
    ]),
  ]);
  const isEach = texts.every(([text, max]) => !isBadText(text) && points(text) <= Number(max));
  const all = texts.reduce((sum, [text]) => sum + points(text), 0);
  return embeds.length <= 10 && embeds.every(({ fields }) => fields.length <= 25) && isEach && all <= 6_000;
}

/** A workflow: takes cards of up to 28 KB and answers 202 with nothing. */
export function startTeams(): Promise<FakeReceiver> {
  return startFake(({ json, body }) => {
    const [attachment] = json?.attachments ?? [];
    const isCard =
      json?.type === 'message' &&
      attachment?.contentType === 'application/vnd.microsoft.card.adaptive' &&
      attachment.content?.type === 'AdaptiveCard' &&
      attachment.content.body.every((block: Arrived['json']) =>
        block.type === 'FactSet' ? block.facts.length > 0 : !isBadText(block.text),
      );
    if (!isCard) return { status: 400 };
    return Buffer.byteLength(body) > 28 * 1024 ? { status: 413 } : { status: 202 };
  });
}

export interface JiraAlert {
  created: Arrived['json'];
  count: number;
  state: 'open' | 'acknowledged' | 'closed';
  notes: string[];
}

/** Alerts by alias, under /v2/alerts. */
export async function startJira(): Promise<FakeReceiver & { alerts: Map<string, JiraAlert> }> {
  const alerts = new Map<string, JiraAlert>();
  const accepted = {
    status: 202,
    body: { result: 'Request will be processed', took: 0.1, requestId: 'r-1' },
  };
  const fake = await startFake(({ path, json, headers }) => {
    if (!headers.authorization?.startsWith('GenieKey ')) return { status: 401 };
    if (path === '/v2/alerts') {
      if (!isGoodAlert(json)) return { status: 422, body: { message: 'Request body is not processable.' } };
      const known = alerts.get(json.alias);
      if (known === undefined || known.state === 'closed') {
        alerts.set(json.alias, { created: json, count: 1, state: 'open', notes: [] });
      } else known.count++;
      return accepted;
    }
    const match = /^\/v2\/alerts\/([^/?]+)\/(close|acknowledge|notes)\?identifierType=alias$/.exec(path);
    const alert = alerts.get(decodeURIComponent(match?.[1] ?? ''));
    if (match === null || alert === undefined) return { status: 404 };
    if (match[2] === 'close') alert.state = 'closed';
    if (match[2] === 'acknowledge') alert.state = 'acknowledged';
    if (match[2] === 'notes' && isBadText(json.note)) return { status: 422 };
    alert.notes.push(json.note);
    return accepted;
  });
  return { ...fake, alerts };
}

function isGoodAlert(json: Arrived['json']): boolean {
  const isText = (text: unknown, max: number) => !isBadText(text) && points(text) <= max;
  return (
    isText(json?.message, 130) &&
    isText(json.alias, 512) &&
    isText(json.description, 15_000) &&
    /^P[1-5]$/.test(json.priority) &&
    json.tags.length <= 20 &&
    json.tags.every((tag: unknown) => isText(tag, 50)) &&
    Object.values(json.details).every((value) => typeof value === 'string')
  );
}

/** A program that checks signatures as the rules ask: id, time within five minutes, any one signature that fits. */
export function startSignedProgram(secret: () => string, nowMs: () => number): Promise<FakeReceiver> {
  return startFake(({ headers, body }) => {
    const [id, at, given] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
      String(headers[name]),
    );
    if (Math.abs(Number(at) - nowMs() / 1000) > 300) return { status: 400 };
    if (Buffer.byteLength(body) >= 20_000) return { status: 413 };
    const key = Buffer.from(secret().replace(/^whsec_/, ''), 'base64');
    const right = `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`;
    return { status: (given ?? '').split(' ').includes(right) ? 204 : 401 };
  });
}
