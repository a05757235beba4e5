import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authorizationOf, openConnection, type PostOutcome } from '../sim/post.ts';
import { readCounts, readGaps } from '../test/account.ts';
import { addApp, rolledUp, startDrain, type TestApp, type TestDrain, until } from '../test/drain.ts';
import { appLine, bodyOf, frameId, requests } from '../test/lines.ts';
import { createTestDatabase, type TestDatabase } from '../test/pg.ts';
import { head, sendRaw } from '../test/raw.ts';

let database: TestDatabase;
let drain: TestDrain;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  drain = await startDrain(database);
  app = await addApp(database.pool);
});
afterAll(async () => {
  await drain.stop();
  await database.close();
});

const TOKEN = 'd.00000000-0000-4000-8000-000000000001';
const LIMITS = { connectMs: 3_000, answerMs: 8_000, idleMs: 60_000, connections: 1 };
const MEBIBYTE = 1024 * 1024;

function logplexHeaders(more: Record<string, string> = {}): Record<string, string> {
  return {
    'Content-Type': 'application/logplex-1',
    'Logplex-Drain-Token': TOKEN,
    'Logplex-Frame-Id': frameId(),
    'User-Agent': 'Logplex/v72',
    ...more,
  };
}

/** One POST as a strict old client makes it; anything such a client cannot read shows as a flaw. */
async function post(
  body: Buffer,
  options: { to?: TestApp; url?: string; headers?: Record<string, string>; bare?: boolean } = {},
): Promise<PostOutcome> {
  const url = options.url ?? drain.urlOf(options.to ?? app);
  const connection = openConnection(url, LIMITS);
  const authorization = authorizationOf(url);
  const base = options.bare ? {} : logplexHeaders(authorization ? { Authorization: authorization } : {});
  const outcome = await connection.post(
    { ...base, 'Content-Length': String(body.length), ...options.headers },
    body,
  );
  connection.close();
  return outcome;
}

const answered = (status: number): PostOutcome => ({ kind: 'answered', status });
const auth = ({ name, secret }: { name: string; secret: string }): string =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

/** What an app has counted once everything is rolled up. */
async function counted(of: TestApp) {
  await rolledUp(database.pool);
  return await readCounts(database.pool, of.id);
}

describe('R-01 what is taken', () => {
  test('a frame is answered 204, without a body and never chunked, after it was committed', async () => {
    const own = await addApp(database.pool);
    const frame = frameId();
    const { text, end } = await sendRaw(
      drain.port,
      [head(own, { 'Logplex-Frame-Id': frame, 'Content-Length': String(requests(3).length) }), requests(3)],
      { waitMs: 700 },
    );
    expect(text).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
    expect(text).not.toMatch(/transfer-encoding|content-length/i);
    expect(text.endsWith('\r\n\r\n')).toBe(true);
    expect(end).toBe('open');
    const { rowCount } = await database.pool.query('SELECT FROM frames WHERE frame_id = $1', [
      Buffer.from(frame, 'hex'),
    ]);
    expect(rowCount).toBe(1);
    expect(await counted(own)).toMatchObject({ requests: 3, frames: { accepted: 1 } });
  });

  test('a body of 102,560 bytes is accepted whole', async () => {
    const own = await addApp(database.pool);
    const lines = Array.from({ length: 95 }, (_, i) => appLine(`${i}`.padEnd(1_000, 'x')));
    const short = bodyOf(lines);
    const rest = 102_560 - short.length;
    const body = Buffer.concat([short, bodyOf([appLine('y'.repeat(rest - 60))])]);
    const filled = Buffer.concat([short, bodyOf([appLine('y'.repeat(rest - 60 - (body.length - 102_560)))])]);
    expect(filled.length).toBe(102_560);
    expect(await post(filled, { to: own })).toEqual(answered(204));
    expect((await counted(own)).messages).toEqual({ app: 96 });
  });

  test('I-08 1,025 and 10,000 messages are accepted, 10,001 are refused with 413 and become a gap', async () => {
    const own = await addApp(database.pool);
    const tiny = (count: number): Buffer =>
      bodyOf(Array.from({ length: count }, () => Buffer.from('<190>1 - h app w - x')));
    expect(await post(tiny(1_025), { to: own, headers: { 'Logplex-Msg-Count': '1025' } })).toEqual(
      answered(204),
    );
    expect(await post(tiny(10_000), { to: own })).toEqual(answered(204));
    const frame = { 'Logplex-Frame-Id': frameId(), 'Logplex-Msg-Count': '10001' };
    expect(await post(tiny(10_001), { to: own, headers: frame })).toEqual(answered(413));
    // Logplex does not send it again, but who does makes no second gap.
    expect(await post(tiny(10_001), { to: own, headers: frame })).toEqual(answered(413));
    expect((await counted(own)).messages).toEqual({ app: 11_025 });
    expect(await readGaps(database.pool, own.id)).toMatchObject([{ cause: 'tooLarge', messages: 10_001 }]);
  });

  test('I-09 one message that fills 1 MiB is accepted, one byte more is refused with 413 and a gap', async () => {
    const own = await addApp(database.pool);
    const fill = (bytes: number): Buffer => {
      const start = Buffer.from(appLine(''));
      const count = String(bytes).length + 1;
      return Buffer.concat([
        Buffer.from(`${bytes - count} `),
        start,
        Buffer.alloc(bytes - count - start.length, 'z'),
      ]);
    };
    expect(fill(MEBIBYTE).length).toBe(MEBIBYTE);
    expect(await post(fill(MEBIBYTE), { to: own })).toEqual(answered(204));
    expect(await post(fill(MEBIBYTE + 1), { to: own })).toEqual(answered(413));
    expect((await counted(own)).messages).toEqual({ app: 1 });
    expect(await readGaps(database.pool, own.id)).toMatchObject([{ cause: 'tooLarge', messages: null }]);
  });

  test('a chunked body that grows past 1 MiB is refused with 413 and a gap', async () => {
    const own = await addApp(database.pool);
    const piece = Buffer.alloc(65_536, '1');
    const parts = Array.from({ length: 17 }, () =>
      Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')]),
    );
    const { statuses } = await sendRaw(
      drain.port,
      [head(own, { 'Transfer-Encoding': 'chunked' }), ...parts],
      {
        pauseMs: 2,
        waitMs: 2_000,
      },
    );
    expect(statuses).toEqual([413]);
    await counted(own);
    expect(await readGaps(database.pool, own.id)).toMatchObject([{ cause: 'tooLarge' }]);
  });

  test('a shuttle may send eight times as much', async () => {
    const own = await addApp(database.pool);
    const body = bodyOf(Array.from({ length: 450 }, () => appLine('s'.repeat(9_900))));
    expect(body.length).toBeGreaterThan(4 * MEBIBYTE);
    const headers = {
      'User-Agent': 'log-shuttle/0.18.0',
      'Content-Type': 'application/logplex-1',
      Authorization: auth(own),
    };
    expect(await post(body, { to: own, bare: true, headers })).toEqual(answered(204));
    expect((await counted(own)).messages).toEqual({ app: 450 });
  });

  test('I-06 an empty body, with a length or with none at all, and a body of blanks are answered 204', async () => {
    const own = await addApp(database.pool);
    const none = await sendRaw(drain.port, [head(own, { 'Logplex-Frame-Id': frameId() })], {
      waitMs: 4_000,
      answers: 1,
    });
    const zero = await sendRaw(
      drain.port,
      [head(own, { 'Logplex-Frame-Id': frameId(), 'Content-Length': '0' })],
      { waitMs: 4_000, answers: 1 },
    );
    expect([...none.statuses, ...zero.statuses]).toEqual([204, 204]);
    expect(await post(Buffer.from('  \r\n \t'), { to: own })).toEqual(answered(204));
    expect(await counted(own)).toMatchObject({ messages: {}, skipped: {} });
  });

  test('I-07 a wrong count of messages in the header is noted, an absent one is not; both are answered 204', async () => {
    const own = await addApp(database.pool);
    expect(await post(requests(2), { to: own, headers: { 'Logplex-Msg-Count': '7' } })).toEqual(
      answered(204),
    );
    expect(await post(requests(2), { to: own, headers: { 'Logplex-Msg-Count': 'many' } })).toEqual(
      answered(204),
    );
    expect(await post(requests(2), { to: own })).toEqual(answered(204));
    expect(await counted(own)).toMatchObject({ requests: 6, skipped: { countMismatch: 1 } });
  });

  test('R-06 I-01 to I-05 what is unreadable is answered 204, counted by its reason and put into quarantine', async () => {
    const own = await addApp(database.pool);
    const good = requests(1);
    const bad = [
      '99999 cut',
      '-1 x',
      '+5 hello',
      '0x10 hello',
      '1e3 hello',
      '12345678901234567890 x',
      '00000000005 hello',
      '5hello',
      'nothing',
    ];
    for (const rest of bad) {
      expect(await post(Buffer.concat([good, Buffer.from(rest)]), { to: own })).toEqual(answered(204));
    }
    const counts = await counted(own);
    expect(counts).toMatchObject({
      requests: bad.length,
      skipped: { cutBody: 1, badFraming: bad.length - 1 },
    });
    const { rows } = await database.pool.query<{ n: number }>(
      'SELECT count(*) AS n FROM quarantine WHERE app_id = $1',
      [own.id],
    );
    expect(rows[0]?.n).toBe(bad.length);
  });
});

describe('what is refused', () => {
  test.each(['GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND'])(
    '%s is answered 405 with Allow, and the connection closed',
    async (method) => {
      const { text, end } = await sendRaw(drain.port, [head(app, {}, `${method} /drain HTTP/1.1`)]);
      expect(text).toMatch(/^HTTP\/1\.1 405 /);
      expect(text).toMatch(/^allow: POST\r$/im);
      expect(text).toMatch(/^connection: close\r$/im);
      expect(end).toBe('closed');
    },
  );

  test.each(['text/plain', 'application/json', 'application/logplex-2', null])(
    'a content type of %s is answered 415',
    async (type) => {
      const { text, end } = await sendRaw(drain.port, [
        head(app, { 'Content-Type': type, 'Content-Length': '5' }),
        'hello',
      ]);
      expect(text).toMatch(/^HTTP\/1\.1 415 /);
      expect(text).toMatch(/^content-length: 0\r$/im);
      expect(end).toBe('closed');
    },
  );

  test('a content type with parameters and capitals is the same type', async () => {
    const own = await addApp(database.pool);
    const headers = { 'Content-Type': 'Application/Logplex-1; charset=utf-8' };
    expect(await post(requests(1), { to: own, headers })).toEqual(answered(204));
  });

  test('I-39 gzip is read from a shuttle; a bomb is 413, what is no gzip 415, and gzip from others 415', async () => {
    const own = await addApp(database.pool);
    const shuttle = {
      'User-Agent': 'log-shuttle/0.18.0 (go1.10; linux; amd64; gc)',
      'Content-Type': 'application/logplex-1',
      'Content-Encoding': 'gzip',
      Authorization: auth(own),
    };
    const send = (body: Buffer, headers: Record<string, string>) =>
      post(body, { to: own, bare: true, headers });
    expect(await send(gzipSync(requests(5)), shuttle)).toEqual(answered(204));
    expect(await send(gzipSync(Buffer.alloc(64 * MEBIBYTE)), shuttle)).toEqual(answered(413));
    expect(await send(Buffer.from('no gzip at all'), shuttle)).toEqual(answered(415));
    expect(await send(gzipSync(requests(5)).subarray(0, 60), shuttle)).toEqual(answered(415));
    expect(
      await send(gzipSync(requests(5)), logplexHeaders({ ...shuttle, 'User-Agent': 'Logplex/v72' })),
    ).toEqual(answered(415));
    expect(await send(requests(5), { ...shuttle, 'Content-Encoding': 'br' })).toEqual(answered(415));
    expect((await counted(own)).requests).toBe(5);
    expect(await readGaps(database.pool, own.id)).toMatchObject([{ cause: 'tooLarge' }]);
  });

  test('S-22 wrong credentials are answered 401 before the body has arrived, and the connection is closed', async () => {
    const wrong = { name: app.name, secret: 'wrong' };
    // Not a byte of the body is sent: who reads it first would wait for ever.
    const { text, end } = await sendRaw(drain.port, [head(wrong, { 'Content-Length': '100000' })]);
    expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(text).toMatch(/^content-length: 0\r$/im);
    expect(text).toMatch(/^connection: close\r$/im);
    expect(end).toBe('closed');
  });

  test('S-22 a sender that writes its whole body first still reads the 401', async () => {
    const wrong = { name: app.name, secret: 'wrong' };
    for (const size of [80, 900]) {
      expect(await post(requests(size), { url: drain.urlOf(wrong) })).toEqual(answered(401));
    }
  });

  test('S-22 a revoked secret is refused, and its app never sees the frame', async () => {
    const own = await addApp(database.pool);
    expect(await post(requests(1), { to: own })).toEqual(answered(204));
    await database.pool.query('UPDATE drain_secrets SET revoked_at_ms = $2 WHERE app_id = $1', [
      own.id,
      Date.now(),
    ]);
    // SEC-03 allows 60 s; the list is read again every 10 s, here every second.
    await until(async () => {
      const outcome = await post(Buffer.alloc(0), { to: own });
      return outcome.kind === 'answered' && outcome.status === 401;
    }, 15_000);
    expect(await post(requests(1), { to: own })).toEqual(answered(401));
    expect((await counted(own)).requests).toBe(1);
  });

  test.each([
    ['no colon', Buffer.from('justaname').toString('base64')],
    ['several colons', Buffer.from('a:b:c:d').toString('base64')],
    ['not UTF-8', Buffer.from([0x61, 0x3a, 0xff, 0xfe]).toString('base64')],
    ['a NUL byte', Buffer.from('a\0b:c').toString('base64')],
    ['no base64', '%%%'],
    ['nothing', ''],
    ['10 KiB', Buffer.alloc(7_680, 'a:').toString('base64')],
    ['I-41 __proto__', Buffer.from('__proto__:x').toString('base64')],
    ['I-41 constructor', Buffer.from('constructor:x').toString('base64')],
    ['I-41 toString', Buffer.from('toString:').toString('base64')],
  ])('I-40 Basic credentials with %s are answered 401', async (_name, value) => {
    const { statuses } = await sendRaw(drain.port, [
      head(app, { Authorization: `Basic ${value}`, 'Content-Length': '0' }),
    ]);
    expect(statuses).toEqual([401]);
  });

  test.each([
    ['no Authorization', null],
    ['another scheme', 'Bearer abc'],
    ['two values', 'Basic YTpi, Basic YTpi'],
  ])('I-40 %s is answered 401', async (_name, value) => {
    const { statuses } = await sendRaw(drain.port, [
      head(app, { Authorization: value, 'Content-Length': '0' }),
    ]);
    expect(statuses).toEqual([401]);
  });

  test('SEC-05 no log event holds user info, a secret or a body', () => {
    const text = JSON.stringify(drain.logged);
    expect(text).not.toContain(app.secret);
    expect(text).not.toContain('Basic ');
  });
});

describe('S-07 S-08 I-42 I-43 requests that break the rules of HTTP', () => {
  const body = requests(2);

  test('S-07 a body cut short counts nothing, and its sender may try again', async () => {
    const own = await addApp(database.pool);
    const frame = { 'Logplex-Frame-Id': frameId() };
    const raw = head(own, { ...frame, 'Content-Length': String(body.length) });
    const { text } = await sendRaw(drain.port, [raw, body.subarray(0, body.length - 10)], {
      endAfter: true,
      waitMs: 500,
    });
    expect(text).not.toMatch(/^HTTP\/1\.1 2/);
    expect((await counted(own)).messages).toEqual({});
    expect(await post(body, { to: own, headers: frame })).toEqual(answered(204));
    expect((await counted(own)).requests).toBe(2);
  });

  test('S-07 a sender that leaves before its body is looked at leaves nothing behind either', async () => {
    const own = await addApp(database.pool);
    // Unknown at first: the reading of credentials is what it does not wait for.
    const raw = head(own, { 'Content-Length': '5000' });
    await Promise.all(Array.from({ length: 5 }, () => sendRaw(drain.port, [raw, '1 '], { waitMs: 3 })));
    await until(() => drain.drain.status().heldBytes === 0);
    expect((await counted(own)).messages).toEqual({});
  });

  test('S-07 a sender that goes away in mid body leaves nothing behind', async () => {
    const own = await addApp(database.pool);
    const before = drain.drain.status();
    const socket = sendRaw(
      drain.port,
      [head(own, { 'Content-Length': '500000' }), Buffer.alloc(100_000, '9')],
      { waitMs: 60 },
    );
    await socket;
    await until(() => (drain.drain.status().fates.get('cut') ?? 0) > 0);
    expect(drain.drain.status().heldBytes).toBe(before.heldBytes);
    expect((await counted(own)).messages).toEqual({});
  });

  test('S-08 a Content-Length beyond the body counts nothing', async () => {
    const own = await addApp(database.pool);
    const { text } = await sendRaw(
      drain.port,
      [head(own, { 'Content-Length': String(body.length + 7) }), body],
      {
        endAfter: true,
        waitMs: 500,
      },
    );
    expect(text).not.toMatch(/^HTTP\/1\.1 2/);
    expect((await counted(own)).messages).toEqual({});
  });

  test('S-08 behind a Content-Length too small the rest is no request: 400 and closed', async () => {
    const own = await addApp(database.pool);
    const first = requests(1);
    const { statuses, end } = await sendRaw(drain.port, [
      head(own, { 'Content-Length': String(first.length), 'Logplex-Frame-Id': frameId() }),
      Buffer.concat([first, Buffer.from('83 <190>1 this is the rest of a body')]),
    ]);
    expect(statuses).toContain(400);
    expect(end).toBe('closed');
    expect((await counted(own)).requests).toBeLessThanOrEqual(1);
  });

  test('S-08 broken chunking counts nothing and closes the connection', async () => {
    const own = await addApp(database.pool);
    const chunked = head(own, { 'Transfer-Encoding': 'chunked' });
    const size = body.length.toString(16);
    for (const rest of [
      [`${size}\r\n`, body, 'no line end'],
      ['zz\r\n', body],
      [`${size}\r\n`, body, '\r\n-5\r\n'],
    ]) {
      const { text, end } = await sendRaw(drain.port, [chunked, ...rest], { endAfter: true });
      expect(text).not.toMatch(/^HTTP\/1\.1 2/);
      expect(end).not.toBe('open');
    }
    expect((await counted(own)).messages).toEqual({});
  });

  test('a good chunked body is counted', async () => {
    const own = await addApp(database.pool);
    const parts = [`${body.length.toString(16)}\r\n`, body, '\r\n0\r\n\r\n'];
    const { statuses } = await sendRaw(
      drain.port,
      [head(own, { 'Transfer-Encoding': 'chunked' }), ...parts],
      { waitMs: 4_000, answers: 1 },
    );
    expect(statuses).toEqual([204]);
    expect((await counted(own)).requests).toBe(2);
  });

  test.each([
    ['I-42 two different Content-Lengths', 'Content-Length: 5\r\nContent-Length: 6'],
    ['I-42 the same Content-Length twice', 'Content-Length: 5\r\nContent-Length: 5'],
    ['I-42 a length and chunked', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['I-42 a length with a sign', 'Content-Length: +5'],
    ['I-42 a list of lengths', 'Content-Length: 5, 5'],
    ['I-43 a NUL byte in a header', 'Content-Length: 5\r\nLogplex-Frame-Id: a\0b'],
    ['I-43 a bare CR in a header', 'Content-Length: 5\r\nLogplex-Frame-Id: a\rX-Evil: 1'],
    ['I-43 a folded header', 'Content-Length: 5\r\nLogplex-Frame-Id: a\r\n b'],
    ['I-43 headers of 32 KiB', `Content-Length: 5\r\nX-Long: ${'x'.repeat(32_768)}`],
    [
      'I-43 a thousand headers',
      `Content-Length: 5\r\n${'X-Many: yyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(1_000)}X-End: 1`,
    ],
  ])('%s: refused, closed, nothing counted', async (_name, lines) => {
    const own = await addApp(database.pool);
    const raw = head(own).replace(/\r\n\r\n$/, `\r\n${lines}\r\n\r\n`);
    const { statuses, end } = await sendRaw(drain.port, [raw, 'hello']);
    expect(statuses).toHaveLength(1);
    expect([400, 431]).toContain(statuses[0]);
    expect(end).not.toBe('open');
    expect((await counted(own)).frames).toEqual({});
  });

  test('the process serves on after all of that', async () => {
    const own = await addApp(database.pool);
    expect(await post(requests(1), { to: own })).toEqual(answered(204));
    expect(drain.logged.filter((entry) => entry.event === 'drain.mistake')).toEqual([]);
  });
});

describe('connections', () => {
  test('S-19 a connection idle for 89 s is still there: ours wait longer than 260 s, and say nothing shorter', async () => {
    expect(drain.keepAliveTimeoutMs).toBeGreaterThan(260_000);
    const own = await addApp(database.pool);
    const connection = openConnection(drain.urlOf(own), LIMITS);
    const send = () =>
      connection.post(
        { ...logplexHeaders({ Authorization: auth(own) }), 'Content-Length': String(requests(1).length) },
        requests(1),
      );
    expect(await send()).toEqual(answered(204));
    await sleep(700);
    expect(await send()).toEqual(answered(204));
    connection.close();
    expect((await counted(own)).requests).toBe(2);
  });

  test('two frames in one packet are answered in order', async () => {
    const own = await addApp(database.pool);
    const one = (count: number): Buffer => {
      const body = requests(count);
      return Buffer.concat([
        Buffer.from(head(own, { 'Content-Length': String(body.length), 'Logplex-Frame-Id': frameId() })),
        body,
      ]);
    };
    const { statuses } = await sendRaw(drain.port, [Buffer.concat([one(1), one(2)])], {
      waitMs: 4_000,
      answers: 2,
    });
    expect(statuses).toEqual([204, 204]);
    expect((await counted(own)).requests).toBe(3);
  });
});

describe('drain URLs', () => {
  test.each([
    ['/drain', false],
    ['/drain?env=prod&tag.team=web', false],
    ['/drain/APP', false],
    ['/drain/APP/', false],
    ['/drain/APP?env=prod', false],
    ['/drain/APP', true],
  ])('%s is served (secret alone: %s)', async (path, secretAlone) => {
    const own = await addApp(database.pool);
    const where = `127.0.0.1:${drain.port}${path.replace('APP', own.name)}`;
    // `https://:SECRET@…`: Logplex makes the secret the user, with no password.
    const url = secretAlone ? `http://:${own.secret}@${where}` : `http://${own.name}:${own.secret}@${where}`;
    expect(await post(requests(1), { url })).toEqual(answered(204));
    expect((await counted(own)).requests).toBe(1);
  });

  test('a secret is good for the app of its path only, and not at all without one', async () => {
    const own = await addApp(database.pool);
    const other = await addApp(database.pool);
    const at = `127.0.0.1:${drain.port}/drain`;
    for (const url of [
      `http://:${own.secret}@${at}/${other.name}`,
      `http://${own.name}:${own.secret}@${at}/${other.name}`,
      `http://${other.name}:${own.secret}@${at}`,
      `http://:${own.secret}@${at}`,
      `http://:${own.secret}@${at}/%2e%2e%2f${own.name}`,
      `http://:${own.secret}@${at}/__proto__`,
      `http://:${own.secret}@${at}/%ff`,
    ]) {
      expect(await post(requests(1), { url }), url).toEqual(answered(401));
    }
    expect((await counted(own)).messages).toEqual({});
    expect((await counted(other)).messages).toEqual({});
  });

  test('labels of the URL are kept, everything else in its query is not', async () => {
    const own = await addApp(database.pool);
    const url = drain.urlOf(own, '/drain?env=prod&tag.k=v&secret=hunter2&tag.__proto__=x');
    expect(await post(requests(1), { url })).toEqual(answered(204));
    const { rows } = await database.pool.query('SELECT labels FROM drains WHERE app_id = $1', [own.id]);
    expect(rows).toEqual([{ labels: { env: 'prod', 'tag.k': 'v', 'tag.__proto__': 'x' } }]);
  });
});
