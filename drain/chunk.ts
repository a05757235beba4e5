/**
 * The format of the durable log: sections as columns (delta times, variable-length integers, shared strings,
 * request ids as bytes), compressed. Decoding gives back what was encoded.
 *
 * A section's bytes: [version u8][codec u8][raw length u32 little-endian][payload].
 */
import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { RecordBody } from '../model/deltas.ts';
import type { FrameEntry, RequestColumns, SampleColumns } from './section.ts';
import { Section } from './section.ts';
import { ByteReader, ByteWriter } from './varint.ts';

const VERSION = 1;
const CODEC_ZSTD = 1;
const HEADER_BYTES = 6;
/** A section says at most this much uncompressed; more is damage (or an attack on the database). */
const RAW_BYTES_MAX = 256 * 1024 * 1024;

export class ChunkError extends Error {}

const scratch = new ByteWriter(1024 * 1024);

/** Encodes one section. The answer is a fresh buffer. */
export function encodeSection(section: Section): Buffer {
  const out = scratch;
  out.length = 0;
  out.varint(section.appId);
  writeFrames(out, section.frames);
  writeTexts(out, section);
  writeRequests(out, section.requests);
  writeSamples(out, section.samples);
  writeRecords(out, section);
  const raw = out.written();
  const packed = zstdCompressSync(raw, { params: { [zlib.ZSTD_c_compressionLevel]: 1 } });
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + packed.length);
  bytes[0] = VERSION;
  bytes[1] = CODEC_ZSTD;
  bytes.writeUInt32LE(raw.length, 2);
  packed.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** Decodes what encodeSection gave. Throws ChunkError on other versions and on damage. */
export function decodeSection(bytes: Uint8Array): Section {
  if (bytes.length < HEADER_BYTES) throw new ChunkError('a chunk section is shorter than its header');
  if (bytes[0] !== VERSION)
    throw new ChunkError(`chunk section of version ${bytes[0]}, this code reads ${VERSION}`);
  if (bytes[1] !== CODEC_ZSTD) throw new ChunkError(`chunk section with unknown codec ${bytes[1]}`);
  const rawLength = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(2, true);
  if (rawLength > RAW_BYTES_MAX) throw new ChunkError(`chunk section claims ${rawLength} bytes`);
  try {
    const raw = zstdDecompressSync(bytes.subarray(HEADER_BYTES), { maxOutputLength: rawLength });
    const input = new ByteReader(raw);
    const section = new Section(input.varint());
    readFrames(input, section.frames);
    readTexts(input, section.texts);
    readRequests(input, section.requests);
    readSamples(input, section.samples);
    readRecords(input, section);
    return section;
  } catch (cause) {
    throw new ChunkError('a chunk section is damaged', { cause });
  }
}

function writeFrames(out: ByteWriter, frames: FrameEntry[]): void {
  out.varint(frames.length);
  let receivedAtMs = 0;
  for (const frame of frames) {
    out.varint(frame.position);
    out.varint(frame.drainId);
    out.zigzag(frame.receivedAtMs - receivedAtMs);
    receivedAtMs = frame.receivedAtMs;
    out.varint(frame.bodyBytes);
    out.varint(frame.messages);
    out.varint(frame.redactions);
    out.varint(Math.floor(frame.lastLineMs));
    writeCounts(out, frame.kinds);
    out.varint(frame.filed.length);
    for (const { bucketS, count } of frame.filed) {
      out.varint(bucketS);
      out.varint(count);
    }
    writeCounts(out, frame.notes);
  }
}

function readFrames(input: ByteReader, frames: FrameEntry[]): void {
  const count = input.varint();
  let receivedAtMs = 0;
  for (let i = 0; i < count; i++) {
    const position = input.varint();
    const drainId = input.varint();
    receivedAtMs += input.zigzag();
    frames.push({
      position,
      drainId,
      receivedAtMs,
      bodyBytes: input.varint(),
      messages: input.varint(),
      redactions: input.varint(),
      lastLineMs: input.varint(),
      kinds: readCounts(input),
      filed: Array.from({ length: input.varint() }, () => ({
        bucketS: input.varint(),
        count: input.varint(),
      })),
      notes: readCounts(input),
    });
  }
}

function writeCounts(out: ByteWriter, counts: number[]): void {
  out.varint(counts.length);
  for (const count of counts) out.varint(count);
}

function readCounts(input: ByteReader): number[] {
  return Array.from({ length: input.varint() }, () => input.varint());
}

function writeTexts(out: ByteWriter, section: Section): void {
  out.varint(section.textBytes.length - 1);
  for (let i = 1; i < section.textBytes.length; i++) {
    const bytes = section.textBytes[i]!;
    out.varint(bytes.length);
    out.raw(bytes);
  }
}

function readTexts(input: ByteReader, texts: string[]): void {
  const count = input.varint();
  for (let i = 0; i < count; i++) texts.push(input.text());
}

/** Columns of dictionary numbers, in their order in the payload. */
const TEXT_COLUMNS = [
  'method',
  'path',
  'host',
  'client',
  'dyno',
  'protocol',
  'release',
  'requestIdText',
] as const;

function writeRequests(out: ByteWriter, requests: RequestColumns): void {
  const count = requests.length;
  out.varint(count);
  writeDeltas(out, requests.frame, count);
  writeDeltas(out, requests.timeMs, count);
  for (const name of TEXT_COLUMNS) writeColumn(out, requests[name], count, 0);
  // Numbers that may be absent are stored one higher.
  writeColumn(out, requests.connectMs, count, 1);
  writeColumn(out, requests.serviceMs, count, 1);
  writeColumn(out, requests.status, count, 1);
  writeColumn(out, requests.bytes, count, 1);
  writeColumn(out, requests.code, count, 0);
  out.raw(requests.flags.subarray(0, count));
  out.raw(requests.requestId.subarray(0, count * 16));
}

function readRequests(input: ByteReader, requests: RequestColumns): void {
  const count = input.varint();
  if (count > input.left) throw new RangeError('more requests than bytes');
  for (let i = 0; i < count; i++) requests.add();
  readDeltas(input, requests.frame, count);
  readDeltas(input, requests.timeMs, count);
  for (const name of TEXT_COLUMNS) readColumn(input, requests[name], count, 0);
  readColumn(input, requests.connectMs, count, 1);
  readColumn(input, requests.serviceMs, count, 1);
  readColumn(input, requests.status, count, 1);
  readColumn(input, requests.bytes, count, 1);
  readColumn(input, requests.code, count, 0);
  requests.flags.set(input.raw(count));
  requests.requestId.set(input.raw(count * 16));
}

function writeSamples(out: ByteWriter, samples: SampleColumns): void {
  const count = samples.length;
  out.varint(count);
  writeDeltas(out, samples.frame, count);
  writeDeltas(out, samples.timeMs, count);
  out.raw(samples.kind.subarray(0, count));
  writeColumn(out, samples.key, count, 0);
  writeColumn(out, samples.label, count, 0);
  for (let i = 0; i < count; i++) out.float64(samples.value[i]!);
}

function readSamples(input: ByteReader, samples: SampleColumns): void {
  const count = input.varint();
  if (count > input.left) throw new RangeError('more samples than bytes');
  for (let i = 0; i < count; i++) samples.add(0, 0, 0, 0, 0, 0);
  readDeltas(input, samples.frame, count);
  readDeltas(input, samples.timeMs, count);
  samples.kind.set(input.raw(count));
  readColumn(input, samples.key, count, 0);
  readColumn(input, samples.label, count, 0);
  for (let i = 0; i < count; i++) samples.value[i] = input.float64();
}

function writeRecords(out: ByteWriter, section: Section): void {
  out.varint(section.records.length);
  for (const record of section.records) {
    out.varint(record.frame);
    out.varint(Math.floor(record.timeMs));
    out.text(JSON.stringify(record.body));
  }
}

function readRecords(input: ByteReader, section: Section): void {
  const count = input.varint();
  for (let i = 0; i < count; i++) {
    section.records.push({
      frame: input.varint(),
      timeMs: input.varint(),
      body: JSON.parse(input.text()) as RecordBody,
    });
  }
}

type Column = Uint32Array | Float64Array | Int16Array | Uint16Array;

function writeColumn(out: ByteWriter, column: Column, count: number, plus: number): void {
  // Room for the whole column at once, then plain stores: this loop runs a dozen times a message.
  out.reserve(count * 8 + 8);
  let bytes = out.bytes;
  let at = out.length;
  for (let i = 0; i < count; i++) {
    let rest = column[i]! + plus;
    if (rest > 0x7fffffff) {
      out.length = at;
      out.varint(rest);
      at = out.length;
      bytes = out.bytes;
      continue;
    }
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
  }
  out.length = at;
}

function readColumn(input: ByteReader, column: Column, count: number, plus: number): void {
  for (let i = 0; i < count; i++) column[i] = input.varint() - plus;
}

/** Whole numbers in order of writing, as differences. Fractions of a ms are dropped. */
function writeDeltas(out: ByteWriter, column: Column, count: number): void {
  let last = 0;
  for (let i = 0; i < count; i++) {
    const value = Math.floor(column[i]!);
    out.zigzag(value - last);
    last = value;
  }
}

function readDeltas(input: ByteReader, column: Column, count: number): void {
  let last = 0;
  for (let i = 0; i < count; i++) {
    last += input.zigzag();
    column[i] = last;
  }
}
