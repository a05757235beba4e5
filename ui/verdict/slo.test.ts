import { describe, expect, test } from 'vitest';
import type { SloRow } from '../../api/contract/slos.ts';
import { burned, sloDetail, sloRows } from '../alertFixtures.ts';
import { saySloClauses, saySloListClauses } from './slo.ts';

const NOW = Date.parse('2026-11-20T10:42:03Z');
const rows = (mood: 'normal' | 'held' = 'normal') => sloRows(NOW, mood);
const row = (app: string, slug = 'answers', mood: 'normal' | 'held' = 'normal'): SloRow => {
  const found = rows(mood).find((one) => one.app === app && one.slug === slug);
  if (!found) throw new Error(`no fixture ${app}/${slug}`);
  return found;
};
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');
const say = (of: SloRow, withBurned = true) =>
  plain(
    saySloClauses(sloDetail(of, NOW, 'normal'), withBurned ? burned(of, NOW) : null, NOW, 'utc')
      .map((clause) => clause.text)
      .join(' '),
  );

describe('the sentence over an objective', () => {
  test('says that it pages since when, what is left, how fast it goes, until when, and what spent most', () => {
    expect(say(row('shop'))).toBe(
      'Paging since 10:27Z. 20 % of the budget is left: 14 688 of 72 118 bad requests. In the last hour it burned 21.3× (3 221 of 151 200). At that rate it is gone in 5.2 h. H12 is 74 % of what was spent.',
    );
  });

  test('leads on from each clause: to its incident, its charts, the code', () => {
    const of = row('shop');
    const clauses = saySloClauses(sloDetail(of, NOW, 'normal'), burned(of, NOW), NOW, 'utc');
    expect(clauses.map((clause) => clause.href)).toEqual([
      '/i/22222222-0000-4000-8000-000000000214',
      '#chart-budget',
      '#chart-burn',
      '/a/shop/codes/H12',
    ]);
  });

  test('the share that is left is that of the tile, never rounded up', () => {
    const of = row('checkout-api', 'platform-errors');
    const text = say({ ...of, budget: { ...of.budget, remaining: 0.9199 } });
    expect(text).toContain('91 % of the budget is left');
  });

  test('says how long nothing fired where nothing does, and that it burns no faster than it may', () => {
    const of = row('checkout-api', 'platform-errors');
    expect(say(of)).toMatch(/^Nothing fires, and it never has\. .* Nothing was bad in the last hour\./);
    const detail = sloDetail(of, NOW, 'normal');
    const incidents = [
      {
        id: 'i',
        number: 1,
        title: '',
        severity: 'page',
        openedAtMs: NOW - 9e8,
        resolvedAtMs: NOW - 3 * 86_400_000,
      },
    ] as const;
    expect(
      plain(saySloClauses({ ...detail, incidents: [...incidents] }, null, NOW, 'utc')[0]?.text ?? ''),
    ).toBe('Nothing fires, for 3 d.');
  });

  test('R-05 what is held, without data or incomplete is called neither met nor well', () => {
    expect(say(row('shop', 'answers', 'held'))).toMatch(
      /^Held: no line of the app arrives since 10:36Z; last known: alerting since 10:27Z\..*6 minutes without data and 41 minutes with lost lines: whether it is met cannot be said\.$/,
    );
    expect(say(row('billing'))).toMatch(/^No data since 10:36Z: nothing is known of now\./);
    const empty = row('beta');
    expect(say({ ...empty, state: 'noData', budget: { ...empty.budget, remaining: null } })).toBe(
      'No line of this app for longer than is usual: nothing is known.',
    );
    expect(say({ ...empty, state: 'ok', budget: { ...empty.budget, remaining: null } })).toBe(
      'No requests in this period yet.',
    );
  });

  test('of few requests it says that they are few, of a spent budget that it is spent', () => {
    expect(say(row('admin-tools'))).toContain('Few requests: 0 of 12 in the last hour, too few to judge.');
    expect(say(row('search'))).toContain(
      'The budget is spent: 15 908 more than the 41 204 bad requests allowed.',
    );
  });

  test('every state is a sentence', () => {
    for (const state of [
      'firing',
      'held',
      'noData',
      'exhausted',
      'burning',
      'incomplete',
      'learning',
      'ok',
    ] as const) {
      const text = say({ ...row('shop'), state }, false);
      expect(text, state).toMatch(/^[A-Z0-9].*\.$/);
      expect(text, state).not.toMatch(/undefined|null|NaN/);
    }
  });
});

describe('the sentence over the list', () => {
  const sayList = (of: SloRow[], isAway = false) =>
    plain(
      saySloListClauses(of, isAway)
        .map((clause) => clause.text)
        .join(' '),
    );

  test('names what fires first, then what is spent, what burns, and what is not known', () => {
    expect(sayList(rows())).toBe(
      'Shop answers is paging, burning 21.3×. Search answers has no budget left. Shop is fast burns faster than it may. Of 2 objectives not all is known.',
    );
    expect(saySloListClauses(rows(), false)[0]?.href).toBe('/i/22222222-0000-4000-8000-000000000214');
  });

  test('says that all is well, and which has least left', () => {
    const well = [row('admin-tools'), row('checkout-api', 'platform-errors')];
    expect(sayList(well)).toBe(
      'All 2 are within their budgets; the least left is 92 % of No platform errors (checkout-api).',
    );
    expect(sayList(well, true)).toMatch(/^When last known: all 2 are within/);
    expect(sayList([])).toBe('');
  });
});
