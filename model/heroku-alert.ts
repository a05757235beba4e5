/**
 * Heroku's own threshold alerts as rules of ours. Heroku has two, each once for the process type `web` (Dev Center
 * "Application Metrics", and the API behind it): LATENCY, the p95 in ms, at least 50; ERROR_RATE, the share of
 * failed requests, 0.005 to 1. Sensitivity is for how many minutes the value must be at or above the threshold.
 */
import { err, ok, type Result } from './result.ts';
import type { RuleDraft } from './rule.ts';
import { checkRule } from './rule-check.ts';

export interface HerokuAlert {
  kind: 'LATENCY' | 'ERROR_RATE';
  /** Milliseconds for LATENCY, a fraction for ERROR_RATE. */
  value: number;
  /** Minutes at or above: 1 is Heroku's high sensitivity, 5 medium, 10 low. */
  sensitivityMinutes: number;
  /** 5, 60 or 1440: at most one reminder in so many minutes. */
  reminderMinutes: number;
  /** `web` when left out. */
  processType?: string | undefined;
  isActive?: boolean | undefined;
}

export interface CopiedAlert {
  draft: RuleDraft;
  /** What is different from Heroku's, each a sentence. */
  notes: string[];
}

const LATENCY_MIN_MS = 50;
const LATENCY_MAX_MS = 500_000;
const RATIO_MIN = 0.005;
const SENSITIVITIES: readonly number[] = [1, 5, 10];
const REMINDERS: readonly number[] = [5, 60, 1440];

/**
 * A rule that says the same: each single minute is judged, and the condition must hold for as many of them in a
 * row as Heroku wants. A ticket, for Heroku's go by e-mail. Faults are sentences.
 */
export function copyHerokuAlert(alert: HerokuAlert): Result<CopiedAlert, string[]> {
  const faults = faultsOf(alert);
  if (faults.length > 0) return err(faults);
  const checked = checkRule({
    ...whatOf(alert),
    severity: 'ticket',
    isOn: alert.isActive ?? true,
    // True in this minute and in so many before it.
    forMinutes: alert.sensitivityMinutes - 1,
    onNoData: 'hold',
  });
  if (!checked.ok) return err(checked.error.map(({ path, text }) => `${path}: ${text}`));
  return ok({ draft: checked.value, notes: notesOf(alert) });
}

function whatOf({ kind, value }: HerokuAlert) {
  // Heroku looks at every minute with a request in it.
  const window = { minRequests: 1, windowMinutes: 1 };
  if (kind === 'LATENCY') {
    const title = `p95 at or over ${value} ms (as Heroku's alert)`;
    return { kind: 'latency', title, settings: { quantile: 'p95', ms: value, ...window } };
  }
  const title = `${Number((value * 100).toFixed(2))} % or more of requests fail (as Heroku's alert)`;
  return { kind: 'failedShare', title, settings: { ratio: value, ...window } };
}

function faultsOf({ kind, value, sensitivityMinutes, reminderMinutes, processType }: HerokuAlert): string[] {
  const faults: string[] = [];
  const isLatency = kind === 'LATENCY';
  if (!isLatency && kind !== 'ERROR_RATE') faults.push('the kind is LATENCY or ERROR_RATE');
  else if (isLatency && !(Number.isInteger(value) && value >= LATENCY_MIN_MS && value <= LATENCY_MAX_MS)) {
    faults.push(`the value of LATENCY is whole milliseconds from ${LATENCY_MIN_MS} to ${LATENCY_MAX_MS}`);
  } else if (!isLatency && !(value >= RATIO_MIN && value <= 1)) {
    faults.push(`the value of ERROR_RATE is a fraction from ${RATIO_MIN} to 1 (0.05 is 5 %)`);
  }
  if (!SENSITIVITIES.includes(sensitivityMinutes)) faults.push('the sensitivity is 1, 5 or 10 minutes');
  if (!REMINDERS.includes(reminderMinutes)) faults.push('reminders come every 5, 60 or 1440 minutes');
  if (processType !== undefined && processType !== 'web') {
    faults.push(`the process type is web: Heroku has no such alert for ${processType}`);
  }
  return faults;
}

/** Reminders of ours follow the incident's severity, not each rule. */
function notesOf({ reminderMinutes }: HerokuAlert): string[] {
  const asHeroku = reminderMinutes === 1440 ? '24 h' : `${reminderMinutes} min`;
  const reminder =
    reminderMinutes === 1440
      ? 'reminders come each 24 h while nobody has acknowledged it, as at Heroku'
      : `Heroku reminds every ${asHeroku}; a ticket here reminds each 24 h, and only until somebody acknowledges it`;
  return [reminder];
}
