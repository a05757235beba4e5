import { describe, expect, test } from 'vitest';
import {
  ALL_LINES,
  compileLogFilter,
  type FilteredLine,
  type LogFilterField,
  mayContain,
  needlesOf,
  parseLogFilter,
} from './log-filter.ts';
import { requestIdOf } from './log-text.ts';

const LINE: FilteredLine = {
  source: 'router',
  procid: 'router',
  level: 'error',
  code: 'H12',
  status: 503,
  requestId: '8601b555',
  text: 'at=error code=H12 desc="Request timeout" path="/Cart"',
};

function parse(fields: Partial<Record<LogFilterField, string | string[]>>) {
  return parseLogFilter((field) => [fields[field] ?? []].flat());
}

function fits(fields: Partial<Record<LogFilterField, string | string[]>>, line: Partial<FilteredLine> = {}) {
  const parsed = parse(fields);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return compileLogFilter(parsed.value)({ ...LINE, ...line });
}

describe('a filter of lines', () => {
  test.each([
    [{}, true],
    [{ source: 'app,router' }, true],
    [{ source: ['app', 'router'] }, true],
    [{ source: 'app' }, false],
    [{ source: '-router' }, false],
    [{ source: 'Router' }, true],
    [{ code: 'h12' }, true],
    [{ code: 'H' }, true],
    [{ code: 'R,any' }, true],
    [{ code: '-any' }, false],
    [{ status: '5xx' }, true],
    [{ status: '503' }, true],
    [{ status: '504,4xx' }, false],
    [{ level: 'error' }, true],
    [{ level: 'none' }, false],
    [{ q: 'TIMEOUT' }, true],
    [{ q: ['timeout', '/cart'] }, true],
    [{ q: ['timeout', 'checkout'] }, false],
    [{ not: 'timeout' }, false],
    [{ q: 'a,b' }, false],
    [{ rid: '8601b555' }, true],
    [{ rid: '8601b556' }, false],
  ])('%j: %j', (fields, expected) => {
    expect(fits(fields)).toBe(expected);
  });

  test('a process type means all of its dynos, and a line may name a request in its text alone', () => {
    expect(fits({ dyno: 'web' }, { procid: 'web.3' })).toBe(true);
    expect(fits({ dyno: 'web.2' }, { procid: 'web.3' })).toBe(false);
    expect(fits({ dyno: 'web,-web.3' }, { procid: 'web.3' })).toBe(false);
    expect(fits({ dyno: '-worker' }, { procid: 'web.3' })).toBe(true);
    expect(fits({ rid: 'abc' }, { requestId: null, text: 'request abc done' })).toBe(true);
  });

  test('a line without code, status or level is in no choice of them, and in every exclusion', () => {
    const bare = { code: null, status: null, level: null };
    expect(fits({ code: 'any' }, bare)).toBe(false);
    expect(fits({ code: '-H12' }, bare)).toBe(true);
    expect(fits({ status: '-5xx' }, bare)).toBe(true);
    expect(fits({ level: 'none' }, bare)).toBe(true);
  });

  test.each([
    [{ source: 'apache' }, 'source'],
    [{ code: 'H1' }, 'code'],
    [{ status: '600' }, 'status'],
    [{ level: 'fatal' }, 'level'],
    [{ rid: 'a b' }, 'rid'],
    [{ pattern: '<script>' }, 'pattern'],
    [{ q: 'x'.repeat(201) }, 'q'],
    [{ not: Array.from({ length: 11 }, () => 'x') }, 'not'],
    [{ dyno: Array.from({ length: 51 }, (_, n) => `web.${n}`) }, 'dyno'],
  ])('%j is refused, with its field', (fields, field) => {
    const parsed = parse(fields);
    expect(parsed.ok ? null : parsed.error.field).toBe(field);
  });

  test('letters that fold to ASCII keep bytes from being passed over', () => {
    const filter = { ...ALL_LINES, texts: ['kelvin'] };
    const text = '300 \u212aelvin';
    expect(text).toHaveLength(10);
    expect(compileLogFilter(filter)({ ...LINE, text })).toBe(true);
    expect(mayContain(Buffer.from(text), needlesOf(filter))).toBe(true);
    expect(mayContain(Buffer.from('300 °C'), needlesOf(filter))).toBe(false);
    const dotted = { ...ALL_LINES, texts: ['istanbul'] };
    expect(mayContain(Buffer.from('\u0130stanbul'), needlesOf(dotted))).toBe(true);
  });

  test('bytes with a plain K or I are passed over like all others', () => {
    for (const text of ['OK, KEY K', 'INFO I', 'kelvi']) {
      expect(mayContain(Buffer.from(text), needlesOf({ ...ALL_LINES, texts: ['kelvin'] })), text).toBe(false);
    }
  });

  test('every request id that is kept can be asked for', () => {
    const named = requestIdOf('request_id=Root=1-67891233+abc/def==:9 done') ?? '';
    expect(named).toBe('Root=1-67891233+abc/def==:9');
    for (const requestId of [named, 'a/b+c==', '"<odd>"', 'x'.repeat(200)]) {
      expect(fits({ rid: requestId }, { requestId })).toBe(true);
      expect(fits({ rid: requestId }, { requestId: 'other' })).toBe(false);
    }
    for (const rid of ['a\nb', 'é', 'x'.repeat(201)]) expect(parse({ rid }).ok, rid).toBe(false);
  });
});
