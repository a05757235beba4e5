import { DatabaseSync } from 'node:sqlite';

/** Held until `release()` or the end of the process, however it ends. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock file at `path` (made if absent), or gives undefined when another process has it.
 *
 * Node has no flock. A file with a pid in it would be wrong after a kill -9, where pids are used again
 * soon (containers), and taking a stale one over is a race. SQLite, which is part of Node, locks its
 * file with the kernel's own record locks: atomic, and gone with the process. The file stays empty.
 */
export function takeLock(path: string): Lock | undefined {
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    if (error instanceof Error && error.message.includes('locked')) return undefined;
    throw error;
  }
  return { release: () => file.close() };
}
