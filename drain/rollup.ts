/**
 * Observations to bucket deltas. Fed with sections, fresh from the commit or decoded from the durable log: the same
 * sections give the same deltas, and the deltas of a joined list are the merged deltas of its parts. No clock.
 */
import {
  type CountBucket,
  emptyCount,
  emptyDurations,
  mergeSample,
  observeMs,
  sampleOf,
} from '../model/bucket.ts';
import type {
  AppDeltas,
  CountDelta,
  DrainDelta,
  EventRecord,
  Filed,
  LossRecord,
  QuarantineRecord,
  SampleDelta,
} from '../model/deltas.ts';
import { KINDS, NOTES } from '../model/observation.ts';
import { BAD, EXCLUDED, latencyMsOf, outcomeOf } from '../model/outcome.ts';
import { pathShape } from '../model/path-shape.ts';
import {
  SERIES_CODE,
  SERIES_DYNO,
  SERIES_FILED,
  SERIES_FRAME,
  SERIES_HOST,
  SERIES_MESSAGE,
  SERIES_PATH,
  SERIES_RELEASE,
  SERIES_SKIPPED,
  SERIES_STATUS,
} from '../model/series.ts';
import { BUCKET_S, bucketStartS } from '../model/time.ts';
import { DetailChooser } from './details.ts';
import { getOrMake } from './get-or-make.ts';
import { codeText, FLAG_AT_ERROR, type RequestColumns, type Section } from './section.ts';

/** Cells of one app and bucket. */
class BucketCells {
  readonly bucketS: number;
  /** By kind of series, then by key. */
  readonly counts = new Map<number, Map<string, CountBucket>>();
  readonly samples = new Map<string, SampleDelta>();
  readonly details = new DetailChooser();

  constructor(bucketS: number) {
    this.bucketS = bucketS;
  }

  count(kind: number, key: string): CountBucket {
    const byKey = getOrMake(this.counts, kind, () => new Map<string, CountBucket>());
    return getOrMake(byKey, key, emptyCount);
  }

  sample(kind: number, key: string, label: string, value: number, atMs: number): void {
    const id = `${kind}\t${key}`;
    const known = this.samples.get(id);
    if (known === undefined) {
      this.samples.set(id, { kind, key, label, bucketS: this.bucketS, bucket: sampleOf(value, atMs) });
      return;
    }
    mergeSample(known.bucket, sampleOf(value, atMs));
    if (label !== '') known.label = label;
  }
}

/** Cells of one cut by a small number (of the dictionary, a status, a packed code): a row costs an array read. */
class Cut {
  readonly #cells: BucketCells;
  readonly #kind: number;
  readonly #byNumber: (CountBucket | undefined)[] = [];

  constructor(cells: BucketCells, kind: number) {
    this.#cells = cells;
    this.#kind = kind;
  }

  cell(number: number, key: (number: number) => string): CountBucket {
    const known = this.#byNumber[number];
    if (known !== undefined) return known;
    const made = this.#cells.count(this.#kind, key(number));
    this.#byNumber[number] = made;
    return made;
  }
}

/** Look-ups of one section and bucket. */
class CellCache {
  readonly cells: BucketCells;
  readonly dyno: Cut;
  readonly host: Cut;
  readonly release: Cut;
  readonly status: Cut;
  readonly code: Cut;
  /** By method number · 2^20 + path number. */
  readonly path = new Map<number, CountBucket>();

  constructor(cells: BucketCells) {
    this.cells = cells;
    this.dyno = new Cut(cells, SERIES_DYNO);
    this.host = new Cut(cells, SERIES_HOST);
    this.release = new Cut(cells, SERIES_RELEASE);
    this.status = new Cut(cells, SERIES_STATUS);
    this.code = new Cut(cells, SERIES_CODE);
  }
}

class AppRollUp {
  readonly appId: number;
  readonly buckets = new Map<number, BucketCells>();
  readonly events: Filed<EventRecord>[] = [];
  readonly losses: Filed<LossRecord>[] = [];
  readonly quarantine: Filed<QuarantineRecord>[] = [];
  readonly drains = new Map<number, DrainDelta>();

  constructor(appId: number) {
    this.appId = appId;
  }

  cells(atMs: number): BucketCells {
    const bucketS = bucketStartS(atMs, BUCKET_S);
    return getOrMake(this.buckets, bucketS, () => new BucketCells(bucketS));
  }

  addFrames(section: Section, duplicate: boolean[]): void {
    section.frames.forEach((frame, index) => {
      const cells = this.cells(frame.receivedAtMs);
      // Entries without a body carry a loss of our own making and are no frames.
      if (!duplicate[index] || frame.bodyBytes > 0) {
        cells.count(SERIES_FRAME, duplicate[index] ? 'duplicate' : 'accepted').count++;
      }
      this.#seen(frame.drainId, frame.receivedAtMs, frame.lastLineMs);
      if (duplicate[index]) return;
      for (const { bucketS, count } of frame.filed)
        this.cells(bucketS * 1000).count(SERIES_FILED, '').count += count;
      frame.kinds.forEach((count, kind) => {
        if (count > 0) cells.count(SERIES_MESSAGE, KINDS[kind] ?? 'other').count += count;
      });
      frame.notes.forEach((count, note) => {
        if (count > 0) cells.count(SERIES_SKIPPED, NOTES[note] ?? 'unknown').count += count;
      });
      if (frame.redactions > 0) cells.count(SERIES_SKIPPED, 'redacted').count += frame.redactions;
    });
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

  addRequests(section: Section, duplicate: boolean[]): void {
    const { requests } = section;
    const caches = new Map<number, CellCache>();
    let bucketS = Number.NaN;
    let cache: CellCache | undefined;
    const textOf = (number: number): string => section.texts[number] ?? '';
    for (let row = 0; row < requests.length; row++) {
      if (duplicate[requests.frame[row]!]) continue;
      const atMs = requests.timeMs[row]!;
      const rowBucketS = bucketStartS(atMs, BUCKET_S);
      if (rowBucketS !== bucketS || cache === undefined) {
        bucketS = rowBucketS;
        cache = getOrMake(caches, bucketS, () => new CellCache(this.cells(atMs)));
      }
      addRequest(requests, row, cache, section, textOf);
    }
  }

  addSamples(section: Section, duplicate: boolean[]): void {
    const { samples, texts } = section;
    for (let row = 0; row < samples.length; row++) {
      if (duplicate[samples.frame[row]!]) continue;
      const atMs = samples.timeMs[row]!;
      const key = texts[samples.key[row]!] ?? '';
      const label = texts[samples.label[row]!] ?? '';
      this.cells(atMs).sample(samples.kind[row]!, key, label, samples.value[row]!, Math.floor(atMs));
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
      for (const [kind, byKey] of cells.counts) {
        for (const [key, bucket] of byKey) counts.push({ kind, key, bucketS: cells.bucketS, bucket });
      }
      samples.push(...cells.samples.values());
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
    };
  }
}

/** Adds up sections until somebody takes the deltas. */
export class RollUp {
  #apps = new Map<number, AppRollUp>();
  /** Messages added since the last take. */
  messages = 0;

  /** @param duplicates positions (in the chunk) of frames that were counted before */
  add(section: Section, duplicates: ReadonlySet<number>): void {
    const app = getOrMake(this.#apps, section.appId, () => new AppRollUp(section.appId));
    const duplicate = section.frames.map((frame) => duplicates.has(frame.position));
    app.addFrames(section, duplicate);
    app.addRequests(section, duplicate);
    app.addSamples(section, duplicate);
    app.addRecords(section, duplicate);
    section.frames.forEach((frame, index) => {
      if (!duplicate[index]) this.messages += frame.messages;
    });
  }

  get empty(): boolean {
    return this.#apps.size === 0;
  }

  /** Everything added since the last take; the roll-up starts again from nothing. */
  take(): AppDeltas[] {
    const deltas = [...this.#apps.values()].map((app) => app.deltas());
    this.#apps = new Map();
    this.messages = 0;
    return deltas;
  }
}

function addRequest(
  requests: RequestColumns,
  row: number,
  cache: CellCache,
  section: Section,
  textOf: (number: number) => string,
): void {
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

  const dyno = cache.dyno.cell(requests.dyno[row]!, textOf);
  count(dyno, outcome, statusClass, bytes, totalMs);
  if (connectMs >= 0) {
    dyno.connect ??= emptyDurations();
    observeMs(dyno.connect, connectMs);
  }
  count(cache.host.cell(requests.host[row]!, textOf), outcome, statusClass, bytes, totalMs);
  count(cache.release.cell(requests.release[row]!, textOf), outcome, statusClass, bytes, totalMs);
  count(pathCell(section, requests, row, cache, textOf), outcome, statusClass, bytes, totalMs);
  // Array numbers begin at 0: a missing status is −1.
  cache.status.cell(status + 1, statusKey).count++;
  if (code !== 0) cache.code.cell(code, codeText).count++;
  cache.cells.details.offer(section, row, bad, totalMs);
}

function statusKey(number: number): string {
  return number === 0 ? 'none' : String(number - 1);
}

function pathCell(
  section: Section,
  requests: RequestColumns,
  row: number,
  cache: CellCache,
  textOf: (number: number) => string,
): CountBucket {
  const method = requests.method[row]!;
  const path = requests.path[row]!;
  const id = method * 0x100000 + path;
  return getOrMake(cache.path, id, () => {
    const shape = section.shapes[path] ?? pathShape(textOf(path));
    return cache.cells.count(SERIES_PATH, `${textOf(method)} ${shape}`);
  });
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
    observeMs(cell.service, totalMs);
  }
}
