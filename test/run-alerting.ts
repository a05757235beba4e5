/**
 * A worker's alerting as a process to be killed: the product's rounds and its sender, on a clock that runs faster than the
 * database's, so that an hour of alerts takes two minutes. Settings: DATABASE_URL, SPEED, BASE_MS (what the clock says at
 * ORIGIN_MS of the database's), DRAINBOARD_KILL_POINTS.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { buildAlerting } from '../bin/alerting.ts';
import { armKillPoints } from '../model/kill-point.ts';
import type { Log } from '../model/log.ts';
import { readDatabaseNow } from '../store/completeness.ts';
import { buildPool } from '../store/pool.ts';
import { buildSender, type Clock } from './outbox.ts';

const { DATABASE_URL: url = '', SPEED = '1', BASE_MS = '0', ORIGIN_MS = '0' } = process.env;
const ROUND_EVERY_MS = 100;

const say =
  (level: string) =>
  (event: string, fields: object = {}): void => {
    const shown = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value]),
    );
    process.stdout.write(`${level} ${event} ${JSON.stringify(shown)}\n`);
  };
const log: Log = { info: say('info'), warn: say('warn'), error: say('error') };

armKillPoints(process.env.DRAINBOARD_KILL_POINTS ?? '');
const pool = buildPool({ url, max: 4, applicationName: 'run-alerting', log });
const clock: Clock = { ms: 0 };
const readNow = async (): Promise<number> => {
  const nowMs = await readDatabaseNow(pool);
  clock.ms = Number(BASE_MS) + (nowMs - Number(ORIGIN_MS)) * Number(SPEED);
  return clock.ms;
};
await readNow();
const { sender } = buildSender(pool, clock, { log });
const rounds = buildAlerting({ pool, log, readNow, everyMs: ROUND_EVERY_MS });
rounds.start();
process.stdout.write('running\n');
for (;;) {
  await sender.deliverDue(clock.ms).catch((error: Error) => log.warn('delivery.failed', { error }));
  await sleep(50);
}
