import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NAME_FORM, type NamedSlo, nameOf } from './openslo.ts';
import { exportOpenSlo } from './openslo-export.ts';
import { importOpenSlo } from './openslo-import.ts';
import { checkSlo, type SloDefinition } from './slo.ts';
import { targetOf } from './target.ts';
import { canFire } from './tiers.ts';

/** Texts that YAML must quote are among them: `yes`, `1e3`, `: `, `- `, emoji, line ends. */
const wordsArb = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
    fc.constantFrom('yes', '1e3', '~', 'a: b', '- x', '0x1F', 'null', "it's"),
  )
  .filter((text) => text.trim() !== '' && text.isWellFormed());

const decimalArb = fc
  .integer({ min: 1, max: 999_999 })
  .map((parts) => `0.${String(parts).padStart(6, '0').replace(/0+$/, '')}`)
  .filter((text) => text !== '0.');

const listOf = <T>(arb: fc.Arbitrary<T>) => fc.uniqueArray(arb, { maxLength: 3 });
const shapeArb = fc.constantFrom('/cart/{id}', '/api/*', '/', '/a:b', '*', '/yes');

const scopeArb = fc.record({
  processTypes: listOf(fc.constantFrom('web', 'api', 'null')),
  methods: listOf(fc.constantFrom('GET', 'POST', 'PUT')),
  hosts: listOf(fc.constantFrom('shop.example.com', '1.2.3.4', 'a:8080')),
  pathShapes: listOf(shapeArb),
  excludedPathShapes: listOf(shapeArb),
});

const indicatorArb = fc.oneof(
  fc.record({
    kind: fc.constant('availability' as const),
    codes: fc.dictionary(fc.constantFrom('H80', 'H83', 'H14', 'H15'), fc.boolean()),
    badStatuses: listOf(fc.constantFrom('404', '4xx', '429')),
  }),
  fc.record({
    kind: fc.constant('latency' as const),
    thresholdMs: fc.integer({ min: 1, max: 60_000 }),
    excludeLongLived: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('composite' as const),
    members: fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 4 }),
  }),
);

const tierArb = fc.integer({ min: 12, max: 4320 }).chain((longMinutes) =>
  fc.record({
    severity: fc.constantFrom('page' as const, 'ticket' as const),
    longMinutes: fc.constant(longMinutes),
    shortMinutes: fc.integer({ min: 1, max: longMinutes }),
    factor: fc.oneof(fc.constantFrom(14.4, 6, 7 / 30), fc.double({ min: 0.001, max: 100, noNaN: true })),
    forMinutes: fc.nat(60),
    keepFiringMinutes: fc.nat(60),
    minBad: fc.nat(1000),
  }),
);

const periodArb = fc.oneof(
  fc.record({ kind: fc.constant('rolling' as const), days: fc.integer({ min: 1, max: 366 }) }),
  fc.record({
    kind: fc.constant('calendar' as const),
    unit: fc.constantFrom('week' as const, 'month' as const, 'quarter' as const),
    zone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York'),
  }),
);

const sliceArb = fc.constantFrom(1, 5, 15, 60);
const budgetingArb = fc.oneof(
  fc.constant({ kind: 'occurrences' as const }),
  fc.record({
    kind: fc.constant('timeslices' as const),
    sliceMinutes: sliceArb,
    sliceTarget: fc.oneof(decimalArb, fc.constant('1')),
  }),
  fc.record({ kind: fc.constant('ratioTimeslices' as const), sliceMinutes: sliceArb }),
);

const definitionArb: fc.Arbitrary<SloDefinition> = fc
  .record({
    title: wordsArb,
    description: fc.oneof(fc.constant(''), wordsArb),
    indicator: indicatorArb,
    scope: scopeArb,
    target: decimalArb,
    period: periodArb,
    budgeting: budgetingArb,
    tiers: fc.array(tierArb, { maxLength: 4 }),
    useCoverage: fc.boolean(),
    holdOnMissing: fc.boolean(),
    tags: listOf(fc.constantFrom('team=shop', 'yes', '7', 'tier one', '~')),
    runbookUrl: fc.constantFrom('', 'https://wiki.example.com/a?b=c#d'),
    budgetAlerts: fc.uniqueArray(fc.nat(99), { maxLength: 5 }),
  })
  .map((draft) => {
    const { scope, tiers, ...rest } = draft;
    const possible = tiers.filter((tier) => canFire(tier, targetOf(draft.target)));
    const checked = checkSlo({
      ...rest,
      tiers: possible,
      ...(draft.indicator.kind !== 'composite' && { scope }),
    });
    if (!checked.ok) throw new Error(JSON.stringify(checked.error));
    return checked.value;
  });

const namedArb: fc.Arbitrary<NamedSlo> = fc.record({
  slug: wordsArb.map(nameOf),
  app: fc.constantFrom('shop', 'shop-eu', '7'),
  definition: definitionArb,
});

test('what was exported imports as itself, in YAML and in JSON, without a fault or a warning', () => {
  fc.assert(
    fc.property(
      fc.array(namedArb, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('yaml' as const, 'json' as const),
      (slos, format) => {
        const back = importOpenSlo(exportOpenSlo(slos, format));
        expect(back.flatMap(({ faults, warnings }) => [...faults, ...warnings])).toEqual([]);
        expect(back.map(({ slug, app, definition }) => ({ slug, app, definition }))).toEqual(slos);
      },
    ),
    { numRuns: 200 },
  );
});

test('R-06 no text makes the import throw', () => {
  const pieces = fc.constantFrom(
    'apiVersion: openslo/v1\n',
    'kind: SLO\n',
    'spec:\n',
    '  objectives:\n',
    '    - target: .5\n',
    '  alertPolicies: [{ spec: { conditions: [1, null, {}] } }]\n',
    '  timeWindow: [x]\n',
    '  indicator: { spec: { ratioMetric: { bad: 1 } } }\n',
    'metadata: []\n',
    '---\n',
    '&a [*a]\n',
    '\t',
    '{"',
    '!!js/function x\n',
    '<<: *x\n',
  );
  const textArb = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 }))).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(textArb, (text) => {
      expect(importOpenSlo(text, { foreignSources: 'router' }).length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test('every name is an RFC 1123 label, and names that are stay', () => {
  fc.assert(
    fc.property(fc.string(), (text) => NAME_FORM.test(nameOf(text)) && nameOf(nameOf(text)) === nameOf(text)),
  );
  expect(nameOf('Größe der Bestellung!')).toBe('grosse-der-bestellung');
});
