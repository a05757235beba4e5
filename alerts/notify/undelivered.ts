/** When a receiver cannot be told: others are, so that no page is lost in silence. */
import type { NewNotification } from '../../model/delivery.ts';
import { HOUR } from '../../model/time.ts';
import { type DueNotification, enqueueNotifications } from '../../store/notifications.ts';
import type { Client } from '../../store/pool.ts';
import { listOwnersReceivers, type ReceiverRow } from '../../store/receivers.ts';
import { clearWatchAlert, RECEIVER_ALERT, raiseWatchAlert } from '../../store/watch.ts';

/** Opens something or reminds of it: what somebody must hear of. */
const CALLS = new Set(['trigger', 'reminder', 'digest']);

export interface Undelivered {
  receiver: Pick<ReceiverRow, 'id' | 'publicId' | 'name'>;
  /** A sentence without secrets. */
  reason: string;
  messages: readonly Pick<
    DueNotification,
    'id' | 'kind' | 'severity' | 'incidentId' | 'sequence' | 'details'
  >[];
}

/**
 * Tells the owners' other receivers of pages that were given up: each page itself, as if it had been theirs, and once
 * an hour and receiver that it fails. A page that was already sent in place of another's is not passed on again.
 * Gives how many messages were enqueued.
 */
export async function tellOthers(tx: Client, failed: Undelivered, nowMs: number): Promise<number> {
  const pages = failed.messages.filter(
    ({ kind, severity, details }) =>
      severity === 'page' && CALLS.has(kind) && details.insteadOf === undefined,
  );
  if (pages.length === 0) return 0;
  const others = await listOwnersReceivers(tx, failed.receiver.id);
  const hour = Math.floor(nowMs / HOUR);
  const text = `A page could not be delivered to the receiver “${failed.receiver.name}”: ${failed.reason}.`;
  await raiseWatchAlert(tx, watchName(failed.receiver), text, nowMs);
  const rows = others.flatMap((other) => [
    ...pages.map((page) => passOn(page, failed, other.id, nowMs)),
    watchRow(
      {
        name: watchName(failed.receiver),
        key: `undelivered/${failed.receiver.id}/${hour}`,
        text,
        isFiring: true,
        receiverId: other.id,
      },
      nowMs,
    ),
  ]);
  return enqueueNotifications(tx, rows, nowMs);
}

function passOn(
  page: Undelivered['messages'][number],
  { receiver }: Undelivered,
  receiverId: number,
  nowMs: number,
): NewNotification {
  return {
    // Of several receivers that fail with the same page, the first is passed on.
    dedupeKey:
      page.incidentId === null
        ? `instead/${page.id}/${receiverId}`
        : `instead/${page.incidentId}/${page.sequence}/${receiverId}`,
    incidentId: page.incidentId,
    sequence: page.sequence,
    receiverId,
    kind: page.kind,
    severity: page.severity,
    dueAtMs: nowMs,
    details: { ...page.details, insteadOf: receiver.name },
  };
}

/** Tells the owners by other receivers that one is broken. */
export async function tellBroken(
  tx: Client,
  receiver: Pick<ReceiverRow, 'id' | 'publicId' | 'name'>,
  reason: string,
  nowMs: number,
): Promise<number> {
  const others = await listOwnersReceivers(tx, receiver.id);
  const text = `The receiver “${receiver.name}” is broken: ${reason}. Nothing is sent there until somebody repairs it.`;
  await raiseWatchAlert(tx, watchName(receiver), text, nowMs);
  const rows = others.map(({ id }) =>
    watchRow(
      {
        name: watchName(receiver),
        key: `broken/${receiver.id}/${nowMs}`,
        text,
        isFiring: true,
        receiverId: id,
      },
      nowMs,
    ),
  );
  return enqueueNotifications(tx, rows, nowMs);
}

/** Tells those who heard that a receiver fails that it works again, when this is the first message it took. */
export async function tellWorksAgain(
  tx: Client,
  receiver: Pick<ReceiverRow, 'id' | 'publicId' | 'name'>,
  nowMs: number,
): Promise<number> {
  const alert = await clearWatchAlert(tx, watchName(receiver), nowMs);
  if (alert === null) return 0;
  const others = await listOwnersReceivers(tx, receiver.id);
  const text = `The receiver “${receiver.name}” takes messages again.`;
  const key = `works/${receiver.id}/${alert.episode}`;
  const rows = others.map(({ id }) =>
    watchRow({ name: alert.name, key, text, isFiring: false, receiverId: id }, nowMs),
  );
  return enqueueNotifications(tx, rows, nowMs);
}

/** The trouble of a receiver, apart from those the watchman finds. */
function watchName({ publicId }: Pick<ReceiverRow, 'publicId'>): string {
  return `${RECEIVER_ALERT}${publicId}`;
}

function watchRow(
  watch: { name: string; key: string; text: string; isFiring: boolean; receiverId: number },
  nowMs: number,
): NewNotification {
  return {
    dedupeKey: `${watch.key}/${watch.receiverId}`,
    incidentId: null,
    sequence: 0,
    receiverId: watch.receiverId,
    kind: 'watch',
    severity: 'page',
    dueAtMs: nowMs,
    details: { name: watch.name, isFiring: watch.isFiring, text: watch.text, sinceMs: nowMs, episode: 1 },
  };
}
