/**
 * The lives of an app's dynos, and the lines the platform writes when they start, stop, crash and move
 * (FORMATS 7.1, 7.2). A dyno has one life after another, each with a uuid of its own.
 */
import type { AppSpec, ProcessSpec } from './app.ts';
import { dynoLine, outputLine, type SimLine } from './line.ts';
import { bootOutput, crashOutput } from './output.ts';
import { type Random, seededRandom } from './random.ts';

export interface Life {
  dyno: string;
  type: string;
  uuid: string;
  /** Release that runs in it. */
  version: number;
  /** State became `starting`; the router holds requests back from here. */
  startingMs: number;
  /** The process was launched. */
  startedMs: number;
  upMs: number;
  /** Infinity while it lives. */
  endMs: number;
  end?: 'restart' | 'crash' | 'down' | 'idle' | 'complete';
  leak?: { fromMs: number; mbPerMinute: number };
}

export class DynoRoom {
  readonly #app: AppSpec;
  readonly #seed: string;
  readonly #lives = new Map<string, Life[]>();
  readonly #oneOffs: Life[] = [];
  /** Lines in the order they were made up; not sorted. */
  readonly lines: SimLine[] = [];
  version: number;

  constructor(app: AppSpec, seed: string) {
    this.#app = app;
    this.#seed = seed;
    this.version = app.firstVersion;
  }

  /** Lives of a dyno of the formation, oldest first. */
  livesOf(dyno: string): readonly Life[] {
    return this.#lives.get(dyno) ?? [];
  }

  /** Formation dynos that ever lived. */
  dynos(): IterableIterator<string> {
    return this.#lives.keys();
  }

  /** Lives of one-off dynos that touch a span. */
  oneOffsAround(fromMs: number, toMs: number): Life[] {
    return this.#oneOffs.filter((life) => life.startedMs < toMs && life.endMs >= fromMs);
  }

  /** The life a dyno is in, or was in last, at an instant. */
  lifeAt(dyno: string, timeMs: number): Life | undefined {
    const lives = this.#lives.get(dyno);
    if (lives === undefined) return undefined;
    for (let i = lives.length - 1; i >= 0; i -= 1) {
      const life = lives[i] as Life;
      if (life.startingMs <= timeMs) return life;
    }
    return undefined;
  }

  latest(dyno: string): Life | undefined {
    return this.#lives.get(dyno)?.at(-1);
  }

  /** A dyno that is simply there when the story begins, without lines. */
  place(process: ProcessSpec, dyno: string, atMs: number): Life {
    return this.#begin(process, dyno, atMs, atMs, atMs);
  }

  /** An orderly restart: SIGTERM, exit 143 (or R12 and 137), a new life. */
  restart(process: ProcessSpec, dyno: string, wantedMs: number, word: 'Restarting' | 'Cycling'): Life {
    const old = this.latest(dyno);
    const atMs = Math.max(wantedMs, (old?.upMs ?? 0) + 2_000);
    const random = seededRandom(this.#seed, 'restart', dyno, Math.floor(atMs));
    const wasUp = old !== undefined && old.endMs === Number.POSITIVE_INFINITY;
    this.#say(atMs, dyno, word);
    this.#say(atMs + 12, dyno, `State changed from ${wasUp ? 'up' : 'crashed'} to starting`);
    let freeMs = atMs + 1_000;
    if (wasUp) {
      old.endMs = atMs;
      old.end = 'restart';
      freeMs = this.#terminate(process, dyno, atMs + random.integer(700, 1_300), random);
    }
    return this.#launch(process, dyno, atMs, freeMs, random);
  }

  /** SIGTERM and what follows; the time at which the last process is gone. */
  #terminate(process: ProcessSpec, dyno: string, atMs: number, random: Random): number {
    this.#say(atMs, dyno, 'Stopping all processes with SIGTERM');
    const stubborn = process.type !== 'web' && random.chance(0.04);
    if (!stubborn) {
      const exitMs = atMs + random.integer(250, 1_900);
      this.#say(exitMs, dyno, 'Process exited with status 143');
      return exitMs;
    }
    const killMs = atMs + 30_000;
    const text =
      'Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM';
    this.#say(killMs, dyno, text, 'R12');
    this.#say(killMs + 3, dyno, 'Stopping remaining processes with SIGKILL');
    this.#say(killMs + 57, dyno, 'Process exited with status 137');
    return killMs + 57;
  }

  #launch(process: ProcessSpec, dyno: string, startingMs: number, freeMs: number, random: Random): Life {
    const startedMs = freeMs + random.integer(900, 2_600);
    const upMs = startedMs + random.integer(3_000, 8_000);
    this.#say(startedMs, dyno, `Starting process with command \`${process.command}\``);
    this.#output(startedMs + 1_400, dyno, bootOutput(this.#app.output, process, random));
    this.#say(upMs, dyno, 'State changed from starting to up');
    return this.#begin(process, dyno, startingMs, startedMs, upMs);
  }

  /**
   * The process exits by itself and takes `crashes` starts to come back, with growing pauses between them.
   * @returns the life that holds
   */
  crashLoop(process: ProcessSpec, dyno: string, atMs: number, crashes: number, bootTimeout = false): Life {
    const random = seededRandom(this.#seed, 'crash', dyno, Math.floor(atMs));
    this.#output(atMs, dyno, crashOutput(this.#app.output, random));
    this.#say(atMs + 40, dyno, 'Process exited with status 1');
    this.#say(atMs + 90, dyno, 'State changed from up to crashed');
    this.#endLife(dyno, atMs + 40, 'crash');
    let pauseMs = 60;
    let nowMs = atMs + 90;
    for (let i = 1; i < crashes; i += 1) {
      nowMs = this.#failToStart(process, dyno, nowMs + pauseMs, bootTimeout, random);
      pauseMs = 15_000 * 2 ** (i - 1);
    }
    this.#say(nowMs + pauseMs, dyno, 'State changed from crashed to starting');
    return this.#launch(process, dyno, nowMs + pauseMs, nowMs + pauseMs, random);
  }

  /** One start that fails; the time of the crash. */
  #failToStart(
    process: ProcessSpec,
    dyno: string,
    startingMs: number,
    bootTimeout: boolean,
    random: Random,
  ): number {
    const startedMs = startingMs + random.integer(900, 2_600);
    const failedMs = startedMs + (bootTimeout ? 60_000 : random.integer(2_500, 6_000));
    this.#say(startingMs, dyno, 'State changed from crashed to starting');
    this.#say(startedMs, dyno, `Starting process with command \`${process.command}\``);
    if (bootTimeout) {
      const text =
        'Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch';
      this.#say(failedMs, dyno, text, 'R10');
      this.#say(failedMs + 12, dyno, 'Stopping process with SIGKILL');
    } else {
      this.#output(failedMs, dyno, crashOutput(this.#app.output, random));
    }
    this.#say(failedMs + 106, dyno, `Process exited with status ${bootTimeout ? 137 : 1}`);
    this.#say(failedMs + 135, dyno, 'State changed from starting to crashed');
    const life = this.#begin(process, dyno, startingMs, startedMs, Number.POSITIVE_INFINITY);
    life.upMs = failedMs + 135;
    life.endMs = failedMs + 135;
    life.end = 'crash';
    return failedMs + 135;
  }

  /** The platform's kill of a dyno far over its quota; `megabytes` as it was. */
  killForMemory(process: ProcessSpec, dyno: string, atMs: number, megabytes: number, quotaMb: number): Life {
    const random = seededRandom(this.#seed, 'kill', dyno, Math.floor(atMs));
    const share = ((100 * megabytes) / quotaMb).toFixed(1);
    this.#say(atMs, dyno, `Process running mem=${Math.round(megabytes)}M(${share}%)`);
    this.#say(atMs + 2, dyno, 'Error R15 (Memory quota vastly exceeded)', 'R15');
    this.#say(atMs + 4, dyno, 'Stopping process with SIGKILL');
    this.#say(atMs + 690, dyno, 'Process exited with status 137');
    this.#say(atMs + 790, dyno, 'State changed from up to crashed');
    this.#say(atMs + 890, dyno, 'State changed from crashed to starting');
    this.#endLife(dyno, atMs + 4, 'crash');
    return this.#launch(process, dyno, atMs + 890, atMs + 890, random);
  }

  /** A new dyno of the formation. */
  start(process: ProcessSpec, dyno: string, atMs: number): Life {
    const random = seededRandom(this.#seed, 'start', dyno, Math.floor(atMs));
    return this.#launch(process, dyno, atMs, atMs, random);
  }

  /** Scaled away, or idled (Eco). */
  stop(process: ProcessSpec, dyno: string, atMs: number, why: 'down' | 'idle'): void {
    const random = seededRandom(this.#seed, 'stop', dyno, Math.floor(atMs));
    if (why === 'idle') this.#say(atMs, dyno, 'Idling');
    this.#say(atMs + 2, dyno, 'State changed from up to down');
    this.#terminate(process, dyno, atMs + 900, random);
    this.#endLife(dyno, atMs, why);
  }

  unidle(process: ProcessSpec, dyno: string, atMs: number): Life {
    const random = seededRandom(this.#seed, 'unidle', dyno, Math.floor(atMs));
    this.#say(atMs, dyno, 'Unidling');
    this.#say(atMs + 10, dyno, 'State changed from down to starting');
    return this.#launch(process, dyno, atMs, atMs, random);
  }

  /**
   * A one-off dyno: `run.N`, `scheduler.N`, `release.N`. Goes to `complete` whatever its exit status.
   * @returns when it was gone
   */
  oneOff(
    dyno: string,
    atMs: number,
    run: { command: string; ms: number; exitStatus: number; output: string[]; attached?: true },
  ): number {
    const startedMs = atMs + 2_600;
    if (run.attached) this.#say(startedMs - 700, dyno, 'Awaiting client');
    this.#say(startedMs, dyno, `Starting process with command \`${run.command}\``);
    this.#say(startedMs + 640, dyno, 'State changed from starting to up');
    const endMs = startedMs + 700 + run.ms;
    for (const [i, text] of run.output.entries()) {
      const shareMs = ((i + 1) * run.ms) / (run.output.length + 1);
      this.lines.push(outputLine(startedMs + 700 + shareMs, dyno, text));
    }
    this.#say(endMs, dyno, `Process exited with status ${run.exitStatus}`);
    this.#say(endMs + 90, dyno, 'State changed from up to complete');
    const type = dyno.slice(0, dyno.indexOf('.'));
    const uuid = seededRandom(this.#seed, 'uuid', dyno, Math.floor(atMs)).uuid();
    const life: Life = {
      dyno,
      type,
      uuid,
      version: this.version,
      startingMs: atMs,
      startedMs,
      upMs: startedMs + 640,
      endMs,
      end: 'complete',
    };
    this.#oneOffs.push(life);
    return endMs + 90;
  }

  #begin(process: ProcessSpec, dyno: string, startingMs: number, startedMs: number, upMs: number): Life {
    const life: Life = {
      dyno,
      type: process.type,
      uuid: seededRandom(this.#seed, 'uuid', dyno, Math.floor(startedMs)).uuid(),
      version: this.version,
      startingMs,
      startedMs,
      upMs,
      endMs: Number.POSITIVE_INFINITY,
    };
    const lives = this.#lives.get(dyno);
    if (lives === undefined) this.#lives.set(dyno, [life]);
    else lives.push(life);
    return life;
  }

  #endLife(dyno: string, atMs: number, end: Life['end']): void {
    const life = this.latest(dyno);
    if (life === undefined) return;
    life.endMs = atMs;
    life.end = end;
  }

  #say(atMs: number, dyno: string, text: string, code?: string): void {
    // The microseconds are chance, yet the same each time: lines of one instant would look made up.
    const micros = seededRandom(dyno, atMs, text).integer(0, 999) / 1000;
    this.lines.push(dynoLine(Math.floor(atMs) + micros, dyno, text, code));
  }

  #output(atMs: number, dyno: string, texts: string[]): void {
    for (const text of texts) this.lines.push(outputLine(atMs + 0.112, dyno, text));
  }
}
