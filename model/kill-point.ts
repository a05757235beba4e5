/**
 * Named spots of the code at which a test can make a process die, freeze, fail or dawdle. They do nothing unless
 * they were armed, which the environment does once at the start (`DRAINBOARD_KILL_POINTS`); an unarmed spot costs
 * one comparison.
 */

/** Every spot there is, in the order in which a frame passes them. */
export const KILL_POINTS = [
  /** A part of a body has arrived. */
  'body.part',
  /** A group is about to be committed; no statement of it has been sent. */
  'commit.before',
  /** A group is committed; nobody has been answered. */
  'commit.after',
  /** A group is in the spool; nobody has been answered. */
  'spool.appended',
  /** An entry of the spool is about to be committed; no statement of it has been sent. */
  'mover.before',
  /** An entry of the spool is committed; it is still in the spool. */
  'mover.after',
  /** Inside the transaction of a roll-up: some rows are written. */
  'rollup.inside',
  /** A roll-up is committed; this process does not know it yet. */
  'rollup.after',
  /** Inside the transaction that makes blocks of a log's chunks: all is written, nothing committed. */
  'logs.compacting',
  /** A dead writer is claimed; nothing of it is rolled up. */
  'takeover.claimed',
  /** Apps have been followed; nothing of it is committed. */
  'liveness.before',
  /** SLOs are evaluated; nothing of it is committed: no state, no incident, no notification (K-09). */
  'evaluate.before',
  /** Evaluations are committed with what they tell; nobody has been told (K-10). */
  'evaluate.after',
  /** Rules are evaluated; nothing of it is committed. */
  'rules.before',
  /** Fire drills are brought on; nothing of it is committed. */
  'drill.before',
  /** A notification is claimed; its attempt has not begun (K-10). */
  'notify.before',
  /** A notification was sent; nothing of the attempt is recorded (K-11). */
  'notify.sent',
] as const;

export type KillPoint = (typeof KILL_POINTS)[number];

/**
 * `kill` and `stop` are signals to ourselves, `throw` an Error, `wait` blocks the whole process for so long. `mistake`
 * is an Error that nobody catches (K-17), `heap` uses up the heap (K-16).
 */
type Action = { kind: 'kill' | 'stop' | 'throw' | 'mistake' | 'heap' } | { kind: 'wait'; ms: number };

const WORDS = ['kill', 'stop', 'throw', 'mistake', 'heap'] as const;

interface Armed {
  /** Happens at this pass, counted from 1. */
  pass: number;
  action: Action;
}

let armed: Map<KillPoint, Armed[]> | null = null;
const passes = new Map<KillPoint, number>();

/**
 * Arms spots: `name:pass:action`, separated by commas; action `kill`, `stop`, `throw`, `mistake`, `heap` or
 * `wait<ms>`. Replaces what was armed before, '' disarms all. Throws one Error that names every fault.
 */
export function armKillPoints(text: string): void {
  const next = new Map<KillPoint, Armed[]>();
  const faults: string[] = [];
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const [name = '', pass = '', action = ''] = entry.split(':');
    const isKnown = (KILL_POINTS as readonly string[]).includes(name);
    const does = parseAction(action);
    if (!isKnown || !/^[1-9]\d{0,8}$/.test(pass) || does === null) {
      faults.push(`"${entry}" is not name:pass:action with a name of ${KILL_POINTS.join(', ')}`);
      continue;
    }
    const known = next.get(name as KillPoint) ?? [];
    next.set(name as KillPoint, [...known, { pass: Number(pass), action: does }]);
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  passes.clear();
  armed = next.size === 0 ? null : next;
}

function parseAction(text: string): Action | null {
  const word = WORDS.find((known) => known === text);
  if (word !== undefined) return { kind: word };
  const ms = /^wait(\d{1,6})$/.exec(text)?.[1];
  return ms === undefined ? null : { kind: 'wait', ms: Number(ms) };
}

/** Passes a spot. */
export function killPoint(name: KillPoint): void {
  if (armed !== null) passArmed(name, armed);
}

function passArmed(name: KillPoint, spots: Map<KillPoint, Armed[]>): void {
  const pass = (passes.get(name) ?? 0) + 1;
  passes.set(name, pass);
  const action = spots.get(name)?.find((spot) => spot.pass === pass)?.action;
  if (action === undefined) return;
  // Straight to the descriptor: a stream would not be flushed any more. The test sees that its fault fired.
  process.stderr.write(`kill point ${name} pass ${pass}: ${action.kind}\n`);
  if (action.kind === 'throw') throw new Error(`kill point ${name}`);
  if (action.kind === 'wait') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, action.ms);
  if (action.kind === 'mistake') process.nextTick(throwMistake, name);
  if (action.kind === 'heap') useUpHeap();
  if (action.kind === 'kill') process.kill(process.pid, 'SIGKILL');
  if (action.kind === 'stop') process.kill(process.pid, 'SIGSTOP');
}

function throwMistake(name: KillPoint): never {
  throw new Error(`kill point ${name}`);
}

function useUpHeap(): never {
  for (const all: object[] = []; ; ) all.push({ at: all.length, text: `${all.length}` });
}
