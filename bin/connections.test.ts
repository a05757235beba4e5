import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countConnections, planConnections, SPARE_CONNECTIONS } from './connections.ts';

const DEFAULTS = { ingestConnections: 4, apiConnections: 6, workerConnections: 3 };
/** Of Heroku's Essential plans: 0 and 1, 2. */
const [SMALL, LARGER] = [20, 40];

test('one process with the defaults fits the smallest plan as it is', () => {
  expect(countConnections(DEFAULTS, true)).toBe(13);
  const plan = planConnections({ ...DEFAULTS, processes: 1 }, { limit: SMALL, hasLoops: true });
  expect(plan).toEqual({ ...DEFAULTS, processes: 1, total: 13, isFitted: false });
});

test('two processes on a plan of 20 get smaller pools for the dashboard; on one of 40 three need none', () => {
  expect(planConnections({ ...DEFAULTS, processes: 2 }, { limit: SMALL, hasLoops: true })).toEqual({
    ...DEFAULTS,
    apiConnections: 3,
    processes: 2,
    total: 17,
    isFitted: true,
  });
  expect(planConnections({ ...DEFAULTS, processes: 3 }, { limit: LARGER, hasLoops: true })).toMatchObject({
    total: 33,
    isFitted: false,
  });
});

test('more processes than a plan has room for become fewer, and none at all is said', () => {
  expect(planConnections({ ...DEFAULTS, processes: 28 }, { limit: SMALL, hasLoops: true })).toMatchObject({
    processes: 4,
    total: 18,
    isFitted: true,
  });
  expect(planConnections({ ...DEFAULTS, processes: 1 }, { limit: 7, hasLoops: true })).toBeNull();
  expect(planConnections({ ...DEFAULTS, processes: 28 }, { limit: null, hasLoops: true })?.total).toBe(283);
});

test('P-10 a plan never needs more than there is, and takes no more away than it must', () => {
  const wanted = fc.record({
    processes: fc.integer({ min: 1, max: 64 }),
    ingestConnections: fc.integer({ min: 2, max: 100 }),
    apiConnections: fc.integer({ min: 1, max: 100 }),
    workerConnections: fc.integer({ min: 1, max: 100 }),
  });
  fc.assert(
    fc.property(wanted, fc.integer({ min: 1, max: 500 }), fc.boolean(), (want, limit, hasLoops) => {
      const plan = planConnections(want, { limit, hasLoops });
      if (plan === null) {
        expect(limit).toBeLessThan(4 + (hasLoops ? 2 : 0) + SPARE_CONNECTIONS);
        return;
      }
      const ofOne = countConnections(plan, false);
      expect(plan.total).toBe(plan.processes * ofOne + countConnections(plan, hasLoops) - ofOne);
      expect(plan.total).toBeLessThanOrEqual(limit - SPARE_CONNECTIONS);
      const all = want.processes * countConnections(want, false) + countConnections(want, hasLoops);
      if (all - countConnections(want, false) <= limit - SPARE_CONNECTIONS) expect(plan.isFitted).toBe(false);
    }),
  );
});
