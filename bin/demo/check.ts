/** Compares the senders' account with what the product has counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CountsAnswer, InstanceHealthAnswer } from '../../api/contract/health.ts';
import type { AppLedger } from '../../sim/ledger.ts';

/** One compared number of one app. */
export interface Comparison {
  app: string;
  what: string;
  sent: number;
  counted: number;
  /** Messages the senders cannot know about: sent without an answer. */
  unknown: number;
  equal: boolean;
}

interface Api {
  baseUrl: string;
  token: string;
}

async function get<T>({ baseUrl, token }: Api, path: string): Promise<T> {
  const response = await fetch(`${baseUrl}/api/v1${path}`, {
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`GET ${path} was answered ${response.status}`);
  return (await response.json()) as T;
}

/** Waits until no writer has chunks that are not rolled up, at most so long; false when that passed. */
export async function waitForRollUp(api: Api, patienceMs: number): Promise<boolean> {
  const untilMs = Date.now() + patienceMs;
  while (Date.now() < untilMs) {
    // The web process may be on its way back.
    const health = await get<InstanceHealthAnswer>(api, '/health').catch(() => undefined);
    if (health?.writers.every((writer) => writer.behindChunks === 0)) return true;
    await sleep(300);
  }
  return false;
}

/** Rows in which a loss notice is counted. */
const NOTICE_ROWS = new Set(['messages', 'kind loss', 'code L10']);

/** Everything that can be compared of one app over [fromMs, toMs). */
export async function compareApp(
  api: Api,
  app: string,
  ledger: AppLedger,
  range: { fromMs: number; toMs: number },
): Promise<Comparison[]> {
  const from = new Date(range.fromMs).toISOString();
  const to = new Date(range.toMs).toISOString();
  const counts = await get<CountsAnswer>(api, `/apps/${app}/counts?from=${from}&to=${to}`);
  const { delivered, unknown, notices, frames } = ledger;
  const one = (what: string, sent: number, counted: number, leeway: number): Comparison => {
    // A notice that only one of two tries carried may count or not; nothing else is touched by that.
    const notice = NOTICE_ROWS.has(what) ? notices.uncertain : 0;
    const equal = counted >= sent - notice && counted <= sent + leeway + notice;
    return { app, what, sent, counted, unknown: leeway, equal };
  };
  return [
    one('messages', delivered.messages, counts.messages, unknown.messages),
    one('requests', delivered.requests, counts.requests, unknown.requests),
    one('bad requests', delivered.bad, counts.bad, unknown.bad),
    one('frames', frames.delivered, counts.framesAccepted, frames.unknown),
    one('messages lost', notices.dropped, counts.lossMessages, 0),
    ...group('kind', delivered.messagesByKind, counts.messagesByKind, unknown.messagesByKind, one),
    ...group('status', delivered.statuses, counts.statuses, unknown.statuses, one),
    ...group('code', delivered.codes, counts.codes, unknown.codes, one),
  ];
}

type Counts = Record<string, number>;

/** Every key that either side knows: what one side lacks is zero there. */
function group(
  name: string,
  sent: Counts,
  counted: Counts,
  unknown: Counts,
  one: (what: string, sent: number, counted: number, leeway: number) => Comparison,
): Comparison[] {
  const keys = [...new Set([...Object.keys(sent), ...Object.keys(counted)])].sort();
  return keys.map((key) => one(`${name} ${key}`, sent[key] ?? 0, counted[key] ?? 0, unknown[key] ?? 0));
}

/** A table for the terminal. */
export function renderTable(rows: readonly Comparison[]): string {
  const cells = rows.map((row) => [
    row.app,
    row.what,
    row.sent.toLocaleString('en'),
    row.counted.toLocaleString('en'),
    row.equal ? (row.unknown > 0 && row.sent !== row.counted ? 'within unknown' : 'equal') : 'DIFFERS',
  ]);
  const head = ['app', 'what', 'sent', 'counted', ''];
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i === 2 || i === 3 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), ...cells.map(line)].join('\n');
}
