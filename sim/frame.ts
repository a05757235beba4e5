/**
 * Lines to bytes: the header Heroku writes and octet counting (FORMATS 2.1, 2.2). All lengths are bytes
 * of UTF-8, never characters.
 */
import type { SimLine, TimePrecision } from './line.ts';

/** `logplex`: one dash (MSGID). `shuttle`: two, the second being the nil structured data of RFC 5424. */
export type Dialect = 'logplex' | 'shuttle';

/** log-shuttle cuts application lines here (its logplex_formatter.go). */
export const MAX_TEXT_BYTES = 10_000;

let secondSeen = Number.NaN;
let secondText = '';

/** `2026-03-02T09:00:00`; the last one is kept, for lines come in order. */
function renderSecond(second: number): string {
  if (second !== secondSeen) {
    secondSeen = second;
    secondText = new Date(second * 1000).toISOString().slice(0, 19);
  }
  return secondText;
}

/** `2026-03-02T09:00:00.120001+00:00`, in the producer's precision. */
export function renderTime(atMs: number, micros: number, precision: TimePrecision): string {
  const second = Math.floor(atMs / 1000);
  const text = renderSecond(second);
  if (precision === 'seconds') return `${text}+00:00`;
  if (precision === 'zero') return `${text}.000000+00:00`;
  const digits = `${text}.${String((atMs - second * 1000) * 1000 + micros).padStart(6, '0')}`;
  // A producer that cuts zeros writes no dot at all when nothing is left.
  return `${precision === 'cut' ? digits.replace(/\.?0+$/, '') : digits}+00:00`;
}

function renderHeader(line: SimLine, dialect: Dialect): string {
  const time = renderTime(line.atMs, line.micros, line.precision);
  const dashes = dialect === 'shuttle' ? '- -' : '-';
  return `<${line.priority}>1 ${time} host ${line.appname} ${line.procid} ${dashes} `;
}

/**
 * The messages of one line, each without its octet count: one as a rule; several when the text is longer
 * than 10,000 bytes, cut at the byte (a character may be halved), the newline on the last piece only.
 */
export function renderMessages(line: SimLine, dialect: Dialect = 'logplex'): Buffer[] {
  const header = renderHeader(line, dialect);
  if (line.text.length <= MAX_TEXT_BYTES / 4) return [Buffer.from(`${header}${line.text}\n`)];
  const text = Buffer.from(line.text);
  const messages: Buffer[] = [];
  for (let start = 0; start < text.length; start += MAX_TEXT_BYTES) {
    const end = Math.min(start + MAX_TEXT_BYTES, text.length);
    const tail = end === text.length ? '\n' : '';
    messages.push(Buffer.concat([Buffer.from(header), text.subarray(start, end), Buffer.from(tail)]));
  }
  return messages;
}

/** `<count> <message>`. */
export function frameMessage(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** The frames of one line: octet count and message. */
export function frameLine(line: SimLine, dialect: Dialect = 'logplex'): Buffer[] {
  return renderMessages(line, dialect).map(frameMessage);
}

/** A whole body of lines. */
export function renderBody(lines: Iterable<SimLine>, dialect: Dialect = 'logplex'): Buffer {
  const frames: Buffer[] = [];
  for (const line of lines) frames.push(...frameLine(line, dialect));
  return Buffer.concat(frames);
}

/**
 * The loss notice as Logplex puts it in front of a body: counted, without a newline at its end.
 * @param dropped messages lost since `sinceMs`
 */
export function renderLossNotice(dropped: number, sinceMs: number, nowMs: number): Buffer {
  const since = renderTime(sinceMs, 0, 'micro');
  const now = renderTime(nowMs, 0, 'micro');
  const text = `Error L10 (output buffer overflow): ${dropped} messages dropped since ${since}.`;
  return frameMessage(Buffer.from(`<172>1 ${now} host heroku logplex - ${text}`));
}

/** The messages of a body, by octet count alone; stops at the first count that cannot be right. */
export function splitFrames(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    if (!/^[1-9]\d{0,6}$/.test(digits)) break;
    const end = space + 1 + Number(digits);
    if (end > body.length) break;
    messages.push(body.subarray(space + 1, end));
    at = end;
  }
  return messages;
}
