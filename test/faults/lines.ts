/** Lines of a simulated app, made up one after another, with the marks that say what each must count as. */
import { CHARACTERS } from '../../sim/characters.ts';
import { buildFleet } from '../../sim/fleet.ts';
import type { SimLine } from '../../sim/line.ts';

const SPAN_MS = 30 * 60_000;

class RouterLines {
  #lines: SimLine[] = [];
  #next = 0;

  /** A line of now: the next router line of the app, its time moved to the present. */
  next(): SimLine {
    if (this.#lines.length === 0) {
      const epochMs = Date.UTC(2026, 2, 2, 9);
      const [app] = buildFleet({
        seed: 'faults',
        epochMs: epochMs - SPAN_MS,
        apps: CHARACTERS.slice(0, 1),
      }).apps;
      this.#lines = (app?.linesBetween(epochMs, epochMs + SPAN_MS) ?? []).filter(
        (line) => line.mark.kind === 'request' && line.dropped === undefined,
      );
    }
    const line = this.#lines[this.#next++ % this.#lines.length];
    if (line === undefined) throw new Error('the simulated app made no request');
    return { ...line, atMs: Date.now() };
  }
}

export const ROUTER_LINES = new RouterLines();
