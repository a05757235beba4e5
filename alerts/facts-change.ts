/** What is new since the last message of an incident, from what the notification says it is about. */
import type { Incident } from '../model/incident.ts';
import type { NoticeChange } from '../model/notice.ts';
import type { Severity } from '../model/slo.ts';
import type { TellReason } from '../model/tell.ts';
import type { NoticeRequest } from './notify/deps.ts';

const REASONS: readonly TellReason[] = [
  'opened',
  'reopened',
  'raised',
  'lowered',
  'held',
  'dataReturned',
  'changed',
  'flapping',
  'steady',
  'recovered',
  'byHand',
  'removed',
  'acknowledged',
  'reminder',
  'escalated',
];
const SEVERITIES: readonly Severity[] = ['page', 'ticket', 'info'];

/** null where the sentence about the incident itself says it: an opening, an end, an acknowledgement. */
export function changeOf(
  { details }: Pick<NoticeRequest, 'details'>,
  incident: Incident,
): NoticeChange | null {
  const why = REASONS.find((reason) => reason === details.why);
  switch (why) {
    case 'raised':
    case 'lowered':
      return severityChange(why, details, incident.severity);
    case 'reopened':
      return { kind: 'reopened', times: Math.max(1, incident.reopened) };
    case 'held':
      return incident.held === null ? null : { kind: 'held', ...incident.held };
    case 'dataReturned':
      return { kind: 'dataReturned' };
    case 'flapping':
      return { kind: 'flapping' };
    case 'steady':
      return { kind: 'settled' };
    case 'changed':
      return { kind: 'other', text: 'What it watches was edited; it still fires.' };
    case 'removed':
      return { kind: 'other', text: 'What it watched is no more.' };
    case 'escalated':
      return {
        kind: 'escalated',
        level: typeof details.level === 'number' ? details.level : 1,
        policy: typeof details.policy === 'string' ? details.policy : '',
      };
    default:
      return null;
  }
}

function severityChange(
  kind: 'raised' | 'lowered',
  { from, to }: Readonly<Record<string, unknown>>,
  now: Severity,
): NoticeChange | null {
  const [before, after] = [from, to].map((one) => SEVERITIES.find((severity) => severity === one));
  return before === undefined ? null : { kind, from: before, to: after ?? now };
}
