import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LOG_TEXT_MAX } from './log-line.ts';
import { isTraceStep, levelOf, redactLogText, requestIdOf, withoutCommand, withoutSql } from './log-text.ts';

const ID = '0f2b7c11-9a77-41d5-e0aa-0fd1b8a0b001';

test.each([
  ['{"time":1,"level":"error","msg":"x"}', 'error'],
  ['{"level":30,"msg":"x"}', 'info'],
  ['{"level":50,"msg":"x"}', 'error'],
  ['{"severity":"WARNING","message":"x"}', 'warn'],
  ['{"msg":"level of water"}', null],
  ['time=2026-01-01 level=warn msg="x"', 'warn'],
  ['source=rack-timeout id=1 state=timed_out at=error', 'error'],
  ['[error] 12#0: upstream timed out', 'error'],
  ['[INFO/ForkPoolWorker-3] Task done', 'info'],
  ['INFO:     203.0.113.0/24:0 - "GET / HTTP/1.1" 200 OK', 'info'],
  ['E, [2026-11-21T10:00:00.0 #4] ERROR -- : boom', 'error'],
  ['2026-11-21 10:00:00,123 WARNING django.request: Not Found', 'warn'],
  ['error: upstream answered 502, giving up', 'error'],
  ['\u001b[31mERROR\u001b[0m red', 'error'],
  ['pid=4 tid=ab class=Job elapsed=0.1 INFO: done', 'info'],
  ['TypeError: Cannot read properties of undefined', 'error'],
  ["ActionView::Template::Error (undefined method 'price' for nil):", 'error'],
  [`[${ID}] ActionView::Template::Error (undefined method 'price' for nil):`, 'error'],
  ['Traceback (most recent call last):', 'error'],
  ['panic: runtime error: invalid memory address', 'error'],
  ['Caused by: java.lang.IllegalStateException: x', 'error'],
  ['no errors were found, all information is fine', null],
  ['GET /errors/info 200', null],
  ['', null],
] as const)('the level of %j is %s', (text, level) => {
  expect(levelOf(text)).toBe(level);
});

test.each([
  `[${ID}] Completed 200 OK in 12ms`,
  `source=rack-timeout id=${ID} wait=1ms`,
  `{"level":"info","msg":"request","req":{"id":"${ID}"}}`,
  `{"requestId":"${ID}"}`,
  `X-Request-ID: ${ID}`,
  `msg=done request_id=${ID} status=200`,
])('the request of %j is found', (text) => {
  expect(requestIdOf(text)).toBe(ID);
});

test('no request is found where none is named', () => {
  for (const text of [`user ${ID} signed in`, 'request took 12345678 ms', `Task [x] ${ID}`, '']) {
    expect(requestIdOf(text), text).toBeNull();
  }
});

test('steps of stack traces are known by their form', () => {
  for (const text of [
    '    at summarize (file:///app/src/orders.js:17:3)',
    '  File "/app/mailer/tasks.py", line 12, in send',
    "app/controllers/orders_controller.rb:31:in 'OrdersController#show'",
    '\t/app/main.go:88 +0x1c4',
    '\tat com.example.Shop.main(Shop.java:10)',
    '\t... 12 more',
    `[${ID}] app/models/order.rb:41:in 'Order.recent'`,
  ]) {
    expect(isTraceStep(text), text).toBe(true);
  }
  expect(isTraceStep('at the station we met')).toBe(false);
});

test('the first word of a command stays, whatever follows it', () => {
  expect(withoutCommand('Starting process with command `rake jobs:run TOKEN=abc` by user x')).toBe(
    'Starting process with command `rake …`',
  );
  expect(withoutCommand('Starting process with command `a\nb')).toBe('Starting process with command `a …`');
  expect(withoutCommand('Stopping all processes with SIGTERM')).toBe('Stopping all processes with SIGTERM');
});

test('a message of the database stays without what people put into it', () => {
  const prefix = '[A] [3-1]  sql_error_code = 22P02 ERROR:  ';
  expect(withoutSql(`${prefix}invalid input syntax for type integer: "ana"`)).toBe(
    `${prefix}invalid input syntax for type integer: {value}`,
  );
  const unique = `${prefix}duplicate key value violates unique constraint "index_users_on_email"`;
  expect(withoutSql(unique)).toBe(unique);
});

test('SEC-44 redacting what was redacted changes nothing, and no text is too long', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom('\0', '\u001b[31m', '\u{1f600}', 'ä@', '\u202e'),
    fc.constantFrom(
      'https://a.example/x?token=abc&q=ana ',
      'password=hunter2 ',
      'for 203.0.113.7 ',
      '2001:db8::1 ',
      'ana@example.org ',
      'Bearer abcdefghijklmnop12 ',
      '?a=b&c=d ',
    ),
    fc.constant('word '.repeat(900)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const once = redactLogText(pieces.join('').toWellFormed(), { storeClientAddresses: false });
      expect(once.text.length).toBeLessThanOrEqual(LOG_TEXT_MAX + 200);
      expect(once.text).not.toMatch(/hunter2|ana@example|203\.0\.113\.7(?!\d)|token=abc/);
      const twice = redactLogText(once.text, { storeClientAddresses: false });
      expect(redactLogText(twice.text, { storeClientAddresses: false }).text).toBe(twice.text);
    }),
    { numRuns: 30 },
  );
});

test('SEC-38 a line made to cost much costs little', () => {
  const hostile = [
    `a:${'a:'.repeat(4_000)}`,
    '1.'.repeat(4_000),
    `?${'a=b&'.repeat(2_000)}`,
    `{"level":${' '.repeat(8_000)}`,
    '['.repeat(8_000),
    `"req":{${'"a":1,'.repeat(1_500)}`,
    `Starting process with command \`${'x'.repeat(8_000)}`,
    `duration: ${'9'.repeat(8_000)}`,
    'abcdef0123456789'.repeat(500),
  ];
  const startedMs = performance.now();
  for (const text of hostile) {
    redactLogText(text, { storeClientAddresses: false });
    levelOf(text);
    requestIdOf(text);
    isTraceStep(text);
    withoutSql(text);
    withoutCommand(text);
  }
  expect(performance.now() - startedMs).toBeLessThan(1_000);
});
