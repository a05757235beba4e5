/**
 * What happened to one dyno in a range, told from the platform's lines about it (FORMATS 7.2): starts, daily restarts,
 * crashes, ends of its process, and how long its newest boot took. Pure.
 */
import { MINUTE } from './time.ts';

/** An event of a dyno, as stored. */
export interface LifeEvent {
  atMs: number;
  untilMs: number;
  /** state, exit, cycling, code; others are passed over. */
  kind: string;
  code: string | null;
  count: number;
  detail: Readonly<Record<string, unknown>>;
}

export interface LifeMark {
  atMs: number;
  untilMs: number;
  /** `cycle`: the daily restart; `restart`: any other. */
  kind: 'restart' | 'cycle' | 'crash' | 'R14' | 'R15';
  count: number;
}

export interface Life {
  /** By time. */
  marks: LifeMark[];
  boots: number;
  restarts: number;
  cycles: number;
  crashes: number;
  /** Most frequent first; null: without a status. */
  exits: { status: number | null; count: number }[];
  /** Newest boot that came to `up`. */
  boot: { startingMs: number; upMs: number } | null;
  /** Newest `starting`, else `up`; null when it did not start in the range. */
  startedMs: number | null;
}

/** `Cycling` is written just before the state changes. */
const CYCLING_WITHIN_MS = 2 * MINUTE;
/** The first start of a new dyno is no restart of it. */
const NEW_STATES: readonly unknown[] = ['created', 'provisioning'];

/** events: of one dyno, in any order. */
export function lifeOf(events: readonly LifeEvent[]): Life {
  const life: Life = {
    marks: [],
    boots: 0,
    restarts: 0,
    cycles: 0,
    crashes: 0,
    exits: [],
    boot: null,
    startedMs: null,
  };
  const exits = new Map<number | null, number>();
  let cyclingMs = Number.NEGATIVE_INFINITY;
  let startingMs: number | null = null;
  for (const event of [...events].sort((a, b) => a.atMs - b.atMs)) {
    const { atMs, kind, detail } = event;
    if (kind === 'cycling') cyclingMs = atMs;
    else if (kind === 'exit') exits.set(statusOf(detail), (exits.get(statusOf(detail)) ?? 0) + 1);
    else if (kind === 'code') addCode(life, event);
    else if (kind !== 'state') continue;
    else if (detail.to === 'starting') {
      const isCycle = atMs - cyclingMs <= CYCLING_WITHIN_MS;
      startingMs = atMs;
      life.startedMs = atMs;
      if (!NEW_STATES.includes(detail.from)) addStart(life, atMs, isCycle);
    } else if (detail.to === 'up') {
      life.boots++;
      if (startingMs !== null) life.boot = { startingMs, upMs: atMs };
      else life.startedMs = atMs;
      startingMs = null;
    } else if (detail.to === 'crashed') {
      life.crashes++;
      life.marks.push({ atMs, untilMs: atMs, kind: 'crash', count: 1 });
    }
  }
  life.exits = exitsOf(exits);
  return life;
}

/** Most frequent first; of equals the lower status, none last. */
function exitsOf(counts: ReadonlyMap<number | null, number>): Life['exits'] {
  return [...counts]
    .map(([status, count]) => ({ status, count }))
    .sort((a, b) => b.count - a.count || (a.status ?? 256) - (b.status ?? 256));
}

/** Lives of several dynos as one: one-off dynos have a new name each time, and are told as their type. */
export function mergeLives(lives: readonly Life[]): Life {
  const exits = new Map<number | null, number>();
  for (const { status, count } of lives.flatMap((life) => life.exits))
    exits.set(status, (exits.get(status) ?? 0) + count);
  const sum = (of: 'boots' | 'restarts' | 'cycles' | 'crashes') =>
    lives.reduce((all, life) => all + life[of], 0);
  const newest = lives.reduce<Life | null>(
    (best, life) => ((life.startedMs ?? -1) > (best?.startedMs ?? -1) ? life : best),
    null,
  );
  return {
    marks: lives.flatMap((life) => life.marks).sort((a, b) => a.atMs - b.atMs),
    boots: sum('boots'),
    restarts: sum('restarts'),
    cycles: sum('cycles'),
    crashes: sum('crashes'),
    exits: exitsOf(exits),
    boot: newest?.boot ?? null,
    startedMs: newest?.startedMs ?? null,
  };
}

function addStart(life: Life, atMs: number, isCycle: boolean): void {
  life.restarts++;
  if (isCycle) life.cycles++;
  life.marks.push({ atMs, untilMs: atMs, kind: isCycle ? 'cycle' : 'restart', count: 1 });
}

function addCode(life: Life, { atMs, untilMs, code, count }: LifeEvent): void {
  if (code === 'R14' || code === 'R15') life.marks.push({ atMs, untilMs, kind: code, count });
}

function statusOf(detail: LifeEvent['detail']): number | null {
  return typeof detail.exitStatus === 'number' ? detail.exitStatus : null;
}
