import { describe, expect, it } from 'vitest';
import type { FleetRow } from '../api/contract/apps.ts';
import type { SloRow } from '../api/contract/slos.ts';
import { sloRows } from './alertFixtures.ts';
import { fleet } from './fixtures.ts';
import { buildItems, type FleetItem } from './fleetItems.ts';
import { sortItems } from './fleetOrder.ts';
import { sayRow } from './fleetSentence.ts';
import { appState } from './parts/state.tsx';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const rows = fleet(NOW).apps;
const NO_DOUBT = { isAway: false, isMoving: false };
const rowOf = (app: string) => rows.find((row) => row.app === app) as FleetRow;
const calm = { ...rowOf('checkout-api'), health: { ...rowOf('checkout-api').health, lostMessages: 0 } };
const sloOf = (app: string, change: Partial<SloRow>): SloRow => ({
  ...(sloRows(NOW)[0] as SloRow),
  app,
  lowTraffic: false,
  budget: { ...(sloRows(NOW)[0] as SloRow).budget, remaining: 0.5 },
  ...change,
});
const itemOf = (row: FleetRow, slos: SloRow[] = []) => buildItems([row], slos, NO_DOUBT)[0] as FleetItem;
const urgent = (items: FleetItem[]) =>
  sortItems(items, { key: 'state', reversed: false }).map(({ row }) => row.app);

describe('the state of an app in the fleet', () => {
  it('is firing while an incident pages, a ticket while one tickets, whatever the hour as a whole says', () => {
    const incidents = { page: 0, ticket: 0, info: 0, unacknowledged: 0, sinceMs: NOW, id: 'x' };
    expect(itemOf({ ...calm, incidents: { ...incidents, page: 1 } })).toMatchObject({
      word: 'firing',
      level: 'critical',
    });
    expect(itemOf({ ...calm, incidents: { ...incidents, ticket: 1 } }).word).toBe('ticket');
    expect(itemOf({ ...calm, incidents: { ...incidents, info: 1 } }).word).toBe('ok');
    expect(itemOf({ ...calm, incidents: { ...incidents, info: 1 } }).concerns).toEqual([]);
  });

  it('burns with an objective that burns, and not while the app is silent', () => {
    const burning = [sloOf(calm.app, { state: 'burning' })];
    expect(itemOf(calm, burning)).toMatchObject({ word: 'burning', concerns: ['burning'] });
    const silent = { ...calm, health: { ...calm.health, state: 'silent' as const } };
    expect(itemOf(silent, burning)).toMatchObject({ word: 'silent', concerns: ['silent'] });
    expect(itemOf(calm, [sloOf('other', { state: 'burning' })]).word).toBe('ok');
    expect(itemOf(calm, [sloOf(calm.app, { state: 'burning', lowTraffic: true })]).word).toBe('ok');
  });

  it('takes the objective with the least budget for the budget, and the one that burns fastest for the burn', () => {
    const budget = (sloRows(NOW)[0] as SloRow).budget;
    const burn = (value: number) => (sloRows(NOW)[0] as SloRow).burn.map((one) => ({ ...one, burn: value }));
    const spent = sloOf(calm.app, {
      slug: 'spent',
      budget: { ...budget, remaining: 0.1 },
      burn: burn(0.2),
      state: 'ok',
    });
    const fast = sloOf(calm.app, {
      slug: 'fast',
      budget: { ...budget, remaining: 0.9 },
      burn: burn(3),
      state: 'ok',
    });
    const item = itemOf(calm, [fast, spent]);
    expect([item.slo?.slug, item.fastest?.slug]).toEqual(['spent', 'fast']);
  });

  it('calls an app failing while its incident is young, although the hour as a whole is still good', () => {
    expect(appState({ ...calm, failedRatio: 0.001, failedRatioNow: 0.08 }).word).toBe('failing');
    expect(appState({ ...calm, failedRatio: 0.001, failedRatioNow: null }).word).toBe('ok');
  });

  it('does not let a few requests look like a catastrophe', () => {
    const low = rows.find((row) => row.lowTraffic && row.requests > 0);
    expect(low && appState({ ...low, failedRatio: 0.5 }).level).toBe('ok');
  });

  it('R-05 is never ok over a hole: one lost line or three silent minutes make the hour incomplete', () => {
    const stateOf = (change: Partial<FleetRow>) => itemOf({ ...calm, ...change }).word;
    expect(stateOf({ health: { ...calm.health, lostMessages: 1 } })).toBe('incomplete');
    const quiet = (from: number, to: number) =>
      calm.sparkline.map((value, minute) => (minute >= from && minute < to ? null : (value ?? 0)));
    expect(stateOf({ sparkline: quiet(20, 23) })).toBe('incomplete');
    expect(stateOf({ sparkline: quiet(20, 22) })).toBe('ok');
    expect(stateOf({ sparkline: quiet(0, 30) })).toBe('ok');
    expect(stateOf({ failedRatio: 0.05, health: { ...calm.health, lostMessages: 1 } })).toBe('failing');
  });

  it('R-05 nothing is ok while frames of an outage are on their way, nor while the database is away', () => {
    for (const doubt of [
      { isAway: false, isMoving: true },
      { isAway: true, isMoving: false },
    ]) {
      const items = buildItems(rows, [], doubt);
      expect(items.map((item) => item.level)).not.toContain('ok');
      expect(items.filter((item) => item.word === 'firing')).toHaveLength(1);
    }
  });

  it('is counted once for each thing that is wrong with it', () => {
    const item = itemOf({
      ...rowOf('shop'),
      health: { ...calm.health, lostMessages: 12 },
    });
    expect(item.concerns).toEqual(['firing', 'burning', 'dropping']);
  });
});

it('an app that runs well and has spent its budget is called neither well nor burning', () => {
  const { budget } = sloRows(NOW)[0] as SloRow;
  const spent = [sloOf(calm.app, { state: 'exhausted', burn: [], budget: { ...budget, remaining: 0 } })];
  expect(itemOf(calm, spent)).toMatchObject({ word: 'no budget', level: 'warning', concerns: [] });
  expect(itemOf({ ...calm, failedRatioNow: 0.2 }, spent).word).toBe('failing');
});

describe('the order of the fleet', () => {
  it('is firing, what burns fastest, silent, tickets, what is amiss, then by budget left', () => {
    const order = urgent(buildItems(rows, [], NO_DOUBT));
    expect(order[0]).toBe('shop');
    expect(order.indexOf('billing')).toBe(1);
    expect(order.indexOf('search')).toBe(2);
    expect(order.indexOf('new-landing')).toBeLessThan(order.indexOf('checkout-api'));
    const budget = (sloRows(NOW)[0] as SloRow).budget;
    const calmTwins = ['c', 'b', 'a'].map((app) => ({ ...calm, app, failedRatio: 0.0001 }));
    const left = [
      sloOf('a', { state: 'ok', burn: [], budget: { ...budget, remaining: 0.9 } }),
      sloOf('b', { state: 'ok', burn: [], budget: { ...budget, remaining: 0.2 } }),
      sloOf('c', { state: 'ok', burn: [], budget: { ...budget, remaining: -0.3 } }),
    ];
    expect(urgent(buildItems(calmTwins, left, NO_DOUBT))).toEqual(['c', 'b', 'a']);
  });
});

describe('a row as a sentence', () => {
  it('says the state first, then figures with what changed, and leaves out what is not known', () => {
    const text = sayRow(itemOf(rowOf('shop'))).replaceAll(/[\u00a0\u202f]/g, ' ');
    expect(text).toMatch(
      /^firing in production: 1 incident open; .*2\.3 % fail, up from 0\.11 % a week ago; p95 .*; H12 [\d ]+ times/,
    );
    expect(sayRow(itemOf(rowOf('new-landing')))).toBe('waiting for its first line');
    expect(sayRow(itemOf(rowOf('admin-tools')))).toContain('too few for a share');
  });
});
