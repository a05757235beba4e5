/** A process that shares its port with siblings: what it owes its primary, and what it gets from it. */
import cluster from 'node:cluster';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { isDrainPath } from '../drain/request.ts';
import type { RemoteTick, TickChannel } from '../store/tick-channel.ts';
import type { ToChild, ToPrimary } from './cluster-message.ts';
import type { Running } from './serve.ts';

/** Whether this process was started by a primary. */
export function isClusterChild(): boolean {
  return cluster.isWorker;
}

function tellPrimary(message: ToPrimary): void {
  // Without an answer: a primary that is gone is noticed by its own event.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function onMessage(handle: (message: ToChild) => void): void {
  process.on('message', (message) => handle(message as ToChild));
}

/**
 * Obeys the primary: answers its pings, stops when told to and lets senders go. A primary that died takes its
 * listening socket along: then this process ends in order, too, instead of at once. Does nothing in a process that
 * has none.
 */
export function obeyPrimary(server: Server, running: Running): void {
  if (!cluster.isWorker) return;
  const senders = watchSenders(server);
  const end = (reason: string): void => void running.stop(reason).then(() => process.exit(0));
  onMessage((message) => {
    if (message.kind === 'ping') tellPrimary({ kind: 'pong', senders: senders.count() });
    else if (message.kind === 'stop') end(message.reason);
    else if (message.kind === 'letGo') senders.letGo(message.senders);
  });
  cluster.worker?.once('disconnect', () => {
    // Else Node ends this process right after this listener, with requests in flight.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
    end('primaryGone');
  });
}

/** Connections that have brought a frame. Logplex keeps a few for a long time: they are what is to be balanced. */
function watchSenders(server: Server): { count(): number; letGo(count: number): void } {
  const senders = new Set<Socket>();
  let leaving = 0;
  server.prependListener('request', (request, response) => {
    if (!isDrainPath(request.url ?? '')) return;
    const { socket } = request;
    if (leaving > 0 && senders.has(socket)) {
      leaving--;
      senders.delete(socket);
      response.shouldKeepAlive = false;
      return;
    }
    if (senders.has(socket)) return;
    senders.add(socket);
    socket.once('close', () => senders.delete(socket));
  });
  return {
    count: () => senders.size,
    letGo: (count) => {
      leaving = count;
    },
  };
}

/** Ticks to and from the processes of this dyno; null where there are none. */
export function openSiblingChannel(onTick: (tick: RemoteTick) => void): TickChannel | null {
  if (!cluster.isWorker) return null;
  let isOpen = true;
  onMessage((message) => {
    if (isOpen && message.kind === 'tick') onTick(message.tick);
  });
  return {
    publish: (tick) => tellPrimary({ kind: 'tick', tick }),
    stop: async () => {
      isOpen = false;
    },
  };
}
