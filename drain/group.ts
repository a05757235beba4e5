/** The frames that wait for one commit, read into sections already. */
import type { LossRecord } from '../model/deltas.ts';
import { encodeLogSection } from '../model/log-block.ts';
import type { LogChunkInput } from '../store/chunks.ts';
import { encodeSection } from './chunk.ts';
import { getOrMake } from './get-or-make.ts';
import type { Intake } from './intake.ts';
import { Section } from './section.ts';
import type { AppState, Body } from './target.ts';

/** A frame between arrival and answer. */
export class PendingFrame {
  /** Drain and identity, '' for frames that are not entered in the ledger. */
  readonly key: string;
  readonly position: number;
  readonly drainId: number;
  /** 16 bytes; null when it is known to be counted, or carries a loss of our own only. */
  readonly frameId: Buffer | null;
  readonly bodyBytes: number;
  #outcome: FrameOutcome | null = null;
  #listener: ((outcome: FrameOutcome) => void) | null = null;

  constructor(key: string, position: number, drainId: number, frameId: Buffer | null, bodyBytes: number) {
    this.key = key;
    this.position = position;
    this.drainId = drainId;
    this.frameId = frameId;
    this.bodyBytes = bodyBytes;
  }

  settle(outcome: FrameOutcome): void {
    if (this.#outcome !== null) return;
    this.#outcome = outcome;
    this.#listener?.(outcome);
    this.#listener = null;
  }

  /** Called once with the outcome. A plain call: a promise for each frame is a good part of a small frame's cost. */
  onSettled(listener: (outcome: FrameOutcome) => void): void {
    const before = this.#listener;
    if (this.#outcome !== null) listener(this.#outcome);
    else if (before === null) this.#listener = listener;
    else
      this.#listener = (outcome) => {
        before(outcome);
        listener(outcome);
      };
  }

  /** The outcome as a promise. */
  get settled(): Promise<FrameOutcome> {
    return new Promise((resolve) => this.onSettled(resolve));
  }
}

/**
 * `spooled`: the spool has it, and it is counted when it is moved. `failed`: the database refuses this very group;
 * nothing of it was counted.
 */
export type FrameOutcome = 'counted' | 'duplicate' | 'spooled' | 'failed';

/** Sealed when it holds this much: a statement stays small enough to be quick, and memory bounded. */
const GROUP_MESSAGES_MAX = 8_000;
const GROUP_BYTES_MAX = 4 * 1024 * 1024;
/** More than 12,800 frames a second within a tick: small frames of many senders, each of whom waits for its answer. */
const GROUP_FRAMES_EARLY = 256;

export class Group {
  readonly frames: PendingFrame[] = [];
  readonly #sections = new Map<number, Section>();
  readonly openedAtMs: number;
  messages = 0;
  bodyBytes = 0;

  constructor(openedAtMs: number) {
    this.openedAtMs = openedAtMs;
  }

  get full(): boolean {
    return this.messages >= GROUP_MESSAGES_MAX || this.bodyBytes >= GROUP_BYTES_MAX;
  }

  /** So many frames that their statement is worth its price: waiting longer would only make them wait. */
  get worthwhile(): boolean {
    return this.frames.length >= GROUP_FRAMES_EARLY;
  }

  get sections(): Section[] {
    return [...this.#sections.values()];
  }

  #section(appId: number): Section {
    return getOrMake(this.#sections, appId, () => new Section(appId));
  }

  /** Reads a body into the group. `frameId` null: its losses alone count. */
  add(intake: Intake, app: AppState, body: Body, frameId: Buffer | null, key: string): PendingFrame {
    const frame = this.#pending(key, body.drainId, frameId, body.buf.length);
    try {
      this.messages += intake.add(this.#section(app.appId), frame.position, app, body).messages;
    } catch (error) {
      // A mistake of ours. What was read of it is left out, and its identity is not entered: its next try must count.
      this.frames[frame.position] = new PendingFrame('', frame.position, body.drainId, null, 0);
      this.bodyBytes -= frame.bodyBytes;
      throw error;
    }
    return frame;
  }

  /** A loss that we caused ourselves, such as a body that was refused. */
  addLoss(appId: number, drainId: number, receivedAtMs: number, loss: LossRecord): PendingFrame {
    const frame = this.#pending('', drainId, null, 0);
    const section = this.#section(appId);
    const index =
      section.frames.push({
        position: frame.position,
        drainId,
        receivedAtMs,
        bodyBytes: 0,
        messages: 0,
        kinds: [],
        filed: [],
        notes: [],
        redactions: 0,
        lastLineMs: 0,
      }) - 1;
    section.records.push({ frame: index, timeMs: receivedAtMs, body: loss });
    return frame;
  }

  #pending(key: string, drainId: number, frameId: Buffer | null, bodyBytes: number): PendingFrame {
    const frame = new PendingFrame(key, this.frames.length, drainId, frameId, bodyBytes);
    this.frames.push(frame);
    this.bodyBytes += bodyBytes;
    return frame;
  }

  /** The same as one group for each app, in the order of the sections: frames keep their positions. */
  split(): Group[] {
    return this.sections.map((section) => {
      const group = new Group(this.openedAtMs);
      group.#sections.set(section.appId, section);
      for (const { position, messages } of section.frames) {
        const frame = this.frames[position];
        if (frame === undefined) continue;
        group.frames.push(frame);
        group.messages += messages;
        group.bodyBytes += frame.bodyBytes;
      }
      return group;
    });
  }

  /** The group as the columns of a chunk row. */
  encode(): { appIds: number[]; sectionEnds: number[]; body: Buffer } {
    const sections = this.sections;
    const parts = sections.map(encodeSection);
    let end = 0;
    return {
      appIds: sections.map((section) => section.appId),
      sectionEnds: parts.map((part) => {
        end += part.length;
        return end;
      }),
      body: Buffer.concat(parts),
    };
  }

  /** The lines of the group as the columns of a row of the log; null without. */
  encodeLogs(): LogChunkInput | null {
    const parts: Buffer[] = [];
    const logs: LogChunkInput = { appIds: [], sectionEnds: [], lines: 0, body: Buffer.alloc(0) };
    let end = 0;
    for (const section of this.#sections.values()) {
      if (section.logs === null) continue;
      const { appId } = section;
      const part = encodeLogSection({ appId, lines: section.logs.lines, leftOut: section.logs.leftOut });
      parts.push(part);
      end += part.length;
      logs.appIds.push(appId);
      logs.sectionEnds.push(end);
      logs.lines += section.logs.lines.length;
    }
    if (parts.length === 0) return null;
    logs.body = Buffer.concat(parts);
    return logs;
  }
}
