/** Likely causes, each as a sentence with the numbers it comes from. */
import type { NoticeCause, Share } from './notice.ts';
import { sayCount, sayInstant, sayShare, saySpan } from './notice-numbers.ts';

/** When it is told, and when what is told of began. */
export interface CauseMoment {
  atMs: number;
  incident: { startedAtMs: number } | null;
  evidence: { sinceMs: number } | null;
}

/** `Since v214 (10:42 UTC, 2 min before it began) 2.3 % of requests are bad; before it 0.1 %.` */
export function causeSentence(cause: NoticeCause, notice: CauseMoment): string {
  const { atMs } = notice;
  switch (cause.kind) {
    case 'release': {
      const when = `${sayInstant(cause.releasedAtMs, atMs)}${beforeWords(cause.releasedAtMs, notice)}`;
      return `Since v${cause.version} (${when}) ${shareWords(cause.after)} of requests are bad; before it ${shareWords(cause.before)}.`;
    }
    case 'code':
      return `${cause.code}${cause.title === '' ? '' : ` (${cause.title})`} is ${ofWords(cause.bad, cause.ofBad)}.`;
    case 'dyno':
      return `${cause.dyno} alone carries ${ofWords(cause.bad, cause.ofBad)}; ${cause.dynos} dynos serve.`;
    case 'path':
      return `${cause.path} carries ${ofWords(cause.bad, cause.ofBad)}.`;
    case 'crash':
      return `${cause.dyno} crashed${cause.count > 1 ? ` ${sayCount(cause.count)} times` : ''} at ${sayInstant(cause.atMs, atMs)}.`;
    case 'config':
      return `Config changed at ${sayInstant(cause.atMs, atMs)}${beforeWords(cause.atMs, notice, ', ')}: ${cause.what}.`;
    case 'scale':
      return `Scaled at ${sayInstant(cause.atMs, atMs)}${beforeWords(cause.atMs, notice, ', ')}: ${cause.what}.`;
    case 'said':
      return `${cause.by} says v${cause.version} caused it.`;
  }
}

function shareWords({ bad, events }: Share): string {
  return events === 0 ? 'none' : sayShare(bad / events);
}

function ofWords(bad: number, ofBad: number): string {
  return `${sayCount(bad)} of ${sayCount(ofBad)} bad requests (${sayShare(ofBad > 0 ? bad / ofBad : 0)})`;
}

function beforeWords(causeMs: number, notice: CauseMoment, join = ', '): string {
  const startedMs = notice.incident?.startedAtMs ?? notice.evidence?.sinceMs ?? null;
  if (startedMs === null || startedMs < causeMs) return '';
  return `${join}${saySpan(startedMs - causeMs)} before it began`;
}
