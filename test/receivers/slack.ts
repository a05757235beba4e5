/** Slack as a receiver of tests: refuses what the real one refuses, by the limits of "Reference: blocks". */
import { type Answer, type Arrived, type FakeReceiver, isBadText, points, startFake } from './http.ts';

/** Incoming webhook at any path; Web API at /api/…, with channels and their messages. */
export async function startSlack(): Promise<FakeReceiver & { messages: Map<string, SlackPosted> }> {
  const messages = new Map<string, SlackPosted>();
  const fake = await startFake((arrived) =>
    arrived.path.startsWith('/api/') ? webApi(arrived, messages) : incoming(arrived),
  );
  return { ...fake, messages };
}

export interface SlackPosted {
  channel: string;
  ts: string;
  text: string;
  blocks: unknown[];
  threadTs: string | null;
  isBroadcast: boolean;
}

function incoming({ json }: Arrived): Answer {
  const fault = faultOf(json);
  return fault === '' ? { status: 200, body: 'ok' } : { status: 400, body: fault };
}

function webApi({ path, json, headers }: Arrived, messages: Map<string, SlackPosted>): Answer {
  const say = (body: object): Answer => ({ status: 200, body });
  if (!headers.authorization?.startsWith('Bearer xoxb-')) return say({ ok: false, error: 'not_authed' });
  const fault = faultOf(json);
  if (fault !== '') return say({ ok: false, error: fault });
  if (path === '/api/chat.update') {
    const message = messages.get(json.ts);
    if (!/^C/.test(json.channel)) return say({ ok: false, error: 'channel_not_found' });
    if (message === undefined) return say({ ok: false, error: 'message_not_found' });
    Object.assign(message, { text: json.text, blocks: json.blocks ?? message.blocks });
    return say({ ok: true, channel: json.channel, ts: json.ts });
  }
  if (json.thread_ts !== undefined && !messages.has(json.thread_ts)) {
    return say({ ok: false, error: 'thread_not_found' });
  }
  const ts = `1700000000.${String(messages.size + 1).padStart(6, '0')}`;
  const channel = json.channel.startsWith('C') ? json.channel : 'C0INCIDENTS';
  messages.set(ts, {
    channel,
    ts,
    text: json.text,
    blocks: json.blocks ?? [],
    threadTs: json.thread_ts ?? null,
    isBroadcast: json.reply_broadcast === true,
  });
  return say({ ok: true, channel, ts, message: {} });
}

function faultOf(json: Arrived['json']): string {
  if (json === null) return 'invalid_payload';
  const blocks = [
    ...(json.blocks ?? []),
    ...(json.attachments ?? []).flatMap((one: Arrived['json']) => one.blocks),
  ];
  if (isBadText(json.text)) return 'no_text';
  if (points(json.text) > 40_000) return 'msg_too_long';
  if (blocks.length > 50 || !blocks.every(isGoodBlock)) return 'invalid_blocks';
  return points(JSON.stringify(blocks)) > 13_000 ? 'msg_blocks_too_long' : '';
}

function isGoodBlock(block: Arrived['json']): boolean {
  switch (block.type) {
    case 'header':
      return block.text.type === 'plain_text' && isGood(block.text, 150);
    case 'section': {
      const fields = block.fields ?? [];
      if (block.text === undefined && fields.length === 0) return false;
      return (
        (block.text === undefined || isGood(block.text, 3_000)) &&
        fields.length <= 10 &&
        fields.every((field: unknown) => isGood(field, 2_000))
      );
    }
    case 'context':
      return (
        block.elements.length <= 10 && block.elements.every((element: unknown) => isGood(element, 2_000))
      );
    default:
      return false;
  }
}

function isGood(text: Arrived['json'], max: number): boolean {
  return !isBadText(text.text) && points(text.text) <= max;
}
