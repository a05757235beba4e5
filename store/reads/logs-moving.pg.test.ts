import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ALL_LINES, type LogFilter } from '../../model/log-filter.ts';
import { compareLogLines, formatLogKey, type LogCount, type LogLine } from '../../model/log-line.ts';
import { HOUR, MINUTE, SECOND } from '../../model/time.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { logLine, storeLogBlock, storeLogChunk } from '../../test/stored-logs.ts';
import { createApp } from '../apps.ts';
import { readNewestLogChunks } from '../log-chunks.ts';
import { compactLogs } from '../log-compaction.ts';
import { type Queryable, withTransaction } from '../pool.ts';
import { BLOCKS_MAX } from './log-block-counts.ts';
import { readLogContext } from './log-context.ts';
import { countLogs } from './log-histogram.ts';
import type { ReadStore } from './log-pieces.ts';
import { searchLogs } from './logs.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 10, 42, 17);
const SPAN = { fromMs: NOW_MS - HOUR, toMs: NOW_MS + 1 };
const ENOUGH = { timeMs: 60_000, bytes: 1e12 };
let database: TestDatabase;
let appId: number;
let apps = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());
beforeEach(async () => {
  const key = 'a key for the tests of lines that move';
  appId = (await createApp(database.pool, { name: `app-${++apps}`, key, nowMs: NOW_MS })).app.id;
});

const read: ReadStore = (work) => withTransaction(database.pool, work, { readOnly: true });

/** Commits of a quarter of an hour that nobody has made blocks of, one every 15 s. */
async function storeBacklog(): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for (let seq = 1; seq <= 60; seq++) {
    const committedAtMs = NOW_MS - (60 - seq) * 15 * SECOND;
    const lines = Array.from({ length: 8 }, (_, index) =>
      logLine({
        seq,
        index,
        atMs: committedAtMs - ((seq * 7 + index * 13) % 40) * SECOND,
        text: `line ${seq} ${index % 2 === 0 ? 'even' : 'odd'}`,
        level: index === 3 ? 'error' : null,
      }),
    );
    await storeLogChunk(database.pool, { appId, writerId: 1, seq, committedAtMs, lines });
    all.push(...lines);
  }
  return all.sort(compareLogLines);
}

/** Moves what was committed by an instant into blocks; gives how many commits those were. */
async function moveUpTo(ms: number): Promise<number> {
  let moved = 0;
  for (let isDone = false; !isDone; ) {
    const round = await compactLogs(database.pool, { nowMs: NOW_MS, hours: 24, settleMs: NOW_MS - ms });
    moved += round.chunks;
    ({ isDone } = round);
  }
  return moved;
}

/** Reads, and lets the worker come between before the n-th time. */
function interrupted(at: number, work: () => Promise<void>): ReadStore {
  let reads = 0;
  return async (run) => {
    if (++reads === at) await work();
    return read(run);
  };
}

function sumOf(counts: readonly LogCount[]): [number, number] {
  return counts.reduce<[number, number]>(
    ([kept, leftOut], count) => [kept + count.kept, leftOut + count.leftOut],
    [0, 0],
  );
}

const scan = (filter: Partial<LogFilter> = {}) => ({
  ...{ appId, ...SPAN, nowMs: NOW_MS, budget: ENOUGH },
  filter: { ...ALL_LINES, ...filter },
});

describe('lines that are moved into blocks while they are read', () => {
  test('a search finds each of them once and counts each once, whenever the worker catches up', async () => {
    let fired = 0;
    for (let at = 1; at <= 12; at++) {
      const lines = await storeBacklog();
      const store = interrupted(at, async () => {
        fired += (await moveUpTo(NOW_MS - (at % 3) * 2 * MINUTE)) > 0 ? 1 : 0;
      });
      const filter = at % 2 === 0 ? {} : { texts: ['even'] };
      const expected = lines.filter(({ text }) => at % 2 === 0 || text.endsWith('even'));
      const found = await searchLogs(store, { ...scan(filter), limit: 1_000 });
      expect([at, found.stopped, found.lines.map(formatLogKey)]).toEqual([
        at,
        'end',
        expected.map(formatLogKey),
      ]);
      expect([at, ...sumOf(found.counts)]).toEqual([at, lines.length, 0]);
      expect(found.scannedLines).toBe(lines.length);
      await moveUpTo(NOW_MS + HOUR);
      await database.pool.query('DELETE FROM log_blocks');
    }
    expect(fired).toBeGreaterThan(5);
  });

  test('a page of them ends where the next one begins, also when commits of both were moved in between', async () => {
    const lines = await storeBacklog();
    for (let minute = 1; minute < 5; minute++) {
      await storeLogBlock(database.pool, appId, [
        logLine({ atMs: NOW_MS - minute * MINUTE, seq: 1_000 + minute, text: 'in a block before' }),
      ]);
    }
    let [pages, moved] = [0, 0];
    const all: LogLine[] = [];
    let before: Parameters<typeof searchLogs>[1]['before'] = null;
    let reads = 0;
    const store: ReadStore = async (run) => {
      // A minute and a half more of it behind each reading.
      reads++;
      moved += await moveUpTo(NOW_MS - 15 * MINUTE + reads * 50 * SECOND);
      return read(run);
    };
    do {
      const found = await searchLogs(store, { ...scan(), limit: 60, before });
      all.unshift(...found.lines);
      before = found.older;
      pages++;
    } while (before !== null && pages < 50);
    const told = all.filter(({ text }) => text !== 'in a block before');
    expect(told.map(formatLogKey)).toEqual(lines.map(formatLogKey));
    expect(all.length - told.length).toBe(4);
    expect(moved).toBeGreaterThan(30);
    await database.pool.query('DELETE FROM log_blocks');
    await moveUpTo(NOW_MS + HOUR);
  });

  test('columns count them once, as of one moment', async () => {
    let fired = 0;
    for (let at = 2; at <= 9; at++) {
      const lines = await storeBacklog();
      await moveUpTo(NOW_MS - 10 * MINUTE);
      let queries = 0;
      const store: ReadStore = (run) =>
        withTransaction(
          database.pool,
          (client) => {
            const query = async (...given: [string, unknown[]?]) => {
              if (++queries === at) fired += (await moveUpTo(NOW_MS + MINUTE)) > 0 ? 1 : 0;
              return client.query(...given);
            };
            return run({ query } as unknown as Queryable);
          },
          { readOnly: true },
        );
      const counted = await countLogs(store, { ...scan(), stepS: 30 });
      expect([at, counted.total, sumOf(counted.counts)[0]]).toEqual([at, lines.length, lines.length]);
      await moveUpTo(NOW_MS + HOUR);
      await database.pool.query('DELETE FROM log_blocks');
    }
    expect(fired).toBeGreaterThan(4);
  });
});

describe('more lines than are read at once', () => {
  test('a slice of commits ends with its bytes, and frames get their turn while it is read', async () => {
    const lines = Array.from({ length: 24_000 }, (_, n) =>
      logLine({ atMs: NOW_MS - 5_000, seq: 1 + Math.floor(n / 1_000), index: n % 1_000, text: noise(n) }),
    );
    for (const [seq, members] of Map.groupBy(lines, (line) => line.seq)) {
      await storeLogChunk(database.pool, {
        ...{ appId, writerId: 1, seq, lines: members },
        committedAtMs: NOW_MS - (seq % 3),
      });
    }
    let before: Parameters<typeof readNewestLogChunks>[1]['before'] = null;
    const sizes: number[] = [];
    const seen: LogLine[] = [];
    for (let isCut = true; isCut; ) {
      const slice: Awaited<ReturnType<typeof readNewestLogChunks>> = await readNewestLogChunks(
        database.pool,
        { appId, fromMs: NOW_MS - 10_000, toMs: NOW_MS + 1, before, limit: 100, bytesMax: 40_000 },
      );
      sizes.push(slice.bytes);
      for (const chunk of slice.chunks) seen.push(...chunk.lines);
      ({ isCut } = slice);
      before = slice.chunks[0] ?? before;
    }
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(80_000);
    expect(seen.sort(compareLogLines).map(formatLogKey)).toEqual(
      lines.sort(compareLogLines).map(formatLogKey),
    );
    // What the database answered, given at once: whatever turns there are now are between lines.
    const all = { appId, fromMs: NOW_MS - 10_000, toMs: NOW_MS + 1, before: null, limit: 100, bytesMax: 1e9 };
    let answer: unknown;
    const recording = {
      query: async (...given: [string, unknown[]?]) => (answer = await database.pool.query(...given)),
    };
    await readNewestLogChunks(recording as unknown as Queryable, all);
    let [turns, isReading] = [0, true];
    const counting = (async () => {
      for (; isReading; turns++) await turn();
    })();
    const answered = { query: async () => answer };
    const { chunks } = await readNewestLogChunks(answered as unknown as Queryable, all);
    isReading = false;
    await counting;
    expect(chunks).toHaveLength(24);
    expect(turns).toBeGreaterThan(8);
    await moveUpTo(NOW_MS + HOUR);
  });

  test('what was said around a line is found among more lines than a call takes arguments', async () => {
    for (let seq = 1; seq <= 70; seq++) {
      const lines = Array.from({ length: 2_000 }, (_, index) =>
        logLine({ atMs: NOW_MS - (71 - seq) * SECOND, seq, index, text: 'x' }),
      );
      await storeLogChunk(database.pool, {
        ...{ appId, writerId: 1, seq, lines },
        committedAtMs: NOW_MS - (71 - seq) * 10,
      });
    }
    const middle = logLine({ atMs: NOW_MS - 36 * SECOND, seq: 35, index: 1_000, text: 'x' });
    const found = await readLogContext(read, {
      ...scan(),
      about: { line: middle },
      aroundMs: 5 * MINUTE,
      limit: 300,
    });
    expect(found.lines).toHaveLength(300);
    expect(found.lines.map(formatLogKey)).toContain(formatLogKey(middle));
    expect(found.lines.every(({ atMs }) => atMs === middle.atMs)).toBe(true);
    expect([found.cutBefore, found.cutAfter, found.search.stopped]).toEqual([true, true, 'end']);
    const newest = await searchLogs(read, { ...scan(), limit: 3 });
    expect([newest.stopped, newest.lines.map(({ seq, index }) => [seq, index])]).toEqual([
      'limit',
      [
        [70, 1_997],
        [70, 1_998],
        [70, 1_999],
      ],
    ]);
    await database.pool.query('DELETE FROM log_chunks');
  });

  test('columns of commits that the budget does not reach are not known, and the total is an estimate', async () => {
    const lines = await storeBacklog();
    const budget = { timeMs: 60_000, bytes: 1 };
    for (const filter of [{}, { texts: ['even'] }]) {
      const expected = lines.filter(({ text }) => filter.texts === undefined || text.endsWith('even')).length;
      const whole = await countLogs(read, { ...scan(filter), stepS: 60 });
      expect([whole.total, whole.isEstimated, whole.lookedAtShare]).toEqual([expected, false, 1]);
      const part = await countLogs(read, { ...scan(filter), budget, stepS: 60 });
      expect(part.isEstimated).toBe(true);
      expect(part.lookedAtShare).toBeLessThan(0.2);
      expect(part.total).toBeGreaterThan(expected * 0.8);
      expect(part.total).toBeLessThan(expected * 1.2);
      const app = part.series.get('source:app') ?? [];
      expect(app.slice(-14, -3).every((value) => value === null)).toBe(true);
      expect(app.some((value) => (value ?? 0) > 0)).toBe(true);
    }
    await moveUpTo(NOW_MS + HOUR);
    await database.pool.query('DELETE FROM log_blocks');
  });

  test('columns of more blocks than one answer is made of are no whole', async () => {
    const one = logLine({ atMs: NOW_MS - SECOND, code: 'H12' });
    await storeLogBlock(database.pool, appId, [one]);
    await storeLogBlock(database.pool, appId, [logLine({ atMs: NOW_MS - 30 * MINUTE })]);
    const insert = (before: number, count: number) =>
      database.pool.query(
        `INSERT INTO log_blocks (app_id, from_ms, to_ms, lines, counts, codes, procids, body)
         SELECT app_id, $2::bigint, $2::bigint, 1, ARRAY[$2::bigint / 10000, 0, 0, 1, 0]::int[], codes, procids, body
         FROM (SELECT * FROM log_blocks WHERE app_id = $1 AND codes = '{}' LIMIT 1) AS b, generate_series(1, $3)`,
        [appId, before, count],
      );
    await insert(NOW_MS - 20 * MINUTE, BLOCKS_MAX);
    const filter = { codes: { only: ['H12'], not: [] } };
    const counted = await countLogs(read, { ...scan(filter), stepS: 60 });
    expect([counted.isEstimated, counted.isFacetsEstimated]).toEqual([true, true]);
    const codes = counted.series.get('code:any') ?? [];
    expect(codes.at(-1)).toBe(1);
    // Half an hour back there is a line that nobody looked at.
    expect(codes[30]).toBeNull();
    await database.pool.query('DELETE FROM log_blocks');
  });
});

describe('what cannot be read', () => {
  test('a damaged block or commit is told of, and nothing is called whole', async () => {
    await storeLogBlock(database.pool, appId, [logLine({ atMs: NOW_MS - 5 * MINUTE, text: 'fine' })]);
    const whole = await searchLogs(read, { ...scan(), limit: 10 });
    expect([whole.unread, whole.lines.length]).toEqual([0, 1]);
    await storeLogBlock(database.pool, appId, [logLine({ atMs: NOW_MS - 4 * MINUTE, seq: 2, text: 'not' })]);
    await database.pool.query("UPDATE log_blocks SET body = '\\x0901' WHERE app_id = $1 AND to_ms = $2", [
      appId,
      NOW_MS - 4 * MINUTE,
    ]);
    const found = await searchLogs(read, { ...scan(), limit: 10 });
    expect([found.unread, found.stopped, found.lines.map(({ text }) => text)]).toEqual([1, 'end', ['fine']]);
    const counted = await countLogs(read, { ...scan({ texts: ['fine'] }), stepS: 60 });
    expect(counted.isEstimated).toBe(true);
    await storeLogChunk(database.pool, {
      ...{ appId, writerId: 1, seq: 3, committedAtMs: NOW_MS - SECOND },
      lines: [logLine({ atMs: NOW_MS - SECOND, seq: 3 })],
    });
    await database.pool.query("UPDATE log_chunks SET body = '\\x0901', section_ends = '{2}' WHERE seq = 3");
    expect((await searchLogs(read, { ...scan(), limit: 10 })).unread).toBe(2);
    const all = await countLogs(read, { ...scan(), stepS: 60 });
    expect([all.isEstimated, all.series.get('source:app')?.at(-1)]).toEqual([true, null]);
  });
});

/** Text that compression makes little of. */
function noise(seed: number): string {
  let state = seed * 2_654_435_761 + 1;
  return Array.from({ length: 24 }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return String.fromCharCode(33 + (Math.floor(state / 65_536) % 90));
  }).join('');
}
