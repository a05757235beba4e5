/**
 * What the frames of one app within one group commit say, as columns: the form between parser, durable log and
 * roll-up. The parser appends to it, the chunk encodes it (drain/chunk.ts), the roll-up reads it, fresh or decoded.
 */
import type { RecordBody } from '../model/deltas.ts';
import type { Term } from './intern.ts';
import type { LogRows } from './log-rows.ts';

/** A frame (one POST) of the section. */
export interface FrameEntry {
  /** Position in the whole chunk, over all its apps. */
  position: number;
  drainId: number;
  receivedAtMs: number;
  bodyBytes: number;
  messages: number;
  /** Messages by kind, by number of KINDS. */
  kinds: number[];
  /** Messages by the 10 s bucket they are filed under; nearly always one or two. */
  filed: { bucketS: number; count: number }[];
  /** Messages or bodies with a note, by number of NOTES. */
  notes: number[];
  /** Secrets and personal data replaced. */
  redactions: number;
  /** Newest line time taken over, ms; 0 without one. */
  lastLineMs: number;
}

export interface RecordEntry {
  /** Index into the section's frames. */
  frame: number;
  timeMs: number;
  body: RecordBody;
}

/** Bits of RequestColumns.flags. */
export const FLAG_UUID = 1;
export const FLAG_AT_ERROR = 2;
export const FLAG_TLS = 4;
export const FLAG_NO_TLS = 8;

/** Absent numbers in the columns. */
export const ABSENT = -1;

/** Codes as one number: family letter and number; 0 for none. */
export function packCode(family: number, number: number): number {
  return family < 0 ? 0 : ((family - 64) << 10) | number;
}

/** `H12` for a packed code, '' for 0. */
export function codeText(packed: number): string {
  if (packed === 0) return '';
  return String.fromCharCode((packed >> 10) + 64) + String(packed & 1023).padStart(2, '0');
}

/** Single requests. Texts are numbers of the section's dictionary; 0 is the empty text. */
export class RequestColumns {
  length = 0;
  #capacity = 256;
  frame = new Uint32Array(this.#capacity);
  timeMs = new Float64Array(this.#capacity);
  method = new Uint32Array(this.#capacity);
  path = new Uint32Array(this.#capacity);
  host = new Uint32Array(this.#capacity);
  client = new Uint32Array(this.#capacity);
  dyno = new Uint32Array(this.#capacity);
  protocol = new Uint32Array(this.#capacity);
  release = new Uint32Array(this.#capacity);
  /** Request ids that are no UUID. */
  requestIdText = new Uint32Array(this.#capacity);
  /** 16 bytes each, valid where FLAG_UUID is set. */
  requestId = new Uint8Array(this.#capacity * 16);
  #requestIdWords = new Int32Array(this.requestId.buffer);
  /** Durations are bounded far below 2^31 (drain/request-row.ts). */
  connectMs = new Int32Array(this.#capacity);
  serviceMs = new Int32Array(this.#capacity);
  status = new Int32Array(this.#capacity);
  bytes = new Float64Array(this.#capacity);
  code = new Uint32Array(this.#capacity);
  flags = new Uint8Array(this.#capacity);

  /** Rows there is room for. */
  get capacity(): number {
    return this.#capacity;
  }

  /** A new row; its number. The caller sets every column. */
  add(): number {
    if (this.length === this.#capacity) this.#grow();
    return this.length++;
  }

  /** Sets the 16 bytes of a request id, given as four words in the order of the processor. */
  setUuid(row: number, uuid: Int32Array): void {
    const to = this.#requestIdWords;
    const at = row * 4;
    to[at] = uuid[0]!;
    to[at + 1] = uuid[1]!;
    to[at + 2] = uuid[2]!;
    to[at + 3] = uuid[3]!;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.frame = grown(this.frame, this.#capacity);
    this.timeMs = grown(this.timeMs, this.#capacity);
    this.method = grown(this.method, this.#capacity);
    this.path = grown(this.path, this.#capacity);
    this.host = grown(this.host, this.#capacity);
    this.client = grown(this.client, this.#capacity);
    this.dyno = grown(this.dyno, this.#capacity);
    this.protocol = grown(this.protocol, this.#capacity);
    this.release = grown(this.release, this.#capacity);
    this.requestIdText = grown(this.requestIdText, this.#capacity);
    this.requestId = grown(this.requestId, this.#capacity * 16);
    this.#requestIdWords = new Int32Array(this.requestId.buffer);
    this.connectMs = grown(this.connectMs, this.#capacity);
    this.serviceMs = grown(this.serviceMs, this.#capacity);
    this.status = grown(this.status, this.#capacity);
    this.bytes = grown(this.bytes, this.#capacity);
    this.code = grown(this.code, this.#capacity);
    this.flags = grown(this.flags, this.#capacity);
  }
}

/** Measured values: dyno samples, add-on and custom metrics. */
export class SampleColumns {
  length = 0;
  #capacity = 64;
  frame = new Uint32Array(this.#capacity);
  timeMs = new Float64Array(this.#capacity);
  /** Kind of series (model/series.ts). */
  kind = new Uint8Array(this.#capacity);
  /** Key of the series, and its label; numbers of the dictionary. */
  key = new Uint32Array(this.#capacity);
  label = new Uint32Array(this.#capacity);
  value = new Float64Array(this.#capacity);

  /** Rows there is room for. */
  get capacity(): number {
    return this.#capacity;
  }

  add(frame: number, timeMs: number, kind: number, key: number, label: number, value: number): void {
    if (this.length === this.#capacity) this.#grow();
    const row = this.length++;
    this.frame[row] = frame;
    this.timeMs[row] = timeMs;
    this.kind[row] = kind;
    this.key[row] = key;
    this.label[row] = label;
    this.value[row] = value;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.frame = grown(this.frame, this.#capacity);
    this.timeMs = grown(this.timeMs, this.#capacity);
    this.kind = grown(this.kind, this.#capacity);
    this.key = grown(this.key, this.#capacity);
    this.label = grown(this.label, this.#capacity);
    this.value = grown(this.value, this.#capacity);
  }
}

function grown<A extends Uint32Array | Int32Array | Float64Array | Uint8Array>(from: A, length: number): A {
  const to = new (from.constructor as new (length: number) => A)(length);
  to.set(from);
  return to;
}

/** Columns of sections that are done with. Making sixteen arrays for every app twenty times a second keeps the GC busy. */
const spareRequests: RequestColumns[] = [];
const spareSamples: SampleColumns[] = [];
/** Rows that all spares together have room for: some 8 MB. One burst must not hold memory for ever. */
const SPARE_ROWS_MAX = 65_536;
let spareRows = 0;

function takeRequests(): RequestColumns {
  const columns = spareRequests.pop();
  if (columns === undefined) return new RequestColumns();
  spareRows -= columns.capacity;
  return columns;
}

function takeSamples(): SampleColumns {
  const columns = spareSamples.pop();
  if (columns === undefined) return new SampleColumns();
  spareRows -= columns.capacity;
  return columns;
}

/** Takes the columns of a section nobody will look at again for the next one. */
export function recycle(section: Section): void {
  const { requests, samples } = section;
  if (spareRows + requests.capacity + samples.capacity > SPARE_ROWS_MAX) return;
  spareRows += requests.capacity + samples.capacity;
  requests.length = 0;
  samples.length = 0;
  spareRequests.push(requests);
  spareSamples.push(samples);
}

let lastSectionId = 0;

export class Section {
  readonly appId: number;
  /** Unique in this process: terms remember by it which number this section gave them. */
  readonly id = ++lastSectionId;
  readonly frames: FrameEntry[] = [];
  readonly requests: RequestColumns = takeRequests();
  readonly samples: SampleColumns = takeSamples();
  readonly records: RecordEntry[] = [];
  /** Lines to be kept; null without, and after decoding: they are stored beside the chunk. */
  logs: LogRows | null = null;
  /** Texts by number. 0 is the empty text. */
  readonly texts: string[] = [''];
  /** Shapes of those texts that are paths; missing after decoding, when they are made anew. */
  readonly shapes: (string | undefined)[] = [];
  /** UTF-8 of the texts, for the encoder. */
  readonly textBytes: Uint8Array[] = [new Uint8Array(0)];

  constructor(appId: number) {
    this.appId = appId;
  }

  /** Numbers of terms that another section numbered in the meantime. */
  readonly #numbers = new Map<Term, number>();

  /** Number of a term's text in this section's dictionary. */
  number(term: Term): number {
    if (term.sectionId === this.id) return term.localId;
    let number = this.#numbers.get(term);
    if (number === undefined) {
      number = term.text === '' ? 0 : this.#add(term);
      this.#numbers.set(term, number);
    }
    // A term remembers the section that used it last: within one body every further use is two reads.
    term.sectionId = this.id;
    term.localId = number;
    return number;
  }

  #add(term: Term): number {
    this.textBytes.push(term.bytes);
    const number = this.texts.push(term.text) - 1;
    if (term.shape !== '') this.shapes[number] = term.shape;
    return number;
  }
}
