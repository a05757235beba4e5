import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describe } from './describe.ts';
import { MessageReader } from './reader.ts';

const pieces = [
  ' dyno=web.9 connect=1ms service=1ms status=500 bytes=1',
  '" host=evil request_id=e fwd="',
  ' host=evil',
  '"',
  ' ',
  ' protocol=http tls=true',
  ' k="',
  'at=error code=H12 desc="x" method=POST path="',
  ' dyno=',
  ' status=500',
  '/a',
  '%22',
  'ü',
  '\t',
];

/** Text a visitor may send, dense in what could be taken for a field. */
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 6 })
  .map((parts) => parts.join(''));
const word = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/);
const optional = fc.option(fc.nat({ max: 99_999_999 }), { nil: undefined });

const request = fc.record({
  at: fc.constantFrom('info', 'warning', 'error'),
  method: word,
  path: hostile,
  host: word,
  requestId: word,
  dyno: fc.constantFrom('', 'web.1', 'urgent_worker.33'),
  connectMs: optional,
  serviceMs: optional,
  status: fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined }),
  bytes: optional,
  protocol: fc.constantFrom('http', 'https', 'http1.1', 'http2.0'),
  tls: fc.boolean(),
});

function duration(ms: number | undefined): string {
  return ms === undefined ? '' : `${ms}ms`;
}

function parse(
  r: typeof request extends fc.Arbitrary<infer T> ? T : never,
  fwd: string,
): Record<string, unknown> {
  const text = `at=${r.at} method=${r.method} path="${r.path}" host=${r.host} request_id=${r.requestId} fwd="${fwd}" dyno=${r.dyno} connect=${duration(r.connectMs)} service=${duration(r.serviceMs)} status=${r.status ?? ''} bytes=${r.bytes ?? ''} protocol=${r.protocol} tls=${r.tls}`;
  const buf = Buffer.from(`<134>1 2026-03-02T09:00:00Z host heroku router - ${text}\n`, 'utf8');
  const reader = new MessageReader();
  reader.read(buf, 0, buf.length, 'logplex');
  return describe(reader.message, buf, 0, 'asWritten');
}

/** What no visitor may change. */
function ownFields(r: Record<string, unknown>): Record<string, unknown> {
  const { at, method, dyno, connectMs, serviceMs, status, bytes, protocol, tls } = r;
  return {
    at,
    method,
    dyno: dyno === '' ? undefined : dyno,
    connectMs,
    serviceMs,
    status,
    bytes,
    protocol,
    tls,
  };
}

/** As UTF-8 gives it back: lone surrogates become U+FFFD. */
function shown(text: string): string | undefined {
  return text === '' ? undefined : Buffer.from(text, 'utf8').toString('utf8');
}

test('I-29 no path and no fwd can forge what Heroku itself has measured', () => {
  fc.assert(
    fc.property(request, hostile, (r, fwd) => {
      const seen = parse(r, fwd);
      expect(seen.kind).toBe('request');
      expect(ownFields(seen)).toEqual(ownFields(r));
      expect([seen.code, seen.desc, seen.sock]).toEqual([undefined, undefined, undefined]);
    }),
    { numRuns: 2_000 },
  );
});

test('I-29 path, host, request id and fwd come back as they were when fwd holds no host of its own', () => {
  fc.assert(
    fc.property(
      request,
      hostile.filter((fwd) => !fwd.includes(' host=')),
      (r, fwd) => {
        const seen = parse(r, fwd);
        expect([seen.path, seen.host, seen.requestId, seen.fwd]).toEqual([
          shown(r.path),
          r.host,
          r.requestId,
          shown(fwd),
        ]);
      },
    ),
    { numRuns: 2_000 },
  );
});
