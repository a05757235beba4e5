import { describe, expect, test } from 'vitest';
import type { LogFields } from '../model/log.ts';
import { AlertRounds, type RoundAt } from './loop.ts';

const NOW = Date.UTC(2026, 10, 21, 7, 30);

function listen(): { events: string[]; log: { info: Say; warn: Say; error: Say } } {
  const events: string[] = [];
  const say: Say = (event, fields) =>
    void events.push(typeof fields?.step === 'string' ? `${event} ${fields.step}` : event);
  return { events, log: { info: say, warn: say, error: say } };
}
type Say = (event: string, fields?: LogFields) => void;

describe('rounds of alerting', () => {
  test('steps go in order and are given the closed minute by the clock that decides', async () => {
    const seen: [string, number][] = [];
    const step = (name: string) => ({ name, work: async (at: RoundAt) => void seen.push([name, at.minute]) });
    const { log, events } = listen();
    const rounds = new AlertRounds({
      steps: ['fold', 'slos', 'rules'].map(step),
      readNow: async () => NOW,
      log,
    });
    expect(await rounds.tick()).toBe('done');
    // 07:30:00 closes 07:28 and no later minute: 07:29 is closed at 07:30:45.
    const minute = NOW / 60_000 - 1;
    expect(seen).toEqual([
      ['fold', minute],
      ['slos', minute],
      ['rules', minute],
    ]);
    expect(events).toEqual([]);
  });

  test('a step that fails is told once and keeps no other from its work; the last learns that the round is not full', async () => {
    let isBroken = true;
    const failed: (readonly string[])[] = [];
    const { log, events } = listen();
    const rounds = new AlertRounds({
      steps: [
        { name: 'slos', work: async () => (isBroken ? Promise.reject(new Error('no')) : undefined) },
        { name: 'heartbeat', work: async (at) => void failed.push([...at.failed]) },
      ],
      readNow: async () => NOW,
      log,
    });
    expect([await rounds.tick(), await rounds.tick()]).toEqual(['failed', 'failed']);
    expect(rounds.status.failing).toEqual({ slos: 2 });
    isBroken = false;
    expect(await rounds.tick()).toBe('done');
    expect(failed).toEqual([['slos'], ['slos'], []]);
    expect(events).toEqual(['alerting.stepFailed slos', 'alerting.stepRecovered slos']);
  });

  test('A-16 while a round takes longer than its interval others are skipped and counted; none pile up', async () => {
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const { log, events } = listen();
    const rounds = new AlertRounds({
      steps: [
        {
          name: 'slos',
          work: () => {
            begun++;
            return gate.promise;
          },
        },
      ],
      readNow: async () => NOW,
      log,
      everyMs: 10,
    });
    rounds.start();
    while (rounds.status.skipped < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(begun).toBe(1);
    gate.resolve();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await rounds.stop();
    expect(rounds.status.skipped).toBeGreaterThanOrEqual(5);
    expect(rounds.status.rounds).toBeGreaterThanOrEqual(2);
    expect(events.filter((event) => event.startsWith('alerting.roundsSkipped')).length).toBe(1);
  });

  test('R-11 a minute that closes between two rounds has one of its own, at once', async () => {
    // The minute is closed 200 ms after the first round; the next one would be 5 s later.
    const startedMs = performance.now();
    const minutes: number[] = [];
    const { log } = listen();
    const rounds = new AlertRounds({
      steps: [{ name: 'slos', work: async (at) => void minutes.push(at.minute) }],
      readNow: async () => NOW + 44_800 + (performance.now() - startedMs),
      log,
      everyMs: 5_000,
    });
    rounds.start();
    while (rounds.status.rounds < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await rounds.stop();
    expect(minutes).toEqual([NOW / 60_000 - 1, NOW / 60_000]);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  });

  test('without the clock of the database nothing is evaluated', async () => {
    let begun = 0;
    const { log, events } = listen();
    const rounds = new AlertRounds({
      steps: [{ name: 'slos', work: async () => void begun++ }],
      readNow: () => Promise.reject(new Error('away')),
      log,
    });
    expect(await rounds.tick()).toBe('failed');
    expect(begun).toBe(0);
    expect(events).toEqual(['alerting.stepFailed clock']);
  });

  test('R-09 evaluation gives way under pressure, and a stopped process begins no round', async () => {
    let begun = 0;
    let isPressed = true;
    const { log } = listen();
    const rounds = new AlertRounds({
      steps: [{ name: 'slos', work: async () => void begun++ }],
      readNow: async () => NOW,
      log,
      gaveWay: () => isPressed,
    });
    expect(await rounds.tick()).toBe('gaveWay');
    isPressed = false;
    expect(await rounds.tick()).toBe('done');
    await rounds.stop();
    expect(await rounds.tick()).toBe('skipped');
    expect(begun).toBe(1);
  });
});
