/** What sections of the durable log add up to: the form between roll-up and store. */
import type { CountBucket, SampleBucket } from './bucket.ts';
import type { RequestDetail } from './request.ts';

export interface EventRecord {
  type: 'event';
  /** Name of DynoEvent.event or ApiEvent.event. */
  kind: string;
  dyno?: string;
  code?: string;
  version?: number;
  detail?: Record<string, unknown>;
}

/** A loss that somebody reported: becomes a gap, also when its frame was counted before (S-04). */
export interface LossRecord {
  type: 'loss';
  /** `L10`, `dropCount`, `lostCount`, `tooLarge` … */
  cause: string;
  /** The L code to count, absent for losses told by a header. */
  code?: string;
  fromMs: number;
  toMs: number;
  messages?: number;
  dedupeKey: string;
}

/** Bytes that could not be read. */
export interface QuarantineRecord {
  type: 'quarantine';
  reason: string;
  sizeBytes: number;
  /** Redacted, bounded, base64. */
  base64: string;
}

export type RecordBody = EventRecord | LossRecord | QuarantineRecord;

export interface CountDelta {
  kind: number;
  key: string;
  bucketS: number;
  bucket: CountBucket;
}

export interface SampleDelta {
  kind: number;
  key: string;
  label: string;
  bucketS: number;
  bucket: SampleBucket;
}

export interface DrainDelta {
  drainId: number;
  lastReceivedAtMs: number;
  lastLineAtMs: number;
}

/** What one version of an SLO counted in one minute; version 0: the app's messages of any kind, none of them bad. */
export interface MinuteDelta {
  versionId: number;
  /** floor(epoch s / 60) */
  minute: number;
  events: number;
  bad: number;
}

/** Version number of an app's own messages. */
export const MESSAGES_VERSION = 0;

/** A record with the frame it came in. */
export type Filed<Body> = Body & { drainId: number; timeMs: number; receivedAtMs: number };

/** What one app's sections add up to. */
export interface AppDeltas {
  appId: number;
  counts: CountDelta[];
  samples: SampleDelta[];
  details: (RequestDetail & { pathShape: string })[];
  events: Filed<EventRecord>[];
  losses: Filed<LossRecord>[];
  quarantine: Filed<QuarantineRecord>[];
  drains: DrainDelta[];
  minutes: MinuteDelta[];
}
