/** The web process of the demo: a child that may be killed at any moment and comes back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../env.ts';

const WEB = fileURLToPath(new URL('../web.ts', import.meta.url));

/** A child that dies this young is not started again at once. */
const YOUNG_MS = 3_000;
const RESTART_PAUSE_MS = 2_000;
/** How many deaths in youth before the demo gives up. */
const YOUNG_DEATHS_MAX = 10;
/** Heroku's own: SIGTERM, then SIGKILL. */
const STOP_MS = 15_000;

export interface WebProcess {
  /** How often it was started again. */
  restarts(): number;
  /** Resolves when it answers; rejects when it cannot be started. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * @param logFile what the child prints goes there
 * @param say one sentence for the terminal: the pid at each start, and why it ended
 */
export function superviseWeb(
  env: Environment,
  baseUrl: string,
  logFile: string,
  say: (text: string) => void,
): WebProcess {
  let child: ChildProcess | undefined;
  let restarts = 0;
  let youngDeaths = 0;
  let stopping = false;
  let failed: Error | undefined;
  const log = openSync(logFile, 'a');

  const start = (): void => {
    const startedMs = Date.now();
    // A process group of its own: Ctrl-C is for the demo, which then ends it in order.
    child = spawn(process.execPath, [WEB], { env: { ...env }, stdio: ['ignore', log, log], detached: true });
    say(`web process ${child.pid} is starting (its output: ${logFile})`);
    child.on('error', (error) => {
      failed = error;
    });
    child.on('exit', (code, signal) => {
      child = undefined;
      if (stopping) return;
      // Killed from outside it may come back at once; what ends itself at once has a fault.
      const young = signal === null && Date.now() - startedMs < YOUNG_MS;
      youngDeaths = young ? youngDeaths + 1 : 0;
      say(`web process ended (${signal ?? `exit status ${code}`}); starting it again`);
      if (youngDeaths >= YOUNG_DEATHS_MAX) {
        failed = new Error(`the web process does not stay up; see ${logFile}`);
        return;
      }
      restarts += 1;
      setTimeout(() => stopping || start(), young ? RESTART_PAUSE_MS : 50);
    });
  };
  start();
  process.on('exit', () => child?.kill('SIGKILL'));

  return {
    restarts: () => restarts,
    ready: async () => {
      while (!(await answers(baseUrl))) {
        if (failed !== undefined) throw failed;
        await sleep(150);
      }
    },
    stop: async () => {
      stopping = true;
      const running = child;
      if (running === undefined) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      const late = setTimeout(() => running.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

async function answers(baseUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
    return response.ok;
  } catch {
    // Not listening yet.
    return false;
  }
}
