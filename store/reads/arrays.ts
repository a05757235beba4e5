/**
 * Reads what array_send(array_agg(column)) gives: the fastest way to move tens of thousands of numbers out of
 * Postgres through a driver that reads text. Form: dimensions, flags, element type, size, lower bound (int4 each),
 * then per element its length (-1: null) and its bytes. Source: arrayfuncs.c, array_send.
 */

const HEADER_BYTES = 20;

function lengthOf(sent: Buffer): number {
  return sent.length < HEADER_BYTES || sent.readInt32BE(0) === 0 ? 0 : sent.readInt32BE(12);
}

/** int4[] → numbers; null elements become 0. */
export function readInt4Array(sent: Buffer): Int32Array {
  const values = new Int32Array(lengthOf(sent));
  let at = HEADER_BYTES;
  for (let i = 0; i < values.length; i++) {
    const bytes = sent.readInt32BE(at);
    at += 4;
    if (bytes < 0) continue;
    values[i] = sent.readInt32BE(at);
    at += bytes;
  }
  return values;
}

/** float8[] → numbers; null elements become NaN. */
export function readFloat8Array(sent: Buffer): Float64Array {
  const values = new Float64Array(lengthOf(sent));
  let at = HEADER_BYTES;
  for (let i = 0; i < values.length; i++) {
    const bytes = sent.readInt32BE(at);
    at += 4;
    values[i] = bytes < 0 ? Number.NaN : sent.readDoubleBE(at);
    if (bytes > 0) at += bytes;
  }
  return values;
}

/** bytea[] → views into `sent`; null elements become empty ones. */
export function readByteaArray(sent: Buffer): Uint8Array[] {
  const length = lengthOf(sent);
  const values: Uint8Array[] = [];
  let at = HEADER_BYTES;
  for (let i = 0; i < length; i++) {
    const bytes = Math.max(0, sent.readInt32BE(at));
    at += 4;
    values.push(sent.subarray(at, at + bytes));
    at += bytes;
  }
  return values;
}
