/**
 * What happens to one app, day after day: releases, daily cycling, jobs, consoles, scaling and scripted
 * incidents. Days are planned in order from the beginning, each with chance of its own, so what has been
 * planned never depends on how far anybody has asked.
 */
import type { AppSpec, JobSpec, ProcessSpec } from './app.ts';
import { QUOTA_MB } from './app.ts';
import type { BadDeploy, CrashLoop, Incident, MemoryLeak } from './incident.ts';
import { DynoRoom } from './life.ts';
import { apiLine, byTime, type SimLine } from './line.ts';
import { leakRate, memoryMb } from './memory.ts';
import { commandOutput } from './output.ts';
import { fraction, type Random, seededRandom } from './random.ts';
import { announceScale, changeConfig, deploy, rollBack } from './release.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Heroku restarts a dyno after 24 h and up to 216 min. */
const CYCLE_SPREAD_MS = 216 * MINUTE;

interface Happening {
  atMs: number;
  run(atMs: number): void;
}

/** How a release treats its visitors. */
export interface Fault {
  errorRatio: number;
  slowdown: number;
}

export class Timeline {
  readonly room: DynoRoom;
  readonly #app: AppSpec;
  readonly #seed: string;
  readonly #faults = new Map<number, Fault>();
  readonly #quantities = new Map<string, number>();
  #pending: Happening[] = [];
  #sorted: SimLine[] = [];
  #plannedToMs: number;

  /** @param epochMs the app exists from here on */
  constructor(app: AppSpec, seed: string, epochMs: number, incidents: readonly Incident[]) {
    this.#app = app;
    this.#seed = `${seed}/${app.name}`;
    this.#plannedToMs = epochMs;
    this.room = new DynoRoom(app, this.#seed);
    for (const process of app.formation) {
      this.#quantities.set(process.type, process.quantity);
      for (let n = 1; n <= process.quantity; n += 1)
        this.#placeFirst(process, `${process.type}.${n}`, epochMs);
    }
    for (const incident of incidents) {
      if (incident.atMs >= epochMs) this.#add(incident.atMs, (atMs) => this.#runIncident(incident, atMs));
    }
  }

  /** What a release does to requests; undefined for a good one. */
  fault(version: number): Fault | undefined {
    return this.#faults.get(version);
  }

  /** The process a dyno runs; undefined for a one-off. */
  process(type: string): ProcessSpec | undefined {
    return this.#app.formation.find((process) => process.type === type);
  }

  /** Scripted lines in [fromMs, toMs), in order of time. */
  linesBetween(fromMs: number, toMs: number): SimLine[] {
    this.#planTo(toMs);
    const start = lowerBound(this.#sorted, fromMs);
    const lines: SimLine[] = [];
    for (let i = start; i < this.#sorted.length; i += 1) {
      const line = this.#sorted[i] as SimLine;
      if (line.atMs >= toMs) break;
      lines.push(line);
    }
    return lines;
  }

  #planTo(toMs: number): void {
    if (toMs <= this.#plannedToMs) return;
    while (this.#plannedToMs < toMs) {
      const dayEndMs = (Math.floor(this.#plannedToMs / DAY) + 1) * DAY;
      this.#planDay(this.#plannedToMs, dayEndMs);
      this.#runPending(dayEndMs);
      this.#plannedToMs = dayEndMs;
    }
    this.#sorted = this.room.lines.sort(byTime);
  }

  #runPending(toMs: number): void {
    for (;;) {
      let next: Happening | undefined;
      for (const happening of this.#pending) {
        if (happening.atMs < toMs && (next === undefined || happening.atMs < next.atMs)) next = happening;
      }
      if (next === undefined) return;
      this.#pending.splice(this.#pending.indexOf(next), 1);
      next.run(next.atMs);
    }
  }

  #add(atMs: number, run: (atMs: number) => void): void {
    this.#pending.push({ atMs, run });
  }

  #random(purpose: string, atMs: number): Random {
    return seededRandom(this.#seed, purpose, Math.floor(atMs));
  }

  #planDay(fromMs: number, toMs: number): void {
    const random = this.#random('day', Math.floor(fromMs / DAY) * DAY);
    const add = (atMs: number, run: (atMs: number) => void) => {
      if (atMs >= fromMs && atMs < toMs) this.#add(atMs, run);
    };
    const dayMs = Math.floor(fromMs / DAY) * DAY;
    const local = (hour: number) => dayMs + ((hour - this.#app.utcOffsetHours + 24) % 24) * HOUR;
    for (let n = random.poisson(this.#app.releasesPerDay); n > 0; n -= 1) {
      const isConfig = random.chance(0.2);
      add(local(9 + 8.5 * random.next()), (atMs) => (isConfig ? this.#config(atMs) : this.#deploy(atMs)));
    }
    if (random.chance(0.5)) add(local(9 + 9 * random.next()), (atMs) => this.#console(atMs));
    for (const job of this.#app.jobs) this.#planJob(job, dayMs, add);
    for (const process of this.#app.formation) this.#planDaytime(process, local, add);
    const idle = this.#app.traffic.idleHours;
    if (idle !== undefined) {
      add(local(idle[0] + 0.5), (atMs) => this.#idle(atMs));
      add(local(idle[1]) - 2_000, (atMs) => this.#unidle(atMs));
    }
  }

  #planJob(job: JobSpec, dayMs: number, add: (atMs: number, run: (atMs: number) => void) => void): void {
    const everyMs = job.everyMinutes * MINUTE;
    const offsetMs = Math.floor(fraction(this.#seed, job.command) * 40_000);
    for (let atMs = dayMs + offsetMs; atMs < dayMs + DAY; atMs += everyMs) {
      add(atMs, (startMs) => this.#job(job, startMs));
    }
  }

  #planDaytime(
    process: ProcessSpec,
    local: (hour: number) => number,
    add: (atMs: number, run: (atMs: number) => void) => void,
  ): void {
    const { daytime } = process;
    if (daytime === undefined) return;
    // People are never exactly on time.
    const latenessMs = 90_000 * fraction(this.#seed, process.type, Math.floor(local(0)));
    add(local(daytime.fromHour) + latenessMs, (atMs) => this.#scale(process, daytime.quantity, atMs));
    add(local(daytime.toHour) + latenessMs, (atMs) => this.#scale(process, process.quantity, atMs));
  }

  /** The dynos of the first moment are of different age, so that they do not all cycle at once. */
  #placeFirst(process: ProcessSpec, dyno: string, epochMs: number): void {
    this.room.place(process, dyno, epochMs);
    this.#add(epochMs + fraction(this.#seed, dyno, 'age') * DAY, (atMs) => this.#cycle(process, dyno, atMs));
  }

  #cycle(process: ProcessSpec, dyno: string, atMs: number): void {
    const life = this.room.latest(dyno);
    if (life === undefined || life.endMs !== Number.POSITIVE_INFINITY || life.upMs > atMs) return;
    this.#planCycle(process, this.room.restart(process, dyno, atMs, 'Cycling'));
  }

  #planCycle(process: ProcessSpec, life: { dyno: string; uuid: string; startedMs: number }): void {
    const atMs = life.startedMs + DAY + fraction(life.uuid, 'cycle') * CYCLE_SPREAD_MS;
    this.#add(atMs, (dueMs) => {
      if (this.room.latest(life.dyno)?.uuid === life.uuid) this.#cycle(process, life.dyno, dueMs);
    });
  }

  /** Rolling restart of everything after a release. */
  #restartAll(fromMs: number): void {
    let atMs = fromMs;
    for (const process of this.#app.formation) {
      for (let n = 1; n <= (this.#quantities.get(process.type) ?? 0); n += 1) {
        const dyno = `${process.type}.${n}`;
        const latest = this.room.latest(dyno);
        if (latest === undefined || latest.end === 'idle' || latest.end === 'down') continue;
        this.#planCycle(process, this.room.restart(process, dyno, atMs, 'Restarting'));
        atMs += 4_000;
      }
    }
  }

  #deploy(atMs: number, fault?: Fault): void {
    const restartMs = deploy(this.#app, this.room, atMs, this.#random('deploy', atMs));
    if (fault !== undefined) this.#faults.set(this.room.version, fault);
    this.#restartAll(restartMs);
  }

  #config(atMs: number): void {
    this.#restartAll(changeConfig(this.#app, this.room, atMs, this.#random('config', atMs)));
  }

  #console(atMs: number): void {
    const random = this.#random('console', atMs);
    const user = random.pick(this.#app.users);
    this.room.lines.push(apiLine(atMs, `Starting process with command \`bash\` by user ${user}`));
    const exitStatus = random.pick([0, 0, 130]);
    const ms = random.integer(40, 700) * 1000;
    const run = { command: 'bash', ms, exitStatus, output: [], attached: true as const };
    this.room.oneOff(`run.${random.integer(1_000, 9_999)}`, atMs, run);
  }

  #job(job: JobSpec, atMs: number): void {
    const random = this.#random(`job ${job.command}`, atMs);
    const user = 'scheduler@addons.heroku.com';
    this.room.lines.push(apiLine(atMs, `Starting process with command \`${job.command}\` by user ${user}`));
    const exitStatus = random.chance(job.failRatio) ? 1 : 0;
    const ms = Math.round(1000 * random.logNormal(job.medianSeconds, 0.4));
    const output = commandOutput(job.command, exitStatus, random);
    this.room.oneOff(`scheduler.${random.integer(1_000, 9_999)}`, atMs, {
      command: job.command,
      ms,
      exitStatus,
      output,
    });
  }

  #scale(process: ProcessSpec, quantity: number, atMs: number): void {
    const before = this.#quantities.get(process.type) ?? 0;
    if (before === quantity) return;
    this.#quantities.set(process.type, quantity);
    announceScale(this.#app, this.room, atMs, this.#quantities, this.#random('scale', atMs));
    for (let n = before + 1; n <= quantity; n += 1) {
      this.#planCycle(process, this.room.start(process, `${process.type}.${n}`, atMs + 1_200));
    }
    for (let n = quantity + 1; n <= before; n += 1) {
      const upMs = this.room.latest(`${process.type}.${n}`)?.upMs ?? 0;
      this.room.stop(process, `${process.type}.${n}`, Math.max(atMs + 1_200, upMs + 2_000), 'down');
    }
  }

  #idle(atMs: number): void {
    for (const [process, dyno] of this.#webDynos()) {
      const life = this.room.latest(dyno);
      if (life?.endMs === Number.POSITIVE_INFINITY && life.upMs < atMs) {
        this.room.stop(process, dyno, atMs, 'idle');
      }
    }
  }

  #unidle(atMs: number): void {
    for (const [process, dyno] of this.#webDynos()) {
      if (this.room.latest(dyno)?.end === 'idle')
        this.#planCycle(process, this.room.unidle(process, dyno, atMs));
    }
  }

  #webDynos(): [ProcessSpec, string][] {
    return this.#app.formation
      .filter((process) => process.type === 'web')
      .map((process) => [process, `${process.type}.1`]);
  }

  #runIncident(incident: Incident, atMs: number): void {
    // The other kinds change traffic and lines, not dynos.
    if (incident.kind === 'badDeploy') this.#badDeploy(incident, atMs);
    else if (incident.kind === 'memoryLeak') this.#leak(incident, atMs);
    else if (incident.kind === 'crashLoop') this.#crashLoop(incident, atMs);
    else if (incident.kind === 'release' && incident.reason === 'deploy') this.#deploy(atMs);
    else if (incident.kind === 'release') this.#config(atMs);
  }

  #badDeploy(incident: BadDeploy, atMs: number): void {
    const before = this.room.version;
    this.#deploy(atMs, { errorRatio: incident.errorRatio, slowdown: incident.slowdown });
    this.#add(atMs + incident.rollbackAfterMinutes * MINUTE + 417.3, (backMs) => {
      this.#restartAll(rollBack(this.#app, this.room, backMs, before, this.#random('rollback', backMs)));
    });
  }

  #leak(incident: MemoryLeak, atMs: number): void {
    const process = this.process(incident.dyno.slice(0, incident.dyno.lastIndexOf('.')));
    const life = this.room.latest(incident.dyno);
    if (process === undefined || life === undefined) return;
    life.leak = { fromMs: atMs, mbPerMinute: leakRate(process, incident.minutes) };
    this.#add(atMs + incident.minutes * MINUTE, (killMs) => {
      // A release in between has ended the leak with the life it was in.
      if (this.room.latest(incident.dyno) !== life || life.endMs <= killMs) return;
      const megabytes = memoryMb(process, life, killMs);
      const quota = QUOTA_MB[process.size];
      this.#planCycle(process, this.room.killForMemory(process, incident.dyno, killMs, megabytes, quota));
    });
  }

  #crashLoop(incident: CrashLoop, atMs: number): void {
    const process = this.process(incident.dyno.slice(0, incident.dyno.lastIndexOf('.')));
    const life = this.room.latest(incident.dyno);
    if (process === undefined || life === undefined || life.endMs !== Number.POSITIVE_INFINITY) return;
    const startMs = Math.max(atMs, life.upMs + 2_000);
    const { dyno, crashes, bootTimeout } = incident;
    this.#planCycle(process, this.room.crashLoop(process, dyno, startMs, crashes, bootTimeout));
  }
}

/** Index of the first line at or after an instant. */
function lowerBound(lines: readonly SimLine[], timeMs: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle] as SimLine).atMs < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
