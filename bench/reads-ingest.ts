/**
 * A steady stream of messages to many drains, in a process of its own, until it is told to stop: what comes in while
 * pages are read. Lines carry the time at which they are sent. Told by a JSON argument, answers over IPC.
 */
import { Agent, request } from 'node:http';
import { buildBody } from './bodies.ts';

interface IngestOptions {
  port: number;
  /** Value of the Authorization header of each drain. */
  authorizations: string[];
  messagesPerPost: number;
  /** Messages a second over all drains. */
  rate: number;
  seed: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as IngestOptions;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const latenciesMs: number[] = [];
const statuses: Record<string, number> = {};
const everyMs = (1000 * options.messagesPerPost) / options.rate;
const startedAt = performance.now();
let sent = 0;

function post(number: number): void {
  const body = buildBody(options.seed + number, options.messagesPerPost, Date.now());
  const headers = {
    authorization: options.authorizations[number % options.authorizations.length],
    'content-type': 'application/logplex-1',
    'content-length': body.length,
    'logplex-msg-count': options.messagesPerPost,
    'logplex-frame-id': `${options.seed}-${number}`,
    'logplex-drain-token': 'd.00000000-0000-4000-8000-000000000000',
    'user-agent': 'Logplex/v72',
  };
  const at = performance.now();
  const note = (status: string): void => {
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  const sending = request({
    agent,
    host: '127.0.0.1',
    port: options.port,
    method: 'POST',
    path: '/drain',
    headers,
  });
  sending.on('response', (response) => {
    response.resume();
    latenciesMs.push(performance.now() - at);
    note(String(response.statusCode));
  });
  sending.on('error', () => note('failed'));
  sending.end(body);
}

const timer = setInterval(() => {
  while (startedAt + sent * everyMs <= performance.now()) post(sent++);
}, 5);

process.on('message', () => {
  clearInterval(timer);
  latenciesMs.sort((a, b) => a - b);
  const at = (q: number): number => latenciesMs[Math.ceil(q * latenciesMs.length) - 1] ?? Number.NaN;
  process.send?.({ p50Ms: at(0.5), p99Ms: at(0.99), statuses }, () => process.exit(0));
});
