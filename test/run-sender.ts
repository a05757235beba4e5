/** A sender as a process of its own, for tests that kill it: `node test/run-sender.ts DATABASE_URL KILL_POINTS`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { armKillPoints } from '../model/kill-point.ts';
import { silentLog } from '../model/log.ts';
import { readDatabaseNow } from '../store/completeness.ts';
import { buildPool } from '../store/pool.ts';
import { buildSender } from './outbox.ts';

const [url = '', killPoints = ''] = process.argv.slice(2);
armKillPoints(killPoints);
const pool = buildPool({ url, max: 3, applicationName: 'test-sender', log: silentLog });
const clock = { ms: 0 };
const { sender } = buildSender(pool, clock, { claimMs: 1_500 });
process.stdout.write('sending\n');
for (;;) {
  clock.ms = await readDatabaseNow(pool);
  await sender.deliverDue(clock.ms);
  await sender.settled();
  await sleep(50);
}
