/** The notes of a message as a bit set: bit i stands for NOTES[i] of model/observation.ts. */
import { NOTES, type Note } from '../model/observation.ts';

/** The bit of one note. */
export function noteBit(note: Note): number {
  return 1 << NOTES.indexOf(note);
}

/** The notes in a bit set, in the order of NOTES. */
export function notesOf(bits: number): Note[] {
  return NOTES.filter((_, index) => (bits & (1 << index)) !== 0);
}

export const NOTE_BAD_HEADER = noteBit('badHeader');
export const NOTE_BAD_PRIORITY = noteBit('badPriority');
export const NOTE_BAD_VERSION = noteBit('badVersion');
export const NOTE_BAD_TIME = noteBit('badTime');
export const NOTE_FUTURE_TIME = noteBit('futureTime');
export const NOTE_LATE_TIME = noteBit('lateTime');
export const NOTE_BAD_ROUTER_LINE = noteBit('badRouterLine');
export const NOTE_BAD_NUMBER = noteBit('badNumber');
export const NOTE_BAD_STATUS = noteBit('badStatus');
export const NOTE_BAD_METRIC = noteBit('badMetric');
export const NOTE_BAD_EVENT = noteBit('badEvent');
export const NOTE_UNKNOWN_CODE = noteBit('unknownCode');
export const NOTE_BAD_UTF8 = noteBit('badUtf8');
export const NOTE_CONTINUATION = noteBit('continuation');
