/** What happened to an incident since the last message, as one sentence. */
import type { NoticeChange } from './notice.ts';
import { sayInstant } from './notice-numbers.ts';
import type { Severity } from './slo.ts';

const SEVERITIES: Record<Severity, string> = { page: 'a page', ticket: 'a ticket', info: 'for information' };

export function changeSentence(change: NoticeChange, nowMs: number): string {
  switch (change.kind) {
    case 'raised':
      return `It is ${SEVERITIES[change.to]} now, it was ${SEVERITIES[change.from]}.`;
    case 'lowered':
      return `It is only ${SEVERITIES[change.to]} now, it was ${SEVERITIES[change.from]}.`;
    case 'reopened':
      return change.times === 1
        ? 'It fires again.'
        : `It fires again, for the ${ordinal(change.times + 1)} time.`;
    case 'held':
      return 'There is no data any more: it stays as it was known last.';
    case 'dataReturned':
      return 'Data has come back.';
    case 'flapping':
      return 'It comes and goes: from here on it is told here only, until it is quiet for an hour.';
    case 'settled':
      return 'It has been quiet for an hour: it is told as ever again.';
    case 'escalated':
      return `Nobody has acknowledged it: level ${change.level}${change.policy === '' ? '' : ` of ${change.policy}`} is told.`;
    case 'unacknowledged':
      return `${change.by === '' ? 'Nobody' : change.by} ${change.by === '' ? 'looks after it any more' : 'took the acknowledgement back'}.`;
    case 'snoozed':
      return `${change.by} put it off until ${sayInstant(change.untilMs, nowMs)}.`;
    case 'unsnoozed':
      return change.by === '' ? 'Its pause is over.' : `${change.by} ended its pause.`;
    case 'silenceEnded':
      return 'It was silenced until now, and still fires.';
    case 'note':
      return `${change.by}: ${change.text}`;
    case 'cause':
      return `${change.by} says the cause is ${change.version === null ? change.text : `v${change.version}${change.text === '' ? '' : `: ${change.text}`}`}.`;
    case 'other':
      return change.text;
  }
}

function ordinal(n: number): string {
  const last = n % 100;
  if (last >= 11 && last <= 13) return `${n}th`;
  return `${n}${['th', 'st', 'nd', 'rd'][n % 10] ?? 'th'}`;
}
