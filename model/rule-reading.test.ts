import { describe, expect, test } from 'vitest';
import { checkRule } from './rule-check.ts';
import { emptyFacts, heardMinutes, setLines } from './rule-facts.ts';
import { RULE_KINDS } from './rule-kinds.ts';
import { needsOf } from './rule-needs.ts';
import { eventsBackMinutes, isDue, lookBackMinutes, readRule } from './rule-reading.ts';
import type { WalkedRule } from './rule-walk.ts';

const NOW = 30_000_000;

function rules(): WalkedRule[] {
  return RULE_KINDS.map(({ kind, fields }) => {
    // The longest that a form lets through.
    const longest = Object.fromEntries(
      fields.filter(({ type }) => type === 'number').map(({ name, max }) => [name, max]),
    );
    const settings = { ...longest, ...(kind === 'custom' && { metric: 'orders' }) };
    const checked = checkRule({ kind, settings });
    if (!checked.ok) throw new Error(`${kind}: ${JSON.stringify(checked.error)}`);
    return { ...checked.value, appId: 1 };
  });
}

describe('what rules look at', () => {
  test.each(rules().map((rule) => [rule.kind, rule] as const))(
    '%s with its longest settings looks back no further than an hour and a bit of series, a day of events',
    (_kind, rule) => {
      expect(lookBackMinutes(rule)).toBeLessThanOrEqual(65);
      expect(eventsBackMinutes(rule)).toBeLessThanOrEqual(1440);
      const needs = needsOf([rule]);
      expect(needs.lookBackMinutes).toBeGreaterThanOrEqual(lookBackMinutes(rule));
      expect(needs.seriesBackMinutes).toBeLessThanOrEqual(needs.lookBackMinutes);
    },
  );

  test.each(rules().map((rule) => [rule.kind, rule] as const))(
    '%s of facts that hold nothing gives nothing to fire by',
    (_kind, rule) => {
      const facts = emptyFacts(1, { from: NOW - 65, to: NOW });
      setLines(
        facts,
        Array.from({ length: 65 }, (_, at) => NOW - 65 + at),
        null,
      );
      const readings = readRule({ ...rule, ...over(rule) } as WalkedRule, facts, NOW, () => false);
      expect(readings.filter(({ isAbove }) => isAbove)).toEqual([]);
    },
  );

  test('rules that are judged seldom take turns: each app once in ten minutes, spread over them', () => {
    const minutes = Array.from({ length: 100 }, (_, at) => NOW + at);
    for (let appId = 1; appId <= 20; appId++) {
      expect(minutes.filter((minute) => isDue({ kind: 'memoryLeak' }, appId, minute))).toHaveLength(10);
      expect(minutes.filter((minute) => isDue({ kind: 'anomaly' }, appId, minute))).toHaveLength(20);
      expect(minutes.every((minute) => isDue({ kind: 'crashes' }, appId, minute))).toBe(true);
    }
    const together = Array.from({ length: 100 }, (_, appId) => appId).filter((appId) =>
      isDue({ kind: 'memoryLeak' }, appId, NOW),
    );
    expect(together).toHaveLength(10);
  });
});

/** Of what fires when it is under, the side that a zero is not on. */
function over(rule: WalkedRule): object {
  return 'direction' in rule.settings ? { settings: { ...rule.settings, direction: 'over' } } : {};
}

describe('minutes in which none is none', () => {
  const facts = (lines: number[]) => {
    const own = emptyFacts(1, { from: NOW - 30, to: NOW });
    own.silentAfterMinutes = 5;
    setLines(
      own,
      lines.map((at) => NOW + at),
      null,
    );
    return own;
  };

  test.each([
    ['a line in each', [-5, -4, -3, -2, -1], 5],
    ['a short pause in between counts', [-5, -1], 5],
    ['what comes after the newest line does not', [-5, -4, -3], 3],
    ['a silence in between does not', [-30, -20, -2, -1], 2],
    ['no line at all', [-30], 1],
  ])('%s', (_title, lines, heard) => {
    expect(heardMinutes(facts(lines), NOW, 5)).toBe(heard);
  });
});
