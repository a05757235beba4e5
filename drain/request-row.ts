/** A router line to a row of a section's request columns. */
import { makeTerm } from './intern.ts';
import type { Message } from './message.ts';
import { NOTE_BAD_NUMBER } from './notes.ts';
import { textOfSpan } from './scan.ts';
import { ABSENT, FLAG_AT_ERROR, FLAG_NO_TLS, FLAG_TLS, FLAG_UUID, packCode } from './section.ts';
import { at, type Target, use } from './target.ts';
import { cleanText, type Terms } from './terms.ts';

/** A single request says at most this; more is damage, and sums of it would not fit the tables. */
const BYTES_MAX = 1e12;
const DURATION_MAX_MS = 1e9;

/** Appends a router line as a row of the request columns. */
export function addRequest(terms: Terms, to: Target, message: Message, timeMs: number): void {
  const { section, entry, body } = to;
  const { requests } = section;
  const fields = message.request;
  const { buf } = body;
  const row = requests.add();
  requests.frame[row] = to.frame;
  requests.timeMs[row] = timeMs;
  requests.method[row] = use(
    section,
    entry,
    terms.methods.term(buf, at(fields.method.start), fields.method.end),
  );
  requests.path[row] = use(section, entry, terms.paths.term(buf, at(fields.path.start), fields.path.end));
  requests.host[row] = use(section, entry, terms.hosts.term(buf, at(fields.host.start), fields.host.end));
  requests.client[row] = use(section, entry, terms.client(buf, at(fields.client.start), fields.client.end));
  requests.dyno[row] = use(section, entry, terms.dynos.term(buf, at(fields.dyno.start), fields.dyno.end));
  requests.protocol[row] = use(
    section,
    entry,
    terms.protocols.term(buf, at(fields.protocol.start), fields.protocol.end),
  );
  requests.release[row] = section.number(to.app.release);
  requests.connectMs[row] = bounded(fields.connectMs, DURATION_MAX_MS, message);
  requests.serviceMs[row] = bounded(fields.serviceMs, DURATION_MAX_MS, message);
  requests.status[row] = fields.status;
  requests.bytes[row] = bounded(fields.bytes, BYTES_MAX, message);
  requests.code[row] = packCode(fields.codeFamily, fields.codeNumber);
  let flags = fields.tls === 1 ? FLAG_TLS : fields.tls === 0 ? FLAG_NO_TLS : 0;
  // `error` has five letters, `info` four, `warning` seven: no text is needed.
  if (fields.at.end - fields.at.start === 5) flags |= FLAG_AT_ERROR;
  requests.requestIdText[row] = 0;
  if (readUuid(buf, fields.requestId.start, fields.requestId.end, requests.requestId, row * 16))
    flags |= FLAG_UUID;
  else if (fields.requestId.start >= 0 && fields.requestId.end > fields.requestId.start) {
    requests.requestIdText[row] = section.number(makeTerm(cleanText(textOfSpan(buf, fields.requestId))));
  }
  requests.flags[row] = flags;
}

function bounded(value: number, max: number, message: Message): number {
  if (value <= max) return value;
  message.notes |= NOTE_BAD_NUMBER;
  return ABSENT;
}

/** Reads `8-4-4-4-12` hex digits into 16 bytes; false when it is anything else. */
function readUuid(buf: Uint8Array, start: number, end: number, into: Uint8Array, at: number): boolean {
  if (start < 0 || end - start !== 36) return false;
  let from = start;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) {
      if (buf[from] !== 0x2d) return false;
      from++;
    }
    const high = HEX[buf[from]!]!;
    const low = HEX[buf[from + 1]!]!;
    if (high < 0 || low < 0) return false;
    into[at + i] = (high << 4) | low;
    from += 2;
  }
  return true;
}

/** Value of a lower-case hex digit by byte; −1 for others, so that what is read back is what was written. */
const HEX = buildHex();

function buildHex(): Int8Array {
  const values = new Int8Array(256).fill(-1);
  for (let digit = 0; digit < 16; digit++) values[digit.toString(16).charCodeAt(0)] = digit;
  return values;
}
