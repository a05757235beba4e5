/** Receivers as child processes, loads sent to them, and what a load cost on either side. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEAP_OPTIONS } from '../bin/heap.ts';
import { type Counters, readCounters } from './postgres.ts';
import type { ReceiverArguments, Usage } from './receiver.ts';

export interface LoadResult {
  seconds: number;
  messages: number;
  p50Ms: number;
  p99Ms: number;
  statuses: Record<string, number>;
}

export interface Shape {
  messagesPerPost: number;
  messages: number;
  connections: number;
  authorizations: string[];
  /** Messages a second; left out: as fast as answers come. */
  rate?: number;
  /** Lines are spread over this much time back from now; left out: they are new. */
  historyMs?: number;
}

/** What one load cost. Per million messages unless the name says otherwise. */
export interface Cost {
  cpuSeconds: number;
  messagesPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  postgres: Counters | null;
}

/** A receiver that runs. */
export interface Receiver {
  kind: ReceiverArguments['kind'];
  usage(): Promise<Usage>;
  /** Sends a load and gives its price, the roll-up of what was committed included. */
  load(shape: Shape, seed: number): Promise<Cost>;
  stop(): Promise<void>;
}

/** Two roll-ups: what was just committed is paid for. */
const ROLLED_UP_MS = 4_000;

/** Starts a receiver; `profileDir`: a CPU profile of its whole life is written there. */
export async function startReceiver(
  options: ReceiverArguments,
  { profileDir, nodeOptions = [] }: { profileDir?: string | undefined; nodeOptions?: string[] } = {},
): Promise<Receiver> {
  const execArgv = [
    // As the web process is started; what is asked for comes after and wins.
    ...(options.kind === 'drain' ? HEAP_OPTIONS : []),
    ...nodeOptions,
    ...(profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]),
  ];
  const child = fork(new URL('./receiver.ts', import.meta.url), [JSON.stringify(options)], { execArgv });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const usage = async (): Promise<Usage> => await ask(child, 'usage');
  return {
    kind: options.kind,
    usage,
    load: async (shape, seed) => {
      const isDrain = options.kind === 'drain';
      const [before, postgresBefore] = [await usage(), isDrain ? await readCounters(options.url) : null];
      const result = await runLoad(port, shape, seed);
      if (isDrain) await sleep(ROLLED_UP_MS);
      const [after, postgresAfter] = [await usage(), isDrain ? await readCounters(options.url) : null];
      const millions = result.messages / 1e6;
      return {
        cpuSeconds: (after.cpuSeconds - before.cpuSeconds) / millions,
        messagesPerSecond: result.messages / result.seconds,
        p50Ms: result.p50Ms,
        p99Ms: result.p99Ms,
        postgres:
          postgresBefore === null || postgresAfter === null
            ? null
            : perMillion(postgresBefore, postgresAfter, millions),
      };
    },
    stop: async () => {
      child.send('stop');
      await once(child, 'exit');
    },
  };
}

async function ask(child: ChildProcess, message: string): Promise<Usage> {
  child.send(message);
  const [answer] = (await once(child, 'message')) as [Usage];
  return answer;
}

async function runLoad(port: number, shape: Shape, seed: number): Promise<LoadResult> {
  const { messages, messagesPerPost, ...rest } = shape;
  const options = {
    port,
    rate: 0,
    ...rest,
    messagesPerPost,
    posts: Math.ceil(messages / messagesPerPost),
    seed,
  };
  const child = fork(new URL('./load.ts', import.meta.url), [JSON.stringify(options)]);
  const [result] = (await once(child, 'message')) as [LoadResult];
  const bad = Object.keys(result.statuses).filter((status) => status !== '204');
  if (bad.length > 0) throw new Error(`answers other than 204: ${JSON.stringify(result.statuses)}`);
  return result;
}

function perMillion(before: Counters, after: Counters, millions: number): Counters {
  return {
    cpuSeconds: (after.cpuSeconds - before.cpuSeconds) / millions,
    walBytes: (after.walBytes - before.walBytes) / millions,
    transactions: (after.transactions - before.transactions) / millions,
    rowsInserted: (after.rowsInserted - before.rowsInserted) / millions,
  };
}
