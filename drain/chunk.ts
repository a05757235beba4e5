/**
 * The format of the durable log: sections as columns (delta times, variable-length integers, shared strings,
 * request ids as bytes), compressed. Decoding gives back what was encoded.
 *
 * A section's bytes: [version u8][codec u8][raw length u32 little-endian][payload].
 */
import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { RecordBody } from '../model/deltas.ts';
import { ByteReader, ByteWriter } from '../model/varint.ts';
import type { FrameEntry, RequestColumns, SampleColumns } from './section.ts';
import { Section } from './section.ts';

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
  const packed = raw.length <= UNPACKED_MAX ? unpackedFrame(raw) : compressed(raw);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + packed.length);
  bytes[0] = VERSION;
  bytes[1] = CODEC_ZSTD;
  bytes.writeUInt32LE(raw.length, 2);
  packed.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** Every compression makes a context of its own, some 17 µs: less than this is not worth it, nor gets much smaller. */
const UNPACKED_MAX = 255;
const ZSTD_MAGIC = 0xfd2fb528;
/** Frame header: a single segment whose size follows in one byte. */
const ZSTD_SINGLE_SEGMENT = 0x20;

/** A zstd frame of one block that is not compressed (RFC 8878 sections 3.1.1 and 3.1.1.2), of at most 255 bytes. */
function unpackedFrame(raw: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(9 + raw.length);
  frame.writeUInt32LE(ZSTD_MAGIC, 0);
  frame[4] = ZSTD_SINGLE_SEGMENT;
  frame[5] = raw.length;
  // The last block, raw, and its size: 24 bits.
  frame[6] = 1 | ((raw.length << 3) & 0xff);
  frame[7] = raw.length >> 5;
  frame[8] = 0;
  frame.set(raw, 9);
  return frame;
}

function compressed(raw: Uint8Array): Buffer {
  return zstdCompressSync(raw, {
    params: { [zlib.ZSTD_c_compressionLevel]: 1 },
    pledgedSrcSize: raw.length,
    // All of the output in one piece; incompressible bytes take a little more than they are.
    chunkSize: raw.length + (raw.length >> 8) + 1024,
  });
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
  const { length } = counts;
  out.varint(length);
  out.reserve(length * 8 + 8);
  // Nearly all are 0: a store each, no call.
  for (let i = 0; i < length; i++) {
    const count = counts[i]!;
    if (count < 0x80) out.bytes[out.length++] = count;
    else out.varint(count);
  }
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
  writeLong(out, requests.bytes, count, 1);
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

type Column = Uint32Array | Int32Array | Float64Array;

/** Few kinds of arrays go through here, and each loop sees its own: with all in one it takes twice as long. */
function writeColumn(out: ByteWriter, column: Uint32Array | Int32Array, count: number, plus: number): void {
  // Room for the whole column at once, then plain stores: this loop runs a dozen times a message.
  out.reserve(count * 8 + 8);
  const { bytes } = out;
  let at = out.length;
  for (let i = 0; i < count; i++) {
    let rest = (column[i]! + plus) >>> 0;
    while (rest >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
  }
  out.length = at;
}

/** The same for numbers of more than 32 bits. */
function writeLong(out: ByteWriter, column: Float64Array, count: number, plus: number): void {
  for (let i = 0; i < count; i++) out.varint(column[i]! + plus);
}

function readColumn(input: ByteReader, column: Column, count: number, plus: number): void {
  for (let i = 0; i < count; i++) column[i] = input.varint() - plus;
}

/** Whole numbers in order of writing, as differences. Fractions of a ms are dropped. */
function writeDeltas(out: ByteWriter, column: Uint32Array | Float64Array, count: number): void {
  out.reserve(count * 8 + 8);
  let last = 0;
  for (let i = 0; i < count; i++) {
    const value = Math.floor(column[i]!);
    const delta = value - last;
    last = value;
    // Nearly always one byte: times come in order and frames have many rows.
    if (delta >= 0 && delta < 0x40) out.bytes[out.length++] = delta * 2;
    else out.zigzag(delta);
  }
}

function readDeltas(input: ByteReader, column: Column, count: number): void {
  let last = 0;
  for (let i = 0; i < count; i++) {
    last += input.zigzag();
    column[i] = last;
  }
}
