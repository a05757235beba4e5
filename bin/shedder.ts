/** Watches the pressure this process is under, and says which parts give way. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SHED_ORDER, type ShedPart } from '../model/ingest-health.ts';
import type { Log } from '../model/log.ts';
import {
  bytesInUse,
  CALM,
  type Pressure,
  type SheddingState,
  shedParts,
  stepShedding,
} from '../model/shedding.ts';

export interface ShedderOptions {
  log: Log;
  /** Bytes this process may use. */
  limitBytes: number;
  /** Share of the room for held bodies that is taken, 0–1; 0 while commits fail, for then pages get nothing anyway. */
  held: () => number;
  /** Told when the parts change. */
  onChange?: (parts: ShedPart[]) => void;
}

/** Looked at this often, ms. */
const LOOK_EVERY_MS = 500;
/** Weight of the newest look in the smoothed lag: a single long collection is no pressure. */
const LAG_WEIGHT = 0.15;
/** The loop is looked at this often by the runtime, ms; a loop that is not late at all shows this. */
const LAG_RESOLUTION_MS = 20;

export class Shedder {
  readonly #options: ShedderOptions;
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #state: SheddingState = CALM;
  #lagMs = 0;
  /** How often each part was asked to work and did not, since the process began. */
  readonly counts: Record<ShedPart, number> = {
    liveTail: 0,
    exports: 0,
    dashboards: 0,
    rollUps: 0,
    evaluation: 0,
    ingest: 0,
  };

  constructor(options: ShedderOptions) {
    this.#options = options;
    this.#lag.enable();
    this.#timer = setInterval(() => this.look(this.#feel(), performance.now()), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  get limitBytes(): number {
    return this.#options.limitBytes;
  }

  get parts(): ShedPart[] {
    return shedParts(this.#state);
  }

  isShed(part: ShedPart): boolean {
    return SHED_ORDER.indexOf(part) < this.#state.level;
  }

  /** Whether the part gives way now; each yes is counted. */
  gaveWay(part: ShedPart): boolean {
    if (!this.isShed(part)) return false;
    this.counts[part]++;
    return true;
  }

  #feel(): Pressure {
    const lateMs = Math.max(0, this.#lag.mean / 1e6 - LAG_RESOLUTION_MS);
    this.#lag.reset();
    // Before its first event the mean is not a number.
    this.#lagMs += LAG_WEIGHT * ((Number.isFinite(lateMs) ? lateMs : 0) - this.#lagMs);
    return {
      memory: bytesInUse(process.memoryUsage()) / this.#options.limitBytes,
      held: this.#options.held(),
      lagMs: this.#lagMs,
    };
  }

  /** One look; the timer's own, and a test's. */
  look(pressure: Pressure, nowMs: number): void {
    const before = this.#state;
    this.#state = stepShedding(before, pressure, nowMs);
    if (this.#state.level === before.level) return;
    const { log, onChange } = this.#options;
    const say = this.#state.level > before.level ? log.warn : log.info;
    say('process.shedding', {
      parts: this.parts,
      memoryRatio: Number(pressure.memory.toFixed(2)),
      heldRatio: Number(pressure.held.toFixed(2)),
      lagMs: Math.round(pressure.lagMs),
    });
    onChange?.(this.parts);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#lag.disable();
  }
}
