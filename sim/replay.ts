/**
 * Sends what was recorded as a faithful Logplex would: a file with the content of one frame per line, or
 * a JSONL file of whole bodies with their headers.
 */
import { readFile } from 'node:fs/promises';
import { frameMessage, renderTime, splitFrames } from './frame.ts';
import { type AppLedger, Ledger } from './ledger.ts';
import { LogplexNode, type LogplexOptions } from './logplex.ts';

export interface ReplayOptions {
  file: string;
  /** Drain URL with its credentials. */
  to: string;
  /** Lines (or bodies) a second; as fast as they are taken when left out. */
  rate?: number;
  /** Writes the time of sending into each line, so that old recordings are not filed as late. */
  retime?: boolean;
  /** Told now and then how many lines have been handed over. */
  onProgress?: (sent: number, total: number) => void;
  sender?: Partial<LogplexOptions>;
}

export interface ReplaySummary {
  /** Lines of the file, or messages of its bodies. */
  messages: number;
  delivered: number;
  lost: number;
  /** Sent, and never answered. */
  unknown: number;
  frames: AppLedger['frames'];
  /** What the tries came to, with their number: `{"204": 3, "timedOut": 1}`. */
  outcomes: Record<string, number>;
  tookMs: number;
}

interface RecordedBody {
  body: string;
  headers?: Record<string, string>;
}

type Item = { message: Buffer } | { body: Buffer; headers: Record<string, string> };

const APP = 'replay';
/** Lines are handed over in steps of this, or of one line where that is longer. */
const STEP_MS = 20;

/**
 * @returns what became of every message
 * @throws when the file cannot be read, or the URL is none
 */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  const startMs = performance.now();
  const items = parseRecording(await readFile(options.file));
  const ledger = new Ledger();
  const node = new LogplexNode({ ...options.sender, url: options.to, app: APP, ledger });
  try {
    await sendAll(items, node, options);
    await node.drained();
  } finally {
    node.stop();
  }
  return summarize(ledger, performance.now() - startMs);
}

async function sendAll(items: Item[], node: LogplexNode, options: ReplayOptions): Promise<void> {
  const { rate, onProgress } = options;
  const startMs = performance.now();
  for (const [sent, item] of items.entries()) {
    if (rate === undefined) await node.waitForRoom();
    else await waitUntil(startMs + (sent * 1000) / rate);
    if (sent % 1000 === 0) onProgress?.(sent, items.length);
    if ('body' in item) node.pushBody(item.body, splitFrames(item.body).length, item.headers);
    else
      node.pushBytes(frameMessage(options.retime ? retimed(item.message) : item.message), { kind: 'other' });
  }
  onProgress?.(items.length, items.length);
}

/** Waits in steps: a timer for every line would be slower than the rate. */
async function waitUntil(dueMs: number): Promise<void> {
  const leftMs = dueMs - performance.now();
  if (leftMs < STEP_MS) return;
  await new Promise((resolve) => {
    setTimeout(resolve, leftMs);
  });
}

/** The items of a file: `#@` begins a comment; a line that is an object with `body` is a whole body. */
export function parseRecording(file: Buffer): Item[] {
  const items: Item[] = [];
  for (let start = 0; start < file.length; ) {
    const newline = file.indexOf(0x0a, start);
    const end = newline < 0 ? file.length : newline;
    const row = file.subarray(start, end);
    start = end + 1;
    if (row.length === 0 || row.toString('latin1', 0, 2) === '#@') continue;
    const recorded = parseBody(row);
    items.push(
      recorded === undefined
        ? { message: Buffer.concat([row, Buffer.from('\n')]) }
        : { body: Buffer.from(recorded.body), headers: recorded.headers ?? {} },
    );
  }
  return items;
}

function parseBody(row: Buffer): RecordedBody | undefined {
  if (row[0] !== 0x7b) return undefined;
  try {
    const value: unknown = JSON.parse(row.toString());
    if (typeof value !== 'object' || value === null || !('body' in value)) return undefined;
    return typeof value.body === 'string' ? (value as RecordedBody) : undefined;
  } catch {
    // A line that merely begins with a brace is a message like any other.
    return undefined;
  }
}

/** The message with the present time in its header; unchanged when it has no header. */
function retimed(message: Buffer): Buffer {
  const header = /^<\d{1,3}>\d{1,2} (\S+) /.exec(message.toString('latin1', 0, 80));
  const old = header?.[1];
  if (header === null || old === undefined) return message;
  const start = header[0].length - 1 - old.length;
  const now = Buffer.from(renderTime(Date.now(), 0, 'micro'));
  return Buffer.concat([message.subarray(0, start), now, message.subarray(start + old.length)]);
}

function summarize(ledger: Ledger, tookMs: number): ReplaySummary {
  const app = ledger.snapshot().apps[APP];
  const outcomes: Record<string, number> = {};
  for (const frame of ledger.frames()) {
    for (const outcome of frame.outcomes) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return {
    messages: app?.generated.messages ?? 0,
    delivered: (app?.delivered.messages ?? 0) - (app?.notices.delivered ?? 0),
    lost: app?.lost.messages ?? 0,
    unknown: app?.unknown.messages ?? 0,
    frames: app?.frames ?? { delivered: 0, lost: 0, unknown: 0, retried: 0 },
    outcomes,
    tookMs: Math.round(tookMs),
  };
}
