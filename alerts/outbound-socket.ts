/** A connection to one address that was checked, through a proxy where one is set, with TLS where it is asked for. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** A proxy of the operator's for what leaves us, such as one with a fixed address. */
export interface OutboundProxy {
  host: string;
  port: number;
  /** Value of Proxy-Authorization; absent without credentials. */
  authorization?: string | undefined;
}

export interface SocketOptions {
  /** What the certificate must be for. */
  host: string;
  port: number;
  isTls: boolean;
  /** Checked by the caller; it alone is connected to. */
  address: string;
  proxy?: OutboundProxy | undefined;
  ca?: string | undefined;
  signal: AbortSignal;
  timeoutMs: number;
}

/** No usable connection. `detail` is a code of Node's or OpenSSL's, never text of the other side. */
export class ConnectFault extends Error {
  override name = 'ConnectFault';
  readonly fault: 'connect' | 'tls' | 'timeout';
  readonly detail: string;

  constructor(fault: 'connect' | 'tls' | 'timeout', detail = '') {
    super(fault);
    this.fault = fault;
    this.detail = detail;
  }
}

/** Longest answer of a proxy to CONNECT that is read. */
const PROXY_ANSWER_MAX = 4_096;

/** Rejects with a ConnectFault; the socket is the caller's to destroy. */
export async function openSocket(options: SocketOptions): Promise<Socket> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  const { proxy, address, port } = options;
  const first = proxy ?? { host: address, port };
  const socket = connectTcp({ host: first.host, port: first.port, noDelay: true });
  try {
    await happens(socket, 'connect', 'connect', signal);
    if (proxy !== undefined) await askProxy(socket, proxy, options, signal);
    return options.isTls ? await startTls(socket, options, signal) : socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function startTls(
  socket: Socket,
  { host, ca }: SocketOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  // A certificate for an address is checked against the address; only names go into the greeting.
  const secure = connectTls({
    socket,
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
  });
  try {
    await happens(secure, 'secureConnect', 'tls', signal);
    return secure;
  } catch (error) {
    secure.destroy();
    throw error;
  }
}

async function askProxy(
  socket: Socket,
  proxy: OutboundProxy,
  { address, port }: SocketOptions,
  signal: AbortSignal,
): Promise<void> {
  const authority = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (proxy.authorization !== undefined) lines.push(`Proxy-Authorization: ${proxy.authorization}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  let text = '';
  while (!text.includes('\r\n\r\n')) {
    if (text.length > PROXY_ANSWER_MAX) throw new ConnectFault('connect', 'the proxy answered no HTTP');
    await happens(socket, 'readable', 'connect', signal);
    text += (socket.read() as Buffer | null)?.toString('latin1') ?? '';
  }
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status !== '200') throw new ConnectFault('connect', `the proxy answered ${status ?? 'no HTTP'}`);
}

function happens(
  socket: Socket,
  event: string,
  fault: 'connect' | 'tls',
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (end: () => void) => () => {
      signal.removeEventListener('abort', onAbort);
      socket.off(event, onEvent).off('error', onError).off('close', onClose);
      // Later errors have their own listeners or nobody who cares: without one they would end the process.
      socket.on('error', () => {});
      end();
    };
    const onEvent = done(resolve);
    const onAbort = done(() => reject(new ConnectFault('timeout')));
    const onError = (error: NodeJS.ErrnoException) =>
      done(() => reject(new ConnectFault(fault, codeOf(error))))();
    const onClose = done(() => reject(new ConnectFault(fault)));
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on(event, onEvent).on('error', onError).on('close', onClose);
  });
}

function codeOf(error: NodeJS.ErrnoException): string {
  return /^[A-Z0-9_]{3,60}$/.exec(error.code ?? '')?.[0] ?? '';
}
