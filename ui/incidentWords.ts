/** Incidents, rules and deliveries as people see them. */
import type { IncidentRow } from '../api/contract/incidents.ts';
import type { DeliveryAnswer, ReceiverAnswer } from '../api/contract/receivers.ts';
import type { RuleAnswer } from '../api/contract/rules.ts';
import type { HeldReason } from '../model/alert.ts';
import type { Severity } from '../model/slo.ts';
import type { Level } from './parts/state.tsx';

export const SEVERITIES: { id: Severity; says: string }[] = [
  { id: 'page', says: 'wakes somebody' },
  { id: 'ticket', says: 'is for working hours' },
  { id: 'info', says: 'is only listed and told' },
];

const SEVERITY_LEVELS: Record<Severity, Level> = { page: 'critical', ticket: 'warning', info: 'note' };

export function severityLevel(severity: Severity): Level {
  return SEVERITY_LEVELS[severity];
}

/** What stands first about an incident: held is neither firing nor well. */
export function incidentState(row: IncidentRow, nowMs: number): { level: Level; word: string } {
  if (row.state === 'resolved') return { level: 'ok', word: 'resolved' };
  if (row.held) return { level: 'unknown', word: 'held' };
  const level = severityLevel(row.severity);
  if (row.state === 'acknowledged') return { level, word: 'acknowledged' };
  if (row.snoozedUntilMs !== null && row.snoozedUntilMs > nowMs) return { level, word: 'snoozed' };
  return { level, word: row.isFlapping ? 'flapping' : 'firing' };
}

const HELD: Record<HeldReason, string> = {
  noData: 'no line of the app arrives',
  gap: 'lines of this time are known to be lost',
  stale: 'it could not be evaluated',
};

/** Why something is held, as the end of a sentence. */
export function heldWords(reason: HeldReason): string {
  return HELD[reason];
}

export function ruleState(
  rule: Pick<RuleAnswer, 'state' | 'isOn' | 'severity'> & Partial<Pick<RuleAnswer, 'learning'>>,
): {
  level: Level;
  word: string;
} {
  if (!rule.isOn) return { level: 'unknown', word: 'off' };
  if (rule.state === 'firing' || rule.state === 'recovering')
    return {
      level: severityLevel(rule.severity),
      word: rule.state === 'recovering' ? 'recovering' : 'firing',
    };
  if (rule.state === 'pending') return { level: 'warning', word: 'pending' };
  if (rule.state === 'held') return { level: 'unknown', word: 'held' };
  if (rule.learning) return { level: 'unknown', word: 'learning' };
  return { level: 'ok', word: 'ok' };
}

export function receiverState(receiver: ReceiverAnswer): { level: Level; word: string } {
  if (!receiver.isEnabled) return { level: 'unknown', word: 'off' };
  if (receiver.health === 'broken') return { level: 'critical', word: 'broken' };
  if (receiver.health === 'unhealthy') return { level: 'warning', word: 'failing' };
  if (receiver.lastDeliveredMs === null) return { level: 'unknown', word: 'never used' };
  return { level: 'ok', word: 'ok' };
}

export function deliveryState(delivery: DeliveryAnswer): { level: Level; word: string } {
  switch (delivery.state) {
    case 'delivered':
      return { level: 'ok', word: 'delivered' };
    case 'dead':
      return { level: 'critical', word: 'given up' };
    case 'dropped':
      return { level: 'unknown', word: 'not needed' };
    case 'merged':
      return { level: 'unknown', word: 'in a later message' };
    case 'sending':
      return { level: 'note', word: 'sending' };
    case 'waiting':
      return delivery.tries > 0
        ? { level: 'warning', word: 'will retry' }
        : { level: 'note', word: 'waiting' };
  }
}

const KINDS: Record<DeliveryAnswer['kind'], string> = {
  trigger: 'opened',
  update: 'changed',
  acknowledge: 'acknowledged',
  resolve: 'resolved',
  reminder: 'reminder',
  change: 'release',
  digest: 'several at once',
  test: 'test',
  watch: 'about Drainboard itself',
};

export function deliveryKind(kind: DeliveryAnswer['kind']): string {
  return KINDS[kind];
}
