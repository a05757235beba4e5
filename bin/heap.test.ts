import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { HEAP_OPTIONS, heapArguments } from './heap.ts';

const MIB = 1024 * 1024;
const BASE = {
  perProcessMib: undefined,
  containerBytes: 0,
  machineBytes: 16_384 * MIB,
  processes: 2,
  given: [],
};

test('K-16 a dyno of 1 GB is shared by two processes and their primary', () => {
  const dyno = { ...BASE, containerBytes: 1024 * MIB };
  expect(heapArguments(dyno)).toEqual(['--max-old-space-size=227']);
  expect(heapArguments({ ...dyno, perProcessMib: 512 })).toEqual(['--max-old-space-size=227']);
  expect(heapArguments({ ...dyno, perProcessMib: 300 })).toEqual(['--max-old-space-size=150']);
});

test('without a limit, or with one somebody has chosen, Node decides', () => {
  expect(heapArguments(BASE)).toEqual([]);
  expect(heapArguments({ ...BASE, containerBytes: 2 ** 63 })).toEqual([]);
  const given = ['--enable-source-maps --max-old-space-size=64'];
  expect(heapArguments({ ...BASE, perProcessMib: 512, given })).toEqual([]);
});

test('a heap is never so small that a process cannot start', () => {
  expect(heapArguments({ ...BASE, containerBytes: 512 * MIB, processes: 28 })).toEqual([
    '--max-old-space-size=96',
  ]);
});

test('R-09 the web process is started with a bounded heap, by the Procfile and by npm start', () => {
  const options = HEAP_OPTIONS.join(' ');
  const procfile = readFileSync(new URL('../Procfile', import.meta.url), 'utf8').split('\n');
  expect(procfile).toContain(`web: node ${options} bin/web.ts`);
  expect(packageJson.scripts.start).toBe(`node ${options} bin/start.ts`);
});

test('K-16 what the primary was started with by us is no choice of somebody', () => {
  const given = [...HEAP_OPTIONS, ''];
  expect(heapArguments({ ...BASE, containerBytes: 512 * MIB, given })).toEqual(['--max-old-space-size=113']);
});
