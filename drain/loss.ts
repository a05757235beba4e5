/**
 * Notices that log lines were lost, of (`heroku`, `logplex`) and (`app`, `log-shuttle`), to a loss
 * (FORMATS 2.6). The texts differ over the years:
 *
 *   Error L10 (output buffer overflow): 2 messages dropped since 2023-02-12T20:46:53.025447+00:00.
 *   Error L10 (output buffer overflow): drain 'd.<uuid>' dropped 37 messages since 2020-…
 *   Error L12: 222 messages dropped since 2013-11-04T21:31:32.125756+00:00.
 *   L11 (Tail buffer overflow) -> This tail session dropped 1101 messages since 2011-05-03T17:35:00+00:00
 *
 * L14 (certificate of a syslog drain), L15 and L20 carry no number.
 */

import { codeOf } from '../model/codes.ts';
import type { Loss } from '../model/observation.ts';
import { NOTE_BAD_EVENT, NOTE_BAD_NUMBER, NOTE_UNKNOWN_CODE } from './notes.ts';
import { readTimestamp } from './timestamp.ts';

/** A loss and the notes that go with it. */
export interface ReadLoss {
  loss: Loss;
  notes: number;
}

const CODE = /\b(L\d\d)\b/;
const DROPPED = /(\S+) messages?\b/;
const SINCE = /\bsince (\S+)/;
/** A notice is short; more is not looked at. */
const MAX_TEXT = 1_000;
/** Codes that tell a number of lost messages. */
const COUNTING: ReadonlySet<string> = new Set(['L10', 'L11', 'L12', 'L13']);

/** Reads a notice. Null when there is no L code in it. An unreadable number or time is left out and noted. */
export function parseLoss(text: string): ReadLoss | null {
  const line = text.slice(0, MAX_TEXT);
  const code = CODE.exec(line)?.[1];
  if (code === undefined) return null;
  const loss: Loss = { code };
  if (codeOf(code) === undefined) return { loss, notes: NOTE_UNKNOWN_CODE };
  if (!COUNTING.has(code)) return { loss, notes: 0 };
  let notes = 0;
  const dropped = DROPPED.exec(line)?.[1] ?? '';
  if (/^\d{1,15}$/.test(dropped)) loss.dropped = Number(dropped);
  else notes |= NOTE_BAD_NUMBER;
  const since = sinceOf(line);
  const sinceMs = readTimestamp(since, 0, since.length);
  if (Number.isNaN(sinceMs)) notes |= NOTE_BAD_EVENT;
  else loss.sinceMs = sinceMs;
  return { loss, notes };
}

/** The bytes of the time behind `since`, without the final dot; empty when there is none. */
export function sinceOf(text: string): Uint8Array {
  const since = SINCE.exec(text.slice(0, MAX_TEXT))?.[1] ?? '';
  return Buffer.from(since.endsWith('.') ? since.slice(0, -1) : since, 'latin1');
}
