/**
 * A Heroku that does not exist: apps whose lines are a pure function of seed, app and time. Ask for any
 * span, in any order and in any pieces: the lines are the same, byte for byte.
 */
import { addonLinesBetween } from './addon.ts';
import type { AppSpec, PostgresSpec } from './app.ts';
import { CHARACTERS } from './characters.ts';
import { databaseTrouble, droppedShare, type Incident } from './incident.ts';
import { byTime, outputLine, type SimLine } from './line.ts';
import { samplesBetween } from './memory.ts';
import { jobOutput, workerMetrics } from './output.ts';
import { type Random, seededRandom } from './random.ts';
import { busyness } from './rhythm.ts';
import { serverLog } from './serverlog.ts';
import { Timeline } from './timeline.ts';
import { type Span, Traffic } from './traffic.ts';

/** Lines are made up in slices of this length, each from a seed of its own. */
const SLICE_MS = 10_000;

export interface FleetOptions {
  seed: number | string;
  /** The apps exist from here on; nothing is earlier. */
  epochMs: number;
  /** The demo's six characters when left out. */
  apps?: readonly AppSpec[];
  incidents?: readonly Incident[];
}

export interface Fleet {
  apps: SimApp[];
}

export function buildFleet({ seed, epochMs, apps = CHARACTERS, incidents = [] }: FleetOptions): Fleet {
  return {
    apps: apps.map((app) => {
      const own = incidents.filter((incident) => incident.app === app.name);
      return new SimApp(app, String(seed), epochMs, own);
    }),
  };
}

export class SimApp {
  readonly name: string;
  readonly #app: AppSpec;
  readonly #seed: string;
  readonly #epochMs: number;
  readonly #incidents: readonly Incident[];
  readonly #timeline: Timeline;
  readonly #traffic: Traffic;
  /** The slice asked for last: a live sender comes back to it many times. */
  #slice: { index: number; lines: SimLine[] } = { index: -1, lines: [] };

  constructor(app: AppSpec, seed: string, epochMs: number, incidents: readonly Incident[]) {
    this.name = app.name;
    this.#app = app;
    this.#seed = seed;
    this.#epochMs = epochMs;
    this.#incidents = incidents;
    this.#timeline = new Timeline(app, seed, epochMs, incidents);
    this.#traffic = new Traffic(app, this.#timeline, incidents);
  }

  /**
   * All lines with `fromMs <= atMs < toMs`, in order of time. Lines with `dropped` are those the scripted
   * pipeline loses.
   */
  linesBetween(fromMs: number, toMs: number): SimLine[] {
    const startMs = Math.max(fromMs, this.#epochMs);
    const lines: SimLine[] = [];
    for (let index = Math.floor(startMs / SLICE_MS); index * SLICE_MS < toMs; index += 1) {
      for (const line of this.#sliceAt(index)) {
        if (line.atMs >= startMs && line.atMs < toMs) lines.push(line);
      }
    }
    return lines;
  }

  #sliceAt(index: number): SimLine[] {
    if (this.#slice.index !== index) this.#slice = { index, lines: this.#buildSlice(index) };
    return this.#slice.lines;
  }

  #buildSlice(index: number): SimLine[] {
    const span = { fromMs: index * SLICE_MS, toMs: (index + 1) * SLICE_MS };
    const random = seededRandom(this.#seed, this.name, 'slice', index);
    // First of all: it plans what the others look at.
    const lines = this.#timeline.linesBetween(span.fromMs, span.toMs);
    const share = this.#busyness(span.fromMs);
    lines.push(...this.#traffic.linesBetween(span, share, random));
    lines.push(...this.#samples(span), ...this.#addons(span, share, random));
    lines.push(...this.#workers(span, share, random));
    const lossy = this.#incidents.some((incident) => incident.kind === 'logDrop');
    const whole = lossy ? lines.map((line) => this.#maybeDrop(line, random)) : lines;
    return whole.sort(byTime);
  }

  #busyness(timeMs: number): number {
    return busyness(this.#app, this.#seed, timeMs);
  }

  #samples(span: Span): SimLine[] {
    const lines: SimLine[] = [];
    const { room } = this.#timeline;
    const load = (timeMs: number) => {
      return this.#busyness(timeMs) * (1 - 0.4 * databaseTrouble(this.#incidents, timeMs));
    };
    for (const dyno of room.dynos()) {
      for (const life of room.livesOf(dyno)) {
        if (life.startedMs >= span.toMs || life.endMs <= span.fromMs) continue;
        const process = this.#timeline.process(life.type);
        if (process !== undefined) lines.push(...samplesBetween(this.#app, process, life, span, load));
      }
    }
    for (const life of room.oneOffsAround(span.fromMs, span.toMs)) {
      lines.push(...samplesBetween(this.#app, ONE_OFF, life, span, () => 0.1));
    }
    return lines;
  }

  #addons(span: Span, share: number, random: Random): SimLine[] {
    const state = (timeMs: number) => ({
      busyness: share,
      trouble: databaseTrouble(this.#incidents, timeMs),
    });
    const lines = addonLinesBetween(this.#app, this.#seed, span, state);
    for (const addon of this.#app.addons) {
      if (addon.kind === 'heroku-postgres') {
        lines.push(...serverLog(addon as PostgresSpec, span, state(span.fromMs), random));
      }
    }
    return lines;
  }

  /** What the worker dynos print about their jobs. */
  #workers(span: Span, share: number, random: Random): SimLine[] {
    const lines: SimLine[] = [];
    for (const dyno of this.#timeline.room.dynos()) {
      const life = this.#timeline.room.lifeAt(dyno, span.fromMs);
      const perMinute = this.#timeline.process(life?.type ?? '')?.jobsPerMinute ?? 0;
      if (life === undefined || perMinute === 0 || life.upMs > span.fromMs || life.endMs < span.toMs)
        continue;
      const lengthMs = span.toMs - span.fromMs;
      const jobs = random.poisson((perMinute * share * lengthMs) / 60_000);
      for (let n = 0; n < jobs; n += 1) {
        const text = jobOutput(this.#app.output, random);
        lines.push(outputLine(span.fromMs + random.next() * lengthMs, dyno, text));
      }
      if (this.#app.customMetrics && random.chance(lengthMs / 60_000)) {
        lines.push(
          outputLine(
            span.fromMs + random.next() * lengthMs,
            dyno,
            workerMetrics(dyno, jobs, random),
            'metric',
          ),
        );
      }
    }
    return lines;
  }

  #maybeDrop(line: SimLine, random: Random): SimLine {
    const share = droppedShare(this.#incidents, line.atMs);
    return share > 0 && random.chance(share) ? { ...line, dropped: true } : line;
  }
}

/** How a one-off dyno behaves: small, short-lived. */
const ONE_OFF = {
  type: 'run',
  quantity: 1,
  size: 'Standard-1X',
  command: '',
  memory: { baseMb: 120, growthMbPerHour: 0, sawtoothMb: 10, sawtoothMinutes: 5 },
  peakLoad: 0.4,
} as const;
