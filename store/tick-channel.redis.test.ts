import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { silentLog } from '../model/log.ts';
import { openTickChannel, parseTick, type RemoteTick } from './tick-channel.ts';

const TICK: RemoteTick = { from: 'a', appId: 1, lastReceivedAtMs: 5, lastLineAtMs: 4, messages: 3 };

async function until(isTrue: () => boolean, withinMs = 5_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error('did not come to pass in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function open(url: string) {
  const ticks: RemoteTick[] = [];
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (event: string) => void warnings.push(event) };
  return {
    ticks,
    warnings,
    channel: openTickChannel({ url, onHeroku: false, log, onTick: (tick) => ticks.push(tick) }),
  };
}

test('what one process tells reaches the others over a real Redis', async () => {
  const a = open(inject('redisUrl'));
  const b = open(inject('redisUrl'));
  await until(() => {
    a.channel.publish(TICK);
    return b.ticks.length > 0 && a.ticks.length > 0;
  });
  expect(b.ticks[0]).toEqual(TICK);
  await a.channel.stop();
  await b.channel.stop();
});

test('D-03 a lost connection is made again, and subscribed again, with one warning a break', async () => {
  const a = open(inject('redisUrl'));
  const b = open(inject('redisUrl'));
  await until(() => {
    a.channel.publish(TICK);
    return b.ticks.length > 0;
  });
  const killer = new Redis(inject('redisUrl'));
  await killer.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await killer.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  const seen = b.ticks.length;
  await until(() => {
    a.channel.publish(TICK);
    return b.ticks.length > seen;
  });
  killer.disconnect();
  await a.channel.stop();
  await b.channel.stop();
});

test('D-02 with nobody at the address nothing throws, queues or is told more than once a connection', async () => {
  const away = open('redis://127.0.0.1:1');
  for (let i = 0; i < 1000; i++) away.channel.publish(TICK);
  await until(() => away.warnings.length >= 2);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(away.warnings).toEqual(['redis.away', 'redis.away']);
  await away.channel.stop();
});

test('what strangers publish is no tick', () => {
  for (const text of [
    '',
    'null',
    '[]',
    '{"from":1}',
    '{',
    'x'.repeat(2000),
    JSON.stringify({ ...TICK, appId: '1' }),
  ]) {
    expect(parseTick(text)).toBeNull();
  }
  expect(parseTick(JSON.stringify(TICK))).toEqual(TICK);
});
