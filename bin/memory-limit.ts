/** How much memory a web process may use before parts of it give way. */
import { totalmem } from 'node:os';

const MEBIBYTE = 1024 * 1024;
/** 400 MB of a dyno of 512: the rest is for what grows between two looks. */
const SHARE = 0.78;
/** Where nothing bounds us: a machine of one's own, on which other things run too. */
const UNBOUND_MAX_BYTES = 2_048 * MEBIBYTE;

export interface MemoryFacts {
  /** DRAINBOARD_MEMORY_MIB; undefined: not set. */
  limitMib: number | undefined;
  /** WEB_MEMORY, for each of several processes. */
  perProcessMib: number | undefined;
  processes: number;
  /** Of the container, as Node knows it; 0 or more than the machine has when there is none. */
  containerBytes: number;
  machineBytes: number;
}

/** Bytes; as set, else a share of what the container, or at most a part of the machine, gives each process. */
export function memoryLimitBytes(facts: MemoryFacts): number {
  if (facts.limitMib !== undefined) return facts.limitMib * MEBIBYTE;
  const isContained = facts.containerBytes > 0 && facts.containerBytes < facts.machineBytes;
  const whole = isContained ? facts.containerBytes : Math.min(facts.machineBytes, UNBOUND_MAX_BYTES);
  const each = whole / Math.max(1, facts.processes);
  const own =
    facts.processes > 1 && facts.perProcessMib !== undefined ? facts.perProcessMib * MEBIBYTE : each;
  return Math.floor(Math.min(each, own) * SHARE);
}

/** As this machine is. */
export function readMemoryFacts(
  config: Pick<MemoryFacts, 'limitMib' | 'perProcessMib' | 'processes'>,
): MemoryFacts {
  return { ...config, containerBytes: process.constrainedMemory(), machineBytes: totalmem() };
}
