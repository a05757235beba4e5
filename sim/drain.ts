/** One drain as the whole Logplex cluster serves it: several nodes share an app's lines (FORMATS 1.3). */
import type { SimLine } from './line.ts';
import { LogplexNode, type LogplexOptions } from './logplex.ts';
import { type Random, seededRandom } from './random.ts';

export interface LogplexDrainOptions extends Omit<LogplexOptions, 'node'> {
  /** How many nodes carry the app's lines. */
  nodes?: number;
}

export class LogplexDrain {
  readonly nodes: LogplexNode[];
  readonly #random: Random;

  constructor({ nodes = 2, ...options }: LogplexDrainOptions) {
    this.#random = seededRandom('drain', options.app);
    this.nodes = Array.from({ length: nodes }, (_, i) => {
      return new LogplexNode({ ...options, node: `node-${i + 1}` });
    });
  }

  get waiting(): number {
    return this.nodes.reduce((sum, node) => sum + node.waiting, 0);
  }

  /** Hands a line to one of the nodes, by chance: order holds within a node only. */
  push(line: SimLine): void {
    this.#random.pick(this.nodes).push(line);
  }

  /** Loses these lines as an overflowing buffer would; one node reports them. */
  discard(lines: readonly SimLine[]): void {
    for (const line of lines) this.nodes[0]?.discard(line);
  }

  async waitForRoom(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.waitForRoom()));
  }

  async drained(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.drained()));
  }

  stop(): void {
    for (const node of this.nodes) node.stop();
  }
}
