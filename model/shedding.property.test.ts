import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SHED_ORDER } from './ingest-health.ts';
import {
  BACK_AFTER_MS,
  bytesInUse,
  CALM,
  type Pressure,
  type SheddingState,
  shedParts,
  stepShedding,
  THRESHOLDS,
} from './shedding.ts';

const pressure: fc.Arbitrary<Pressure> = fc.record({
  memory: fc.double({ min: 0, max: 1.5, noNaN: true }),
  held: fc.double({ min: 0, max: 1, noNaN: true }),
  lagMs: fc.double({ min: 0, max: 3_000, noNaN: true }),
});
const state: fc.Arbitrary<SheddingState> = fc.record({
  level: fc.integer({ min: 0, max: SHED_ORDER.length }),
  heldSinceMs: fc.integer({ min: 0, max: 100_000 }),
});
const NONE: Pressure = { memory: 0, held: 0, lagMs: 0 };

test('R-09 what gives way is always the beginning of the order, ingest last of all', () => {
  fc.assert(
    fc.property(state, pressure, fc.nat(100_000), (before, felt, waitedMs) => {
      const parts = shedParts(stepShedding(before, felt, before.heldSinceMs + waitedMs));
      expect(parts).toEqual(SHED_ORDER.slice(0, parts.length));
    }),
  );
  expect(SHED_ORDER).toEqual(['liveTail', 'exports', 'dashboards', 'rollUps', 'evaluation', 'ingest']);
});

test('R-09 more pressure never sheds less', () => {
  fc.assert(
    fc.property(state, pressure, pressure, fc.nat(20_000), (before, one, more, waitedMs) => {
      const greater = {
        memory: one.memory + more.memory,
        held: one.held + more.held,
        lagMs: one.lagMs + more.lagMs,
      };
      const nowMs = before.heldSinceMs + waitedMs;
      expect(stepShedding(before, greater, nowMs).level).toBeGreaterThanOrEqual(
        stepShedding(before, one, nowMs).level,
      );
    }),
  );
});

test('R-09 what pressure asks for gives way at once', () => {
  fc.assert(
    fc.property(pressure, (felt) => {
      const parts = shedParts(stepShedding(CALM, felt, 1_000));
      for (const part of SHED_ORDER) {
        if (felt.memory >= THRESHOLDS[part].memory || felt.lagMs >= THRESHOLDS[part].lagMs)
          expect(parts).toContain(part);
      }
    }),
  );
});

test('R-09 parts come back one at a time, each after its quiet time, and never while pressure is near', () => {
  fc.assert(
    fc.property(
      state,
      fc.array(fc.tuple(pressure, fc.nat(3_000)), { minLength: 1, maxLength: 100 }),
      (first, looks) => {
        let now = first.heldSinceMs;
        let current = first;
        let changedMs = now;
        for (const [felt, waitMs] of looks) {
          now += waitMs;
          const next = stepShedding(current, felt, now);
          if (next.level < current.level) {
            expect(next.level).toBe(current.level - 1);
            expect(now - changedMs).toBeGreaterThanOrEqual(BACK_AFTER_MS);
          }
          if (next.level !== current.level) changedMs = now;
          current = next;
        }
      },
    ),
  );
});

test('R-09 a pressure that trembles around a threshold does not flap', () => {
  const edge = THRESHOLDS.dashboards.memory;
  let current = CALM;
  let changes = 0;
  for (let tick = 0; tick < 600; tick++) {
    const next = stepShedding(
      current,
      { ...NONE, memory: edge + (tick % 2 === 0 ? 0.01 : -0.03) },
      tick * 500,
    );
    if (next.level !== current.level) changes++;
    current = next;
  }
  expect([changes, current.level]).toEqual([1, 3]);
});

test('R-09 without pressure everything is back within its time', () => {
  fc.assert(
    fc.property(state, (before) => {
      let current = before;
      let now = before.heldSinceMs;
      for (let part = 0; part < SHED_ORDER.length; part++) {
        now += BACK_AFTER_MS;
        current = stepShedding(current, NONE, now);
      }
      expect(current.level).toBe(0);
    }),
  );
});

test('R-09 room that the allocator keeps for itself is no pressure; a full heap is', () => {
  const mebibyte = 1024 * 1024;
  const burst = { rss: 700 * mebibyte, heapTotal: 40 * mebibyte, external: 20 * mebibyte };
  expect(bytesInUse(burst)).toBeLessThan(220 * mebibyte);
  expect(bytesInUse({ ...burst, heapTotal: 500 * mebibyte })).toBe(burst.rss);
});
