import { describe, expect, it } from 'vitest';
import { CHARACTERS } from './characters.ts';
import { buildFleet, type SimApp } from './fleet.ts';
import { renderBody } from './frame.ts';
import type { Incident } from './incident.ts';
import type { SimLine } from './line.ts';
import { tallyOf } from './tally.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Thursday, noon. */
const NOON = Date.UTC(2026, 10, 19, 12);

function appOf(name: string, incidents: Incident[] = [], seed = 7): SimApp {
  const fleet = buildFleet({ seed, epochMs: NOON - 2 * HOUR, incidents });
  return fleet.apps.find((app) => app.name === name) as SimApp;
}

function texts(lines: SimLine[], dyno: string): string[] {
  return lines.filter((line) => line.procid === dyno && line.appname === 'heroku').map((line) => line.text);
}

function requests(lines: SimLine[]): SimLine[] {
  return lines.filter((line) => line.mark.kind === 'request');
}

function serviceMs(line: SimLine): number {
  return Number(/ service=(\d+)ms/.exec(line.text)?.[1] ?? 0);
}

describe('the fleet', () => {
  it('makes the same bytes from the same seed, and others from another', () => {
    const bytes = (seed: number) => {
      return renderBody(appOf('shop', [], seed).linesBetween(NOON, NOON + 5 * MINUTE)).toString('base64');
    };
    expect(bytes(7)).toBe(bytes(7));
    expect(bytes(8)).not.toBe(bytes(7));
  });

  it('gives lines in order of time and none outside the span', () => {
    for (const { name } of CHARACTERS) {
      const lines = appOf(name).linesBetween(NOON + 3_210, NOON + 9 * MINUTE);
      const times = lines.map((line) => line.atMs * 1000 + line.micros);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(Math.min(...times)).toBeGreaterThanOrEqual((NOON + 3_210) * 1000);
      expect(Math.max(...times)).toBeLessThan((NOON + 9 * MINUTE) * 1000);
    }
  });

  it('follows the time of day', () => {
    const shop = appOf('shop');
    const night = requests(shop.linesBetween(NOON + 14 * HOUR, NOON + 15 * HOUR)).length;
    const evening = requests(shop.linesBetween(NOON + 6 * HOUR, NOON + 7 * HOUR)).length;
    expect(evening).toBeGreaterThan(4 * night);
  });

  it('samples every dyno about each 20 s, with a new uuid after a restart', () => {
    const incidents: Incident[] = [
      { kind: 'release', app: 'docs', atMs: NOON + 5 * MINUTE, reason: 'config' },
    ];
    const lines = appOf('docs', incidents).linesBetween(NOON, NOON + 12 * MINUTE);
    const loads = texts(lines, 'web.1').filter((text) => text.includes('sample#load_avg_1m'));
    expect(loads.length).toBeGreaterThan(32);
    expect(new Set(loads.map((text) => text.split(' ')[1])).size).toBe(2);
  });

  it('writes a release the way Heroku does, and holds visitors back while the only dyno boots', () => {
    const incidents: Incident[] = [{ kind: 'release', app: 'docs', atMs: NOON, reason: 'deploy' }];
    const lines = appOf('docs', incidents).linesBetween(NOON, NOON + 4 * MINUTE);
    const api = lines.filter((line) => line.procid === 'api').map((line) => line.text);
    expect(api[0]).toMatch(/^Build started by user \S+@example\.com$/);
    expect(api[1]).toMatch(/^Deploy [0-9a-f]{8} by user /);
    expect(api[2]).toMatch(/^Release v58 created by user /);
    expect(api[3]).toBe('Build succeeded');
    expect(texts(lines, 'web.1').filter((text) => !text.startsWith('source='))).toEqual([
      'Restarting',
      'State changed from up to starting',
      'Stopping all processes with SIGTERM',
      'Process exited with status 143',
      'Starting process with command `node server.mjs`',
      'State changed from starting to up',
    ]);
    const waited = requests(lines).filter((line) => / connect=\d{4,5}ms/.test(line.text));
    expect(waited.length).toBeGreaterThan(0);
  });
});

describe('an incident', () => {
  it('of a slow database brings H12 and waiting connections', () => {
    const incidents: Incident[] = [{ kind: 'slowDatabase', app: 'shop', atMs: NOON, minutes: 10 }];
    const lines = appOf('shop', incidents).linesBetween(NOON, NOON + 10 * MINUTE);
    const timeouts = lines.filter((line) => line.mark.code === 'H12');
    expect(timeouts.length).toBeGreaterThan(30);
    for (const line of timeouts) expect(serviceMs(line)).toBeGreaterThanOrEqual(30_000);
    const dynos = timeouts.map((line) => / dyno=(\S+)/.exec(line.text)?.[1]);
    expect(dynos.filter((dyno) => dyno === 'web.3').length).toBeLessThan(timeouts.length / 10);
    const waiting = lines.filter((line) => /waiting-connections=[1-9]\d/.test(line.text));
    expect(waiting.length).toBeGreaterThan(3);
  });

  it('of a memory leak brings R14 every 20 s, then R15 and a new life', () => {
    const incidents: Incident[] = [
      { kind: 'memoryLeak', app: 'shop', dyno: 'web.2', atMs: NOON, minutes: 12 },
    ];
    const lines = appOf('shop', incidents).linesBetween(NOON, NOON + 14 * MINUTE);
    const codes = tallyOf(lines.map((line) => line.mark)).codes;
    expect(codes.R15).toBe(1);
    expect(codes.R14).toBeGreaterThan(10);
    const story = texts(lines, 'web.2').filter((text) => !/^source=|^Process running|R14/.test(text));
    expect(story.slice(0, 5)).toEqual([
      'Error R15 (Memory quota vastly exceeded)',
      'Stopping process with SIGKILL',
      'Process exited with status 137',
      'State changed from up to crashed',
      'State changed from crashed to starting',
    ]);
  });

  it('of a bad deploy raises 5xx and service times until the rollback', () => {
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
    const app = appOf('orders-api', incidents);
    const share = (fromMs: number) => {
      const tally = tallyOf(app.linesBetween(fromMs, fromMs + 15 * MINUTE).map((line) => line.mark));
      return tally.bad / tally.requests;
    };
    expect(share(NOON - 15 * MINUTE)).toBeLessThan(0.004);
    expect(share(NOON + 4 * MINUTE)).toBeGreaterThan(0.018);
    expect(share(NOON + 25 * MINUTE)).toBeLessThan(0.004);
    const api = app
      .linesBetween(NOON + 19 * MINUTE, NOON + 22 * MINUTE)
      .filter((line) => line.procid === 'api');
    expect(api.map((line) => line.text.split(' by ')[0])).toEqual([
      'Rollback to v1204',
      'Release v1206 created',
    ]);
  });

  it('of a crash loop brings H10 where it is the only dyno, and R10 where it never binds', () => {
    const incidents: Incident[] = [
      { kind: 'crashLoop', app: 'docs', dyno: 'web.1', atMs: NOON, crashes: 4, bootTimeout: true },
    ];
    const lines = appOf('docs', incidents).linesBetween(NOON, NOON + 8 * MINUTE);
    const codes = tallyOf(lines.map((line) => line.mark)).codes;
    expect(codes.R10).toBe(3);
    expect(codes.H10).toBeGreaterThan(50);
    for (const line of requests(lines).filter((request) => request.mark.code === 'H10')) {
      expect(line.text).toContain(' dyno= connect= service= status=503 ');
    }
  });

  it('of maintenance answers every request with H80', () => {
    const incidents: Incident[] = [{ kind: 'maintenance', app: 'shop', atMs: NOON, minutes: 2 }];
    const lines = requests(appOf('shop', incidents).linesBetween(NOON, NOON + 2 * MINUTE));
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.every((line) => line.mark.code === 'H80')).toBe(true);
    expect(tallyOf(lines.map((line) => line.mark)).bad).toBe(0);
  });

  it('of the log pipeline marks the lines that are dropped', () => {
    const incidents: Incident[] = [{ kind: 'logDrop', app: 'shop', atMs: NOON, seconds: 20, share: 0.5 }];
    const lines = appOf('shop', incidents).linesBetween(NOON - MINUTE, NOON + MINUTE);
    const dropped = lines.filter((line) => line.dropped);
    expect(dropped.length).toBeGreaterThan(20);
    expect(dropped.every((line) => line.atMs >= NOON && line.atMs < NOON + 20_000)).toBe(true);
  });
});
