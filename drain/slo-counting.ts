/**
 * Requests counted for SLOs, in passing: an app's matchers in groups of up to 30, each text of a section's dictionary
 * asked once which of a group take it, so that a request costs an array read for each dimension that some SLO cares
 * about, and one judgement for each SLO whose scope it is in. An app without SLOs has none of this.
 *
 * Which version counts a request is decided by what is in the log alone, so that a take-over decides as the writer did
 * an SLO counts what was committed since its first version is valid, everything before is the back-fill's;
 * and by the version that is valid in the request's minute, or at the commit for a line from the future.
 */
import { EXCLUDED } from '../model/outcome.ts';
import { pathShape } from '../model/path-shape.ts';
import type { SloMatcher, TakesText } from '../model/slo-match.ts';
import { MINUTE } from '../model/time.ts';
import type { Section } from './section.ts';

/** A version with its matcher. */
export interface CompiledVersion {
  id: number;
  sloId: number;
  /** Epoch s, whole minutes; validToS exclusive. */
  validFromS: number;
  validToS: number;
  matcher: SloMatcher;
}

/** SLOs in one mask of 32 bits, the sign left out. */
const GROUP_MAX = 30;
/** Texts whose masks are remembered from one section to the next; paths are many. */
const MASKS_MAX = 4_096;

/** Which of a group take a text, remembered. */
class TextMasks {
  readonly #takers: readonly TakesText[];
  readonly #byText = new Map<string, number>();

  constructor(takers: readonly TakesText[]) {
    this.#takers = takers;
  }

  /** Whether every SLO of the group takes all: then nobody need ask. */
  get isOpen(): boolean {
    return this.#takers.every((takes) => takes === null);
  }

  of(text: string): number {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    let mask = 0;
    this.#takers.forEach((takes, bit) => {
      if (takes === null || takes(text)) mask |= 1 << bit;
    });
    if (this.#byText.size >= MASKS_MAX) this.#byText.clear();
    this.#byText.set(text, mask);
    return mask;
  }
}

/** Up to 30 versions that are asked together. */
class Group {
  readonly matchers: readonly SloMatcher[];
  readonly ids: readonly number[];
  readonly all: number;
  readonly dyno: TextMasks | null;
  readonly method: TextMasks | null;
  readonly host: TextMasks | null;
  readonly shape: TextMasks | null;

  constructor(versions: readonly CompiledVersion[]) {
    this.matchers = versions.map(({ matcher }) => matcher);
    this.ids = versions.map(({ id }) => id);
    this.all = 2 ** versions.length - 1;
    this.dyno = masksOf(this.matchers.map(({ takesDyno }) => takesDyno));
    this.method = masksOf(this.matchers.map(({ takesMethod }) => takesMethod));
    this.host = masksOf(this.matchers.map(({ takesHost }) => takesHost));
    this.shape = masksOf(this.matchers.map(({ takesShape }) => takesShape));
  }
}

function masksOf(takers: readonly TakesText[]): TextMasks | null {
  const masks = new TextMasks(takers);
  return masks.isOpen ? null : masks;
}

/** The versions that count together. */
export class SloPlan {
  readonly groups: readonly Group[];

  constructor(versions: readonly CompiledVersion[]) {
    const groups: Group[] = [];
    for (let start = 0; start < versions.length; start += GROUP_MAX) {
      groups.push(new Group(versions.slice(start, start + GROUP_MAX)));
    }
    this.groups = groups;
  }
}

const NO_PLAN = new SloPlan([]);

/** The SLOs of one app, all their versions. Replaced as a whole when one changes. */
export class AppSlos {
  /** Versions of each SLO that are valid for some time, oldest first. */
  readonly #slos: CompiledVersion[][];
  readonly #plans = new Map<string, SloPlan>();
  /** From this second on the newest versions are all that counts. */
  readonly #steadyFromS: number;
  #steady: SloPlan | undefined;

  constructor(versions: readonly CompiledVersion[]) {
    const bySlo = new Map<number, CompiledVersion[]>();
    for (const version of versions) {
      if (version.validToS <= version.validFromS) continue;
      bySlo.set(version.sloId, [...(bySlo.get(version.sloId) ?? []), version]);
    }
    this.#slos = [...bySlo.values()].map((own) => own.toSorted((a, b) => a.validFromS - b.validFromS));
    this.#slos.sort((a, b) => (a[0]?.sloId ?? 0) - (b[0]?.sloId ?? 0));
    const changes = versions.flatMap(({ validFromS, validToS }) => [validFromS, validToS]);
    this.#steadyFromS = Math.max(...changes.filter((atS) => atS !== Number.POSITIVE_INFINITY));
  }

  /** What counts a request filed in a minute, in a chunk committed at an instant. */
  planAt(minute: number, committedAtMs: number): SloPlan {
    const committedAtS = committedAtMs / 1000;
    const atS = Math.min(minute * 60, Math.floor(committedAtS / 60) * 60);
    if (atS >= this.#steadyFromS && this.#steady !== undefined) return this.#steady;
    const counting = this.#slos
      .map((versions) => versionAt(versions, atS, committedAtS))
      .filter((version) => version !== undefined);
    const plan = this.#plan(counting);
    if (atS >= this.#steadyFromS) this.#steady = plan;
    return plan;
  }

  #plan(versions: readonly CompiledVersion[]): SloPlan {
    if (versions.length === 0) return NO_PLAN;
    const key = versions.map(({ id }) => id).join();
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      plan = new SloPlan(versions);
      this.#plans.set(key, plan);
    }
    return plan;
  }
}

function versionAt(
  versions: readonly CompiledVersion[],
  atS: number,
  committedAtS: number,
): CompiledVersion | undefined {
  const first = versions[0];
  if (first === undefined || committedAtS < first.validFromS) return undefined;
  // Late lines of the time before it was there.
  if (atS < first.validFromS) return first;
  return versions.find(({ validFromS, validToS }) => validFromS <= atS && atS < validToS);
}

/** What an app's SLOs counted in one minute under one plan; by group, and in it by position. */
export interface MinuteCell {
  minute: number;
  plan: SloPlan;
  events: Uint32Array[];
  bad: Uint32Array[];
}

export function emptyMinute(minute: number, plan: SloPlan): MinuteCell {
  const zeros = (): Uint32Array[] => plan.groups.map(({ ids }) => new Uint32Array(ids.length));
  return { minute, plan, events: zeros(), bad: zeros() };
}

/** Of a plan without groups, which never adds to it. */
const NO_CELL = emptyMinute(0, NO_PLAN);

/** Masks of one dimension by the section's dictionary numbers. */
class NumberMasks {
  readonly #masks: TextMasks;
  readonly #textOf: (number: number) => string;
  readonly #known: (number | undefined)[] = [];

  constructor(masks: TextMasks, textOf: (number: number) => string) {
    this.#masks = masks;
    this.#textOf = textOf;
  }

  at(number: number): number {
    const known = this.#known[number];
    if (known !== undefined) return known;
    const mask = this.#masks.of(this.#textOf(number));
    this.#known[number] = mask;
    return mask;
  }
}

/** A group within one section. */
class GroupCache {
  readonly group: Group;
  readonly dyno: NumberMasks | null;
  readonly method: NumberMasks | null;
  readonly host: NumberMasks | null;
  readonly path: NumberMasks | null;

  constructor(group: Group, { texts, shapes }: Section) {
    const textOf = (number: number): string => texts[number] ?? '';
    const shapeOf = (number: number): string => shapes[number] ?? pathShape(textOf(number));
    const of = (masks: TextMasks | null, read: (number: number) => string): NumberMasks | null =>
      masks && new NumberMasks(masks, read);
    this.group = group;
    this.dyno = of(group.dyno, textOf);
    this.method = of(group.method, textOf);
    this.host = of(group.host, textOf);
    this.path = of(group.shape, shapeOf);
  }

  /** Which SLOs of the group have a request in their scope. */
  maskOf({ requests }: Section, row: number): number {
    let mask = this.group.all;
    if (this.dyno !== null) mask &= this.dyno.at(requests.dyno[row]!);
    if (this.method !== null) mask &= this.method.at(requests.method[row]!);
    if (this.host !== null) mask &= this.host.at(requests.host[row]!);
    if (this.path !== null) mask &= this.path.at(requests.path[row]!);
    return mask;
  }
}

/** The counters of one section of an app that has SLOs. */
export class SectionSlos {
  readonly #section: Section;
  readonly #committedAtMs: number;
  readonly #slos: AppSlos;
  readonly #cellOf: (minute: number, plan: SloPlan) => MinuteCell;
  readonly #caches = new Map<SloPlan, GroupCache[]>();
  #fromMs = Number.NaN;
  #groups: GroupCache[] = [];
  #cell = NO_CELL;

  /** cellOf: where the counts of a minute under a plan go. */
  constructor(
    section: Section,
    committedAtMs: number,
    slos: AppSlos,
    cellOf: (minute: number, plan: SloPlan) => MinuteCell,
  ) {
    this.#section = section;
    this.#committedAtMs = committedAtMs;
    this.#slos = slos;
    this.#cellOf = cellOf;
  }

  /** Counts a request; what is known of it already is handed in, as for SloMatcher.judge. */
  count(
    row: number,
    family: number,
    number: number,
    isError: boolean,
    status: number,
    outcome: number,
  ): void {
    const { requests } = this.#section;
    const sinceMs = requests.timeMs[row]! - this.#fromMs;
    if (!(sinceMs >= 0 && sinceMs < MINUTE)) this.#enter(requests.timeMs[row]!);
    const groups = this.#groups;
    for (let index = 0; index < groups.length; index++) {
      const cache = groups[index]!;
      let mask = cache.maskOf(this.#section, row);
      if (mask === 0) continue;
      const events = this.#cell.events[index]!;
      const bad = this.#cell.bad[index]!;
      const { matchers } = cache.group;
      const serviceMs = requests.serviceMs[row]!;
      while (mask !== 0) {
        const bit = 31 - Math.clz32(mask);
        mask ^= 1 << bit;
        const verdict = matchers[bit]!.judge(family, number, isError, status, serviceMs, outcome);
        if (verdict === EXCLUDED) continue;
        events[bit] = events[bit]! + 1;
        // GOOD is 0, BAD is 1.
        bad[bit] = bad[bit]! + verdict;
      }
    }
  }

  #enter(timeMs: number): void {
    const minute = Math.floor(timeMs / MINUTE);
    this.#fromMs = minute * MINUTE;
    const plan = this.#slos.planAt(minute, this.#committedAtMs);
    let groups = this.#caches.get(plan);
    if (groups === undefined) {
      groups = plan.groups.map((group) => new GroupCache(group, this.#section));
      this.#caches.set(plan, groups);
    }
    this.#groups = groups;
    if (groups.length > 0) this.#cell = this.#cellOf(minute, plan);
  }
}
