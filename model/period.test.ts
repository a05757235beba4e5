import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { nominalMinutes, periodAt } from './period.ts';
import type { Period } from './slo.ts';

const NEW_YORK = 'America/New_York';
const BERLIN = 'Europe/Berlin';

function minuteOf(iso: string): number {
  return Date.parse(iso) / 60_000;
}

/** The period that holds an instant, as ISO texts. */
function span(unit: 'week' | 'month' | 'quarter', zone: string, iso: string, offset = 0): [string, string] {
  const { from, to } = periodAt({ kind: 'calendar', unit, zone }, minuteOf(iso), offset);
  return [iso8601(from), iso8601(to)];
}

function iso8601(minute: number): string {
  return new Date(minute * 60_000).toISOString().replace(':00.000Z', 'Z');
}

describe('rolling', () => {
  test('are the minutes that an evaluation sees', () => {
    const period: Period = { kind: 'rolling', days: 30 };
    expect(periodAt(period, 100_000)).toEqual({ from: 100_000 - 43_200, to: 100_000 });
    expect(periodAt(period, 100_000, -1)).toEqual({ from: 100_000 - 86_400, to: 100_000 - 43_200 });
  });
});

describe('T-12 calendar periods are exact', () => {
  test('a week begins on Monday, at midnight of its zone', () => {
    // 22 November 2026 is a Sunday.
    expect(span('week', 'UTC', '2026-11-22T23:59Z')).toEqual(['2026-11-16T00:00Z', '2026-11-23T00:00Z']);
    expect(span('week', 'UTC', '2026-11-23T00:00Z')).toEqual(['2026-11-23T00:00Z', '2026-11-30T00:00Z']);
    expect(span('week', NEW_YORK, '2026-11-23T04:59Z')[1]).toBe('2026-11-23T05:00Z');
    expect(span('week', 'Asia/Kathmandu', '2026-11-22T18:15Z')[0]).toBe('2026-11-22T18:15Z');
  });

  test('months of every length, the leap day, and the end of a year', () => {
    expect(span('month', 'UTC', '2028-02-29T12:00Z')).toEqual(['2028-02-01T00:00Z', '2028-03-01T00:00Z']);
    expect(span('month', 'UTC', '2027-02-28T23:59Z')).toEqual(['2027-02-01T00:00Z', '2027-03-01T00:00Z']);
    expect(span('month', 'UTC', '2026-12-31T23:59Z')).toEqual(['2026-12-01T00:00Z', '2027-01-01T00:00Z']);
    expect(span('month', 'UTC', '2027-01-31T00:00Z', -1)).toEqual(['2026-12-01T00:00Z', '2027-01-01T00:00Z']);
    expect(span('week', 'UTC', '2027-01-01T00:00Z')).toEqual(['2026-12-28T00:00Z', '2027-01-04T00:00Z']);
    expect(span('quarter', 'UTC', '2026-11-21T00:00Z')).toEqual(['2026-10-01T00:00Z', '2027-01-01T00:00Z']);
    expect(span('quarter', BERLIN, '2026-03-31T21:59Z')).toEqual(['2025-12-31T23:00Z', '2026-03-31T22:00Z']);
  });

  test('the year of a zone ends when its own does', () => {
    expect(span('month', 'Pacific/Kiritimati', '2026-12-31T10:00Z')[0]).toBe('2026-12-31T10:00Z');
    expect(span('month', 'Pacific/Pago_Pago', '2027-01-01T10:59Z')[0]).toBe('2026-12-01T11:00Z');
  });
});

describe('T-09–10 clocks that change', () => {
  test('a week with the hour lost has 167 hours, with the hour won 169', () => {
    const hours = (iso: string) => {
      const [from, to] = span('week', BERLIN, iso);
      return (minuteOf(to) - minuteOf(from)) / 60;
    };
    expect(hours('2026-03-25T12:00Z')).toBe(167);
    expect(hours('2026-10-21T12:00Z')).toBe(169);
    expect(hours('2026-07-01T12:00Z')).toBe(168);
  });

  test('a month that begins where midnight is skipped begins at the next time there is', () => {
    // Paraguay went from 00:00 to 01:00 on Sunday 1 October 2017.
    expect(span('month', 'America/Asuncion', '2017-10-15T00:00Z')[0]).toBe('2017-10-01T04:00Z');
    expect(span('month', 'America/Asuncion', '2017-10-01T03:59Z')[1]).toBe('2017-10-01T04:00Z');
  });

  test('where midnight comes twice the first one counts, once', () => {
    // Cuba went back from 01:00 to 00:00 on Sunday 1 November 2026.
    expect(span('month', 'America/Havana', '2026-11-15T00:00Z')[0]).toBe('2026-11-01T04:00Z');
    expect(span('month', 'America/Havana', '2026-11-01T04:30Z')[0]).toBe('2026-11-01T04:00Z');
    expect(span('month', 'America/Havana', '2026-11-01T05:30Z')[0]).toBe('2026-11-01T04:00Z');
  });

  test('set back over midnight, the new month has begun although the clock shows the old one again', () => {
    // Newfoundland went back from 00:01 to 23:01 on 1 November 2009: 00:00 came at 02:30Z and again at 03:30Z.
    const [from] = span('month', 'America/St_Johns', '2009-11-01T03:00Z');
    expect(from).toBe('2009-11-01T02:30Z');
  });

  test.each([
    'UTC',
    BERLIN,
    NEW_YORK,
    'Australia/Lord_Howe',
    'America/Havana',
    'Africa/Casablanca',
    'Asia/Tehran',
  ])(
    'each minute of two years of %s is in exactly one period, and they follow each other without a hole',
    (zone) => {
      for (const unit of ['week', 'month', 'quarter'] as const) {
        const period: Period = { kind: 'calendar', unit, zone };
        let { from, to } = periodAt(period, minuteOf('2026-01-01T00:00Z'));
        while (to < minuteOf('2028-01-10T00:00Z')) {
          expect(periodAt(period, to - 1)).toEqual({ from, to });
          expect(periodAt(period, to, -1)).toEqual({ from, to });
          expect(periodAt(period, from, 1)).toEqual(periodAt(period, to));
          ({ from, to } = periodAt(period, to));
        }
      }
    },
  );
});

test('T-11 the time zone of the process has no part in it', () => {
  const module = fileURLToPath(new URL('./period.ts', import.meta.url));
  const code = `import(${JSON.stringify(module)}).then(({ periodAt }) => console.log(JSON.stringify(
    ['week', 'month', 'quarter'].map((unit) => periodAt({ kind: 'calendar', unit, zone: '${BERLIN}' }, 29901599)))))`;
  const answers = ['UTC', 'Pacific/Apia', 'America/St_Johns'].map((TZ) =>
    execFileSync(process.execPath, ['-e', code], { env: { ...process.env, TZ }, encoding: 'utf8' }),
  );
  expect(new Set(answers).size).toBe(1);
  const own = (['week', 'month', 'quarter'] as const).map((unit) =>
    periodAt({ kind: 'calendar', unit, zone: BERLIN }, 29_901_599),
  );
  expect(JSON.parse(answers[0] ?? '')).toEqual(own);
});

test('factors refer to nominal lengths: a month has 30 days, a quarter 90', () => {
  const days = (unit: 'week' | 'month' | 'quarter') =>
    nominalMinutes({ kind: 'calendar', unit, zone: 'UTC' }) / 1440;
  expect([days('week'), days('month'), days('quarter')]).toEqual([7, 30, 90]);
});
