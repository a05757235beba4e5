import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleet } from './fixtures.ts';
import { buildItems } from './fleetItems.ts';
import { GROUPS, groupItems, keepOrder, nextSort, parseSort, SORTS, sortItems } from './fleetOrder.ts';

const items = buildItems(fleet(Date.parse('2026-11-20T10:42:03Z')).apps, [], {
  isAway: false,
  isMoving: false,
});
const names = (list: typeof items) => list.map(({ row }) => row.app);

describe('orders', () => {
  it('of any heading keep every app, and the other way round what is not known still goes last', () => {
    for (const key of SORTS) {
      for (const reversed of [false, true]) {
        expect(names(sortItems(items, { key, reversed })).toSorted(), key).toEqual(names(items).toSorted());
      }
    }
    for (const reversed of [false, true]) {
      const sorted = sortItems(items, { key: 'release', reversed });
      expect(sorted.at(-1)?.row.lastRelease ?? null).toBeNull();
    }
  });

  it('put what matters first: the highest share, the oldest data, the newest release', () => {
    const first = (key: 'failed' | 'age' | 'release' | 'app') =>
      sortItems(items, { key, reversed: false })[0]?.row;
    expect(first('failed')?.app).toBe('shop');
    expect(first('age')?.app).toBe('billing');
    expect(first('app')?.app).toBe('admin-tools');
  });

  it('a heading leads to its order, the other way round, and back to the order by state', () => {
    expect(nextSort(parseSort(null), 'burn')).toBe('burn');
    expect(nextSort(parseSort('burn'), 'burn')).toBe('-burn');
    expect(nextSort(parseSort('-burn'), 'burn')).toBeNull();
    expect(nextSort(parseSort('burn'), 'p95')).toBe('p95');
    expect(nextSort(parseSort('burn'), 'state')).toBeNull();
  });

  it('an address that says nothing sensible is the order by state', () => {
    fc.assert(
      fc.property(fc.option(fc.string()), (text) => {
        const { key } = parseSort(text);
        expect(SORTS).toContain(key);
      }),
    );
    expect(parseSort('-nonsense')).toEqual({ key: 'state', reversed: false });
  });

  it('that is kept stays as it was, newcomers go to the end, and what left is gone', () => {
    const order = names(items).toReversed();
    expect(names(keepOrder(items, order))).toEqual(order);
    const [first, ...rest] = order;
    expect(names(keepOrder(items, rest)).at(-1)).toBe(first);
    expect(names(keepOrder(items.slice(1), order))).toHaveLength(items.length - 1);
  });
});

describe('groups', () => {
  it('hold every app, production before staging, those without a label last', () => {
    const groups = groupItems(items, 'stage');
    expect(groups.map((group) => group.name)).toEqual(['production', 'staging', '']);
    for (const grouping of GROUPS) {
      const held = new Set(groupItems(items, grouping).flatMap((group) => names(group.items)));
      expect([...held].toSorted(), grouping).toEqual(names(items).toSorted());
    }
  });

  it('an app with two tags stands in both, and the order inside is that of before', () => {
    const groups = groupItems(items, 'tag');
    expect(groups.map((group) => group.name)).toEqual(['eu', 'public', '']);
    expect(names(groups[0]?.items ?? [])).toEqual(names(groups[1]?.items ?? []));
    const inside = names(groups[2]?.items ?? []);
    expect(inside).toEqual(names(items).filter((name) => inside.includes(name)));
  });
});
