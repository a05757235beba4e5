/** A service that is told things over HTTP: keeps what arrived, answers as it is told, and as the real one would. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived. */
export interface Arrived {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingHttpHeaders;
  /** Exact bytes as text. */
  body: string;
  /** As parsed, looked into by tests, which fail where it is wrong; null when it is no JSON. */
  json: ReturnType<JSON['parse']>;
}

/** The request that came in this place; fails the test when there is none. */
export function arrivedAt(fake: Pick<FakeReceiver, 'arrived'>, n = 0): Arrived {
  const one = fake.arrived.at(n);
  if (one === undefined) throw new Error(`no request ${n}, only ${fake.arrived.length}`);
  return one;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | object;
  /** The connection is closed without an answer after the request came whole. */
  hangUp?: boolean;
}

export interface FakeReceiver {
  url: string;
  arrived: Arrived[];
  /** Answers of the next requests, in order; then those of the service itself. */
  script: (...answers: Answer[]) => void;
  /** The same for every request; null: its own again. */
  always: (answer: Answer | null) => void;
  close(): Promise<void>;
}

/** @param usual what the service answers by itself: it checks what it is sent as the real one does */
export async function startFake(usual: (arrived: Arrived) => Answer): Promise<FakeReceiver> {
  const arrived: Arrived[] = [];
  let [scripted, always]: [Answer[], Answer | null] = [[], null];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const one: Arrived = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
        json: parse(body),
      };
      arrived.push(one);
      const answer = scripted.shift() ?? always ?? usual(one);
      if (answer.hangUp) return request.socket.destroy();
      const text = typeof answer.body === 'object' ? JSON.stringify(answer.body) : (answer.body ?? '');
      response.writeHead(answer.status, answer.headers).end(text);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    script: (...answers) => {
      scripted = answers;
    },
    always: (answer) => {
      always = answer;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** Code points: what services count. */
export function points(text: unknown): number {
  return typeof text === 'string' ? Array.from(text).length : Number.POSITIVE_INFINITY;
}

/** A text that no service should be sent: empty, or half a character. */
export function isBadText(text: unknown): boolean {
  return typeof text !== 'string' || text === '' || !text.isWellFormed();
}
