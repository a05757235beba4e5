/** A router line to a row of a section's request columns. */
import { type Interner, makeTerm, type Term } from './intern.ts';
import type { Message, Span } from './message.ts';
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
  const { section, entry, words } = to;
  const { requests } = section;
  const fields = message.request;
  const row = requests.add();
  requests.frame[row] = to.frame;
  requests.timeMs[row] = timeMs;
  requests.method[row] = use(section, entry, termOf(terms.methods, words, fields.method));
  requests.path[row] = use(section, entry, termOf(terms.paths, words, fields.path));
  requests.host[row] = use(section, entry, termOf(terms.hosts, words, fields.host));
  requests.client[row] = use(section, entry, terms.client(words, at(fields.client.start), fields.client.end));
  requests.dyno[row] = use(section, entry, termOf(terms.dynos, words, fields.dyno));
  requests.protocol[row] = use(section, entry, termOf(terms.protocols, words, fields.protocol));
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
  if (fields.isUuid) {
    flags |= FLAG_UUID;
    requests.setUuid(row, fields.uuid);
  } else {
    // Columns are used again: what another section left there must not get into the log.
    requests.setUuid(row, NO_UUID);
    if (fields.requestId.end > fields.requestId.start) {
      const id = cleanText(textOfSpan(to.body.buf, fields.requestId));
      requests.requestIdText[row] = section.number(makeTerm(id));
    }
  }
  requests.flags[row] = flags;
}

const NO_UUID = new Int32Array(4);

function termOf(interner: Interner, words: DataView, span: Span): Term {
  return interner.term(words, at(span.start), span.end);
}

function bounded(value: number, max: number, message: Message): number {
  if (value <= max) return value;
  message.notes |= NOTE_BAD_NUMBER;
  return ABSENT;
}
