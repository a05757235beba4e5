/**
 * Writes down every SQL statement that this release's code sends while it takes frames in, rolls up, takes over,
 * compacts, retires and answers the API: one of each text, with the values it had. Kept as
 * test/fixtures/previous/statements.json and played against the schema of the next release (R-15), which it must fit.
 * Before the schema is changed after a release: `node test/record-statements.ts RELEASE`, in a checkout of that release.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startWorkerLoops } from '../bin/worker-loops.ts';
import { systemClock } from '../drain/clock.ts';
import { Takeover } from '../drain/takeover.ts';
import { silentLog } from '../model/log.ts';
import { DAY, HOUR } from '../model/time.ts';
import { authorizationOf, openConnection } from '../sim/post.ts';
import { SeriesNumbers } from '../store/series.ts';
import { buildTestApi } from './api-client.ts';
import { addApp, rolledUp, startDrain, type TestApp } from './drain.ts';
import { bodyOf, CORPUS_FILES, corpusLines } from './fixtures/corpus.ts';
import { frameId, lossLine, requestLine } from './lines.ts';
import { expireLeases, startServer } from './processes.ts';

/** One statement; bytes among the values are `{"$bytes": base64}`. */
interface Recorded {
  sql: string;
  values: unknown[];
  /** Names of the columns it gives, in order. */
  columns: string[];
  /** What was sent with COPY, in pieces. */
  copied?: unknown[];
}

const recorded = new Map<string, Recorded>();
let isRecording = false;

/** The frame of a transaction: what is played back is played alone. */
const LEFT_OUT = /^(BEGIN|COMMIT|ROLLBACK|SET LOCAL [^;]*$)/;

/** Who holds a lease or a writer: the name of the machine is nobody's business. */
const HOLDER = new RegExp(`^${hostname()}:`);

function encode(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(HOLDER, 'host:');
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  return Array.isArray(value) ? value.map(encode) : (value ?? null);
}

type AnyFunction = (...args: unknown[]) => unknown;

function record(query: unknown, values: unknown): Recorded | undefined {
  const { text = query, values: own = values } = (typeof query === 'object' ? query : {}) as Record<
    string,
    unknown
  >;
  if (!isRecording || typeof text !== 'string' || LEFT_OUT.test(text) || recorded.has(text)) return undefined;
  const entry: Recorded = { sql: text, values: Array.isArray(own) ? own.map(encode) : [], columns: [] };
  recorded.set(text, entry);
  return entry;
}

function watchDriver(): void {
  const prototype = pg.Client.prototype as unknown as { query: AnyFunction };
  const { query } = prototype;
  prototype.query = function (this: pg.Client, ...args: unknown[]): unknown {
    const entry = record(args[0], args[1]);
    if (entry === undefined) return query.apply(this, args);
    const noteColumns = (result: unknown): void => {
      const { fields } = (Array.isArray(result) ? result.at(-1) : result) as pg.QueryResult;
      entry.columns = fields.map(({ name }) => name);
    };
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      args[args.length - 1] = (error: unknown, result: unknown) => {
        if (!error) noteColumns(result);
        (callback as AnyFunction)(error, result);
      };
    }
    const answer = query.apply(this, args);
    if (answer instanceof Promise) answer.then(noteColumns, () => {});
    else if (typeof (answer as { write?: unknown } | undefined)?.write === 'function')
      watchCopy(answer, entry);
    return answer;
  };
}

function watchCopy(stream: unknown, entry: Recorded): void {
  const writable = stream as { write: AnyFunction };
  const { write } = writable;
  entry.copied = [];
  writable.write = function (this: unknown, ...args: unknown[]): unknown {
    entry.copied?.push(encode(args[0]));
    return write.apply(this, args);
  };
}

async function send(url: string, body: Buffer, id = frameId()): Promise<void> {
  const limits = { connectMs: 3_000, answerMs: 5_000, idleMs: 5_000, connections: 1 };
  const connection = openConnection(url, limits);
  await connection.post(
    {
      Authorization: authorizationOf(url) ?? '',
      'Content-Type': 'application/logplex-1',
      'Content-Length': String(body.length),
      'User-Agent': 'Logplex/v72',
      'Logplex-Frame-Id': id,
      'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-00000000000d',
    },
    body,
  );
  connection.close();
}

/** A few lines of every kind there is, as if written now. */
function someOfEverything(): Buffer {
  const now = ` ${new Date().toISOString().replace('Z', '000+00:00')} `;
  const lines = CORPUS_FILES.flatMap((file) => corpusLines(file).filter((_, index) => index % 12 === 0)).map(
    (line) => line.toString('latin1').replace(/ \d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) /, now),
  );
  return bodyOf([
    ...lines.map((line) => Buffer.from(line, 'latin1')),
    Buffer.from(lossLine(12, Date.now() - 5_000)),
    Buffer.from(requestLine({ status: 503, code: 'H12' })),
    Buffer.from('no message at all'),
  ]);
}

const APP_PATHS = [
  '',
  '/overview',
  '/series',
  '/counts',
  '/codes',
  '/dynos',
  '/addons',
  '/events',
  '/requests',
  '/health',
  '/checklist',
];

async function readEverything(app: TestApp, api: ReturnType<typeof buildTestApi>): Promise<void> {
  api.clock.nowMs = Date.now();
  const { browser } = await api.signedIn('admin');
  const range = `from=${new Date(Date.now() - HOUR).toISOString()}&to=${new Date().toISOString()}`;
  for (const path of APP_PATHS) await browser.get(`/apps/${app.name}${path}?${range}`);
  await browser.get(
    `/apps/${app.name}/overview?${range.replace(/from=[^&]*/, `from=${new Date(Date.now() - 5 * DAY).toISOString()}`)}`,
  );
  for (const path of ['/apps', '/health', '/people', '/tokens', '/audit', '/session', '/sessions'])
    await browser.get(path);
  await browser.send('POST', '/apps', { name: 'another' });
  await browser.send('POST', '/apps/another/rotate', {});
  await browser.send('DELETE', '/apps/another');
}

const KEPT = {
  keep10sMs: 2 * DAY,
  keep1minMs: 30 * DAY,
  keep1hMs: 396 * DAY,
  keepChunksMs: DAY,
  keepDetailsMs: 21 * DAY,
  keepQuarantineMs: 7 * DAY,
  frameMemoryMs: 6 * HOUR,
};

async function main(release: string): Promise<void> {
  watchDriver();
  const server = await startServer();
  isRecording = true;
  const app = await addApp(server.pool);
  const drain = await startDrain(server);
  const id = frameId();
  await send(drain.urlOf(app), someOfEverything(), id);
  // The first chunk is rolled up alone: both are kept, and must agree.
  await rolledUp(server.pool);
  await send(drain.urlOf(app), someOfEverything(), id);
  await send(drain.urlOf({ ...app, secret: 'unknown' }), someOfEverything());
  await rolledUp(server.pool);
  // One that commits, and dies before it has rolled up.
  const dead = await startDrain(server, { rollUpEveryMs: 600_000 });
  await send(dead.urlOf(app), someOfEverything());
  await expireLeases(server.pool);
  const options = { pool: server.pool, numbers: new SeriesNumbers(), clock: systemClock, log: silentLog };
  const heir = new Takeover({ ...options, holder: 'heir', ownWriterId: () => null, onRolledUp: () => {} });
  while (await heir.takeOverOne());
  // Later, when there is something to compact.
  const nowMs = (): number => Date.now() + 2 * HOUR;
  const loops = startWorkerLoops({ pool: server.pool, config: KEPT, log: silentLog, nowMs });
  await loops.tickOnce();
  await loops.stop();
  await readEverything(app, buildTestApi(server.pool));
  await drain.stop();
  await dead.stop();
  isRecording = false;
  await server.close();
  const folder = fileURLToPath(new URL('fixtures/previous/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const statements = [...recorded.values()];
  writeFileSync(`${folder}statements.json`, `${JSON.stringify({ release, statements }, null, 1)}\n`);
  process.stdout.write(`${statements.length} statements of ${release}\n`);
}

await main(process.argv[2] ?? 'unknown');
process.exit();
