import { expect, test } from 'vitest';
import { burnedLogs } from './burnedLogs.ts';

const RANGE = { fromMs: Date.parse('2026-11-20T00:00:00Z'), toMs: Date.parse('2026-11-20T10:42:00Z') };
const query = (by: Parameters<typeof burnedLogs>[1], name: string) =>
  Object.fromEntries(new URL(burnedLogs('shop', by, name, RANGE), 'http://x').searchParams);

test.each([
  ['code', 'H12', { code: 'H12' }],
  ['code', 'no code', { source: 'router', status: '5xx' }],
  ['status', '503', { source: 'router', status: '503' }],
  ['pathShape', '/api/orders/{id}/pay', { source: 'router', status: '5xx', q: '/api/orders/' }],
  ['method', 'POST', { source: 'router', status: '5xx', q: 'method=POST' }],
  ['dyno', 'web.3', { source: 'router', status: '5xx', dyno: 'web.3' }],
  ['dyno', 'no dyno', { source: 'router', status: '5xx' }],
  ['processType', 'web', { source: 'router', status: '5xx', dyno: 'web' }],
  ['release', 'v214', { source: 'router', status: '5xx' }],
] as const)('the lines behind %s %s are those of the router that fail for it', (by, name, filter) => {
  expect(query(by, name)).toEqual({ from: '2026-11-20T00:00:00Z', to: '2026-11-20T10:42:00Z', ...filter });
});

test('of a day it is that day, as far as the range goes', () => {
  expect(query('day', '2026-11-19')).toMatchObject({
    from: '2026-11-19T00:00:00Z',
    to: '2026-11-20T00:00:00Z',
  });
  expect(query('day', '2026-11-20').to).toBe('2026-11-20T10:42:00Z');
});
