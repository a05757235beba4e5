/**
 * Which single requests are kept for weeks: bad ones, the slowest, and a uniform sample, bounded per app, bucket and
 * flush. What is kept is chosen by the request id's own bits, so that the same requests give the same choice.
 */
import type { RequestDetail } from '../model/request.ts';
import { codeText, FLAG_UUID, type Section } from './section.ts';

/** 10 s buckets, flushed about four times while open: at most some 20 bad requests a second and app. */
const BAD_MAX = 50;
const SLOW_MAX = 5;
const SAMPLE_MAX = 5;
/** Requests faster than this are not worth a row for being slow. */
const SLOW_FROM_MS = 1000;

interface Kept {
  rank: number;
  detail: RequestDetail;
}

/** Keeps the entries of lowest rank. */
class Lowest {
  readonly #max: number;
  readonly kept: Kept[] = [];
  #worst = Number.POSITIVE_INFINITY;

  constructor(max: number) {
    this.#max = max;
  }

  accepts(rank: number): boolean {
    return this.kept.length < this.#max || rank < this.#worst;
  }

  add(rank: number, detail: RequestDetail): void {
    if (this.kept.length === this.#max) {
      this.kept.splice(
        this.kept.findIndex((entry) => entry.rank === this.#worst),
        1,
      );
    }
    this.kept.push({ rank, detail });
    this.#worst = Math.max(...this.kept.map((entry) => entry.rank));
  }
}

/** Chooser for one app and bucket. */
export class DetailChooser {
  readonly #bad = new Lowest(BAD_MAX);
  readonly #slow = new Lowest(SLOW_MAX);
  readonly #sample = new Lowest(SAMPLE_MAX);
  #badSeen = 0;
  #othersSeen = 0;

  /** Offers a request of a section; totalMs is what it counts for latency, −1 where it does not. */
  offer(section: Section, row: number, bad: boolean, totalMs: number): void {
    const rank = randomRank(section, row);
    if (bad) {
      this.#badSeen++;
      if (this.#bad.accepts(rank)) this.#bad.add(rank, detailOf(section, row, 'bad'));
      return;
    }
    this.#othersSeen++;
    if (this.#sample.accepts(rank)) this.#sample.add(rank, detailOf(section, row, 'sample'));
    if (totalMs >= SLOW_FROM_MS && this.#slow.accepts(-totalMs)) {
      this.#slow.add(-totalMs, detailOf(section, row, 'slow'));
    }
  }

  /** What was chosen, each with the share of its kind that was kept. */
  chosen(): RequestDetail[] {
    return [
      ...withRate(this.#bad.kept, this.#badSeen),
      ...this.#slow.kept.map((entry) => entry.detail),
      ...withRate(this.#sample.kept, this.#othersSeen),
    ];
  }
}

function withRate(kept: Kept[], seen: number): RequestDetail[] {
  for (const { detail } of kept) detail.sampleRate = kept.length / seen;
  return kept.map((entry) => entry.detail);
}

/** A number in [0, 2^32) that depends on the request id alone. */
function randomRank(section: Section, row: number): number {
  const { requests } = section;
  if ((requests.flags[row]! & FLAG_UUID) !== 0) {
    const id = requests.requestId;
    // The last bytes: random in every UUID version seen in router lines.
    const at = row * 16 + 12;
    return ((id[at]! << 24) | (id[at + 1]! << 16) | (id[at + 2]! << 8) | id[at + 3]!) >>> 0;
  }
  let hash = 0x811c9dc5 | 0;
  for (const character of section.texts[requests.requestIdText[row]!] ?? '') {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  return Math.imul(hash ^ (requests.timeMs[row]! | 0), 0x01000193) >>> 0;
}

function detailOf(section: Section, row: number, reason: RequestDetail['reason']): RequestDetail {
  const { requests, texts } = section;
  const text = (number: number): string | null => texts[number] || null;
  const present = (value: number): number | null => (value < 0 ? null : value);
  return {
    atMs: Math.floor(requests.timeMs[row]!),
    reason,
    sampleRate: 1,
    requestId: requestIdOf(section, row),
    method: text(requests.method[row]!),
    path: text(requests.path[row]!),
    host: text(requests.host[row]!),
    client: text(requests.client[row]!),
    dyno: text(requests.dyno[row]!),
    release: Number(texts[requests.release[row]!]) || null,
    connectMs: present(requests.connectMs[row]!),
    serviceMs: present(requests.serviceMs[row]!),
    status: present(requests.status[row]!),
    bytes: present(requests.bytes[row]!),
    code: codeText(requests.code[row]!) || null,
  };
}

/** The request id of a row as text, null without one. */
export function requestIdOf(section: Section, row: number): string | null {
  const { requests } = section;
  if ((requests.flags[row]! & FLAG_UUID) === 0) return section.texts[requests.requestIdText[row]!] || null;
  const hex = Buffer.from(requests.requestId.buffer, requests.requestId.byteOffset + row * 16, 16).toString(
    'hex',
  );
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A whole row of the durable log as a request, for look-ups by id. */
export function requestOf(section: Section, row: number): RequestDetail {
  return detailOf(section, row, 'log');
}
