/** What delivery is built from. */
import type { NotificationKind, ReceiverKind } from '../../model/delivery.ts';
import type { Log } from '../../model/log.ts';
import type { Notice } from '../../model/notice.ts';
import type { Severity } from '../../model/slo.ts';
import type { Pool } from '../../store/pool.ts';
import type { BoxKey } from '../../store/secret-box.ts';
import type { Outbound } from '../outbound.ts';
import type { Adapter } from './receiver.ts';

/** What a notice is to be made of, at the moment it is sent. */
export interface NoticeRequest {
  kind: NotificationKind;
  severity: Severity | null;
  incidentId: string | null;
  sequence: number;
  /**
   * As enqueued. Of a digest: `{incidents: [{incidentId, kind, severity}]}`. Of `watch`: model/notice.ts, NoticeWatch.
   * `insteadOf`: name of the receiver that could not be told.
   */
  details: Readonly<Record<string, unknown>>;
  /** Opened and over before anybody could be told. */
  isCombined: boolean;
  nowMs: number;
}

export interface DeliveryDeps {
  pool: Pool;
  log: Log;
  /** Who claims: unique among processes. */
  holder: string;
  /** To open receivers' secrets; the first is the one of now. */
  keys: readonly BoxKey[];
  adapters: ReadonlyMap<ReceiverKind, Adapter>;
  outbound: Outbound;
  /** null: there is nothing to tell any more. Rejects when the store fails: tried again soon. */
  readNotice: (request: NoticeRequest) => Promise<Notice | null>;
  nowMs: () => number;
  /** [0, 1); tests draw their own. */
  random?: (() => number) | undefined;
  /** A whole send, ms; tests are in a hurry. */
  sendMs?: number | undefined;
  /** How long a claim lasts, ms: twice a send. */
  claimMs?: number | undefined;
}
