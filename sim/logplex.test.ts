import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Ledger } from './ledger.ts';
import { outputLine, type SimLine } from './line.ts';
import { LogplexNode, type LogplexOptions } from './logplex.ts';
import { authorizationOf } from './post.ts';
import { type ScriptedDrain, type Step, startScriptedDrain } from './scripted.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0)) await thing.close();
});

interface Rig {
  drain: ScriptedDrain;
  ledger: Ledger;
  node: LogplexNode;
}

async function rig(script: Step[], options: Partial<LogplexOptions> = {}): Promise<Rig> {
  const drain = await startScriptedDrain(script);
  const ledger = new Ledger();
  const node = new LogplexNode({ url: drain.url, app: 'shop', ledger, ...options });
  opened.push({ close: () => node.stop() }, drain);
  return { drain, ledger, node };
}

function lines(count: number, text = 'hello'): SimLine[] {
  return Array.from({ length: count }, (_, i) => outputLine(1_772_442_000_000 + i, 'web.1', `${text} ${i}`));
}

function pushAll(node: LogplexNode, list: SimLine[]): void {
  for (const line of list) node.push(line);
}

const hang: Step = () => {};
const reset: Step = (_response, request) => request.socket.destroy();

describe('a Logplex node', () => {
  it('sends the headers of the reference', async () => {
    const { drain, node } = await rig([204]);
    node.push(outputLine(1_772_442_000_000, 'web.1', 'hello'));
    await node.drained();
    const headers = drain.received[0]?.headers ?? {};
    const { url, body } = drain.received[0] ?? { url: '', body: Buffer.alloc(0) };
    expect(url).toBe('/drain?env=prod');
    expect(headers).toMatchObject({
      'content-type': 'application/logplex-1',
      'logplex-msg-count': '1',
      'user-agent': 'Logplex/v72',
      'content-length': String(body.length),
      authorization: `Basic ${Buffer.from('shop:secret').toString('base64')}`,
    });
    expect(headers['logplex-frame-id']).toMatch(/^[0-9A-F]{32}$/);
    expect(headers['logplex-drain-token']).toMatch(/^d\.[0-9a-f]{8}-/);
    expect(headers['transfer-encoding']).toBeUndefined();
  });

  it('sends a lone line at once, and what came meanwhile in the next batch', async () => {
    const { drain, node } = await rig([204]);
    pushAll(node, lines(300));
    await node.drained();
    expect(drain.received.map((request) => request.messages.length)).toEqual([1, 299]);
  });

  it('has one request in flight and closes a batch before 102,400 bytes or at 1,024 messages', async () => {
    const { drain, node } = await rig([204]);
    pushAll(node, lines(1_025, 'x'.repeat(30)));
    await node.drained();
    pushAll(node, lines(1_001, 'y'.repeat(1_000)));
    await node.drained();
    expect(drain.peak).toBe(1);
    expect(drain.received[1]?.messages).toHaveLength(1_024);
    const sizes = drain.received.map((request) => request.body.length);
    expect(Math.max(...sizes)).toBeLessThan(102_400);
    expect(Math.max(...sizes)).toBeGreaterThan(101_000);
    expect(new Set(drain.received.map((request) => request.connection)).size).toBe(1);
  });

  it('retries 503, 429, 302 and a broken answer under one frame id, three tries in all', async () => {
    for (const step of [503, 429, 302, reset]) {
      const { drain, ledger, node } = await rig([step]);
      node.push(outputLine(0, 'web.1', 'once'));
      await node.drained();
      expect(drain.received).toHaveLength(3);
      expect(new Set(drain.received.map((request) => request.headers['logplex-frame-id'])).size).toBe(1);
      const app = ledger.snapshot().apps.shop;
      expect(step === reset ? app?.unknown.messages : app?.lost.messages).toBe(1);
    }
  });

  it('delivers on the third try', async () => {
    const { drain, ledger, node } = await rig([503, reset, 204]);
    node.push(outputLine(0, 'web.1', 'once'));
    await node.drained();
    expect([...ledger.frames()]).toMatchObject([
      { tries: 3, fate: 'delivered', outcomes: ['503', 'broken', '204'], messages: 1 },
    ]);
    expect(new Set(drain.received.map((request) => request.connection)).size).toBe(3);
  });

  it('drops a frame at once on a 4xx, keeps the connection and reports the loss in front of the next body', async () => {
    const { drain, ledger, node } = await rig([400, 204]);
    pushAll(node, lines(4));
    await node.drained();
    expect(drain.received).toHaveLength(2);
    expect(drain.received[1]?.connection).toBe(drain.received[0]?.connection);
    expect(drain.received[1]?.headers['logplex-msg-count']).toBe('4');
    const [notice = ''] = drain.received[1]?.messages ?? [];
    expect(notice).toMatch(
      /^<172>1 \S+ host heroku logplex - Error L10 \(output buffer overflow\): 1 messages dropped since \S+\.$/,
    );
    const app = ledger.snapshot().apps.shop;
    expect(app?.lost.messages).toBe(1);
    expect(app?.delivered).toMatchObject({
      messages: 4,
      codes: { L10: 1 },
      messagesByKind: { app: 3, loss: 1 },
    });
    expect(app?.notices).toEqual({ delivered: 1, dropped: 1, uncertain: 0 });
  });

  it('S-04 writes the notice anew at each try, with the count of that moment', async () => {
    const pending: (() => void)[] = [];
    const held: Step = (response) => {
      pending.push(() => response.writeHead(503, { 'Content-Length': '0' }).end());
    };
    const { drain, ledger, node } = await rig([400, held, 204]);
    pushAll(node, lines(2));
    await vi.waitFor(() => expect(pending).toHaveLength(1));
    for (const line of lines(5)) node.discard(line);
    await sleep(3);
    pending[0]?.();
    await node.drained();
    const [, second, third] = drain.received;
    expect(second?.messages[0]).toContain(' 1 messages dropped');
    expect(third?.messages[0]).toContain(' 6 messages dropped');
    expect(third?.headers['logplex-frame-id']).toBe(second?.headers['logplex-frame-id']);
    expect(third?.messages[0]?.slice(0, 37)).not.toBe(second?.messages[0]?.slice(0, 37));
    expect(ledger.snapshot().apps.shop?.notices.dropped).toBe(6);
  });

  it('gives up on an answer after its time and tries again', async () => {
    const { drain, ledger, node } = await rig([hang, hang, 204], { limits: { answerMs: 60 } });
    node.push(outputLine(0, 'web.1', 'slow'));
    await node.drained();
    expect(drain.received).toHaveLength(3);
    expect([...ledger.frames()]).toMatchObject([
      { outcomes: ['timedOut', 'timedOut', '204'], fate: 'delivered' },
    ]);
  });

  it('calls the fate of a frame unknown when it was sent and never answered', async () => {
    const { ledger, node } = await rig([hang], { limits: { answerMs: 30 } });
    node.push(outputLine(0, 'web.1', 'slow'));
    await node.drained();
    expect(ledger.snapshot().apps.shop?.unknown.messages).toBe(1);
  });

  it('does not spend tries on failed connects: the frame waits, and the oldest of the new ones go', async () => {
    const first = await startScriptedDrain([204]);
    const port = Number(new URL(first.url).port);
    await first.close();
    const ledger = new Ledger();
    const node = new LogplexNode({
      url: first.url,
      app: 'shop',
      ledger,
      limits: { backoffMaxMs: 20, bufferMessages: 8 },
    });
    opened.push({ close: () => node.stop() });
    pushAll(node, lines(1));
    await sleep(250);
    pushAll(node, lines(20));
    expect(node.waiting).toBe(8);
    const second = await startScriptedDrain([204], port);
    opened.push(second);
    await node.drained();
    expect([...ledger.frames()].map((frame) => frame.tries)).toEqual([1, 1]);
    expect(second.received.map((request) => request.messages.length)).toEqual([2, 8]);
    expect(second.received[0]?.messages[0]).toContain(' 12 messages dropped');
    const app = ledger.snapshot().apps.shop;
    expect(app?.generated.messages).toBe(21);
    expect(app?.lost.messages).toBe(12);
    expect(app?.notices.dropped).toBe(12);
    expect(app?.waiting).toBe(0);
  });

  it('shrinks its buffer to ten messages after a long time without success, until the next one', async () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, wait: (ms: number) => sleep(Math.min(ms, 5)) };
    const { ledger, node } = await rig([503, 503, 503, 204], { clock });
    nowMs = 301_000;
    pushAll(node, lines(100));
    await node.drained();
    const app = ledger.snapshot().apps.shop;
    expect(app?.lost.messages).toBe(1 + 89);
    expect(app?.delivered.messages).toBe(10 + 1);
    pushAll(node, lines(100));
    await node.drained();
    expect(ledger.snapshot().apps.shop?.lost.messages).toBe(90);
  });

  it('treats a chunked answer, or one with a body, as an error and says so', async () => {
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
    const chunked: Step = (response) => {
      response.writeHead(200);
      response.write('ok');
      response.end();
    };
    const withBody: Step = (response) => response.writeHead(200, { 'Content-Length': '2' }).end('ok');
    const { ledger, node } = await rig([chunked, withBody, 204]);
    node.push(outputLine(0, 'web.1', 'x'));
    await node.drained();
    expect(ledger.snapshot().flaws).toEqual({ '200 chunkedAnswer': 1, '200 answerBody': 1 });
    expect(complaint).toHaveBeenCalledTimes(2);
    complaint.mockRestore();
  });

  it('accounts for every message: generated = delivered + lost + unknown', async () => {
    const { ledger, node } = await rig([204, 503, reset, 400, 204, 204], { limits: { bufferMessages: 50 } });
    for (let round = 0; round < 6; round += 1) {
      pushAll(node, lines(70));
      await node.drained();
    }
    const app = ledger.snapshot().apps.shop;
    const { generated, delivered, lost, unknown, notices } = app ?? ({} as never);
    expect(generated.messages).toBe(420);
    expect(delivered.messages - notices.delivered + lost.messages + unknown.messages).toBe(420);
    expect(notices.dropped).toBe(lost.messages + unknown.messages);
  });
});

describe('credentials of a drain URL', () => {
  it('are cut at the colon; an empty user takes the password as its name', () => {
    const decode = (url: string) => Buffer.from(authorizationOf(url)?.slice(6) ?? '', 'base64').toString();
    expect(decode('https://user:pass@h/')).toBe('user:pass');
    expect(decode('https://user@h/')).toBe('user:');
    expect(decode('https://:pass@h/')).toBe('pass:');
    expect(authorizationOf('https://h/a@b')).toBeUndefined();
    expect(() => authorizationOf('https://a:b:c@h/')).toThrow();
  });
});
