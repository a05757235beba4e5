import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../model/log.ts';

/** A part of the process that is closed when it stops. */
export interface StopStep {
  name: string;
  stop(): Promise<void>;
}

export interface ServeOptions {
  server: Server;
  /** 0: any free one. */
  port: number;
  /** Left out: every address of the machine, as Heroku needs. */
  host?: string | undefined;
  /**
   * Aborted when the process begins to stop: health answers 503 from then on, event streams say goodbye.
   * Make it first and hand its signal to the handlers.
   */
  stopping: AbortController;
  /** Closed in reverse order after the last answer; the pool belongs first, the loops last. */
  onStop: StopStep[];
  log: Log;
  /** From the signal to the exit, at most. Heroku kills at 30 s. */
  deadlineMs?: number;
  /** Tests look at a process from inside and pass their own. */
  exit?: (code: number) => void;
}

export interface Running {
  /** The port listened on. */
  port: number;
  /** As a signal would: resolves when everything is closed. Twice is one stop. */
  stop(reason: string): Promise<void>;
}

const DEADLINE_MS = 9_500;
/** One Ctrl-C comes twice within this: from the terminal, and passed on by npm. */
export const SAME_INTERRUPT_MS = 300;
/** Part of the deadline that requests in flight may use; the rest is for closing. */
const IN_FLIGHT_SHARE = 0.6;

/**
 * An HTTP server with our limits: headers 16 KiB and 10 s (SEC-52), a whole request within 10 s (S-09,
 * S-10), idle connections kept longer than Heroku's router (90 s) and Logplex (144 s) keep theirs, so
 * that it is never us who close under a request. Node looks every `connectionsCheckingInterval`.
 */
export function buildHttpServer(listener?: RequestListener): Server {
  return createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 10_000,
      keepAliveTimeout: 265_000,
      connectionsCheckingInterval: 1_000,
      noDelay: true,
    },
    listener,
  );
}

/**
 * Listens, and stops in order on SIGTERM or SIGINT: health fails, the listener closes, requests in flight
 * are answered with `Connection: close`, the parts are closed in reverse, exit 0 within the deadline. A
 * second SIGINT ends at once; SIGTERM may come several times on Heroku, and from a primary and the platform both.
 * Rejects when the port cannot be listened on.
 */
export async function serve(options: ServeOptions): Promise<Running> {
  const { server, log } = options;
  const exit = options.exit ?? ((code: number) => process.exit(code));
  const inFlight = watchRequests(server, options.stopping.signal);
  const port = await listen(server, options.port, options.host);
  let stopped: Promise<void> | undefined;
  const stop = (reason: string): Promise<void> => {
    stopped ??= stopInOrder(reason, options, inFlight).finally(() => listenToSignals('off'));
    return stopped;
  };
  let interruptedMs: number | undefined;
  const onSignal = (signal: string): void => {
    const isAgain = interruptedMs !== undefined && performance.now() - interruptedMs > SAME_INTERRUPT_MS;
    if (signal === 'SIGINT') interruptedMs ??= performance.now();
    if (signal === 'SIGINT' && isAgain) {
      log.warn('process.stopForced', { reason: signal });
      exit(1);
      return;
    }
    void stop(signal).then(() => exit(0));
  };
  const listenToSignals = (change: 'on' | 'off'): void => {
    for (const signal of ['SIGTERM', 'SIGINT']) process[change](signal, onSignal);
  };
  listenToSignals('on');
  return { port, stop };
}

/**
 * What nobody caught is our mistake: one line, and exit 1 so that the platform starts us afresh. Nothing
 * acknowledged lives only in memory, so nothing is lost. Call it first in every process.
 */
export function dieOnMistakes(log: Log, exit: (code: number) => void = (code) => process.exit(code)): void {
  const die = (error: unknown): void => {
    const { stack } = error as { stack?: string };
    log.error('process.mistake', { error, ...(typeof stack === 'string' && { stack }) });
    exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

/** Requests not answered yet. From `stopping` on every answer closes its connection. */
function watchRequests(server: Server, stopping: AbortSignal): Set<ServerResponse> {
  const inFlight = new Set<ServerResponse>();
  const closeAfter = (response: ServerResponse): void => {
    response.shouldKeepAlive = false;
    if (!response.headersSent) response.setHeader('connection', 'close');
  };
  server.prependListener('request', (_request, response: ServerResponse) => {
    inFlight.add(response);
    response.once('close', () => inFlight.delete(response));
    if (stopping.aborted) closeAfter(response);
  });
  stopping.addEventListener('abort', () => inFlight.forEach(closeAfter), { once: true });
  return inFlight;
}

/**
 * Rejects when the port cannot be listened on: for those who leave the listening to a child, and would otherwise
 * talk to whatever stranger is there.
 */
export async function requireFreePort(port: number): Promise<void> {
  const server = createServer();
  await listen(server, port, undefined);
  await new Promise((resolve) => server.close(resolve));
}

/** Ports above 1023 that browsers and fetch refuse to open (fetch standard, "bad port"). */
const BAD_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/** Rejects also when no browser would open a page there: for people's own machines, not behind a router. */
export async function requireBrowsablePort(port: number): Promise<void> {
  if (BAD_PORTS.has(port))
    throw new Error(`browsers refuse to open port ${port}: choose another, for example ${port + 10}`);
  await requireFreePort(port);
}

function listen(server: Server, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(
        new Error(`port ${port} is in use: stop what listens there, or set PORT to another`, {
          cause: error,
        }),
      );
    });
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function stopInOrder(
  reason: string,
  options: ServeOptions,
  inFlight: Set<ServerResponse>,
): Promise<void> {
  const { server, log, stopping, onStop } = options;
  const startedMs = performance.now();
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const leftMs = (): number => Math.max(0, deadlineMs - (performance.now() - startedMs));
  log.info('process.stopping', { reason, inFlight: inFlight.size });
  stopping.abort();
  // Also ends the connections that are idle.
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const answered = await within(closed, deadlineMs * IN_FLIGHT_SHARE);
  if (!answered) {
    log.warn('process.requestsCut', { inFlight: inFlight.size });
    server.closeAllConnections();
  }
  const unclosed = await closeSteps([...onStop].reverse(), leftMs, log);
  log.info('process.stopped', {
    afterMs: Math.round(performance.now() - startedMs),
    ...(unclosed.length > 0 && { unclosed }),
  });
}

/** Each in turn, a failing one does not keep the others open. Gives the names of those out of time. */
async function closeSteps(steps: StopStep[], leftMs: () => number, log: Log): Promise<string[]> {
  const unclosed: string[] = [];
  for (const step of steps) {
    const closing = step
      .stop()
      .catch((error: unknown) => log.error('process.stopFailed', { part: step.name, error }));
    if (!(await within(closing, leftMs()))) unclosed.push(step.name);
  }
  return unclosed;
}

async function within(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(limitMs, false, { signal: timer.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), late]);
  timer.abort();
  return done;
}
