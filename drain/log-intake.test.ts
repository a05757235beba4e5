import { expect, test } from 'vitest';
import type { NewLogLine } from '../model/log-block.ts';
import { LOG_TEXT_MAX } from '../model/log-line.ts';
import { appLine, bodyOf, lossLine, requestLine } from '../test/lines.ts';
import { Intake } from './intake.ts';
import { makeTerm } from './intern.ts';
import type { LogRows } from './log-rows.ts';
import { Section } from './section.ts';
import type { AppState, Body } from './target.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12, 0, 0);
const TIME = new Date(NOW_MS).toISOString().replace('Z', '000+00:00');

interface Taken {
  lines: NewLogLine[];
  leftOut: LogRows['leftOut'];
  redactions: number;
  section: Section;
}

interface TakeOptions {
  app?: Partial<AppState>;
  body?: Partial<Body>;
  bounds?: { linesPerSecond: number; routerLinesPerSecond: number };
  storeClientAddresses?: boolean;
}

function buildIntake(options: TakeOptions): Intake {
  return new Intake({
    storeClientAddresses: options.storeClientAddresses ?? false,
    hashUser: () => 'hash',
    logs: options.bounds ?? { linesPerSecond: 100, routerLinesPerSecond: 100 },
  });
}

function take(lines: string[], options: TakeOptions = {}, intake = buildIntake(options)): Taken {
  const section = new Section(1);
  const app: AppState = {
    appId: 1,
    customMetrics: true,
    keepLogs: true,
    historyOpenUntilMs: 0,
    release: makeTerm(''),
    releaseAtMs: 0,
    ...options.app,
  };
  const body: Body = {
    buf: bodyOf(lines),
    dialect: 'logplex',
    receivedAtMs: NOW_MS,
    drainId: 3,
    drain: { lastLineMs: 0 },
    announced: -1,
    dropCount: 0,
    lostCount: 0,
    frameKey: 'f',
    lossesOnly: false,
    ...options.body,
  };
  const { redactions } = intake.add(section, 7, app, body);
  return { lines: section.logs?.lines ?? [], leftOut: section.logs?.leftOut ?? [], redactions, section };
}

const line = (appname: string, procid: string, text: string): string =>
  `<190>1 ${TIME} host ${appname} ${procid} - ${text}`;

test('a router line is kept with its status, request id and code, its query and address as they may be stored', () => {
  const { lines } = take([
    requestLine({ atMs: NOW_MS, path: '/cart?email=ana@example.org&page=2', code: 'H12', status: 503 }),
  ]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    frame: 7,
    atMs: NOW_MS,
    source: 'router',
    procid: 'router',
    level: 'error',
    code: 'H12',
    status: 503,
  });
  const { text, requestId } = lines[0]!;
  expect(text).toBe(
    `at=error code=H12 desc="Request timeout" method=GET path="/cart?email=*&page=*" host=shop.example.com ` +
      `request_id=${requestId} fwd="203.0.113.0/24" dyno=web.1 connect=1ms service=12ms status=503 bytes=345 protocol=https`,
  );
  expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
});

test('every writer has its source, and samples of metrics are no lines', () => {
  const { lines } = take([
    line('app', 'web.1', 'hello'),
    line('app', '-', 'hello'),
    line('heroku', 'web.1', 'State changed from starting to up'),
    line('app', 'api', 'Release v12 created by user ana@example.org'),
    line('app', 'postgres.1234', '[GREEN] [3-1]  sql_error_code = 00000 LOG:  checkpoint starting: time'),
    line('app', 'heroku-redis', 'connection reset'),
    line('app', 'papertrail', 'hello'),
    line(
      'heroku',
      'web.1',
      'source=web.1 dyno=heroku.1.0f2b7c11-9a77-41d5-e0aa-0fd1b8a0b001 sample#load_avg_1m=0.1',
    ),
    line('app', 'heroku-redis', 'source=REDIS addon=redis-x-1 sample#active-connections=4'),
    lossLine(10, NOW_MS - 5_000, NOW_MS),
  ]);
  expect(lines.map(({ source, procid, code }) => [source, procid, code])).toEqual([
    ['app', 'web.1', null],
    ['app', '-', null],
    ['heroku', 'web.1', null],
    ['heroku', 'api', null],
    ['postgres', 'postgres.1234', null],
    ['redis', 'heroku-redis', null],
    ['other', 'papertrail', null],
    ['heroku', 'logplex', 'L10'],
  ]);
});

test('levels: of the platform by what happened, of a database by what it says', () => {
  const levelOfText = (appname: string, procid: string, text: string) =>
    take([line(appname, procid, text)]).lines[0]?.level;
  expect(levelOfText('heroku', 'web.1', 'Error R14 (Memory quota exceeded)')).toBe('error');
  expect(levelOfText('heroku', 'web.1', 'State changed from up to crashed')).toBe('error');
  expect(levelOfText('heroku', 'web.1', 'Process exited with status 143')).toBe('info');
  expect(levelOfText('heroku', 'web.1', 'Process exited with status 1')).toBe('error');
  expect(
    levelOfText('app', 'postgres.1', '[A] [3-1]  sql_error_code = 57014 ERROR:  canceling statement'),
  ).toBe('error');
  expect(levelOfText('app', 'postgres.1', '[A] [3-1]  sql_error_code = 00000 LOG:  checkpoint')).toBe('info');
});

test('SEC-44 R-17 secrets, addresses, commands, SQL and names of people are gone before a line is kept, and counted', () => {
  const { lines, redactions } = take([
    line('app', 'web.1', 'login for ana@example.org with password=hunter2 from 198.51.100.23'),
    line('app', 'web.1', 'Started GET "/search?q=my+secret&page=2" for 2001:db8:1:2::3 at 12:34:56'),
    line('heroku', 'scheduler.1', 'Starting process with command `rake sync KEY=verysecretvalue`'),
    line('app', 'api', 'Deploy 1a2b3c4d by user ana.reed'),
    line(
      'app',
      'postgres.9',
      '[A] [3-1]  sql_error_code = 00000 user="u12" LOG:  duration: 2688.600 ms  execute <unnamed>: SELECT secretname FROM t',
    ),
    line('app', 'postgres.9', '[A] [3-2] \t  WHERE person = secretname'),
    line(
      'app',
      'postgres.9',
      '[A] [4-2]  sql_error_code = 23505 DETAIL:  Key (name)=(secretname) already exists.',
    ),
  ]);
  expect(lines.map(({ text }) => text)).toEqual([
    'login for {email} with password={redacted} from 198.51.100.0/24',
    'Started GET "/search?q=*&page=*" for 2001:db8:1::/48 at 12:34:56',
    'Starting process with command `rake …`',
    'Deploy 1a2b3c4d by user {user}',
    '[A] [3-1]  sql_error_code = 00000 LOG:  duration: 2688.600 ms  {sql}',
    '[A] [3-2] {sql}',
    '[A] [4-2]  sql_error_code = 23505 DETAIL:  {sql}',
  ]);
  expect(redactions).toBeGreaterThanOrEqual(4);
});

const PEM = [
  '-----BEGIN PRIVATE KEY-----',
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
  'MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu',
  'gWPGgYbF8XCEMBEoUHfyMvGkFpUe/K4l',
  '-----END PRIVATE KEY-----',
];

test('SEC-44 a private key that came line by line is kept in none, of its process alone, over several bodies', () => {
  const intake = buildIntake({});
  const ofWeb = (text: string) => line('app', 'web.1', text);
  const base64 = PEM[1]!;
  const first = take([...PEM.slice(0, 2).map(ofWeb), line('app', 'web.2', base64)], {}, intake);
  expect(first.lines.map(({ text }) => text)).toEqual(['{privateKey}', '{privateKey}', base64]);
  expect(first.redactions).toBe(2);
  const other = take([ofWeb(base64)], { app: { appId: 2 } }, intake);
  expect(other.lines.map(({ text }) => text)).toEqual([base64]);
  const rest = [line('heroku', 'web.1', 'State changed from starting to up'), ...PEM.slice(2).map(ofWeb)];
  const second = take([...rest, ofWeb(base64)], {}, intake);
  expect(second.lines.map(({ text }) => text)).toEqual([
    'State changed from starting to up',
    '{privateKey}',
    '{privateKey}',
    '{privateKey}',
    base64,
  ]);
});

test('SEC-44 C-08 a private key whose BEGIN the rate guard left out is hidden all the same', () => {
  const bounds = { linesPerSecond: 5, routerLinesPerSecond: 5 };
  const hellos = Array.from({ length: 6 }, () => 'hello');
  const base64 = Array.from({ length: 90 }, () => PEM[1]!);
  const texts = [...hellos, PEM[0]!, ...base64];
  const { lines } = take(
    texts.map((text) => line('app', 'web.1', text)),
    { bounds },
  );
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.map(({ text }) => text)).toEqual([...hellos, ...lines.slice(6).map(() => '{privateKey}')]);
});

test('SEC-45 whole addresses stay where that is switched on', () => {
  const { lines } = take([line('app', 'web.1', 'hello 198.51.100.23')], { storeClientAddresses: true });
  expect(lines[0]?.text).toBe('hello 198.51.100.23');
});

test('I-09 I-13 I-14 long texts are cut with a mark; bytes that are no text harm nothing', () => {
  const long = take([line('app', 'web.1', 'word '.repeat(2_000))]).lines[0]!.text;
  expect(long.length).toBeLessThanOrEqual(LOG_TEXT_MAX);
  expect(long.endsWith('…')).toBe(true);
  const raw = Buffer.concat([
    Buffer.from(line('app', 'web.1', 'a')),
    Buffer.from([0, 0xff, 0xfe, 0x1b, 0x5b]),
  ]);
  const { lines } = take([], { body: { buf: Buffer.concat([Buffer.from(`${raw.length} `), raw]) } });
  expect(lines[0]?.text).toBe('a\0\ufffd\ufffd\u001b[');
});

test('C-08 a flood of healthy router lines leaves one in ten, a hundred, a thousand, and says how many there were', () => {
  const count = 20_000;
  const body = Array.from({ length: count }, () => requestLine({ atMs: NOW_MS }));
  const { lines, leftOut } = take(body, { bounds: { linesPerSecond: 10, routerLinesPerSecond: 10 } });
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.length).toBeLessThan(60);
  const left = leftOut.reduce((sum, { count: each }) => sum + each, 0);
  expect(lines.length + left).toBe(count);
  expect(leftOut).toEqual([
    { frame: 7, bucketS: NOW_MS / 1000, source: 'router', level: 'info', count: left },
  ]);
});

test('C-08 codes, server errors, errors of the app and their stack are kept in the middle of a flood', () => {
  const flood = Array.from({ length: 300 }, () => appLine('GET / 200', NOW_MS));
  const quiet = Array.from({ length: 300 }, () => requestLine({ atMs: NOW_MS }));
  const { lines } = take(
    [
      ...flood,
      ...quiet,
      requestLine({ atMs: NOW_MS, code: 'H12', status: 503 }),
      requestLine({ atMs: NOW_MS, status: 500 }),
      line('heroku', 'web.1', 'Error R14 (Memory quota exceeded)'),
      appLine('{"level":"error","msg":"no room"}', NOW_MS),
      appLine('TypeError: x is not a function', NOW_MS),
      appLine('    at summarize (file:///app/src/orders.js:17:3)', NOW_MS),
    ],
    { bounds: { linesPerSecond: 5, routerLinesPerSecond: 5 } },
  );
  expect(lines.slice(-6).map(({ code, status, level }) => [code, status, level])).toEqual([
    ['H12', 503, 'error'],
    [null, 500, 'error'],
    ['R14', null, 'error'],
    [null, null, 'error'],
    [null, null, 'error'],
    [null, null, null],
  ]);
});

test('R-09 errors without end are kept up to their bound, and those beyond it are counted', () => {
  const count = 1_000;
  const text = `ERROR ${'x'.repeat(990)}`;
  const { lines, leftOut } = take(
    Array.from({ length: count }, () => appLine(text, NOW_MS)),
    {
      bounds: { linesPerSecond: 1, routerLinesPerSecond: 1 },
    },
  );
  expect(lines.length).toBeGreaterThan(250);
  expect(lines.length).toBeLessThan(300);
  expect(lines.length + leftOut.reduce((sum, each) => sum + each.count, 0)).toBe(count);
});

test('no line is kept of an app whose log is off, nor of a frame that was counted before', () => {
  expect(take([appLine('hello', NOW_MS)], { app: { keepLogs: false } }).section.logs).toBeNull();
  const notice = [lossLine(3, NOW_MS - 1_000, NOW_MS), appLine('hello', NOW_MS)];
  expect(take(notice, { body: { lossesOnly: true } }).section.logs).toBeNull();
});
