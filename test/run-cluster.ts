import { fileURLToPath } from 'node:url';
import { runCluster } from '../bin/cluster.ts';
import { buildLog } from '../bin/log.ts';
import { dieOnMistakes } from '../bin/serve.ts';

/** A primary in a hurry, with the children of run-cluster-child.ts, for the tests of several processes on a port. */
const log = buildLog({ out: process.stdout, readable: false });
dieOnMistakes(log);
await runCluster({
  processes: Number(process.argv[2]),
  program: fileURLToPath(new URL('run-cluster-child.ts', import.meta.url)),
  environmentOf: (slot, starts) => ({ SLOT: String(slot), STARTS: String(starts), MODE: process.argv[3] }),
  log,
  last: { name: 'database', stop: async () => log.info('closed') },
  pingEveryMs: Number(process.argv[4] ?? 25),
  deadlineMs: 2_500,
});
