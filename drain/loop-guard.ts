/**
 * Notices a drain that brings us what we caused ourselves (S-21): our own app's lines, among them the router's line of
 * each delivery, which is delivered in turn. Nothing here writes a line a frame, so the loop cannot grow; a late answer
 * makes it slow, for its sender has one delivery under way at a time.
 */

/** How a Drainboard knows its own lines. */
export interface OwnSigns {
  /** Our own Heroku app; undefined elsewhere. */
  appName?: string | undefined;
  /** Stands in every line our processes write, and in no other line on earth; '' when they write none. */
  instance: string;
  /** Hosts that lead here: of the router's lines about deliveries to us. */
  hosts: readonly string[];
}

/** Answers to a drain in a loop come this long after its request, ms; Logplex waits 5 s. */
export const LOOP_ANSWER_MS = 4_000;
/** A drain that is not in a loop is looked at this often, ms: a loop does not go away by itself. */
const LOOK_EVERY_MS = 1_000;
/** Without a line of ours for this long a drain is like any other again, ms. */
const LOOPING_FOR_MS = 10 * 60_000;
/** A router's line of a delivery names its path this many bytes before its host, at most. */
const PATH_BEFORE_BYTES = 400;
/** Lines counted in one body. */
const LINES_MAX = 10_000;

/** What is remembered of a drain. */
export interface LoopMemory {
  lookAtMs: number;
  loopingUntilMs: number;
}

export function emptyLoopMemory(): LoopMemory {
  return { lookAtMs: 0, loopingUntilMs: 0 };
}

export class LoopGuard {
  readonly #appName: string | undefined;
  readonly #instance: Buffer;
  readonly #hosts: Buffer[];
  readonly #apps = new Map<string, { lines: number; atMs: number }>();

  constructor(signs: OwnSigns) {
    this.#appName = signs.appName;
    this.#instance = Buffer.from(signs.instance);
    this.#hosts = signs.hosts.map((host) => Buffer.from(` host=${host} `));
  }

  /** Whether the drain is in a loop with us; counts the lines of the body that say so. */
  look(drain: { loop: LoopMemory }, appName: string, buf: Buffer, nowMs: number): boolean {
    const { loop } = drain;
    const isLooping = nowMs < loop.loopingUntilMs;
    if (!isLooping && Math.abs(nowMs - loop.lookAtMs) < LOOK_EVERY_MS) return false;
    loop.lookAtMs = nowMs;
    const lines = this.#linesOf(appName, buf);
    if (lines === 0) return isLooping;
    loop.loopingUntilMs = nowMs + LOOPING_FOR_MS;
    const known = this.#apps.get(appName);
    this.#apps.set(appName, { lines: (known?.lines ?? 0) + lines, atMs: nowMs });
    return true;
  }

  /** Apps in a loop with us now: name → lines since the process began. */
  apps(nowMs: number): Record<string, number> {
    const looping = [...this.#apps].filter(([, { atMs }]) => nowMs - atMs < LOOPING_FOR_MS);
    return Object.fromEntries(looping.map(([name, { lines }]) => [name, lines]));
  }

  #linesOf(appName: string, buf: Buffer): number {
    const deliveries = this.#hosts.reduce((sum, host) => sum + countDeliveries(buf, host), 0);
    const lines = deliveries + (this.#instance.length > 0 ? count(buf, this.#instance) : 0);
    // By its name alone it is ours whatever its lines say.
    return appName === this.#appName ? Math.max(1, lines) : lines;
  }
}

const DELIVERY = Buffer.from('method=POST path="/drain');

function countDeliveries(buf: Buffer, host: Buffer): number {
  let lines = 0;
  for (let at = buf.indexOf(host); at >= 0 && lines < LINES_MAX; at = buf.indexOf(host, at + host.length)) {
    const before = buf.subarray(Math.max(0, at - PATH_BEFORE_BYTES), at);
    const path = before.lastIndexOf(DELIVERY);
    // Within the same line: a path's own line ends are escaped.
    if (path >= 0 && !before.includes(0x0a, path)) lines++;
  }
  return lines;
}

function count(buf: Buffer, sign: Buffer): number {
  let lines = 0;
  for (let at = buf.indexOf(sign); at >= 0 && lines < LINES_MAX; at = buf.indexOf(sign, at + sign.length))
    lines++;
  return lines;
}
