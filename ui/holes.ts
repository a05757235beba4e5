/**
 * What is not known about a range: known losses, stretches in which no line arrived at all, lines that come late, a
 * beginning later than the range, and what retention has deleted. Nothing is called well over any of these (R-05).
 */
import type { OverviewAnswer } from '../api/contract/apps.ts';
import type { Columns, GapAnswer } from '../api/contract/time.ts';
import { DAY } from '../model/time.ts';
import { gapsInside } from './charts/align.ts';
import { formatDay, formatSpan, plural, type Zone } from './format.ts';
import { causeShort } from './gapCauses.ts';
import { spanText, timeText } from './spanText.ts';

/** A stream without a line for this long is silent (api/contract/health.ts). */
const SILENT_S = 180;
/** Lines this late leave the newest part of the range unfinished. */
const LATE_MS = 60_000;

export interface Holes {
  /** Losses inside the range, cut to it, by start. */
  gaps: GapAnswer[];
  /** Stretches inside closed time in which nothing arrived, epoch s; what comes before the first line is not one. */
  silences: [number, number][];
  /** When the first line of the range arrived, where that is clearly after its start; epoch s. */
  beginsS: number | null;
  /** How late the newest lines came, where that matters. */
  lateMs: number | null;
  /** true when not one line of the range arrived, or none is kept. */
  nothing: boolean;
  /** Up to where the range was deleted by retention, epoch s; null when all of it is kept. */
  keptFromS: number | null;
}

export function findHoles(answer: OverviewAnswer, nowMs: number): Holes {
  const { range, health } = answer;
  const all = silencesOf(answer);
  const keptFromS = notKeptTo(answer);
  const leading = all[0]?.[0] === (keptFromS ?? range.from) ? all[0] : null;
  const end = range.openFrom ?? range.to;
  const late = range.to * 1000 > nowMs - 2 * LATE_MS && (health.lagMs ?? 0) > LATE_MS;
  return {
    gaps: gapsInside(answer.gaps, range).filter((gap) => gap.messages !== 0),
    silences: leading ? all.slice(1) : all,
    beginsS: leading && leading[1] < end ? leading[1] : null,
    lateMs: late ? health.lagMs : null,
    nothing: (leading !== null && leading[1] >= end) || (keptFromS !== null && keptFromS >= end),
    keptFromS,
  };
}

/** true when the range, or its part after an instant (epoch s), is not known in full. */
export function hasHoles(holes: Holes, afterS = Number.NEGATIVE_INFINITY): boolean {
  return (
    holes.lateMs !== null ||
    holes.gaps.some((gap) => gap.to > afterS) ||
    holes.silences.some(([, to]) => to > afterS)
  );
}

/** What is missing and since when, one sentence a kind; empty when nothing is. */
export function describeHoles(holes: Holes, zone: Zone): string[] {
  const { gaps, silences, lateMs } = holes;
  const sentences: string[] = [];
  const firstGap = gaps[0];
  if (firstGap) {
    const known = gaps.reduce((sum, gap) => sum + (gap.messages ?? 0), 0);
    const unknown = gaps.some((gap) => gap.messages === null);
    const amount = known === 0 ? 'An unknown number of lines' : `Up to ${plural(known, 'line')}`;
    const more = known > 0 && unknown ? ' and an unknown number of others' : '';
    const causes = [...new Set(gaps.map((gap) => causeShort(gap.cause)))].slice(0, 3).join(', ');
    const is = known === 1 || known === 0 ? 'is' : 'are';
    const when =
      gaps.length === 1
        ? spanText(firstGap.from, firstGap.to, zone)
        : `in ${gaps.length} stretches since ${timeText(firstGap.from, zone)}`;
    sentences.push(`${amount}${more} ${is} missing ${when} (${causes}).`);
  }
  const first = silences[0];
  if (first && silences.length === 1)
    sentences.push(`No line arrived ${spanText(first[0], first[1], zone)}.`);
  else if (first) {
    const sumS = silences.reduce((sum, [from, to]) => sum + to - from, 0);
    sentences.push(
      `No line arrived in ${silences.length} stretches, ${formatSpan(sumS * 1000)} in all, since ${timeText(first[0], zone)}.`,
    );
  }
  if (lateMs !== null)
    sentences.push(`Lines come ${formatSpan(lateMs)} late, so the newest are still missing.`);
  return sentences;
}

/**
 * Up to where the range was deleted by retention, epoch s; null when all of it is kept. What still stands from before
 * that instant is shown, and so is not called deleted.
 */
export function notKeptTo(answer: OverviewAnswer): number | null {
  const { range, retainedFrom = null } = answer;
  if (retainedFrom === null || retainedFrom <= range.from) return null;
  const heard = heardIn(answer);
  const first = answer.throughput.t.find((at) => heard.has(at)) ?? retainedFrom;
  const to = Math.min(retainedFrom, first, range.to);
  return to > range.from ? to : null;
}

/** `Hours before 21 Oct 2025 are not kept any more: they reach back 396 days.` `toS`: as of notKeptTo. */
export function describeNotKept(answer: OverviewAnswer, toS: number, zone: Zone): string {
  const { range, nowMs, retainedFrom } = answer;
  const keptFromS = toS < range.to ? toS : (retainedFrom ?? toS);
  const what = range.resolution === 3600 ? 'Hours' : range.resolution === 60 ? 'Minutes' : 'Points of 10 s';
  const spanMs = nowMs - keptFromS * 1000;
  const when =
    spanMs < DAY
      ? timeText(keptFromS, zone)
      : `${formatDay(keptFromS * 1000, zone, nowMs)}${spanMs < 7 * DAY ? ` ${timeText(keptFromS, zone)}` : ''}`;
  const reach = spanMs < 3 * DAY ? formatSpan(spanMs) : plural(Math.floor(spanMs / DAY), 'day');
  return `${what} before ${when} are not kept any more: they reach back ${reach}.`;
}

/**
 * Stretches [from, to) of closed time, epoch s, in which no column of any kind has a value: no line arrived. What is not
 * kept is none of them.
 */
export function silencesOf(answer: OverviewAnswer): [number, number][] {
  const { range, throughput } = answer;
  const heard = heardIn(answer);
  const minS = Math.max(SILENT_S, range.step);
  const end = range.openFrom ?? range.to;
  const found: [number, number][] = [];
  let start = notKeptTo(answer) ?? range.from;
  for (const at of throughput.t) {
    if (at >= end || !heard.has(at)) continue;
    if (at - start >= minS) found.push([start, at]);
    start = at + range.step;
  }
  if (end - start >= minS) found.push([start, end]);
  return found;
}

/** Starts of points in which anything arrived. */
function heardIn(answer: OverviewAnswer): Set<number> {
  const columns = [
    answer.throughput,
    answer.codes,
    answer.memory,
    answer.load,
    answer.custom,
    ...answer.addons.map((addon) => addon.metrics),
  ];
  return new Set(columns.flatMap(heardAt));
}

function heardAt({ t, series }: Columns): number[] {
  return t.filter((_, index) => series.some((one) => (one.values[index] ?? null) !== null));
}
