import { describe, expect, test } from 'vitest';
import { KINDS, NOTES } from '../model/observation.ts';
import { requestIdOf } from './details.ts';
import { Intake } from './intake.ts';
import { makeTerm } from './intern.ts';
import { codeText, Section } from './section.ts';
import type { AppState, Body } from './target.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12, 0, 0);

function newApp(change: Partial<AppState> = {}): AppState {
  return {
    appId: 1,
    customMetrics: true,
    historyOpenUntilMs: 0,
    release: makeTerm(''),
    releaseAtMs: 0,
    ...change,
  };
}

function frameLines(lines: (string | Buffer)[]): Buffer {
  return Buffer.concat(
    lines.flatMap((line) => {
      const bytes = Buffer.isBuffer(line) ? line : Buffer.from(`${line}\n`);
      return [Buffer.from(`${bytes.length} `), bytes];
    }),
  );
}

function add(lines: (string | Buffer)[], change: Partial<Body> = {}, app = newApp()) {
  const intake = new Intake({ storeClientAddresses: false, hashUser: () => 'hash' });
  const section = new Section(1);
  const body: Body = {
    buf: frameLines(lines),
    dialect: 'logplex',
    receivedAtMs: NOW_MS,
    drainId: 3,
    drain: { lastLineMs: 0 },
    announced: -1,
    dropCount: 0,
    lostCount: 0,
    frameKey: 'f',
    lossesOnly: false,
    ...change,
  };
  const entry = intake.add(section, 0, app, body);
  return { section, entry, app, body };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000+00:00');
}

function router(
  options: { atMs?: number; time?: string; path?: string; fwd?: string; code?: string; id?: string } = {},
) {
  const time = options.time ?? timeText(options.atMs ?? NOW_MS);
  const head = options.code === undefined ? 'at=info' : `at=error code=${options.code} desc="x"`;
  return (
    `<134>1 ${time} host heroku router - ${head} method=GET path="${options.path ?? '/'}" host=shop.example.com ` +
    `request_id=${options.id ?? '0f2b7c11-9a77-41d5-e0aa-0fd1b8a0b001'} fwd="${options.fwd ?? '203.0.113.77'}" ` +
    `dyno=web.1 connect=1ms service=12ms status=200 bytes=99 protocol=http1.1 tls=false`
  );
}

function notes(entry: { notes: number[] }): Record<string, number> {
  return Object.fromEntries(entry.notes.flatMap((count, i) => (count > 0 ? [[NOTES[i], count]] : [])));
}

describe('a request', () => {
  test('becomes a row with its numbers and stored texts', () => {
    const { section, entry } = add([router()]);
    const { requests, texts } = section;
    expect(requests.length).toBe(1);
    expect(texts[requests.path[0]!]).toBe('/');
    expect(texts[requests.dyno[0]!]).toBe('web.1');
    expect([requests.connectMs[0], requests.serviceMs[0], requests.status[0], requests.bytes[0]]).toEqual([
      1, 12, 200, 99,
    ]);
    expect(requestIdOf(section, 0)).toBe('0f2b7c11-9a77-41d5-e0aa-0fd1b8a0b001');
    expect(entry.kinds[KINDS.indexOf('request')]).toBe(1);
    expect(notes(entry)).toEqual({});
  });

  test('keeps a request id that is no UUID, and one with upper-case digits, as they are', () => {
    const { section } = add([
      router({ id: 'client-chosen' }),
      router({ id: '0F2B7C11-9A77-41D5-E0AA-0FD1B8A0B001' }),
    ]);
    expect([requestIdOf(section, 0), requestIdOf(section, 1)]).toEqual([
      'client-chosen',
      '0F2B7C11-9A77-41D5-E0AA-0FD1B8A0B001',
    ]);
  });

  test('carries its code', () => {
    const { section } = add([router({ code: 'H12' })]);
    expect(codeText(section.requests.code[0]!)).toBe('H12');
  });

  test('SEC-45 its client address is shortened, and text in fwd is not kept', () => {
    const { section } = add([
      router(),
      router({ fwd: '2001:db8:85a3::8a2e:370:7334' }),
      router({ fwd: 'secret text' }),
    ]);
    const clients = [0, 1, 2].map((row) => section.texts[section.requests.client[row]!]);
    expect(clients).toEqual(['203.0.113.0/24', '2001:db8:85a3::/48', '']);
  });

  test('SEC-44 secrets in its path are gone before anything is stored, and counted', () => {
    const { section, entry } = add([router({ path: '/reset?token=abc123secret&mail=a@example.com' })]);
    expect(section.texts.join(' ')).not.toMatch(/abc123secret|example\.com&|a@example/);
    expect(entry.redactions).toBeGreaterThan(0);
  });

  test('I-33 numbers that no request can have are taken as unknown', () => {
    const line = router()
      .replace('bytes=99', 'bytes=99999999999999')
      .replace('service=12ms', 'service=99999999999ms');
    const { section, entry } = add([line]);
    expect([section.requests.bytes[0], section.requests.serviceMs[0]]).toEqual([-1, -1]);
    expect(notes(entry).badNumber).toBe(1);
  });
});

describe('the time a line is filed under', () => {
  const filed = (time: string, app?: AppState) => {
    const { section, entry } = add([router({ time })], {}, app);
    return { timeMs: section.requests.timeMs[0], notes: notes(entry) };
  };

  test('is its own', () => {
    expect(filed(timeText(NOW_MS - 59 * 60_000))).toEqual({ timeMs: NOW_MS - 59 * 60_000, notes: {} });
  });

  test('T-01 is the arrival when it is more than 5 min ahead, and that is noted', () => {
    expect(filed(timeText(NOW_MS + 5 * 60_000))).toEqual({ timeMs: NOW_MS + 5 * 60_000, notes: {} });
    expect(filed(timeText(NOW_MS + 5 * 60_000 + 1))).toEqual({ timeMs: NOW_MS, notes: { futureTime: 1 } });
  });

  test('T-02 is the arrival when no time can be read, and that is noted', () => {
    expect(filed('-')).toEqual({ timeMs: NOW_MS, notes: { badTime: 1 } });
  });

  test('T-03 T-04 is the arrival when it is more than 1 h behind, and that is noted', () => {
    expect(filed(timeText(NOW_MS - 3_600_000))).toEqual({ timeMs: NOW_MS - 3_600_000, notes: {} });
    expect(filed(timeText(NOW_MS - 3_600_001))).toEqual({ timeMs: NOW_MS, notes: { lateTime: 1 } });
    expect(filed(timeText(NOW_MS - 7 * 86_400_000))).toEqual({ timeMs: NOW_MS, notes: { lateTime: 1 } });
  });

  test('is its own however old while the app takes in history, as far back as the finest buckets reach', () => {
    const app = newApp({ historyOpenUntilMs: NOW_MS + 1 });
    expect(filed(timeText(NOW_MS - 30 * 3_600_000), app).timeMs).toBe(NOW_MS - 30 * 3_600_000);
    expect(filed(timeText(NOW_MS - 50 * 3_600_000), app).timeMs).toBe(NOW_MS);
  });

  test('T-08 second 60 is counted in second 59', () => {
    const time = '2026-11-20T11:59:60.250000+00:00';
    expect(Math.floor((filed(time).timeMs ?? 0) / 1000)).toBe(Date.UTC(2026, 10, 20, 11, 59, 59) / 1000);
  });
});

describe('losses', () => {
  const notice = (dropped: string, since = timeText(NOW_MS - 20_000)) =>
    `<172>1 ${timeText(NOW_MS)} host heroku logplex - Error L10 (output buffer overflow): ${dropped} messages dropped since ${since}.`;

  test('S-15 an L10 notice becomes a gap with its count and span', () => {
    const { section } = add([notice('37'), router()]);
    expect(section.records.map((record) => record.body)).toEqual([
      {
        type: 'loss',
        cause: 'L10',
        code: 'L10',
        fromMs: NOW_MS - 20_000,
        toMs: NOW_MS,
        messages: 37,
        dedupeKey: `L10:${NOW_MS - 20_000}`,
      },
    ]);
  });

  test('an L10 gap reaches back to the line before it, within bounds', () => {
    const { section } = add([notice('37')], { drain: { lastLineMs: NOW_MS - 60_000 } });
    expect(section.records[0]?.body).toMatchObject({ fromMs: NOW_MS - 60_000 });
  });

  test('R-04 a notice without a readable number still becomes a gap', () => {
    const { section } = add([notice('many', 'yesterday')]);
    expect(section.records[0]?.body).toMatchObject({ cause: 'L10', fromMs: NOW_MS, toMs: NOW_MS });
    expect(section.records[0]?.body).not.toHaveProperty('messages');
  });

  test('S-16 drop and lost count headers become gaps with a key of their frame', () => {
    const { section } = add([router()], { dialect: 'shuttle', dropCount: 5, lostCount: 2 });
    expect(section.records.map((record) => record.body)).toMatchObject([
      { cause: 'dropCount', messages: 5, dedupeKey: 'dropCount:f' },
      { cause: 'lostCount', messages: 2, dedupeKey: 'lostCount:f' },
    ]);
  });

  test('S-04 of a frame counted before only the notice in front is read', () => {
    const { section, entry } = add([notice('3'), router(), router()], { lossesOnly: true });
    expect(section.records).toHaveLength(1);
    expect(section.requests.length).toBe(0);
    expect(entry.messages).toBe(1);
  });
});

describe('what cannot be read', () => {
  test('R-06 a bad message costs only itself and goes to quarantine', () => {
    const { section, entry } = add([router(), 'no header at all', router()]);
    expect(section.requests.length).toBe(2);
    expect(entry.messages).toBe(3);
    expect(notes(entry)).toEqual({ badHeader: 1 });
    expect(section.records.map((record) => record.body)).toMatchObject([
      { type: 'quarantine', reason: 'badHeader' },
    ]);
  });

  test('the rest of a body whose framing broke goes to quarantine, redacted', () => {
    const { section, entry } = add([router()]);
    expect(entry.messages).toBe(1);
    expect(section.records).toEqual([]);
    const buf = Buffer.concat([frameLines([router()]), Buffer.from('12x4 password=hunter2 lost sync')]);
    const broken = add([], { buf, announced: 2 });
    expect(notes(broken.entry)).toEqual({ badFraming: 1, countMismatch: 1 });
    const body = broken.section.records[0]?.body;
    expect(body?.type).toBe('quarantine');
    const shown = Buffer.from(body?.type === 'quarantine' ? body.base64 : '', 'base64').toString();
    expect(shown).toContain('lost sync');
    expect(shown).not.toContain('hunter2');
  });

  test('a flood of bad messages fills quarantine only so far', () => {
    const { section, entry } = add(Array.from({ length: 100 }, () => 'no header at all'));
    expect(notes(entry)).toEqual({ badHeader: 100 });
    expect(section.records).toHaveLength(5);
  });
});

describe('other lines', () => {
  test('dyno samples become series by dyno and metric, one-off dynos by their type', () => {
    const line = (dyno: string) =>
      `<134>1 ${timeText(NOW_MS)} host heroku ${dyno} - source=${dyno} dyno=heroku.1.u sample#memory_total=256.00MB sample#memory_quota=512.00MB`;
    const { section } = add([line('web.1'), line('run.4821')]);
    const rows = Array.from({ length: section.samples.length }, (_, i) => [
      section.texts[section.samples.key[i]!],
      section.samples.value[i],
    ]);
    expect(rows).toEqual([
      ['web.1\tmemory_total', 256 * 1048576],
      ['web.1\tmemory_quota', 512 * 1048576],
      ['run\tmemory_total', 256 * 1048576],
      ['run\tmemory_quota', 512 * 1048576],
    ]);
  });

  test('a release stamps the requests that come after it, and its user is stored as a hash', () => {
    const release = `<134>1 ${timeText(NOW_MS)} host app api - Release v42 created by user dev@example.com`;
    const { section } = add([router(), release, router()]);
    const releases = [0, 1].map((row) => section.texts[section.requests.release[row]!]);
    expect(releases).toEqual(['', '42']);
    expect(JSON.stringify(section.records)).not.toContain('dev@example.com');
    expect(section.records[0]?.body).toMatchObject({
      kind: 'release',
      version: 42,
      detail: { userHash: 'hash' },
    });
  });

  test('custom metrics are taken where the app wants them', () => {
    const line = `<190>1 ${timeText(NOW_MS)} host app web.1 - source=checkout count#orders.created=1 measure#orders.render=12.5ms`;
    const taken = add([line]);
    const keys = Array.from(
      { length: taken.section.samples.length },
      (_, i) => taken.section.texts[taken.section.samples.key[i]!],
    );
    expect(keys).toEqual(['count\torders.created', 'measure\torders.render']);
    expect(add([line], {}, newApp({ customMetrics: false })).section.samples.length).toBe(0);
  });

  test('I-28 application text that imitates a router line is no request', () => {
    const text = router().slice(router().indexOf(' - ') + 3);
    const { section, entry } = add([`<190>1 ${timeText(NOW_MS)} host app web.1 - ${text}`]);
    expect(section.requests.length).toBe(0);
    expect(entry.kinds[KINDS.indexOf('app')]).toBe(1);
  });
});
