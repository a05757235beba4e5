import { describe, expect, it } from 'vitest';
import type { LogHistogramAnswer, LogPatternsAnswer } from '../../api/contract/logs.ts';
import { buildLogsVerdict, type LogsCase, recentSpan } from './logs.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const STEP = 30;

/** An hour of columns; `valueAt` is asked per series with the minutes ago of the column. */
function hour(valueAt: (id: string, minutesAgo: number) => number | null): LogHistogramAnswer {
  const toS = Math.floor(NOW / 1000 / STEP) * STEP + STEP;
  const t = Array.from({ length: 121 }, (_, index) => toS - (121 - index) * STEP);
  const ids = ['source:app', 'source:router', 'level:error', 'level:none'];
  const series = ids.map((id) => ({
    id,
    label: id,
    unit: 'count',
    values: t.map((at) => valueAt(id, (NOW / 1000 - at) / 60)),
  }));
  return {
    app: 'shop',
    fromMs: (t[0] ?? 0) * 1000,
    toMs: NOW,
    step: STEP,
    columns: { t, series },
    total: 1,
    estimated: false,
    lookedAtShare: 1,
    facetsEstimated: false,
    facets: { source: [], level: [], dyno: [], code: [], status: [] },
    leftOut: [],
    retention: { hours: 24, keptFromMs: 0, bytes: 0, bytesMax: 0 },
    empty: null,
  };
}

function patterns(
  count: number,
  text: string,
  code: string | null = null,
  complete = true,
): LogPatternsAnswer {
  return {
    app: 'shop',
    fromMs: 0,
    toMs: NOW,
    lines: 12,
    restLines: 0,
    leftOut: [],
    retention: { hours: 24, keptFromMs: 0, bytes: 0, bytesMax: 0 },
    empty: null,
    search: {
      complete,
      reachedMs: 0,
      stopped: complete ? 'end' : 'time',
      scannedLines: 12,
      scannedBytes: 100,
      tookMs: 1,
    },
    patterns: [
      {
        id: 'p1',
        template: text,
        count,
        share: count / 12,
        level: 'error',
        sources: ['app'],
        firstMs: 0,
        lastMs: 0,
        example: {
          id: 'x',
          atMs: NOW,
          source: 'app',
          procid: 'web.1',
          level: 'error',
          code,
          status: null,
          requestId: null,
          text,
          isCut: false,
        },
      },
    ],
  };
}

function read(histogram: LogHistogramAnswer, more: Partial<LogsCase> = {}) {
  const verdict = buildLogsVerdict({
    histogram,
    errors: null,
    isFiltered: false,
    live: true,
    nowMs: NOW,
    zone: 'utc',
    ...more,
  });
  return `${verdict.level} ${verdict.word}: ${verdict.clauses.map((clause) => clause.text).join(' ')}`.replace(
    /[\u00a0\u202f]/g,
    ' ',
  );
}

const calm = (id: string) =>
  id === 'source:app' ? 42 : id === 'source:router' ? 65 : id === 'level:none' ? 107 : 0;

describe('the sentence on top of the logs', () => {
  it('tells the rate, and that there are no errors', () => {
    expect(read(hour(calm))).toBe('ok No errors: 214 lines a minute, no errors in the last 15 min.');
  });

  it('counts the errors of the last 15 minutes and names what most of them say', () => {
    const one = hour((id, ago) => (id === 'level:error' && Math.floor(ago) % 5 === 1 ? 2 : calm(id)));
    expect(read(one, { errors: patterns(9, 'timeout of 15000ms exceeded') })).toBe(
      'warning Some errors: 214 lines a minute. 12 errors in the last 15 min, 9 of them “timeout of 15000ms exceeded”.',
    );
    expect(read(one, { errors: patterns(12, '\u001b[31mboom\u001b[0m') })).toContain('all of them “boom”.');
    expect(read(one, { errors: patterns(9, 'at=error code=H12', 'H12') })).toContain('9 of them H12.');
    expect(read(one, { errors: patterns(9, 'boom', null, false) })).toContain('75 % of them “boom”.');
    const [first, second] = [patterns(5, 'a', 'H12'), patterns(4, 'b', 'H12')];
    const both12 = { ...first, patterns: [...first.patterns, ...second.patterns] };
    expect(read(one, { errors: both12 })).toContain('9 of them H12.');
    const id = '[3bc87f94-0632-12b2-d292-05f602a11708] no stock';
    expect(read(one, { errors: patterns(9, id) })).toContain('9 of them “no stock”.');
    expect(read(one)).toContain('12 errors in the last 15 min.');
    const [stack] = patterns(7, '    at Inventory.stock (/app/lib/inventory.js:46:17)').patterns;
    const [cause] = patterns(5, 'Error: out of stock').patterns;
    if (!stack || !cause) throw new Error('no patterns');
    const both = { ...patterns(7, ''), patterns: [stack, cause] };
    expect(read(one, { errors: both })).toContain('5 of them “Error: out of stock”.');
  });

  it('says when errors rise, against before', () => {
    const rising = hour((id, ago) => (id === 'level:error' ? (ago < 15 ? 4 : ago > 58 ? 1 : 0) : calm(id)));
    expect(read(rising)).toMatch(/^critical Errors rise: .*That is \d+ times the rate before\.$/);
    const fresh = hour((id, ago) => (id === 'level:error' && ago < 10 ? 1 : calm(id)));
    expect(read(fresh)).toMatch(/There were none in the 45 min before\.$/);
    const steady = hour((id) => (id === 'level:error' ? 1 : calm(id)));
    expect(read(steady)).toMatch(/errors in the last 15 min\.$/);
  });

  it('leaves the open column out, and does not call over what it does not know of before', () => {
    const open = hour((id, ago) => (id === 'level:error' && ago < 0.5 ? 500 : calm(id)));
    expect(recentSpan(open, NOW).toMs).toBe(Date.parse('2026-11-20T10:42:00Z'));
    expect(read(open)).toContain('no errors');
    const young = hour((id, ago) => (ago > 15 ? null : id === 'level:error' ? 1 : calm(id)));
    expect(read(young)).toMatch(/errors in the last 15 min\.$/);
  });

  it('names codes, what was left out, and what was not looked at', () => {
    const histogram = {
      ...hour(calm),
      estimated: true,
      lookedAtShare: 0.4,
      facets: {
        source: [],
        level: [],
        dyno: [],
        code: [
          { value: 'H12', count: 34 },
          { value: 'R14', count: 3 },
        ],
        status: [],
      },
      leftOut: [
        {
          source: 'router' as const,
          fromMs: NOW - 660_000,
          toMs: NOW,
          seen: 10_000,
          leftOut: 9000,
          oneIn: 10,
        },
      ],
    };
    expect(read(histogram)).toBe(
      'unknown Not all looked at: About 214 lines a minute, no errors in the last 15 min. Codes in this range: H12 ×34, R14 ×3. ' +
        'Counts are estimated from 40 % of the lines. Showing 1 in 10 of the router lines 10:31–10:42; lines with errors, codes and 5xx are kept first.',
    );
  });

  it('tells every kind of nothing apart', () => {
    const empty = (why: LogHistogramAnswer['empty'], more: Partial<LogsCase> = {}) =>
      read({ ...hour(() => null), empty: why }, more);
    expect(empty('off')).toContain('not kept.');
    expect(empty('notSetUp')).toContain('No line has arrived from this app yet.');
    expect(empty('tooOld')).toContain('older than what is kept: 24 h.');
    expect(empty('silent')).toBe('critical Silent: No line arrived in this range.');
    expect(empty('silent', { live: false })).toMatch(/^unknown Silent/);
    expect(empty('none', { isFiltered: true })).toContain('none fits the filter');
  });

  it('speaks of the range where it has ended, and of what fits where a filter narrows it', () => {
    expect(read(hour(calm), { live: false, isFiltered: true })).toBe(
      'ok No errors: 214 lines a minute that fit, no errors in its last 15 min.',
    );
  });
});
