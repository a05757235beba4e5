/** HTTP as bytes on a socket, for requests no client would send. */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  /** Everything that came back. */
  text: string;
  /** Statuses of the answers in it, in order. */
  statuses: number[];
  /** How it ended: the other side closed, a reset, or nobody did within the time. */
  end: 'closed' | 'reset' | 'open';
}

/**
 * Sends parts with a pause in between and collects what comes back until the other side closes or `waitMs` have
 * passed without an end, or this many `answers` are there. `endAfter`: closes our side for writing after the last part.
 */
export async function sendRaw(
  port: number,
  parts: (string | Uint8Array)[],
  {
    waitMs = 1_000,
    pauseMs = 15,
    endAfter = false,
    answers = Number.POSITIVE_INFINITY,
  }: { waitMs?: number; pauseMs?: number; endAfter?: boolean; answers?: number } = {},
): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.setEncoding('latin1');
  const answered = new Promise<'open'>((resolve) => {
    socket.on('data', (data: string) => {
      text += data;
      // Heads end with an empty line and there are no bodies.
      if ((text.match(/\r\n\r\n/g)?.length ?? 0) >= answers) resolve('open');
    });
  });
  const end = Promise.race([endOf(socket, waitMs), answered]);
  for (const [index, part] of parts.entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (!socket.destroyed) socket.write(part);
  }
  if (endAfter) socket.end();
  const how = await end;
  socket.destroy();
  return {
    text,
    statuses: [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1])),
    end: how,
  };
}

function endOf(socket: Socket, waitMs: number): Promise<RawAnswer['end']> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('open'), waitMs);
    const done = (how: RawAnswer['end']): void => {
      clearTimeout(timer);
      resolve(how);
    };
    socket.once('end', () => done('closed'));
    socket.once('error', () => done('reset'));
    socket.once('close', () => done('closed'));
  });
}

/** The head of a POST to a drain with these header lines added or, with null, left out. */
export function head(
  user: { name: string; secret: string },
  more: Record<string, string | null> = {},
  requestLine = 'POST /drain HTTP/1.1',
): string {
  const headers: Record<string, string | null> = {
    Host: 'drain.example.com',
    Authorization: `Basic ${Buffer.from(`${user.name}:${user.secret}`).toString('base64')}`,
    'Content-Type': 'application/logplex-1',
    'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000001',
    'User-Agent': 'Logplex/v72',
    ...more,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}`],
  );
  return `${requestLine}\r\n${lines.join('\r\n')}\r\n\r\n`;
}
