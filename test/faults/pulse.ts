/** Frames at a steady pace, however slow the answers are, and how long each of them took. */
import { setTimeout as sleep } from 'node:timers/promises';
import { authorizationOf, openConnection } from '../../sim/post.ts';
import { frameId, requests } from '../lines.ts';

export interface Pulse {
  /** Ends it, and waits for the last answers. Frames that were not answered 204 are `refused`. */
  stop(): Promise<{ sent: number; refused: number; p50Ms: number; p99Ms: number; mostMs: number }>;
}

const EVERY_MS = 15;
/** Frames under way at once: a stall of seconds must not make the sender the bottleneck. */
const CONNECTIONS = 60;
export const PULSE_MESSAGES = 2;

/** Begins to send at once: a small frame every 15 ms to the web process at a port. */
export function startPulse(port: number, app: { name: string; secret: string }): Pulse {
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const connection = openConnection(url, {
    connectMs: 3_000,
    answerMs: 15_000,
    idleMs: 60_000,
    connections: CONNECTIONS,
  });
  const tookMs: number[] = [];
  let refused = 0;
  const sendOne = async (): Promise<void> => {
    const body = requests(PULSE_MESSAGES);
    const startedMs = performance.now();
    const outcome = await connection.post(
      {
        Authorization: authorizationOf(url) ?? '',
        'Content-Type': 'application/logplex-1',
        'Content-Length': String(body.length),
        'User-Agent': 'Logplex/v72',
        'Logplex-Frame-Id': frameId(),
        'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-00000000000c',
      },
      body,
    );
    tookMs.push(performance.now() - startedMs);
    if (outcome.kind !== 'answered' || outcome.status !== 204) refused++;
  };
  let isSending = true;
  const sending = (async () => {
    const all: Promise<void>[] = [];
    for (; isSending; await sleep(EVERY_MS)) all.push(sendOne());
    await Promise.all(all);
  })();
  return {
    stop: async () => {
      isSending = false;
      await sending;
      connection.close();
      const sorted = tookMs.toSorted((a, b) => a - b);
      const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
      return { sent: sorted.length, refused, p50Ms: at(0.5), p99Ms: at(0.99), mostMs: at(1) };
    },
  };
}
