/** The additive contents of a bucket. Adding two buckets gives the bucket of both. */
import { BINS, binOf, encodeBins } from './histogram.ts';

/** Durations: how many, their sum, the largest, and their bins. */
export interface Durations {
  count: number;
  sumMs: number;
  maxMs: number;
  /**
   * Bins of the first durations, one entry each; empty once there are `bins`. Most cells of a 10 s bucket see a handful
   * of requests: a kilobyte of counters for each was most of the receiver's memory.
   */
  few: number[];
  /** Counts by bin, made when `few` grew too long. */
  bins: Uint32Array | null;
}

/** Longer than this, counters are smaller than the list. */
const FEW_MAX = 48;

/** Counted things. For requests every field; for codes, statuses, messages, notes and frames `count` alone. */
export interface CountBucket {
  count: number;
  bad: number;
  excluded: number;
  /** By the first digit of the status, index 1 to 5; index 0: no status. Requests under `platform` are not here. */
  byClass: Float64Array | null;
  /** Bad because of an H code. */
  platform: number;
  bytes: number;
  connect: Durations | null;
  service: Durations | null;
}

/** Measured things. */
export interface SampleBucket {
  count: number;
  sum: number;
  min: number;
  max: number;
  last: number;
  lastAtMs: number;
}

export function emptyCount(): CountBucket {
  return {
    count: 0,
    bad: 0,
    excluded: 0,
    byClass: null,
    platform: 0,
    bytes: 0,
    connect: null,
    service: null,
  };
}

export function emptyDurations(): Durations {
  return { count: 0, sumMs: 0, maxMs: 0, few: [], bins: null };
}

/** Adds one duration, whole ms ≥ 0. */
export function observeMs(durations: Durations, ms: number): void {
  observeInBin(durations, ms, binOf(ms));
}

/** The same where the duration's bin is known already. */
export function observeInBin(durations: Durations, ms: number, bin: number): void {
  durations.count++;
  durations.sumMs += ms;
  if (ms > durations.maxMs) durations.maxMs = ms;
  addBin(durations, bin);
}

function addBin(durations: Durations, bin: number): void {
  if (durations.bins !== null) {
    durations.bins[bin] = durations.bins[bin]! + 1;
    return;
  }
  durations.few.push(bin);
  if (durations.few.length > FEW_MAX) {
    durations.bins = binsOf(durations);
    durations.few = [];
  }
}

/** Counts by bin, fresh. */
export function binsOf(durations: Durations): Uint32Array {
  if (durations.bins !== null) return durations.bins.slice();
  const bins = new Uint32Array(BINS);
  for (const bin of durations.few) bins[bin] = bins[bin]! + 1;
  return bins;
}

/** The stored form of the bins (model/histogram.ts). */
export function storedBins(durations: Durations): Uint8Array {
  if (durations.bins !== null) return encodeBins(durations.bins);
  // Equal bins may stand apart in the stored form, but together they take one entry.
  const sorted = durations.few.toSorted((a, b) => a - b);
  const bytes = new Uint8Array(sorted.length * 3);
  let length = 0;
  for (let i = 0; i < sorted.length; ) {
    let end = i + 1;
    while (end < sorted.length && sorted[end] === sorted[i]) end++;
    bytes[length] = sorted[i]!;
    bytes[length + 2] = end - i;
    length += 3;
    i = end;
  }
  return bytes.slice(0, length);
}

function mergeDurations(into: Durations | null, from: Durations | null): Durations | null {
  if (from === null) return into;
  const to = into ?? emptyDurations();
  to.count += from.count;
  to.sumMs += from.sumMs;
  to.maxMs = Math.max(to.maxMs, from.maxMs);
  if (from.bins === null) for (const bin of from.few) addBin(to, bin);
  else {
    to.bins ??= binsOf(to);
    to.few = [];
    for (let bin = 0; bin < BINS; bin++) to.bins[bin] = to.bins[bin]! + from.bins[bin]!;
  }
  return to;
}

/** Adds `from` to `into`. */
export function mergeCount(into: CountBucket, from: CountBucket): void {
  into.count += from.count;
  into.bad += from.bad;
  into.excluded += from.excluded;
  into.platform += from.platform;
  into.bytes += from.bytes;
  if (from.byClass !== null) {
    into.byClass ??= new Float64Array(6);
    for (let i = 0; i < 6; i++) into.byClass[i] = into.byClass[i]! + from.byClass[i]!;
  }
  into.connect = mergeDurations(into.connect, from.connect);
  into.service = mergeDurations(into.service, from.service);
}

export function sampleOf(value: number, atMs: number): SampleBucket {
  return { count: 1, sum: value, min: value, max: value, last: value, lastAtMs: atMs };
}

/** Adds one value; of equal times the greater value is the last. */
export function observeSample(into: SampleBucket, value: number, atMs: number): void {
  into.count++;
  into.sum += value;
  if (value < into.min) into.min = value;
  if (value > into.max) into.max = value;
  if (atMs > into.lastAtMs || (atMs === into.lastAtMs && value > into.last)) {
    into.last = value;
    into.lastAtMs = atMs;
  }
}

/** Adds `from` to `into`; of equal times the greater value is the last, so that order does not matter. */
export function mergeSample(into: SampleBucket, from: SampleBucket): void {
  into.count += from.count;
  into.sum += from.sum;
  into.min = Math.min(into.min, from.min);
  into.max = Math.max(into.max, from.max);
  if (from.lastAtMs > into.lastAtMs || (from.lastAtMs === into.lastAtMs && from.last > into.last)) {
    into.last = from.last;
    into.lastAtMs = from.lastAtMs;
  }
}
