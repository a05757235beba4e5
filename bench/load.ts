/**
 * The load of a benchmark, in a process of its own: connections that each keep one request in flight, as a Logplex
 * node does. Requests are rendered once; only the frame id changes. Told by a JSON argument, answers over IPC.
 */
import { connect, type Socket } from 'node:net';
import { buildBody } from './bodies.ts';

interface LoadOptions {
  port: number;
  /** Value of the Authorization header of each drain. */
  authorizations: string[];
  connections: number;
  messagesPerPost: number;
  posts: number;
  /** Messages a second over all connections; 0: as fast as answers come. */
  rate: number;
  seed: number;
  /** Lines are spread over this much time back from now; left out: they are new. */
  historyMs?: number;
}

const BODIES = 64;
/** A history has lines of many buckets. */
const BODIES_OF_HISTORY = 2_048;
const FRAME_ID = /(?<=Logplex-Frame-Id: )0{32}/;

function render(options: LoadOptions, index: number): { request: Buffer; frameIdAt: number } {
  const bodyAtMs = Date.now() - ((options.historyMs ?? 0) * index) / bodies;
  const body = buildBody(options.seed + index, options.messagesPerPost, bodyAtMs);
  const authorization = options.authorizations[index % options.authorizations.length]!;
  const head =
    `POST /drain HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${authorization}\r\n` +
    `Content-Type: application/logplex-1\r\nLogplex-Msg-Count: ${options.messagesPerPost}\r\n` +
    `Logplex-Frame-Id: ${'0'.repeat(32)}\r\nLogplex-Drain-Token: d.00000000-0000-4000-8000-00000000000${index % 10}\r\n` +
    `User-Agent: Logplex/v72\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { request: Buffer.concat([Buffer.from(head), body]), frameIdAt: head.search(FRAME_ID) };
}

const options = JSON.parse(process.argv[2]!) as LoadOptions;
const bodies = options.historyMs === undefined ? BODIES : BODIES_OF_HISTORY;
const requests = Array.from({ length: bodies }, (_, index) => render(options, index));
const latenciesMs: number[] = [];
const statuses = new Map<number, number>();
let sent = 0;
let answered = 0;
const startedAt = performance.now();

function nextDelayMs(): number {
  if (options.rate === 0) return 0;
  const dueAt = startedAt + (sent * options.messagesPerPost * 1000) / options.rate;
  return dueAt - performance.now();
}

function sendNext(socket: Socket): void {
  if (sent >= options.posts) return;
  const delay = nextDelayMs();
  if (delay > 1) {
    setTimeout(() => sendNext(socket), delay);
    return;
  }
  const number = sent++;
  const { request, frameIdAt } = requests[number % bodies]!;
  request.write((number + 1).toString(16).toUpperCase().padStart(12, '0'), frameIdAt + 20, 'latin1');
  request.write((options.seed >>> 0).toString(16).toUpperCase().padStart(20, '0'), frameIdAt, 'latin1');
  const at = performance.now();
  socket.write(Buffer.from(request));
  socket.once('data', (answer) => {
    latenciesMs.push(performance.now() - at);
    const status = Number(answer.toString('latin1', 9, 12));
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    answered++;
    if (answered === options.posts) finish();
    else sendNext(socket);
  });
}

function finish(): void {
  const seconds = (performance.now() - startedAt) / 1000;
  const sorted = Float64Array.from(latenciesMs).sort();
  const quantile = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]!;
  process.send!(
    {
      seconds,
      messages: options.posts * options.messagesPerPost,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      statuses: Object.fromEntries(statuses),
    },
    () => process.exit(0),
  );
}

for (let i = 0; i < options.connections; i++) {
  const socket = connect(options.port, '127.0.0.1', () => sendNext(socket));
  socket.setNoDelay(true);
}
