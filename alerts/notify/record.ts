/** What is written down after an attempt, in one transaction: the message, its receiver, its rate, who else is told. */
import type { AttemptOutcome } from '../../model/delivery.ts';
import { storableText } from '../../model/redact.ts';
import { type AttemptEnd, endAttempt, noteOnTimeline } from '../../store/attempts.ts';
import { blockBucket } from '../../store/delivery-buckets.ts';
import { type Client, withTransaction } from '../../store/pool.ts';
import { noteReceiver, type ReceiverSign } from '../../store/receivers.ts';
import type { Claim } from './claim.ts';
import type { DeliveryDeps } from './deps.ts';
import { excerpt, hideSecrets } from './excerpt.ts';
import type { SendResult } from './receiver.ts';
import { nextTryMs } from './retry.ts';
import type { Heard } from './send.ts';
import { tellBroken, tellOthers, tellWorksAgain } from './undelivered.ts';

const REASON_MAX = 300;

export interface Sent {
  begun: { number: number; firstAttemptAtMs: number };
  result: SendResult;
  heard: Heard;
  tookMs: number;
}

/** Records an attempt; what another sender has taken over meanwhile is left to it. */
export async function recordSend(deps: DeliveryDeps, claim: Claim, sent: Sent): Promise<void> {
  const nowMs = deps.nowMs();
  const end = endOf(deps, claim, sent, nowMs);
  const isOurs = await withTransaction(deps.pool, async (tx) => {
    if (!(await endAttempt(tx, claim.claimed, end, nowMs))) return false;
    await noteOutcome(tx, claim, sent, end, nowMs);
    return true;
  });
  const { message, place } = claim;
  deps.log[end.next.kind === 'dead' ? 'warn' : 'info']('notify.attempt', {
    id: message.publicId,
    kind: message.kind,
    receiver: place.receiver.publicId,
    receiverKind: place.receiver.kind,
    attempt: end.number,
    outcome: end.outcome,
    status: end.status,
    reason: end.reason,
    tookMs: Math.round(end.tookMs),
    next: end.next.kind,
    ...(isOurs ? {} : { takenOver: true }),
  });
}

const OUTCOMES: Record<SendResult['kind'], AttemptOutcome> = {
  delivered: 'delivered',
  retry: 'retry',
  permanent: 'permanent',
  disable: 'disable',
};

function endOf(deps: DeliveryDeps, claim: Claim, sent: Sent, nowMs: number): AttemptEnd {
  const { result, heard, begun } = sent;
  const { secrets } = claim.place;
  const reason =
    result.kind === 'delivered' ? '' : storableText(hideSecrets(result.reason, secrets), REASON_MAX).text;
  return {
    number: begun.number,
    outcome: OUTCOMES[result.kind],
    tookMs: sent.tookMs,
    status: heard.status,
    reason,
    answer: excerpt(heard.body, secrets),
    mayHaveArrived: result.kind === 'retry' && result.mayHaveArrived === true,
    reference: result.kind === 'delivered' || result.kind === 'retry' ? (result.reference ?? null) : null,
    next: nextOf(deps, claim, sent, nowMs),
  };
}

function nextOf(
  deps: DeliveryDeps,
  { message }: Claim,
  { result, begun }: Sent,
  nowMs: number,
): AttemptEnd['next'] {
  if (result.kind === 'delivered') return { kind: 'delivered' };
  if (result.kind !== 'retry') return { kind: 'dead' };
  const atMs = nextTryMs({
    attempts: begun.number,
    firstAttemptAtMs: begun.firstAttemptAtMs,
    nowMs,
    severity: message.severity,
    kind: message.kind,
    afterMs: result.afterMs,
    random: (deps.random ?? Math.random)(),
  });
  return atMs === null ? { kind: 'dead' } : { kind: 'retry', atMs };
}

async function noteOutcome(
  tx: Client,
  claim: Claim,
  sent: Sent,
  end: AttemptEnd,
  nowMs: number,
): Promise<void> {
  const { message, place } = claim;
  const { receiver } = place;
  const { result } = sent;
  const { becameBroken } = await noteReceiver(tx, receiver.id, signOf(sent, end.reason), nowMs);
  if (end.next.kind === 'delivered') await tellWorksAgain(tx, receiver, nowMs);
  if (becameBroken) await tellBroken(tx, receiver, end.reason, nowMs);
  // A pause that is asked for is for everything that goes there.
  if (result.kind === 'retry' && result.afterMs !== undefined && end.next.kind === 'retry') {
    await blockBucket(tx, place.bucket, Math.min(nowMs + result.afterMs, end.next.atMs), nowMs);
  }
  if (end.next.kind === 'dead') {
    await tellOthers(tx, { receiver, reason: end.reason, messages: [message] }, nowMs);
  }
  if (message.incidentId !== null && end.next.kind !== 'retry') {
    await noteOnTimeline(
      tx,
      {
        notificationId: message.id,
        incidentId: message.incidentId,
        kind: end.next.kind === 'delivered' ? 'told' : 'notTold',
        receiverName: receiver.name,
        detail: { kind: message.kind, ...(end.reason === '' ? {} : { reason: end.reason }) },
      },
      nowMs,
    );
  }
}

function signOf({ result, heard }: Sent, reason: string): ReceiverSign {
  switch (result.kind) {
    case 'delivered':
      return { kind: 'delivered' };
    case 'retry':
      return { kind: 'failed' };
    case 'disable':
      return { kind: 'disabled', reason };
    case 'permanent': {
      if (!result.unhealthy) return { kind: 'failed' };
      return { kind: 'refused', reason, isGone: heard.status === 404 || heard.status === 410 };
    }
  }
}
