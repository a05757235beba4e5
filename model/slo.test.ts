import { describe, expect, test } from 'vitest';
import { checkSlo, type SloDefinition, type SloFault } from './slo.ts';

const SHORT = { title: 'Checkout', indicator: { kind: 'availability' }, target: '0.999' };

function valid(definition: unknown): SloDefinition {
  const result = checkSlo(definition);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

function faults(change: object): SloFault[] {
  const result = checkSlo({ ...SHORT, ...change });
  return result.ok ? [] : result.error;
}

describe('a definition', () => {
  test('of three fields gets the defaults: 30 days, four tiers, every guard on', () => {
    const slo = valid(SHORT);
    expect(slo.period).toEqual({ kind: 'rolling', days: 30 });
    expect(slo.tiers.map(({ factor }) => factor)).toEqual([14.4, 6, 3, 1]);
    expect([slo.useCoverage, slo.holdOnMissing, slo.budgetAlerts]).toEqual([true, true, [50, 25, 10, 0]]);
    expect(slo.budgeting).toEqual({ kind: 'occurrences' });
  });

  test('that was checked is unchanged by a second check', () => {
    const once = valid({
      ...SHORT,
      description: 'What the shop promises',
      indicator: { kind: 'latency', thresholdMs: 500, excludeLongLived: false },
      scope: {
        processTypes: ['web'],
        methods: ['POST'],
        hosts: ['shop.example.com'],
        pathShapes: ['/cart/*'],
      },
      period: { kind: 'calendar', unit: 'quarter', zone: 'Europe/Berlin' },
      budgeting: { kind: 'timeslices', sliceMinutes: 5, sliceTarget: '0.95' },
      tags: ['tier one'],
      runbookUrl: 'https://wiki.example.com/checkout',
      budgetAlerts: [10, 50, 10],
    });
    expect(valid(once)).toEqual(once);
    expect(once.budgetAlerts).toEqual([50, 10]);
  });

  test('takes a target as a number for what it prints', () => {
    expect(valid({ ...SHORT, target: 0.9995 }).target).toBe('0.9995');
  });

  test('with a low target leaves out the default tier that could never fire', () => {
    expect(valid({ ...SHORT, target: '0.9' }).tiers.map(({ factor }) => factor)).toEqual([6, 3, 1]);
  });
});

describe('faults', () => {
  test('are all told at once, with their places', () => {
    const result = checkSlo({ title: ' ', target: '99.9', indicator: { kind: 'magic' }, priod: 1 });
    expect(result.ok ? [] : result.error.map(({ path }) => path)).toEqual([
      'priod',
      'title',
      'target',
      'indicator.kind',
    ]);
  });

  test('a tier that can never fire comes with the nearest usable share', () => {
    const tier = { severity: 'page', longMinutes: 60, shortMinutes: 5, factor: 14.4 };
    const [fault] = faults({ target: '0.9', tiers: [tier] });
    expect(fault?.path).toBe('tiers.0.factor');
    expect(fault?.text).toContain('can never fire');
    expect(fault?.advice).toContain('1.3 %, a factor of 9.36');
  });

  test('a target in per cent is understood well enough to say how to write it', () => {
    expect(faults({ target: '99.95' })[0]?.advice).toContain('0.9995');
  });

  test.each<[object, string, string]>([
    [{ target: '1' }, 'target', 'leaves no budget'],
    [{ period: { kind: 'calendar', unit: 'month', zone: 'Mars/Olympus' } }, 'period.zone', 'time zone'],
    [{ period: { kind: 'rolling', days: 0 } }, 'period.days', 'from 1 to 366'],
    [{ period: { kind: 'calendar', unit: 'day' } }, 'period.unit', 'week, month, quarter'],
    [{ indicator: { kind: 'latency', thresholdMs: 0 } }, 'indicator.thresholdMs', 'from 1 to'],
    [{ indicator: { kind: 'availability', codes: { H12: false } } }, 'indicator.codes.H12', 'not a field'],
    [{ indicator: { kind: 'availability', badStatuses: ['600'] } }, 'indicator.badStatuses.0', 'status'],
    [{ indicator: { kind: 'composite', members: ['x'] } }, 'indicator.members.0', 'id of an objective'],
    [{ scope: { methods: ['get'] } }, 'scope.methods.0', 'capitals'],
    [{ scope: { pathShapes: ['cart'] } }, 'scope.pathShapes.0', 'path shape'],
    [
      { budgeting: { kind: 'timeslices', sliceMinutes: 7, sliceTarget: '0.9' } },
      'budgeting.sliceMinutes',
      'divide',
    ],
    [
      { tiers: [{ severity: 'page', longMinutes: 5, shortMinutes: 60, factor: 1 }] },
      'tiers.0.shortMinutes',
      'longer',
    ],
    [{ tiers: [{ severity: 'info', longMinutes: 60, factor: 1 }] }, 'tiers.0.severity', 'page, ticket'],
    [{ tiers: [{ severity: 'page', longMinutes: 60, factor: Number.NaN }] }, 'tiers.0.factor', 'above 0'],
    [{ tags: ['a', 'a'] }, 'tags.1', 'twice'],
    [{ runbookUrl: 'javascript:alert(1)' }, 'runbookUrl', 'address'],
    [{ budgetAlerts: [100] }, 'budgetAlerts.0', 'from 0 to 99'],
    [{ title: 'x'.repeat(121) }, 'title', '120'],
    [{ useCoverage: 'yes' }, 'useCoverage', 'true nor false'],
  ])('%j', (change, path, words) => {
    const found = faults(change);
    expect(found.map((fault) => fault.path)).toContain(path);
    expect(found.map(({ text }) => text).join(' ')).toContain(words);
  });

  test.each([null, undefined, 7, 'text', [], new Date()])(
    '%j is no definition, and nothing throws',
    (value) => {
      expect(checkSlo(value).ok).toBe(false);
    },
  );
});
