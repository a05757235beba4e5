/** What is wrong with alerting itself, from facts (SLO.md 8, R-13). Pure. */
import { closedEvaluation } from '../model/closing.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import type { Sign, WatchFacts } from '../store/watch.ts';

export type FindingName =
  | 'workers'
  | 'evaluation'
  | 'evaluationBehind'
  | 'delivery'
  | 'outbox'
  | 'probe'
  | 'upkeep'
  | 'deadPages'
  | 'untoldPages'
  | 'untoldTickets'
  | 'receivers';

export interface Finding {
  name: FindingName;
  /** Told to the owners; the others are shown only, because they were told when they happened. */
  isTold: boolean;
  /** One sentence, made for people. */
  text: string;
}

/** What the process that judges knows of itself. */
export interface Watcher {
  /** How long it has run: signs of the time before are nobody's fault until somebody had time to give new ones. */
  upMs: number;
  /** Newest minute whose line of ours came through the whole path; null: none yet. Absent: none is sent. */
  probe?: { seenMinute: number | null } | undefined;
}

/** A round is every few seconds and evaluates once a minute; two missed ones are told within the three of R-13. */
const LATE_MS = 2 * MINUTE;
/** After a start everything has this long to give its first sign. */
const GRACE_MS = MINUTE;
/** Minutes are closed 45 s after their end; a few in the queue are a burst, more are not. */
const BEHIND_MINUTES = 5;
/** A message is tried within seconds of its time. */
const OUTBOX_LATE_MS = 90 * SECOND;
/** From the begin of the newest minute that came through: a line is sent three times a minute. */
const PROBE_LATE_MS = 150 * SECOND;
const UPKEEP_LATE_MS = 10 * MINUTE;

/** Worst first; empty when all is well. */
export function judge(facts: WatchFacts, watcher: Watcher): Finding[] {
  if (watcher.upMs < GRACE_MS) return settledFindings(facts);
  return [...workFindings(facts, watcher), ...probeFindings(facts, watcher), ...settledFindings(facts)];
}

function workFindings(facts: WatchFacts, watcher: Watcher): Finding[] {
  const evaluationMs = ageOf(facts.signs.evaluation, facts, watcher);
  const deliveryMs = ageOf(facts.signs.delivery, facts, watcher);
  if (evaluationMs > LATE_MS && deliveryMs > LATE_MS) {
    const text = `No worker has given a sign for ${say(Math.min(evaluationMs, deliveryMs))}: nothing is evaluated and nobody is told of anything.`;
    return [{ name: 'workers', isTold: true, text }];
  }
  const findings: Finding[] = [];
  if (evaluationMs > LATE_MS) {
    const text = `Objectives and rules have not been evaluated for ${say(evaluationMs)}.`;
    findings.push({ name: 'evaluation', isTold: true, text });
  }
  if (deliveryMs > LATE_MS) {
    findings.push({
      name: 'delivery',
      isTold: true,
      text: `Nothing has been sent for ${say(deliveryMs)}: no sender runs.`,
    });
  }
  const behind = behindMinutes(facts);
  if (evaluationMs <= LATE_MS && behind > BEHIND_MINUTES) {
    findings.push({
      name: 'evaluationBehind',
      isTold: true,
      text: `Evaluation of an objective is ${behind} minutes behind.`,
    });
  }
  const outboxMs = facts.outboxSinceMs === null ? 0 : facts.nowMs - facts.outboxSinceMs;
  if (deliveryMs <= LATE_MS && outboxMs > OUTBOX_LATE_MS) {
    findings.push({
      name: 'outbox',
      isTold: true,
      text: `A notification waits for ${say(outboxMs)} without a try.`,
    });
  }
  return findings;
}

function probeFindings(facts: WatchFacts, { probe, upMs }: Watcher): Finding[] {
  if (probe === undefined) return [];
  const sinceMs =
    probe.seenMinute === null ? upMs - GRACE_MS : Math.min(facts.nowMs - probe.seenMinute * MINUTE, upMs);
  if (sinceMs <= PROBE_LATE_MS) return [];
  const text = `A log line of our own has not come through for ${say(sinceMs)}: what apps send may not be counted.`;
  return [{ name: 'probe', isTold: true, text }];
}

/** What needs no time to settle after a start. */
function settledFindings(facts: WatchFacts): Finding[] {
  const findings: Finding[] = [];
  const { pages, tickets } = facts.untold;
  // Loudly, and told to the owners: whoever should have heard of it did not.
  if (pages > 0) {
    const text = `${pages === 1 ? 'A page is open of which nobody is told' : `${pages} pages are open of which nobody is told`}: no route leads to a receiver, or nobody is on call.`;
    findings.push({ name: 'untoldPages', isTold: true, text });
  }
  if (tickets > 0) {
    const text = `${tickets === 1 ? 'A ticket is open of which nobody is told' : `${tickets} tickets are open of which nobody is told`}: no route leads to a receiver.`;
    findings.push({ name: 'untoldTickets', isTold: false, text });
  }
  if (facts.brokenReceivers.length > 0) {
    const names = facts.brokenReceivers.slice(0, 3).join(', ');
    findings.push({
      name: 'receivers',
      isTold: false,
      text: `Nothing can be sent to ${names}: repair or switch off.`,
    });
  }
  if (facts.deadPages > 0) {
    const pages = facts.deadPages === 1 ? 'A page' : `${facts.deadPages} pages`;
    findings.push({
      name: 'deadPages',
      isTold: false,
      text: `${pages} of the last hour could not be delivered.`,
    });
  }
  if (facts.upkeepAtMs !== null && facts.nowMs - facts.upkeepAtMs > UPKEEP_LATE_MS) {
    const text = `Upkeep has stood still for ${say(facts.nowMs - facts.upkeepAtMs)}: no worker takes it on.`;
    findings.push({ name: 'upkeep', isTold: false, text });
  }
  return findings;
}

/** Age of a sign; none at all is as old as the watcher. A sign from the future is new (T-06). */
function ageOf(sign: Sign | undefined, { nowMs }: WatchFacts, { upMs }: Watcher): number {
  return sign === undefined ? upMs : Math.max(0, nowMs - sign.atMs);
}

/** Minutes between the newest closed one and the objective that is farthest behind. */
export function behindMinutes({ nowMs, nextMinute }: Pick<WatchFacts, 'nowMs' | 'nextMinute'>): number {
  if (nextMinute === null) return 0;
  return Math.max(0, closedEvaluation(nowMs) - nextMinute);
}

function say(ms: number): string {
  return ms < 2 * MINUTE ? `${Math.round(ms / SECOND)} s` : `${Math.round(ms / MINUTE)} min`;
}
