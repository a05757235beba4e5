import { expect, test } from 'vitest';
import { seededRandom } from '../../sim/random.ts';
import { FAULTS, planFaults } from './faults.ts';
import { runChaos } from './run.ts';
import { SEEDS } from './seeds.ts';

test.each(SEEDS)(
  'K-18 R-01 R-02 R-03 R-04 a random run of mixed faults, seed $seed ($showed): the ledger holds',
  async ({ seed, minutes }) => {
    const result = await runChaos({ seed, minutes, perSecond: 200 });
    expect(result.trouble).toEqual([]);
    expect(result.exact).toBe(true);
    // Faults did happen, and not so many that nothing else did.
    expect(Object.values(result.faults).reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(3);
    expect(result.acknowledged).toBeGreaterThan(result.sent / 10);
  },
);

test('a run is played again with its seed: the same faults at the same times, and every fault there is gets its turn', () => {
  const plan = (seed: number) => planFaults(seededRandom('chaos', seed), 600_000);
  expect(plan(1)).toEqual(plan(1));
  expect(plan(1)).not.toEqual(plan(2));
  const names = new Set(
    Array.from({ length: 10 }, (_, seed) => plan(seed)).flatMap((list) => list.map((one) => one.fault.name)),
  );
  expect([...names].sort()).toEqual([...new Set(FAULTS.map((fault) => fault.name))].sort());
});
