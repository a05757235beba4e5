/**
 * Several processes behind one port: a primary that forks, watches and stops them, and does nothing else. Connections
 * are handed out in turn by the primary (node:cluster, round robin): measured with 6 connections over 3 processes,
 * the busiest gets 2 of them, and 3.4 on average (up to 5) where the kernel shares them out by SO_REUSEPORT, which
 * also goes on sending them to a process that hangs.
 */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../model/log.ts';
import type { ToChild, ToPrimary } from './cluster-message.ts';
import { RestartPolicy } from './cluster-restarts.ts';
import type { Environment } from './env.ts';
import { type Running, SAME_INTERRUPT_MS, type StopStep } from './serve.ts';

export interface ClusterOptions {
  /** How many. */
  processes: number;
  /** Program of a child: it listens, then calls `obeyPrimary`. */
  program: string;
  /** For Node, in front of the program. */
  nodeArguments?: string[];
  /** What is added to the environment of a child: by slot from 0, and by how often that slot was started before. */
  environmentOf: (slot: number, starts: number) => Environment;
  log: Log;
  /** Closed after every child, such as a database of our own. */
  last?: StopStep | undefined;
  /** From a signal to the end of the last child, at most: a child that hangs is killed then. */
  deadlineMs?: number;
  /** Between two pings; 30 in a row without an answer, and a child is taken for one that hangs. */
  pingEveryMs?: number;
  exit?: (code: number) => void;
}

/** A child needs 9.5 s at most by itself, and Heroku kills at 30 s. */
const DEADLINE_MS = 15_000;
const PING_EVERY_MS = 1_000;
const MISSED_MAX = 30;
/** Until it listens, it may be busy with starting. */
const MISSED_STARTING_MAX = 60;
const BALANCE_EVERY_PINGS = 5;

interface Slot {
  number: number;
  worker: Worker | null;
  restarts: RestartPolicy;
  starts: number;
  startedMs: number;
  listens: boolean;
  missedPings: number;
  senders: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Starts the children and resolves when all of them listen. Rejects when that is given up. A signal, and `stop`, end
 * all of them: exit 0 when every one ended with 0 in time, else 1. SIGINT a second time ends at once.
 */
export async function runCluster(options: ClusterOptions): Promise<Running> {
  return new Primary(options).start();
}

class Primary {
  readonly #options: ClusterOptions;
  readonly #slots: Slot[];
  readonly #exit: (code: number) => void;
  readonly #listening = Promise.withResolvers<number>();
  #pings = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped: Promise<number> | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#exit = options.exit ?? ((code) => process.exit(code));
    this.#slots = Array.from({ length: options.processes }, (_, number) => ({
      number,
      worker: null,
      restarts: new RestartPolicy(),
      starts: 0,
      startedMs: 0,
      listens: false,
      missedPings: 0,
      senders: 0,
      timer: undefined,
    }));
  }

  async start(): Promise<Running> {
    const { program, nodeArguments = [], processes, log, pingEveryMs = PING_EVERY_MS } = this.#options;
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ exec: program, args: [], execArgv: [...process.execArgv, ...nodeArguments] });
    this.#listenToSignals();
    for (const slot of this.#slots) this.#fork(slot);
    this.#timer = setInterval(() => this.#look(), pingEveryMs);
    const port = await this.#listening.promise;
    log.info('cluster.listening', { port, processes, pid: process.pid });
    return { port, stop: (reason) => this.#stop(reason).then(() => {}) };
  }

  #listenToSignals(): void {
    let interruptedMs: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      const isAgain = interruptedMs !== undefined && performance.now() - interruptedMs > SAME_INTERRUPT_MS;
      if (signal === 'SIGINT') interruptedMs ??= performance.now();
      if (signal === 'SIGINT' && isAgain) {
        this.#options.log.warn('process.stopForced', { reason: signal });
        for (const { worker } of this.#slots) worker?.process.kill('SIGKILL');
        this.#exit(1);
        return;
      }
      void this.#stop(signal).then((code) => this.#exit(code));
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
  }

  #fork(slot: Slot): void {
    const worker = cluster.fork(this.#options.environmentOf(slot.number, slot.starts));
    Object.assign(slot, { worker, startedMs: performance.now(), listens: false, missedPings: 0, senders: 0 });
    slot.starts++;
    worker.on('listening', ({ port }) => {
      slot.listens = true;
      if (this.#slots.every(({ listens }) => listens)) this.#listening.resolve(port);
    });
    worker.on('message', (message: ToPrimary) => this.#onMessage(slot, message));
    // Not started at all, or a channel that broke: 'exit' tells the rest, where there was a process.
    worker.on('error', (error) => {
      this.#options.log.error('cluster.childFailed', { slot: slot.number, error });
      if (worker.process.pid === undefined) this.#onExit(slot, worker, null, null);
    });
    worker.on('exit', (code, signal) => this.#onExit(slot, worker, code, signal));
  }

  #onMessage(slot: Slot, message: ToPrimary): void {
    if (message.kind === 'pong') {
      slot.missedPings = 0;
      slot.senders = message.senders;
    } else if (message.kind === 'tick') {
      for (const other of this.#slots) if (other !== slot) tell(other, message);
    }
  }

  #onExit(slot: Slot, worker: Worker, code: number | null, signal: string | null): void {
    if (slot.worker !== worker) return;
    slot.worker = null;
    if (this.#stopped !== undefined) return;
    const { log } = this.#options;
    const livedMs = Math.round(performance.now() - slot.startedMs);
    const verdict = slot.restarts.died({ livedMs, listened: slot.listens, signal });
    log.error('cluster.childDied', { slot: slot.number, pid: worker.process.pid, code, signal, livedMs });
    if (verdict.kind === 'giveUp') {
      log.error('cluster.givesUp', { hint: 'a web process keeps ending itself: see what it said before' });
      void this.#stop('givesUp').then(() => {
        this.#listening.reject(new Error('a web process does not stay up'));
        this.#exit(1);
      });
      return;
    }
    slot.timer = setTimeout(() => this.#fork(slot), verdict.afterMs);
  }

  /** Asks everybody, kills who has not answered for long, and evens the senders out now and then. */
  #look(): void {
    const { log } = this.#options;
    for (const slot of this.#slots) {
      if (slot.worker === null) continue;
      // Counted in pings, not in seconds: after the whole dyno was frozen, everybody gets as many as ever.
      if (slot.missedPings++ >= (slot.listens ? MISSED_MAX : MISSED_STARTING_MAX)) {
        log.error('cluster.childHangs', { slot: slot.number, pid: slot.worker.process.pid });
        slot.worker.process.kill('SIGKILL');
      }
      tell(slot, { kind: 'ping' });
    }
    if (++this.#pings % BALANCE_EVERY_PINGS === 0) this.#balance();
  }

  /**
   * Connections live long: after a child was started anew, or the first had begun to listen before the others,
   * one has many and another none. Half of the difference is let go, and handed out in turn as it comes back.
   */
  #balance(): void {
    const [least, ...others] = this.#slots
      .filter((slot) => slot.listens)
      .sort((a, b) => a.senders - b.senders);
    const most = others.at(-1);
    if (least === undefined || most === undefined || most.senders - least.senders < 2) return;
    tell(most, { kind: 'letGo', senders: Math.floor((most.senders - least.senders) / 2) });
  }

  /** Gives the status to exit with. */
  #stop(reason: string): Promise<number> {
    this.#stopped ??= this.#stopAll(reason);
    return this.#stopped;
  }

  async #stopAll(reason: string): Promise<number> {
    const { log, last, deadlineMs = DEADLINE_MS } = this.#options;
    clearInterval(this.#timer);
    for (const slot of this.#slots) clearTimeout(slot.timer);
    const startedMs = performance.now();
    const running = this.#slots.filter((slot) => slot.worker !== null);
    log.info('cluster.stopping', { reason, processes: running.length });
    const ends = await Promise.all(running.map((slot) => this.#stopOne(slot, reason, deadlineMs)));
    await last?.stop().catch((error: unknown) => log.error('process.stopFailed', { part: last.name, error }));
    const clean = ends.every((end) => end);
    log.info('cluster.stopped', { afterMs: Math.round(performance.now() - startedMs), clean });
    return clean ? 0 : 1;
  }

  /** True when it ended with 0 in time. One that did not listen yet has nothing to end. */
  async #stopOne(slot: Slot, reason: string, deadlineMs: number): Promise<boolean> {
    const { worker, listens } = slot;
    if (worker === null) return true;
    const ended = new Promise<boolean>((resolve) => {
      worker.once('exit', (code) => resolve(code === 0 || !listens));
    });
    if (!listens) worker.process.kill('SIGKILL');
    tell(slot, { kind: 'stop', reason });
    const isLate = new AbortController();
    const late = sleep(deadlineMs, 'late', { signal: isLate.signal }).catch(() => 'late');
    const end = await Promise.race([ended, late]);
    isLate.abort();
    if (end !== 'late') return end === true;
    this.#options.log.error('cluster.childCut', { slot: slot.number, pid: worker.process.pid });
    worker.process.kill('SIGKILL');
    await ended;
    return false;
  }
}

function tell({ worker }: Slot, message: ToChild): void {
  // A child that is about to end does not listen any more: its end is told by 'exit'.
  if (worker?.isConnected() === true) worker.process.send(message, undefined, undefined, () => {});
}
