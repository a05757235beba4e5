import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { silentLog } from '../model/log.ts';
import { formatLogKey, type LogLine } from '../model/log-line.ts';
import { MINUTE, SECOND } from '../model/time.ts';
import { createApp } from '../store/apps.ts';
import { buildTestApi, TEST_KEY, type TestApi, type TestBrowser } from '../test/api-client.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { logLine, storeLogBlock, storeLogChunk } from '../test/stored-logs.ts';
import type { LogContextAnswer, LogHistogramAnswer, LogPatternsAnswer, LogsAnswer } from './contract/logs.ts';

let database: TestDatabase;
let api: TestApi;
let viewer: TestBrowser;
let connect: TestDatabase['pool']['connect'];
let nowMs: number;
let lines: LogLine[];
const ids: Record<string, number> = {};

beforeAll(async () => {
  database = await createTestDatabase();
  // As long as it takes on a busy machine: what is found is looked at here, not how quickly.
  api = buildTestApi(database.pool, { logSearchMs: 60_000 });
  nowMs = api.clock.nowMs;
  connect = database.pool.connect.bind(database.pool);
  for (const name of ['shop', 'quiet', 'off', 'new']) {
    ids[name] = (await createApp(database.pool, { name, key: TEST_KEY, nowMs })).app.id;
  }
  await database.pool.query('UPDATE apps SET keep_logs_hours = 0 WHERE id = $1', [ids.off]);
  for (const name of ['shop', 'quiet', 'off']) await hear(ids[name] ?? 0);
  viewer = (await api.signedIn('viewer')).browser;
  lines = makeLines();
  const shop = ids.shop ?? 0;
  for (let minute = 29; minute > 1; minute--) {
    const from = nowMs - minute * MINUTE;
    const leftOut = {
      bucketS: Math.floor(from / 10_000) * 10,
      source: 'app',
      level: null,
      kept: 0,
      leftOut: 18,
    } as const;
    await storeLogBlock(
      database.pool,
      shop,
      lines.filter(({ atMs }) => atMs >= from && atMs < from + MINUTE),
      minute === 10 ? [leftOut] : [],
    );
  }
  const last = lines
    .filter(({ atMs }) => atMs >= nowMs - MINUTE)
    .map((line, index) => ({ ...line, writerId: 2, seq: 1, index }));
  lines = [...lines.filter(({ atMs }) => atMs < nowMs - MINUTE), ...last];
  await storeLogChunk(database.pool, {
    appId: shop,
    writerId: 2,
    seq: 1,
    committedAtMs: nowMs - 100,
    lines: last,
  });
});
afterAll(() => database.close());

/** A drain that was heard just now. */
async function hear(appId: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO drains (app_id, token, state, sender, first_received_at_ms, last_received_at_ms, last_line_at_ms)
     VALUES ($1, $2, 'adopted', 'logplex', $3, $3, $3)`,
    [appId, `d.${appId}`, nowMs],
  );
}

/** Half an hour, a line a second: requests by the router, what the app says of them, an H12 a minute, secrets. */
function makeLines(): LogLine[] {
  return Array.from({ length: 1_740 }, (_, n) => {
    const atMs = nowMs - 29 * MINUTE + n * SECOND;
    const requestId = `req-${Math.floor(n / 4)}`;
    const place = { atMs, seq: 1 + Math.floor(n / 100), index: n % 100, requestId };
    if (n % 60 === 30) {
      return logLine({
        ...place,
        source: 'router',
        procid: 'router',
        level: 'error',
        code: 'H12',
        status: 503,
        text: `at=error code=H12 path="/cart/${n}" status=503`,
      });
    }
    if (n % 4 === 3) {
      return logLine({
        ...place,
        source: 'router',
        procid: 'router',
        status: 200,
        text: `at=info path="/cart/${n}" service=${n}ms status=200`,
      });
    }
    return logLine({
      ...place,
      procid: `web.${n % 3}`,
      level: n % 4 === 0 ? 'info' : null,
      text: `order ${n} paid with {redacted} in ${n} ms`,
    });
  });
}

const path = (what: string, query = '') => `/apps/${what}?${query}`;

async function search(query: string, app = 'shop'): Promise<LogsAnswer> {
  const answer = await viewer.get(path(`${app}/logs`, query));
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('lines of a log over the API', () => {
  test('the newest come first page by page, and nothing is told twice or left out on the way back and forth', async () => {
    const first = await search('from=now-1h&limit=500');
    expect(first.lines.map(({ id }) => id)).toEqual(lines.slice(-500).map(formatLogKey));
    expect(first).toMatchObject({ empty: null, redactions: expect.any(Number), dataThroughMs: nowMs });
    expect(first.redactions).toBe(first.lines.filter(({ text }) => text.includes('{redacted}')).length);
    const second = await search(`from=now-1h&limit=500&before=${first.older}`);
    expect(second.lines.map(({ id }) => id)).toEqual(lines.slice(-1_000, -500).map(formatLogKey));
    const back = await search(`from=now-1h&limit=500&after=${second.newer}`);
    expect(back.lines).toEqual(first.lines);
    const middle = await search(`from=now-1h&limit=10&after=${second.lines[0]?.id}`);
    expect(middle.lines).toEqual(second.lines.slice(1, 11));
    expect(middle.search).toMatchObject({ stopped: 'limit', complete: false });
    const last = await search('from=now-10s&limit=500');
    expect(last.search).toMatchObject({ stopped: 'end', complete: true });
    expect([last.older, last.newer === null]).toEqual([null, false]);
  });

  test('fields may be repeated, listed and excluded', async () => {
    const found = await search(
      'from=now-1h&source=router&source=app&code=H12,H13&level=error&status=5xx&q=CART&q=h12&not=checkout&limit=500',
    );
    expect(found.lines).toHaveLength(29);
    expect(found.lines.every(({ code }) => code === 'H12')).toBe(true);
    expect(
      (await search('from=now-1h&dyno=-web&limit=500')).lines.every(({ source }) => source === 'router'),
    ).toBe(true);
    expect((await search('from=now-1h&rid=req-100')).lines.map(({ requestId }) => requestId)).toEqual(
      Array(4).fill('req-100'),
    );
  });

  test('what cannot be asked is refused, with the field', async () => {
    for (const [query, field] of [
      ['source=apache', 'source'],
      ['before=x', 'before'],
      ['before=1.1.1.1&after=1.1.1.1', 'after'],
      ['code=H1', 'code'],
      ['from=yesterday', 'from'],
      ['colour=red', 'colour'],
    ]) {
      const { status, body } = await viewer.get(path('shop/logs', query));
      expect([status, body.faults?.[0]?.field]).toEqual([400, field]);
    }
    expect((await viewer.get(path('shop/logs/context'))).status).toBe(400);
    expect((await viewer.get(path('nothing/logs'))).status).toBe(404);
    expect((await api.browser().get(path('shop/logs'))).status).toBe(401);
  });

  test('an answer without lines says why', async () => {
    const empty = async (query: string, app = 'shop') => (await search(query, app)).empty;
    expect(await empty('from=now-1h&q=nothing says this')).toBe('none');
    expect(await empty('from=now-50m&to=now-40m')).toBe('tooOld');
    expect(await empty('from=now-30h&to=now-28h')).toBe('tooOld');
    expect(await empty('', 'quiet')).toBe('silent');
    expect(await empty('', 'off')).toBe('off');
    expect(await empty('', 'new')).toBe('notSetUp');
  });

  test('what the rate guard left out is told where it is looked at', async () => {
    const found = await search('from=now-1h&q=nothing says this');
    expect(found.leftOut).toEqual([
      expect.objectContaining({ source: 'app', leftOut: 18, oneIn: expect.any(Number) }),
    ]);
    expect(found.leftOut[0]?.oneIn).toBeGreaterThan(1);
    expect((await search('from=now-5m')).leftOut).toEqual([]);
    expect(found.retention).toMatchObject({ hours: 24, bytes: expect.any(Number) });
    expect(found.retention.keptFromMs).toBe(lines[0]?.atMs);
  });

  test('columns add up to the lines, with and without a look at each', async () => {
    const count = async (query: string): Promise<LogHistogramAnswer> =>
      (await viewer.get(path('shop/logs/histogram', query))).body;
    const sum = (answer: LogHistogramAnswer, id: string) =>
      answer.columns.series
        .find((series) => series.id === id)
        ?.values.reduce<number>((total, value) => total + (value ?? 0), 0) ?? 0;
    const all = await count('from=now-1h');
    expect([all.total, all.estimated, all.lookedAtShare, all.step]).toEqual([lines.length, false, 1, 30]);
    expect(sum(all, 'source:app') + sum(all, 'source:router')).toBe(lines.length);
    expect(sum(all, 'level:error')).toBe(29);
    expect(all.columns.t).toHaveLength(all.columns.series[0]?.values.length ?? 0);
    const some = await count('from=now-1h&q=paid&dyno=web.1');
    const fitting = lines.filter(({ procid, text }) => procid === 'web.1' && text.includes('paid'));
    expect([some.total, some.estimated, sum(some, 'source:app')]).toEqual([
      fitting.length,
      false,
      fitting.length,
    ]);
    const codes = await count('from=now-1h&code=any');
    expect([codes.total, sum(codes, 'status:5xx'), sum(codes, 'code:any')]).toEqual([29, 29, 29]);
    expect(codes.facets.code).toEqual([{ value: 'H12', count: 29 }]);
    expect((await count('from=now-1h&q=no such')).empty).toBe('none');
  });

  test('a request is found by its id, among what was said around it, its own lines marked', async () => {
    const ask = async (query: string): Promise<LogContextAnswer> =>
      (await viewer.get(path('shop/logs/context', query))).body;
    const found = await ask('rid=req-100&around=10');
    expect(found.lines.filter(({ isOwn }) => isOwn).map(({ requestId }) => requestId)).toEqual(
      Array(4).fill('req-100'),
    );
    expect(found.lines).toHaveLength(24);
    expect(found).toMatchObject({ requestId: 'req-100', cutBefore: false, cutAfter: false, empty: null });
    const own = found.lines.find(({ isOwn }) => isOwn);
    const byLine = await ask(`line=${own?.id}&around=10`);
    expect(byLine.lines).toEqual(found.lines);
    const few = await ask('rid=req-100&around=10&limit=6');
    expect([few.lines.length, few.cutBefore, few.cutAfter]).toEqual([6, true, true]);
    const routed = await ask('rid=req-100&around=10&source=router');
    expect(routed.lines.filter(({ isOwn }) => !isOwn).every(({ source }) => source === 'router')).toBe(true);
    expect(routed.lines.filter(({ isOwn }) => isOwn)).toHaveLength(4);
    expect(await ask('rid=req-none')).toMatchObject({ atMs: null, lines: [], empty: 'none' });
  });

  test('patterns tell what the lines have in common, and are filters themselves', async () => {
    const found: LogPatternsAnswer = (await viewer.get(path('shop/logs/patterns', 'from=now-1h'))).body;
    expect(found.search.complete).toBe(true);
    expect([found.lines, found.restLines]).toEqual([lines.length, 0]);
    expect(found.patterns.map(({ template }) => template)).toEqual([
      'order <num> paid with {redacted} in <duration>',
      'at=info path="<str>" service=<duration> status=200',
      'at=error code=H12 path="<str>" status=503',
    ]);
    const [, , worst] = found.patterns;
    expect(worst).toMatchObject({ count: 29, level: 'error', sources: ['router'] });
    const only = await search(`from=now-1h&limit=500&pattern=${worst?.id}`);
    expect(only.lines).toHaveLength(29);
    expect(only.lines.at(-1)).toEqual(worst?.example);
  });

  test('a search that nobody waits for any more ends, and is no fault in our log', async () => {
    const faults: string[] = [];
    const log = { ...silentLog, error: (event: string) => faults.push(event) };
    const own = buildTestApi(database.pool, { logSearchMs: 60_000, log });
    const gone = new AbortController();
    let queries = 0;
    const counted = vi.spyOn(database.pool, 'connect').mockImplementation(((...given: []) => {
      if (++queries === 3) gone.abort();
      return connect(...given);
    }) as typeof database.pool.connect);
    const token = await own.token('viewer');
    queries = 0;
    const answer = await own
      .withToken(token)
      .raw('/api/v1/apps/shop/logs?from=now-1h&q=nothing', { signal: gone.signal });
    counted.mockRestore();
    expect([answer.status, gone.signal.aborted, faults]).toEqual([499, true, []]);
    expect(queries).toBeLessThan(6);
  });

  test('what cannot be read is told of in every answer, and none of them calls itself complete', async () => {
    const { id } = (await createApp(database.pool, { name: 'damaged', key: TEST_KEY, nowMs })).app;
    await hear(id);
    await storeLogBlock(database.pool, id, [
      logLine({ atMs: nowMs - 2 * MINUTE, text: 'whole', requestId: 'r-1' }),
    ]);
    const before = await search('from=now-1h', 'damaged');
    expect(before.search).toMatchObject({ complete: true });
    expect(before.search).not.toHaveProperty('unread');
    await storeLogBlock(database.pool, id, [logLine({ atMs: nowMs - MINUTE, seq: 2, text: 'lost' })]);
    await database.pool.query("UPDATE log_blocks SET body = '\\x0901' WHERE app_id = $1 AND to_ms = $2", [
      id,
      nowMs - MINUTE,
    ]);
    const told = { complete: false, stopped: 'end', unread: 1 };
    const found = await search('from=now-1h', 'damaged');
    expect([found.search, found.lines.map(({ text }) => text)]).toMatchObject([told, ['whole']]);
    expect((await search('from=now-1h&q=lost', 'damaged')).empty).toBe('unfinished');
    for (const [what, query] of [
      ['patterns', 'from=now-1h'],
      ['context', 'rid=r-1&around=120'],
    ] as const) {
      expect((await viewer.get(path(`damaged/logs/${what}`, query))).body.search).toMatchObject(told);
    }
    const columns = (await viewer.get(path('damaged/logs/histogram', 'from=now-1h&q=lost'))).body;
    expect([columns.estimated, columns.empty]).toEqual([true, 'unfinished']);
    const after = await search(`from=now-1h&after=${found.lines[0]?.id}`, 'damaged');
    expect(after.search).toMatchObject({ complete: false, unread: 1 });
  });

  test('the description names all of it', async () => {
    const { body } = await viewer.get('/openapi.json');
    const names = ['', '/histogram', '/context', '/patterns', '/tail'].map(
      (what) => `/api/v1/apps/{app}/logs${what}`,
    );
    expect(names.every((name) => body.paths[name]?.get !== undefined)).toBe(true);
    const tail = body.paths[names[4] ?? ''].get.responses['200'].content;
    expect(Object.keys(tail)).toEqual(['text/event-stream']);
  });
});
