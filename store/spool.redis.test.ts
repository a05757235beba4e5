import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, expect, inject, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { until } from '../test/drain.ts';
import { parseMemory, refusePolicy, SpoolError, SpoolStream } from './spool.ts';

const opened: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
});

function client(): Redis {
  const redis = new Redis(inject('redisUrl'));
  opened.push({ stop: async () => redis.disconnect() });
  return redis;
}

async function openStream(
  tag = `{${randomUUID()}}`,
  consumer = 'one',
): Promise<SpoolStream & { tag: string }> {
  const stream = new SpoolStream({ url: inject('redisUrl'), onHeroku: false, log: silentLog, consumer, tag });
  opened.push(stream);
  await until(() => stream.isReady && stream.isReadable);
  return Object.assign(stream, { tag });
}

const entry = (text: string): Buffer => Buffer.from(`\0${text}\xff`, 'latin1');

test('entries come out as they went in, in order, each to one reader, and leave when they are acknowledged', async () => {
  const first = await openStream();
  const second = await openStream(first.tag, 'two');
  for (const text of ['a', 'b', 'c']) await first.append(entry(text), text === 'b' ? entry('lines') : null);
  const mine = await first.read(2);
  expect(mine.map((delivery) => [delivery.entry, delivery.times])).toEqual([
    [entry('a'), 1],
    [entry('b'), 1],
  ]);
  expect(mine.map((delivery) => delivery.logs)).toEqual([null, entry('lines')]);
  const theirs = await second.read(2);
  expect(theirs.map((delivery) => delivery.entry)).toEqual([entry('c')]);
  expect(await first.read(2)).toEqual([]);
  expect((await first.inspect()).entries).toBe(3);
  await first.acknowledge([...mine, ...theirs].map(({ id }) => id));
  await first.acknowledge([]);
  expect(await first.inspect()).toMatchObject({ entries: 0, bytes: 0, oldestAtMs: null });
  expect(await first.oldestId()).toBeNull();
});

test('K-06 what a reader does not acknowledge is claimed by another after its time, and each handing-out is counted', async () => {
  const dead = await openStream();
  const heir = await openStream(dead.tag, 'heir');
  await dead.append(entry('a'));
  const [given] = await dead.read(1);
  expect(await heir.claim(60_000, 10)).toEqual([]);
  for (const times of [2, 3]) {
    expect(await heir.claim(0, 10)).toEqual([{ id: given?.id, entry: entry('a'), times, logs: null }]);
  }
});

test('D-13 an entry that is given back is there at once for anybody, and that time does not count', async () => {
  const stream = await openStream();
  await stream.append(entry('a'));
  const [given] = await stream.read(1);
  for (let round = 0; round < 7; round++) {
    await stream.release(given?.id ?? '', 0, 60_000);
    expect(await stream.claim(60_000, 10)).toMatchObject([{ times: 1 }]);
  }
});

test('D-10 after the group, or the stream and all, was thrown away the group is made again from the beginning', async () => {
  const stream = await openStream();
  await stream.append(entry('a'));
  expect(await stream.read(1)).toHaveLength(1);
  expect(await client().xgroup('DESTROY', stream.tag, 'movers')).toBe(1);
  await stream.append(entry('b'));
  expect((await stream.read(5)).map((delivery) => delivery.entry)).toEqual([entry('a'), entry('b')]);
  await client().del(stream.tag);
  expect(await stream.claim(0, 5)).toEqual([]);
  await stream.append(entry('c'));
  expect((await stream.read(5)).map((delivery) => delivery.entry)).toEqual([entry('c')]);
});

test('D-14 entries leave only when they are acknowledged, however many there are', async () => {
  const stream = await openStream();
  for (let i = 0; i < 3_000; i++) await stream.append(entry(String(i)));
  expect((await stream.inspect()).entries).toBe(3_000);
  let read = 0;
  for (;;) {
    const some = await stream.read(500);
    if (some.length === 0) break;
    for (const { entry: bytes } of some) expect(bytes).toEqual(entry(String(read++)));
  }
  expect(read).toBe(3_000);
  expect((await stream.inspect()).entries).toBe(3_000);
});

test('an entry that was removed behind our back is handed out without its bytes, and can be acknowledged', async () => {
  const stream = await openStream();
  const id = await stream.append(entry('a'));
  await stream.read(1);
  await client().xdel(stream.tag, id);
  expect(await stream.claim(0, 5)).toEqual([]);
  await stream.acknowledge([id]);
});

test('what the server says of itself: size, oldest entry, policy; rates of all processes add up', async () => {
  const stream = await openStream();
  const other = await openStream(stream.tag, 'two');
  const before = Date.now();
  await stream.append(Buffer.alloc(50_000, 1));
  await stream.tellRate(700);
  await other.tellRate(300.4);
  await client().hset(`${stream.tag}:rates`, 'dead', `9999 ${Date.now() - 120_000}`, 'gone', '9999 1');
  const state = await stream.inspect();
  expect(state).toMatchObject({ entries: 1, maxBytes: 0, policy: 'noeviction', bytesPerSecond: 1_000 });
  expect(state.bytes).toBeGreaterThan(50_000);
  expect(state.bytes).toBeLessThan(60_000);
  expect(state.usedBytes).toBeGreaterThan(500_000);
  expect(Math.abs((state.oldestAtMs ?? 0) - before)).toBeLessThan(2_000);
  expect(await client().hkeys(`${stream.tag}:rates`)).not.toContain('gone');
});

test('D-12 the server closes idle connections: within a second there are new ones', async () => {
  const stream = await openStream();
  const admin = client();
  const ids = async (): Promise<string[]> =>
    [...String(await admin.client('LIST')).matchAll(/^id=(\d+)/gm)].map((match) => match[1] ?? '');
  const before = await ids();
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  const kept = await ids();
  expect(before.filter((id) => kept.includes(id))).toHaveLength(1);
  await until(() => stream.append(entry('a')).then(Boolean, () => false), 1_000);
  await until(() => stream.isReadable, 1_000);
  expect(await stream.read(1)).toHaveLength(1);
});

test('D-02 a server that is not there: every append is refused at once, and nothing queues up', async () => {
  const stream = new SpoolStream({
    url: 'redis://127.0.0.1:1',
    onHeroku: false,
    log: silentLog,
    consumer: 'one',
  });
  opened.push(stream);
  for (let i = 0; i < 50; i++) {
    const error = await stream.append(entry('a')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SpoolError);
    expect(error).toMatchObject({ kind: 'away' });
  }
  expect(stream.queuedCommands).toBe(0);
  expect(stream.isReady).toBe(false);
});

test('D-08 policies that throw away any key are refused; those that touch only keys with a term are not', () => {
  for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random']) {
    expect(refusePolicy(policy)).toContain(`maxmemory-policy ${policy}`);
  }
  for (const policy of ['noeviction', 'volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
    expect(refusePolicy(policy)).toBe('');
  }
  expect(refusePolicy('unknown')).toContain('does not say');
});

test('the memory section of INFO, and one that tells nothing', () => {
  const info =
    '# Memory\r\nused_memory:1010\r\nused_memory_human:1K\r\nmaxmemory:2020\r\nmaxmemory_policy:noeviction\r\n';
  expect(parseMemory(info)).toEqual({ usedBytes: 1010, maxBytes: 2020, policy: 'noeviction' });
  expect(parseMemory('')).toEqual({ usedBytes: 0, maxBytes: 0, policy: 'unknown' });
});
