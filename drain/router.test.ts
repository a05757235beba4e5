import { expect, describe as group, test } from 'vitest';
import { describe } from './describe.ts';
import { MessageReader } from './reader.ts';

const HEADER = '<134>1 2026-03-02T09:00:00.120001+00:00 host heroku router - ';

/** What a router line becomes, without time and header fields. */
function read(text: string): Record<string, unknown> {
  const buf = Buffer.from(HEADER + text, 'utf8');
  const reader = new MessageReader();
  reader.read(buf, 0, buf.length, 'logplex');
  const {
    time: _t,
    timeSource: _s,
    appname: _a,
    procid: _p,
    ...rest
  } = describe(reader.message, buf, 0, 'asWritten');
  return rest;
}

/** An ordinary line with parts replaced. */
function line(parts: Record<string, string> = {}): string {
  const { path = '/', host = 'h.example', fwd = '203.0.113.1', dyno = 'web.1', tail = '' } = parts;
  const { connect = '1ms', service = '2ms', status = '200', bytes = '3', front = 'at=info' } = parts;
  return `${front} method=GET path="${path}" host=${host} request_id=r-1 fwd="${fwd}" dyno=${dyno} connect=${connect} service=${service} status=${status} bytes=${bytes}${tail}`;
}

const TRUE_VALUES = { dyno: 'web.1', connectMs: 1, serviceMs: 2, status: 200, bytes: 3, outcome: 'good' };
const FORGED = ' dyno=web.9 connect=9ms service=9ms status=500 bytes=9';

group('I-29 nothing in a path can forge a field', () => {
  for (const path of [
    `/x${FORGED}`,
    `/x" host=evil request_id=e fwd="9.9.9.9"${FORGED}`,
    `/x" host=evil request_id=e fwd="9.9.9.9"${FORGED} protocol=https k="`,
    '/x" at=error code=H12 desc="Request timeout" method=POST path="/y',
    '/x status=500 service=9999ms',
    '"',
    '',
    ' host=evil',
    '/" host=',
  ]) {
    test(`path ${path}`, () => {
      const seen = read(line({ path, tail: ' protocol=http1.1 tls=false' }));
      expect(seen).toEqual({
        ...TRUE_VALUES,
        kind: 'request',
        at: 'info',
        method: 'GET',
        ...(path === '' ? {} : { path }),
        host: 'h.example',
        requestId: 'r-1',
        fwd: '203.0.113.1',
        client: '203.0.113.1',
        protocol: 'http1.1',
        tls: false,
        countsForLatency: true,
      });
    });
  }
});

group('I-29 nothing in fwd can forge an outcome, a duration or a dyno', () => {
  for (const fwd of [
    `1.2.3.4"${FORGED}`,
    `1.2.3.4"${FORGED} k="`,
    `1.2.3.4" host=evil request_id=e fwd="5.6.7.8"${FORGED} protocol=http k="`,
    '"',
    '',
  ]) {
    test(`fwd ${fwd}`, () => expect(read(line({ fwd }))).toMatchObject(TRUE_VALUES));
  }

  test('a fwd without a host inside comes back as it was', () => {
    const fwd = `1.2.3.4"${FORGED} k="`;
    expect(read(line({ fwd }))).toMatchObject({ fwd, host: 'h.example', path: '/' });
  });
});

test('I-28 a router line printed by an application is text', () => {
  const text = line({ front: 'at=error code=H12 desc="Request timeout"', status: '503' });
  for (const procid of ['web.1', 'router.1', 'router']) {
    const buf = Buffer.from(`<190>1 2026-03-02T09:00:00+00:00 host app ${procid} - ${text}`);
    const reader = new MessageReader();
    reader.read(buf, 0, buf.length, 'logplex');
    expect(describe(reader.message, buf, 0, 'asWritten')).toMatchObject({ kind: 'app', text });
  }
});

group('I-31 durations', () => {
  for (const [service, serviceMs, note] of [
    ['', undefined, undefined],
    ['7', 7, undefined],
    ['-1ms', undefined, 'badNumber'],
    ['NaN', undefined, 'badNumber'],
    ['1e9ms', undefined, 'badNumber'],
    ['1.5ms', undefined, 'badNumber'],
    ['ms', undefined, 'badNumber'],
    ['7m', undefined, 'badNumber'],
    ['7mss', undefined, 'badNumber'],
    ['999999999999999ms', 999_999_999_999_999, undefined],
    ['1000000000000000ms', undefined, 'badNumber'],
  ] as const) {
    test(`service=${service}`, () => {
      const seen = read(line({ service }));
      expect([seen.kind, seen.serviceMs, seen.notes]).toEqual(['request', serviceMs, note && [note]]);
      expect(seen).toMatchObject({ status: 200, dyno: 'web.1', countsForLatency: serviceMs !== undefined });
    });
  }
});

group('I-32 status', () => {
  for (const [status, read_, outcome, note] of [
    ['', undefined, 'excluded', undefined],
    ['0', undefined, 'excluded', 'badStatus'],
    ['99', undefined, 'excluded', 'badStatus'],
    ['100', 100, 'good', undefined],
    ['599', 599, 'bad', undefined],
    ['600', undefined, 'excluded', 'badStatus'],
    ['999', undefined, 'excluded', 'badStatus'],
    ['abc', undefined, 'excluded', 'badNumber'],
  ] as const) {
    test(`status=${status}`, () => {
      const seen = read(line({ status }));
      expect([seen.status, seen.outcome, seen.notes]).toEqual([read_, outcome, note && [note]]);
    });
  }
});

test('I-33 bytes over 2^53 are unknown, 15 digits are exact', () => {
  expect(read(line({ bytes: '9007199254740993' }))).toMatchObject({ status: 200, notes: ['badNumber'] });
  expect(read(line({ bytes: '9007199254740993' })).bytes).toBeUndefined();
  expect(read(line({ bytes: '123456789012345' })).bytes).toBe(123_456_789_012_345);
});

group('I-34 fwd and the client in it', () => {
  const hops = Array.from({ length: 20 }, (_, index) => `10.0.0.${index}`);
  for (const [fwd, client] of [
    [hops.join(','), '10.0.0.19'],
    [hops.join(', '), '10.0.0.19'],
    ['2001:db8::1', '2001:db8::1'],
    ['::ffff:192.0.2.1 ', '::ffff:192.0.2.1'],
    ['unknown', undefined],
    ['192.0.2.1, unknown', undefined],
    ['<script>', undefined],
    [',', undefined],
  ] as const) {
    test(`fwd ${fwd}`, () => {
      const seen = read(line({ fwd }));
      expect([seen.fwd, seen.client]).toEqual([fwd, client]);
    });
  }
});

test('I-35 a path of 8 KiB is read whole', () => {
  const path = `/reset?token=${'s'.repeat(8_192)}`;
  expect(read(line({ path }))).toMatchObject({ ...TRUE_VALUES, path });
});

group('I-36 unknown codes', () => {
  for (const [code, at, status, outcome] of [
    ['H35', 'error', '404', 'bad'],
    ['H35', 'info', '503', 'bad'],
    ['H35', 'info', '404', 'excluded'],
    ['H35', 'info', '204', 'good'],
    ['H35', 'info', '', 'excluded'],
    ['Q7', 'info', '200', 'good'],
    ['H100', 'error', '200', 'bad'],
    ['weird', 'error', '200', 'bad'],
    ['R14', 'info', '404', 'excluded'],
  ] as const) {
    test(`${code} at=${at} status=${status} is ${outcome}`, () => {
      const seen = read(line({ front: `at=${at} code=${code} desc="x"`, status }));
      const notes = code === 'R14' ? undefined : ['unknownCode'];
      expect([seen.code, seen.outcome, seen.notes]).toEqual([code, outcome, notes]);
    });
  }
});

group('I-30 repeated, missing and open parts', () => {
  test('a line without a tail is no request', () => {
    const text = 'at=info method=GET path="/" status=200 status=503 service=1ms service=2ms';
    expect(read(text)).toEqual({ kind: 'other', reason: 'badRouterLine', text, notes: ['badRouterLine'] });
  });

  test('a tail without a method is no request', () => {
    expect(read('at=info path="/" dyno=web.1 connect=1ms service=1ms status=200 bytes=1').kind).toBe('other');
  });

  test('of two tails the last one counts', () => {
    expect(read(line() + FORGED)).toMatchObject({ dyno: 'web.9', status: 500, serviceMs: 9 });
  });

  test('words in the tail that are no pairs make it no tail', () => {
    expect(read(line({ tail: ' and so on' })).kind).toBe('other');
    expect(read(line({ tail: ' ' })).kind).toBe('other');
  });

  test('an open quote of the path or of fwd ends where the next key begins', () => {
    const tail = ' dyno=web.1 connect=0ms service=1ms status=200 bytes=1';
    expect(read(`at=info method=GET path="/a b host=h fwd="1.2.3.4"${tail}`)).toMatchObject({
      path: '/a b',
      host: 'h',
      fwd: '1.2.3.4',
    });
    expect(read(`at=info method=GET path="/" host=h fwd="1.2.3.4${tail}`)).toMatchObject({
      path: '/',
      fwd: '1.2.3.4',
    });
  });

  test('parts may be missing: request id, fwd, host, path', () => {
    const tail = ' dyno= connect= service= status=503 bytes=';
    expect(read(`at=info method=GET path="/a" request_id=r${tail}`)).toMatchObject({
      path: '/a',
      requestId: 'r',
    });
    expect(read(`at=info method=GET path="/a" fwd="1.2.3.4"${tail}`)).toMatchObject({
      path: '/a',
      fwd: '1.2.3.4',
    });
    expect(read(`at=info method=GET path="/a b"${tail}`)).toMatchObject({ path: '/a b', status: 503 });
    expect(read(`at=info method=GET${tail}`)).toMatchObject({ method: 'GET', status: 503 });
    expect(read(`method=GET path=/a${tail}`)).toMatchObject({ method: 'GET', path: '/a', status: 503 });
  });
});

test('unknown keys before the method, between host and fwd and in the tail do no harm', () => {
  const text =
    'at=info new="a b" method=GET path="/" host=h shard=7 request_id=r fwd="1.2.3.4" dyno=web.1 connect=1ms service=2ms status=200 bytes=3 zone=eu protocol=http2.0 note="x y" tls=true tls_version=tls1.3';
  expect(read(text)).toMatchObject({
    ...TRUE_VALUES,
    path: '/',
    host: 'h',
    requestId: 'r',
    fwd: '1.2.3.4',
    protocol: 'http2.0',
    tls: true,
    tlsVersion: 'tls1.3',
  });
});

test('lines of 2012 with queue and wait are read', () => {
  const front = 'at=info method=GET path=/ host=h.example fwd="1.2.3.4" dyno=web.1';
  expect(read(`${front} queue=0 wait=0ms connect=1ms service=2ms status=200 bytes=3`)).toMatchObject(
    TRUE_VALUES,
  );
  expect(read(`${front} queue=0 wait=0ms service=2ms status=200 bytes=3`)).toMatchObject({
    dyno: 'web.1',
    serviceMs: 2,
  });
});

test('H12 without a duration still counts for latency, 101 and H27 do not', () => {
  expect(read(line({ front: 'at=error code=H12 desc="x"', service: '', status: '503' }))).toMatchObject({
    outcome: 'bad',
    countsForLatency: true,
  });
  expect(read(line({ status: '101' }))).toMatchObject({ outcome: 'good', countsForLatency: false });
  expect(read(line({ front: 'sock=client at=warning code=H27 desc="x"', status: '499' }))).toMatchObject({
    outcome: 'excluded',
    countsForLatency: false,
  });
});

test('a line made of places that look like tails costs no more than its length', () => {
  const text = `at=info method=GET path="${' dyno=a connect= service= status= bytes= x="z'.repeat(20_000)}`;
  const started = performance.now();
  expect(read(text).kind).toBe('other');
  expect(performance.now() - started).toBeLessThan(1_000);
});
