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
import type { ChunkInput } from '../store/chunks.ts';
import { ByteReader, ByteWriter } from '../model/varint.ts';

const VERSION = 1;
const KEY_ID_BYTES = 4;
const WRITER_BYTES = 8;
const NUMBER_BYTES = 6;
const HEADER_BYTES = 1 + KEY_ID_BYTES + WRITER_BYTES + NUMBER_BYTES;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FRAME_ID_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** A group of frames as its chunk row will be, whoever commits it and when. */
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
  return { messages, appIds, sectionEnds, knownDuplicates, frames, body: Buffer.from(input.raw(input.left)) };
}

function writeNumbers(out: ByteWriter, numbers: number[]): void {
  out.varint(numbers.length);
  for (const number of numbers) out.varint(number);
}

function readNumbers(input: ByteReader): number[] {
  return Array.from({ length: input.varint() }, () => input.varint());
}
