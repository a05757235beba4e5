/**
 * Delivery: a sender looks at the outbox each second, claims what is due as far as it has room, and sends without
 * waiting for what hangs. Any number of processes may run one: the rows decide who sends what.
 */
import type { NotificationKind } from '../../model/delivery.ts';
import { isAnythingDue } from '../../store/notifications.ts';
import { claimDue } from './claim.ts';
import type { DeliveryDeps } from './deps.ts';
import { sendClaim } from './send.ts';

/** Sends under way in one process; each holds little, and no database connection while it waits for its receiver. */
const IN_FLIGHT_MAX = 64;
/** Of one receiver: those that hang leave room for the others. */
const IN_FLIGHT_PER_RECEIVER = 4;

export class Sender {
  readonly #deps: DeliveryDeps;
  readonly #inFlight = new Map<Promise<void>, number>();
  #isStopping = false;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
  }

  /**
   * Claims what is due at an instant and starts to send it; resolves with the number of messages begun, before they
   * are sent. Rejects when the store fails.
   *
   * @param kinds only those; null: all
   */
  async deliverDue(nowMs: number, kinds: readonly NotificationKind[] | null = null): Promise<number> {
    const total = IN_FLIGHT_MAX - this.#inFlight.size;
    if (this.#isStopping || total <= 0) return 0;
    if (!(await isAnythingDue(this.#deps.pool, nowMs, kinds))) return 0;
    const underWay = Map.groupBy(this.#inFlight.values(), (receiverId) => receiverId);
    const ofReceiver = (id: number) => IN_FLIGHT_PER_RECEIVER - (underWay.get(id)?.length ?? 0);
    const claims = await claimDue(this.#deps, { total, ofReceiver }, kinds, nowMs);
    for (const claim of claims) {
      const sending = sendClaim(this.#deps, claim).finally(() => this.#inFlight.delete(sending));
      this.#inFlight.set(sending, claim.message.receiverId);
    }
    return claims.length;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight.keys());
  }

  /** Begins nothing more and waits for what is under way, which is bounded. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.settled();
  }
}
