/**
 * What one entry of the spool is made of: a group of frames, encoded as for the durable log, encrypted.
 *
 *   [version u8][key id, 4 bytes][spool writer, 8 bytes][number u48][nonce, 12 bytes][ciphertext][tag, 16 bytes]
 *
 * All integers big-endian. Everything in front of the nonce is the header: readable without the key, authenticated
 * with it. It keeps its form in every version, so that an entry that cannot be read can still be told by its number.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { err, ok, type Result } from '../model/result.ts';
import { ByteReader, ByteWriter } from '../model/varint.ts';
import type { ChunkInput, LogChunkInput } from '../store/chunks.ts';

const VERSION = 1;
/** Of the lines beside an entry. */
const LOGS_VERSION = 1;
const KEY_ID_BYTES = 4;
const WRITER_BYTES = 8;
const NUMBER_BYTES = 6;
const HEADER_BYTES = 1 + KEY_ID_BYTES + WRITER_BYTES + NUMBER_BYTES;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FRAME_ID_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** A group of frames as its rows will be, whoever commits it and when. Its lines are sealed apart, by sealLogs. */
export type EncodedGroup = Omit<
  ChunkInput,
  'writerId' | 'epoch' | 'seq' | 'committedAtMs' | 'frameMemoryHours'
>;

/** A key of the spool, and how entries name it. */
export interface SpoolKey {
  id: Buffer;
  key: Buffer;
}

/** Who appended an entry, and its number there: 1, 2, 3 … without holes as far as appends were confirmed. */
export interface EntryName {
  /** 16 hexadecimal digits, made anew by every process. */
  writer: string;
  number: number;
}

/** Why an entry cannot be read. `otherVersion` and `unknownKey` may be readable for another release of ours. */
export type EntryFault = 'tooShort' | 'otherVersion' | 'unknownKey' | 'damaged';

/** The spool's own key, from the instance's (`DRAINBOARD_SECRET`): what is told of one helps nobody with the other. */
export function deriveSpoolKey(secret: string): SpoolKey {
  const derive = (label: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `drainboard spool ${label}`, bytes));
  return { key: derive('key', 32), id: derive('key id', KEY_ID_BYTES) };
}

/** A name that no other process has. */
export function makeSpoolWriter(): string {
  return randomBytes(WRITER_BYTES).toString('hex');
}

/** Encrypts a group under a fresh nonce. */
export function sealEntry(key: SpoolKey, name: EntryName, group: EncodedGroup): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = VERSION;
  key.id.copy(header, 1);
  header.write(name.writer, 1 + KEY_ID_BYTES, 'hex');
  header.writeUIntBE(name.number, 1 + KEY_ID_BYTES + WRITER_BYTES, NUMBER_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.key, nonce).setAAD(header);
  return Buffer.concat([
    header,
    nonce,
    cipher.update(writeGroup(group)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** Name of an entry, also of one that cannot be opened; null when it is too short to have one. */
export function nameOf(entry: Buffer): EntryName | null {
  if (entry.length < HEADER_BYTES) return null;
  const writerAt = 1 + KEY_ID_BYTES;
  return {
    writer: entry.toString('hex', writerAt, writerAt + WRITER_BYTES),
    number: entry.readUIntBE(writerAt + WRITER_BYTES, NUMBER_BYTES),
  };
}

/** Decrypts what sealEntry gave, with whichever of the keys it names. Never throws on damage. */
export function openEntry(keys: readonly SpoolKey[], entry: Buffer): Result<EncodedGroup, EntryFault> {
  if (entry.length < HEADER_BYTES + NONCE_BYTES + TAG_BYTES) return err('tooShort');
  if (entry[0] !== VERSION) return err('otherVersion');
  const key = keys.find(({ id }) => id.equals(entry.subarray(1, 1 + KEY_ID_BYTES)));
  if (key === undefined) return err('unknownKey');
  const bodyAt = HEADER_BYTES + NONCE_BYTES;
  const decipher = createDecipheriv(CIPHER, key.key, entry.subarray(HEADER_BYTES, bodyAt))
    .setAAD(entry.subarray(0, HEADER_BYTES))
    .setAuthTag(entry.subarray(entry.length - TAG_BYTES));
  try {
    const plain = [decipher.update(entry.subarray(bodyAt, entry.length - TAG_BYTES)), decipher.final()];
    return ok(readGroup(Buffer.concat(plain)));
  } catch {
    return err('damaged');
  }
}

/**
 * Encrypts a group's lines under the name of its entry, for a field of their own beside it: a release before, which
 * knows none, moves the entry all the same. null without lines.
 */
export function sealLogs(key: SpoolKey, name: EntryName, logs: LogChunkInput | null): Buffer | null {
  if (logs === null) return null;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key.key, nonce).setAAD(logsHeader(key, name));
  return Buffer.concat([
    Buffer.from([LOGS_VERSION]),
    key.id,
    nonce,
    cipher.update(writeLogs(logs)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** Decrypts what sealLogs gave for the entry of that name; null for anything else: the frames count without their lines. */
export function openLogs(keys: readonly SpoolKey[], name: EntryName, bytes: Buffer): LogChunkInput | null {
  const nonceAt = 1 + KEY_ID_BYTES;
  const bodyAt = nonceAt + NONCE_BYTES;
  if (bytes.length < bodyAt + TAG_BYTES || bytes[0] !== LOGS_VERSION) return null;
  const key = keys.find(({ id }) => id.equals(bytes.subarray(1, nonceAt)));
  if (key === undefined) return null;
  const decipher = createDecipheriv(CIPHER, key.key, bytes.subarray(nonceAt, bodyAt))
    .setAAD(logsHeader(key, name))
    .setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    const plain = [decipher.update(bytes.subarray(bodyAt, bytes.length - TAG_BYTES)), decipher.final()];
    return readLogs(Buffer.concat(plain));
  } catch {
    return null;
  }
}

/** What is authenticated besides: lines of another entry must not pass for this one's. */
function logsHeader(key: SpoolKey, name: EntryName): Buffer {
  return Buffer.concat([Buffer.from('logs'), key.id, Buffer.from(`${name.writer}:${name.number}`)]);
}

function writeLogs(logs: LogChunkInput): Uint8Array {
  const out = new ByteWriter(logs.body.length + 256);
  writeNumbers(out, logs.appIds);
  writeNumbers(out, logs.sectionEnds);
  out.varint(logs.lines);
  out.raw(logs.body);
  return out.written();
}

function readLogs(bytes: Buffer): LogChunkInput {
  const input = new ByteReader(bytes);
  return {
    appIds: readNumbers(input),
    sectionEnds: readNumbers(input),
    lines: input.varint(),
    body: Buffer.from(input.raw(input.left)),
  };
}

function writeGroup(group: EncodedGroup): Uint8Array {
  const out = new ByteWriter(group.body.length + 1024);
  out.varint(group.messages);
  writeNumbers(out, group.appIds);
  writeNumbers(out, group.sectionEnds);
  writeNumbers(out, group.knownDuplicates);
  out.varint(group.frames.length);
  for (const frame of group.frames) {
    out.varint(frame.position);
    out.varint(frame.drainId);
    out.raw(frame.frameId);
  }
  out.raw(group.body);
  return out.written();
}

function readGroup(bytes: Buffer): EncodedGroup {
  const input = new ByteReader(bytes);
  const messages = input.varint();
  const appIds = readNumbers(input);
  const sectionEnds = readNumbers(input);
  const knownDuplicates = readNumbers(input);
  const frames = Array.from({ length: input.varint() }, () => ({
    position: input.varint(),
    drainId: input.varint(),
    frameId: Buffer.from(input.raw(FRAME_ID_BYTES)),
  }));
  const body = Buffer.from(input.raw(input.left));
  return { messages, appIds, sectionEnds, knownDuplicates, frames, body, logs: null };
}

function writeNumbers(out: ByteWriter, numbers: number[]): void {
  out.varint(numbers.length);
  for (const number of numbers) out.varint(number);
}

function readNumbers(input: ByteReader): number[] {
  return Array.from({ length: input.varint() }, () => input.varint());
}
