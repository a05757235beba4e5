import { expect, test } from 'vitest';
import { RETENTION_TIERS } from '../model/retention.ts';
import { DAY, HOUR } from '../model/time.ts';
import { sayRetention } from './retention-says.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const MB = 1024 * 1024;
const base = { app: '', nowMs: NOW, bytes: 100 * MB, bytesPerDay: 50 * MB, oldestMs: NOW - 2 * DAY };
const spec = (tier: string) => RETENTION_TIERS.find((one) => one.tier === tier)!;

test('shorter: what goes and from when, how much, what is lost with it, and that it is for good', () => {
  const { says, deletesBytes } = sayRetention({
    ...base,
    spec: spec('seconds'),
    beforeMs: 48 * HOUR,
    afterMs: 24 * HOUR,
  });
  expect(deletesBytes).toBe(50 * MB);
  expect(says).toBe(
    'Points of 10 seconds from before 2026-11-20 12:00 UTC (about 50 MB) are deleted with the next round, within ten minutes. From then on charts of that time have points of a minute. Rows go together, 6 h at a time: some stay that much longer. This cannot be undone.',
  );
});

test('what is not there yet is not said to go', () => {
  const young = { ...base, oldestMs: NOW - 12 * HOUR };
  const { deletesBytes } = sayRetention({
    ...young,
    spec: spec('seconds'),
    beforeMs: 48 * HOUR,
    afterMs: 24 * HOUR,
  });
  expect(deletesBytes).toBe(0);
});

test('longer: nothing comes back; the same: nothing changes', () => {
  const longer = sayRetention({
    ...base,
    spec: spec('details'),
    app: 'shop',
    beforeMs: 2 * DAY,
    afterMs: 7 * DAY,
  });
  expect(longer).toEqual({
    says: 'From now on bad, slow and sampled requests of shop stay for 7 d instead of 48 h. Nothing is deleted; what is gone already does not come back.',
    deletesBytes: null,
  });
  expect(sayRetention({ ...base, spec: spec('details'), beforeMs: DAY, afterMs: DAY }).says).toMatch(
    /^Nothing changes/,
  );
});
