/**
 * Whether a request belongs to an SLO, and whether it is bad there; compiled once per version, for it is asked of every
 * request. The rules beyond those of outcome.ts:
 *
 * 1. A request without a dyno is the process type `web`: the router only ever sends there, and H14 says that none runs.
 * 2. A status among `badStatuses` is bad where the line has no code: codes come before statuses.
 * 3. Latency is the router's `service`, without `connect`: what the dyno took. A request whose code counts against
 *    availability is bad whatever its duration says: H12, H13 and their like ended without one. So is a 5xx without.
 *    Any other request is bad above the threshold. Left out: 101 (a connection's life), H27, H28, H80 to H83 (no
 *    duration of the app's), what has no duration at all.
 * 4. `excludeLongLived` leaves out H15, and answers that went on beyond 30 s without a code: H12 would have cut off
 *    an answer that had not begun by then, so they are streams or downloads.
 */
import { processTypeOf } from './heroku.ts';
import {
  BAD,
  type CountedCodes,
  countedCodes,
  EXCLUDED,
  GOOD,
  hasOwnDuration,
  outcomeOf,
  REQUEST_TIMEOUT_MS,
} from './outcome.ts';
import type { Indicator, SloDefinition } from './slo.ts';

const NO_CODE = -1;
const FAMILY_H = 72;
const IDLE_CONNECTION = 15;
const STATUS_MAX = 599;
const WEB = 'web';

const KIND_AVAILABILITY = 0;
const KIND_LATENCY = 1;

/** Takes or leaves a text; null takes all, which the caller then need not ask for. */
export type TakesText = ((text: string) => boolean) | null;

export class SloMatcher {
  /** Of a line's `dyno`, such as `web.1`, '' where none was reached. */
  readonly takesDyno: TakesText;
  readonly takesMethod: TakesText;
  readonly takesHost: TakesText;
  /** Of a path's shape (path-shape.ts). */
  readonly takesShape: TakesText;
  readonly #kind: number;
  /** No choice differs from the default: the outcome is the one that every request has anyway. */
  readonly #isUsual: boolean;
  readonly #counted: CountedCodes;
  readonly #badStatus: Uint8Array;
  readonly #thresholdMs: number;
  readonly #excludesLongLived: boolean;

  private constructor(definition: SloDefinition, indicator: Exclude<Indicator, { kind: 'composite' }>) {
    const { scope } = definition;
    const types = takesOneOf(scope.processTypes);
    this.takesDyno = types && ((dyno) => types(dyno === '' ? WEB : (processTypeOf(dyno) ?? dyno)));
    const methods = takesOneOf(scope.methods);
    this.takesMethod = methods && ((method) => methods(method.toUpperCase()));
    const hosts = takesOneOf(scope.hosts.map((host) => host.toLowerCase()));
    this.takesHost = hosts && ((host) => hosts(host.toLowerCase()));
    this.takesShape = takesShapes(scope.pathShapes, scope.excludedPathShapes);
    const isLatency = indicator.kind === 'latency';
    this.#kind = isLatency ? KIND_LATENCY : KIND_AVAILABILITY;
    this.#thresholdMs = isLatency ? indicator.thresholdMs : 0;
    this.#excludesLongLived = isLatency && indicator.excludeLongLived;
    this.#counted = countedCodes(isLatency ? new Map() : new Map(Object.entries(indicator.codes)));
    this.#badStatus = statusTable(isLatency ? [] : indicator.badStatuses);
    this.#isUsual =
      !isLatency && Object.keys(indicator.codes).length === 0 && indicator.badStatuses.length === 0;
  }

  /** null for a composite, whose members count, and for what only a later release knows. */
  static of(definition: SloDefinition): SloMatcher | null {
    const { indicator } = definition;
    const isCounted = indicator.kind === 'availability' || indicator.kind === 'latency';
    return isCounted ? new SloMatcher(definition, indicator) : null;
  }

  /**
   * GOOD, BAD or EXCLUDED of a request within the scope. Numbers as for outcomeOf; `outcome`: what that gave with its
   * default; `serviceMs` -1 without one.
   */
  judge(
    family: number,
    number: number,
    isError: boolean,
    status: number,
    serviceMs: number,
    outcome: number,
  ): number {
    if (this.#isUsual) return outcome;
    if (this.#kind === KIND_LATENCY) return this.#judgeLatency(family, number, status, serviceMs, outcome);
    if (family === NO_CODE && status > 0 && this.#badStatus[status] === 1) return BAD;
    return outcomeOf(family, number, isError, status, this.#counted);
  }

  #judgeLatency(family: number, number: number, status: number, serviceMs: number, outcome: number): number {
    if (status === 101) return EXCLUDED;
    if (family !== NO_CODE) {
      if (!hasOwnDuration(family, number)) return EXCLUDED;
      if (this.#excludesLongLived && family === FAMILY_H && number === IDLE_CONNECTION) return EXCLUDED;
      if (outcome === BAD) return BAD;
    } else if (this.#excludesLongLived && serviceMs > REQUEST_TIMEOUT_MS) {
      return EXCLUDED;
    }
    if (serviceMs < 0) return outcome === BAD ? BAD : EXCLUDED;
    return serviceMs > this.#thresholdMs ? BAD : GOOD;
  }
}

function takesOneOf(texts: readonly string[]): TakesText {
  if (texts.length === 0) return null;
  const taken: ReadonlySet<string> = new Set(texts);
  return (text) => taken.has(text);
}

function takesShapes(taken: readonly string[], left: readonly string[]): TakesText {
  const isTaken = taken.length === 0 ? null : shapeList(taken);
  if (left.length === 0) return isTaken;
  const isLeft = shapeList(left);
  return isTaken === null ? (shape) => !isLeft(shape) : (shape) => isTaken(shape) && !isLeft(shape);
}

/** A `*` at the end takes all that begin so. */
function shapeList(shapes: readonly string[]): (shape: string) => boolean {
  const whole: ReadonlySet<string> = new Set(shapes);
  const starts = shapes.filter((shape) => shape.endsWith('*')).map((shape) => shape.slice(0, -1));
  return (shape) => whole.has(shape) || starts.some((start) => shape.startsWith(start));
}

/** 1 for each status that is named, by itself or by its class (`4xx`). */
function statusTable(names: readonly string[]): Uint8Array {
  const table = new Uint8Array(STATUS_MAX + 1);
  for (const name of names) {
    const first = /^([1-5])xx$/i.exec(name)?.[1];
    if (first !== undefined) table.fill(1, Number(first) * 100, Number(first) * 100 + 100);
    else if (/^[1-5]\d\d$/.test(name)) table[Number(name)] = 1;
  }
  return table;
}
