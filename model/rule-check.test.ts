import { describe, expect, test } from 'vitest';
import type { RuleKind, SettingsByKind } from './rule.ts';
import { checkRule } from './rule-check.ts';
import { RULE_DEFAULTS } from './rule-defaults.ts';
import { RULE_KINDS } from './rule-kinds.ts';
import { ruleSentence } from './rule-words.ts';

function faultsOf(rule: unknown): string[] {
  const checked = checkRule(rule);
  return checked.ok ? [] : checked.error.map(({ path }) => path).sort();
}

/** One of each, as it is written in rule.ts: the compiler holds it to the settings, the test to the form. */
const SETTINGS: SettingsByKind = {
  codeRate: { codes: ['H12'], perMinute: 1, windowMinutes: 5 },
  failedShare: { ratio: 0.1, minRequests: 1, windowMinutes: 5 },
  latency: { quantile: 'p99', ms: 800, minRequests: 1, windowMinutes: 5 },
  requestRate: { direction: 'under', perMinute: 1, windowMinutes: 5 },
  memory: { ratio: 1, processTypes: ['web'], windowMinutes: 5 },
  swap: { mb: 1, processTypes: [], windowMinutes: 5 },
  load: { load: 1, processTypes: [], windowMinutes: 5 },
  restarts: { count: 1, processTypes: [], windowMinutes: 5 },
  crashes: { count: 1, processTypes: [], windowMinutes: 5 },
  memoryCode: { codes: ['R15'], minMinutes: 0, processTypes: [] },
  memoryLeak: { processTypes: [] },
  addon: { measure: 'metric', metric: 'db_size', addon: '', direction: 'over', value: 1, windowMinutes: 5 },
  custom: { metric: 'orders', direction: 'under', value: 1, windowMinutes: 5 },
  drainSilent: { silentMinutes: 3 },
  drainDropping: { messages: 1, windowMinutes: 5 },
  incompleteData: { minutes: 1, windowMinutes: 5 },
  trafficCollapse: { ratio: 0.1, score: 6, zone: 'Europe/Berlin' },
  anomaly: { metric: 'load', direction: 'both', score: 4, zone: 'UTC' },
  releasePhaseFailed: { clearAfterMinutes: 10 },
};

describe('kinds', () => {
  test.each(Object.keys(SETTINGS) as RuleKind[])(
    '%s: its form has just the settings that are written down',
    (kind) => {
      const spec = RULE_KINDS.find((one) => one.kind === kind);
      expect(spec?.fields.map(({ name }) => name).sort()).toEqual(Object.keys(SETTINGS[kind]).sort());
      const checked = checkRule({ kind, settings: SETTINGS[kind] });
      expect(checked).toMatchObject({ ok: true, value: { kind, settings: SETTINGS[kind], isOn: true } });
    },
  );

  test('each can be made of nothing but its name, where it needs no other; and says what it does', () => {
    for (const { kind } of RULE_KINDS) {
      const checked = checkRule({ kind, ...(kind === 'custom' && { settings: { metric: 'orders' } }) });
      if (!checked.ok) throw new Error(`${kind}: ${JSON.stringify(checked.error)}`);
      const sentence = ruleSentence(checked.value);
      expect(sentence).toMatch(/^(Pages|Tickets|Tells) when [^{}]+\.$/);
      expect(sentence).not.toMatch(/undefined|NaN|\[object/);
    }
    expect(RULE_KINDS).toHaveLength(Object.keys(SETTINGS).length);
  });

  test('by default nothing pages but the two that no other alert can see', () => {
    const pages = RULE_KINDS.filter(({ defaults }) => defaults.severity === 'page').map(({ kind }) => kind);
    expect(pages.sort()).toEqual(['drainSilent', 'trafficCollapse']);
  });
});

describe('defaults', () => {
  test.each(RULE_DEFAULTS.map(({ key, draft }) => [key, draft] as const))('%s is a rule', (_key, draft) => {
    expect(checkRule(draft)).toEqual({ ok: true, value: draft });
  });

  test('few, each of its own name, two of them pages', () => {
    expect(new Set(RULE_DEFAULTS.map(({ key }) => key)).size).toBe(RULE_DEFAULTS.length);
    expect(RULE_DEFAULTS.length).toBeLessThanOrEqual(10);
    expect(RULE_DEFAULTS.filter(({ draft }) => draft.severity === 'page')).toHaveLength(2);
  });
});

describe('faults', () => {
  test('all at once, each at its place', () => {
    expect(
      faultsOf({
        kind: 'latency',
        title: ' ',
        severity: 'loud',
        isOn: 'yes',
        forMinutes: -1,
        keepFiringMinutes: 1.5,
        onNoData: 'shrug',
        runbookUrl: 'javascript:alert(1)',
        colour: 'red',
        settings: { quantile: 'p42', ms: Number.NaN, minRequests: '20', windowMinutes: 61, shape: 'round' },
      }),
    ).toEqual([
      'colour',
      'forMinutes',
      'isOn',
      'keepFiringMinutes',
      'onNoData',
      'runbookUrl',
      'settings.minRequests',
      'settings.ms',
      'settings.quantile',
      'settings.shape',
      'settings.windowMinutes',
      'severity',
      'title',
    ]);
  });

  test.each([
    [null, ['']],
    [[], ['']],
    ['rule', ['']],
    [{}, ['kind']],
    [{ kind: '__proto__' }, ['kind']],
    [{ kind: 'constructor' }, ['kind']],
    [{ kind: 'load', settings: [] }, ['settings']],
    [{ kind: 'load', settings: 'none' }, ['settings']],
    [{ kind: 'codeRate', settings: { codes: [] } }, ['settings.codes']],
    [{ kind: 'codeRate', settings: { codes: ['H12', 'H12'] } }, ['settings.codes']],
    [{ kind: 'codeRate', settings: { codes: ['H12', 'X1'] } }, ['settings.codes']],
    [{ kind: 'memoryCode', settings: { codes: ['H12'] } }, ['settings.codes']],
    [{ kind: 'load', settings: { processTypes: ['a\tb'] } }, ['settings.processTypes']],
    [{ kind: 'load', settings: { processTypes: ['\u0000'] } }, ['settings.processTypes']],
    [{ kind: 'load', settings: { processTypes: Array(21).fill('web') } }, ['settings.processTypes']],
    [{ kind: 'addon', settings: { measure: 'metric' } }, ['settings.metric']],
    [{ kind: 'custom', settings: { metric: '\ud800' } }, ['settings.metric']],
    [{ kind: 'incompleteData', settings: { minutes: 10, windowMinutes: 5 } }, ['settings.minutes']],
    [{ kind: 'anomaly', settings: { zone: 'Middle/Earth' } }, ['settings.zone']],
    [{ kind: 'anomaly', settings: { zone: '' } }, ['settings.zone']],
  ])('%j', (rule, paths) => {
    expect(faultsOf(rule)).toEqual(paths);
  });
});

describe('sentences', () => {
  test.each([
    [
      'latency',
      { quantile: 'p95', ms: 800 },
      { forMinutes: 2 },
      'Tickets when p95 is at or over 800 ms in the last 5 min, for 2 min.',
    ],
    [
      'addon',
      { measure: 'connections' },
      { forMinutes: 0 },
      'Tickets when connections in use of an add-on is at or over 90 %.',
    ],
    ['drainSilent', {}, {}, 'Pages when no line of the app comes for longer than is usual.'],
    ['memoryCode', {}, {}, 'Tickets when R14 lasts 5 min or R15 comes.'],
    [
      'anomaly',
      { metric: 'requests', direction: 'under' },
      {},
      'Tickets when requests are far below what is usual at this time of the week.',
    ],
  ])('%s', (kind, settings, common, sentence) => {
    const checked = checkRule({ kind, settings, ...common });
    expect(checked.ok && ruleSentence(checked.value)).toBe(sentence);
  });
});
