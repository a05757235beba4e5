import { describe, expect, test } from 'vitest';
import { exampleSlo, latencyIndicator } from '../test/slos.ts';
import { BAD, EXCLUDED, GOOD, OUTCOMES, outcomeOf } from './outcome.ts';
import type { Indicator } from './slo.ts';
import { SloMatcher } from './slo-match.ts';

const FAMILY_H = 72;

interface Line {
  code?: number;
  status?: number;
  serviceMs?: number;
  isError?: boolean;
}

/** In words. */
function judged(indicator: Indicator, { code, status = 200, serviceMs = 20, isError = false }: Line): string {
  const matcher = SloMatcher.of(exampleSlo({ indicator }))!;
  const family = code === undefined ? -1 : FAMILY_H;
  const outcome = outcomeOf(family, code ?? 0, isError, status);
  return OUTCOMES[matcher.judge(family, code ?? 0, isError, status, serviceMs, outcome)] ?? '';
}

const availability = (codes: Record<string, boolean> = {}, badStatuses: string[] = []): Indicator => ({
  kind: 'availability',
  codes,
  badStatuses,
});

describe('availability', () => {
  test.each<[string, Indicator, Line, number]>([
    ['as every request is judged: 200 is good', availability(), {}, GOOD],
    ['a 500 is bad', availability(), { status: 500 }, BAD],
    ['a 404 is good', availability(), { status: 404 }, GOOD],
    ['a visitor who left is left out', availability(), { status: 499 }, EXCLUDED],
    ['a status of the list is bad', availability({}, ['404']), { status: 404 }, BAD],
    ['others of its class are not', availability({}, ['404']), { status: 403 }, GOOD],
    ['a class is bad as a whole, 499 too', availability({}, ['4xx']), { status: 499 }, BAD],
    ['the class ends at its edge', availability({}, ['4xx']), { status: 399 }, GOOD],
    ['a code comes before the list', availability({}, ['4xx']), { code: 27, status: 499 }, EXCLUDED],
    ['no status is no status of the list', availability({}, ['404']), { status: -1 }, EXCLUDED],
    ['maintenance counts where it was chosen', availability({ H80: true }), { code: 80, status: 503 }, BAD],
    ['and is left out otherwise', availability(), { code: 80, status: 503 }, EXCLUDED],
    ['H15 can be left out', availability({ H15: false }), { code: 15, status: 503 }, EXCLUDED],
    ['what is not configurable stays', availability({ H12: false }), { code: 12, status: 503 }, BAD],
  ])('%s', (_, indicator, line, outcome) => {
    expect(judged(indicator, line)).toBe(OUTCOMES[outcome]);
  });
});

describe('latency', () => {
  const slow = latencyIndicator(300);
  const short = latencyIndicator(300, true);
  test.each<[string, Indicator, Line, number]>([
    ['at the threshold is good', slow, { serviceMs: 300 }, GOOD],
    ['above it is bad', slow, { serviceMs: 301 }, BAD],
    [
      'an error of the app with its own duration is judged by that',
      slow,
      { status: 500, serviceMs: 20 },
      GOOD,
    ],
    [
      'H12 is bad whatever the threshold',
      latencyIndicator(60_000),
      { code: 12, status: 503, serviceMs: 30_000 },
      BAD,
    ],
    ['H13 is bad however soon it came', slow, { code: 13, status: 503, serviceMs: 5 }, BAD],
    ['H10 without any duration is bad', slow, { code: 10, status: 503, serviceMs: -1 }, BAD],
    [
      'an unknown code that is an error is bad',
      slow,
      { code: 35, status: 503, serviceMs: 5, isError: true },
      BAD,
    ],
    ['a 5xx without a duration is bad', slow, { status: 502, serviceMs: -1 }, BAD],
    ['a 200 without a duration is left out', slow, { serviceMs: -1 }, EXCLUDED],
    ['H27 is left out', slow, { code: 27, status: 499, serviceMs: 9_000 }, EXCLUDED],
    ['a page of maintenance is left out', slow, { code: 80, status: 503, serviceMs: 1 }, EXCLUDED],
    ['a WebSocket is left out', slow, { status: 101, serviceMs: 600_000 }, EXCLUDED],
    ['H15 is bad', slow, { code: 15, status: 503, serviceMs: 55_000 }, BAD],
    [
      'without long-lived ones H15 is left out',
      short,
      { code: 15, status: 503, serviceMs: 55_000 },
      EXCLUDED,
    ],
    ['and so is an answer that went on beyond 30 s', short, { serviceMs: 30_001 }, EXCLUDED],
    ['one that took nearly as long is bad', short, { serviceMs: 30_000 }, BAD],
    ['H12 is bad there too', short, { code: 12, status: 503, serviceMs: 30_001 }, BAD],
  ])('%s', (_, indicator, line, outcome) => {
    expect(judged(indicator, line)).toBe(OUTCOMES[outcome]);
  });
});

describe('scope', () => {
  const matcher = (scope: Parameters<typeof exampleSlo>[0]) => SloMatcher.of(exampleSlo(scope))!;

  test('what is not limited need not be asked', () => {
    const { takesDyno, takesMethod, takesHost, takesShape } = matcher({});
    expect([takesDyno, takesMethod, takesHost, takesShape]).toEqual([null, null, null, null]);
  });

  test('process types are those of dynos; a request that reached none was for web', () => {
    const { takesDyno } = matcher({ scope: { processTypes: ['web'] } });
    const dynos = ['web.1', 'web.12', 'api.1', '', 'web-848cd4f64d-pvpr2', 'webhook.1'];
    expect(dynos.map((dyno) => takesDyno?.(dyno))).toEqual([true, true, false, true, true, false]);
  });

  test('hosts and methods are taken in any case', () => {
    const { takesHost, takesMethod } = matcher({ scope: { hosts: ['Shop.example.com'], methods: ['POST'] } });
    expect([takesHost?.('shop.EXAMPLE.com'), takesHost?.('example.com')]).toEqual([true, false]);
    expect([takesMethod?.('POST'), takesMethod?.('post'), takesMethod?.('GET')]).toEqual([true, true, false]);
  });

  test('path shapes are whole, or begin so; what is left out is left out of both', () => {
    const { takesShape } = matcher({
      scope: { pathShapes: ['/cart/{id}', '/api/*'], excludedPathShapes: ['/api/health', '/api/stream*'] },
    });
    const shapes = ['/cart/{id}', '/cart/{id}/items', '/api/orders', '/api', '/api/health', '/api/streams/x'];
    expect(shapes.map((shape) => takesShape?.(shape))).toEqual([true, false, true, false, false, false]);
    const { takesShape: takesRest } = matcher({ scope: { excludedPathShapes: ['/health'] } });
    expect([takesRest?.('/health'), takesRest?.('/')]).toEqual([false, true]);
  });

  test('a composite counts nothing itself', () => {
    expect(SloMatcher.of(exampleSlo({ indicator: { kind: 'composite', members: [] } }))).toBeNull();
  });
});
