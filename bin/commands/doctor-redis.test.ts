import { expect, test } from 'vitest';
import type { SpoolServer } from '../../store/spool-server.ts';
import { checkRedis, judgeRedis } from './doctor-redis.ts';

const MEBIBYTE = 1024 * 1024;
const GOOD: SpoolServer = {
  version: '7.2.4',
  policy: 'noeviction',
  usedBytes: 10 * MEBIBYTE,
  maxBytes: 100 * MEBIBYTE,
  isPersistent: true,
  entries: 0,
};

const levels = (server: Partial<SpoolServer>): string =>
  judgeRedis({ ...GOOD, ...server }, 256 * MEBIBYTE)
    .filter(({ level }) => level !== 'ok')
    .map(({ check, level }) => `${level} ${check}`)
    .join(', ');

test('a server that is fit for the spool has nothing to be said about', () => {
  expect(levels({})).toBe('');
  expect(levels({ policy: 'volatile-lru', version: '6.2.0' })).toBe('');
});

test('D-08 a policy that throws waiting frames away fails, with what to do', () => {
  expect(levels({ policy: 'allkeys-lru' })).toBe('fail redis');
  const [finding] = judgeRedis({ ...GOOD, policy: 'allkeys-lru' }, 0);
  expect(finding?.text).toContain('allkeys-lru');
  expect(finding?.advice).toContain('noeviction');
});

test('memory only, no room and waiting entries are warned of; too old a server fails', () => {
  expect(levels({ isPersistent: false })).toBe('warn spool persistence');
  expect(levels({ usedBytes: 81 * MEBIBYTE })).toBe('warn spool size');
  expect(levels({ entries: 3 })).toBe('warn spool');
  expect(levels({ version: '6.0.9' })).toBe('fail redis');
  expect(levels({ version: 'unknown' })).toBe('');
});

test('room is told: what is left until 80 % of the server, or the planned size', () => {
  const size = (server: Partial<SpoolServer>): string | undefined =>
    judgeRedis({ ...GOOD, ...server }, 256 * MEBIBYTE).find(({ check }) => check === 'spool size')?.text;
  expect(size({})).toBe('room for 70 MiB until 100 MiB are 80 % full');
  expect(size({ maxBytes: 0 })).toContain('256 MiB planned');
});

test('D-01 D-02 without Redis all is well; one that does not answer is warned of', async () => {
  const config = { onHeroku: false, spoolBytes: 1 };
  expect(await checkRedis(config)).toMatchObject([{ level: 'ok' }]);
  const [finding, ...rest] = await checkRedis({ ...config, redisUrl: 'redis://127.0.0.1:1' });
  expect(rest).toEqual([]);
  expect(finding).toMatchObject({ level: 'warn', check: 'redis' });
  expect(finding?.text).toContain('ECONNREFUSED');
});
