import { describe, expect, test } from 'vitest';
import { parseShorthand, severityOf } from './openslo.ts';
import { exportOpenSlo } from './openslo-export.ts';
import { type ImportedSlo, importOpenSlo } from './openslo-import.ts';
import { checkSlo } from './slo.ts';

const ROUTER = { foreignSources: 'router' } as const;

function only(text: string, options?: Parameters<typeof importOpenSlo>[1]): ImportedSlo {
  const slos = importOpenSlo(text, options);
  if (slos.length !== 1 || !slos[0]) throw new Error(`${slos.length} objectives`);
  return slos[0];
}

/** An SLO of the shape that the specification's README shows, with its pieces to be changed. */
function slo(
  changes: Partial<Record<'window' | 'method' | 'objectives' | 'indicator' | 'policies', string>> = {},
) {
  return `
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
  displayName: Checkout works
  labels:
    team: [shop, pay]
spec:
  description: What we promise at the till
  service: shop
  indicator:
    metadata: { name: checkout-errors }
    spec:${
      changes.indicator ??
      `
      ratioMetric:
        counter: true
        bad: { metricSource: { type: heroku-router, spec: { app: shop-eu, methods: [POST], badStatuses: ['404'] } } }
        total: { metricSource: { type: heroku-router, spec: { app: shop-eu, methods: [POST] } } }`
    }
  timeWindow:
    - ${changes.window ?? '{ duration: 4w, isRolling: true }'}
  budgetingMethod: ${changes.method ?? 'Occurrences'}
  objectives:
    - ${changes.objectives ?? '{ target: 0.995 }'}
  alertPolicies: ${changes.policies ?? '[]'}
`;
}

const FOREIGN = `
      ratioMetric:
        good: { metricSource: { type: Prometheus, spec: { query: good } } }
        total: { metricSource: { type: Prometheus, spec: { query: all } } }`;

describe('an SLO of v1', () => {
  test('becomes an objective', () => {
    const { name, slug, app, definition, faults, warnings } = only(slo());
    expect({ name, slug, app, faults, warnings }).toEqual({
      name: 'checkout',
      slug: 'checkout',
      app: 'shop-eu',
      faults: [],
      warnings: [],
    });
    expect(definition).toMatchObject({
      title: 'Checkout works',
      description: 'What we promise at the till',
      indicator: { kind: 'availability', badStatuses: ['404'], codes: {} },
      scope: { methods: ['POST'], hosts: [] },
      target: '0.995',
      period: { kind: 'rolling', days: 28 },
      budgeting: { kind: 'occurrences' },
      tiers: [],
      tags: ['team=shop', 'team=pay'],
    });
  });

  test.each([
    ['{ target: 0.9995 }', '0.9995'],
    ['{ targetPercent: 99.95 }', '0.9995'],
    ['{ targetPercent: 99.9 }', '0.999'],
    ['{ target: "0.99950" }', '0.9995'],
  ])('the target of %s is exactly %s', (objectives, target) => {
    expect(only(slo({ objectives })).definition?.target).toBe(target);
  });

  test.each([
    ['{ duration: 30d, isRolling: true }', { kind: 'rolling', days: 30 }],
    ['{ duration: 1Q, isRolling: true }', { kind: 'rolling', days: 90 }],
    [
      '{ duration: 1w, calendar: { startTime: 2024-01-01 00:00:00, timeZone: Europe/Berlin } }',
      { kind: 'calendar', unit: 'week', zone: 'Europe/Berlin' },
    ],
    [
      '{ duration: 1Q, isRolling: false, calendar: { startTime: 2024-04-01 00:00:00, timeZone: America/New_York } }',
      { kind: 'calendar', unit: 'quarter', zone: 'America/New_York' },
    ],
  ])('the time window %s', (window, period) => {
    expect(only(slo({ window })).definition?.period).toEqual(period);
  });

  test.each([
    ['1w', '2024-01-01', true],
    ['1w', '2024-01-02', false],
    ['1M', '2024-02-01', true],
    ['1M', '2024-02-15', false],
    ['1Q', '2024-07-01', true],
    ['1Q', '2024-02-01', false],
  ])('a calendar of %s from %s on begins where ours do: %s', (duration, day, isNatural) => {
    const window = `{ duration: ${duration}, calendar: { startTime: ${day} 00:00:00, timeZone: UTC } }`;
    const { definition, warnings } = only(slo({ window }));
    expect(definition?.period.kind).toBe('calendar');
    expect(warnings).toHaveLength(isNatural ? 0 : 1);
  });

  test('a threshold metric is a latency', () => {
    const indicator = `
      thresholdMetric: { metricSource: { type: heroku-router, spec: { pathShapes: [/search], excludeLongLived: false } } }`;
    const { definition, app } = only(slo({ indicator, objectives: '{ op: lte, value: 500, target: 0.99 }' }));
    expect(definition?.indicator).toEqual({ kind: 'latency', thresholdMs: 500, excludeLongLived: false });
    expect(definition?.scope.pathShapes).toEqual(['/search']);
    expect(app).toBe('shop');
  });

  test('time slices of both kinds; a bare number is minutes', () => {
    const objectives = '{ target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 5 }';
    expect(only(slo({ method: 'Timeslices', objectives })).definition?.budgeting).toEqual({
      kind: 'timeslices',
      sliceMinutes: 5,
      sliceTarget: '0.95',
    });
    const mean = '{ target: 0.99, timeSliceWindow: 1m }';
    expect(only(slo({ method: 'RatioTimeslices', objectives: mean })).definition?.budgeting).toMatchObject({
      kind: 'ratioTimeslices',
      sliceMinutes: 1,
    });
  });

  test('several objectives become one each', () => {
    const slos = importOpenSlo(
      slo({ objectives: '{ displayName: Internal, target: 0.995 }\n    - { target: 0.99 }' }),
    );
    expect(slos.map(({ slug, definition }) => [slug, definition?.title, definition?.target])).toEqual([
      ['checkout', 'Checkout works: Internal', '0.995'],
      ['checkout-2', 'Checkout works: objective 2', '0.99'],
    ]);
  });
});

describe('alert policies', () => {
  const condition = (inner: string, severity = 'page') => `
    - kind: AlertPolicy
      metadata: { name: fast }
      spec:
        alertWhenBreaching: true
        conditions:
          - kind: AlertCondition
            metadata: { name: fast }
            spec: { severity: ${severity}, condition: { ${inner} } }
        notificationTargets: [{ targetRef: on-call }]`;

  test('are tiers; the short window that OpenSLO cannot say is a twelfth', () => {
    const policies = condition('kind: burnrate, op: gt, threshold: 14.4, lookbackWindow: 1h, alertAfter: 2m');
    const { definition, warnings } = only(slo({ policies }));
    expect(definition?.tiers).toEqual([
      {
        severity: 'page',
        longMinutes: 60,
        shortMinutes: 5,
        factor: 14.4,
        forMinutes: 2,
        keepFiringMinutes: 10,
        minBad: 5,
      },
    ]);
    expect(warnings.join()).toContain('a twelfth of the long one is taken: 5m');
  });

  test('lte, as in the specification’s samples, is read as gt and said', () => {
    const policies = condition('op: lte, threshold: 2, lookbackWindow: 1h, alertAfter: 5m', 'sev1');
    const { definition, warnings } = only(slo({ policies }));
    expect(definition?.tiers[0]).toMatchObject({ severity: 'page', factor: 2, forMinutes: 5 });
    expect(warnings.join()).toContain('op lte is read as gt');
  });

  test('and conditions may stand elsewhere in the file', () => {
    const text = `${slo({ policies: '[{ alertPolicyRef: slow }]' })}---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: { name: slow }
spec: { alertWhenBreaching: true, conditions: [{ conditionRef: day }], notificationTargets: [] }
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: { name: day }
spec: { severity: ticket, condition: { op: gt, threshold: 3, lookbackWindow: 1d } }
`;
    expect(only(text).definition?.tiers[0]).toMatchObject({
      severity: 'ticket',
      longMinutes: 1440,
      shortMinutes: 120,
    });
  });

  test('not mentioned leaves the default tiers, an empty list none', () => {
    const none = only(slo({ policies: '' }));
    expect(none.definition?.tiers).toHaveLength(4);
    expect(none.warnings.join()).toContain('the default tiers of the period are taken');
  });

  test.each([
    ['[{ alertPolicyRef: nowhere }]', 'there is no AlertPolicy "nowhere"'],
    [condition('kind: budget, op: gt, threshold: 1, lookbackWindow: 1h'), 'only burnrate is known'],
    [condition('op: gt, threshold: 1, lookbackWindow: soon'), 'shorthands'],
    [condition('op: gt, threshold: 900, lookbackWindow: 1h'), 'can never fire'],
  ])('%j is refused', (policies, words) => {
    const { definition, faults } = only(slo({ policies }));
    expect(definition).toBeNull();
    expect(faults.join()).toContain(words);
  });
});

describe('sources of others', () => {
  test('are refused with what to write instead', () => {
    const { definition, faults } = only(slo({ indicator: FOREIGN }));
    expect(definition).toBeNull();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/source \(Prometheus\) cannot be asked: .* write type heroku-router/);
  });

  test('or measured at the router, where that is asked for, and said', () => {
    const { definition, warnings } = only(slo({ indicator: FOREIGN }), ROUTER);
    expect(definition?.indicator).toEqual({ kind: 'availability', codes: {}, badStatuses: [] });
    expect(warnings[0]).toContain("requests at the app's router are measured in its place");
  });

  test('a data source of the file names the type', () => {
    const indicator = `
      ratioMetric: { bad: { metricSource: { metricSourceRef: ours } }, total: { metricSource: { metricSourceRef: ours } } }`;
    const source =
      'apiVersion: openslo/v1\nkind: DataSource\nmetadata: { name: ours }\nspec: { type: heroku-router }\n';
    expect(only(`${slo({ indicator })}---\n${source}`).faults).toEqual([]);
    expect(only(slo({ indicator })).faults[0]).toContain('source (ours)');
  });
});

/** Shapes of every SLO in the specification's README and examples folder, in words of our own. */
describe('the specification’s own examples import', () => {
  const any = '{ metricSource: { type: Any, spec: { query: Any } } }';
  const ratio = `\n      ratioMetric: { good: ${any}, total: ${any} }`;

  test('examples/budgeting-method/occurences: a threshold with lt, two weeks, alertPolicies of nothing', () => {
    const { definition, faults } = only(
      slo({
        indicator: `\n      thresholdMetric: ${any}`,
        window: '{ duration: 2w, isRolling: true }',
        objectives: '{ displayName: Good experience, op: lt, value: 500, target: 0.99 }',
        policies: '',
      }),
      ROUTER,
    );
    expect(faults).toEqual([]);
    expect(definition?.indicator).toMatchObject({ kind: 'latency', thresholdMs: 500 });
  });

  test('ratio-timeslices: an op that means nothing, a slice window, no alertPolicies', () => {
    const objectives = '{ displayName: Good, op: gt, timeSliceWindow: 1m, target: 0.99 }';
    const text = slo({ indicator: ratio, method: 'RatioTimeslices', objectives }).replace(
      / {2}alertPolicies.*\n/,
      '',
    );
    expect(only(text, ROUTER).definition?.budgeting.kind).toBe('ratioTimeslices');
  });

  test('timeslices-slo: two objectives, a calendar month that is written 1m and starts at noon', () => {
    const slos = importOpenSlo(
      slo({
        indicator: ratio,
        method: 'Timeslices',
        window:
          '{ duration: 1m, isRolling: false, calendar: { startTime: 2022-01-01 12:00:00, timeZone: America/New_York } }',
        objectives:
          '{ op: gt, target: 0.995, timeSliceTarget: 0.99, timeSliceWindow: 1m }\n    - { target: 0.99, timeSliceTarget: 0.99, timeSliceWindow: 1m }',
      }),
      ROUTER,
    );
    expect(slos.map(({ definition }) => definition?.period)).toEqual([
      { kind: 'calendar', unit: 'month', zone: 'America/New_York' },
      { kind: 'calendar', unit: 'month', zone: 'America/New_York' },
    ]);
    expect(slos[0]?.warnings.join()).toMatch(/1m .* taken as 1M.*begins at midnight on its first day here/);
  });

  test('the README’s inlined indicator: neither time window nor budgeting method', () => {
    const text = slo({ indicator: ratio }).replace(/ {2}timeWindow:\n.*\n {2}budgetingMethod.*\n/, '');
    const { definition, warnings } = only(text, ROUTER);
    expect(definition?.period).toEqual({ kind: 'rolling', days: 30 });
    expect(warnings.join()).toContain('30 rolling days are taken');
  });

  test('a composite with an indicator an objective becomes its parts', () => {
    const part = (target: number) =>
      `{ target: ${target}, indicator: { metadata: { name: x }, spec: { ratioMetric: { good: ${any}, total: ${any} } } } }`;
    const text = slo({ objectives: `${part(0.98)}\n    - ${part(0.95)}` }).replace(
      / {2}indicator:\n(?: {4}.*\n| {6,}.*\n)+/,
      '',
    );
    const slos = importOpenSlo(text, ROUTER);
    expect(slos.map(({ definition }) => definition?.target)).toEqual(['0.98', '0.95']);
    expect(slos[0]?.warnings.join()).toContain('make the composite of them');
  });

  test('v2alpha: sli, data sources, labels as plain text, an SLI referred to', () => {
    const inline = `
apiVersion: openslo.com/v2alpha
kind: SLO
metadata: { name: foo-slo, labels: { team: shop } }
spec:
  service: foo
  sli:
    metadata: { name: foo-error }
    spec:
      ratioMetric:
        counter: true
        good: { dataSourceRef: datadog, spec: { query: good } }
        total: { dataSourceRef: datadog, spec: { query: all } }
  objectives: [{ displayName: Foo Total Errors, target: 0.98 }]
`;
    expect(only(inline).faults[0]).toContain('source (datadog)');
    const { definition } = only(inline, ROUTER);
    expect([definition?.title, definition?.target, definition?.tags]).toEqual([
      'foo-slo',
      '0.98',
      ['team=shop'],
    ]);
    const referred = `
apiVersion: openslo.com/v2alpha
kind: SLO
metadata: { name: late }
spec: { service: foo, sliRef: slow, budgetingMethod: Occurrences, objectives: [{ op: lte, value: 300, target: 0.9 }] }
---
apiVersion: openslo.com/v2alpha
kind: SLI
metadata: { name: slow }
spec: { thresholdMetric: { dataSourceSpec: { type: heroku-router }, spec: { app: foo-eu } } }
`;
    expect(only(referred)).toMatchObject({ app: 'foo-eu', faults: [] });
  });
});

describe('what is wrong is said', () => {
  test.each([
    ['', 'there is no document in it'],
    ['a: [1', 'no YAML or JSON'],
    ['7', 'document 1 is not an object'],
    ['apiVersion: openslo/v1alpha\nkind: SLO', 'the apiVersion "openslo/v1alpha"'],
    ['apiVersion: openslo/v1\nkind: Dashboard', 'unknown kind "Dashboard"'],
    ['apiVersion: openslo/v1\nkind: Service', 'no document of kind SLO'],
    ['apiVersion: openslo/v1\nkind: SLO', 'there is none'],
    [
      `a: &a [x, x]\n${'bcdefghijkl'.replace(/./g, (c, i: number) => `${c}: &${c} [*${'abcdefghijk'[i]}, *${'abcdefghijk'[i]}, *${'abcdefghijk'[i]}]\n`)}`,
      'alias',
    ],
  ])('%j', (text, words) => {
    const slos = importOpenSlo(text);
    expect(slos.flatMap(({ faults }) => faults).join()).toContain(words);
    expect(slos.every(({ definition }) => definition === null)).toBe(true);
  });

  test.each([
    [{ objectives: '{ target: 0.99, targetPercent: 99 }' }, 'exactly one of target'],
    [{ objectives: '{ targetPercent: 100 }' }, 'leaves no budget'],
    [
      { window: '{ duration: 1d, calendar: { startTime: 2024-01-01 00:00:00, timeZone: UTC } }' },
      '1w, 1M and 1Q',
    ],
    [{ window: '{ duration: 12h, isRolling: true }' }, 'period.days'],
    [
      { window: '{ duration: 1M, calendar: { startTime: 2024-01-01 00:00:00, timeZone: Mars/Olympus } }' },
      'time zone',
    ],
    [{ method: 'Guess' }, 'budgeting.kind'],
    [{ method: 'Timeslices' }, 'budgeting'],
  ])('%j', (changes, words) => {
    const { definition, faults } = only(slo(changes));
    expect(definition).toBeNull();
    expect(faults.join()).toContain(words);
  });
});

test('JSON is read too, one document or a list of them', () => {
  const checked = checkSlo({ title: 'A', indicator: { kind: 'availability' }, target: '0.99' });
  if (!checked.ok) throw new Error('not valid');
  const text = exportOpenSlo([{ slug: 'a', app: 'shop', definition: checked.value }], 'json');
  expect(JSON.parse(text)).toHaveLength(2);
  expect(only(text).definition).toEqual(checked.value);
  expect(only(JSON.stringify(JSON.parse(text)[0])).definition).toEqual(checked.value);
});

test('duration shorthands and words for severities', () => {
  expect(
    ['5m', '1h', '4w', '1M', '1Q', '1Y', '5', '0m'].map((text) => parseShorthand(text)?.minutes),
  ).toEqual([5, 60, 40_320, 43_200, 129_600, 525_600, 5, 0]);
  expect(['', '1.5h', '-1d', '3s', 'm', '0M'].map(parseShorthand)).toEqual(Array(6).fill(null));
  expect(['page', 'SEV1', 'p0', 'critical', 'ticket', 'warning', 'sev3', 'banana'].map(severityOf)).toEqual([
    'page',
    'page',
    'page',
    'page',
    'ticket',
    'ticket',
    'ticket',
    null,
  ]);
});
