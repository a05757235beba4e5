import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

describe('options of the demo', () => {
  it('have defaults', () => {
    expect(parseOptions([])).toEqual({
      seed: 1,
      minutes: undefined,
      apps: 6,
      port: undefined,
      historyHours: 24,
      open: true,
      check: false,
    });
  });

  it('take fractions where they make sense', () => {
    expect(parseOptions(['--minutes', '0.5', '--history=1.5', '--no-open', '--check'])).toMatchObject({
      minutes: 0.5,
      historyHours: 1.5,
      open: false,
      check: true,
    });
  });

  it('refuse what is out of range, in a sentence', () => {
    expect(() => parseOptions(['--apps', '31'])).toThrow('--apps is a number from 1 to 30');
    expect(() => parseOptions(['--apps', '1.5'])).toThrow('--apps is a number from 1 to 30');
    expect(() => parseOptions(['--seed', ''])).toThrow('--seed');
    expect(() => parseOptions(['--apps=-1'])).toThrow('--apps');
    expect(() => parseOptions(['--colour'])).toThrow();
  });
});
