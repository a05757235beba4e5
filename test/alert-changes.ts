/** Changes of alerts as an evaluator hands them over, for tests. */
import type { AlertChange, Evidence } from '../model/alert-change.ts';
import type { Severity } from '../model/slo.ts';
import { MINUTE } from '../model/time.ts';

/** Minute 0 of tests: 2026-11-21T10:00Z. */
export const START_MS = Date.UTC(2026, 10, 21, 10);

export const EVIDENCE: Evidence = {
  what: 'burn',
  title: 'Checkout answers',
  windows: [
    { minutes: 60, bad: 120, events: 4000, burn: 30 },
    { minutes: 5, bad: 60, events: 340, burn: 176 },
  ],
  value: 30,
  threshold: 14.4,
  unit: '×',
  coverage: 1,
  budgetRemaining: 0.82,
  exhaustedAtMs: START_MS + 20 * 3_600_000,
  sinceMs: START_MS,
  key: '',
  target: '0.999',
};

/** A change of SLO 1 of app 1, `minute` minutes after START_MS. */
export function alertChange(
  minute: number,
  severity: Severity | null,
  more: Partial<AlertChange> = {},
): AlertChange {
  const atMs = START_MS + minute * MINUTE;
  return {
    appId: 1,
    subject: { kind: 'slo', sloId: 1 },
    minute: Math.floor(atMs / MINUTE),
    atMs,
    severity,
    held: null,
    reason: severity === null ? 'recovered' : 'threshold',
    evidence: EVIDENCE,
    detectedLateMs: 0,
    overBeforeTold: false,
    ...more,
  };
}
