/** Why nothing can be sent to a receiver, in words for people; '' when it can. Pure. */
import type { ReceiverRow } from '../../store/receivers.ts';

export function blockedReason(
  receiver: Pick<ReceiverRow, 'isEnabled' | 'health' | 'healthReason'> & { isRemoved: boolean },
  isKnownKind: boolean,
  areSecretsReadable: boolean,
): string {
  if (receiver.isRemoved) return 'the receiver was removed';
  if (!receiver.isEnabled) return 'the receiver is switched off';
  if (!isKnownKind) return 'this release does not know receivers of this kind';
  if (!areSecretsReadable)
    return 'its secrets cannot be read: DRAINBOARD_SECRET is not what it was; enter them again';
  if (receiver.health === 'broken') return `the receiver is broken: ${receiver.healthReason}`;
  return '';
}
