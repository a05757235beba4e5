/** What the primary and its children say to each other. */
import type { RemoteTick } from '../store/tick-channel.ts';

export type ToChild =
  /** Answer, or be taken for one that hangs. */
  | { kind: 'ping' }
  /** Stop in order, and end. */
  | { kind: 'stop'; reason: string }
  /** Close so many senders' connections after their next answer: another child has fewer. */
  | { kind: 'letGo'; senders: number }
  /** An app has new data, says a sibling. */
  | { kind: 'tick'; tick: RemoteTick };

export type ToPrimary =
  /** @param senders connections open now that have brought a frame */
  { kind: 'pong'; senders: number } | { kind: 'tick'; tick: RemoteTick };
