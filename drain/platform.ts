/**
 * What Heroku says about a dyno, message of (`heroku`, dyno), to an event (FORMATS 7.1):
 *
 *   State changed from starting to up
 *   Process running mem=736M(143.8%)
 *   Error R14 (Memory quota exceeded)
 *   Process exited with status 143
 */

import { codeOf } from '../model/codes.ts';
import type { DynoEvent } from '../model/observation.ts';
import { NOTE_BAD_EVENT, NOTE_UNKNOWN_CODE } from './notes.ts';

/** An event and the notes that go with it; no event when the text is of no known form. */
export interface ReadDynoEvent {
  event: DynoEvent | null;
  notes: number;
}

const PLAIN_EVENTS: ReadonlyMap<string, DynoEvent['event']> = new Map([
  ['Restarting', 'restarting'],
  ['Cycling', 'cycling'],
  ['Idling', 'idling'],
  ['Unidling', 'unidling'],
  ['Awaiting client', 'oneOff'],
]);

const STATE = /^State changed from (\S*) to (\S*)$/;
const EXIT = /^Process exited(?: with status (\S*))?$/;
const STOP = /^Stopping (?:all processes|process|remaining processes) with (\S*)$/;
const MEMORY = /^Process running mem=(\d{1,15})MB?\((\d{1,15})(?:\.(\d{1,6}))?%\)$/;
const CODE = /^Error (R\d\d)\b/;
const HANGUP = 'Client connection closed. Sending SIGHUP to all processes';
/** A known beginning, and nothing behind it that could be read. */
const UNREADABLE: ReadDynoEvent = { event: null, notes: NOTE_BAD_EVENT };
/** `/bin/sh -c '…'` may carry secrets from config vars: only its first word is kept. */
const COMMAND = /^Starting process with command:? `\s*([^\s`=]*)/;
const SIGNAL = /^SIG[A-Z0-9]{1,8}$/;
const STATE_NAME = /^[A-Za-z_-]{1,40}$/;

/**
 * Reads the text of a (`heroku`, `dyno`) message. A known form with unreadable content gives what could be read
 * (nothing at all for `Error R` without a number) and note `badEvent`.
 */
export function parseDynoEvent(text: string, dyno: string): ReadDynoEvent {
  const line = text.trimEnd();
  const plain = PLAIN_EVENTS.get(line);
  if (plain !== undefined) return { event: { dyno, event: plain }, notes: 0 };
  if (line === HANGUP) return { event: { dyno, event: 'oneOff', signal: 'SIGHUP' }, notes: 0 };
  if (line.startsWith('Starting process with command')) return parseStart(line, dyno);
  if (line.startsWith('State changed ')) return parseState(line, dyno);
  if (line.startsWith('Process exited')) return parseExit(line, dyno);
  if (line.startsWith('Stopping ')) return parseStop(line, dyno);
  if (line.startsWith('Process running mem=')) return parseMemory(line, dyno);
  if (line.startsWith('Error ')) return parseCode(line, dyno);
  return { event: null, notes: 0 };
}

/** First word of the command of a "Starting process" text, `NAME` of a leading `NAME=value`; '' when there is none. */
export function firstWordOfCommand(text: string): string {
  return COMMAND.exec(text)?.[1]?.slice(0, 100) ?? '';
}

function parseStart(line: string, dyno: string): ReadDynoEvent {
  const event: DynoEvent = { dyno, event: 'start' };
  const command = firstWordOfCommand(line);
  if (command !== '') event.command = command;
  return { event, notes: command === '' ? NOTE_BAD_EVENT : 0 };
}

function parseState(line: string, dyno: string): ReadDynoEvent {
  const match = STATE.exec(line);
  const [, from = '', to = ''] = match ?? [];
  const event: DynoEvent = { dyno, event: 'state' };
  if (STATE_NAME.test(from)) event.from = from;
  if (STATE_NAME.test(to)) event.to = to;
  if (event.from === undefined && event.to === undefined) return UNREADABLE;
  return { event, notes: event.from === undefined || event.to === undefined ? NOTE_BAD_EVENT : 0 };
}

/** `Process exited` alone is the form of 2011. */
function parseExit(line: string, dyno: string): ReadDynoEvent {
  const match = EXIT.exec(line);
  if (match === null) return UNREADABLE;
  const event: DynoEvent = { dyno, event: 'exit' };
  const status = match[1];
  if (status === undefined) return { event, notes: 0 };
  if (!/^\d{1,3}$/.test(status) || Number(status) > 255) return { event, notes: NOTE_BAD_EVENT };
  event.exitStatus = Number(status);
  return { event, notes: 0 };
}

function parseStop(line: string, dyno: string): ReadDynoEvent {
  const match = STOP.exec(line);
  if (match === null) return UNREADABLE;
  const signal = match[1] ?? '';
  if (!SIGNAL.test(signal)) return { event: { dyno, event: 'stop' }, notes: NOTE_BAD_EVENT };
  return { event: { dyno, event: 'stop', signal }, notes: 0 };
}

function parseMemory(line: string, dyno: string): ReadDynoEvent {
  const event: DynoEvent = { dyno, event: 'memory' };
  const match = MEMORY.exec(line);
  if (match === null) return { event, notes: NOTE_BAD_EVENT };
  const decimals = match[3] ?? '';
  event.memoryBytes = Number(match[1]) * 2 ** 20;
  // Digits first, one division last: 143.8 % is 1.438 and no digit more.
  event.quotaRatio = Number(`${match[2]}${decimals}`) / 10 ** (decimals.length + 2);
  return { event, notes: 0 };
}

function parseCode(line: string, dyno: string): ReadDynoEvent {
  const code = CODE.exec(line)?.[1];
  if (code === undefined) return UNREADABLE;
  return { event: { dyno, event: 'code', code }, notes: codeOf(code) === undefined ? NOTE_UNKNOWN_CODE : 0 };
}
