/** What the tests of bounds share: many sockets, posts that say how long they took, and the health that is reported. */
import { connect, type Socket } from 'node:net';
import type { InstanceHealthAnswer, ProcessAnswer } from '../../api/contract/health.ts';
import type { IngestHealth } from '../../model/ingest-health.ts';
import { authorizationOf, openConnection } from '../../sim/post.ts';
import type { Pool } from '../../store/pool.ts';
import { createToken } from '../../store/tokens.ts';
import { TEST_KEY, type TestApp } from '../drain.ts';
import { frameId, requests } from '../lines.ts';

export interface Posted {
  /** 0: no answer. */
  status: number;
  afterMs: number;
}

const LIMITS = { connectMs: 3_000, answerMs: 15_000, idleMs: 60_000, connections: 1 };

/** One frame as Logplex sends it, on a connection of its own. */
export async function postFrame(port: number, app: TestApp, body: Buffer = requests(2)): Promise<Posted> {
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const connection = openConnection(url, LIMITS);
  const startedMs = performance.now();
  const outcome = await connection.post(
    {
      Authorization: authorizationOf(url) ?? '',
      'Content-Type': 'application/logplex-1',
      'Content-Length': String(body.length),
      'User-Agent': 'Logplex/v72',
      'Logplex-Frame-Id': frameId(),
      'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000001',
    },
    body,
  );
  connection.close();
  return {
    status: outcome.kind === 'answered' ? outcome.status : 0,
    afterMs: performance.now() - startedMs,
  };
}

/** A viewer's API token and what one gets with it. */
export async function buildViewer(pool: Pool, port: number) {
  const { token } = await createToken(pool, {
    name: 'test',
    role: 'viewer',
    createdBy: null,
    key: TEST_KEY,
    nowMs: Date.now(),
  });
  const headers = { authorization: `Bearer ${token}` };
  const get = (path: string, signal?: AbortSignal) =>
    fetch(`http://127.0.0.1:${port}/api/v1${path}`, { headers, ...(signal && { signal }) });
  const health = async (): Promise<InstanceHealthAnswer> => {
    const response = await get('/health');
    if (!response.ok) throw new Error(`health was answered ${response.status}`);
    return (await response.json()) as InstanceHealthAnswer;
  };
  return {
    get,
    health,
    /** Of the process that answers. */
    ingest: async (): Promise<IngestHealth> => {
      const own = (await health()).processes.find((process: ProcessAnswer) => process.isThis);
      if (!own?.ingest) throw new Error('the process says nothing of itself');
      return own.ingest;
    },
  };
}

/** Opens so many connections that say nothing, `perTick` at once; those that were refused are in it, too. */
export async function openIdle(port: number, count: number, perTick: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(perTick, count - sockets.length) }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      return socket;
    });
    sockets.push(...batch);
    await Promise.all(
      batch.map(
        (socket) =>
          new Promise((resolve) => {
            socket.once('connect', resolve);
            socket.once('close', resolve);
          }),
      ),
    );
  }
  return sockets;
}

/** Reads an event stream; gives the data of the next event of a kind that a condition holds for. */
export function readEvents(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    cancel: () => reader.cancel(),
    async next<Data>(event: string, holds: (data: Data) => boolean = () => true): Promise<Data> {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end < 0) {
          const { done, value } = await reader.read();
          if (done) throw new Error(`the stream ended before a ${event}`);
          text += decoder.decode(value, { stream: true });
          continue;
        }
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const data = /^data: (.*)$/m.exec(block)?.[1] ?? '{}';
        if (!block.includes(`event: ${event}`)) continue;
        const parsed = JSON.parse(data) as Data;
        if (holds(parsed)) return parsed;
      }
    },
  };
}
