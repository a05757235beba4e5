/**
 * Observations to bucket deltas. Fed with sections, fresh from the commit or decoded from the durable log: the same
 * sections give the same deltas, and the deltas of a joined list are the merged deltas of its parts. No clock.
 */
import {
  type CountBucket,
  emptyCount,
  emptyDurations,
  observeInBin,
  observeSample,
  sampleOf,
} from '../model/bucket.ts';
import {
  type AppDeltas,
  type CountDelta,
  type DrainDelta,
  type EventRecord,
  type Filed,
  type LossRecord,
  MESSAGES_VERSION,
  type MinuteDelta,
  type QuarantineRecord,
  type SampleDelta,
} from '../model/deltas.ts';
import { binOf } from '../model/histogram.ts';
import { KINDS, NOTES } from '../model/observation.ts';
import { BAD, EXCLUDED, latencyMsOf, outcomeOf } from '../model/outcome.ts';
import { pathShape } from '../model/path-shape.ts';
import {
  OTHER_KEY,
  OVERFLOW_KEY,
  SERIES_CODE,
  SERIES_DYNO,
  SERIES_FILED,
  SERIES_FRAME,
  SERIES_HOST,
  SERIES_MESSAGE,
  SERIES_PATH,
  SERIES_PER_APP_MAX,
  SERIES_RELEASE,
  SERIES_SKIPPED,
  SERIES_STATUS,
} from '../model/series.ts';
import { BUCKET_S, bucketStartS } from '../model/time.ts';
import { DetailChooser } from './details.ts';
import { getOrMake } from './get-or-make.ts';
import { codeText, FLAG_AT_ERROR, type FrameEntry, type Section } from './section.ts';
import { type AppSlos, emptyMinute, type MinuteCell, SectionSlos, type SloPlan } from './slo-counting.ts';

/** What is known of SLOs. */
export interface SloSource {
  /** undefined for an app without. */
  app(appId: number): AppSlos | undefined;
  /** Whether no version can be valid at this time that is not known here. */
  readonly isFresh: boolean;
}

/** Whether a series has its number already. */
export type IsKnown = (appId: number, kind: number, key: string) => boolean;

/**
 * Keys of one kind in one bucket that get cells of their own. No more series than that have a place in the table: what
 * comes beyond is joined there, and joined here already, for a flood of names would be a flood of rows (C-05).
 */
const KEYS_MAX = SERIES_PER_APP_MAX;

/** Cells of one app and bucket. */
class BucketCells {
  readonly #app: { appId: number; isKnown: IsKnown };
  readonly bucketS: number;
  /** By kind of series, then by key. */
  readonly counts: (Map<string, CountBucket> | undefined)[] = [];
  /** Likewise. */
  readonly samples: (Map<string, SampleDelta> | undefined)[] = [];
  readonly details = new DetailChooser();

  constructor(app: { appId: number; isKnown: IsKnown }, bucketS: number) {
    this.#app = app;
    this.bucketS = bucketS;
  }

  /** The key, or the one it is joined into; asked for keys that have no cell yet. */
  #within(kind: number, key: string, cells: number): string {
    if (cells < KEYS_MAX || this.#app.isKnown(this.#app.appId, kind, key)) return key;
    return kind === SERIES_PATH ? OTHER_KEY : OVERFLOW_KEY;
  }

  count(kind: number, key: string): CountBucket {
    const byKey = this.counts[kind] ?? new Map<string, CountBucket>();
    this.counts[kind] = byKey;
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const own = this.#within(kind, key, byKey.size);
    const bucket = byKey.get(own) ?? emptyCount();
    byKey.set(own, bucket);
    return bucket;
  }

  sample(kind: number, key: string, value: number, atMs: number): SampleDelta {
    const byKey = this.samples[kind] ?? new Map<string, SampleDelta>();
    this.samples[kind] = byKey;
    const known = byKey.get(key);
    if (known !== undefined) {
      observeSample(known.bucket, value, atMs);
      return known;
    }
    const own = this.#within(kind, key, byKey.size);
    if (own !== key && byKey.has(own)) return this.sample(kind, own, value, atMs);
    const made = { kind, key: own, label: '', bucketS: this.bucketS, bucket: sampleOf(value, atMs) };
    byKey.set(own, made);
    return made;
  }
}

/** Cells of one cut by a small number (of the dictionary, a status, a packed code): a row costs an array read. */
type Cut = (CountBucket | undefined)[];

/** The cell of a path and a method; most paths have one or two. */
interface PathCell {
  method: number;
  cell: CountBucket;
  next: PathCell | undefined;
}

/** Greatest status that a router line gives; a missing one is −1. */
const STATUS_MAX = 599;

/**
 * Small numbers for statuses, from 1 in the order in which they were first seen: most apps answer with a handful, and
 * an array as long as the greatest status for every section would cost more than it saves.
 */
const statusNumbers = new Uint16Array(STATUS_MAX + 2);
let lastStatusNumber = 0;

function statusNumber(status: number): number {
  const known = statusNumbers[status + 1]!;
  if (known !== 0) return known;
  lastStatusNumber++;
  statusNumbers[status + 1] = lastStatusNumber;
  return lastStatusNumber;
}

/** Look-ups of one section and bucket. */
class CellCache {
  readonly cells: BucketCells;
  readonly dyno: Cut = [];
  readonly host: Cut = [];
  readonly release: Cut = [];
  readonly status: Cut = [];
  /** By path number. */
  readonly path: (PathCell | undefined)[] = [];
  /** By kind of series and key number. */
  readonly samples: (SampleDelta | undefined)[][] = [];

  constructor(cells: BucketCells) {
    this.cells = cells;
  }
}

/** The look-ups of one section, of whatever bucket was asked for last first: rows come nearly in order of time. */
class SectionCells {
  readonly #app: AppRollUp;
  readonly #caches = new Map<number, CellCache>();
  #fromMs = Number.NaN;
  #cache: CellCache | undefined;

  constructor(app: AppRollUp) {
    this.#app = app;
  }

  at(atMs: number): CellCache {
    const sinceMs = atMs - this.#fromMs;
    if (this.#cache !== undefined && sinceMs >= 0 && sinceMs < BUCKET_S * 1000) return this.#cache;
    const bucketS = bucketStartS(atMs, BUCKET_S);
    this.#fromMs = bucketS * 1000;
    this.#cache = getOrMake(this.#caches, bucketS, () => new CellCache(this.#app.cells(atMs)));
    return this.#cache;
  }
}

class AppRollUp {
  readonly appId: number;
  readonly buckets = new Map<number, BucketCells>();
  readonly events: Filed<EventRecord>[] = [];
  readonly losses: Filed<LossRecord>[] = [];
  readonly quarantine: Filed<QuarantineRecord>[] = [];
  readonly drains = new Map<number, DrainDelta>();
  /** By plan: one as long as no SLO changes. */
  readonly minutes = new Map<SloPlan, Map<number, MinuteCell>>();
  /** The cells asked for last, and where their bucket begins. */
  #last: BucketCells | undefined;
  #fromMs = Number.NaN;

  readonly isKnown: IsKnown;

  constructor(appId: number, isKnown: IsKnown) {
    this.appId = appId;
    this.isKnown = isKnown;
  }

  cells(atMs: number): BucketCells {
    const sinceMs = atMs - this.#fromMs;
    if (this.#last !== undefined && sinceMs >= 0 && sinceMs < BUCKET_S * 1000) return this.#last;
    const bucketS = bucketStartS(atMs, BUCKET_S);
    this.#fromMs = bucketS * 1000;
    this.#last = getOrMake(this.buckets, bucketS, () => new BucketCells(this, bucketS));
    return this.#last;
  }

  addFrames(section: Section, duplicate: boolean[]): void {
    const { frames } = section;
    for (let index = 0; index < frames.length; index++) this.#addFrame(frames[index]!, duplicate[index]!);
  }

  #addFrame(frame: FrameEntry, duplicate: boolean): void {
    const cells = this.cells(frame.receivedAtMs);
    // Entries without a body carry a loss of our own making and are no frames.
    if (!duplicate || frame.bodyBytes > 0)
      cells.count(SERIES_FRAME, duplicate ? 'duplicate' : 'accepted').count++;
    this.#seen(frame.drainId, frame.receivedAtMs, frame.lastLineMs);
    if (duplicate) return;
    for (const { bucketS, count } of frame.filed) {
      this.cells(bucketS * 1000).count(SERIES_FILED, '').count += count;
    }
    const { kinds, notes } = frame;
    for (let kind = 0; kind < kinds.length; kind++) {
      const count = kinds[kind]!;
      if (count > 0) cells.count(SERIES_MESSAGE, KINDS[kind] ?? 'other').count += count;
    }
    for (let number = 0; number < notes.length; number++) {
      const count = notes[number]!;
      if (count > 0) cells.count(SERIES_SKIPPED, NOTES[number] ?? 'unknown').count += count;
    }
    if (frame.redactions > 0) cells.count(SERIES_SKIPPED, 'redacted').count += frame.redactions;
  }

  #seen(drainId: number, receivedAtMs: number, lastLineMs: number): void {
    const known = this.drains.get(drainId);
    if (known === undefined) {
      this.drains.set(drainId, {
        drainId,
        lastReceivedAtMs: receivedAtMs,
        lastLineAtMs: Math.floor(lastLineMs),
      });
      return;
    }
    known.lastReceivedAtMs = Math.max(known.lastReceivedAtMs, receivedAtMs);
    known.lastLineAtMs = Math.max(known.lastLineAtMs, Math.floor(lastLineMs));
  }

  addRequests(section: Section, duplicate: boolean[], slos: SectionSlos | null): void {
    const { requests } = section;
    const cells = new SectionCells(this);
    for (let row = 0; row < requests.length; row++) {
      if (!duplicate[requests.frame[row]!]) addRequest(section, row, cells.at(requests.timeMs[row]!), slos);
    }
  }

  slosOf(section: Section, slos: AppSlos | undefined, committedAtMs: number): SectionSlos | null {
    if (slos === undefined || section.requests.length === 0) return null;
    return new SectionSlos(section, committedAtMs, slos, (minute, plan) =>
      getOrMake(
        getOrMake(this.minutes, plan, () => new Map<number, MinuteCell>()),
        minute,
        () => emptyMinute(minute, plan),
      ),
    );
  }

  addSamples(section: Section, duplicate: boolean[]): void {
    const { samples } = section;
    const cells = new SectionCells(this);
    for (let row = 0; row < samples.length; row++) {
      if (!duplicate[samples.frame[row]!]) addSample(section, row, cells.at(samples.timeMs[row]!));
    }
  }

  addRecords(section: Section, duplicate: boolean[]): void {
    for (const record of section.records) {
      const frame = section.frames[record.frame];
      if (frame === undefined) continue;
      const filed = { drainId: frame.drainId, timeMs: record.timeMs, receivedAtMs: frame.receivedAtMs };
      const known = duplicate[record.frame] === true;
      const { body } = record;
      // A loss notice counts even in front of a frame that was counted before; its gap is found by its key.
      if (body.type === 'loss') this.losses.push({ ...body, ...filed });
      if (known) continue;
      if (body.type === 'event') this.events.push({ ...body, ...filed });
      if (body.type === 'quarantine') this.quarantine.push({ ...body, ...filed });
      const code = body.type === 'quarantine' ? undefined : body.code;
      if (code !== undefined) this.cells(record.timeMs).count(SERIES_CODE, code).count++;
    }
  }

  deltas(): AppDeltas {
    const counts: CountDelta[] = [];
    const samples: SampleDelta[] = [];
    const details: AppDeltas['details'] = [];
    for (const cells of this.buckets.values()) {
      cells.counts.forEach((byKey, kind) => {
        for (const [key, bucket] of byKey ?? []) counts.push({ kind, key, bucketS: cells.bucketS, bucket });
      });
      for (const byKey of cells.samples) if (byKey !== undefined) samples.push(...byKey.values());
      for (const detail of cells.details.chosen()) {
        details.push({ ...detail, pathShape: detail.path === null ? '' : pathShape(detail.path) });
      }
    }
    return {
      appId: this.appId,
      counts,
      samples,
      details,
      events: this.events,
      losses: this.losses,
      quarantine: this.quarantine,
      drains: [...this.drains.values()],
      minutes: [...this.#messageMinutes(), ...this.#sloMinutes()],
    };
  }

  /** Of what counts messages by the time they are filed under anyway. */
  #messageMinutes(): MinuteDelta[] {
    const byMinute = new Map<number, number>();
    for (const { bucketS, counts } of this.buckets.values()) {
      const filed = counts[SERIES_FILED]?.get('')?.count ?? 0;
      const minute = Math.floor(bucketS / 60);
      if (filed > 0) byMinute.set(minute, (byMinute.get(minute) ?? 0) + filed);
    }
    return [...byMinute].map(([minute, events]) => ({ versionId: MESSAGES_VERSION, minute, events, bad: 0 }));
  }

  #sloMinutes(): MinuteDelta[] {
    const deltas: MinuteDelta[] = [];
    for (const cells of this.minutes.values()) {
      for (const { minute, plan, events, bad } of cells.values()) {
        plan.groups.forEach(({ ids }, group) => {
          ids.forEach((versionId, at) => {
            const count = events[group]?.[at] ?? 0;
            if (count > 0) deltas.push({ versionId, minute, events: count, bad: bad[group]?.[at] ?? 0 });
          });
        });
      }
    }
    return deltas;
  }
}

/** Adds up sections until somebody takes the deltas. */
export class RollUp {
  #apps = new Map<number, AppRollUp>();
  readonly #isKnown: IsKnown;
  readonly #slos: SloSource | undefined;
  /** Messages added since the last take. */
  messages = 0;
  /** Whether something was added while SLOs may have changed unknown to us: then `minutes` may be wrong. */
  isSloStale = false;

  /**
   * @param isKnown series that go on whatever else there is; left out: the first ones of each bucket
   * @param slos left out: none are counted
   */
  constructor(isKnown: IsKnown = () => false, slos?: SloSource) {
    this.#isKnown = isKnown;
    this.#slos = slos;
  }

  /**
   * @param duplicates positions (in the chunk) of frames that were counted before
   * @param committedAtMs of the chunk, as it stands in the log; asked for by SLOs alone
   */
  add(
    section: Section,
    duplicates: ReadonlySet<number>,
    committedAtMs: number = Number.POSITIVE_INFINITY,
  ): void {
    const app = getOrMake(this.#apps, section.appId, () => new AppRollUp(section.appId, this.#isKnown));
    const duplicate = section.frames.map((frame) => duplicates.has(frame.position));
    app.addFrames(section, duplicate);
    const slos = app.slosOf(section, this.#slos?.app(section.appId), committedAtMs);
    if (this.#slos?.isFresh === false) this.isSloStale = true;
    app.addRequests(section, duplicate, slos);
    app.addSamples(section, duplicate);
    app.addRecords(section, duplicate);
    section.frames.forEach((frame, index) => {
      if (!duplicate[index]) this.messages += frame.messages;
    });
  }

  get empty(): boolean {
    return this.#apps.size === 0;
  }

  /** Cells of all buckets: each becomes a row, and takes half a kilobyte until then. Counted anew at each call. */
  get cells(): number {
    let cells = 0;
    for (const app of this.#apps.values()) {
      for (const bucket of app.buckets.values()) {
        for (const byKey of bucket.counts) cells += byKey?.size ?? 0;
        for (const byKey of bucket.samples) cells += byKey?.size ?? 0;
      }
    }
    return cells;
  }

  /** Everything added since the last take; the roll-up starts again from nothing. */
  take(): AppDeltas[] {
    const deltas = [...this.#apps.values()].map((app) => app.deltas());
    this.#apps = new Map();
    this.messages = 0;
    this.isSloStale = false;
    return deltas;
  }
}

function addRequest(section: Section, row: number, cache: CellCache, slos: SectionSlos | null): void {
  const { requests } = section;
  const code = requests.code[row]!;
  const status = requests.status[row]!;
  const family = code === 0 ? -1 : (code >> 10) + 64;
  const number = code & 1023;
  const atError = (requests.flags[row]! & FLAG_AT_ERROR) !== 0;
  const outcome = outcomeOf(family, number, atError, status);
  const connectMs = requests.connectMs[row]!;
  const bytes = requests.bytes[row]!;
  const totalMs = latencyMsOf(family, number, status, connectMs, requests.serviceMs[row]!);
  const bad = outcome === BAD;
  const statusClass = bad && code !== 0 ? PLATFORM : classOf(status);
  // Once for all cells.
  const bin = totalMs < 0 ? 0 : binOf(totalMs);

  const dyno = textCell(cache.dyno, cache, SERIES_DYNO, section, requests.dyno[row]!);
  count(dyno, outcome, statusClass, bytes, totalMs, bin);
  const host = textCell(cache.host, cache, SERIES_HOST, section, requests.host[row]!);
  count(host, outcome, statusClass, bytes, totalMs, bin);
  const release = textCell(cache.release, cache, SERIES_RELEASE, section, requests.release[row]!);
  count(release, outcome, statusClass, bytes, totalMs, bin);
  if (connectMs >= 0) {
    // Besides by dyno in the cells that add up to the app: 20 dynos would be read where one series will do.
    const connectBin = binOf(connectMs);
    observeConnect(dyno, connectMs, connectBin);
    observeConnect(host, connectMs, connectBin);
    observeConnect(release, connectMs, connectBin);
  }
  const path = pathCell(section, requests.method[row]!, requests.path[row]!, cache);
  count(path, outcome, statusClass, bytes, totalMs, bin);
  statusCell(cache, status).count++;
  if (code !== 0) cache.cells.count(SERIES_CODE, codeText(code)).count++;
  cache.cells.details.offer(section, row, bad, totalMs);
  if (slos !== null) slos.count(row, family, number, atError, status, outcome);
}

function observeConnect(cell: CountBucket, ms: number, bin: number): void {
  cell.connect ??= emptyDurations();
  observeInBin(cell.connect, ms, bin);
}

function addSample(section: Section, row: number, cache: CellCache): void {
  const { samples, texts } = section;
  const kind = samples.kind[row]!;
  const number = samples.key[row]!;
  const atMs = Math.floor(samples.timeMs[row]!);
  const value = samples.value[row]!;
  const byNumber = cache.samples[kind] ?? [];
  cache.samples[kind] = byNumber;
  let delta = byNumber[number];
  if (delta === undefined) {
    delta = cache.cells.sample(kind, texts[number] ?? '', value, atMs);
    byNumber[number] = delta;
  } else observeSample(delta.bucket, value, atMs);
  const label = samples.label[row]!;
  if (label !== 0) delta.label = texts[label] || delta.label;
}

/** The cell of a text of the section's dictionary. */
function textCell(cut: Cut, cache: CellCache, kind: number, section: Section, number: number): CountBucket {
  const known = cut[number];
  if (known !== undefined) return known;
  const made = cache.cells.count(kind, section.texts[number] ?? '');
  cut[number] = made;
  return made;
}

function statusCell(cache: CellCache, status: number): CountBucket {
  // Nothing but damage to the log makes it another.
  const number = status >= -1 && status <= STATUS_MAX ? statusNumber(status) : 0;
  const known = cache.status[number];
  if (known !== undefined) return known;
  const made = cache.cells.count(SERIES_STATUS, status === -1 ? 'none' : String(status));
  if (number > 0) cache.status[number] = made;
  return made;
}

function pathCell(section: Section, method: number, path: number, cache: CellCache): CountBucket {
  const first = cache.path[path];
  for (let known = first; known !== undefined; known = known.next) {
    if (known.method === method) return known.cell;
  }
  const text = section.texts[path] ?? '';
  const shape = section.shapes[path] ?? pathShape(text);
  const cell = cache.cells.count(SERIES_PATH, `${section.texts[method] ?? ''} ${shape}`);
  cache.path[path] = { method, cell, next: first };
  return cell;
}

/** First digit of a status, 0 without one. */
function classOf(status: number): number {
  return status < 100 || status > 599 ? 0 : (status / 100) | 0;
}

/** In place of a status class: the request is bad because of its code. */
const PLATFORM = -1;

/** @param statusClass 0–5, or PLATFORM */
function count(
  cell: CountBucket,
  outcome: number,
  statusClass: number,
  bytes: number,
  totalMs: number,
  bin: number,
): void {
  cell.count++;
  if (outcome === BAD) cell.bad++;
  else if (outcome === EXCLUDED) cell.excluded++;
  if (statusClass === PLATFORM) cell.platform++;
  else {
    cell.byClass ??= new Float64Array(6);
    cell.byClass[statusClass] = cell.byClass[statusClass]! + 1;
  }
  if (bytes > 0) cell.bytes += bytes;
  if (totalMs >= 0) {
    cell.service ??= emptyDurations();
    observeInBin(cell.service, totalMs, bin);
  }
}
