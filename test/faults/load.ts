/** A steady load on real processes from faithful Logplex nodes, and the account of it at the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../drain/clock.ts';
import { SloBook } from '../../drain/slo-book.ts';
import { Takeover } from '../../drain/takeover.ts';
import { silentLog } from '../../model/log.ts';
import { type AppLedger, Ledger } from '../../sim/ledger.ts';
import { LogplexNode } from '../../sim/logplex.ts';
import type { Pool } from '../../store/pool.ts';
import { SeriesNumbers } from '../../store/series.ts';
import {
  type AppCounts,
  compareBuckets,
  compareLedger,
  type GapRow,
  readCounts,
  readGaps,
} from '../account.ts';
import { addApp, rolledUp, type TestApp } from '../drain.ts';
import { expireLeases } from '../processes.ts';
import { ROUTER_LINES } from './lines.ts';

export interface LoadOptions {
  /** Where a web process listens. */
  port: number;
  perSecond: number;
  /** Logplex nodes that share the lines. */
  nodes?: number;
  app?: TestApp;
}

export interface Load {
  app: TestApp;
  sent(): AppLedger;
  /** Messages answered 2xx so far. */
  delivered(): number;
  /** Ends the sending, and waits until every message has met its fate and every loss was reported. */
  finish(): Promise<void>;
  /** Drops what waits, for a hook. */
  stop(): void;
}

const TICK_MS = 20;

/** Starts to send lines of a simulated app at a steady rate. */
export async function startLoad(pool: Pool, options: LoadOptions): Promise<Load> {
  const { port, perSecond, nodes: count = 1 } = options;
  const app = options.app ?? (await addApp(pool));
  const ledger = new Ledger();
  const url = `http://${app.name}:${app.secret}@127.0.0.1:${port}/drain`;
  const nodes = Array.from({ length: count }, (_, i) => {
    // A token each: two nodes that lose their first message in one millisecond would tell of the same gap.
    const drainToken = `d.00000000-0000-4000-8000-00000000000${i + 1}`;
    return new LogplexNode({
      url,
      app: app.name,
      ledger,
      node: `node-${i + 1}`,
      drainToken,
      limits: { backoffMaxMs: 300 },
    });
  });
  let isSending = true;
  const sending = (async () => {
    const startedMs = performance.now();
    for (let pushed = 0; isSending; ) {
      const due = ((performance.now() - startedMs) / 1000) * perSecond;
      for (; pushed < due; pushed++) nodes[pushed % count]?.push(ROUTER_LINES.next());
      await sleep(TICK_MS);
    }
  })();
  const sent = (): AppLedger => {
    const account = ledger.snapshot().apps[app.name];
    if (account === undefined) throw new Error('nothing was sent');
    return account;
  };
  return {
    app,
    sent,
    delivered: () => ledger.snapshot().apps[app.name]?.delivered.messages ?? 0,
    finish: async () => {
      isSending = false;
      await sending;
      await Promise.all(nodes.map((node) => node.drained()));
      // A node tells of what it lost with its next frame.
      for (const node of nodes) node.push(ROUTER_LINES.next());
      await Promise.all(nodes.map((node) => node.drained()));
    },
    stop: () => {
      isSending = false;
      for (const node of nodes) node.stop();
    },
  };
}

/** Rolls up what dead processes left, as any other process would 12 s later. */
export async function takeOverDead(pool: Pool): Promise<void> {
  await expireLeases(pool);
  const heir = new Takeover({
    pool,
    numbers: new SeriesNumbers(),
    clock: systemClock,
    log: silentLog,
    holder: 'test',
    slos: new SloBook(pool, systemClock),
    ownWriterId: () => null,
    onRolledUp: () => {},
  });
  while (await heir.takeOverOne());
}

export interface Account {
  counts: AppCounts;
  gaps: GapRow[];
  sent: AppLedger;
  /** What is wrong with the ledger, one sentence each. */
  wrong: string[];
}

/** Waits until everything is rolled up, and compares: the ledger of RELIABILITY section 3. */
export async function readAccount(pool: Pool, load: Load): Promise<Account> {
  load.stop();
  await rolledUp(pool);
  const sent = load.sent();
  const [counts, gaps] = [await readCounts(pool, load.app.id), await readGaps(pool, load.app.id)];
  const wrong = [...compareLedger(counts, gaps, sent), ...(await compareBuckets(pool))];
  return { counts, gaps, sent, wrong };
}
