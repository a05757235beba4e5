import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  filterQuery,
  LIST_FIELDS,
  type LogsFilter,
  parseTyped,
  readFilter,
  termText,
  withoutTerm,
  withTerm,
} from './logsFilter.ts';

const asked = (text: string) => readFilter(new URLSearchParams(text));
const back = (filter: LogsFilter) => new URLSearchParams(filterQuery(filter)).toString();

describe('the filter of an address', () => {
  it('reads lists, exclusions and repeated texts, and writes them back', () => {
    const filter = asked('source=app,-router&code=H12&q=timeout&q=a,b&not=health&from=now-1h');
    expect(filter.map(termText)).toEqual([
      'source app',
      'not source router',
      'code H12',
      '“timeout”',
      '“a,b”',
      'not “health”',
    ]);
    expect(back(filter)).toBe('source=app%2C-router&code=H12&q=timeout&q=a%2Cb&not=health');
  });

  it('takes a value the other way round instead of keeping both', () => {
    const both = withTerm(asked('dyno=web.1'), { field: 'dyno', value: 'web.1', isNot: true });
    expect(both.map(termText)).toEqual(['not dyno web.1']);
  });

  it('has one pattern at a time', () => {
    const second = withTerm(asked('pattern=a'), { field: 'pattern', value: 'b', isNot: false });
    expect(second.map(termText)).toEqual(['pattern b']);
  });

  it('survives the way through an address, whatever is asked for', () => {
    const word = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text.trim() !== '');
    const term = fc.oneof(
      fc.record({ field: fc.constant('text' as const), value: word, isNot: fc.boolean() }),
      fc.record({
        field: fc.constantFrom(...LIST_FIELDS),
        value: fc.stringMatching(/^[a-z0-9.]{1,8}$/),
        isNot: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(fc.array(term, { maxLength: 12 }), (terms) => {
        const filter = terms.reduce<LogsFilter>(withTerm, []);
        const again = readFilter(new URLSearchParams(filterQuery(filter)));
        expect(new Set(again.map(termText))).toEqual(new Set(filter.map(termText)));
        for (const one of filter) expect(withoutTerm(filter, one)).toHaveLength(filter.length - 1);
      }),
    );
  });
});

describe('what is typed', () => {
  const typed = (text: string) => parseTyped(text).map(termText);

  it('names fields, leaves out with a minus, keeps words in quotes together', () => {
    expect(typed('source:app -dyno:web.1 level=error,warn')).toEqual([
      'source app',
      'not dyno web.1',
      'level error',
      'level warn',
    ]);
    expect(typed('timeout "of 15000ms" -"health check" -ping')).toEqual([
      '“timeout”',
      '“of 15000ms”',
      'not “health check”',
      'not “ping”',
    ]);
  });

  it('knows codes and classes of statuses, and leaves other fields to be text', () => {
    expect(typed('h12 -R14 5xx 504')).toEqual(['code H12', 'not code R14', 'status 5xx', '“504”']);
    expect(typed('path=/cart user:42 method="GET"')).toEqual(['“path=/cart”', '“user:42”', '“method="GET"”']);
  });

  it('asks for nothing where nothing is typed', () => {
    expect(typed('  ')).toEqual([]);
    expect(typed('-')).toEqual([]);
    expect(typed('""')).toEqual([]);
  });
});
