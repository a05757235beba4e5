import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replay } from './replay.ts';
import { type ScriptedDrain, startScriptedDrain } from './scripted.ts';

let folder = '';
let drain: ScriptedDrain;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-'));
  drain = await startScriptedDrain([204]);
});
afterEach(async () => {
  await drain.close();
  await rm(folder, { recursive: true });
});

const LINE = '<190>1 2018-01-01T00:00:00.00+00:00 host app web.1 - a\tb \u001b[1mZażółć';

async function write(name: string, content: string | Buffer): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

describe('replay', () => {
  it('sends each line as one message, newline counted, comments left out, bytes untouched', async () => {
    const raw = Buffer.concat([Buffer.from(`#@ comment\n${LINE}\n`), Buffer.from([0x3c, 0xff, 0x00, 0x0a])]);
    const summary = await replay({ file: await write('app.log', raw), to: drain.url });
    expect(summary).toMatchObject({ messages: 2, delivered: 2, lost: 0, unknown: 0, outcomes: { 204: 2 } });
    expect(drain.received[0]?.messages).toEqual([`${LINE}\n`]);
    expect(drain.received[1]?.body).toEqual(Buffer.from([0x34, 0x20, 0x3c, 0xff, 0x00, 0x0a]));
  });

  it('sends recorded bodies with their own headers and our credentials', async () => {
    const body = `${Buffer.byteLength(LINE) + 1} ${LINE}\n`;
    const headers = { 'Content-Type': 'application/logplex-1', 'X-Request-Id': 'abc' };
    const file = await write('bodies.jsonl', `${JSON.stringify({ name: 'one', headers, body })}\n`);
    const summary = await replay({ file, to: drain.url });
    expect(summary).toMatchObject({ messages: 1, delivered: 1 });
    expect(drain.received[0]?.headers).toMatchObject({ 'x-request-id': 'abc' });
    expect(drain.received[0]?.headers['logplex-drain-token']).toBeUndefined();
    expect(drain.received[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('keeps to the rate and may write the present time into the lines', async () => {
    const file = await write('many.log', `${LINE}\n`.repeat(50));
    const summary = await replay({ file, to: drain.url, rate: 250, retime: true });
    expect(summary.tookMs).toBeGreaterThan(150);
    const time = drain.received[0]?.messages[0]?.split(' ')[1] ?? '';
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(10_000);
  });

  it('reports what was refused', async () => {
    const refusing = await startScriptedDrain([401]);
    const summary = await replay({ file: await write('one.log', LINE), to: refusing.url });
    await refusing.close();
    expect(summary).toMatchObject({ messages: 1, delivered: 0, lost: 1, outcomes: { 401: 1 } });
  });
});
