import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bodyOf, corpusBatches, corpusLines } from '../test/fixtures/corpus.ts';
import { PARSE_USAGE, runParse } from './parse.ts';

const folder = mkdtempSync(join(tmpdir(), 'parse-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NOW_MS = Date.UTC(2026, 10, 21);

interface Run {
  status: number;
  objects: Record<string, unknown>[];
  err: string;
}

async function* pieces(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 1_000) yield body.subarray(at, at + 1_000);
}

async function run(args: string[], body: Uint8Array = Buffer.alloc(0)): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await runParse(args, {
    stdin: pieces(body),
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    nowMs: NOW_MS,
  });
  const lines = out.join('').split('\n');
  expect(lines.pop()).toBe('');
  const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { status, objects, err: err.join('') };
}

function batch(name: string): Buffer {
  return Buffer.from(corpusBatches().find((one) => one.name === name)?.body ?? '', 'utf8');
}

test('one object a message, old lines under their own time', async () => {
  const { status, objects, err } = await run([], batch('real-counts-runtime'));
  expect([status, err, objects.length]).toEqual([0, '', 10]);
  expect(objects.map(({ kind }) => kind)).toEqual([
    'dynoSample',
    'dynoEvent',
    'dynoEvent',
    'dynoEvent',
    'dynoEvent',
    'dynoEvent',
    'dynoEvent',
    'dynoSample',
    'app',
    'app',
  ]);
  expect(objects[0]).toMatchObject({ time: '2023-02-14T22:40:09.68909Z', timeSource: 'line' });
});

test('a file and standard input give the same', async () => {
  const body = bodyOf(corpusLines('router'));
  writeFileSync(join(folder, 'body'), body);
  const fromFile = await run([join(folder, 'body')]);
  expect(fromFile.objects).toHaveLength(88);
  expect(await run(['-'], body)).toEqual(fromFile);
});

test('a shuttle body loses its second dash with --sender shuttle', async () => {
  const [first] = (await run(['--sender', 'shuttle'], batch('shield-style'))).objects;
  expect(first).toMatchObject({ text: 'first from a shield space' });
  const [plain] = (await run(['--sender=logplex'], batch('shield-style'))).objects;
  expect(plain).toMatchObject({ text: '- first from a shield space' });
});

test('T-02 a line without a readable time is shown under now, or under --received', async () => {
  const body = bodyOf([Buffer.from('<190>1 - host app web.1 - x')]);
  expect((await run([], body)).objects[0]).toMatchObject({
    time: '2026-11-21T00:00:00.000Z',
    timeSource: 'arrival',
    notes: ['badTime'],
  });
  const received = await run(['--received', '2026-03-02T09:00:00Z'], body);
  expect(received.objects[0]).toMatchObject({ time: '2026-03-02T09:00:00.000Z', timeSource: 'arrival' });
});

test('T-01 T-04 with --received lines are filed as the drain would file them', async () => {
  const body = bodyOf([
    Buffer.from('<190>1 2026-03-02T09:06:00Z host app web.1 - x'),
    Buffer.from('<190>1 2026-02-23T09:00:00Z host app web.1 - x'),
    Buffer.from('<190>1 2026-03-02T08:30:00Z host app web.1 - x'),
  ]);
  const { objects } = await run(['--received', '2026-03-02T09:00:00Z'], body);
  expect(objects.map(({ timeSource, notes }) => [timeSource, notes])).toEqual([
    ['arrival', ['futureTime']],
    ['arrival', ['lateTime']],
    ['line', undefined],
  ]);
});

test('I-02 I-03 I-05 what cannot be framed is told on standard error only, and the rest is printed', async () => {
  const cut = await run([], batch('count-too-large'));
  expect([cut.status, cut.objects.length]).toEqual([0, 1]);
  expect(cut.err).toContain('cutBody');
  const garbage = await run([], batch('garbage-count'));
  expect([garbage.status, garbage.objects.length]).toEqual([0, 1]);
  expect(garbage.err).toContain('badFraming');
  expect(garbage.err).toContain('12x4 <190>1 lost sync');
  const zero = await run([], batch('count-zero'));
  expect([zero.status, zero.objects.length]).toEqual([0, 1]);
  expect(zero.err).toContain('emptyMessage');
});

test('I-06 an empty body prints nothing and is no error', async () => {
  expect(await run([], Buffer.alloc(0))).toEqual({ status: 0, objects: [], err: '' });
});

test('wrong arguments and an unreadable file end with status 2 and print nothing on standard output', async () => {
  for (const args of [
    ['--sender', 'syslog'],
    ['--what'],
    ['a', 'b'],
    ['--received', 'yesterday'],
    [join(folder, 'absent')],
    [folder],
  ]) {
    const { status, objects, err } = await run(args);
    expect([args, status, objects]).toEqual([args, 2, []]);
    expect(err).toContain('drainboard parse: ');
  }
  expect((await run(['--what'])).err).toContain(PARSE_USAGE);
});
