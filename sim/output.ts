/**
 * What applications print: access lines, JSON, stack traces over several frames, l2met metrics, and now
 * and then something that should never be in a log. All secrets and addresses are made up.
 */
import type { OutputStyle, ProcessSpec } from './app.ts';
import type { Random } from './random.ts';

export interface Served {
  atMs: number;
  method: string;
  path: string;
  status: number;
  serviceMs: number;
  requestId: string;
  fwd: string;
}

const REASONS: Record<number, string> = {
  202: 'Accepted',
  204: 'No Content',
  401: 'Unauthorized',
  410: 'Gone',
  500: 'Internal Server Error',
};

const MAIL = 'ana.reed@example.org ben.lowe@example.com chloe.marsh@example.net'.split(' ');

/** The line an app prints for a request it has served. */
export function requestOutput(style: OutputStyle, served: Served, random: Random): string {
  const ms = served.serviceMs;
  const path = served.path.split('?')[0] ?? '/';
  switch (style) {
    case 'rails':
      return random.chance(0.5)
        ? `[${served.requestId}] Completed ${served.status} in ${Math.round(ms)}ms (Views: ${(ms * 0.3).toFixed(1)}ms | ActiveRecord: ${(ms * 0.4).toFixed(1)}ms | Allocations: ${random.integer(900, 90_000)})`
        : `source=rack-timeout id=${served.requestId} wait=${random.integer(0, 9)}ms timeout=25000ms service=${Math.round(ms)}ms state=completed`;
    case 'node':
      return JSON.stringify({
        level: served.status >= 500 ? 'error' : 'info',
        msg: 'request',
        method: served.method,
        path,
        status: served.status,
        ms: Math.round(ms),
        req: { id: served.requestId },
      });
    case 'python':
      return `INFO:     ${served.fwd.split(',')[0]}:0 - "${served.method} ${path} HTTP/1.1" ${served.status} ${REASONS[served.status] ?? 'OK'}`;
    case 'go':
      return `[GIN] ${ginTime(served.atMs)} | ${served.status} |    ${ms.toFixed(6)}ms |  ${served.fwd.split(',')[0]} | ${served.method}      "${path}"`;
  }
}

/** `2022/06/13 - 14:52:23` */
function ginTime(atMs: number): string {
  const iso = new Date(atMs).toISOString();
  return `${iso.slice(0, 10).replaceAll('-', '/')} - ${iso.slice(11, 19)}`;
}

/** Lines that carry what must be taken out before anything is stored. */
export function carelessOutput(random: Random): string {
  const mail = random.pick(MAIL);
  return random.pick([
    `login failed for ${mail} from 203.0.113.${random.integer(1, 254)}`,
    `retrying with Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.${random.hex(24)}.${random.hex(32)}`,
    `config dump: api_key=sk_test_${random.hex(24)} password=hunter2`,
    `charge declined card=4242 4242 4242 4242 customer=${mail}`,
    `DATABASE_URL=postgres://app:${random.hex(16)}@db.example.com:5432/app`,
  ]);
}

/** Custom metrics of an app line in the l2met convention (FORMATS 6.4). */
export function checkoutMetrics(serviceMs: number, random: Random): string {
  return `source=checkout count#orders.created=1 measure#orders.render=${serviceMs.toFixed(1)}ms sample#orders.queue_depth=${random.integer(0, 60)}`;
}

/** A worker's summary of a minute in the same convention. */
export function workerMetrics(dyno: string, jobs: number, random: Random): string {
  const waitMs = random.logNormal(180, 0.6).toFixed(0);
  return `source=${dyno} count#jobs.done=${jobs} measure#jobs.wait=${waitMs}ms sample#queue.default=${random.integer(0, 400)}`;
}

const JOBS = 'ReceiptMailer InvoiceExport ThumbnailJob SearchIndexJob WebhookDelivery PriceSync'.split(' ');

/** The line of one finished job. */
export function jobOutput(style: OutputStyle, random: Random): string {
  const job = random.pick(JOBS);
  const seconds = random.logNormal(0.4, 0.9);
  if (style === 'node') {
    return JSON.stringify({
      level: 'info',
      msg: 'job done',
      job,
      id: random.hex(12),
      ms: Math.round(seconds * 1000),
    });
  }
  if (style === 'python') {
    return `[INFO/ForkPoolWorker-${random.integer(1, 8)}] Task tasks.${job.toLowerCase()}[${random.uuid()}] succeeded in ${seconds.toFixed(6)}s: None`;
  }
  return `pid=4 tid=${random.hex(4)} class=${job} jid=${random.hex(24)} elapsed=${seconds.toFixed(3)} INFO: done`;
}

/** An unhandled error, one frame a line, all of one instant. */
export function crashOutput(style: OutputStyle, random: Random): string[] {
  switch (style) {
    case 'rails':
      return [
        `ActionView::Template::Error (undefined method 'price' for nil):`,
        `    12:   <td><%= item.price %></td>`,
        `app/views/orders/_item.html.erb:12`,
        `app/controllers/orders_controller.rb:${random.integer(20, 90)}:in 'OrdersController#show'`,
      ];
    case 'node':
      return [
        `TypeError: Cannot read properties of undefined (reading 'total')`,
        `    at summarize (file:///app/src/orders.js:${random.integer(10, 200)}:17)`,
        `    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)`,
      ];
    case 'python':
      return [
        'Traceback (most recent call last):',
        `  File "/app/mailer/tasks.py", line ${random.integer(10, 300)}, in send`,
        `    address = account['address']`,
        `KeyError: 'address'`,
      ];
    case 'go':
      return [
        'panic: runtime error: invalid memory address or nil pointer dereference',
        '[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x6f3a1c]',
        '\t/app/main.go:88 +0x1c4',
      ];
  }
}

/** The request that a line of trouble belongs to. */
export type Troubled = Pick<Served, 'atMs' | 'method' | 'path' | 'requestId' | 'serviceMs'>;

/** What an app prints of a request that ended in an error it did not expect: which request, and the stack. */
export function failureOutput(style: OutputStyle, served: Troubled, random: Random): string[] {
  const stack = crashOutput(style, random);
  const { requestId, method } = served;
  const path = served.path.split('?')[0] ?? '/';
  switch (style) {
    case 'rails':
      // Tagged logging: every line says whose it is.
      return stack.map((line) => `[${requestId}] ${line}`);
    case 'node':
      return [
        JSON.stringify({ level: 'error', msg: 'request failed', method, path, req: { id: requestId } }),
        ...stack,
      ];
    case 'python':
      return [`ERROR:    Exception in ASGI application: ${method} ${path} request_id=${requestId}`, ...stack];
    case 'go':
      return [`level=error msg="panic recovered" request_id=${requestId} path=${path}`, ...stack];
  }
}

/** What an app prints of a request that the router has given up. */
export function timeoutOutput(
  style: OutputStyle,
  { requestId, method, path: full, atMs }: Troubled,
): string[] {
  const path = full.split('?')[0] ?? '/';
  const table = ['orders', 'line_items', 'shipments'][Math.floor(atMs) % 3] ?? 'orders';
  switch (style) {
    case 'rails':
      return [
        `source=rack-timeout id=${requestId} timeout=25000ms service=25000ms state=timed_out at=error`,
        `[${requestId}] Rack::Timeout::RequestTimeoutException (Request ran for longer than 25000ms):`,
        `[${requestId}] app/models/order.rb:41:in 'Order.recent'`,
        `[${requestId}] app/controllers/orders_controller.rb:18:in 'OrdersController#index'`,
      ];
    case 'node':
      return [
        JSON.stringify({
          level: 'error',
          msg: 'query timed out',
          table,
          ms: 25_000,
          method,
          path,
          req: { id: requestId },
        }),
      ];
    case 'python':
      return [
        `ERROR:    QueuePool limit of size 5 overflow 10 reached, connection timed out: ${method} ${path} request_id=${requestId}`,
        'sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 25.00',
      ];
    case 'go':
      return [
        `level=error msg="context deadline exceeded" table=${table} path=${path} request_id=${requestId}`,
      ];
  }
}

/** A request that took long and came through all the same. */
export function slowOutput(style: OutputStyle, { requestId, path: full, serviceMs }: Troubled): string {
  const path = full.split('?')[0] ?? '/';
  const ms = Math.round(serviceMs);
  switch (style) {
    case 'rails':
      return `[${requestId}] WARN slow request ${path}: ${ms}ms (ActiveRecord: ${Math.round(serviceMs * 0.9)}ms)`;
    case 'node':
      return JSON.stringify({ level: 'warn', msg: 'slow query', path, ms, req: { id: requestId } });
    case 'python':
      return `WARNING:  slow query ${ms} ms ${path} request_id=${requestId}`;
    case 'go':
      return `level=warn msg="slow query" ms=${ms} path=${path} request_id=${requestId}`;
  }
}

/** What a process prints when it has booted. */
export function bootOutput(style: OutputStyle, process: ProcessSpec, random: Random): string[] {
  const port = random.integer(3_000, 59_000);
  if (process.type !== 'web')
    return [`booted ${process.type} in ${random.integer(900, 4_000)} ms, 10 threads`];
  switch (style) {
    case 'rails':
      return [
        '=> Booting Puma',
        '=> Rails 8.0.2 application starting in production',
        `* Listening on http://0.0.0.0:${port}`,
      ];
    case 'node':
      return [JSON.stringify({ level: 'info', msg: 'listening', port })];
    case 'python':
      return ['INFO:     Started server process [2]', `INFO:     Uvicorn running on http://0.0.0.0:${port}`];
    case 'go':
      return [`[GIN-debug] Listening and serving HTTP on :${port}`];
  }
}

/** What a release-phase or scheduled command prints. */
export function commandOutput(command: string, exitStatus: number, random: Random): string[] {
  if (command.includes('migrate')) {
    return [
      `== 20260${random.integer(1, 9)}${random.integer(10, 28)}${random.integer(100_000, 235_959)} AddIndexToOrders: migrating ==========`,
      `-- add_index(:orders, :created_at)`,
      `   -> ${random.next().toFixed(4)}s`,
    ];
  }
  if (exitStatus !== 0) return ['starting', 'error: upstream answered 502, giving up'];
  return ['starting', `processed ${random.integer(3, 4_000)} rows`, 'done'];
}
