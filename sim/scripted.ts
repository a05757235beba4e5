/** A drain that answers as a script says, for the senders' tests: real sockets, no product code. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { splitFrames } from './frame.ts';

export interface Received {
  headers: Record<string, string>;
  url: string;
  body: Buffer;
  /** Messages of the body, by octet count. */
  messages: string[];
  /** Number of the TCP connection it came on. */
  connection: number;
}

/** One answer: a status without a body, or a function that does as it likes. */
export type Step = number | ((response: ServerResponse, request: IncomingMessage) => void);

export interface ScriptedDrain {
  url: string;
  received: Received[];
  /** Requests under way at most at once. */
  peak: number;
  close(): Promise<void>;
}

/**
 * @param script answers in order; the last one is repeated for ever
 * @param port 0 for any free one
 */
export async function startScriptedDrain(script: Step[], port = 0): Promise<ScriptedDrain> {
  const sockets = new Map<Socket, number>();
  let sequence = 0;
  let running = 0;
  const drain: ScriptedDrain = { url: '', received: [], peak: 0, close };
  const server = createServer((request, response) => {
    running += 1;
    drain.peak = Math.max(drain.peak, running);
    response.on('close', () => {
      running -= 1;
    });
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      drain.received.push({
        headers: request.headers as Record<string, string>,
        url: request.url ?? '',
        body,
        messages: splitFrames(body).map((message) => message.toString()),
        connection: sockets.get(request.socket) ?? -1,
      });
      const step = script[Math.min(drain.received.length, script.length) - 1] ?? 204;
      if (typeof step === 'number') response.writeHead(step, { 'Content-Length': '0' }).end();
      else step(response, request);
    });
  });
  server.on('connection', (socket) => {
    sequence += 1;
    sockets.set(socket, sequence);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  drain.url = `http://shop:secret@127.0.0.1:${(server.address() as AddressInfo).port}/drain?env=prod`;
  return drain;

  function close(): Promise<void> {
    for (const socket of sockets.keys()) socket.destroy();
    return new Promise((resolve) => {
      server.close(() => resolve());
    });
  }
}
