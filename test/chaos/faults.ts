/** What may go wrong in a random run. Each fault is over, and its victim mended, when it resolves. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KILL_POINTS } from '../../model/kill-point.ts';
import type { Random } from '../../sim/random.ts';
import type { TcpProxy } from '../proxy.ts';
import type { Traffic } from './traffic.ts';
import { killIfThere } from './web-slot.ts';
import { buildOwnPool, type World } from './world.ts';

/** Faults of one lane happen one after another, those of different lanes at the same time. */
export type Lane = 'web' | 'database' | 'link' | 'front' | 'redis' | 'traffic';

/** What a fault does with, all drawn beforehand from the seed. */
export interface Draw {
  /** How long it lasts, ms. */
  lastsMs: number;
  /** Which of several, from 0; whoever uses it takes the remainder. */
  which: number;
  /** How many bytes, lines or passes. */
  amount: number;
}

export interface Fault {
  name: string;
  lane: Lane;
  weight: number;
  /** Bounds of its draw. */
  lastsMs?: [number, number];
  amount?: [number, number];
  happen(world: World, draw: Draw, traffic: Traffic): Promise<void>;
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'webKilled',
    lane: 'web',
    weight: 4,
    lastsMs: [0, 1_500],
    happen: async (world, { which, lastsMs }) => {
      const web = pick(world.webs, which);
      world.fire('webKilled', `web ${web.index}, back after ${lastsMs} ms`);
      await web.end('SIGKILL');
      await sleep(lastsMs);
      await web.start();
    },
  },
  {
    name: 'childKilled',
    lane: 'web',
    weight: 1,
    lastsMs: [500, 1_500],
    happen: async (world, { which, lastsMs }) => {
      // Of a dyno with several processes; the one that watches them starts another.
      const [child] = pick(world.webs, world.webs.length - 1)
        .children()
        .slice(which % 2);
      if (child === undefined) return;
      world.fire('childKilled', `process ${child}`);
      killIfThere(child, 'SIGKILL');
      await sleep(lastsMs);
    },
  },
  {
    name: 'webFrozen',
    lane: 'web',
    weight: 2,
    lastsMs: [3_000, 15_000],
    happen: async (world, { which, lastsMs }) => {
      const web = pick(world.webs, which);
      world.fire('webFrozen', `web ${web.index} for ${lastsMs} ms`);
      web.freeze();
      await sleep(lastsMs);
      web.thaw();
    },
  },
  {
    name: 'killPointArmed',
    lane: 'web',
    weight: 3,
    amount: [1, 40],
    happen: async (world, { which, amount }) => {
      const web = pick(world.webs, which);
      const point = pick(KILL_POINTS, which);
      // Frames and commits pass by the dozen a second, the rest every few seconds.
      const pass = /^(body|commit)/.test(point) ? amount : (amount % 4) + 1;
      world.fire('killPointArmed', `web ${web.index} ${point}:${pass}`);
      await web.end('SIGKILL');
      await web.start(`${point}:${pass}:kill`);
    },
  },
  {
    name: 'rollingRestart',
    lane: 'web',
    weight: 2,
    happen: async (world) => {
      world.fire('rollingRestart');
      for (const web of world.webs) {
        await web.ensure();
        await web.stopInOrder();
        await web.start();
      }
    },
  },
  {
    name: 'databaseStopped',
    lane: 'database',
    weight: 3,
    lastsMs: [500, 20_000],
    happen: async (world, { lastsMs }) => {
      world.fire('databaseStopped', `immediately, for ${lastsMs} ms`);
      await world.server.stopImmediately(lastsMs);
    },
  },
  {
    name: 'databaseRestarted',
    lane: 'database',
    weight: 1,
    happen: async (world) => {
      world.fire('databaseRestarted', 'in order');
      await world.server.stop('SIGINT');
      await world.server.start();
    },
  },
  {
    name: 'backendsEnded',
    lane: 'database',
    weight: 3,
    happen: async (world, { which }) => {
      const { rowCount } = await world.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name LIKE 'drainboard-%' AND ($1 = 0 OR pid % 3 = $1 - 1)`,
        [which % 4],
      );
      world.fire('backendsEnded', `${rowCount} of them`);
    },
  },
  {
    name: 'tablesLocked',
    lane: 'database',
    weight: 2,
    lastsMs: [500, 8_000],
    happen: async (world, { which, lastsMs }) => {
      const table = pick(['chunks', 'frames', 'writers', 'count_buckets_10s', 'drains', 'gaps'], which);
      await withOwnClient(world, async (query) => {
        await query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
        world.fire('tablesLocked', `${table} for ${lastsMs} ms`);
        await sleep(lastsMs);
        await query('ROLLBACK');
      });
    },
  },
  {
    name: 'readOnly',
    lane: 'database',
    weight: 2,
    lastsMs: [500, 8_000],
    happen: async (world, { lastsMs }) => {
      world.fire('readOnly', `for ${lastsMs} ms`);
      await configure(world, ['ALTER SYSTEM SET default_transaction_read_only = on']);
      await sleep(lastsMs);
      await configure(world, ['ALTER SYSTEM RESET default_transaction_read_only']);
    },
  },
  {
    name: 'poolerRestarted',
    lane: 'database',
    weight: 2,
    happen: async (world) => {
      if (world.pooler === null) return;
      world.fire('poolerRestarted');
      await world.pooler.restart();
    },
  },
  ...linkFaults('link', (world) => world.toDatabase),
  ...linkFaults('front', (world) => world.front),
  {
    name: 'linkReplyLost',
    lane: 'link',
    weight: 2,
    lastsMs: [1_000, 3_000],
    happen: async (world, { which, lastsMs }) => {
      const marker = pick(['INSERT INTO chunks', 'COMMIT', 'INSERT INTO writers'], which);
      const cut = world.toDatabase.cutReplyTo(marker).then(() => world.fire('linkReplyLost', marker));
      await Promise.race([cut, sleep(lastsMs)]);
      world.toDatabase.heal();
    },
  },
  {
    name: 'redisKilled',
    lane: 'redis',
    weight: 2,
    lastsMs: [200, 8_000],
    happen: async (world, { lastsMs }) => {
      const { redis } = world;
      if (redis === null) return;
      world.fire('redisKilled', `for ${lastsMs} ms`);
      await redis.stop('SIGKILL');
      await sleep(lastsMs);
      await redis.start();
    },
  },
  ...linkFaults('redis', (world) => world.toRedis),
  {
    name: 'burst',
    lane: 'traffic',
    weight: 1,
    amount: [200, 4_000],
    happen: async (world, { which, amount }, traffic) => {
      world.fire('burst', `${amount} lines`);
      traffic.burst(which, amount);
    },
  },
];

/** The same list for each link; names begin with the lane's. */
function linkFaults(lane: Lane, linkOf: (world: World) => TcpProxy | null): Fault[] {
  const fault = (
    name: string,
    bounds: Pick<Fault, 'weight' | 'lastsMs' | 'amount'>,
    happen: (link: TcpProxy, draw: Draw) => Promise<unknown>,
    detail: (draw: Draw) => string = () => '',
  ): Fault => ({
    name: `${lane}${name}`,
    lane,
    ...bounds,
    happen: async (world, draw) => {
      const link = linkOf(world);
      if (link === null) return;
      world.fire(`${lane}${name}`, detail(draw));
      await happen(link, draw);
      link.heal();
    },
  });
  const forSoLong = ({ lastsMs }: Draw): string => `for ${lastsMs} ms`;
  return [
    fault('Slow', { weight: 2, lastsMs: [1_000, 6_000], amount: [20, 900] }, async (link, draw) => {
      link.weather({ delayMs: draw.amount, jitterMs: draw.amount / 2 }, draw.which % 2 === 0 ? 'up' : 'down');
      await sleep(draw.lastsMs);
    }),
    fault('Sliced', { weight: 1, lastsMs: [500, 2_000], amount: [1, 200] }, async (link, draw) => {
      link.weather({ sliceBytes: draw.amount, bytesPerSecond: draw.amount * 2_000 });
      await sleep(draw.lastsMs);
    }),
    fault(
      'Silent',
      { weight: 2, lastsMs: [1_000, 8_000] },
      async (link, { lastsMs }) => {
        link.blackHole();
        await sleep(lastsMs);
      },
      forSoLong,
    ),
    fault(
      'HalfOpen',
      { weight: 1, lastsMs: [500, 4_000] },
      async (link, { lastsMs }) => {
        link.halfOpen();
        await sleep(lastsMs);
      },
      forSoLong,
    ),
    fault('Reset', { weight: 3 }, async (link, { which }) =>
      link.cutAll(which % 2 === 0 ? 'reset' : 'close'),
    ),
    fault(
      'Cut',
      { weight: 4, amount: [1, 60_000] },
      async (link, { which, amount }) => {
        const direction = which % 2 === 0 ? 'up' : 'down';
        // Answers are small: to be cut inside one of them the count must be.
        const bytes = direction === 'down' ? (amount % 3_000) + 1 : amount;
        await Promise.race([link.cutAfter(direction, bytes), sleep(4_000)]);
      },
      ({ amount }) => `${amount}`,
    ),
    fault(
      'Refused',
      { weight: 1, lastsMs: [500, 3_000] },
      async (link, { lastsMs }) => {
        link.refuse();
        link.cutAll('reset');
        await sleep(lastsMs);
      },
      forSoLong,
    ),
  ];
}

export interface Planned {
  atMs: number;
  fault: Fault;
  draw: Draw;
}

/** Mean pause between two faults of a lane, ms. */
const PAUSES: Record<Lane, number> = {
  web: 6_000,
  database: 8_000,
  link: 7_000,
  front: 7_000,
  redis: 8_000,
  traffic: 9_000,
};

/** Everything that is to happen within so long, by lane and time; the same for the same chance. */
export function planFaults(random: Random, untilMs: number): Planned[] {
  const planned: Planned[] = [];
  for (const lane of Object.keys(PAUSES) as Lane[]) {
    const faults = FAULTS.filter((fault) => fault.lane === lane);
    for (let atMs = random.exponential(PAUSES[lane] / 2); atMs < untilMs; ) {
      const fault = pickByWeight(faults, random);
      const [shortest, longest] = fault.lastsMs ?? [0, 0];
      // Short ones more often: most real ones are.
      const lastsMs = Math.round(shortest + (longest - shortest) * random.next() ** 2);
      const draw = {
        lastsMs,
        which: random.integer(0, 999),
        amount: random.integer(...(fault.amount ?? [0, 0])),
      };
      planned.push({ atMs: Math.round(atMs), fault, draw });
      atMs += lastsMs + random.exponential(PAUSES[lane]);
    }
  }
  return planned;
}

function pickByWeight(faults: readonly Fault[], random: Random): Fault {
  let left = random.next() * faults.reduce((sum, fault) => sum + fault.weight, 0);
  const found = faults.find((fault) => {
    left -= fault.weight;
    return left < 0;
  });
  const fault = found ?? faults.at(-1);
  if (fault === undefined) throw new Error('a lane without faults');
  return fault;
}

function pick<T>(list: readonly T[], which: number): T {
  return list[which % list.length] as T;
}

async function withOwnClient(
  world: World,
  work: (query: (sql: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const pool = buildOwnPool(world);
  const client = await pool.connect();
  try {
    await work((sql) => client.query(sql));
  } finally {
    client.release(true);
    await pool.end();
  }
}

/** Statements of an operator, then what they set is read by the server and its sessions. */
export async function configure(world: World, statements: readonly string[]): Promise<void> {
  await withOwnClient(world, async (query) => {
    for (const statement of statements) await query(statement);
    await query('SELECT pg_reload_conf()');
  });
}
