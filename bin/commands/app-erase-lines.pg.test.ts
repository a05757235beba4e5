import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeSection } from '../../drain/chunk.ts';
import { findRequestInChunks } from '../../drain/lookup.ts';
import { HOUR } from '../../model/time.ts';
import { authorizationOf, openConnection } from '../../sim/post.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain, until } from '../../test/drain.ts';
import { appLine, bodyOf, frameId, requestLine } from '../../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import { eraseLines } from './app-erase-lines.ts';
import { type CommandContext, UsageError } from './command.ts';

let database: TestDatabase;
let drain: TestDrain;

beforeAll(async () => {
  database = await createTestDatabase({ max: 8 });
  drain = await startDrain(database, {
    logs: { byDefault: true, linesPerSecond: 1_000, routerLinesPerSecond: 1_000 },
  });
});
afterAll(async () => {
  await drain.stop();
  await database.close();
});

async function post(app: TestApp, lines: string[]): Promise<void> {
  const url = drain.urlOf(app);
  const times = { connectMs: 2_000, answerMs: 5_000, idleMs: 60_000 };
  const connection = openConnection(url, { ...times, connections: 1 });
  const outcome = await connection.post(
    {
      'content-type': 'application/logplex-1',
      'logplex-frame-id': frameId(),
      'logplex-drain-token': `d.${app.name}`,
      authorization: authorizationOf(url) ?? '',
    },
    bodyOf(lines),
  );
  connection.close();
  expect(outcome).toEqual({ kind: 'answered', status: 204 });
}

async function run(args: string[], json = false, answer: string | null = null) {
  const out: string[] = [];
  const said: string[] = [];
  const asked: string[] = [];
  const context: CommandContext = {
    json,
    nowMs: Date.now(),
    terminal: {
      out: (text) => out.push(text),
      say: (text) => said.push(text),
      ask: async (text) => {
        asked.push(text);
        return answer;
      },
    },
    openStore: async () => ({
      ...{ pool: database.pool, key: '', baseUrl: '', ownAppName: undefined },
      close: async () => {},
    }),
  };
  return { status: await eraseLines(args, context), out, said, asked };
}

/** Everything the database holds as text, sections of the durable log and unreadable bytes among it. */
async function readEverything(): Promise<string> {
  const { rows: tables } = await database.pool.query<{ name: string }>(
    `SELECT quote_ident(c.relname) AS name FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await database.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} AS t`);
    texts.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  const chunks = await database.pool.query<{ section_ends: number[]; body: Buffer }>(
    'SELECT section_ends, body FROM chunks',
  );
  for (const { section_ends: ends, body } of chunks.rows) {
    expect(ends.at(-1)).toBe(body.length);
    for (const [at, end] of ends.entries()) {
      const { texts: own, records } = decodeSection(body.subarray(ends[at - 1] ?? 0, end));
      texts.push(`chunks ${own.join(' ')}`);
      for (const record of records) {
        if (record.body.type === 'quarantine')
          texts.push(`chunks ${Buffer.from(record.body.base64, 'base64').toString()}`);
      }
    }
  }
  const bytes = await database.pool.query<{ bytes: Buffer }>('SELECT bytes FROM quarantine');
  texts.push(...bytes.rows.map((row) => `quarantine ${row.bytes.toString()}`));
  return texts.join('\n');
}

function idOf(line: string): string {
  return /request_id=(\S+)/.exec(line)?.[1] ?? '';
}

test('SEC-49 a text goes out of lines, kept requests, their routes, the durable log and unreadable bytes, of its app alone', async () => {
  const [app, other] = [await addApp(database.pool), await addApp(database.pool)];
  const request = (path: string) => requestLine({ path, status: 503, code: 'H12' });
  const [plain, upper, encoded] = ['/people/jo_nes', '/people/JO_NES', '/p/%6ao/jo_nes?a=b'].map(request);
  const kept = request('/people/miller');
  const unreadable = 'no header, but Jo_Nes';
  const lines = [plain!, upper!, encoded!, kept, appLine('Mrs Jo_nes called'), unreadable];
  await Promise.all([post(app, lines), post(other, [request('/people/miller')]), post(app, [kept])]);
  await Promise.all([post(other, [request('/people/x')]), post(app, [request('/people/jo_nes')])]);
  await rolledUp(database.pool);
  await until(async () => {
    const { rows } = await database.pool.query('SELECT count(*)::int AS n FROM quarantine');
    return rows[0].n === 1;
  });
  const before = await readEverything();
  for (const table of ['request_details', 'series', 'chunks', 'quarantine']) {
    expect(before, table).toMatch(new RegExp(`^${table} .*jo_nes`, 'im'));
  }

  const { status, out } = await run([app.name, 'jo_nes', '--yes'], true);
  expect(status).toBe(0);
  const told = JSON.parse(out.join('')) as { sections: number; names: number };
  expect(told).toMatchObject({ app: app.name, lines: 5, requests: 4, unreadable: 1 });
  expect(told.sections).toBeGreaterThanOrEqual(2);
  expect(told.names).toBeGreaterThanOrEqual(2);
  // Lines in commits keep their place, emptied; nothing else of it is anywhere.
  expect((await readEverything()).split('\n').filter((text) => /jo_nes/i.test(text))).toEqual([]);

  const { rows } = await database.pool.query<{ path: string }>(
    'SELECT path FROM request_details WHERE app_id = $1 ORDER BY path COLLATE "C"',
    [app.id],
  );
  expect(rows.map(({ path }) => path)).toEqual([
    '/p/%6ao/{erased}?a=*',
    '/people/miller',
    '/people/miller',
    '/people/{erased}',
    '/people/{erased}',
    '/people/{erased}',
  ]);
  const found = await findRequestInChunks(database.pool, app.id, idOf(plain!), 0, Date.now() + HOUR);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    path: '/people/{erased}',
    status: 503,
    code: 'H12',
    host: 'shop.example.com',
  });
  expect(await findRequestInChunks(database.pool, app.id, idOf(kept), 0, Date.now() + HOUR)).not.toEqual([]);
  const audit = await database.pool.query(
    `SELECT subject, after FROM audit_log WHERE action = 'requests.erase'`,
  );
  expect(audit.rows).toEqual([{ subject: app.name, after: expect.objectContaining({ requests: 4 }) }]);

  // Again there is nothing, and the neighbour has lost nothing.
  const again = JSON.parse((await run([app.name, 'jo_nes', '-y'], true)).out.join('')) as unknown;
  expect(again).toMatchObject({ lines: 0, requests: 0, sections: 0, names: 0, unreadable: 0 });
  const neighbour = await database.pool.query(
    'SELECT path FROM request_details WHERE app_id = $1 ORDER BY path',
    [other.id],
  );
  expect(neighbour.rows.map(({ path }) => path)).toEqual(['/people/miller', '/people/x']);
});

test('SEC-49 requests that come after a route was renamed are counted, before and after a restart', async () => {
  const app = await addApp(database.pool);
  await post(app, [requestLine({ path: '/people/kowalski' }), requestLine({ path: '/people/KOWALSKI' })]);
  await rolledUp(database.pool);
  await run([app.name, 'kowalski', '--yes']);
  await post(app, [requestLine({ path: '/people/kowalski' })]);
  await rolledUp(database.pool);
  const count = async () => {
    const { rows } = await database.pool.query<{ key: string; count: number }>(
      `SELECT s.key, sum(b.count)::int AS count FROM series s JOIN count_buckets_10s b ON b.series_id = s.id
       WHERE s.app_id = $1 AND s.kind = 4 GROUP BY s.id ORDER BY s.id`,
      [app.id],
    );
    return rows.map((row) => [row.key.replace(/\d+/, 'n'), row.count]);
  };
  const counts = await count();
  expect(counts.reduce((sum, [, each]) => sum + Number(each), 0)).toBe(3);
  expect(counts.every(([key]) => String(key).includes('{erased'))).toBe(true);
  const restarted = await startDrain(database, { holder: 'restarted' });
  const before = drain;
  drain = restarted;
  await post(app, [requestLine({ path: '/people/kowalski' })]);
  await rolledUp(database.pool);
  drain = before;
  await restarted.stop();
  expect((await count()).reduce((sum, [, each]) => sum + Number(each), 0)).toBe(4);
});

test('it asks before it erases, says what it did and what it left, and refuses what is too short', async () => {
  const app = await addApp(database.pool);
  await post(app, [appLine('Mr Smith')]);
  const refused = await run([app.name, 'smith'], false, 'no');
  expect(refused).toMatchObject({ status: 1, out: [], said: ['Nothing was erased.'] });
  expect(refused.asked.join()).toContain(`Erase every line of ${app.name}'s log with that text`);
  const { out } = await run([app.name, 'smith'], false, app.name);
  expect(out.join()).toMatch(
    new RegExp(`^1 lines of ${app.name} are erased.*run it again in a minute.*stay`),
  );
  await expect(run([app.name, ' a ', '--yes'])).rejects.toThrow(UsageError);
  await expect(run([app.name])).rejects.toThrow(UsageError);
  await expect(run(['nobody', 'smith', '--yes'])).rejects.toThrow('There is no app');
});
