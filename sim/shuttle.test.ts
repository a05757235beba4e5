import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { splitFrames } from './frame.ts';
import { Ledger } from './ledger.ts';
import { outputLine } from './line.ts';
import { type ScriptedDrain, type Step, startScriptedDrain } from './scripted.ts';
import { Shuttle, type ShuttleOptions } from './shuttle.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0)) await thing.close();
});

interface Rig {
  drain: ScriptedDrain;
  ledger: Ledger;
  shuttle: Shuttle;
}

async function rig(script: Step[], options: Partial<ShuttleOptions> = {}): Promise<Rig> {
  const drain = await startScriptedDrain(script);
  const ledger = new Ledger();
  const shuttle = new Shuttle({ url: drain.url, app: 'shop', ledger, ...options });
  opened.push({ close: () => shuttle.stop() }, drain);
  return { drain, ledger, shuttle };
}

function push(shuttle: Shuttle, count: number): void {
  for (let i = 0; i < count; i += 1) shuttle.push(outputLine(i, 'web.1', `line ${i}`));
}

const reset: Step = (_response, request) => request.socket.destroy();

describe('a log-shuttle', () => {
  it('S-17 sends a request id and neither frame id nor drain token, in the two-dash dialect', async () => {
    const { drain, shuttle } = await rig([204]);
    push(shuttle, 3);
    await shuttle.drained();
    const [request] = drain.received;
    expect(request?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(request?.headers['logplex-frame-id']).toBeUndefined();
    expect(request?.headers['logplex-drain-token']).toBeUndefined();
    expect(request?.headers['user-agent']).toMatch(/^log-shuttle\//);
    expect(request?.headers['logplex-msg-count']).toBe('3');
    expect(request?.messages[0]).toContain(' host app web.1 - - line 0\n');
  });

  it('gathers at most 500 lines or 250 ms, with at most four requests in flight', async () => {
    const slow: Step = (response) => {
      setTimeout(() => response.writeHead(204).end(), 30);
    };
    const { drain, shuttle } = await rig([slow]);
    push(shuttle, 4_200);
    await shuttle.drained();
    expect(drain.peak).toBe(4);
    expect(Math.max(...drain.received.map((request) => request.messages.length))).toBe(500);
    expect(drain.received.reduce((sum, request) => sum + request.messages.length, 0)).toBe(4_200);
  });

  it('S-18 takes any status as final, and retries only a broken request', async () => {
    const refused = await rig([503]);
    push(refused.shuttle, 2);
    await refused.shuttle.drained();
    expect(refused.drain.received).toHaveLength(1);
    expect(refused.ledger.snapshot().apps.shop?.lost.messages).toBe(2);

    const broken = await rig([reset, reset, 204], { limits: { retryPauseMs: 2 } });
    push(broken.shuttle, 2);
    await broken.shuttle.drained();
    expect(new Set(broken.drain.received.map((request) => request.headers['x-request-id'])).size).toBe(1);
    expect([...broken.ledger.frames()]).toMatchObject([{ tries: 3, fate: 'delivered' }]);
  });

  it('S-16 reports what it dropped and lost in headers of the next batch, once', async () => {
    const { drain, shuttle } = await rig([reset, reset, reset, 204], {
      limits: { retryPauseMs: 1, queueLines: 5 },
    });
    push(shuttle, 7);
    await shuttle.drained();
    push(shuttle, 1);
    await shuttle.drained();
    push(shuttle, 1);
    await shuttle.drained();
    const counts = drain.received.map(({ headers }) => [
      headers['logplex-drop-count'],
      headers['logplex-lost-count'],
    ]);
    expect(counts[0]).toEqual(['2', undefined]);
    expect(counts.at(-2)).toEqual([undefined, '5']);
    expect(counts.at(-1)).toEqual([undefined, undefined]);
  });

  it('I-39 may compress', async () => {
    const { drain, shuttle } = await rig([204], { gzip: true });
    push(shuttle, 10);
    await shuttle.drained();
    expect(drain.received[0]?.headers['content-encoding']).toBe('gzip');
    expect(splitFrames(gunzipSync(drain.received[0]?.body ?? Buffer.alloc(0)))).toHaveLength(10);
  });
});
