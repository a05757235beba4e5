/** COPY … FROM STDIN in Postgres' binary form: the cheapest way to add many rows. */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Client } from './pool.ts';

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
/** Sent in pieces of about this size. */
const PIECE_BYTES = 256 * 1024;

/** Builds the rows of one COPY. Call `row(columns)`, then one value method a column, in the columns' order. */
export class CopyRows {
  #buffer = Buffer.allocUnsafe(PIECE_BYTES);
  #length = 0;
  #pieces: Buffer[] = [];
  rows = 0;

  constructor() {
    this.#room(SIGNATURE.length);
    this.#length += SIGNATURE.copy(this.#buffer, this.#length);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    this.#pieces.push(this.#buffer.subarray(0, this.#length));
    this.#buffer = Buffer.allocUnsafe(Math.max(PIECE_BYTES, bytes));
    this.#length = 0;
  }

  row(columns: number): void {
    this.#room(2);
    this.#length = this.#buffer.writeInt16BE(columns, this.#length);
    this.rows++;
  }

  null(): void {
    this.#room(4);
    this.#length = this.#buffer.writeInt32BE(-1, this.#length);
  }

  int2(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#room(6);
    this.#length = this.#buffer.writeInt32BE(2, this.#length);
    this.#length = this.#buffer.writeInt16BE(value, this.#length);
  }

  int4(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#room(8);
    this.#length = this.#buffer.writeInt32BE(4, this.#length);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
  }

  /** A whole number within ±2^53. */
  int8(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#room(12);
    this.#length = this.#buffer.writeInt32BE(8, this.#length);
    this.#length = this.#buffer.writeBigInt64BE(BigInt(value), this.#length);
  }

  float4(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#room(8);
    this.#length = this.#buffer.writeInt32BE(4, this.#length);
    this.#length = this.#buffer.writeFloatBE(value, this.#length);
  }

  float8(value: number | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#room(12);
    this.#length = this.#buffer.writeInt32BE(8, this.#length);
    this.#length = this.#buffer.writeDoubleBE(value, this.#length);
  }

  bytes(value: Uint8Array | null): void {
    if (value === null) {
      this.null();
      return;
    }
    this.#room(4 + value.length);
    this.#length = this.#buffer.writeInt32BE(value.length, this.#length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** Text without NUL: Postgres refuses it, batch and all. */
  text(value: string | null): void {
    this.bytes(value === null ? null : Buffer.from(value, 'utf8'));
  }

  /** All pieces with the trailer. Nothing may be added afterwards. */
  end(): Buffer[] {
    this.#room(2);
    this.#length = this.#buffer.writeInt16BE(-1, this.#length);
    this.#pieces.push(this.#buffer.subarray(0, this.#length));
    return this.#pieces;
  }
}

/** Adds the rows in the caller's transaction. target: table and columns, a constant of ours, never text from outside. */
export async function copyInto(client: Client, target: string, rows: CopyRows): Promise<void> {
  if (rows.rows === 0) return;
  const stream = client.query(copyFrom(`COPY ${target} FROM STDIN (FORMAT binary)`));
  const done = finished(stream);
  // A failure shows through `done`; without this a failure while waiting for drain would be unhandled.
  done.catch(() => {});
  for (const piece of rows.end()) {
    if (!stream.write(piece)) await Promise.race([once(stream, 'drain'), done]);
  }
  stream.end();
  await done;
}
