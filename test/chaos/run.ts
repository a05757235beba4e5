/** One random run: a world, a load, faults from a seed, and the ledger at the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../sim/random.ts';
import { configure, type Lane, type Planned, planFaults } from './faults.ts';
import { closeLedger, settle, type Totals } from './ledger.ts';
import { Traffic } from './traffic.ts';
import { World } from './world.ts';

export interface ChaosOptions {
  seed: number;
  minutes: number;
  /** Left out: every second seed. */
  redis?: boolean;
  /** Left out: one seed in three. */
  pooler?: boolean;
  perSecond?: number;
  /** Where to keep what the processes say. */
  logs?: string;
  say?: (text: string) => void;
}

export interface ChaosResult extends Totals {
  seed: number;
  minutes: number;
  webs: number;
  redis: boolean;
  pooler: boolean;
  /** Fault → how often it happened. */
  faults: Record<string, number>;
  rssPeakBytes: number;
  /** What was wrong, one sentence each. */
  trouble: string[];
  exact: boolean;
}

/** How long senders and servers may take to come to rest once everything is whole again. */
const PATIENCE_MS = 90_000;
const PROGRESS_EVERY_MS = 3_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, minutes, perSecond = 300, say = () => {} } = options;
  const startedMs = performance.now();
  const tell = (text: string): void =>
    say(`${((performance.now() - startedMs) / 1000).toFixed(2)} s ${text}`);
  const random = seededRandom('chaos', seed);
  const drawn = { webs: random.integer(1, 3), redis: seed % 2 === 0, pooler: random.chance(1 / 3) };
  const set = { ...drawn, redis: options.redis ?? drawn.redis, pooler: options.pooler ?? drawn.pooler };
  const world = await World.build({ seed, ...set, say: tell, logs: options.logs });
  try {
    tell(`${set.webs} web processes, redis ${set.redis}, pooler ${set.pooler}`);
    const traffic = await Traffic.start(world, perSecond);
    const progress = setInterval(() => tell(traffic.progress()), PROGRESS_EVERY_MS);
    try {
      await playAll(world, traffic, planFaults(random, minutes * 60_000), minutes * 60_000);
      tell('no more faults');
      await world.heal();
      await configure(world, ['ALTER SYSTEM RESET ALL']);
      await traffic.finish(PATIENCE_MS);
      tell('every message has met its fate');
      await settle(world);
      const totals = await closeLedger(world, traffic);
      const { trouble, fired, rssPeakBytes } = world;
      const faults = Object.fromEntries([...fired].sort(([a], [b]) => (a < b ? -1 : 1)));
      return { seed, minutes, ...set, ...totals, faults, rssPeakBytes, trouble, exact: trouble.length === 0 };
    } finally {
      clearInterval(progress);
      traffic.stop();
    }
  } finally {
    await world.close();
  }
}

/** Each lane plays its faults in order, with the planned pauses between the end of one and the start of the next. */
async function playAll(world: World, traffic: Traffic, planned: Planned[], lengthMs: number): Promise<void> {
  const startMs = performance.now();
  const lanes = new Map<Lane, Planned[]>();
  for (const one of planned) lanes.set(one.fault.lane, [...(lanes.get(one.fault.lane) ?? []), one]);
  const play = async (list: Planned[]): Promise<void> => {
    let endedMs = startMs;
    let plannedMs = 0;
    for (const { atMs, fault, draw } of list) {
      await sleep(Math.max(0, endedMs + atMs - plannedMs - performance.now()));
      if (performance.now() - startMs > lengthMs) return;
      try {
        await fault.happen(world, draw, traffic);
      } catch (error) {
        // The server may be down by another fault just then.
        world.say(`fault ${fault.name} could not happen: ${(error as Error).message}`);
      }
      plannedMs = atMs + draw.lastsMs;
      endedMs = performance.now();
    }
  };
  await Promise.all([...lanes.values()].map(play));
  await sleep(Math.max(0, startMs + lengthMs - performance.now()));
}
