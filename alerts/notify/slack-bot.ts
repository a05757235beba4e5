/**
 * Slack with a bot token: one message an incident, kept up to date in place, its story in the thread below. Errors
 * come as 200 with `ok: false` (Web API reference: chat.postMessage, chat.update).
 */
import type { Notice } from '../../model/notice.ts';
import { checkReceiver, SLACK_BASE } from '../../model/receiver-forms.ts';
import type { OutboundResult } from '../outbound.ts';
import { baseUrl, readJson, sendJson, settingText, textIn } from './exchange.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';
import { resultOf } from './retry.ts';
import { bareMessage, SLACK_PLAIN, type SlackMessage, slackMessage, slackReply } from './slack-message.ts';

const PASSING: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);
/** They may have acted already. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['internal_error', 'fatal_error']);
/** Our message is not to its taste: it may take it without layout. */
const MALFORMED: ReadonlySet<string> = new Set([
  'msg_too_long',
  'msg_blocks_too_long',
  'invalid_blocks',
  'invalid_blocks_format',
  'no_text',
]);
/** The message can no longer be changed: its thread can. */
const FIXED: ReadonlySet<string> = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'msg_too_long',
]);
/** There is no message to answer to. */
const WITHOUT_ROOT: ReadonlySet<string> = new Set([
  'message_not_found',
  'thread_not_found',
  'cannot_reply_to_message',
]);

/** Where the message of an incident is. */
interface Root {
  channel: string;
  ts: string;
}

/** What one call came to. */
type Call = { ok: true; root: Root } | { ok: false; word: string; result: SendResult };

export const slackBot: Adapter = {
  kind: 'slackBot',
  folds: true,
  check: (settings, secrets) => checkReceiver('slackBot', settings, secrets),
  // Two calls a message, and chat.update is counted apart: 50 a minute.
  rate: (settings, secrets) => ({
    key: `slack:${secrets.token ?? ''}:${settingText(settings, 'channel')}`,
    burst: 2,
    perMinute: 40,
  }),
  async send(notice, context) {
    const root = rootOf(notice, context);
    return root === null ? postRoot(notice, context) : follow(notice, context, root);
  },
};

/** Only an incident has a message that is kept up to date. */
function rootOf(notice: Notice, { reference, kind }: SendContext): Root | null {
  const { channel, ts } = reference;
  const isOfIncident = notice.incident !== null && kind !== 'test' && kind !== 'digest' && kind !== 'watch';
  return isOfIncident && channel !== undefined && ts !== undefined ? { channel, ts } : null;
}

async function postRoot(notice: Notice, context: SendContext): Promise<SendResult> {
  const channel = settingText(context.settings, 'channel');
  const message = slackMessage(notice, context);
  return resultOfPost(await post(context, { channel }, message));
}

function resultOfPost(call: Call): SendResult {
  return call.ok ? { kind: 'delivered', reference: { ...call.root } } : call.result;
}

/** The message is brought up to date, then what is new is said below it; in a new message if neither can be. */
async function follow(notice: Notice, context: SendContext, root: Root): Promise<SendResult> {
  const updated = await call(context, 'chat.update', { ...root, ...slackMessage(notice, context) });
  if (!updated.ok && !FIXED.has(updated.word) && !MALFORMED.has(updated.word)) return updated.result;
  const isCalling = notice.kind === 'trigger' && !context.isQuiet;
  const where = {
    channel: root.channel,
    thread_ts: root.ts,
    // Changes in place call nobody: what opens again, or becomes a page, is shown in the channel too.
    ...(isCalling && { reply_broadcast: true }),
  };
  const replied = await post(context, where, slackReply(notice, context));
  if (replied.ok) return { kind: 'delivered', reference: { ...root } };
  return WITHOUT_ROOT.has(replied.word) ? postRoot(notice, context) : replied.result;
}

async function post(context: SendContext, where: object, message: SlackMessage): Promise<Call> {
  const first = await call(context, 'chat.postMessage', { ...where, ...message });
  if (first.ok || !MALFORMED.has(first.word)) return first;
  // A page must not die of a formatting bug.
  return call(context, 'chat.postMessage', { ...where, ...bareMessage(message) });
}

async function call(context: SendContext, method: string, body: object): Promise<Call> {
  const url = `${baseUrl(context.settings, SLACK_BASE)}/${method}`;
  const headers = { authorization: `Bearer ${context.secrets.token ?? ''}` };
  const { unfurl_links, unfurl_media, ...common } = SLACK_PLAIN;
  const switches = method === 'chat.update' ? common : { ...common, unfurl_links, unfurl_media };
  return judge(await sendJson(context, url, { ...body, ...switches }, { headers }), context.nowMs);
}

function judge(result: OutboundResult, nowMs: number): Call {
  const common = resultOf(result, nowMs);
  if (result.kind === 'failed' || common.kind !== 'delivered') return { ok: false, word: '', result: common };
  const body = readJson(result);
  const [channel, ts] = [textIn(body, 'channel'), textIn(body, 'ts')];
  if (body.ok === true) return { ok: true, root: { channel, ts } };
  const error = textIn(body, 'error');
  const word = /^[a-z_]{2,60}$/.test(error) ? error : '';
  const reason = `Slack said ${word === '' ? 'that it failed' : word}`;
  if (!PASSING.has(word)) return { ok: false, word, result: { kind: 'permanent', reason, unhealthy: true } };
  const paused = resultOf({ ...result, status: 429 }, nowMs);
  return {
    ok: false,
    word,
    result: { ...paused, reason, ...(AMBIGUOUS.has(word) && { mayHaveArrived: true }) } as SendResult,
  };
}
