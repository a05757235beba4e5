/** The texts of observations as they may be stored: redacted, bounded, shortened. One interner a kind of text. */
import { shortAddress } from '../model/address.ts';
import { seriesDynoName } from '../model/heroku.ts';
import { pathShape } from '../model/path-shape.ts';
import { redactPath, storableText } from '../model/redact.ts';
import { Interner, type Made, type Term } from './intern.ts';
import { noteBit } from './notes.ts';

const NOTE_CONTROL_BYTES = noteBit('controlBytes');
const NOTE_CUT_TEXT = noteBit('cutText');

const METHOD_MAX = 16;
const HOST_MAX = 253;
const DYNO_MAX = 64;
const PROTOCOL_MAX = 16;
/** Longest text of a name or id that a sender chooses freely. */
export const NAME_MAX = 120;

function plain(raw: string, maxLength: number): Made {
  const { text, controlBytes, cutText } = storableText(raw, maxLength);
  return {
    text,
    notes: (controlBytes ? NOTE_CONTROL_BYTES : 0) | (cutText ? NOTE_CUT_TEXT : 0),
    redactions: 0,
  };
}

function path(raw: string): Made {
  const { text, redactions, controls, cut } = redactPath(raw);
  const shape = pathShape(text);
  return { text, notes: (controls ? NOTE_CONTROL_BYTES : 0) | (cut ? NOTE_CUT_TEXT : 0), redactions, shape };
}

/** A text that is used once, cleaned and bounded. */
export function cleanText(raw: string, maxLength: number = NAME_MAX): string {
  return storableText(raw, maxLength).text;
}

export class Terms {
  readonly methods = new Interner((raw) => plain(raw, METHOD_MAX), 512);
  readonly paths = new Interner(path, 16_384);
  readonly hosts = new Interner((raw) => plain(raw.toLowerCase(), HOST_MAX), 4096);
  /** Series names of dynos: one-off dynos by their type (C-01). */
  readonly dynos = new Interner((raw) => plain(seriesDynoName(raw), DYNO_MAX), 4096);
  readonly protocols = new Interner((raw) => plain(raw, PROTOCOL_MAX), 64);
  readonly clients: Interner;
  readonly #networks: Interner;
  readonly #storeClientAddresses: boolean;

  /** @param storeClientAddresses whole addresses instead of /24 and /48 (SEC-45) */
  constructor(storeClientAddresses: boolean) {
    this.#storeClientAddresses = storeClientAddresses;
    this.clients = new Interner((raw) => {
      const shortened = shortAddress(raw);
      // Only what is an address is kept at all: fwd is the client's to choose.
      return plain(storeClientAddresses && shortened !== '' ? raw : shortened, 64);
    }, 16_384);
    this.#networks = new Interner((raw) => plain(shortAddress(`${raw}0`), 64), 16_384);
  }

  /** The client address of a request as it may be stored. */
  client(words: DataView, start: number, end: number): Term {
    if (this.#storeClientAddresses) return this.clients.term(words, start, end);
    // Nearly every address is IPv4 and shortened to its first three numbers: looked up by those alone, there are
    // few enough to stay in the processor's cache.
    const lastDot = lastDotOf(words, start, end);
    return lastDot < 0
      ? this.clients.term(words, start, end)
      : this.#networks.term(words, start, lastDot + 1);
  }
}

/** Position of the dot before one to three digits at the end; −1 when the text does not end so. */
function lastDotOf(words: DataView, start: number, end: number): number {
  for (let at = end - 1; at > start && at >= end - 4; at--) {
    const byte = words.getUint8(at);
    if (byte === 0x2e) return at < end - 1 ? at : -1;
    if (byte < 0x30 || byte > 0x39) return -1;
  }
  return -1;
}
