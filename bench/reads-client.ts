/** Asks one address of the API many times, as a browser does, and tells how long the answers took. */
import { Agent, request } from 'node:http';

export interface Asked {
  p50Ms: number;
  p95Ms: number;
  /** Of one answer as it is sent, in gzip where the server gives that. */
  bytes: number;
  seconds: number;
  requests: number;
}

export interface Ask {
  port: number;
  path: string;
  token: string;
  requests: number;
  concurrency: number;
}

/** Throws when an answer is none: a quick refusal would look like a quick page. */
export async function ask({ port, path, token, requests, concurrency }: Ask): Promise<Asked> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const times: number[] = [];
  let bytes = 0;
  let left = requests;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const startMs = performance.now();
      bytes = await get({ agent, port, path, token });
      times.push(performance.now() - startMs);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, one));
  const seconds = (performance.now() - startMs) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (q: number): number => times[Math.ceil(q * times.length) - 1] ?? Number.NaN;
  return { p50Ms: at(0.5), p95Ms: at(0.95), bytes, seconds, requests };
}

function get(one: { agent: Agent; port: number; path: string; token: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${one.token}`, 'accept-encoding': 'gzip' };
    const sent = request(
      { agent: one.agent, host: '127.0.0.1', port: one.port, path: one.path, headers },
      (response) => {
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          bytes += part.length;
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(bytes);
          else reject(new Error(`${one.path} answered ${response.statusCode}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}
