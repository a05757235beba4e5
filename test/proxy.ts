/** A TCP proxy on the link to Postgres (or to us): passes bytes on, and misbehaves when it is told to. */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { parseDatabaseUrl } from '../store/pool.ts';

export interface LinkProxy {
  port: number;
  /** The same database, reached through this proxy. */
  url: string;
  /** Connections made so far. */
  connections: number;
  /**
   * The next answer of the server to a request that contains `marker` is thrown away and the link cut: the request
   * gets through, its reply does not. Resolves when it happened.
   */
  cutReplyTo(marker: string): Promise<void>;
  /** Cuts every link now. */
  cutAll(): void;
  close(): Promise<void>;
}

/** @param databaseUrl of the server behind; a unix socket or TCP */
export async function startProxy(databaseUrl: string): Promise<LinkProxy> {
  const target = parseDatabaseUrl(databaseUrl);
  const links = new Set<Socket>();
  let waiting: { marker: string; fired: () => void } | null = null;
  const server = createServer((near) => {
    proxy.connections++;
    const far = target.host.startsWith('/')
      ? connect(`${target.host}/.s.PGSQL.${target.port}`)
      : connect(target.port, target.host);
    let swallowing: (() => void) | null = null;
    links.add(near);
    const cut = (): void => {
      near.destroy();
      far.destroy();
      links.delete(near);
    };
    near.on('data', (bytes) => {
      if (waiting !== null && bytes.includes(waiting.marker)) {
        swallowing = waiting.fired;
        waiting = null;
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (swallowing === null) {
        near.write(bytes);
        return;
      }
      // `Z` in front of the last five bytes: ready for the next query, so the statement is over and committed.
      if (bytes[bytes.length - 6] !== READY_FOR_QUERY) return;
      swallowing();
      cut();
    });
    for (const socket of [near, far]) {
      socket.on('error', cut);
      socket.on('close', cut);
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const proxy: LinkProxy = {
    port,
    url: throughPort(databaseUrl, port),
    connections: 0,
    cutReplyTo: (marker) =>
      new Promise((resolve) => {
        waiting = { marker, fired: resolve };
      }),
    cutAll: () => {
      for (const link of links) link.destroy();
    },
    close: () => {
      for (const link of links) link.destroy();
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
