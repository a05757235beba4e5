/** Words of delivery: places that are told, what they are told, how that goes. */
import type { Severity } from './slo.ts';

export const RECEIVER_KINDS = [
  'slackWebhook',
  'slackBot',
  'pagerduty',
  'pagerdutyChange',
  'webhook',
  'alertmanager',
  'email',
  'teams',
  'discord',
  'jira',
] as const;
export type ReceiverKind = (typeof RECEIVER_KINDS)[number];

export const NOTIFICATION_KINDS = [
  /** The incident opened, reopened or became a page. */
  'trigger',
  'update',
  'acknowledge',
  'resolve',
  'reminder',
  /** A release, rollback, config change or scaling. */
  'change',
  /** Several incidents in one message. */
  'digest',
  /** Sent by a person to see whether it arrives. */
  'test',
  /** A trouble of Drainboard itself, and its end. */
  'watch',
] as const;
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/**
 * `waiting` for its time, `sending` (claimed), `delivered`; `dead`: given up; `dropped`: nothing to tell any more;
 * `merged`: told by a later message.
 */
export type NotificationState = 'waiting' | 'sending' | 'delivered' | 'dead' | 'dropped' | 'merged';

/** `unhealthy`: it refused us, it is still tried. `broken`: not tried until somebody repairs or enables it. */
export type ReceiverHealth = 'ok' | 'unhealthy' | 'broken';

/** How one attempt ended. `lost`: its process died before it could tell. */
export type AttemptOutcome = 'delivered' | 'retry' | 'permanent' | 'disable' | 'lost';

/** Something wrong with a receiver's settings, in words for the person who enters them. */
export interface ReceiverFault {
  /** Name of the setting or secret; '' for the whole. */
  field: string;
  message: string;
}

/** Settings that are no secrets, by name; what is allowed depends on the kind. */
export type ReceiverSettings = Readonly<Record<string, unknown>>;
/** Secrets by name: webhook URLs, keys, tokens. Never shown again. */
export type ReceiverSecrets = Readonly<Record<string, string>>;

/** A notification as it is enqueued. */
export interface NewNotification {
  /** The same key twice is one message: `<incident>/<sequence>/<receiver>`. At most 300 characters. */
  dedupeKey: string;
  /** null for what belongs to no incident. */
  incidentId: string | null;
  /** Grows within an incident. A receiver is told in this order. */
  sequence: number;
  receiverId: number;
  kind: NotificationKind;
  severity: Severity | null;
  /** Not sent before. Now for a page, 30 s later for a ticket. */
  dueAtMs: number;
  /** What the incident's own rows do not hold. */
  details?: Readonly<Record<string, unknown>>;
}
