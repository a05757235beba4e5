/**
 * What gives way under pressure, and when it comes back. Parts give way in one order and come back in the
 * opposite one: at once when pressure asks for it, back one by one after it has been lower for a while. Pure.
 */
import { SHED_ORDER, type ShedPart } from './ingest-health.ts';

/** What a process feels, each as a share of what it may be: 1 is the bound. */
export interface Pressure {
  /** Memory in use. */
  memory: number;
  /** Bodies held, while the database takes them: a backlog that grows although commits work. */
  held: number;
  /** How late the event loop is, ms, smoothed over some seconds. */
  lagMs: number;
}

export interface SheddingState {
  /** How many parts of SHED_ORDER give way. */
  level: number;
  /** When the level last changed, or pressure last asked for as much; ms of any clock that only goes on. */
  heldSinceMs: number;
}

export const CALM: SheddingState = { level: 0, heldSinceMs: Number.NEGATIVE_INFINITY };

interface Threshold {
  memory: number;
  held: number;
  lagMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/**
 * From where each part gives way. Only memory ends in alerts being late or apps being put off: a full store of held
 * bodies bounds itself, and a late loop is helped by fewer pages, not by fewer alerts.
 */
export const THRESHOLDS: Readonly<Record<ShedPart, Threshold>> = {
  liveTail: { memory: 0.85, held: 0.5, lagMs: 200 },
  exports: { memory: 0.88, held: 0.6, lagMs: 300 },
  dashboards: { memory: 0.91, held: 0.7, lagMs: 500 },
  rollUps: { memory: 0.94, held: 0.85, lagMs: 1_000 },
  evaluation: { memory: 0.97, held: NEVER, lagMs: NEVER },
  ingest: { memory: 1, held: NEVER, lagMs: NEVER },
};

/** A part comes back below this share of where it gave way: less would make it flap with every collection. */
const BACK_BELOW = 0.93;
/** … and when it has been so for this long; the next one after as long again. */
export const BACK_AFTER_MS = 5_000;

/** The state after a look at the pressure. */
export function stepShedding(state: SheddingState, pressure: Pressure, nowMs: number): SheddingState {
  const wanted = levelAt(pressure, 1);
  if (wanted >= state.level) {
    // Also where nothing changes: the time that it has to be quiet begins anew.
    return state.level === 0 && wanted === 0 ? state : { level: wanted, heldSinceMs: nowMs };
  }
  if (levelAt(pressure, BACK_BELOW) >= state.level) return { level: state.level, heldSinceMs: nowMs };
  if (nowMs - state.heldSinceMs < BACK_AFTER_MS) return state;
  return { level: state.level - 1, heldSinceMs: nowMs };
}

/** How many parts a pressure asks for; `share` moves all thresholds. */
function levelAt(pressure: Pressure, share: number): number {
  const reached = SHED_ORDER.map((part) => {
    const { memory, held, lagMs } = THRESHOLDS[part];
    return (
      pressure.memory >= memory * share || pressure.held >= held * share || pressure.lagMs >= lagMs * share
    );
  });
  return reached.lastIndexOf(true) + 1;
}

export function shedParts(state: SheddingState): ShedPart[] {
  return SHED_ORDER.slice(0, state.level);
}

/** Code, stacks and what the runtime needs for itself: part of every process, in no figure of the heap. */
const BASE_BYTES = 60 * 1024 * 1024;
/** A process in good health has so much more than its live bytes, for young objects and for the allocator's holes. */
const LOOSE_FACTOR = 1.7;

/**
 * Memory in use for the purpose of shedding: what the system counts, unless most of that is free room which the
 * allocator keeps for later. Such room is used again before the process grows, and giving pages up would not shrink it.
 *
 * @param memory as `process.memoryUsage()` gives it
 */
export function bytesInUse(memory: { rss: number; heapTotal: number; external: number }): number {
  return Math.min(memory.rss, (memory.heapTotal + memory.external + BASE_BYTES) * LOOSE_FACTOR);
}
