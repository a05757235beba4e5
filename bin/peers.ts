/**
 * The connections of a web process: so many and no more (S-11, S-12). Near the bound those go that nobody waits on:
 * first who never asked anything, then who asked and was no sender, then idle senders; the oldest of each first. Not
 * counted by address: behind Heroku's router, or a proxy of one's own, all the world has the same few.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface PeersOptions {
  /** Most connections open at once. */
  max: number;
}

interface Peer {
  /** When it came, or last asked something, ms. */
  atMs: number;
  /** Of its newest request; null before the first. */
  response: ServerResponse | null;
}

/** Idle ones are ended from here on … */
const FULL_SHARE = 0.9;
/** … down to here, so that they are looked through once for many. */
const RELIEVED_SHARE = 0.8;
/** With nobody idle, looking again sooner would only cost time, ms. */
const LOOK_EVERY_MS = 100;

export class Peers {
  readonly #max: number;
  readonly #peers = new Map<Socket, Peer>();
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Refused at the bound, ended to stay below it, or cut for being too slow; since the process began. */
  refused = 0;

  constructor(server: Server, { max }: PeersOptions) {
    this.#max = max;
    server.maxConnections = max;
    // Of several processes on one port: refused here and now, instead of offered to the next one for ever.
    Object.assign(server, { dropMaxConnection: true });
    server.on('drop', () => {
      this.refused++;
    });
    server.on('connection', (socket: Socket) => this.#add(socket));
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const peer = this.#peers.get(request.socket);
      if (peer === undefined) return;
      peer.response = response;
      peer.atMs = performance.now();
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.#onError(error, socket as Socket),
    );
  }

  get max(): number {
    return this.#max;
  }

  get open(): number {
    return this.#peers.size;
  }

  #add(socket: Socket): void {
    this.#peers.set(socket, { atMs: performance.now(), response: null });
    socket.once('close', () => this.#peers.delete(socket));
    if (this.#peers.size > this.#max * FULL_SHARE) this.#relieve(socket);
  }

  /** Ends idle connections, but for the one that just came. */
  #relieve(newest: Socket): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS && this.#peers.size < this.#max) return;
    this.#lookedAtMs = nowMs;
    const idle = [...this.#peers]
      .filter(([socket, peer]) => socket !== newest && isIdle(peer))
      .sort(([, a], [, b]) => rankOf(a) - rankOf(b) || a.atMs - b.atMs);
    const surplus = Math.ceil(this.#peers.size - this.#max * RELIEVED_SHARE);
    for (const [socket] of idle.slice(0, surplus)) {
      this.#peers.delete(socket);
      socket.destroy();
      this.refused++;
    }
  }

  /**
   * As Node does by itself, but for one thing: who is too slow is cut without a status, for a shuttle would take any
   * as final (RELIABILITY section 2).
   */
  #onError(error: NodeJS.ErrnoException, socket: Socket): void {
    const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (isSlow) this.refused++;
    const response = this.#peers.get(socket)?.response;
    const isBegun = response?.headersSent === true && !response.writableFinished;
    if (!isSlow && socket.writable && !isBegun) socket.write(refusalOf(error.code));
    socket.destroy();
  }
}

function isIdle({ response }: Peer): boolean {
  return response === null || response.writableFinished || response.destroyed;
}

function rankOf({ response }: Peer): number {
  if (response === null) return 0;
  return response.statusCode === 204 ? 2 : 1;
}

function refusalOf(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return status('431 Request Header Fields Too Large');
  return status(code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW' ? '413 Payload Too Large' : '400 Bad Request');
}

function status(line: string): string {
  return `HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
