/**
 * The one client for addresses that people enter (SEC-39 to SEC-41). A name is resolved here and at every request,
 * every address it has is checked, and the connection is made to a checked one: nobody resolves a second time (I-53).
 * Nothing is followed, nothing is kept open, nothing is read beyond 64 KiB.
 */
import { lookup } from 'node:dns/promises';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { addressFault, type OutboundRules, type OutboundTarget, readTarget } from './outbound-address.ts';
import { ConnectFault, type OutboundProxy, openSocket } from './outbound-socket.ts';

export interface OutboundRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Buffer;
  /** Of the whole; at most and by default 10 s. */
  timeoutMs?: number;
}

/** Why nothing came back. The first four are refusals of ours: nobody was asked. */
export type OutboundFailure =
  | 'badUrl'
  | 'scheme'
  | 'port'
  | 'address'
  | 'name'
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'broken';

export interface OutboundAnswer {
  kind: 'answer';
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** At most 64 KiB. */
  body: Buffer;
  /** There was more, which nobody read, or its end did not come in time. */
  isCut: boolean;
}

export interface OutboundFailed {
  kind: 'failed';
  failure: OutboundFailure;
  /** A sentence for people; never the address, which may be a secret, nor anything the other side said. */
  reason: string;
  /** The request went out, whole or in part, and nobody knows what became of it. */
  mayHaveArrived: boolean;
}

export type OutboundResult = OutboundAnswer | OutboundFailed;

export interface Outbound {
  /** One request to one checked address. Never throws, never follows. */
  request(request: OutboundRequest): Promise<OutboundResult>;
}

export interface OutboundOptions {
  rules: OutboundRules;
  userAgent: string;
  /** Asked with CONNECT for the checked address, so that it too resolves nothing. */
  proxy?: OutboundProxy | undefined;
  /** PEM of an authority to trust instead of the public ones. */
  ca?: string | undefined;
  /** Every address of a name, as the operating system would give them. Tests answer themselves. */
  resolve?: ((host: string) => Promise<string[]>) | undefined;
}

/** a receiver that hangs costs this much. */
export const OUTBOUND_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
const BODY_BYTES_MAX = 64 * 1024;

const REASONS: Record<OutboundFailure, string> = {
  badUrl: 'the address is not a URL we can use; it may hold no user name or password',
  scheme: 'only https addresses may be called',
  port: 'only ports 80, 443 and those the operator allowed may be called',
  address: 'the address leads to a private or reserved network, which the operator has not allowed',
  name: 'the host name could not be resolved',
  connect: 'no connection could be made',
  tls: 'the TLS connection could not be verified',
  timeout: 'no answer came in time',
  broken: 'the connection broke before the answer was complete',
};

/** A client bound to these rules. Any number of requests may run at once. */
export function buildOutbound(options: OutboundOptions): Outbound {
  return { request: (request) => new Exchange(options, request).run() };
}

async function resolveBySystem(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** A failure as it is given back. */
export function failed(failure: OutboundFailure, mayHaveArrived = false, detail = ''): OutboundFailed {
  const reason = detail === '' ? REASONS[failure] : `${REASONS[failure]} (${detail})`;
  return { kind: 'failed', failure, reason, mayHaveArrived };
}

/** One request, from the URL to the answer, under one deadline. */
class Exchange {
  readonly #options: OutboundOptions;
  readonly #request: OutboundRequest;
  readonly #deadline: AbortSignal;
  readonly #endsAtMs: number;
  #isSent = false;

  constructor(options: OutboundOptions, request: OutboundRequest) {
    this.#options = options;
    this.#request = request;
    const timeoutMs = Math.min(request.timeoutMs ?? OUTBOUND_TIMEOUT_MS, OUTBOUND_TIMEOUT_MS);
    this.#deadline = AbortSignal.timeout(timeoutMs);
    this.#endsAtMs = performance.now() + timeoutMs;
  }

  async run(): Promise<OutboundResult> {
    let socket: Socket | undefined;
    try {
      const target = readTarget(this.#request.url, this.#options.rules);
      if (!target.ok) return failed(target.error);
      const addresses = await this.#within(this.#resolve(target.value.host));
      if (addresses.length === 0) return failed('name');
      const fault = addressFault(target.value, addresses, this.#options.rules);
      if (fault !== null) return failed(fault);
      socket = await this.#connect(target.value, addresses);
      // A process that was frozen until now must not send what another has taken over (K-15). Its timers may not
      // have run yet.
      if (performance.now() >= this.#endsAtMs) return failed('timeout');
      return await this.#exchange(target.value, socket);
    } catch (error) {
      if (this.#deadline.aborted) return failed('timeout', this.#isSent);
      if (error instanceof ConnectFault) return failed(error.fault, false, error.detail);
      return failed('broken', this.#isSent);
    } finally {
      socket?.destroy();
    }
  }

  async #resolve(host: string): Promise<string[]> {
    if (isIP(host) !== 0) return [host];
    // A name without an address and one nobody answers for are the same to the sender.
    return (this.#options.resolve ?? resolveBySystem)(host).catch(() => []);
  }

  /** The first address that takes the connection; each has a part of the connect time. */
  async #connect(target: OutboundTarget, addresses: readonly string[]): Promise<Socket> {
    const signal = AbortSignal.any([this.#deadline, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
    const { proxy, ca } = this.#options;
    const tried = addresses.slice(0, 4);
    for (const [n, address] of tried.entries()) {
      const isLast = n === tried.length - 1;
      const timeoutMs = isLast ? CONNECT_TIMEOUT_MS : CONNECT_TIMEOUT_MS / (tried.length - n);
      try {
        return await openSocket({ ...target, address, proxy, ca, signal, timeoutMs });
      } catch (error) {
        if (isLast || signal.aborted || !(error instanceof ConnectFault)) throw error;
      }
    }
    throw new ConnectFault('connect');
  }

  #within<T>(work: Promise<T>): Promise<T> {
    const late = new Promise<never>((_, reject) => {
      this.#deadline.addEventListener('abort', () => reject(this.#deadline.reason), { once: true });
    });
    return Promise.race([work, late]);
  }

  async #exchange(target: OutboundTarget, socket: Socket): Promise<OutboundAnswer> {
    const { method, headers, body = '' } = this.#request;
    const bytes = Buffer.from(body);
    const request = httpRequest({
      method,
      path: `${target.url.pathname}${target.url.search}`,
      headers: {
        ...headers,
        host: target.url.host,
        'user-agent': this.#options.userAgent,
        connection: 'close',
        ...((bytes.length > 0 || method !== 'GET') && { 'content-length': String(bytes.length) }),
      },
      createConnection: () => socket,
      signal: this.#deadline,
    });
    const answered = answerOf(request);
    this.#isSent = true;
    request.end(bytes);
    const response = await answered;
    return {
      kind: 'answer',
      status: response.statusCode ?? 0,
      ...(await readBody(response)),
      headers: headersOf(response),
    };
  }
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    // A server that wants another protocol gives no answer to this request.
    request.on('upgrade', (response) => resolve(response));
  });
}

/** The beginning of the body. The status has been said: what comes after it, or does not, changes nothing. */
async function readBody(response: IncomingMessage): Promise<{ body: Buffer; isCut: boolean }> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= BODY_BYTES_MAX) break;
    }
  } catch {
    return { body: Buffer.concat(parts).subarray(0, BODY_BYTES_MAX), isCut: true };
  }
  return { body: Buffer.concat(parts).subarray(0, BODY_BYTES_MAX), isCut: bytes >= BODY_BYTES_MAX };
}

function headersOf(response: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}
