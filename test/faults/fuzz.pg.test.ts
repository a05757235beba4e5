import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { authorizationOf, type Connection, openConnection, type PostOutcome } from '../../sim/post.ts';
import { compareBuckets, readCounts } from '../account.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain } from '../drain.ts';
import { BAD_MESSAGES } from '../fixtures/bad/messages.ts';
import { bodyOf, CORPUS_FILES, corpusBatches, corpusLines } from '../fixtures/corpus.ts';
import { frameId, requestLine } from '../lines.ts';
import { createTestDatabase, type TestDatabase } from '../pg.ts';

let database: TestDatabase;
let drain: TestDrain;
const connections: Connection[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  drain = await startDrain(database);
});
afterAll(async () => {
  for (const connection of connections) connection.close();
  await drain.stop();
  await database.close();
});

const OK: PostOutcome = { kind: 'answered', status: 204 };

/** A sender over a few connections that are kept. */
function senderOf(app: TestApp): (body: Buffer, headers?: Record<string, string>) => Promise<PostOutcome> {
  const url = drain.urlOf(app);
  const connection = openConnection(url, {
    connectMs: 2_000,
    answerMs: 5_000,
    idleMs: 60_000,
    connections: 8,
  });
  connections.push(connection);
  return (body, headers = {}) =>
    connection.post(
      {
        Authorization: authorizationOf(url) ?? '',
        'Content-Type': 'application/logplex-1',
        'Content-Length': String(body.length),
        'User-Agent': 'Logplex/v72',
        'Logplex-Drain-Token': 'd.00000000-0000-4000-8000-000000000001',
        'Logplex-Frame-Id': frameId(),
        ...headers,
      },
      body,
    );
}

/** Mistakes of ours: none of them may be seen, whatever is sent. */
const MISTAKES = new Set([
  'drain.mistake',
  'commit.mistake',
  'commit.refused',
  'commit.waiting',
  'rollup.refused',
  'rollup.waiting',
  'chunk.damaged',
]);
afterEach(async () => {
  await rolledUp(database.pool);
  expect(drain.logged.filter((entry) => MISTAKES.has(entry.event))).toEqual([]);
  expect(await compareBuckets(database.pool)).toEqual([]);
});

/** Every line of the corpus, and bad ones of moderate size; half of them as if they had been written just now. */
const LINES: Buffer[] = [...CORPUS_FILES.flatMap(corpusLines), ...BAD_MESSAGES.map(({ bytes }) => bytes)]
  .filter((line) => line.length < 4_000)
  .map((line, index) => {
    const time = / \d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) /.exec(line.toString('latin1'));
    if (index % 2 === 1 || time === null) return line;
    const now = Buffer.from(` ${new Date().toISOString().replace('Z', '000+00:00')} `);
    return Buffer.concat([line.subarray(0, time.index), now, line.subarray(time.index + time[0].length)]);
  });

interface Mutation {
  how: 'flip' | 'set' | 'cut' | 'double';
  /** Where, and how much, as shares of the body. */
  at: number;
  bits: number;
  length: number;
}

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const mutation: fc.Arbitrary<Mutation> = fc.record({
  how: fc.constantFrom('flip', 'set', 'cut', 'double'),
  at: share,
  bits: fc.integer({ min: 1, max: 255 }),
  length: fc.oneof(
    fc.constant(0),
    share.map((part) => part / 10),
  ),
});

function mutate(body: Buffer, { how, at, bits, length }: Mutation): Buffer {
  const start = Math.floor(at * body.length);
  const end = Math.min(body.length, start + 1 + Math.floor(length * body.length));
  if (how === 'cut') return Buffer.concat([body.subarray(0, start), body.subarray(end)]);
  if (how === 'double') return Buffer.concat([body.subarray(0, end), body.subarray(start)]);
  const changed = Buffer.from(body);
  changed[start] = how === 'flip' ? (changed[start] ?? 0) ^ bits : bits;
  return changed;
}

const damagedBody = fc
  .tuple(
    fc.array(fc.constantFrom(...LINES), { minLength: 1, maxLength: 12 }),
    fc.array(mutation, { minLength: 1, maxLength: 3 }),
  )
  .map(([lines, mutations]) => mutations.reduce(mutate, bodyOf(lines)));

test('R-06 any byte of a valid body flipped, cut or doubled: 204, the process lives, neighbours in the group are unchanged', async () => {
  const [app, neighbour] = [await addApp(database.pool), await addApp(database.pool)];
  const [send, sendBeside] = [senderOf(app), senderOf(neighbour)];
  let beside = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(damagedBody, { minLength: 8, maxLength: 8 }), async (bodies) => {
      const good = bodyOf([
        Buffer.from(requestLine()),
        Buffer.from(requestLine({ status: 503, code: 'H12' })),
      ]);
      beside++;
      const outcomes = await Promise.all([
        ...bodies.slice(0, 4).map((body) => send(body)),
        sendBeside(good),
        ...bodies.slice(4).map((body) => send(body)),
      ]);
      expect(outcomes).toEqual(outcomes.map(() => OK));
    }),
    { numRuns: 120 },
  );
  await rolledUp(database.pool);
  expect(await readCounts(database.pool, neighbour.id)).toEqual({
    messages: { request: beside * 2 },
    codes: { H12: beside },
    statuses: { 200: beside, 503: beside },
    frames: { accepted: beside },
    skipped: {},
    requests: beside * 2,
    bad: beside,
  });
});

test('R-06 bytes of no meaning at all: 204, and counted as frames', async () => {
  const app = await addApp(database.pool);
  const send = senderOf(app);
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 8, maxLength: 8 }),
      async (bodies) => {
        sent += bodies.length;
        const outcomes = await Promise.all(bodies.map((body) => send(Buffer.from(body))));
        expect(outcomes).toEqual(outcomes.map(() => OK));
      },
    ),
    { numRuns: 25 },
  );
  await rolledUp(database.pool);
  expect((await readCounts(database.pool, app.id)).frames).toEqual({ accepted: sent });
});

test('R-06 every whole line of the corpus and every bad one, framed well with garbage inside: neighbours are counted', async () => {
  const app = await addApp(database.pool);
  const send = senderOf(app);
  const good = Buffer.from(requestLine({ status: 299 }));
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...LINES), mutation), { minLength: 20, maxLength: 20 }),
      async (lines) => {
        // The count is right: only the message is damaged.
        const body = bodyOf(lines.flatMap(([line, how]) => [good, mutate(line, how)]));
        expect(await send(body)).toEqual(OK);
        sent += lines.length;
      },
    ),
    { numRuns: 40 },
  );
  await rolledUp(database.pool);
  expect((await readCounts(database.pool, app.id)).statuses['299']).toBe(sent);
});

test('every body of the corpus of bodies is answered as it must be', async () => {
  const app = await addApp(database.pool);
  const send = senderOf(app);
  for (const { name, headers, body, expect: due } of corpusBatches()) {
    const outcome = await send(Buffer.from(body, 'utf8'), { ...headers, 'Logplex-Frame-Id': frameId() });
    expect(outcome.kind === 'answered' ? `${Math.floor(outcome.status / 100)}xx` : outcome.kind, name).toBe(
      due.http_status_class,
    );
  }
});
