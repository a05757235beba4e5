/**
 * Which table serves which part of a range. Pure: the caller brings the state of the compactions.
 *
 * Rows of 1 min and 1 h are made later than those of 10 s, and made again after late data. A coarser table is
 * exact for a unit only while its compaction is done; anywhere else the finer table is, because the finer rows of
 * a unit are never dropped before it is compacted.
 */
import { DAY, HOUR, type ResolutionS } from '../../model/time.ts';

/** A part of a range and the width of the buckets to read it from. Epoch seconds, `toS` exclusive. */
export interface Slice {
  resolutionS: ResolutionS;
  fromS: number;
  toS: number;
}

/** One row of `compactions`. */
export interface UnitState {
  resolutionS: number;
  /** Start of the unit: 10 min long for 60, 1 h for 3600. */
  unitS: number;
  /** done_version = version. */
  done: boolean;
  /** Of a unit of 10 min that is not done: its minutes before are exact all the same. */
  partialToS?: number;
}

/**
 * Up to where finer rows are gone, epoch seconds. What lies before was compacted, or it would have been kept; its
 * units are forgotten after a while (store/compaction.ts, trimCompactions).
 */
export interface Retired {
  /** Rows of 10 s. */
  tenSecondsS: number;
  /** Rows of 1 min. */
  minutesS: number;
}

const NOTHING_RETIRED: Retired = { tenSecondsS: 0, minutesS: 0 };

/** How long rows of each width are kept, ms. */
export interface Kept {
  keep10sMs: number;
  keep1minMs: number;
  keep1hMs: number;
}

export const KEPT_DEFAULT: Kept = { keep10sMs: 48 * HOUR, keep1minMs: 30 * DAY, keep1hMs: 396 * DAY };

export const UNIT_OF_MINUTES_S = 600;
const HOUR_S = 3600;

/** Widths of a point that can be asked for, in seconds. Each is a multiple of the buckets it is read from. */
export const STEPS_S = [
  10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
] as const;

/** More points than a chart has pixels help nobody and cost memory (DESIGN 4). */
export const POINTS_MAX = 1500;

/**
 * Over longer ranges points come from rows of an hour: those of a minute would be 60 times as many to read. A week of
 * an app with 20 dynos is 750,000 rows of minutes, half a second and more; as hours it has 168 points.
 */
export const MINUTES_SPAN_MAX_S = 4 * 86_400;

/** Finest width of which rows are still there for an instant. */
export function finestKeptS(fromS: number, nowS: number, kept: Kept): ResolutionS {
  const ageMs = (nowS - fromS) * 1000;
  if (ageMs <= kept.keep10sMs) return 10;
  return ageMs <= kept.keep1minMs ? 60 : 3600;
}

/** Coarsest stored width that serves a step. */
export function coarsestForStep(stepS: number): ResolutionS {
  if (stepS % 3600 === 0) return 3600;
  return stepS % 60 === 0 ? 60 : 10;
}

/**
 * The step that is used: not finer than asked for, than what is still kept at the start of the range, or than
 * POINTS_MAX points allow.
 */
export function chooseStepS(
  range: { fromS: number; toS: number; stepS?: number | undefined },
  nowS: number,
  kept: Kept,
): number {
  const isLong = range.toS - range.fromS > MINUTES_SPAN_MAX_S;
  const finest = isLong ? HOUR_S : finestKeptS(range.fromS, nowS, kept);
  const needed = Math.max(range.stepS ?? 0, finest, (range.toS - range.fromS) / POINTS_MAX);
  for (const step of STEPS_S) if (step >= needed && step % finest === 0) return step;
  return STEPS_S[STEPS_S.length - 1] ?? 604_800;
}

/** The range widened to whole steps. */
export function alignRange(
  range: { fromS: number; toS: number },
  stepS: number,
): { fromS: number; toS: number } {
  return { fromS: Math.floor(range.fromS / stepS) * stepS, toS: Math.ceil(range.toS / stepS) * stepS };
}

/**
 * Slices that tile the range, ascending, none empty, neighbours of different width or not touching a shared width.
 * coarsestS: 60 or 3600 where the step (or an exact total) may use them. Bounds are multiples of 10; a slice's
 * bounds are multiples of its width.
 */
export function planSlices(
  range: { fromS: number; toS: number },
  coarsestS: ResolutionS,
  units: Iterable<UnitState>,
  retired: Retired = NOTHING_RETIRED,
): Slice[] {
  const known = indexUnits(units, retired);
  const slices: Slice[] = [];
  for (let startS = floorTo(range.fromS, HOUR_S); startS < range.toS; startS += HOUR_S) {
    const fromS = Math.max(range.fromS, startS);
    const toS = Math.min(range.toS, startS + HOUR_S);
    const whole = fromS === startS && toS === startS + HOUR_S;
    if (coarsestS === 3600 && whole && isHourDone(startS, known)) addSlice(slices, 3600, fromS, toS);
    else if (coarsestS === 10) addSlice(slices, 10, fromS, toS);
    else addMinuteUnits(slices, fromS, toS, known);
  }
  return slices;
}

interface KnownUnits {
  retired: Retired;
  minutes: Map<number, boolean>;
  partial: Map<number, number>;
  hours: Map<number, boolean>;
}

function indexUnits(units: Iterable<UnitState>, retired: Retired): KnownUnits {
  const known: KnownUnits = { retired, minutes: new Map(), partial: new Map(), hours: new Map() };
  for (const unit of units) {
    (unit.resolutionS === HOUR_S ? known.hours : known.minutes).set(unit.unitS, unit.done);
    if (unit.partialToS !== undefined) known.partial.set(unit.unitS, unit.partialToS);
  }
  return known;
}

/** Late rows make their ten minutes due first, and the hour only once those are done: both must be. */
function isHourDone(hourS: number, known: KnownUnits): boolean {
  if (hourS < known.retired.minutesS) return true;
  if (known.hours.get(hourS) !== true) return false;
  for (let unitS = hourS; unitS < hourS + HOUR_S; unitS += UNIT_OF_MINUTES_S) {
    if (known.minutes.get(unitS) === false) return false;
  }
  return true;
}

function addMinuteUnits(slices: Slice[], fromS: number, toS: number, known: KnownUnits): void {
  for (let unitS = floorTo(fromS, UNIT_OF_MINUTES_S); unitS < toS; unitS += UNIT_OF_MINUTES_S) {
    const start = Math.max(fromS, unitS);
    const end = Math.min(toS, unitS + UNIT_OF_MINUTES_S);
    const exactToS = Math.min(end, Math.max(start, minutesExactToS(unitS, known)));
    // Edges inside a minute can only be read from the finest rows.
    const firstMinute = Math.min(exactToS, Math.ceil(start / 60) * 60);
    const lastMinute = Math.max(firstMinute, floorTo(exactToS, 60));
    addSlice(slices, 10, start, firstMinute);
    addSlice(slices, 60, firstMinute, lastMinute);
    addSlice(slices, 10, lastMinute, end);
  }
}

/** Up to where the rows of 1 min of a unit are exact; its start or before where none are. */
function minutesExactToS(unitS: number, known: KnownUnits): number {
  const isDone = unitS < known.retired.tenSecondsS || known.minutes.get(unitS) === true;
  return isDone ? unitS + UNIT_OF_MINUTES_S : (known.partial.get(unitS) ?? unitS);
}

function addSlice(slices: Slice[], resolutionS: ResolutionS, fromS: number, toS: number): void {
  if (fromS >= toS) return;
  const last = slices[slices.length - 1];
  if (last && last.resolutionS === resolutionS && last.toS === fromS) last.toS = toS;
  else slices.push({ resolutionS, fromS, toS });
}

function floorTo(value: number, width: number): number {
  return Math.floor(value / width) * width;
}
