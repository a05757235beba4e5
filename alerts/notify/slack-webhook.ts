/**
 * Slack's incoming webhook: one channel, new messages only. Success is 200 with the body `ok` and nothing else
 * (changelog of 17 May 2016); errors are words in plain text.
 */
import { checkReceiver } from '../../model/receiver-forms.ts';
import type { OutboundAnswer, OutboundResult } from '../outbound.ts';
import { readJson, sendJson, textIn } from './exchange.ts';
import type { Adapter, SendContext, SendResult } from './receiver.ts';
import { resultOf } from './retry.ts';
import { bareMessage, SLACK_PLAIN, slackMessage } from './slack-message.ts';

/** The place itself is gone: nothing will ever arrive there. */
const GONE: ReadonlySet<string> = new Set([
  'no_service',
  'no_service_id',
  'no_active_hooks',
  'no_team',
  'invalid_token',
  'channel_is_archived',
]);
/** Somebody has to look: permissions, a channel that was removed. */
const REFUSED: ReadonlySet<string> = new Set([
  'action_prohibited',
  'channel_not_found',
  'user_not_found',
  'posting_to_general_channel_denied',
]);
/** Our message is not to its taste: it may take it without layout. */
const MALFORMED: ReadonlySet<string> = new Set([
  'invalid_payload',
  'invalid_blocks',
  'no_text',
  'too_many_attachments',
]);
const PASSING: ReadonlySet<string> = new Set(['rollup_error', 'rate_limited', 'ratelimited']);

export const slackWebhook: Adapter = {
  kind: 'slackWebhook',
  folds: true,
  check: (settings, secrets) => checkReceiver('slackWebhook', settings, secrets),
  rate: (_, secrets) => ({ key: `slack:${secrets.url ?? ''}`, burst: 3, perMinute: 60 }),
  async send(notice, context) {
    // Every message is a new one here, and calls people.
    if (context.isQuiet) return { kind: 'delivered' };
    const message = slackMessage(notice, context);
    const first = await post(context, message);
    if (first.kind !== 'answer' || !isMalformed(first)) return judge(first, context.nowMs);
    // A page must not die of a formatting bug.
    return judge(await post(context, bareMessage(message)), context.nowMs);
  },
};

function post(context: SendContext, message: object): Promise<OutboundResult> {
  return sendJson(context, context.secrets.url ?? '', { ...message, ...SLACK_PLAIN });
}

function isMalformed(answer: OutboundAnswer): boolean {
  const word = errorWord(answer);
  return MALFORMED.has(word) || (answer.status === 400 && !REFUSED.has(word) && !GONE.has(word));
}

/** `no_service`, also from a JSON body: `{"ok":false,"error":"rate_limited"}`; '' for what is no word of theirs. */
function errorWord(answer: OutboundAnswer): string {
  const plain = answer.body.subarray(0, 200).toString().trim();
  const word = plain.startsWith('{') ? textIn(readJson(answer), 'error') : plain;
  return /^[a-z_]{2,60}$/.test(word) ? word : '';
}

function judge(result: OutboundResult, nowMs: number): SendResult {
  if (result.kind === 'failed') return resultOf(result, nowMs);
  const word = errorWord(result);
  const reason = `Slack answered ${result.status}${word === '' || word === 'ok' ? '' : ` ${word}`}`;
  if (result.status === 200 && word === 'ok') return { kind: 'delivered' };
  if (GONE.has(word)) return { kind: 'disable', reason };
  if (PASSING.has(word)) return { ...resultOf({ ...result, status: 429 }, nowMs), reason } as SendResult;
  if (REFUSED.has(word)) return { kind: 'permanent', reason, unhealthy: true };
  if (result.status >= 200 && result.status < 300) {
    // A 200 that carries an error is none (A-04); trying for hours would keep others from being told instead.
    return { kind: 'permanent', reason: `${reason} without saying ok`, unhealthy: true };
  }
  const common = resultOf(result, nowMs);
  return common.kind === 'delivered' ? common : { ...common, reason };
}
