/**
 * Lines of one app as bytes. A section is what one group commit has of an app, with the frame of each line, so that
 * readers leave out frames that were delivered before; a block is what compaction makes of many sections, for long.
 *
 *   [version u8][codec u8: 0 plain, 1 zstd][raw length u32 little-endian][payload: columns]
 */
import { constants as zlib, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { LOG_LEVELS, LOG_SOURCES, type LogLevel, type LogLine, type LogSource } from './log-line.ts';
import { ByteReader, ByteWriter } from './varint.ts';

const VERSION = 1;
const CODEC_PLAIN = 0;
const CODEC_ZSTD = 1;
const HEADER_BYTES = 6;
/** More is damage, or an attack on the database. */
const RAW_BYTES_MAX = 64 * 1024 * 1024;
/** Every compression makes a context of its own, some 17 µs; a section is written anew as a block within minutes. */
const PLAIN_SECTION_MAX = 2_048;
const SECTION_LEVEL = 1;
/** Blocks are written once and read often. */
const BLOCK_LEVEL = 6;

export class LogBlockError extends Error {}

/** A line before it has its place in the log. */
export type NewLogLine = Omit<LogLine, 'writerId' | 'seq' | 'index'> & {
  /** Position of its frame in the chunk. */
  frame: number;
};

/** Lines of one frame, source and level that the rate guard left out of ten seconds. */
export interface LeftOut {
  frame: number;
  bucketS: number;
  source: LogSource;
  level: LogLevel | null;
  count: number;
}

export interface LogSection {
  appId: number;
  /** In order of arrival: a line's index is its place here. */
  lines: readonly NewLogLine[];
  leftOut: readonly LeftOut[];
}

const scratch = new ByteWriter(64 * 1024);

/** Encodes one app's lines of a group. The answer is a fresh buffer. */
export function encodeLogSection({ appId, lines, leftOut }: LogSection): Buffer {
  const out = scratch;
  out.length = 0;
  out.varint(appId);
  out.varint(lines.length);
  writeDeltas(out, lines, (line) => line.frame);
  writeLines(out, lines);
  out.varint(leftOut.length);
  for (const each of leftOut) {
    out.varint(each.frame);
    out.varint(each.bucketS);
    out.varint(packKind(each));
    out.varint(each.count);
  }
  return pack(out.written(), SECTION_LEVEL, PLAIN_SECTION_MAX);
}

/** Decodes what encodeLogSection gave. Throws LogBlockError on other versions and on damage. */
export function decodeLogSection(bytes: Uint8Array): LogSection {
  return unpack(bytes, (input) => {
    const appId = input.varint();
    const count = boundedCount(input);
    const frames = readDeltas(input, count);
    const lines = readLines(input, count).map((line, at) => ({ ...line, frame: frames[at]! }));
    const leftOut = Array.from({ length: boundedCount(input) }, () => {
      const [frame, bucketS, kind, leftOutCount] = [
        input.varint(),
        input.varint(),
        input.varint(),
        input.varint(),
      ];
      return { frame, bucketS, ...unpackKind(kind), count: leftOutCount };
    });
    return { appId, lines, leftOut };
  });
}

/** Encodes lines of one app in the order given. */
export function encodeLogBlock(lines: readonly LogLine[]): Buffer {
  const out = scratch;
  out.length = 0;
  out.varint(lines.length);
  writeDeltas(out, lines, (line) => line.writerId);
  writeDeltas(out, lines, (line) => line.seq);
  writeDeltas(out, lines, (line) => line.index);
  writeLines(out, lines);
  return pack(out.written(), BLOCK_LEVEL, 0);
}

/** Decodes what encodeLogBlock gave. Throws LogBlockError on other versions and on damage. */
export function decodeLogBlock(bytes: Uint8Array): LogLine[] {
  return unpack(bytes, readBlock);
}

/** A block's bytes before compression, to be looked through before time is taken to make lines of them. Throws as above. */
export function unpackLogBlock(bytes: Uint8Array): Buffer {
  return unpack(bytes, (input) => {
    const raw = input.raw(input.left);
    return Buffer.from(raw.buffer, raw.byteOffset, raw.length);
  });
}

/** The lines of what unpackLogBlock gave. Throws as above. */
export function decodeUnpackedLogBlock(raw: Uint8Array): LogLine[] {
  return orDamaged(() => readBlock(new ByteReader(raw)));
}

function readBlock(input: ByteReader): LogLine[] {
  const count = boundedCount(input);
  const [writers, seqs, indexes] = [
    readDeltas(input, count),
    readDeltas(input, count),
    readDeltas(input, count),
  ];
  return readLines(input, count).map((line, at) => ({
    ...line,
    writerId: writers[at]!,
    seq: seqs[at]!,
    index: indexes[at]!,
  }));
}

/** About how many bytes a line takes before it is compressed. */
export function logLineBytes({ text, requestId }: Pick<LogLine, 'text' | 'requestId'>): number {
  return text.length + (requestId?.length ?? 0) + 8;
}

function pack(raw: Uint8Array, level: number, plainMax: number): Buffer {
  const isPlain = raw.length <= plainMax;
  const payload = isPlain
    ? raw
    : zstdCompressSync(raw, {
        params: { [zlib.ZSTD_c_compressionLevel]: level },
        pledgedSrcSize: raw.length,
        // All of the output in one piece; incompressible bytes take a little more than they are.
        chunkSize: Math.max(64, raw.length + (raw.length >> 8) + 1024),
      });
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes[0] = VERSION;
  bytes[1] = isPlain ? CODEC_PLAIN : CODEC_ZSTD;
  bytes.writeUInt32LE(raw.length, 2);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

function unpack<T>(bytes: Uint8Array, read: (input: ByteReader) => T): T {
  if (bytes.length < HEADER_BYTES) throw new LogBlockError('a piece of the log is shorter than its header');
  if (bytes[0] !== VERSION) {
    throw new LogBlockError(`a piece of the log of version ${bytes[0]}, this code reads ${VERSION}`);
  }
  const rawLength = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(2, true);
  if (rawLength > RAW_BYTES_MAX) throw new LogBlockError(`a piece of the log claims ${rawLength} bytes`);
  return orDamaged(() => {
    const payload = bytes.subarray(HEADER_BYTES);
    if (bytes[1] === CODEC_PLAIN) return read(new ByteReader(payload));
    if (bytes[1] !== CODEC_ZSTD) throw new RangeError(`unknown codec ${bytes[1]}`);
    return read(new ByteReader(zstdDecompressSync(payload, { maxOutputLength: Math.max(1, rawLength) })));
  });
}

function orDamaged<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new LogBlockError('a piece of the log is damaged', { cause });
  }
}

/** A number of rows that there can be: each takes a byte at least. */
function boundedCount(input: ByteReader): number {
  const count = input.varint();
  if (count > input.left) throw new RangeError('more rows than bytes');
  return count;
}

type StoredLine = Omit<LogLine, 'writerId' | 'seq' | 'index'>;

/** Texts that repeat from line to line are written once, and their numbers as a column. */
const DICTIONARY = ['procid', 'code'] as const;

function writeLines(out: ByteWriter, lines: readonly StoredLine[]): void {
  writeDeltas(out, lines, (line) => line.atMs);
  for (const line of lines) out.varint(packKind(line));
  for (const name of DICTIONARY) writeDictionary(out, lines, (line) => line[name] ?? '');
  for (const line of lines) out.varint(line.status ?? 0);
  for (const line of lines) out.text(line.requestId ?? '');
  for (const line of lines) out.text(line.text);
}

function readLines(input: ByteReader, count: number): StoredLine[] {
  const times = readDeltas(input, count);
  const kinds = Array.from({ length: count }, () => unpackKind(input.varint()));
  const procids = readDictionary(input, count);
  const codes = readDictionary(input, count);
  const statuses = Array.from({ length: count }, () => input.varint());
  const requestIds = Array.from({ length: count }, () => input.text());
  return Array.from({ length: count }, (_, at) => ({
    atMs: times[at]!,
    ...kinds[at]!,
    procid: procids[at]!,
    code: codes[at] || null,
    status: statuses[at] || null,
    requestId: requestIds[at] || null,
    text: input.text(),
  }));
}

function writeDictionary(
  out: ByteWriter,
  lines: readonly StoredLine[],
  of: (line: StoredLine) => string,
): void {
  const numbers = new Map<string, number>();
  const column = lines.map((line) => {
    const text = of(line);
    let number = numbers.get(text);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(text, number);
    }
    return number;
  });
  out.varint(numbers.size);
  for (const text of numbers.keys()) out.text(text);
  for (const number of column) out.varint(number);
}

function readDictionary(input: ByteReader, count: number): string[] {
  const texts = Array.from({ length: boundedCount(input) }, () => input.text());
  return Array.from({ length: count }, () => {
    const text = texts[input.varint()];
    if (text === undefined) throw new RangeError('a text that is not there');
    return text;
  });
}

/** Source and level as one number below 64. */
function packKind({ source, level }: { source: LogSource; level: LogLevel | null }): number {
  return LOG_SOURCES.indexOf(source) * 8 + (level === null ? 0 : LOG_LEVELS.indexOf(level) + 1);
}

function unpackKind(kind: number): { source: LogSource; level: LogLevel | null } {
  const source = LOG_SOURCES[kind >> 3];
  const level = (kind & 7) === 0 ? null : LOG_LEVELS[(kind & 7) - 1];
  if (source === undefined || level === undefined) throw new RangeError('an unknown source or level');
  return { source, level };
}

function writeDeltas<T>(out: ByteWriter, rows: readonly T[], of: (row: T) => number): void {
  let last = 0;
  for (const row of rows) {
    const value = of(row);
    out.zigzag(value - last);
    last = value;
  }
}

function readDeltas(input: ByteReader, count: number): number[] {
  let last = 0;
  return Array.from({ length: count }, () => {
    last += input.zigzag();
    return last;
  });
}
