/** Lines and bodies for the tests of the receiving half. */
import { randomUUID } from 'node:crypto';
import { frameMessage } from '../sim/frame.ts';

/** A router line with its own request id. */
export function requestLine(
  options: {
    atMs?: number;
    status?: number;
    code?: string;
    path?: string;
    serviceMs?: number;
    time?: string;
  } = {},
): string {
  const { atMs = Date.now(), status = 200, code, path = '/cart', serviceMs = 12 } = options;
  const time = options.time ?? new Date(atMs).toISOString().replace('Z', '000+00:00');
  const at = code === undefined ? 'at=info' : `at=error code=${code} desc="Request timeout"`;
  return (
    `<134>1 ${time} host heroku router - ${at} method=GET path="${path}" host=shop.example.com ` +
    `request_id=${randomUUID()} fwd="203.0.113.7" dyno=web.1 connect=1ms service=${serviceMs}ms status=${status} ` +
    `bytes=345 protocol=https`
  );
}

export function appLine(text: string, atMs = Date.now()): string {
  return `<190>1 ${new Date(atMs).toISOString().replace('Z', '000+00:00')} host app web.1 - ${text}`;
}

export function lossLine(dropped: number, sinceMs: number, nowMs = Date.now()): string {
  const time = (ms: number): string => new Date(ms).toISOString().replace('Z', '000+00:00');
  return (
    `<172>1 ${time(nowMs)} host heroku logplex - Error L10 (output buffer overflow): ` +
    `${dropped} messages dropped since ${time(sinceMs)}.`
  );
}

/** Octet-counted, each with the newline that belongs to it. */
export function bodyOf(lines: (string | Buffer)[]): Buffer {
  return Buffer.concat(
    lines.map((line) => frameMessage(typeof line === 'string' ? Buffer.from(`${line}\n`) : line)),
  );
}

export function requests(count: number, options: Parameters<typeof requestLine>[0] = {}): Buffer {
  return bodyOf(Array.from({ length: count }, () => requestLine(options)));
}

let frames = 0;

/** A frame id as Logplex makes them. */
export function frameId(): string {
  return (0xf00d_0000_0000n + BigInt(process.pid) * 0x1_0000_0000n + BigInt(++frames))
    .toString(16)
    .toUpperCase()
    .padStart(32, 'A');
}
