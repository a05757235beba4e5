import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  keptNow,
  keptOfApp,
  RETENTION_TIERS,
  type RetentionTierSpec,
  retentionFault,
  sayKept,
} from './retention.ts';
import { DAY, HOUR } from './time.ts';

const MOST = {
  keep10sMs: 48 * HOUR,
  keep1minMs: 30 * DAY,
  keep1hMs: 396 * DAY,
  keepChunksMs: 24 * HOUR,
  keepDetailsMs: 21 * DAY,
  keepQuarantineMs: 7 * DAY,
};
const spec = (tier: string): RetentionTierSpec => RETENTION_TIERS.find((one) => one.tier === tier)!;
const instance = { most: MOST, kept: MOST, isOfApp: false };

test('people choose less, the environment stays the most, whatever is written down', () => {
  const settings = [
    { appId: null, tier: 'seconds' as const, keepMs: 12 * HOUR },
    { appId: null, tier: 'details' as const, keepMs: 90 * DAY },
    { appId: 7, tier: 'details' as const, keepMs: 2 * DAY },
  ];
  const kept = keptNow(MOST, settings);
  expect(kept).toEqual({ ...MOST, keep10sMs: 12 * HOUR });
  expect(keptOfApp(kept, settings, 7, spec('details'))).toBe(2 * DAY);
  expect(keptOfApp(kept, settings, 8, spec('details'))).toBe(21 * DAY);
});

describe('a span that cannot be is refused in words', () => {
  test('more than the environment says, less than what is built on it, no whole unit', () => {
    expect(retentionFault(spec('seconds'), 49 * HOUR, instance)).toContain('DRAINBOARD_KEEP_10S_HOURS');
    expect(retentionFault(spec('minutes'), 2 * DAY, instance)).toMatch(/^At least 7 d/);
    expect(retentionFault(spec('details'), 36 * HOUR, instance)).toContain('Whole days');
    expect(retentionFault(spec('seconds'), 24 * HOUR, instance)).toBeNull();
  });

  test('an app has less of requests, details and quarantine only, and never more than the instance', () => {
    const ofApp = { ...instance, kept: { ...MOST, keepDetailsMs: 7 * DAY }, isOfApp: true };
    expect(retentionFault(spec('hours'), 100 * DAY, ofApp)).toContain('all apps alike');
    expect(retentionFault(spec('details'), 8 * DAY, ofApp)).toContain('At most 7 d');
    expect(retentionFault(spec('details'), 7 * DAY, ofApp)).toBeNull();
  });

  test('finer points never outlive coarser ones', () => {
    const kept = { ...MOST, keep1minMs: 7 * DAY };
    const most = { ...MOST, keep10sMs: 30 * DAY };
    expect(retentionFault(spec('seconds'), 8 * DAY, { most, kept, isOfApp: false })).toContain('coarser');
    const long = { ...MOST, keep10sMs: 10 * DAY };
    expect(retentionFault(spec('minutes'), 8 * DAY, { most: long, kept: long, isOfApp: false })).toContain(
      'finer points',
    );
  });

  test('what is accepted one after the other keeps the order of widths', () => {
    const step = fc.record({
      tier: fc.constantFrom('seconds', 'minutes', 'hours'),
      units: fc.integer({ min: 1, max: 400 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let kept = MOST;
        for (const { tier, units } of steps) {
          const one = spec(tier);
          const keepMs = units * (one.unit === 'h' ? HOUR : DAY);
          if (retentionFault(one, keepMs, { most: MOST, kept, isOfApp: false }) !== null) continue;
          kept = { ...kept, [one.field]: keepMs };
        }
        expect(kept.keep10sMs).toBeLessThanOrEqual(kept.keep1minMs);
        expect(kept.keep1minMs).toBeLessThanOrEqual(kept.keep1hMs);
      }),
    );
  });
});

test('spans are told in the unit people think in', () => {
  expect([36 * HOUR, 48 * HOUR, 21 * DAY].map(sayKept)).toEqual(['36 h', '48 h', '21 d']);
});
