/** Where the messages of one body go: the frame being filled, and what is known of its app and drain. */
import { HOUR } from '../model/time.ts';
import type { Term } from './intern.ts';
import type { Dialect } from './message.ts';
import type { FrameEntry, Section } from './section.ts';

/** What the intake knows of the app whose lines it reads. */
export interface AppState {
  appId: number;
  customMetrics: boolean;
  /** Whether lines of its log are kept; left out: none are. */
  keepLogs?: boolean;
  /** Until then lines keep their own time up to HISTORY_MAX_MS back. */
  historyOpenUntilMs: number;
  /** Release that serves now, stamped on each request; '' before the first was seen. */
  release: Term;
  releaseAtMs: number;
}

/** How old a line of an open history may be: what the finest resolution keeps, less an hour for the way. */
export const HISTORY_MAX_MS = 47 * HOUR;

export interface Body {
  buf: Uint8Array;
  dialect: Dialect;
  receivedAtMs: number;
  drainId: number;
  /** The drain as the receiver knows it: the newest line time taken over, ms; 0 without. Moved on by the intake. */
  drain: { lastLineMs: number };
  /** `Logplex-Msg-Count`; −1 when absent. */
  announced: number;
  /** Losses told by headers of the request, `Logplex-Drop-Count` and `Logplex-Lost-Count`; 0 without. */
  dropCount: number;
  lostCount: number;
  /** Identity of the frame, part of the key of losses told by headers. */
  frameKey: string;
  /** The frame was counted before: only its loss notices are read. */
  lossesOnly: boolean;
}

export interface Target {
  section: Section;
  /** Index of the frame in the section. */
  frame: number;
  entry: FrameEntry;
  app: AppState;
  body: Body;
  /** View of the body's bytes. */
  words: DataView;
  /** Newest line time of the drain before this body, ms; 0 without. */
  previousLineMs: number;
  /** Pieces of this frame put into quarantine so far. */
  quarantined: number;
}

/** Counts the notes of a bit set. */
export function note(entry: FrameEntry, bits: number): void {
  for (let index = 0, rest = bits; rest !== 0; index++, rest >>>= 1) {
    if ((rest & 1) !== 0) entry.notes[index] = (entry.notes[index] ?? 0) + 1;
  }
}

/** Number of a term in the section, its findings counted. */
export function use(section: Section, entry: FrameEntry, term: Term): number {
  if (term.found) countFound(entry, term);
  return section.number(term);
}

function countFound(entry: FrameEntry, term: Term): void {
  note(entry, term.notes);
  entry.redactions += term.redactions;
}

/** Start of a span; absent spans are empty ones. */
export function at(start: number): number {
  return start < 0 ? 0 : start;
}
