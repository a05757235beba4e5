/** The texts of observations as they may be stored: redacted, bounded, shortened. One interner a kind of text. */
import { shortAddress } from '../model/address.ts';
import { seriesDynoName } from '../model/heroku.ts';
import { pathShape } from '../model/path-shape.ts';
import { redactPath, storableText } from '../model/redact.ts';
import { Interner, type Made } from './intern.ts';
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

  /** @param storeClientAddresses whole addresses instead of /24 and /48 (SEC-45) */
  constructor(storeClientAddresses: boolean) {
    this.clients = new Interner((raw) => {
      const shortened = shortAddress(raw);
      // Only what is an address is kept at all: fwd is the client's to choose.
      return plain(storeClientAddresses && shortened !== '' ? raw : shortened, 64);
    }, 16_384);
  }
}
