/**
 * What is measured, in a process of its own: the drain on `node:http` (`drain`), or a server that reads the body and
 * answers 204 (`bare`). Tells its port, and its CPU time and memory whenever it is asked.
 */
import { createServer } from 'node:http';
import { buildDrain } from '../drain/drain.ts';
import { silentLog } from '../model/log.ts';
import { buildPool } from '../store/pool.ts';

export interface ReceiverArguments {
  kind: 'bare' | 'drain';
  url: string;
  key: string;
  /** Redis beside Postgres, which stays healthy; left out: none. */
  redisUrl?: string;
}

/** What a receiver says of itself. Peaks are of samples every 50 ms since its start. */
export interface Usage {
  cpuSeconds: number;
  heapBytes: number;
  heapPeakBytes: number;
  /** Buffers and other memory outside the heap that the heap holds on to. */
  externalBytes: number;
  rssBytes: number;
  rssPeakBytes: number;
}

const SAMPLE_MS = 50;

const { kind, url, key, redisUrl } = JSON.parse(process.argv[2]!) as ReceiverArguments;
let rssPeakBytes = 0;
let heapPeakBytes = 0;
setInterval(() => {
  const { rss, heapUsed } = process.memoryUsage();
  rssPeakBytes = Math.max(rssPeakBytes, rss);
  heapPeakBytes = Math.max(heapPeakBytes, heapUsed);
}, SAMPLE_MS).unref();

function buildReceiver(): { handle: Parameters<typeof createServer>[1] & {}; stop(): Promise<void> } {
  if (kind === 'bare') {
    return {
      handle: (request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          Buffer.concat(parts);
          response.writeHead(204);
          response.end();
        });
      },
      stop: async () => {},
    };
  }
  const log = silentLog;
  const commitPool = buildPool({ url, max: 2, applicationName: 'bench-commit', log });
  const pool = buildPool({ url, max: 4, applicationName: 'bench', log });
  return buildDrain({
    commitPool,
    pool,
    log: {
      ...log,
      error: (event, fields) => console.error(event, fields),
      warn: (event, fields) => console.error(event, fields),
    },
    key,
    holder: `bench:${process.pid}`,
    maxBodyBytes: 1024 * 1024,
    maxMessages: 10_000,
    heldBytesMax: 64 * 1024 * 1024,
    frameMemoryHours: 6,
    storeClientAddresses: false,
    logs: { byDefault: true, linesPerSecond: 200, routerLinesPerSecond: 50 },
    onRolledUp: () => {},
    ...(redisUrl !== undefined && {
      spool: { url: redisUrl, onHeroku: false, plannedBytes: 256 * 1024 * 1024 },
    }),
  });
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    heapBytes: heapUsed,
    heapPeakBytes,
    externalBytes: external,
    rssBytes: rss,
    rssPeakBytes,
  };
}

const receiver = buildReceiver();
const server = createServer({ keepAliveTimeout: 265_000, noDelay: true }, receiver.handle);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send!({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
process.on('message', (message: string) => {
  if (message === 'usage') process.send!(usage());
  if (message === 'stop') void receiver.stop().then(() => process.exit(0));
});
