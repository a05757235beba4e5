import { describe, expect, it } from 'vitest';
import { isTraceStep, levelOf, redactLogText, requestIdOf } from '../model/log-text.ts';
import { buildFleet, type SimApp } from './fleet.ts';
import type { Incident } from './incident.ts';
import type { SimLine } from './line.ts';
import { failureOutput, requestOutput, slowOutput, timeoutOutput } from './output.ts';
import { seededRandom } from './random.ts';

const MINUTE = 60_000;
/** A Thursday, noon. */
const NOON = Date.UTC(2026, 10, 19, 12);
const STYLES = ['rails', 'node', 'python', 'go'] as const;

function appOf(name: string, incidents: Incident[]): SimApp {
  const fleet = buildFleet({ seed: 7, epochMs: NOON - 120 * MINUTE, incidents });
  return fleet.apps.find((app) => app.name === name) as SimApp;
}

/** Request ids that the app's own lines of trouble name. */
function troubledIds(lines: SimLine[]): Set<string> {
  const own = lines.filter((line) => line.mark.kind === 'app' && levelOf(line.text) === 'error');
  return new Set(own.flatMap(({ text }) => requestIdOf(text) ?? []));
}

const idsOf = (lines: SimLine[], which: (line: SimLine) => boolean): string[] =>
  lines.filter(which).map(({ text }) => / request_id=(\S+)/.exec(text)?.[1] ?? '');

describe('what an app prints', () => {
  it('says its level and its request in ways that are read, in every style', () => {
    const served = {
      atMs: NOON,
      method: 'GET',
      path: '/orders/12?page=2',
      status: 200,
      serviceMs: 4_000,
      requestId: seededRandom('id').uuid(),
      fwd: '203.0.113.7',
    };
    for (const style of STYLES) {
      const random = seededRandom(style);
      const [failure, timeout, slow] = [
        failureOutput(style, served, random),
        timeoutOutput(style, served),
        slowOutput(style, served),
      ];
      expect(
        failure.some((line) => levelOf(line) === 'error'),
        style,
      ).toBe(true);
      expect(
        failure.some((line) => requestIdOf(line) === served.requestId),
        style,
      ).toBe(true);
      expect(failure.filter(isTraceStep).length, style).toBeGreaterThan(0);
      expect(requestIdOf(timeout[0] ?? ''), style).toBe(served.requestId);
      expect(
        timeout.some((line) => levelOf(line) === 'error'),
        style,
      ).toBe(true);
      expect([levelOf(slow), requestIdOf(slow)], style).toEqual(['warn', served.requestId]);
      const printed = redactLogText(requestOutput(style, served, random), { storeClientAddresses: false });
      expect(printed.text, style).not.toContain('203.0.113.7');
    }
  });
});

describe('an incident', () => {
  it('of a slow database: every H12 has lines of the app that name its request', () => {
    const incidents: Incident[] = [{ kind: 'slowDatabase', app: 'shop', atMs: NOON, minutes: 20 }];
    const lines = appOf('shop', incidents).linesBetween(NOON, NOON + 20 * MINUTE);
    const ids = idsOf(lines, (line) => line.mark.code === 'H12');
    expect(ids.length).toBeGreaterThan(20);
    const troubled = troubledIds(lines);
    expect(ids.filter((id) => !troubled.has(id))).toEqual([]);
    expect(lines.some((line) => line.mark.kind === 'app' && levelOf(line.text) === 'warn')).toBe(true);
  });

  it('of a bad deploy: every 500 has an error of the app with its request and its stack', () => {
    const incidents: Incident[] = [
      {
        kind: 'badDeploy',
        app: 'orders-api',
        atMs: NOON,
        errorRatio: 0.03,
        slowdown: 2,
        rollbackAfterMinutes: 20,
      },
    ];
    const lines = appOf('orders-api', incidents).linesBetween(NOON, NOON + 10 * MINUTE);
    const ids = idsOf(lines, (line) => line.mark.status === 500);
    expect(ids.length).toBeGreaterThan(5);
    const troubled = troubledIds(lines);
    expect(ids.filter((id) => !troubled.has(id))).toEqual([]);
    expect(lines.filter((line) => line.mark.kind === 'app' && isTraceStep(line.text)).length).toBeGreaterThan(
      5,
    );
  });
});
