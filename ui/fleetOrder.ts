/** In which order and in which groups the fleet is shown. Pure. */
import { burnOf, type FleetItem } from './fleetItems.ts';

export const SORTS = [
  'state',
  'app',
  'budget',
  'burn',
  'rate',
  'failed',
  'p95',
  'code',
  'memory',
  'release',
  'age',
] as const;
export type SortKey = (typeof SORTS)[number];
export interface Sort {
  key: SortKey;
  /** The other way round than the order that puts what matters first. */
  reversed: boolean;
}

export const GROUPS = ['none', 'stage', 'team', 'tag'] as const;
export type Grouping = (typeof GROUPS)[number];

export interface Group {
  /** '' for apps without a label of this kind. */
  name: string;
  items: FleetItem[];
}

type Compare = (a: FleetItem, b: FleetItem) => number;

/** What is not known goes last, whichever way the list runs. */
function by(value: (item: FleetItem) => number | null, sign: 1 | -1) {
  return (reversed: boolean): Compare => {
    const direction = reversed ? -sign : sign;
    return (a, b) => {
      const [left, right] = [value(a), value(b)];
      if (left === null || right === null) return Number(left === null) - Number(right === null);
      return direction * (left - right);
    };
  };
}

const byName: Compare = (a, b) => (a.row.app < b.row.app ? -1 : a.row.app > b.row.app ? 1 : 0);
const budgetOf = ({ slo }: FleetItem) => slo?.budget.remaining ?? null;
const failedOf = ({ row }: FleetItem) => (row.lowTraffic ? null : row.failedRatio);

/** Firing, then what burns fastest, then silent, then what is amiss otherwise, then by budget left. */
const byUrgency: Compare = (a, b) =>
  a.rank - b.rank ||
  burnOf(b.fastest, 0) - burnOf(a.fastest, 0) ||
  (failedOf(b) ?? 0) - (failedOf(a) ?? 0) ||
  by(budgetOf, 1)(false)(a, b) ||
  (b.row.requestsPerMinute ?? 0) - (a.row.requestsPerMinute ?? 0) ||
  byName(a, b);

const COMPARE: Record<SortKey, (reversed: boolean) => Compare> = {
  state: (reversed) => (reversed ? (a, b) => byUrgency(b, a) : byUrgency),
  app: (reversed) => (reversed ? (a, b) => byName(b, a) : byName),
  budget: by(budgetOf, 1),
  burn: by(({ fastest }) => fastest?.burn[0]?.burn ?? null, -1),
  rate: by(({ row }) => row.requestsPerMinute, -1),
  failed: by(failedOf, -1),
  p95: by(({ row }) => row.p95Ms, -1),
  code: by(({ row }) => row.topCode?.count ?? null, -1),
  memory: by(({ row }) => row.worstMemory?.ratio ?? null, -1),
  release: by(({ row }) => row.lastRelease?.atMs ?? null, -1),
  age: by(({ row }) => row.health.dataThroughMs, 1),
};

export function sortItems(items: readonly FleetItem[], { key, reversed }: Sort): FleetItem[] {
  const compare = COMPARE[key](reversed);
  return items.toSorted((a, b) => compare(a, b) || byUrgency(a, b));
}

/** `budget`, `-budget` of an address; anything else is the order by state. */
export function parseSort(text: string | null): Sort {
  const reversed = text?.startsWith('-') ?? false;
  const key = SORTS.find((one) => one === (reversed ? text?.slice(1) : text));
  return key ? { key, reversed } : { key: 'state', reversed: false };
}

/** What a press on a heading leads to: its order, the other way round, and back. */
export function nextSort(now: Sort, key: SortKey): string | null {
  if (now.key !== key) return key === 'state' ? null : key;
  if (!now.reversed) return `-${key}`;
  return null;
}

/** The order that stood before, with newcomers at the end. */
export function keepOrder(items: readonly FleetItem[], order: readonly string[]): FleetItem[] {
  const at = new Map(order.map((app, index) => [app, index]));
  const last = order.length;
  return items.toSorted((a, b) => (at.get(a.row.app) ?? last) - (at.get(b.row.app) ?? last));
}

/**
 * Groups by name, those without a label last; the order inside stays. An app with several tags stands in each of their
 * groups.
 */
export function groupItems(items: readonly FleetItem[], grouping: Grouping): Group[] {
  if (grouping === 'none') return [{ name: '', items: [...items] }];
  const groups = new Map<string, FleetItem[]>();
  for (const item of items) {
    for (const name of labelsOf(item, grouping)) {
      const own = groups.get(name);
      if (own) own.push(item);
      else groups.set(name, [item]);
    }
  }
  return [...groups]
    .map(([name, own]) => ({ name, items: own }))
    .toSorted(
      (a, b) =>
        Number(a.name === '') - Number(b.name === '') ||
        stageRank(a.name) - stageRank(b.name) ||
        compareText(a.name, b.name),
    );
}

function labelsOf({ row }: FleetItem, grouping: Exclude<Grouping, 'none'>): string[] {
  const { stage, team, tags } = row.labels;
  if (grouping === 'tag') return tags.length > 0 ? tags : [''];
  return [(grouping === 'stage' ? stage : team) ?? ''];
}

/** Where users are comes first. */
function stageRank(name: string): number {
  if (/^prod/i.test(name)) return 0;
  return /^stag/i.test(name) ? 1 : 2;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
