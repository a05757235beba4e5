/**
 * What a way of telling people is: an adapter that checks its settings and sends one notice. The pipeline does
 * the rest: when, in which order, how often, what is recorded. An adapter keeps no state, reads no clock, logs
 * nothing and never puts a secret into a reason.
 */
import type {
  NotificationKind,
  ReceiverFault,
  ReceiverKind,
  ReceiverSecrets,
  ReceiverSettings,
} from '../../model/delivery.ts';
import type { Notice } from '../../model/notice.ts';
import type { Outbound } from '../outbound.ts';

export interface Adapter {
  kind: ReceiverKind;
  /** Every fault of the settings at once; empty when they will do. Asks nobody. */
  check(settings: ReceiverSettings, secrets: ReceiverSecrets): ReceiverFault[];
  /**
   * Sends one notice, once. It may throw only by a mistake of ours, which counts as a try that may be repeated.
   * What the client could not send (`outbound.request` never throws) and common statuses: `resultOf` in retry.ts.
   */
  send(notice: Notice, context: SendContext): Promise<SendResult>;
  /** The rates of the place; without it one message a second, five at once. Shared by receivers of the same key. */
  rate?(settings: ReceiverSettings, secrets: ReceiverSecrets): Rate;
  /**
   * Whether several incidents that come at once may be told in one message of kind `digest`: true for what
   * people read, false for services that keep an alert of their own for each incident.
   */
  folds: boolean;
}

export interface Rate {
  /** What the rate is of: a workspace and channel, a key. Hashed before it is stored. */
  key: string;
  /** Messages that may go at once. */
  burst: number;
  perMinute: number;
}

export interface SendContext {
  settings: ReceiverSettings;
  secrets: ReceiverSecrets;
  /** Everything that earlier messages of this incident to this receiver gave back, the latest of each name. */
  reference: Readonly<Record<string, string>>;
  outbound: Outbound;
  nowMs: number;
  /** Minted once for this message, the same over all attempts: `ntf_` and 32 hex digits. */
  deliveryId: string;
  kind: NotificationKind;
  /** This attempt, counted from 1. */
  attempt: number;
  /** An earlier attempt may have arrived: a place without idempotence marks the message so. */
  mayRepeat: boolean;
  /** It opened and was resolved before anybody could be told: one message tells both. Kind is `resolve`. */
  isCombined: boolean;
  /** For threads and edits in place alone: nobody is to be called by it. A place that has neither sends nothing. */
  isQuiet: boolean;
}

/**
 * How a try ended. `delivered` may carry names to remember for later messages of the incident. `retry`: it can help
 * to try again, not before `afterMs` from now; `mayHaveArrived` when the request went out and no answer came.
 * `permanent`: it cannot help; `unhealthy`: the same will happen to others, people should look. `disable`: the place
 * is gone, nothing is sent there until somebody repairs it. A reason is a short sentence without secrets.
 *
 * A `retry` too may give names to remember, for its own next try: which of several recipients have it already.
 */
export type SendResult =
  | { kind: 'delivered'; reference?: Record<string, string> }
  | {
      kind: 'retry';
      afterMs?: number;
      reason: string;
      mayHaveArrived?: boolean;
      reference?: Record<string, string>;
    }
  | { kind: 'permanent'; reason: string; unhealthy: boolean }
  | { kind: 'disable'; reason: string };
