/** From evaluations of one SLO to what people are told: the net state once the newest minute is reached. */

import { type HeldReason, isFiring, type TransitionReason } from '../model/alert.ts';
import type { AlertChange, Evidence } from '../model/alert-change.ts';
import { type Budget, exhaustedAt } from '../model/budget.ts';
import type { CompiledTier } from '../model/burn.ts';
import { burnRate, readTier, type TierReading } from '../model/burn.ts';
import { CLOSE_AFTER_MS } from '../model/closing.ts';
import { periodAt } from '../model/period.ts';
import type { Tier } from '../model/slo.ts';
import { MINUTE } from '../model/time.ts';
import { type MinuteRange, withoutRanges } from '../model/window-sums.ts';
import {
  type EndedEpisode,
  isWorse,
  type RunState,
  type RunTransition,
  type RunVersion,
  worstTier,
} from './slo-run.ts';
import type { SloSource } from './slo-source.ts';

/** An evaluation that comes later than this after its minute was closed says so. */
const LATE_FROM_MS = MINUTE;
/** Episodes of a time nobody could evaluate in that are listed, the newest ones. */
export const LISTED_MAX = 20;

/** What was handed over last. */
export interface Told {
  severity: Tier['severity'] | null;
  held: HeldReason | null;
}

export const NOTHING_TOLD: Told = { severity: null, held: null };

/** What the newest evaluation of an SLO came to. */
export interface Verdict {
  appId: number;
  sloId: number;
  minute: number;
  nowMs: number;
  version: RunVersion;
  source: SloSource;
  corrected: readonly MinuteRange[];
  state: RunState;
  budget: Budget | null;
  transitions: readonly RunTransition[];
  isNewVersion: boolean;
}

/** How late an evaluation is made; 0 when in time. */
export function lateMs(minute: number, nowMs: number): number {
  const ms = nowMs - (minute * MINUTE + CLOSE_AFTER_MS);
  return ms > LATE_FROM_MS ? ms : 0;
}

/** Changes since `told`, and what is told with them. `ended`: episodes that began and ended untold. */
export function changesOf(
  verdict: Verdict,
  told: Told,
  ended: readonly EndedEpisode[],
): { changes: AlertChange[]; told: Told } {
  const { tiers: memories } = verdict.state;
  const { tiers } = verdict.version.definition;
  const at = worstTier(memories, tiers);
  const worst = at < 0 ? undefined : memories[at];
  const now: Told = { severity: tiers[at]?.severity ?? null, held: worst?.held?.reason ?? null };
  const changes: AlertChange[] = [];
  const isSame = now.severity === told.severity && now.held === told.held;
  if (!isSame || (verdict.isNewVersion && now.severity !== null)) {
    const reason = reasonOf(verdict, told, now);
    const { from = verdict.minute, since = verdict.minute } = verdict.state.episode ?? {};
    const isOpening = told.severity === null && now.severity !== null;
    changes.push({
      ...common(verdict),
      severity: now.severity,
      held:
        worst?.held === null || worst?.held === undefined
          ? null
          : { reason: worst.held.reason, sinceMs: worst.held.sinceMinute * MINUTE },
      reason,
      evidence: evidenceOf(verdict, at < 0 ? lastTier(verdict) : at, since),
      detectedLateMs: isOpening ? lateMs(from, verdict.nowMs) : 0,
      overBeforeTold: false,
    });
  }
  // What came and went beside an incident that people know of is part of it.
  if (told.severity === null) changes.push(...ended.map((episode) => listed(verdict, episode)));
  return { changes, told: now };
}

function common({
  appId,
  sloId,
  minute,
}: Verdict): Pick<AlertChange, 'appId' | 'subject' | 'minute' | 'atMs'> {
  return { appId, subject: { kind: 'slo', sloId }, minute, atMs: minute * MINUTE };
}

/** Why the net state is another now. */
function reasonOf({ transitions, isNewVersion }: Verdict, told: Told, now: Told): TransitionReason {
  if (now.severity !== null && now.severity === told.severity) {
    if (now.held !== null && told.held === null) return 'held';
    if (now.held === null && told.held !== null) return 'dataReturned';
    return isNewVersion ? 'sloChanged' : 'held';
  }
  const isUp = isWorse(now.severity, told.severity);
  const last = transitions.findLast(({ to }) => (isUp ? to === 'firing' : to === 'ok'));
  return last?.reason ?? (isNewVersion ? 'sloChanged' : isUp ? 'threshold' : 'recovered');
}

/** The tier that ended last. */
function lastTier({ transitions, version }: Verdict): number {
  const last = transitions.findLast(({ from, to }) => isFiring({ state: from }) && to === 'ok')?.tier ?? 0;
  return Math.min(last, version.compiled.length - 1);
}

function listed(verdict: Verdict, episode: EndedEpisode): AlertChange {
  const { transitions, version } = verdict;
  const began = transitions.find(({ minute, to }) => to === 'firing' && minute === episode.from);
  const compiled = version.compiled[began?.tier ?? 0];
  const numbers =
    compiled === undefined || !began?.reading
      ? evidenceOf(verdict, 0, episode.since)
      : evidenceFrom(verdict, compiled, began.reading, episode.since);
  return {
    ...common(verdict),
    minute: episode.to,
    atMs: episode.to * MINUTE,
    severity: episode.severity,
    held: null,
    reason: began?.reason ?? 'threshold',
    evidence: numbers,
    detectedLateMs: lateMs(episode.from, verdict.nowMs),
    overBeforeTold: true,
  };
}

/** The numbers of one tier as the newest evaluation sees them. */
export function evidenceOf(verdict: Verdict, tier: number, sinceMinute: number): Evidence {
  const { version, source, corrected, minute } = verdict;
  const compiled = version.compiled[tier];
  if (compiled === undefined) return withoutTier(verdict, sinceMinute);
  source.seeAs(minute);
  const { useCoverage } = version.definition;
  const reading = readTier(compiled, withoutRanges(source, corrected), minute, { useCoverage });
  return evidenceFrom(verdict, compiled, reading, sinceMinute);
}

function withoutTier({ version, budget }: Verdict, sinceMinute: number): Evidence {
  return {
    what: 'burn',
    title: version.definition.title,
    windows: [],
    value: null,
    threshold: null,
    unit: '',
    coverage: 1,
    budgetRemaining: budget?.remaining ?? null,
    exhaustedAtMs: null,
    sinceMs: sinceMinute * MINUTE,
    key: '',
    target: version.definition.target,
  };
}

export function evidenceFrom(
  verdict: Pick<Verdict, 'version' | 'budget' | 'minute'>,
  { tier }: CompiledTier,
  reading: TierReading,
  sinceMinute: number,
): Evidence {
  const { version, budget, minute } = verdict;
  const { definition, target } = version;
  const long = burnRate(reading.long, target);
  const remaining = budget?.remaining ?? null;
  const end = periodAt(definition.period, minute).to;
  const exhausted = exhaustedAt(definition.period, remaining, long, minute, end);
  return {
    what: 'burn',
    title: definition.title,
    windows: [
      { minutes: tier.longMinutes, ...reading.long },
      { minutes: tier.shortMinutes, ...reading.short },
    ].map(({ minutes, bad, events }) => ({
      minutes,
      bad,
      events,
      burn: burnRate({ events, bad }, target) ?? 0,
    })),
    value: long,
    threshold: tier.factor,
    unit: '×',
    coverage: reading.coverage,
    budgetRemaining: remaining,
    exhaustedAtMs: exhausted === null ? null : exhausted * MINUTE,
    sinceMs: sinceMinute * MINUTE,
    key: '',
    target: definition.target,
  };
}
