/** How large the heap of a process may grow. */

const MEBIBYTE = 1024 * 1024;
/** The rest of a process is buffers, code and young objects. */
const OLD_SPACE_SHARE = 0.5;
const OLD_SPACE_MIN_MIB = 96;
const OLD_SPACE_MAX_MIB = 2_048;

/**
 * Of the web process, in the Procfile and in `npm start`: Node takes them at its start alone. On a machine with plenty
 * of memory it lets garbage pile up: a history of two days left 529 MiB, of which less than a fifth was in use (R-09).
 *
 * A bounded old space alone makes V8 mark and compact every 110 ms at line rate: the buffers of bodies count as garbage to
 * come, and with a small bound it lets the heap grow by little before it looks again. Three times what is in use,
 * instead: 28 such rounds instead of 91 in ten seconds, and a seventh of the process' CPU, for 30 MiB.
 */
export const HEAP_OPTIONS = [
  '--max-old-space-size=256',
  '--max-semi-space-size=16',
  '--heap-growing-percent=200',
] as const;

export interface MemoryLimits {
  /** `WEB_MEMORY`: mebibytes meant for one process; undefined when nobody said. */
  perProcessMib: number | undefined;
  /** Of the container, bytes; 0 or more than the machine has when there is none. */
  containerBytes: number;
  machineBytes: number;
  processes: number;
  /** What Node was told already, options of the environment included. */
  given: readonly string[];
}

/**
 * Node's arguments for a child. Each process by itself would take the whole container for its own and let garbage
 * pile up to it; a heap that is used up ends one process, which is started anew, instead of the dyno. None where
 * nothing limits us, and where somebody has chosen. Our own options of the primary are no choice: a child inherits them,
 * and what is given here comes after.
 */
export function heapArguments(limits: MemoryLimits): string[] {
  const { perProcessMib, containerBytes, machineBytes, processes, given } = limits;
  const chosen = given.filter((argument) => argument !== HEAP_OPTIONS[0]);
  if (chosen.some((argument) => argument.includes('max-old-space-size'))) return [];
  const isContained = containerBytes > 0 && containerBytes < machineBytes;
  const shareMib = isContained ? containerBytes / MEBIBYTE / (processes + PRIMARY_SHARE) : Infinity;
  const mib = Math.min(perProcessMib ?? Infinity, shareMib);
  if (mib === Infinity) return [];
  const oldMib = Math.min(OLD_SPACE_MAX_MIB, Math.max(OLD_SPACE_MIN_MIB, Math.floor(mib * OLD_SPACE_SHARE)));
  return [`--max-old-space-size=${oldMib}`];
}

/** The primary needs some memory of its own, as a share of a process. */
const PRIMARY_SHARE = 0.25;
