/**
 * What was sent and what became of it, per frame and per app: the side of the account that the product's
 * own counts must agree with.
 */
import type { LineMark } from './line.ts';
import { addTally, countMark, emptyTally, type Tally } from './tally.ts';

/**
 * `delivered`: some try was answered 2xx. `lost`: never, and every try has a definite refusal. `unknown`:
 * never, but some try was sent and broke off or timed out, so the receiver may have taken it.
 */
export type Fate = 'delivered' | 'lost' | 'unknown';

export interface FrameRecord {
  /** Frame id, or the request id of a shuttle's batch. */
  id: string;
  app: string;
  node: string;
  /** Messages in the last body sent, the loss notice included. */
  messages: number;
  /** Requests that were sent. */
  tries: number;
  fate: Fate;
  /** What each try came to: `204`, `503`, `timedOut`, `broken`. */
  outcomes: string[];
}

export interface ClosedFrame extends FrameRecord {
  /** Marks of the messages, without the notice. */
  marks: readonly LineMark[];
  /** Messages the notice in the last body reported lost; 0 when it had none. */
  noticeDropped: number;
  /** An earlier, ambiguous try differed in having a notice: which one counts cannot be known here. */
  noticeUncertain: boolean;
}

export interface AppLedger {
  generated: Tally;
  /** With the loss notices that were delivered. */
  delivered: Tally;
  lost: Tally;
  unknown: Tally;
  frames: { delivered: number; lost: number; unknown: number; retried: number };
  notices: { delivered: number; dropped: number; uncertain: number };
  /** Generated and not yet decided. */
  waiting: number;
}

export interface LedgerSnapshot {
  apps: Record<string, AppLedger>;
  /** Answers no Logplex could have read, with their number. */
  flaws: Record<string, number>;
}

const NOTICE_MARK: LineMark = { kind: 'loss', code: 'L10' };

/** Frames remembered one by one; the totals are never cut. */
const MAX_FRAMES = 200_000;

export class Ledger {
  readonly #apps = new Map<string, AppLedger>();
  readonly #flaws = new Map<string, number>();
  readonly #frames = new Map<string, FrameRecord>();

  /** A line was handed to a sender. */
  recordGenerated(app: string, mark: LineMark): void {
    const entry = this.#of(app);
    countMark(entry.generated, mark);
    entry.waiting += 1;
  }

  /** A message was pushed out of a full buffer, or thrown away before it was in any frame. */
  recordDiscarded(app: string, mark: LineMark): void {
    const entry = this.#of(app);
    countMark(entry.lost, mark);
    entry.waiting -= 1;
  }

  recordFrame(frame: ClosedFrame): void {
    const entry = this.#of(frame.app);
    const tally = emptyTally();
    for (const mark of frame.marks) countMark(tally, mark);
    entry.waiting -= frame.marks.length;
    entry.frames[frame.fate] += 1;
    if (frame.tries > 1) entry.frames.retried += 1;
    if (frame.fate === 'delivered') this.#recordNotice(entry, tally, frame);
    addTally(entry[frame.fate], tally);
    this.#remember(frame);
  }

  /** An answer that a real client could not have read. */
  recordFlaw(flaw: string): void {
    this.#flaws.set(flaw, (this.#flaws.get(flaw) ?? 0) + 1);
  }

  /** Every frame still remembered, oldest first. */
  frames(): IterableIterator<FrameRecord> {
    return this.#frames.values();
  }

  frame(id: string): FrameRecord | undefined {
    return this.#frames.get(id);
  }

  /** A copy that does not change any more. */
  snapshot(): LedgerSnapshot {
    return structuredClone({
      apps: Object.fromEntries(this.#apps),
      flaws: Object.fromEntries(this.#flaws),
    });
  }

  #recordNotice(entry: AppLedger, tally: Tally, frame: ClosedFrame): void {
    if (frame.noticeUncertain) entry.notices.uncertain += 1;
    if (frame.noticeDropped === 0) return;
    entry.notices.delivered += 1;
    entry.notices.dropped += frame.noticeDropped;
    countMark(tally, NOTICE_MARK);
  }

  #remember({ id, app, node, messages, tries, fate, outcomes }: ClosedFrame): void {
    if (this.#frames.size >= MAX_FRAMES) {
      const oldest = this.#frames.keys().next().value;
      if (oldest !== undefined) this.#frames.delete(oldest);
    }
    this.#frames.set(id, { id, app, node, messages, tries, fate, outcomes });
  }

  #of(app: string): AppLedger {
    let entry = this.#apps.get(app);
    if (entry === undefined) {
      entry = {
        generated: emptyTally(),
        delivered: emptyTally(),
        lost: emptyTally(),
        unknown: emptyTally(),
        frames: { delivered: 0, lost: 0, unknown: 0, retried: 0 },
        notices: { delivered: 0, dropped: 0, uncertain: 0 },
        waiting: 0,
      };
      this.#apps.set(app, entry);
    }
    return entry;
  }
}
