import { expect, test } from 'vitest';
import { type MemoryFacts, memoryLimitBytes } from './memory-limit.ts';

const MIB = 1024 * 1024;
const DYNO: MemoryFacts = {
  limitMib: undefined,
  perProcessMib: undefined,
  processes: 1,
  containerBytes: 512 * MIB,
  machineBytes: 64 * 1024 * MIB,
};

test('R-09 a dyno of 512 MB may use 400, several processes share it, and what is set is taken', () => {
  expect(Math.round(memoryLimitBytes(DYNO) / MIB)).toBe(399);
  expect(Math.round(memoryLimitBytes({ ...DYNO, containerBytes: 1024 * MIB, processes: 2 }) / MIB)).toBe(399);
  expect(memoryLimitBytes({ ...DYNO, limitMib: 300 })).toBe(300 * MIB);
  const large = { ...DYNO, containerBytes: 2_560 * MIB, processes: 2, perProcessMib: 1_024 };
  expect(Math.round(memoryLimitBytes(large) / MIB)).toBe(799);
});

test('a machine without a container gives no more than it has, and not all of it', () => {
  const machine = { ...DYNO, containerBytes: 0 };
  expect(Math.round(memoryLimitBytes(machine) / MIB)).toBe(1_597);
  // What Node says where there is no bound at all.
  expect(memoryLimitBytes({ ...machine, containerBytes: 2 ** 64 })).toBe(memoryLimitBytes(machine));
  expect(Math.round(memoryLimitBytes({ ...machine, machineBytes: 1_024 * MIB }) / MIB)).toBe(799);
});
