import { expect, test } from 'vitest';
import { isDyno, processTypeOf, seriesDynoName } from './heroku.ts';

test('the process type of a dyno is the part before its number', () => {
  expect(processTypeOf('web.1')).toBe('web');
  expect(processTypeOf('urgent_worker.33')).toBe('urgent_worker');
  expect(processTypeOf('Web-2.7')).toBe('Web-2');
  expect(processTypeOf('router.1')).toBe('router');
});

test('Fir names have a replica set and a pod behind the type', () => {
  expect(processTypeOf('web-848cd4f64d-pvpr2')).toBe('web');
  expect(processTypeOf('run-nss86zptrv-7fpx8')).toBe('run');
  expect(processTypeOf('my-type-848cd4f64d-pvpr2')).toBe('my-type');
});

test('I-26 what is no dyno has no process type', () => {
  for (const procid of [
    'router',
    'api',
    'logplex',
    '-',
    '',
    'heroku-postgres',
    'some-partner-addon',
    'web',
    'web.',
    '.1',
    'web.x',
    'web.1.2',
    'we b.1',
    'wéb.1',
    'web.1\n',
    'web.1234567890',
    `${'w'.repeat(1_024)}.1`,
    '__proto__',
  ]) {
    expect([procid, isDyno(procid)]).toEqual([procid, false]);
  }
});

test('C-01 ten thousand one-off dynos are one series', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => seriesDynoName(`run.${index + 1}`));
  expect(new Set(names)).toEqual(new Set(['run']));
  expect(seriesDynoName('scheduler.9200')).toBe('scheduler');
  expect(seriesDynoName('release.4410')).toBe('release');
});

test('C-01 I-26 the formation keeps its dynos apart, large numbers and Fir names do not', () => {
  expect(seriesDynoName('web.1')).toBe('web.1');
  expect(seriesDynoName('web.1000')).toBe('web.1000');
  expect(seriesDynoName('web.1001')).toBe('web');
  expect(seriesDynoName('web.99999')).toBe('web');
  expect(seriesDynoName('web-848cd4f64d-pvpr2')).toBe('web');
  expect(seriesDynoName('heroku-postgres')).toBe('heroku-postgres');
});
