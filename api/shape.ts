/** Rows as the contract's shapes. Pure. */

import { HEROKU_CODES, type HerokuCode } from '../model/codes.ts';
import type { PersonRow } from '../store/people.ts';
import type { GapSpan } from '../store/reads/gaps.ts';
import type { HealthOfApp } from '../store/reads/health.ts';
import type { ReadRange } from '../store/reads/range.ts';
import type { CodeInfo } from './contract/codes.ts';
import type { HealthSummary } from './contract/health.ts';
import type { PersonAnswer } from './contract/session.ts';
import type { GapAnswer, RangeAnswer } from './contract/time.ts';

export function toRange(range: ReadRange): RangeAnswer {
  return {
    from: range.fromS,
    to: range.toS,
    step: range.stepS,
    resolution: range.resolutionS,
    openFrom: range.openFromS,
  };
}

export function toGap(gap: GapSpan): GapAnswer {
  return { from: gap.fromMs / 1000, to: gap.toMs / 1000, messages: gap.messages, cause: gap.cause };
}

export function toHealth(health: HealthOfApp): HealthSummary {
  return {
    state: health.state,
    dataThroughMs: health.dataThroughMs,
    lagMs: health.lagMs,
    lostMessages: health.lostMessages,
    messages: health.messages,
  };
}

export function toPerson(person: PersonRow): PersonAnswer {
  return { id: person.id, email: person.email, displayName: person.displayName, role: person.role };
}

const BY_CODE = new Map(HEROKU_CODES.map((code) => [code.code, code]));

export const CODE_TABLE: CodeInfo[] = HEROKU_CODES.map(toCode);

function toCode(code: HerokuCode): CodeInfo {
  return {
    code: code.code,
    title: code.title,
    meaning: code.meaning,
    reason: code.reason,
    firstCheck: code.firstCheck,
    severity: code.severity,
    cause: code.cause,
    countsAgainstAvailability: code.defaultCounted,
    lifecycle: code.lifecycle,
    known: true,
  };
}

/** What is known of a code; of an unknown one that it is unknown, and what is done with it. */
export function codeInfo(code: string): CodeInfo {
  const known = BY_CODE.get(code);
  if (known) return toCode(known);
  return {
    code,
    title: 'Unknown code',
    meaning: 'Heroku wrote a code that the list of codes does not have yet.',
    reason:
      'A request with an unknown code counts as bad when its line says at=error or its status is 500 or more.',
    firstCheck: 'Look for the code in Heroku Dev Center, "Heroku Error Codes".',
    severity: 'medium',
    cause: 'unknown',
    countsAgainstAvailability: code.startsWith('H'),
    lifecycle: 'current',
    known: false,
  };
}
