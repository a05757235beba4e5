/** A piece of work done again and again, never twice at once. */
import type { Log } from '../model/log.ts';
import { MINUTE } from '../model/time.ts';

export interface LoopOptions {
  /** Part of events in the log, such as `compaction`; a constant of ours. */
  name: string;
  /** Pause between the end of one round and the start of the next. */
  everyMs: number;
  work: () => Promise<unknown>;
  log: Log;
  /** Longest pause after failures. */
  retryMaxMs?: number | undefined;
}

export interface Loop {
  /** Resolves when a round succeeded for the first time; never, if none does. */
  firstSuccess: Promise<void>;
  /** No round begins any more; resolves when the running one has ended, or after STOP_WAIT_MS. */
  stop(): Promise<void>;
}

const FIRST_RETRY_MS = 1_000;
const RETRY_MAX_MS = MINUTE;
/** A round that hangs must not keep the process: its transaction ends with its connection. */
const STOP_WAIT_MS = 5_000;

/**
 * Starts at once. A failure is logged when it is the first of a row, tried again after 1, 2, 4 … 60 s, and
 * reported as over with the number of tries; the loop never throws.
 */
export function startLoop({ name, everyMs, work, log, retryMaxMs = RETRY_MAX_MS }: LoopOptions): Loop {
  let isStopped = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  const first = Promise.withResolvers<void>();

  const round = async (): Promise<number> => {
    try {
      await work();
    } catch (error) {
      if (!isStopped && failures === 0) log.error('loop.failed', { loop: name, error });
      failures++;
      return Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), retryMaxMs);
    }
    if (failures > 0) log.info('loop.recovered', { loop: name, failures });
    failures = 0;
    first.resolve();
    return everyMs;
  };
  const run = async (): Promise<void> => {
    const pauseMs = await round();
    if (!isStopped) timer = setTimeout(begin, pauseMs);
  };
  let running: Promise<void> = Promise.resolve();
  const begin = (): void => {
    running = run();
  };
  begin();

  return {
    firstSuccess: first.promise,
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      const patience = Promise.withResolvers<void>();
      const limit = setTimeout(patience.resolve, STOP_WAIT_MS);
      await Promise.race([running, patience.promise]);
      clearTimeout(limit);
    },
  };
}
