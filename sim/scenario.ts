/** The story of the demo: what has gone wrong in the last day, and what will while one watches. */
import type { Incident } from './incident.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * Trouble of the day before `nowMs`, so that pages have something to show, and the first half hour after
 * it, compressed: an H12 incident, a memory leak, a bad deploy, and a release about every ten minutes.
 */
export function demoIncidents(nowMs: number): Incident[] {
  return [...pastIncidents(nowMs), ...liveIncidents(nowMs)];
}

function pastIncidents(nowMs: number): Incident[] {
  return [
    { kind: 'slowDatabase', app: 'orders-api', atMs: nowMs - 20.3 * HOUR, minutes: 22 },
    { kind: 'crashLoop', app: 'docs', dyno: 'web.1', atMs: nowMs - 16.6 * HOUR, crashes: 4 },
    { kind: 'memoryLeak', app: 'shop', dyno: 'worker.1', atMs: nowMs - 13 * HOUR, minutes: 70 },
    {
      kind: 'badDeploy',
      app: 'orders-api',
      atMs: nowMs - 7.4 * HOUR,
      errorRatio: 0.03,
      slowdown: 1.9,
      rollbackAfterMinutes: 17,
    },
    { kind: 'maintenance', app: 'admin', atMs: nowMs - 5.2 * HOUR, minutes: 11 },
    { kind: 'logDrop', app: 'shop', atMs: nowMs - 3.5 * HOUR, seconds: 25, share: 0.6 },
    { kind: 'slowDatabase', app: 'shop', atMs: nowMs - 2.1 * HOUR, minutes: 14 },
    { kind: 'crashLoop', app: 'mailer', dyno: 'worker.2', atMs: nowMs - 1.2 * HOUR, crashes: 3 },
  ];
}

function liveIncidents(nowMs: number): Incident[] {
  const live: Incident[] = [
    { kind: 'memoryLeak', app: 'shop', dyno: 'web.3', atMs: nowMs + 1 * MINUTE, minutes: 13 },
    { kind: 'slowDatabase', app: 'shop', atMs: nowMs + 3 * MINUTE, minutes: 6 },
    { kind: 'logDrop', app: 'docs', atMs: nowMs + 5 * MINUTE, seconds: 8, share: 0.7 },
    {
      kind: 'badDeploy',
      app: 'orders-api',
      atMs: nowMs + 7 * MINUTE,
      // Bad enough for a page within minutes: most of an hour's budget goes in the first three.
      errorRatio: 0.3,
      slowdown: 1.9,
      rollbackAfterMinutes: 8,
    },
    { kind: 'maintenance', app: 'admin', atMs: nowMs + 12 * MINUTE, minutes: 3 },
    {
      kind: 'crashLoop',
      app: 'docs',
      dyno: 'web.1',
      atMs: nowMs + 18 * MINUTE,
      crashes: 3,
      bootTimeout: true,
    },
  ];
  const releasers = ['orders-api', 'docs', 'mailer', 'shop', 'orders-api', 'admin'];
  for (let n = 0; n < 24; n += 1) {
    const app = releasers[n % releasers.length] ?? 'docs';
    live.push({
      kind: 'release',
      app,
      atMs: nowMs + (2 + 10 * n) * MINUTE,
      reason: n % 5 === 4 ? 'config' : 'deploy',
    });
  }
  return live;
}
