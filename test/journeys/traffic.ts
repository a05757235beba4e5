/** A Heroku app and the Logplex that sends for it, with the account of what was sent. */
import { CHARACTERS } from '../../sim/characters.ts';
import { LogplexDrain } from '../../sim/drain.ts';
import { buildFleet, type SimApp } from '../../sim/fleet.ts';
import { Ledger } from '../../sim/ledger.ts';
import { routerLine } from '../../sim/route.ts';

export interface Traffic {
  app: SimApp;
  drain: LogplexDrain;
  /** What was delivered so far. */
  sent(): { requests: number; codes: Record<string, number>; frames: number; messages: number };
  /** Sends all lines of a span and waits until each was answered. */
  send(fromMs: number, toMs: number): Promise<void>;
  /** Sends plain requests of this instant. */
  sendNow(requests: number): Promise<void>;
  stop(): void;
}

/**
 * The demo's web shop in the last minutes before `nowMs`: a slow database (H12, H13 …), and a config var set a minute ago.
 * @param url the drain URL as a person copies it
 */
export function buildTraffic(name: string, url: string, nowMs: number): Traffic {
  const [shop] = CHARACTERS;
  if (shop === undefined) throw new Error('the simulation has no apps');
  const incidents = [
    { kind: 'slowDatabase', app: name, atMs: nowMs - 300_000, minutes: 8 } as const,
    { kind: 'release', app: name, atMs: nowMs - 60_000, reason: 'config' } as const,
  ];
  // As busy at any hour a test may run.
  const traffic = { ...shop.traffic, peakRpm: 240, nightRatio: 1, weekendRatio: 1, noiseRatio: 0 };
  const apps = [{ ...shop, name, traffic }];
  const fleet = buildFleet({ seed: 7, epochMs: nowMs - 600_000, apps, incidents });
  const [app] = fleet.apps;
  if (app === undefined) throw new Error('no app came out');
  const ledger = new Ledger();
  const drain = new LogplexDrain({ url, app: name, ledger });
  return {
    app,
    drain,
    sent() {
      const account = ledger.snapshot().apps[name];
      return {
        requests: account?.delivered.requests ?? 0,
        codes: account?.delivered.codes ?? {},
        frames: account?.frames.delivered ?? 0,
        messages: account?.delivered.messages ?? 0,
      };
    },
    async send(fromMs, toMs) {
      for (const [n, line] of app.linesBetween(fromMs, toMs).entries()) {
        if (n % 100 === 0) await drain.waitForRoom();
        drain.push(line);
      }
      await drain.drained();
    },
    async sendNow(requests) {
      for (let n = 0; n < requests; n++) drain.push(plainRequest(n));
      await drain.drained();
    },
    stop: () => drain.stop(),
  };
}

function plainRequest(n: number) {
  return routerLine(Date.now(), {
    at: 'info',
    method: 'GET',
    path: `/live/${n}`,
    host: 'shop.example.com',
    requestId: crypto.randomUUID(),
    fwd: '203.0.113.9',
    dyno: 'web.1',
    connectMs: 1,
    serviceMs: 20 + n,
    status: 200,
    bytes: 512,
    protocol: 'http1.1',
    tls: 'tls1.3',
  });
}
