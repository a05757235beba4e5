/**
 * The world of a random run: Postgres, perhaps a pooler and Redis, web processes that are started again when they die,
 * and proxies on the links between them, all of them real.
 */
import { readFileSync } from 'node:fs';
import { silentLog } from '../../model/log.ts';
import { type Random, seededRandom } from '../../sim/random.ts';
import { buildPool, type Pool } from '../../store/pool.ts';
import { type Pooler, startPooler } from '../pooler.ts';
import { startServer, type TestServer } from '../processes.ts';
import { startLink, startProxy, type TcpProxy } from '../proxy.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { WebSlot } from './web-slot.ts';

export interface WorldOptions {
  seed: number;
  redis: boolean;
  pooler: boolean;
  /** Web processes. */
  webs: number;
  /** What the processes said is kept here, a file for each of their lives. */
  logs?: string | undefined;
  /** Told of everything that happens. */
  say: (text: string) => void;
}

export class World {
  readonly options: WorldOptions;
  readonly server: TestServer;
  readonly pooler: Pooler | null;
  readonly redis: RedisServer | null;
  /** From the web processes to the database, or to the pooler. */
  readonly toDatabase: TcpProxy;
  readonly toRedis: TcpProxy | null;
  /** From the senders to the web processes, each connection to another. */
  readonly front: TcpProxy;
  readonly webs: WebSlot[];
  /** What must not have happened, one sentence each. */
  readonly trouble: string[] = [];
  /** How often each fault happened. */
  readonly fired = new Map<string, number>();
  /** Most memory any web process ever had, bytes. */
  rssPeakBytes = 0;

  private constructor(
    options: WorldOptions,
    parts: Pick<World, 'server' | 'pooler' | 'redis' | 'toDatabase' | 'toRedis' | 'front' | 'webs'>,
  ) {
    this.options = options;
    this.server = parts.server;
    this.pooler = parts.pooler;
    this.redis = parts.redis;
    this.toDatabase = parts.toDatabase;
    this.toRedis = parts.toRedis;
    this.front = parts.front;
    this.webs = parts.webs;
  }

  static async build(options: WorldOptions): Promise<World> {
    const { seed } = options;
    const server = await startServer();
    const pooler = options.pooler ? await startPooler(server.url, { poolSize: 8 }) : null;
    const toDatabase = await startProxy(pooler?.url ?? server.url, `${seed} database`);
    const redis = options.redis ? await startRedis() : null;
    const toRedis =
      redis === null ? null : await startLink({ host: '127.0.0.1', port: redis.port }, `${seed} redis`);
    const routing = seededRandom('chaos', seed, 'routing');
    const webs: WebSlot[] = [];
    const front = await startLink(() => pickWeb(webs, routing), `${seed} front`);
    const world = new World(options, { server, pooler, redis, toDatabase, toRedis, front, webs });
    const env = {
      DATABASE_URL: toDatabase.url,
      ...(toRedis !== null && { REDIS_URL: `redis://127.0.0.1:${toRedis.port}` }),
    };
    for (let index = 0; index < options.webs; index++) {
      // The last one of several runs as two processes, as on a large dyno.
      const isCluster = index > 0 && index === options.webs - 1;
      webs.push(await WebSlot.open(world, index, isCluster ? { ...env, WEB_CONCURRENCY: '2' } : env));
    }
    await Promise.all(webs.map((web) => web.start()));
    return world;
  }

  /** A fault happened. */
  fire(name: string, detail = ''): void {
    this.fired.set(name, (this.fired.get(name) ?? 0) + 1);
    this.say(`fault ${name} ${detail}`);
  }

  say(text: string): void {
    this.options.say(text);
  }

  /** Past the proxies: for looking and for hurting. */
  get pool(): Pool {
    return this.server.pool;
  }

  /** Notes how much memory the web processes had at most, from what the kernel remembers. */
  noteMemory(pid: number): void {
    try {
      const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      this.rssPeakBytes = Math.max(this.rssPeakBytes, Number(peak ?? 0) * 1024);
    } catch {
      // Gone, or no such file on this system.
    }
  }

  /** Every link is whole again and every server is up; what was frozen goes on. */
  async heal(): Promise<void> {
    for (const proxy of [this.toDatabase, this.toRedis, this.front]) proxy?.heal();
    for (const web of this.webs) await web.ensure();
  }

  async close(): Promise<void> {
    for (const web of this.webs) await web.end('SIGKILL');
    for (const proxy of [this.front, this.toDatabase, this.toRedis]) await proxy?.close();
    await this.pooler?.close();
    await this.redis?.close();
    await this.server.close();
  }
}

/** A load balancer: to one of those that run, whether or not they answer. */
function pickWeb(webs: readonly WebSlot[], random: Random): { host: string; port: number } {
  const running = webs.filter((web) => web.isRunning);
  const port = random.pick(running.length > 0 ? running : webs).port;
  return { host: '127.0.0.1', port };
}

/** A pool of its own, for what would stand in the way of others. */
export function buildOwnPool(world: World): Pool {
  return buildPool({ url: world.server.url, max: 1, applicationName: 'chaos', log: silentLog });
}
