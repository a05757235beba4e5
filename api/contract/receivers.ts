/** Receivers, and the log of what was sent to them. Secrets go in and never come out. */
import type {
  AttemptOutcome,
  NotificationKind,
  NotificationState,
  ReceiverHealth,
  ReceiverKind,
} from '../../model/delivery.ts';
import type { Severity } from '../../model/slo.ts';

export interface ReceiverAnswer {
  id: string;
  name: string;
  kind: ReceiverKind;
  /** What is no secret, by the fields of its kind. */
  settings: Record<string, unknown>;
  /** Which secrets are set; never their text. */
  secretsSet: string[];
  isEnabled: boolean;
  /** Also told of troubles of Drainboard itself and of other receivers. */
  tellsOwners: boolean;
  /** `unhealthy`: it refused us, it is still tried. `broken`: not tried until somebody repairs or enables it. */
  health: ReceiverHealth;
  /** Why it is not ok, in plain words; empty when well. */
  reason: string;
  lastDeliveredMs: number | null;
  lastFailedMs: number | null;
  /** Waiting now. */
  queued: number;
  oldestQueuedMs: number | null;
  /** Given up in the last 7 days. */
  dead: number;
  /** Routes and escalation policies that use it, by name. */
  usedBy: string[];
  createdAtMs: number;
}

/** GET /api/v1/receivers */
export interface ReceiverListAnswer {
  receivers: ReceiverAnswer[];
}

/** One input of a receiver's form. */
export interface ReceiverField {
  name: string;
  label: string;
  type: 'text' | 'url' | 'email' | 'emails' | 'number' | 'choice' | 'flag';
  /** Goes into `secrets`, is never shown again. */
  isSecret: boolean;
  isRequired: boolean;
  choices: { value: string; label: string }[];
  help: string;
  /** Regular expression the text must fit; '' for none. */
  pattern: string;
}

/** GET /api/v1/receivers/kinds */
export interface ReceiverKindsAnswer {
  kinds: { kind: ReceiverKind; title: string; help: string; fields: ReceiverField[] }[];
}

/** POST /api/v1/receivers → ReceiverAnswer */
export interface ReceiverRequest {
  name: string;
  kind: ReceiverKind;
  settings: Record<string, unknown>;
  secrets: Record<string, string>;
  tellsOwners?: boolean | undefined;
}

/** PATCH /api/v1/receivers/:id → ReceiverAnswer. A secret that is left out stays; `null` takes it away. */
export interface ReceiverChange {
  name?: string | undefined;
  settings?: Record<string, unknown> | undefined;
  secrets?: Record<string, string | null> | undefined;
  /** true also mends a broken one. */
  isEnabled?: boolean | undefined;
  tellsOwners?: boolean | undefined;
}

/** POST /api/v1/receivers/:id/test {} → DeliveryAnswer: goes through the real outbox; ask for the delivery until it ended. */

export interface AttemptAnswer {
  atMs: number;
  tookMs: number;
  /** null: under way. */
  outcome: AttemptOutcome | null;
  /** HTTP or SMTP status; null when there was no answer. */
  status: number | null;
  /** In plain words, without secrets. */
  reason: string;
}

export interface DeliveryAnswer {
  id: string;
  receiver: { id: string; name: string; kind: ReceiverKind };
  incidentId: string | null;
  incidentTitle: string;
  kind: NotificationKind;
  severity: Severity | null;
  /** `waiting` with `tries` over 0: it failed so far and is tried again at `dueAtMs`. */
  state: NotificationState;
  createdAtMs: number;
  dueAtMs: number;
  deliveredAtMs: number | null;
  tries: number;
  lastReason: string;
  /** May be sent again: it is dead or dropped. */
  canReplay: boolean;
}

/** GET /api/v1/deliveries?receiver&incident&state&limit&cursor : newest first. */
export interface DeliveryListAnswer {
  deliveries: DeliveryAnswer[];
  cursor: string | null;
}

/** GET /api/v1/deliveries/:id */
export interface DeliveryDetailAnswer {
  delivery: DeliveryAnswer;
  attempts: AttemptAnswer[];
}

/** POST /api/v1/deliveries/:id/replay {} → DeliveryAnswer: of the new one. */
