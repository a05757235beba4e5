/** One claimed message: its notice is made, the attempt is begun, the adapter sends, the end is recorded. */
import { killPoint } from '../../model/kill-point.ts';
import type { Notice } from '../../model/notice.ts';
import { beginAttempt } from '../../store/attempts.ts';
import { dropClaim, readReference, releaseClaim } from '../../store/notifications.ts';
import type { Outbound, OutboundResult } from '../outbound.ts';
import { failed } from '../outbound.ts';
import { type Claim, claimMsOf, sendMsOf } from './claim.ts';
import type { DeliveryDeps } from './deps.ts';
import type { SendResult } from './receiver.ts';
import { recordSend } from './record.ts';

/** A store that failed is asked again after this. */
const AGAIN_MS = 5_000;
/** An adapter that does not come back although its requests are bounded has hung by a mistake of ours. */
const HANG_GRACE_MS = 2_000;

/** What the last answer of an exchange was, for the log of attempts. */
export interface Heard {
  status: number | null;
  body: Buffer | null;
}

/** Never throws: what fails is logged and tried again when the claim runs out. */
export async function sendClaim(deps: DeliveryDeps, claim: Claim): Promise<void> {
  try {
    await attempt(deps, claim);
  } catch (error) {
    deps.log.warn('notify.failed', { id: claim.message.publicId, error });
    const againMs = deps.nowMs() + AGAIN_MS;
    // Not after the send: without a record of its end, only the end of the claim may have it sent again.
    if (error instanceof Unsent) await releaseClaim(deps.pool, claim.claimed, againMs).catch(() => {});
  }
}

/** Something failed before anything was sent. */
class Unsent extends Error {
  override name = 'Unsent';
}

async function attempt(deps: DeliveryDeps, claim: Claim): Promise<void> {
  const { message, claimed, place } = claim;
  killPoint('notify.before');
  const prepared = await prepare(deps, claim).catch((error: unknown) => {
    throw new Unsent('a notice could not be made', { cause: error });
  });
  if (prepared === null) {
    await dropClaim(deps.pool, claimed, 'there is nothing to tell any more', deps.nowMs());
    return;
  }
  const startedMs = performance.now();
  const begun = await beginAttempt(deps.pool, claimed, {
    holder: deps.holder,
    claimMs: claimMsOf(deps),
    nowMs: deps.nowMs(),
  });
  if (begun === null) {
    deps.log.warn('notify.claimLost', { id: message.publicId });
    return;
  }
  const heard: Heard = { status: null, body: null };
  const nowMs = deps.nowMs();
  const result = await settle(deps, () =>
    place.adapter.send(prepared.notice, {
      settings: place.receiver.settings,
      secrets: place.secrets,
      reference: prepared.reference,
      outbound: listening(deps.outbound, heard, startedMs + sendMsOf(deps)),
      nowMs,
      deliveryId: `ntf_${message.publicId.replaceAll('-', '')}`,
      kind: message.kind,
      attempt: begun.number,
      mayRepeat: claimed.mayRepeat,
      isCombined: claim.isCombined,
      isQuiet: claimed.details.isQuiet === true,
    }),
  );
  killPoint('notify.sent');
  await recordSend(deps, claim, { begun, result, heard, tookMs: performance.now() - startedMs });
}

async function prepare(
  deps: DeliveryDeps,
  { message, claimed, isCombined }: Claim,
): Promise<{ notice: Notice; reference: Record<string, string> } | null> {
  const { kind, severity, incidentId, sequence } = message;
  const notice = await deps.readNotice({
    kind,
    severity,
    incidentId,
    sequence,
    details: claimed.details,
    isCombined,
    nowMs: deps.nowMs(),
  });
  if (notice === null) return null;
  return { notice, reference: await readReference(deps.pool, message) };
}

/** The adapter's answer; a mistake of ours in it counts as a try whose outcome nobody knows. */
async function settle(deps: DeliveryDeps, send: () => Promise<SendResult>): Promise<SendResult> {
  const unknown = (reason: string): SendResult => ({ kind: 'retry', reason, mayHaveArrived: true });
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<SendResult>((resolve) => {
    timer = setTimeout(() => resolve(unknown('no answer came in time')), sendMsOf(deps) + HANG_GRACE_MS);
  });
  try {
    return await Promise.race([send(), hung]);
  } catch (error) {
    deps.log.error('notify.adapterFailed', { error });
    return unknown('a mistake of Drainboard’s own; its log says more');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The client as an adapter is given it: everything within the one deadline of the send, however many requests it takes,
 * and nothing at all after it: a process that was frozen meanwhile must not send what another has taken over (K-15).
 */
function listening(outbound: Outbound, heard: Heard, untilMs: number): Outbound {
  return {
    request: async (request): Promise<OutboundResult> => {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return failed('timeout');
      const timeoutMs = Math.max(1, Math.floor(Math.min(request.timeoutMs ?? leftMs, leftMs)));
      const result = await outbound.request({ ...request, timeoutMs });
      heard.status = result.kind === 'answer' ? result.status : null;
      heard.body = result.kind === 'answer' ? result.body : null;
      return result;
    },
  };
}
