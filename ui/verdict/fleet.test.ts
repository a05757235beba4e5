import { describe, expect, it } from 'vitest';
import type { FleetRow } from '../../api/contract/apps.ts';
import type { SloRow } from '../../api/contract/slos.ts';
import { sloRows } from '../alertFixtures.ts';
import { fleet } from '../fixtures.ts';
import { buildItems, type FleetDoubt } from '../fleetItems.ts';
import { sortItems } from '../fleetOrder.ts';
import { countConcerns, fleetVerdict } from './fleet.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const NO_DOUBT = { isAway: false, isMoving: false };
const rowOf = (app: string) => fleet(NOW).apps.find((row) => row.app === app) as FleetRow;
const calm = rowOf('checkout-api');
const quiet = { ...calm, failedRatio: 0.0001, topCode: null };

function itemsOf(rows: FleetRow[], slos: SloRow[] = [], doubt: FleetDoubt = NO_DOUBT) {
  return sortItems(buildItems(rows, slos, doubt), { key: 'state', reversed: false });
}

function say(rows: FleetRow[], slos: SloRow[] = [], doubt: FleetDoubt = NO_DOUBT) {
  const { level, word, lines } = fleetVerdict(itemsOf(rows, slos, doubt), NOW, 'utc', doubt);
  const text = lines.map((line) =>
    line
      .map((clause) => clause.text)
      .join(' ')
      .replaceAll(/[\u00a0\u202f]/g, ' '),
  );
  return { level, word, text, links: lines.flatMap((line) => line.map(({ href }) => href ?? null)) };
}

describe('the sentence of the fleet', () => {
  it('names what fires, since when, how bad, with what code and after which release; each clause leads on', () => {
    const shop = { ...rowOf('shop'), topCode: { code: 'H12', count: 34, title: '', blames: true } };
    const { level, word, text, links } = say([shop, quiet]);
    expect([level, word]).toEqual(['critical', 'Firing']);
    expect(text[0]).toBe(
      'shop fires since 10:24Z: 2.3 % of requests fail, H12 ×34, v214 went out 1 min before.',
    );
    expect(text[1]).toBe('1 other app is well, for the last hour at least.');
    expect(links).toEqual([
      '/a/shop',
      `/i/${shop.incidents?.id}`,
      '/a/shop',
      '/a/shop/codes/H12',
      '/a/shop/releases/214',
      null,
    ]);
  });

  it('does not blame a release of yesterday, nor one that came long after', () => {
    const shop = rowOf('shop');
    const sinceMs = shop.incidents?.sinceMs ?? 0;
    const released = (atMs: number) =>
      say([{ ...shop, lastRelease: { version: 9, atMs, by: null } }]).text[0];
    expect(released(sinceMs - 10 * 60_000)).toContain('v9 went out 10 min before');
    expect(released(sinceMs + 60_000)).toContain('v9 went out at that time');
    expect(released(sinceMs - 86_400_000)).not.toContain('v9');
    expect(released(sinceMs + 10 * 60_000)).not.toContain('v9');
  });

  it('says that nothing is wrong, for how long, and where the least budget is left', () => {
    const row = sloRows(NOW)[0] as SloRow;
    const left = (remaining: number) => ({
      ...row,
      app: quiet.app,
      title: 'Answers',
      state: 'ok' as const,
      lowTraffic: true,
      budget: { ...row.budget, remaining },
    });
    const { level, word, text } = say([quiet, { ...quiet, app: 'other' }], [left(0.2)]);
    expect([level, word]).toEqual(['ok', 'All well']);
    expect(text).toEqual([
      'All 2 apps are well, for the last hour at least. Least budget left: checkout-api, Answers, 20 %.',
    ]);
    expect(say([quiet], [left(-0.39)]).level).toBe('ok');
    expect(say([quiet], [{ ...left(-0.39), lowTraffic: false }])).toMatchObject({
      level: 'warning',
      text: ['checkout-api runs well now, but “Answers” has spent its budget: −39 % left.'],
    });
    expect(say([quiet]).text).toEqual(['1 app is well, for the last hour at least.']);
  });

  it('names three and counts the rest', () => {
    const burning = ['a', 'b', 'c', 'd', 'e'].map((app) => ({ ...calm, app, failedRatioNow: 0.2 }));
    const { word, text } = say(burning);
    expect(word).toBe('Failing');
    expect(text).toHaveLength(4);
    expect(text[3]).toBe('2 apps more are in trouble.');
  });

  it('does not date what fails now by a ticket that was opened for something else', () => {
    const shop = rowOf('shop');
    const [incidents, failedRatioNow] = [shop.incidents && { ...shop.incidents, page: 0, ticket: 2 }, 0.08];
    const [first] = say([{ ...shop, incidents, failedRatioNow, topCode: null }]).text;
    expect(first).toMatch(/^shop fails now: 8 % of requests fail.*, 2 tickets open since 10:24Z\.$/);
  });

  it('says silence with its age, a ticket with who has it, memory and losses with their figures', () => {
    expect(say([rowOf('billing')]).text[0]).toMatch(/^billing has sent no line for \d+ min\.$/);
    expect(say([rowOf('search')]).text[0]).toMatch(
      /^search has 1 ticket open since 10:24Z \(acknowledged\): .*web\.2 at 1\d\d % of its memory\.$/,
    );
    const losing = { ...quiet, health: { ...quiet.health, lostMessages: 12 } };
    expect(say([losing])).toMatchObject({
      level: 'warning',
      text: ['checkout-api is not known in full: up to 12 lines lost.'],
    });
  });

  it('R-05 calls nothing well while the database is away or frames are on their way, nor an app that says nothing', () => {
    const away = say([quiet], [], { isAway: true, isMoving: false });
    expect([away.level, away.word]).toEqual(['unknown', 'Not known']);
    expect(away.text[0]).toMatch(/^Nothing newer than 10:4\dZ is known: the database does not answer\./);
    const moving = say([quiet], [], { isAway: false, isMoving: true });
    expect(moving.level).toBe('warning');
    expect(moving.text.join(' ')).toContain('on their way from Redis');
    expect([...away.text, ...moving.text].join(' ')).not.toMatch(/\bwell\b/);
    expect(say([rowOf('new-landing')])).toMatchObject({ level: 'unknown', word: 'Waiting' });
  });

  it('R-05 calls nothing well by budgets that could not be loaded, are not there yet, or are old; what fires stays first', () => {
    const rows = [quiet, { ...quiet, app: 'other' }];
    const doubtOf = (asOfMs: number | null, isLoading = false) => ({
      ...NO_DOUBT,
      objectives: { asOfMs, isLoading },
    });
    expect(say(rows, [], doubtOf(null))).toEqual({
      level: 'unknown',
      word: 'Half known',
      text: [
        'Objectives could not be loaded: whether a budget burns is not known.',
        'All 2 apps are well by their requests, for the last hour at least.',
      ],
      links: ['/slo', null],
    });
    expect(say(rows, [], doubtOf(null, true))).toMatchObject({ level: 'unknown', word: 'Loading' });
    const [slo] = sloRows(NOW) as [SloRow];
    const budget = { ...slo.budget, remaining: 0.7 };
    const old = { ...slo, app: quiet.app, state: 'ok' as const, lowTraffic: true, budget };
    const said = say(rows, [old], doubtOf(NOW - 240_000));
    expect([said.level, said.word]).toEqual(['unknown', 'Half known']);
    expect(said.text.join(' ')).toContain('budgets and burns are those of 10:38Z.');
    expect(said.text.join(' ')).not.toContain('Least budget');
    expect(say([rowOf('shop'), quiet], [], doubtOf(null))).toMatchObject({
      level: 'critical',
      word: 'Firing',
    });
    // Without the database nothing is known: that says it all.
    const away = say(rows, [], { ...doubtOf(null), isAway: true });
    expect(away.word).toBe('Not known');
    expect(away.text.join(' ')).not.toContain('Objectives');
  });

  it('counts alerts by incident and everything else by app', () => {
    const two = { ...rowOf('shop') };
    two.incidents = { page: 2, ticket: 1, info: 5, unacknowledged: 0, sinceMs: NOW, id: 'x' };
    expect(countConcerns(itemsOf([two, rowOf('billing'), quiet]))).toEqual({
      firing: 3,
      burning: 1,
      silent: 1,
      dropping: 0,
    });
  });
});
