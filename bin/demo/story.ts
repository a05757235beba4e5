/** Sends the fleet's lines: first the past as fast as it is taken, then the present as it happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LogplexDrain } from '../../sim/drain.ts';
import type { SimApp } from '../../sim/fleet.ts';
import type { Ledger } from '../../sim/ledger.ts';

/** Span of the past that is handed over at once: well under the senders' buffers. */
const STEP_MS = 10_000;
/** Pause of the live loop. */
const TICK_MS = 200;
/** Further behind than this, the present is handed over as the past is: the machine was asleep. */
const BEHIND_MS = 30_000;
/** Nodes of the cluster that share an app's lines. */
const NODES = 3;

export interface Story {
  /** Resolves when the past is handed over and taken. */
  backlog: Promise<void>;
  /** Ends the making of lines, then waits for the fate of all that were made, at most so long. */
  finish(patienceMs: number): Promise<void>;
}

export function tellStory(
  app: SimApp,
  options: { drainUrl: string; ledger: Ledger; fromMs: number; onBacklog?: (share: number) => void },
): Story {
  const { drainUrl, ledger, fromMs, onBacklog } = options;
  const drain = new LogplexDrain({ url: drainUrl, app: app.name, ledger, nodes: NODES });
  let atMs = fromMs;
  let ended = false;

  const send = async (toMs: number): Promise<void> => {
    for (const line of app.linesBetween(atMs, toMs)) {
      if (line.dropped) drain.discard([line]);
      else drain.push(line);
    }
    atMs = toMs;
  };
  const sendPast = async (): Promise<void> => {
    const startMs = Date.now();
    while (!ended && Date.now() - atMs > STEP_MS) {
      await drain.waitForRoom();
      await send(atMs + STEP_MS);
      onBacklog?.((atMs - fromMs) / Math.max(1, startMs - fromMs));
    }
    await drain.drained();
  };
  const sendPresent = async (): Promise<void> => {
    while (!ended) {
      const nowMs = Date.now();
      if (nowMs - atMs > BEHIND_MS) await sendPast();
      else await send(nowMs);
      await sleep(TICK_MS);
    }
  };

  const backlog = sendPast();
  const present = backlog.then(sendPresent);
  return {
    backlog,
    finish: async (patienceMs) => {
      ended = true;
      const settled = present.then(() => drain.drained());
      await Promise.race([settled, sleep(patienceMs, undefined, { ref: false })]);
      drain.stop();
    },
  };
}
