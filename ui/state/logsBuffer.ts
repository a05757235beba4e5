/**
 * The lines a page holds: in the order of their time, each once, no more than a bound. Between them stand the holes a
 * reader has to know of: lines that were skipped, or that were not fetched.
 */
import type { LogLineAnswer } from '../../api/contract/logs.ts';

/** Lines between two moments that are not here. */
export interface Hole {
  kind: 'hole';
  id: string;
  /** Where it stands among the lines, epoch ms. */
  atMs: number;
  fromMs: number;
  toMs: number;
  /** How many; null when nobody counted. */
  lines: number | null;
  why: 'skipped' | 'notFetched';
}

export interface Line extends LogLineAnswer {
  kind: 'line';
  /** Of the request or the line that a context is about. */
  isOwn?: boolean;
}

export type Item = Line | Hole;

export interface LogsBuffer {
  /** In the order of time; changed in place, so that `version` tells of changes. */
  readonly items: readonly Item[];
  /** Lines among the items. */
  readonly lines: number;
  /**
   * Puts lines where their time wants them: behind those of the same time, or before them where they come from an older
   * page. Those already here are left. Answers those that were new.
   */
  add(lines: readonly LogLineAnswer[], from?: 'older' | 'newer'): LogLineAnswer[];
  /** A hole; one that touches another of its kind joins it. */
  addHole(hole: Omit<Hole, 'kind' | 'id' | 'atMs'>): void;
  removeHole(id: string): void;
  has(id: string): boolean;
  /** Index of an item, −1 when it is not here. */
  indexOf(id: string): number;
  /** Takes items away from one end until `max` are left; how many went. */
  trim(end: 'oldest' | 'newest', max: number): number;
  first(): Line | null;
  last(): Line | null;
  clear(): void;
}

export function buildLogsBuffer(): LogsBuffer {
  let items: Item[] = [];
  const ids = new Set<string>();
  let holes = 0;
  let lines = 0;

  /** Index behind the last item that is before a moment. Lines mostly come in order, so the search begins at the end. */
  function placeOf(beforeMs: number): number {
    const newest = items.at(-1);
    if (!newest || newest.atMs < beforeMs) return items.length;
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((items[middle] as Item).atMs < beforeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A page of older lines goes in at once: one by one each would move everything behind it. */
  function addBefore(fresh: Item[]): boolean {
    const first = items[0];
    const last = fresh.at(-1);
    if (!first || !last || last.atMs > first.atMs) return false;
    items = [...fresh, ...items];
    return true;
  }

  return {
    get items() {
      return items;
    },
    get lines() {
      return lines;
    },
    add(given, from = 'newer') {
      const fresh: Line[] = [];
      for (const line of given) {
        if (ids.has(line.id)) continue;
        ids.add(line.id);
        fresh.push({ ...line, kind: 'line' });
      }
      lines += fresh.length;
      const sorted = fresh.toSorted((a, b) => a.atMs - b.atMs);
      if (from === 'older' && addBefore(sorted)) return fresh;
      // Times are whole milliseconds: "before the next one" is "not after this one".
      let shift = 0;
      let lastMs = Number.NaN;
      for (const line of sorted) {
        if (from === 'older') {
          // Lines of one moment keep their order among themselves.
          shift = line.atMs === lastMs ? shift + 1 : 0;
          lastMs = line.atMs;
          items.splice(placeOf(line.atMs) + shift, 0, line);
        } else {
          const at = placeOf(line.atMs + 1);
          if (at === items.length) items.push(line);
          else items.splice(at, 0, line);
        }
      }
      return fresh;
    },
    addHole(hole) {
      const touched = items.find(
        (item): item is Hole =>
          item.kind === 'hole' &&
          item.why === hole.why &&
          item.fromMs <= hole.toMs &&
          hole.fromMs <= item.toMs,
      );
      if (touched) {
        touched.fromMs = Math.min(touched.fromMs, hole.fromMs);
        touched.toMs = Math.max(touched.toMs, hole.toMs);
        touched.lines = touched.lines === null || hole.lines === null ? null : touched.lines + hole.lines;
        return;
      }
      const id = `hole-${++holes}`;
      items.splice(placeOf(hole.fromMs + 1), 0, { kind: 'hole', id, atMs: hole.fromMs, ...hole });
    },
    removeHole(id) {
      const at = items.findIndex((item) => item.id === id);
      if (at >= 0) items.splice(at, 1);
    },
    has: (id) => ids.has(id),
    indexOf: (id) => items.findIndex((item) => item.id === id),
    trim(end, max) {
      const count = Math.max(0, items.length - max);
      if (count === 0) return 0;
      const gone = end === 'oldest' ? items.splice(0, count) : items.splice(items.length - count);
      for (const item of gone) {
        ids.delete(item.id);
        if (item.kind === 'line') lines--;
      }
      return count;
    },
    first: () => items.find((item) => item.kind === 'line') ?? null,
    last: () => items.findLast((item) => item.kind === 'line') ?? null,
    clear() {
      items = [];
      ids.clear();
      lines = 0;
    },
  };
}
