/** The ledger at the end of a random run (RELIABILITY section 3). */
import type { AppLedger } from '../../sim/ledger.ts';
import {
  compareBuckets,
  compareLedger,
  countedMessages,
  gapMessages,
  readCounts,
  readGaps,
} from '../account.ts';
import { rolledUp, until } from '../drain.ts';
import { takeOverDead } from '../faults/load.ts';
import type { Traffic } from './traffic.ts';
import type { World } from './world.ts';

export interface Totals {
  /** Messages that the apps wrote. */
  sent: number;
  acknowledged: number;
  counted: number;
  /** Messages in gaps: what senders reported lost. */
  gaps: number;
  /** Messages that the senders know they lost, or do not know the fate of. */
  lost: number;
}

/** Lets everything come to rest: what waits in the spool is moved, what the dead left is rolled up. */
export async function settle(world: World): Promise<void> {
  const { redis } = world;
  if (redis !== null) await until(async () => (await redis.waiting()) === 0, 60_000);
  for (const web of world.webs) await web.stopInOrder();
  await takeOverDead(world.pool);
  await rolledUp(world.pool);
}

/** Compares every app with its senders; what is wrong goes to the world's trouble. */
export async function closeLedger(world: World, traffic: Traffic): Promise<Totals> {
  const totals: Totals = { sent: 0, acknowledged: 0, counted: 0, gaps: 0, lost: 0 };
  for (const { app, shuttle } of traffic.apps) {
    const sent: AppLedger = traffic.sentBy(app.name);
    const [counts, gaps] = [await readCounts(world.pool, app.id), await readGaps(world.pool, app.id)];
    const wrong = compareLedger(counts, gaps, sent, shuttle?.untold ?? 0);
    world.trouble.push(...wrong.map((sentence) => `${app.name}: ${sentence}`));
    totals.sent += sent.generated.messages;
    totals.acknowledged += sent.delivered.messages - sent.notices.delivered;
    totals.counted += countedMessages(counts);
    totals.gaps += gapMessages(gaps);
    totals.lost += sent.lost.messages + sent.unknown.messages;
  }
  world.trouble.push(...traffic.flaws(), ...(await compareBuckets(world.pool)).slice(0, 20));
  return totals;
}
