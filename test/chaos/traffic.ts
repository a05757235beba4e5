/** The senders of a random run: Logplex nodes and a shuttle, at a steady rate with bursts, all from one seed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CHARACTERS } from '../../sim/characters.ts';
import { buildFleet } from '../../sim/fleet.ts';
import { type AppLedger, Ledger } from '../../sim/ledger.ts';
import type { SimLine } from '../../sim/line.ts';
import { LogplexNode } from '../../sim/logplex.ts';
import { type Random, seededRandom } from '../../sim/random.ts';
import { Shuttle } from '../../sim/shuttle.ts';
import { addApp, type TestApp } from '../drain.ts';
import type { World } from './world.ts';

/** Shares of the rate; the last app sends through a shuttle. */
const APPS = [
  { nodes: 2, share: 0.4 },
  { nodes: 2, share: 0.25 },
  { nodes: 1, share: 0.1 },
  { nodes: 0, share: 0.25 },
];
const TICK_MS = 40;
const SPAN_MS = 20 * 60_000;

export interface SendingApp {
  app: TestApp;
  share: number;
  nodes: LogplexNode[];
  shuttle: Shuttle | null;
  lines: Lines;
}

/** Lines of every kind a simulated app makes, again and again, at the present time. */
class Lines {
  readonly #lines: SimLine[];
  #next = 0;

  constructor(seed: number, index: number) {
    const epochMs = Date.UTC(2026, 2, 2, 9);
    const character = CHARACTERS[index % CHARACTERS.length];
    const fleet = buildFleet({
      seed,
      epochMs: epochMs - SPAN_MS,
      apps: character === undefined ? [] : [character],
    });
    const lines = fleet.apps[0]?.linesBetween(epochMs, epochMs + SPAN_MS) ?? [];
    this.#lines = lines.filter((line) => line.dropped === undefined);
    if (this.#lines.length < 100) throw new Error('the simulated app made too few lines');
  }

  next(): SimLine {
    const line = this.#lines[this.#next++ % this.#lines.length];
    if (line === undefined) throw new Error('no line');
    return { ...line, atMs: Date.now() };
  }
}

export class Traffic {
  readonly apps: SendingApp[];
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #perSecond: number;
  #isDone = false;
  #sending: Promise<void> = Promise.resolve();

  private constructor(seed: number, perSecond: number, ledger: Ledger, apps: SendingApp[]) {
    this.#random = seededRandom('chaos', seed, 'traffic');
    this.#perSecond = perSecond;
    this.#ledger = ledger;
    this.apps = apps;
  }

  static async start(world: World, perSecond: number): Promise<Traffic> {
    const { seed } = world.options;
    const ledger = new Ledger();
    const apps: SendingApp[] = [];
    for (const [index, { nodes: count, share }] of APPS.entries()) {
      const app = await addApp(world.pool, `chaos-${index}`);
      const url = `http://${app.name}:${app.secret}@127.0.0.1:${world.front.port}/drain`;
      const lines = new Lines(seed, index);
      // A token each: nodes that lose their first message in one millisecond would tell of the same gap.
      const nodes = Array.from({ length: count }, (_, node) => {
        const drainToken = `d.00000000-0000-4000-8000-00000000000${node + 1}`;
        return new LogplexNode({ url, app: app.name, ledger, node: `node-${node + 1}`, drainToken });
      });
      const shuttle = count > 0 ? null : new Shuttle({ url, app: app.name, ledger, gzip: index % 2 === 1 });
      apps.push({ app, share, nodes, shuttle, lines });
    }
    const traffic = new Traffic(seed, perSecond, ledger, apps);
    traffic.#sending = traffic.#send();
    return traffic;
  }

  async #send(): Promise<void> {
    const startedMs = performance.now();
    let pushed = 0;
    while (!this.#isDone) {
      const due = ((performance.now() - startedMs) / 1000) * this.#perSecond;
      for (; pushed < due; pushed++) this.#push(this.#pick(), 1);
      await sleep(TICK_MS);
    }
  }

  #pick(): SendingApp {
    let left = this.#random.next();
    for (const app of this.apps) {
      left -= app.share;
      if (left < 0) return app;
    }
    return this.apps[0] as SendingApp;
  }

  #push({ nodes, shuttle, lines }: SendingApp, count: number): void {
    for (let i = 0; i < count; i++) {
      if (shuttle !== null) shuttle.push(lines.next());
      else this.#random.pick(nodes).push(lines.next());
    }
  }

  /** So many lines of one app at once. */
  burst(index: number, count: number): void {
    const app = this.apps[index % this.apps.length];
    if (app !== undefined) this.#push(app, count);
  }

  /** Sends nothing new, waits for the fate of everything, and lets each sender report what it lost. */
  async finish(patienceMs: number): Promise<void> {
    this.#isDone = true;
    await this.#sending;
    const drained = async (): Promise<void> => {
      for (let round = 0; round < 2; round++) {
        await Promise.all(
          this.apps.flatMap(({ nodes, shuttle }) =>
            [...nodes, ...(shuttle ? [shuttle] : [])].map((s) => s.drained()),
          ),
        );
        if (round === 0) this.#sayGoodbye();
      }
    };
    const isDrained = await Promise.race([
      drained().then(() => true),
      sleep(patienceMs, false, { ref: false }),
    ]);
    this.stop();
    if (!isDrained) throw new Error(`senders still had messages after ${patienceMs} ms`);
  }

  /** A last line each: losses are told with the next frame. */
  #sayGoodbye(): void {
    for (const { nodes, shuttle, lines } of this.apps) {
      for (const sender of [...nodes, ...(shuttle ? [shuttle] : [])]) sender.push(lines.next());
    }
  }

  stop(): void {
    this.#isDone = true;
    for (const { nodes, shuttle } of this.apps) {
      for (const node of nodes) node.stop();
      shuttle?.stop();
    }
  }

  /** How far it got, for the reader of the run. */
  progress(): string {
    const accounts = Object.values(this.#ledger.snapshot().apps);
    const sum = (of: (account: AppLedger) => number): number =>
      accounts.reduce((total, account) => total + of(account), 0);
    const acknowledged = sum((account) => account.delivered.messages);
    const lost = sum((account) => account.lost.messages + account.unknown.messages);
    return `${acknowledged} acknowledged, ${lost} lost of ${sum((account) => account.generated.messages)}`;
  }

  sentBy(name: string): AppLedger {
    const sent = this.#ledger.snapshot().apps[name];
    if (sent === undefined) throw new Error(`${name} sent nothing`);
    return sent;
  }

  /** What a real sender could not have made sense of, and statuses that a shuttle takes for the end of its batch. */
  flaws(): string[] {
    const flaws = Object.entries(this.#ledger.snapshot().flaws).map(([flaw, n]) => `${n} answers: ${flaw}`);
    for (const frame of this.#ledger.frames()) {
      const status = frame.outcomes.find((outcome) => /^[45]\d\d/.test(outcome));
      if (status === undefined) continue;
      if (frame.node.startsWith('shuttle')) flaws.push(`a shuttle was told ${status}`);
      else if (status.startsWith('4')) flaws.push(`Logplex was told ${status}`);
    }
    return [...new Set(flaws)];
  }
}
