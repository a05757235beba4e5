import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_LINES, compileLogFilter, type LogFilter } from '../../model/log-filter.ts';
import { compareLogLines, formatLogKey, type LogLine } from '../../model/log-line.ts';
import { MINUTE, SECOND } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { logLine, storeLogBlock, storeLogChunk } from '../../test/stored-logs.ts';
import type { ReadStore } from './log-pieces.ts';
import { searchLogs } from './logs.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 10, 42, 17);
const ENOUGH = { timeMs: 60_000, bytes: 1e9 };
let database: TestDatabase;
let read: ReadStore;
let nextApp = 1;

beforeAll(async () => {
  database = await createTestDatabase();
  read = (work) => work(database.pool);
});
afterAll(() => database.close());

/** Numbered lines: minutes of them in blocks, the last ones in chunks, some in both as while they are moved. */
async function storeLog(appId: number, lines: readonly LogLine[]): Promise<void> {
  const chunks = Map.groupBy(lines, ({ seq }) => seq);
  const newest = Math.max(...chunks.keys());
  for (const [seq, members] of chunks) {
    if (seq > newest - 4)
      await storeLogChunk(database.pool, {
        appId,
        writerId: 1,
        seq,
        committedAtMs: Math.max(...members.map(({ atMs }) => atMs)) + 200,
        lines: members,
      });
  }
  const blocks = [...chunks].filter(([seq]) => seq <= newest - 3);
  for (let at = 0; at < blocks.length; at += 3) {
    const members = blocks.slice(at, at + 3).flatMap(([, group]) => group);
    await storeLogBlock(database.pool, appId, members);
  }
}

/** Chunks of 20 lines every 5 s, lines up to 8 s old, up to now. */
function makeLines(chunks: number): LogLine[] {
  return Array.from({ length: chunks }, (_, n) => n + 1).flatMap((seq) =>
    Array.from({ length: 20 }, (__, index) => {
      const number = seq * 20 + index;
      return logLine({
        seq,
        index,
        atMs: NOW_MS - (chunks - seq) * 5 * SECOND - ((number * 7919) % 8_000),
        level: number % 10 === 0 ? 'error' : number % 3 === 0 ? 'info' : null,
        source: number % 4 === 0 ? 'router' : 'app',
        procid: `web.${number % 3}`,
        code: number % 50 === 0 ? 'H12' : null,
        text: `line ${number} ${number % 77 === 0 ? 'Rare' : 'common'}`,
      });
    }),
  );
}

async function readAll(appId: number, filter: LogFilter, limit: number, budget = ENOUGH) {
  const pages: LogLine[][] = [];
  let before: Parameters<typeof searchLogs>[1]['before'] = null;
  for (;;) {
    const found = await searchLogs(read, {
      appId,
      fromMs: NOW_MS - 10 * MINUTE,
      toMs: NOW_MS + 1,
      filter,
      limit,
      nowMs: NOW_MS,
      budget,
      before,
    });
    pages.unshift(found.lines);
    if (found.older === null) return { lines: pages.flat(), pages: pages.length };
    if (pages.length > 500) throw new Error('the search does not come to its end');
    before = found.older;
  }
}

describe("searching an app's log", () => {
  test('page by page every line that fits comes once, oldest first, also while lines are moved into blocks', async () => {
    const appId = nextApp++;
    const lines = makeLines(40);
    await storeLog(appId, lines);
    const filters: Partial<LogFilter>[] = [
      {},
      { texts: ['rare'] },
      { codes: { only: ['H'], not: [] } },
      { levels: { only: ['error'], not: [] }, sources: { only: [], not: ['app'] } },
      { procids: { only: ['web.2'], not: [] } },
      { procids: { only: ['worker'], not: [] } },
    ];
    for (const part of filters) {
      const filter = { ...ALL_LINES, ...part };
      const expected = lines.filter(compileLogFilter(filter)).sort(compareLogLines).map(formatLogKey);
      for (const limit of [37, 500]) {
        const { lines: all } = await readAll(appId, filter, limit);
        expect(all.map(formatLogKey)).toEqual(expected);
      }
    }
  });

  test('a search whose budget is used up says how far it got, and comes to its end when it is asked on', async () => {
    const appId = nextApp++;
    const lines = makeLines(30);
    await storeLog(appId, lines);
    const filter = { ...ALL_LINES, texts: ['no such text'] };
    const ask = { appId, fromMs: NOW_MS - 10 * MINUTE, toMs: NOW_MS + 1, filter, limit: 10, nowMs: NOW_MS };
    const first = await searchLogs(read, { ...ask, budget: { timeMs: 60_000, bytes: 1 } });
    expect(first).toMatchObject({ lines: [], stopped: 'bytes' });
    expect(first.reachedMs).toBeGreaterThan(NOW_MS - 2 * MINUTE);
    expect(first.reachedMs).toBeLessThan(NOW_MS);
    const { lines: none, pages } = await readAll(appId, filter, 10, { timeMs: 0, bytes: 1e9 });
    expect(none).toEqual([]);
    expect(pages).toBeGreaterThan(5);
    const whole = await searchLogs(read, { ...ask, budget: ENOUGH });
    expect(whole).toMatchObject({ stopped: 'end', older: null, reachedMs: ask.fromMs });
    const all = { ...ALL_LINES };
    const { lines: every } = await readAll(appId, all, 500, { timeMs: 0, bytes: 1e9 });
    expect(every.map(formatLogKey)).toEqual(lines.sort(compareLogLines).map(formatLogKey));
  });

  test('a search that nobody waits for ends', async () => {
    const appId = nextApp++;
    await storeLog(appId, makeLines(20));
    const gone = new AbortController();
    const ask = {
      appId,
      fromMs: 0,
      toMs: NOW_MS + 1,
      filter: ALL_LINES,
      limit: 1e6,
      nowMs: NOW_MS,
      budget: ENOUGH,
    };
    let reads = 0;
    const counting: ReadStore = (work) => {
      if (++reads === 3) gone.abort(new Error('gone'));
      return work(database.pool);
    };
    await expect(searchLogs(counting, { ...ask, signal: gone.signal })).rejects.toThrow('gone');
    expect(reads).toBe(3);
  });

  test('a damaged block is as if it were not there', async () => {
    const appId = nextApp++;
    await storeLogBlock(database.pool, appId, [logLine({ atMs: NOW_MS - 5_000, text: 'whole' })]);
    await storeLogBlock(database.pool, appId, [logLine({ atMs: NOW_MS - 4_000, text: 'damaged' })]);
    await database.pool.query("UPDATE log_blocks SET body = '\\x0101ff' WHERE app_id = $1 AND to_ms = $2", [
      appId,
      NOW_MS - 4_000,
    ]);
    const { lines } = await readAll(appId, ALL_LINES, 10);
    expect(lines.map(({ text }) => text)).toEqual(['whole']);
  });

  test('any spread of lines over chunks and blocks is read as one log', async () => {
    const oneLine = fc.record({
      atMs: fc.integer({ min: NOW_MS - 60_000, max: NOW_MS }),
      seq: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(oneLine, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (made, limit) => {
          const appId = nextApp++;
          const indexes = new Map<number, number>();
          const lines = made.map(({ atMs, seq }) => {
            const index = indexes.get(seq) ?? 0;
            indexes.set(seq, index + 1);
            return logLine({ atMs, seq, index });
          });
          await storeLog(appId, lines);
          const { lines: all } = await readAll(appId, ALL_LINES, limit);
          expect(all.map(formatLogKey)).toEqual(lines.toSorted(compareLogLines).map(formatLogKey));
        },
      ),
      { numRuns: 12 },
    );
  });
});
