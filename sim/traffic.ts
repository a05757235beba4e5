/** The requests of a slice of time, what the router says about each and what the app prints. */
import type { AppSpec, HostSpec, RouteSpec } from './app.ts';
import { weighted } from './app.ts';
import { forwardedFor } from './client.ts';
import { databaseTrouble, type Incident, inMaintenance } from './incident.ts';
import type { Life } from './life.ts';
import { outputLine, type SimLine } from './line.ts';
import {
  carelessOutput,
  checkoutMetrics,
  failureOutput,
  requestOutput,
  slowOutput,
  timeoutOutput,
} from './output.ts';
import type { Random } from './random.ts';
import { answerBytes, fillPath, ROUTER_CODES, type RouterFields, routerLine } from './route.ts';
import type { Timeline } from './timeline.ts';

/** The router gives up on an answer after this. */
const TIMEOUT_MS = 30_000;
/** … and on a dyno's boot after this. */
const BOOT_WAIT_MS = 75_000;
/** Odds of codes that happen to everybody. */
const CLIENT_LEFT = 0.0004;
const CONNECTION_CLOSED = 0.00004;
const SERVER_INTERRUPTED = 0.00002;

export interface Span {
  fromMs: number;
  toMs: number;
}

export class Traffic {
  readonly #app: AppSpec;
  readonly #timeline: Timeline;
  readonly #incidents: readonly Incident[];
  readonly #pickRoute: (random: Random) => RouteSpec;
  readonly #pickHost: (random: Random) => HostSpec;
  readonly #pickStatus = new Map<RouteSpec, (random: Random) => number>();

  constructor(app: AppSpec, timeline: Timeline, incidents: readonly Incident[]) {
    this.#app = app;
    this.#timeline = timeline;
    this.#incidents = incidents;
    this.#pickRoute = weighted(app.routes.map((route) => [route, route.weight] as const));
    this.#pickHost = weighted(app.hosts.map((host) => [host, host.weight] as const));
    for (const route of app.routes) this.#pickStatus.set(route, weighted(route.statuses));
  }

  /** Lines of a slice, not sorted. @param busyness share of the peak rate in this slice */
  linesBetween(span: Span, busyness: number, random: Random): SimLine[] {
    const lengthMs = span.toMs - span.fromMs;
    const perMs = (this.#app.traffic.peakRpm * busyness) / 60_000;
    const lines: SimLine[] = [];
    for (let left = random.poisson(perMs * lengthMs); left > 0; left -= 1) {
      this.#request(span.fromMs + random.next() * lengthMs, span, busyness, random, lines);
    }
    this.#afterBoot(span, perMs, random, lines);
    this.#atCrash(span, busyness, random, lines);
    return lines;
  }

  #request(atMs: number, span: Span, busyness: number, random: Random, lines: SimLine[]): void {
    const route = this.#pickRoute(random);
    if (inMaintenance(this.#incidents, atMs)) {
      lines.push(this.#routerSays('H80', atMs, route, random, { dyno: '', connectMs: 0, serviceMs: 0 }));
      return;
    }
    const up = this.#lives('web', atMs).filter((life) => life.upMs <= atMs && atMs < life.endMs);
    if (up.length > 0) {
      this.#serve(atMs, random.pick(up), route, 0, { span, busyness, random, lines });
      return;
    }
    const waiting = this.#lives('web', atMs).some((life) => isBooting(life, atMs));
    // Who waits for a boot is logged when it is over (see #afterBoot).
    if (waiting) return;
    const crashed = this.#lives('web', atMs).some((life) => life.end === 'crash');
    lines.push(this.#routerSays(crashed ? 'H10' : 'H14', atMs, route, random, { dyno: '' }));
  }

  /** The lives the dynos of a type are in at an instant. */
  #lives(type: string, atMs: number): Life[] {
    const lives: Life[] = [];
    for (const dyno of this.#timeline.room.dynos()) {
      if (!dyno.startsWith(`${type}.`)) continue;
      const life = this.#timeline.room.lifeAt(dyno, atMs);
      if (life !== undefined) lives.push(life);
    }
    return lives;
  }

  /** Requests that the router held while the only dynos were booting. */
  #afterBoot(span: Span, perMs: number, random: Random, lines: SimLine[]): void {
    for (const dyno of this.#timeline.room.dynos()) {
      if (!dyno.startsWith('web.')) continue;
      for (const life of this.#timeline.room.livesOf(dyno)) {
        if (life.upMs < span.fromMs || life.upMs >= span.toMs || life.endMs <= life.upMs) continue;
        const heldMs = Math.min(life.upMs - life.startingMs, BOOT_WAIT_MS);
        const others = this.#lives('web', life.upMs - 1).filter((other) => other.dyno !== dyno);
        if (others.some((other) => other.upMs < life.upMs && other.endMs > life.upMs)) continue;
        for (let left = random.poisson(perMs * heldMs); left > 0; left -= 1) {
          const connectMs = random.next() * heldMs;
          const context = { span, busyness: 1, random, lines };
          this.#serve(life.upMs + 20, life, this.#pickRoute(random), connectMs, context);
        }
      }
    }
  }

  /** Who was being served by a dyno when it died. */
  #atCrash(span: Span, busyness: number, random: Random, lines: SimLine[]): void {
    for (const dyno of this.#timeline.room.dynos()) {
      if (!dyno.startsWith('web.')) continue;
      for (const life of this.#timeline.room.livesOf(dyno)) {
        if (life.end !== 'crash' || life.endMs < span.fromMs || life.endMs >= span.toMs) continue;
        if (life.endMs <= life.upMs) continue;
        for (let left = random.poisson(2 * busyness); left > 0; left -= 1) {
          const serviceMs = random.integer(5, 900);
          const reached = { dyno, connectMs: 0, serviceMs };
          lines.push(this.#routerSays('H13', life.endMs, this.#pickRoute(random), random, reached));
        }
      }
    }
  }

  #serve(
    wantedMs: number,
    life: Life,
    route: RouteSpec,
    connectMs: number,
    { span, busyness, random, lines }: { span: Span; busyness: number; random: Random; lines: SimLine[] },
  ): void {
    const atMs = Math.min(wantedMs, span.toMs - 0.001);
    const trouble = route.nature === undefined ? databaseTrouble(this.#incidents, atMs) : 0;
    const fault = this.#timeline.fault(life.version);
    const serviceMs = this.#serviceMs(
      atMs,
      life,
      route,
      { busyness, trouble, slowdown: fault?.slowdown ?? 1 },
      random,
    );
    const reached = { dyno: life.dyno, connectMs: connectMs + hop(random), serviceMs };
    const code = this.#codeOf(route, serviceMs, trouble, random);
    if (code !== undefined) {
      if (code === 'H12') reached.serviceMs = TIMEOUT_MS + random.integer(0, 1);
      const fields = { ...this.#fields(route, random, reached), ...ROUTER_CODES[code], code };
      lines.push(routerLine(atMs, fields));
      if (code === 'H12') this.#printTimeout(atMs, life.dyno, { ...fields, serviceMs }, { span, lines });
      return;
    }
    const failed = route.nature === undefined && random.chance(fault?.errorRatio ?? 0);
    const status = failed ? 500 : (this.#pickStatus.get(route)?.(random) ?? 200);
    const fields = this.#fields(route, random, { ...reached, status });
    lines.push(routerLine(atMs, { ...fields, bytes: answerBytes(route, status, random) }));
    this.#print(
      atMs,
      life.dyno,
      { ...fields, status, serviceMs },
      { span, random, lines, isDatabaseSlow: trouble > 0 },
    );
  }

  #serviceMs(
    atMs: number,
    life: Life,
    route: RouteSpec,
    factors: { busyness: number; trouble: number; slowdown: number },
    random: Random,
  ): number {
    const own = random.logNormal(route.medianMs, route.sigma);
    if (route.nature === 'socket') return own;
    const crowd = 1 + 0.5 * factors.busyness ** 2;
    const cold = 1 + 1.2 * Math.exp(-(atMs - life.upMs) / 20_000);
    const afflicted = isAfflicted(life.dyno);
    const waitMs = factors.trouble * random.exponential(afflicted ? 16_000 : 1_200);
    return own * crowd * cold * factors.slowdown * (1 + 6 * factors.trouble) + waitMs;
  }

  #codeOf(route: RouteSpec, serviceMs: number, trouble: number, random: Random): string | undefined {
    if (route.nature === 'socket') return undefined;
    if (serviceMs >= TIMEOUT_MS) return 'H12';
    const chance = random.next();
    // Visitors lose patience when pages are slow.
    const leaving = CLIENT_LEFT + (serviceMs > 5_000 ? 0.03 * trouble : 0);
    if (chance < leaving) return 'H27';
    if (chance < leaving + CONNECTION_CLOSED) return 'H13';
    if (chance < leaving + CONNECTION_CLOSED + SERVER_INTERRUPTED) return 'H18';
    return undefined;
  }

  #fields(route: RouteSpec, random: Random, reached: Partial<RouterFields> & { dyno: string }): RouterFields {
    const host = this.#pickHost(random);
    const plain = host.tlsVersion !== 'unknown' && random.chance(0.01);
    return {
      at: 'info',
      method: route.method,
      path: fillPath(route.path, random),
      host: host.host,
      requestId: random.uuid(),
      fwd: forwardedFor(this.#app.clients, random),
      protocol: plain || host.tlsVersion !== 'tls1.3' || random.chance(0.3) ? 'http1.1' : 'http2.0',
      tls: plain ? false : host.tlsVersion,
      ...reached,
    };
  }

  /** A line in which the router, not the app, decides the answer. */
  #routerSays(
    code: string,
    atMs: number,
    route: RouteSpec,
    random: Random,
    reached: { dyno: string; connectMs?: number; serviceMs?: number },
  ): SimLine {
    return routerLine(atMs, { ...this.#fields(route, random, reached), ...ROUTER_CODES[code], code });
  }

  /** The app gives a request up some seconds before the router does. */
  #printTimeout(
    atMs: number,
    dyno: string,
    served: RouterFields & { serviceMs: number },
    { span, lines }: { span: Span; lines: SimLine[] },
  ): void {
    const printMs = Math.max(span.fromMs, atMs - (TIMEOUT_MS - APP_TIMEOUT_MS));
    for (const text of timeoutOutput(this.#app.output, { ...served, atMs: printMs })) {
      lines.push(outputLine(printMs, dyno, text));
    }
  }

  #print(
    atMs: number,
    dyno: string,
    served: RouterFields & { status: number; serviceMs: number },
    {
      span,
      random,
      lines,
      isDatabaseSlow,
    }: { span: Span; random: Random; lines: SimLine[]; isDatabaseSlow: boolean },
  ): void {
    const { output, outputPerRequest, customMetrics } = this.#app;
    const printMs = Math.max(span.fromMs, atMs - 1.7);
    if (served.status >= 500) {
      const failure = failureOutput(output, { ...served, atMs: printMs }, random);
      for (const text of failure) lines.push(outputLine(printMs, dyno, text));
    } else if (served.serviceMs > SLOW_MS && isDatabaseSlow) {
      lines.push(outputLine(printMs, dyno, slowOutput(output, { ...served, atMs: printMs })));
    }
    if (random.chance(outputPerRequest)) {
      lines.push(outputLine(printMs, dyno, requestOutput(output, { ...served, atMs: printMs }, random)));
    }
    if (customMetrics && served.status === 201) {
      lines.push(outputLine(printMs, dyno, checkoutMetrics(served.serviceMs, random), 'metric'));
    }
    if (random.chance(0.001)) lines.push(outputLine(printMs, dyno, carelessOutput(random)));
  }
}

/** When an app itself gives a request up: rack-timeout's usual setting on Heroku. */
const APP_TIMEOUT_MS = 25_000;
/** A request that takes longer is worth a line while the database is in trouble. */
const SLOW_MS = 3_000;

/** Being started, and not just failing to. */
function isBooting(life: Life, atMs: number): boolean {
  return atMs >= life.startingMs && atMs < life.upMs && life.endMs > life.upMs;
}

/** The two dynos that suffer most when the database is slow. */
function isAfflicted(dyno: string): boolean {
  return dyno === 'web.1' || dyno === 'web.2';
}

/** The router's way to a dyno: mostly nothing, rarely a few ms. */
function hop(random: Random): number {
  return random.chance(0.7) ? 0 : Math.min(40, Math.floor(1 + random.exponential(0.8)));
}
