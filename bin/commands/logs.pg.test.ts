import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MINUTE, SECOND } from '../../model/time.ts';
import { createApp } from '../../store/apps.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { logLine, storeLogBlock, storeLogChunk } from '../../test/stored-logs.ts';
import type { CommandContext } from './command.ts';
import { renderLine, runLogs } from './logs.ts';

const nowMs = Date.now();
let database: TestDatabase;
let appId: number;

beforeAll(async () => {
  database = await createTestDatabase();
  const made = await createApp(database.pool, {
    name: 'shop',
    key: 'a key for the tests of the command line',
    nowMs,
  });
  appId = made.app.id;
  const old = Array.from({ length: 900 }, (_, n) =>
    logLine({
      atMs: nowMs - 20 * MINUTE + n * SECOND,
      index: n,
      procid: `web.${1 + (n % 2)}`,
      text: `line ${n}`,
    }),
  );
  await storeLogBlock(database.pool, appId, old);
  await commit(1, ['last 0', 'last 1']);
});
afterAll(() => database.close());

async function commit(seq: number, texts: string[]): Promise<void> {
  const lines = texts.map((text, index) =>
    logLine({ atMs: Date.now(), writerId: 2, seq, index, text, level: 'error' }),
  );
  await storeLogChunk(database.pool, { appId, writerId: 2, seq, committedAtMs: Date.now(), lines });
}

function build(json = false): { context: CommandContext; out: string[]; said: string[] } {
  const [out, said]: string[][] = [[], []];
  const context: CommandContext = {
    json,
    nowMs: Date.now(),
    terminal: { out: (text) => out?.push(text), say: (text) => said?.push(text), ask: async () => null },
    openStore: async () => ({
      ...{ pool: database.pool, key: '', baseUrl: '', ownAppName: undefined },
      close: async () => {},
    }),
  };
  return { context, out: out ?? [], said: said ?? [] };
}

async function run(args: string[], json = false) {
  const built = build(json);
  const status = await runLogs(args, built.context);
  return { status, ...built };
}

test('the newest lines are printed as heroku logs prints them, the oldest first', async () => {
  const { out, status } = await run(['shop', '-n', '4']);
  expect(status).toBe(0);
  expect(out.map((line) => line.slice(25))).toEqual([
    'app[web.1]: line 898',
    'app[web.2]: line 899',
    'app[web.1]: last 0',
    'app[web.1]: last 1',
  ]);
  expect(out[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z app\[web\.1\]: line 898$/);
  expect((await run(['shop', '-n', '800'])).out).toHaveLength(800);
});

test('filters are those of the page; with --json every line is an object', async () => {
  const { out } = await run(
    ['shop', '--dyno', 'web.2', '--grep', 'LINE 8', '--exclude', '89', '--since', '1h', '-n', '3'],
    true,
  );
  const texts = out.map((text) => (JSON.parse(text) as { text: string }).text);
  expect(texts).toEqual(['line 883', 'line 885', 'line 887']);
  expect(out).toHaveLength(3);
  expect(Object.keys(JSON.parse(out[0] ?? '{}'))).toEqual([
    'id',
    'at',
    'source',
    'procid',
    'level',
    'code',
    'status',
    'requestId',
    'text',
  ]);
  const { said } = await run(['shop', '--code', 'H99']);
  expect(said.at(-1)).toContain('No lines');
});

test('what cannot be asked is told before anything is opened', async () => {
  await expect(run([])).rejects.toThrow('give the name of one app');
  await expect(run(['shop', '-n', 'many'])).rejects.toThrow('-n is a number');
  await expect(run(['shop', '--since', 'monday'])).rejects.toThrow('--since is a span');
  await expect(run(['shop', '--grep', 'x'.repeat(300)])).rejects.toThrow('--grep is 200 characters');
  await expect(run(['nothing'])).rejects.toThrow('no app named "nothing"');
});

test('--tail goes on with every line that is committed after the last one printed, until it is ended', async () => {
  const ended = new AbortController();
  const { context, out } = build();
  const done = runLogs(['shop', '--tail', '-n', '1', '--level', 'error'], context, ended.signal);
  await vi.waitFor(() => expect(out).toHaveLength(1));
  await commit(2, ['new 1', 'new 2']);
  await vi.waitFor(() => expect(out).toHaveLength(3), 5_000);
  await commit(3, ['new 3']);
  await vi.waitFor(() => expect(out).toHaveLength(4), 5_000);
  ended.abort();
  expect(await done).toBe(0);
  expect(out.map((line) => line.slice(line.indexOf(': ') + 2))).toEqual([
    'last 1',
    'new 1',
    'new 2',
    'new 3',
  ]);
});

test('a line cannot take the terminal over: colours stay, other controls are written out', () => {
  const text = '\u001b[31mred\u001b]0;title\u0007 \u001b[2J \u202eabc\r\nnext';
  expect(renderLine(logLine({ atMs: 0, text })).slice(25)).toBe(
    'app[web.1]: \u001b[31mred\\u001b]0;title\\u0007 \\u001b[2J \\u202eabc\\u000d\nnext\u001b[0m',
  );
});
