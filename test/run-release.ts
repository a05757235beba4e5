import { loadConfig } from '../bin/env.ts';
import { buildLog } from '../bin/log.ts';
import { runRelease } from '../bin/release.ts';

/** A release phase with the migrations of another folder, and less patience, for the tests of it. */
const [directory, lockTries] = process.argv.slice(2);
process.exitCode = await runRelease(
  loadConfig(['databaseUrl']),
  buildLog({ out: process.stdout, readable: false }),
  {
    ...(directory !== undefined && { directory }),
    ...(lockTries !== undefined && { lockTries: Number(lockTries) }),
  },
);
