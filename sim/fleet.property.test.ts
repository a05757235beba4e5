import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHARACTERS } from './characters.ts';
import { buildFleet, type SimApp } from './fleet.ts';
import { renderBody } from './frame.ts';
import { demoIncidents } from './scenario.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 20, 15);

function appOf(seed: number, index: number): SimApp {
  const fleet = buildFleet({ seed, epochMs: NOW - 26 * HOUR, incidents: demoIncidents(NOW) });
  return fleet.apps[index] as SimApp;
}

const index = fc.integer({ min: 0, max: CHARACTERS.length - 1 });
const instant = fc.integer({ min: NOW - 25 * HOUR, max: NOW + HOUR });

describe('the fleet, at any time', () => {
  it('gives the same bytes whole or in pieces', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        index,
        instant,
        fc.array(fc.integer({ min: 1, max: 47_000 }), { maxLength: 8 }),
        (seed, i, fromMs, pieces) => {
          const toMs = fromMs + pieces.reduce((sum, piece) => sum + piece, 0);
          const whole = renderBody(appOf(seed, i).linesBetween(fromMs, toMs));
          const app = appOf(seed, i);
          let atMs = fromMs;
          const parts = pieces.map((piece) => {
            atMs += piece;
            return renderBody(app.linesBetween(atMs - piece, atMs));
          });
          expect(Buffer.concat(parts).equals(whole)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('does not depend on what was asked before', () => {
    fc.assert(
      fc.property(index, instant, fc.array(instant, { maxLength: 4 }), (i, atMs, others) => {
        const fresh = renderBody(appOf(3, i).linesBetween(atMs, atMs + 30_000));
        const used = appOf(3, i);
        for (const other of others) used.linesBetween(other, other + 15_000);
        expect(renderBody(used.linesBetween(atMs, atMs + 30_000)).equals(fresh)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
