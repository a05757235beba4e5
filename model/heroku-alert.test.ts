import { describe, expect, test } from 'vitest';
import { initialMemory, isFiring, step } from './alert.ts';
import { copyHerokuAlert, type HerokuAlert } from './heroku-alert.ts';
import type { RuleDraft } from './rule.ts';

const LATENCY: HerokuAlert = { kind: 'LATENCY', value: 1000, sensitivityMinutes: 5, reminderMinutes: 60 };
const ERRORS: HerokuAlert = { kind: 'ERROR_RATE', value: 0.05, sensitivityMinutes: 1, reminderMinutes: 1440 };

function copied(alert: HerokuAlert): { draft: RuleDraft; notes: string[] } {
  const result = copyHerokuAlert(alert);
  if (!result.ok) throw new Error(result.error.join());
  return result.value;
}

describe('a copy of Heroku’s threshold alert', () => {
  test('of latency is the p95 of each single minute', () => {
    expect(copied(LATENCY).draft).toMatchObject({
      kind: 'latency',
      settings: { quantile: 'p95', ms: 1000, minRequests: 1, windowMinutes: 1 },
      severity: 'ticket',
      isOn: true,
      title: "p95 at or over 1000 ms (as Heroku's alert)",
    });
  });

  test('of errors is the failed share of each single minute', () => {
    expect(copied(ERRORS).draft).toMatchObject({
      kind: 'failedShare',
      settings: { ratio: 0.05, minRequests: 1, windowMinutes: 1 },
      title: "5 % or more of requests fail (as Heroku's alert)",
    });
  });

  test.each([1, 5, 10])('fires in the minute number %d at or above, not before', (sensitivityMinutes) => {
    const { draft } = copied({ ...LATENCY, sensitivityMinutes });
    let memory = initialMemory(0);
    const timing = { ...draft, holdOnMissing: true };
    const firstFiring = [...Array(20).keys()].find((minute) => {
      memory = step(memory, { isAbove: true, isMissing: null }, minute, timing).memory;
      return isFiring(memory);
    });
    expect(firstFiring).toBe(sensitivityMinutes - 1);
  });

  test('keeps what was switched off so, and says that reminders differ', () => {
    expect(copied({ ...ERRORS, isActive: false }).draft.isOn).toBe(false);
    expect(copied(LATENCY).notes[0]).toContain('Heroku reminds every 60 min');
    expect(copied(ERRORS).notes[0]).toContain('as at Heroku');
  });

  test.each<[Partial<HerokuAlert>, string]>([
    [{ value: 49 }, 'from 50'],
    [{ value: 100.5 }, 'whole milliseconds'],
    [{ sensitivityMinutes: 2 }, '1, 5 or 10'],
    [{ reminderMinutes: 30 }, '5, 60 or 1440'],
    [{ processType: 'worker' }, 'no such alert for worker'],
    [{ kind: 'ERROR_RATE', value: 0.001 }, '0.005'],
    [{ kind: 'ERROR_RATE', value: Number.NaN }, '0.005'],
    [{ kind: 'MEMORY' as 'LATENCY' }, 'LATENCY or ERROR_RATE'],
  ])('%j is refused', (change, words) => {
    const result = copyHerokuAlert({ ...LATENCY, ...change });
    expect(result.ok ? '' : result.error.join()).toContain(words);
  });
});
