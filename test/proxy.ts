/**
 * A TCP proxy on a link (to Postgres, Redis, or us): passes bytes on, and misbehaves when it is told to. What is left
 * to chance comes from a seed.
 */
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { seededRandom } from '../sim/random.ts';
import { parseDatabaseUrl } from '../store/pool.ts';
import { CALM, Pipe, type Weather } from './pipe.ts';

/** Where a link leads: a port of a host, or the file of a unix socket. */
export type Address = { host: string; port: number } | { path: string };
/** The same address always, or one for each new connection, as a load balancer has it. */
export type Target = Address | (() => Address);

/** `up`: towards the server. `down`: its answers. */
export type Direction = 'up' | 'down';

export interface TcpProxy {
  port: number;
  /** Connections made so far. */
  connections: number;
  /** Connections open now. */
  open(): number;
  /** Changes what a direction is like, or both, of links that are and links to come. */
  weather(change: Partial<Weather>, direction?: Direction): void;
  /** Every fault ends; what vanished stays lost. */
  heal(): void;
  /**
   * Packets vanish in both directions: connections stay open, nothing passes, new ones are taken and never answered,
   * until `heal`. A connection that lived through it is out of step, and cut by `heal`.
   */
  blackHole(): void;
  /** The server's side is gone, and nobody has told the client: open links stay open on the client's side only. */
  halfOpen(): void;
  /** Cuts every link with a FIN, or with a reset. New ones are made again. */
  cutAll(how?: 'close' | 'reset'): void;
  /** New connections are reset at once until `heal`; open ones live on. */
  refuse(): void;
  /** The link over which so many more bytes go this way first is cut behind them. Resolves when it happened. */
  cutAfter(direction: Direction, bytes: number): Promise<void>;
  /**
   * The next answer of a Postgres server to a request that contains `marker` is thrown away and the link cut: the
   * request gets through, its reply does not. Resolves when it happened.
   */
  cutReplyTo(marker: string): Promise<void>;
  /** From now on the link leads elsewhere: a failover to a new address. Open links are reset. */
  pointTo(target: Target): void;
  close(): Promise<void>;
}

export interface LinkProxy extends TcpProxy {
  /** The same database, reached through this proxy. */
  url: string;
}

/** @param databaseUrl of the server behind; a unix socket or TCP */
export async function startProxy(databaseUrl: string, seed: string | number = 'proxy'): Promise<LinkProxy> {
  const proxy = await startLink(targetOf(databaseUrl), seed);
  return Object.assign(proxy, { url: throughPort(databaseUrl, proxy.port) });
}

/** Where a database URL leads. */
export function targetOf(databaseUrl: string): Address {
  const { host, port } = parseDatabaseUrl(databaseUrl);
  return host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
}

interface Planned {
  marker: string;
  fired: () => void;
}

class Link {
  readonly near: Socket;
  readonly far: Socket;
  readonly pipes: Record<Direction, Pipe>;
  #swallowing: (() => void) | null = null;

  constructor(near: Socket, far: Socket, plan: Plan) {
    this.near = near;
    this.far = far;
    const { random } = plan;
    this.pipes = {
      up: new Pipe(near, far, () => plan.weather.up, random),
      down: new Pipe(far, near, () => plan.weather.down, random),
    };
    near.on('data', (bytes) => {
      plan.count(this, 'up', bytes.length);
      this.#swallowing ??= plan.takeMarked(bytes);
      this.pipes.up.push(bytes);
    });
    far.on('data', (bytes) => {
      plan.count(this, 'down', bytes.length);
      if (this.#swallowing === null) {
        this.pipes.down.push(bytes);
        return;
      }
      // `Z` in front of the last five bytes: ready for the next query, so the statement is over and committed.
      if (bytes[bytes.length - 6] !== READY_FOR_QUERY) return;
      this.#swallowing();
      this.cut();
    });
    near.on('end', () => this.pipes.up.end());
    far.on('end', () => this.pipes.down.end());
    near.on('error', () => this.cut('reset'));
    far.on('error', () => this.cut('reset'));
    near.on('close', () => this.cut());
    far.on('close', () => plan.isHalfOpen || this.cut());
  }

  cut(how: 'close' | 'reset' = 'close'): void {
    for (const pipe of Object.values(this.pipes)) pipe.stop();
    for (const socket of [this.near, this.far]) {
      // A unix socket knows no reset; its client sees an end in the middle.
      if (how === 'reset' && socket.remoteAddress !== undefined) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}

/** What is to happen to links, for each of them to look at. */
class Plan {
  readonly random;
  readonly weather: Record<Direction, Weather> = { up: { ...CALM }, down: { ...CALM } };
  marked: Planned | null = null;
  cuts: { direction: Direction; left: number; fired: () => void }[] = [];
  isRefusing = false;
  isHalfOpen = false;

  constructor(seed: string | number) {
    this.random = seededRandom('proxy', seed);
  }

  takeMarked(bytes: Buffer): (() => void) | null {
    if (this.marked === null || !bytes.includes(this.marked.marker)) return null;
    const { fired } = this.marked;
    this.marked = null;
    return fired;
  }

  /** Counts bytes against planned cuts, over all links; the link on which one runs out is the one that is cut. */
  count(link: Link, direction: Direction, bytes: number): void {
    const cut = this.cuts.find((planned) => planned.direction === direction);
    if (cut === undefined) return;
    if (cut.left > bytes) {
      cut.left -= bytes;
      return;
    }
    this.cuts = this.cuts.filter((planned) => planned !== cut);
    link.pipes[direction].cutAfter(cut.left, () => {
      link.cut('reset');
      cut.fired();
    });
  }
}

/** Starts a proxy on a free port of this machine. */
export async function startLink(target: Target, seed: string | number = 'link'): Promise<TcpProxy> {
  const links = new Set<Link>();
  const plan = new Plan(seed);
  let leadsTo = target;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    proxy.connections++;
    if (plan.isRefusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({
      ...(typeof leadsTo === 'function' ? leadsTo() : leadsTo),
      allowHalfOpen: true,
      noDelay: true,
    });
    near.setNoDelay(true);
    const link = new Link(near, far, plan);
    links.add(link);
    near.once('close', () => links.delete(link));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const cutAll = (how: 'close' | 'reset' = 'close'): void => {
    for (const link of links) link.cut(how);
  };
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    connections: 0,
    open: () => links.size,
    weather: (change, direction) => {
      for (const way of ['up', 'down'] as const)
        if (direction === undefined || direction === way) Object.assign(plan.weather[way], change);
    },
    heal: () => {
      const hadHoles = plan.isHalfOpen || plan.weather.up.vanish || plan.weather.down.vanish;
      plan.isRefusing = false;
      plan.isHalfOpen = false;
      plan.marked = null;
      for (const way of ['up', 'down'] as const) Object.assign(plan.weather[way], CALM);
      if (hadHoles) cutAll('reset');
    },
    blackHole: () => proxy.weather({ vanish: true }),
    halfOpen: () => {
      plan.isHalfOpen = true;
      for (const link of links) link.far.destroy();
    },
    cutAll,
    refuse: () => {
      plan.isRefusing = true;
    },
    cutAfter: (direction, bytes) =>
      new Promise((resolve) => {
        plan.cuts.push({ direction, left: Math.max(1, bytes), fired: resolve });
      }),
    cutReplyTo: (marker) =>
      new Promise((resolve) => {
        plan.marked = { marker, fired: resolve };
      }),
    pointTo: (next) => {
      leadsTo = next;
      cutAll('reset');
    },
    close: () => {
      cutAll();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
  return proxy;
}

const READY_FOR_QUERY = 'Z'.charCodeAt(0);

function throughPort(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl);
  url.searchParams.delete('host');
  url.searchParams.delete('port');
  url.hostname = '127.0.0.1';
  url.port = String(port);
  url.searchParams.set('sslmode', 'disable');
  return url.href;
}
