import { readEnvironment } from '../bin/env.ts';
import { openStoreForCli, prepareLocal } from '../bin/local.ts';
import { buildLog } from '../bin/log.ts';

/** A process that prepares one machine as npm start does, or opens the store as a command does. */
const log = buildLog({ out: process.stderr, readable: false });
const say = (facts: object): void => void process.stdout.write(`${JSON.stringify(facts)}\n`);
try {
  if (process.argv[2] === 'cli') {
    const store = await openStoreForCli(readEnvironment(), log);
    const { rows } = await store.pool.query<{ apps: number }>('SELECT count(*) AS apps FROM apps');
    say({ event: 'cli', apps: rows[0]?.apps, baseUrl: store.baseUrl, secret: store.config.secret });
    await store.close();
  } else {
    const local = await prepareLocal(readEnvironment(), log);
    const stop = (): void => void local.stop().then(() => process.exit(0));
    process.on('SIGINT', stop);
    const { secret, setupToken, databaseUrl } = local.config;
    say({ event: 'ready', secret, setupToken, databaseUrl, notes: local.notes, pid: local.embedded?.pid() });
    setInterval(() => {}, 60_000);
  }
} catch (error) {
  log.error('refused', { error });
  process.exitCode = 1;
}
