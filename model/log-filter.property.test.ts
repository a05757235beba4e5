import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Choice,
  compileLogFilter,
  type FilteredLine,
  type LogFilter,
  mayContain,
  needlesOf,
} from './log-filter.ts';
import { LOG_LEVELS, LOG_SOURCES } from './log-line.ts';
import { logTemplate, patternId } from './log-pattern.ts';

const CODES = ['H12', 'H10', 'R14', 'L10'];
const PROCIDS = ['web.1', 'web.2', 'worker.1', 'router', 'heroku-postgres', 'web'];
const WORDS = [
  'Timeout',
  'TIMEOUT',
  'order',
  '17',
  'é',
  '\u0130stanbul',
  '\u212aelvin',
  'kelvin',
  'straße',
  '😀',
  'abc-1',
  '',
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 4 })), { maxLength: 6 })
  .map((parts) => parts.join(' '));
const line: fc.Arbitrary<FilteredLine> = fc.record({
  source: fc.constantFrom(...LOG_SOURCES),
  procid: fc.constantFrom(...PROCIDS),
  level: fc.constantFrom(null, ...LOG_LEVELS),
  code: fc.constantFrom(null, ...CODES),
  status: fc.constantFrom(null, 200, 404, 503, 504),
  requestId: fc.constantFrom(null, 'abc-1', 'abc-2'),
  text,
});
const choice = <Value>(...values: Value[]): fc.Arbitrary<Choice<Value>> => {
  const some = fc.subarray(values, { maxLength: 2 });
  return fc.record({
    only: fc.oneof(fc.constant([]), some),
    not: fc.oneof(fc.constant([]), fc.constant([]), some),
  });
};
const needle = fc.oneof(
  fc.constantFrom('time', 'ORDER', 'k', 'i', 'É', 'ss', '17', ' '),
  fc.string({ minLength: 1, maxLength: 2 }),
);
const filter: fc.Arbitrary<LogFilter> = fc.record({
  sources: choice(...LOG_SOURCES),
  procids: choice('web', 'web.1', 'router', 'worker'),
  codes: choice('any', 'H', 'R', 'H12', 'L10'),
  statuses: choice('5xx', '4xx', '503', '200'),
  levels: choice(...LOG_LEVELS, 'none' as const),
  texts: fc.array(needle, { maxLength: 2 }),
  notTexts: fc.oneof(fc.constant([]), fc.array(needle, { maxLength: 1 })),
  requestId: fc.constantFrom(null, null, 'abc-1'),
  pattern: fc.oneof(
    fc.constant(null),
    text.map((words) => patternId(logTemplate(words))),
  ),
});

/** The same, as one would say it. */
function fitsNaively(asked: LogFilter, one: FilteredLine): boolean {
  const has = (part: string) => one.text.toLowerCase().includes(part.toLowerCase());
  const within = <Value>({ only, not }: Choice<Value>, is: (value: Value) => boolean) =>
    (only.length === 0 || only.some(is)) && !not.some(is);
  return (
    within(asked.sources, (value) => one.source === value) &&
    within(asked.procids, (value) => one.procid === value || one.procid.split('.')[0] === value) &&
    within(asked.codes, (value) => one.code !== null && (value === 'any' || one.code.startsWith(value))) &&
    within(
      asked.statuses,
      (value) => one.status !== null && new RegExp(value.replaceAll('x', '\\d')).test(`${one.status}`),
    ) &&
    within(asked.levels, (value) => (one.level ?? 'none') === value) &&
    asked.texts.every(has) &&
    !asked.notTexts.some(has) &&
    (asked.requestId === null || one.requestId === asked.requestId || one.text.includes(asked.requestId)) &&
    (asked.pattern === null || patternId(logTemplate(one.text)) === asked.pattern)
  );
}

test('a compiled filter says what a naive one says, of every line and in any order', () => {
  fc.assert(
    fc.property(filter, fc.array(line, { minLength: 1, maxLength: 20 }), (asked, lines) => {
      const fits = compileLogFilter(asked);
      expect(lines.map(fits)).toEqual(lines.map((one) => fitsNaively(asked, one)));
    }),
    { numRuns: 1_000 },
  );
});

test('bytes that hold a line which fits are never passed over', () => {
  fc.assert(
    fc.property(filter, fc.array(line, { minLength: 1, maxLength: 8 }), (asked, lines) => {
      const bytes = Buffer.from(lines.map((one) => `${one.requestId ?? ''}\0${one.text}`).join('\x05'));
      if (lines.some((one) => fitsNaively(asked, one)))
        expect(mayContain(bytes, needlesOf(asked))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
