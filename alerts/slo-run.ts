/**
 * Evaluations of one SLO from minute to minute: each tier's state, the transitions with their numbers, and the spans in
 * which the SLO as a whole fired. Pure; told is the net state once the newest minute is reached (slo-tell.ts).
 */
import { type AlertMemory, initialMemory, isFiring, step, type TransitionReason } from '../model/alert.ts';
import { type CompiledTier, compileTier, readingOf, readTier, type TierReading } from '../model/burn.ts';
import type { SloDefinition, Tier } from '../model/slo.ts';
import { type Fraction, targetOf } from '../model/target.ts';
import { type MinuteRange, type WindowSource, withoutRanges } from '../model/window-sums.ts';
import type { SloSource } from './slo-source.ts';

/** A version ready to be evaluated. Bounds in minutes, half open; validTo null without end. */
export interface RunVersion {
  id: number;
  validFrom: number;
  validTo: number | null;
  definition: SloDefinition;
  target: Fraction;
  compiled: readonly CompiledTier[];
}

export function compileVersion(version: {
  id: number;
  validFromS: number;
  validToS: number | null;
  definition: SloDefinition;
}): RunVersion {
  const target = targetOf(version.definition.target);
  return {
    id: version.id,
    validFrom: version.validFromS / 60,
    validTo: version.validToS === null ? null : version.validToS / 60,
    definition: version.definition,
    target,
    compiled: version.definition.tiers.map((tier) => compileTier(tier, target)),
  };
}

/** A time during which at least one tier fired. */
export interface Episode {
  /** First evaluation that fired. */
  from: number;
  /** Since when it was above: the evaluation from which `forMinutes` were waited. */
  since: number;
  /** The worst it was. */
  severity: Tier['severity'];
  /** Whether people were told of it. */
  isTold: boolean;
}

/** What a run goes on from. */
export interface RunState {
  tiers: AlertMemory[];
  /** Version that the tiers are of; null before the first evaluation. */
  versionId: number | null;
  episode: Episode | null;
}

export interface RunTransition {
  tier: number;
  severity: Tier['severity'];
  minute: number;
  from: AlertMemory['state'];
  to: AlertMemory['state'];
  reason: TransitionReason;
  /** What the tier saw; null where no window was read (a version without the tier, an SLO that ended). */
  reading: TierReading | null;
}

/** How an SLO stood before its evaluation of a minute: where late data makes evaluations begin anew. */
export interface Snapshot extends RunState {
  minute: number;
}

/** Minutes between two snapshots. */
export const SNAPSHOT_MINUTES = 30;

/** An episode that is over. */
export interface EndedEpisode extends Episode {
  to: number;
}

export interface RunResult {
  state: RunState;
  transitions: RunTransition[];
  ended: EndedEpisode[];
  snapshots: Snapshot[];
  /** Whether the version changed on the way. */
  isNewVersion: boolean;
  /** The SLO ended (was removed): nothing is evaluated any more. */
  isOver: boolean;
}

export interface SloCase {
  /** In order, not empty. */
  versions: readonly RunVersion[];
  source: SloSource;
  corrected: readonly MinuteRange[];
}

/** The version that counted a minute; what lies before the first belongs to it. null once the last one ended. */
export function versionAt(versions: readonly RunVersion[], minute: number): RunVersion | null {
  const last = versions.findLast(({ validFrom }) => validFrom <= minute) ?? versions[0];
  if (last === undefined) return null;
  return last.validTo !== null && minute >= last.validTo ? null : last;
}

export function isWorse(a: Tier['severity'] | null, b: Tier['severity'] | null): boolean {
  return rank(a) > rank(b);
}

function rank(severity: Tier['severity'] | null): number {
  return severity === null ? 0 : severity === 'ticket' ? 1 : 2;
}

/** The tier that says how bad it is: the first firing one of the worst severity; −1 when none fires. */
export function worstTier(tiers: readonly AlertMemory[], definitions: readonly Tier[]): number {
  let worst = -1;
  tiers.forEach((memory, at) => {
    if (!isFiring(memory)) return;
    if (worst < 0 || isWorse(definitions[at]?.severity ?? null, definitions[worst]?.severity ?? null))
      worst = at;
  });
  return worst;
}

/** Makes the evaluations from … through, in order. Stops early when the SLO ends. */
export function runMinutes(slo: SloCase, start: RunState, from: number, through: number): RunResult {
  const run = new Run(slo, start);
  for (let minute = from; minute <= through && !run.isOver; minute++) run.evaluate(minute);
  return run.result();
}

class Run {
  readonly #slo: SloCase;
  readonly #counted: WindowSource;
  #tiers: AlertMemory[];
  #versionId: number | null;
  #episode: Episode | null;
  readonly #transitions: RunTransition[] = [];
  readonly #ended: EndedEpisode[] = [];
  readonly #snapshots: Snapshot[] = [];
  #isNewVersion = false;
  isOver = false;

  constructor(slo: SloCase, start: RunState) {
    this.#slo = slo;
    this.#counted = withoutRanges(slo.source, slo.corrected);
    this.#tiers = [...start.tiers];
    this.#versionId = start.versionId;
    this.#episode = start.episode;
  }

  result(): RunResult {
    return {
      state: this.#state(),
      transitions: this.#transitions,
      ended: this.#ended,
      snapshots: this.#snapshots,
      isNewVersion: this.#isNewVersion,
      isOver: this.isOver,
    };
  }

  #state(): RunState {
    return { tiers: [...this.#tiers], versionId: this.#versionId, episode: this.#episode };
  }

  evaluate(minute: number): void {
    if (minute % SNAPSHOT_MINUTES === 0) this.#snapshots.push({ minute, ...this.#state() });
    // Evaluation n sees minutes up to n − 1, and judges by what held in the newest of them.
    const version = versionAt(this.#slo.versions, minute - 1);
    if (version === null) {
      this.#endAll(minute);
      return;
    }
    const isChange = version.id !== this.#versionId;
    if (isChange) this.#takeVersion(version, minute);
    const { source } = this.#slo;
    source.seeAs(minute);
    const latest = source.latest();
    const { holdOnMissing, useCoverage, tiers } = version.definition;
    let since = minute;
    version.compiled.forEach((compiled, at) => {
      const { tier } = compiled;
      const reading = readTier(compiled, this.#counted, minute, { useCoverage });
      const judged = readingOf(reading, latest);
      if (judged.isMissing === 'gap') judged.isMissing = source.unknownBecause(minute - tier.shortMinutes);
      const before = this.#tiers[at] ?? initialMemory(minute);
      const { memory, transition } = step(before, judged, minute, {
        forMinutes: tier.forMinutes,
        keepFiringMinutes: tier.keepFiringMinutes,
        holdOnMissing,
      });
      // A window without a single line is no zero, also before its silence is unusual: nothing ends in it.
      const isEnd = isFiring(before) && memory.state === 'ok';
      if (isEnd && holdOnMissing && source.isPausing(minute - tier.shortMinutes)) return;
      this.#tiers[at] = memory;
      if (transition === null) return;
      if (before.state === 'pending' && transition.to === 'firing')
        since = Math.min(since, before.sinceMinute);
      const reason = this.#reasonOf(transition.reason, { isChange, from: minute - tier.shortMinutes });
      this.#transitions.push({ tier: at, severity: tier.severity, minute, ...transition, reason, reading });
    });
    this.#follow({ minute, since }, tiers);
  }

  #reasonOf(
    reason: TransitionReason,
    { isChange, from }: { isChange: boolean; from: number },
  ): TransitionReason {
    if (isChange) return 'sloChanged';
    return reason === 'recovered' && this.#slo.source.isCorrected(from) ? 'correction' : reason;
  }

  /** Tiers with the same windows and severity go on; others begin anew, and those that are gone end. */
  #takeVersion(version: RunVersion, minute: number): void {
    const before = this.#slo.versions.find(({ id }) => id === this.#versionId);
    const old = this.#tiers;
    const left = (before?.definition.tiers ?? []).map((tier, at) => ({ tier, at, memory: old[at] }));
    this.#tiers = version.definition.tiers.map((tier) => {
      const at = left.findIndex((candidate) => isSameTier(candidate.tier, tier));
      const [kept] = at < 0 ? [] : left.splice(at, 1);
      return kept?.memory ?? initialMemory(minute);
    });
    for (const { tier, at, memory } of left) this.#end(tier, at, memory, minute, 'sloChanged');
    this.#isNewVersion ||= this.#versionId !== null;
    this.#versionId = version.id;
  }

  #endAll(minute: number): void {
    const before = this.#slo.versions.find(({ id }) => id === this.#versionId);
    (before?.definition.tiers ?? []).forEach((tier, at) => {
      this.#end(tier, at, this.#tiers[at], minute, 'removed');
    });
    this.#tiers = this.#tiers.map(() => initialMemory(minute));
    this.#follow({ minute, since: minute }, []);
    this.isOver = true;
  }

  #end(
    tier: Tier,
    at: number,
    memory: AlertMemory | undefined,
    minute: number,
    reason: TransitionReason,
  ): void {
    if (memory === undefined || memory.state === 'ok') return;
    const { severity } = tier;
    this.#transitions.push({
      tier: at,
      severity,
      minute,
      from: memory.state,
      to: 'ok',
      reason,
      reading: null,
    });
  }

  #follow({ minute, since }: { minute: number; since: number }, tiers: readonly Tier[]): void {
    const severity = tiers[worstTier(this.#tiers, tiers)]?.severity ?? null;
    if (severity === null) {
      if (this.#episode !== null) this.#ended.push({ ...this.#episode, to: minute });
      this.#episode = null;
    } else if (this.#episode === null) this.#episode = { from: minute, since, severity, isTold: false };
    else if (isWorse(severity, this.#episode.severity)) this.#episode = { ...this.#episode, severity };
  }
}

function isSameTier(a: Tier, b: Tier): boolean {
  return a.severity === b.severity && a.longMinutes === b.longMinutes && a.shortMinutes === b.shortMinutes;
}
