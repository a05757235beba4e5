/**
 * Messages to lines of a log: which are kept, by whom they are, what they say. Samples of metrics are charts and no
 * lines; a frame that was counted before brings none. Everything is redacted here, before it leaves the process.
 */
import { KEY_MARK, KeyLines } from '../model/key-lines.ts';
import type { LogLevel, LogLine, LogSource } from '../model/log-line.ts';
import {
  isTraceStep,
  levelOf,
  redactLogText,
  requestIdOf as requestIdIn,
  withoutCommand,
  withoutSql,
} from '../model/log-text.ts';
import { type Redacted, redactText } from '../model/redact.ts';
import { requestIdOf } from './details.ts';
import { type LogBounds, LogGuard } from './log-guard.ts';
import { LogRows } from './log-rows.ts';
import {
  KIND_API_EVENT,
  KIND_APP,
  KIND_DATABASE_LOG,
  KIND_DYNO_EVENT,
  KIND_LOSS,
  KIND_METRIC,
  KIND_OTHER,
  type Message,
  type Span,
} from './message.ts';
import { textOfBytes, textOfSpan } from './scan.ts';
import { ABSENT, codeText } from './section.ts';
import type { AppState, Target } from './target.ts';
import { cleanText } from './terms.ts';

export interface LogIntakeOptions extends LogBounds {
  /** Whole addresses of visitors instead of shortened ones (SEC-45). */
  storeClientAddresses: boolean;
}

const PROCID_MAX = 64;
/** Bytes of a text that are looked at to tell whether it is an error. */
const LOOK_BYTES = 240;
/** `error` has five letters, `info` four, `warning` seven. */
const AT_ERROR = 5;
const AT_WARNING = 7;

export class LogIntake {
  readonly #options: LogIntakeOptions;
  readonly #guards = new WeakMap<AppState, LogGuard>();
  readonly #keys = new KeyLines();
  /** Whether lines of the body being read may be of a private key. */
  #mayHoldKeys = false;

  constructor(options: LogIntakeOptions) {
    this.#options = options;
  }

  /** The guard of a body's app, told of the body's second; null when no lines of it are kept. */
  open(to: Pick<Target, 'app' | 'body'>): LogGuard | null {
    if (to.app.keepLogs !== true || to.body.lossesOnly) return null;
    let guard = this.#guards.get(to.app);
    if (guard === undefined) {
      guard = new LogGuard(this.#options);
      this.#guards.set(to.app, guard);
    }
    const { receivedAtMs, buf } = to.body;
    this.#keys.forget(receivedAtMs);
    this.#mayHoldKeys = this.#keys.isAmidKey || bufferOf(buf).includes(KEY_MARK);
    guard.begin(receivedAtMs, receivedAtMs < to.app.historyOpenUntilMs);
    return guard;
  }

  /** A router line, read and added as the newest row of the section's requests. Nearly all of a flood end in the first lines. */
  addRequest(to: Target, guard: LogGuard, message: Message, timeMs: number): void {
    const { request, text } = message;
    const level = levelOfRequest(message);
    let isKept: boolean;
    if (request.codeFamily >= 0) isKept = guard.takeCode(text.end - text.start);
    else if (level === 'error') isKept = guard.takeError(text.end - text.start);
    else isKept = guard.router.take();
    if (!isKept) {
      rowsOf(to).leaveOut(to.entry.position, timeMs, 'router', level);
      return;
    }
    rowsOf(to).lines.push({
      frame: to.entry.position,
      atMs: timeMs,
      source: 'router',
      level,
      ...routerLine(to, message),
    });
  }

  /** Any other message. */
  addOther(to: Target, guard: LogGuard, message: Message, timeMs: number): void {
    const source = sourceOfLine(to, message);
    if (source === null) return;
    // Lines that are left out count, too: one of them may begin or end a key.
    const bare = this.#mayHoldKeys && !isPlatform(message) ? this.#withoutKey(to, message) : null;
    const code = message.dynoEvent?.code ?? message.loss?.code ?? null;
    const length = message.text.end - message.text.start;
    const platform = platformLevel(message);
    const isKept =
      code !== null
        ? guard.takeCode(length)
        : guard.others.take() || isKeptError(to, guard, message, platform);
    if (isKept) this.#push(to, message, { atMs: timeMs, source, code, platform, bare });
    else rowsOf(to).leaveOut(to.entry.position, timeMs, source, platform);
  }

  /** The text without what belongs to a private key that a former line of its process began. */
  #withoutKey(to: Target, message: Message): Redacted {
    const { buf, drainId, receivedAtMs } = to.body;
    const writer = `${to.app.appId} ${drainId} ${cleanText(textOfSpan(buf, message.procid), PROCID_MAX)}`;
    return this.#keys.hide(writer, bareText(to, message), receivedAtMs);
  }

  /** @param line.bare its text, where that was read before */
  #push(
    to: Target,
    message: Message,
    line: {
      atMs: number;
      source: LogSource;
      code: string | null;
      platform: LogLevel | null;
      bare: Redacted | null;
    },
  ): void {
    const { platform, bare, ...rest } = line;
    const { text, redactions } = redactLogText(bare?.text ?? bareText(to, message), this.#options);
    to.entry.redactions += redactions + (bare?.redactions ?? 0);
    rowsOf(to).lines.push({
      frame: to.entry.position,
      ...rest,
      procid: cleanText(textOfSpan(to.body.buf, message.procid), PROCID_MAX) || '-',
      level: isPlatform(message) ? platform : levelOf(text),
      status: null,
      requestId: isPlatform(message) ? null : requestIdIn(text),
      text,
    });
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function rowsOf(to: Target): LogRows {
  to.section.logs ??= new LogRows();
  return to.section.logs;
}

/** Whether a line beyond the bound is one of an error, and has room as such. */
function isKeptError(to: Target, guard: LogGuard, message: Message, platform: LogLevel | null): boolean {
  const { start, end } = message.text;
  if (isPlatform(message)) return platform === 'error' && guard.takeError(end - start);
  if (!guard.mayLook()) return false;
  const head = textOfBytes(to.body.buf, start, Math.min(end, start + LOOK_BYTES));
  return (levelOf(head) === 'error' || isTraceStep(head)) && guard.takeError(end - start);
}

/** Who wrote a line; null for what is no line of a log. */
function sourceOfLine(to: Target, message: Message): LogSource | null {
  switch (message.kind) {
    case KIND_APP:
    case KIND_METRIC:
      return sourceOfOutput(textOfSpan(to.body.buf, message.procid));
    case KIND_DATABASE_LOG:
      return 'postgres';
    case KIND_DYNO_EVENT:
    case KIND_API_EVENT:
    case KIND_LOSS:
      return 'heroku';
    case KIND_OTHER:
      // What has no header is in quarantine.
      if (message.otherReason === 'badHeader') return null;
      return message.otherReason === 'badRouterLine' ? 'router' : 'heroku';
    default:
      return null;
  }
}

/** (`app`, a dyno) is the app; (`app`, a name) an add-on. */
function sourceOfOutput(procid: string): LogSource {
  if (procid === '-' || procid === '' || /[.]\d{1,9}$|-[a-z0-9]{6,10}-[a-z0-9]{5}$/.test(procid)) {
    return /^(?:postgres|heroku-postgres)[.]\d/.test(procid) ? 'postgres' : 'app';
  }
  if (/redis|key-?value/i.test(procid)) return 'redis';
  return /postgres|pgbouncer/i.test(procid) ? 'postgres' : 'other';
}

/** Kinds whose level their parser knows. */
function isPlatform({ kind }: Message): boolean {
  return kind !== KIND_APP && kind !== KIND_METRIC;
}

const SERVER_LEVELS: Record<string, LogLevel> = {
  ERROR: 'error',
  FATAL: 'error',
  PANIC: 'error',
  WARNING: 'warn',
  LOG: 'info',
  INFO: 'info',
  NOTICE: 'info',
  DEBUG: 'debug',
};

function platformLevel({ dynoEvent, loss, databaseLog, apiEvent }: Message): LogLevel | null {
  if (databaseLog !== null) return SERVER_LEVELS[databaseLog.level ?? ''] ?? null;
  if (loss !== null) return 'warn';
  if (apiEvent !== null) return 'info';
  if (dynoEvent === null) return null;
  const { code, event, to, exitStatus = 0 } = dynoEvent;
  if (code !== undefined || to === 'crashed') return 'error';
  // Terminated as asked to.
  return event === 'exit' && exitStatus !== 0 && exitStatus !== 143 ? 'error' : 'info';
}

function levelOfRequest({ request }: Message): LogLevel {
  const length = request.at.end - request.at.start;
  // A code alone says nothing bad: H27 is a visitor who left.
  if (request.status >= 500 || length === AT_ERROR) return 'error';
  return length === AT_WARNING ? 'warn' : 'info';
}

/** Longest text that is taken from the bytes: half of a longer one would be cut off again. */
const TEXT_BYTES_MAX = 16 * 1024;

/** The text without what must never be kept of lines of its kind; the rest is for redactLogText. */
function bareText(to: Target, message: Message): string {
  const { start, end } = message.text;
  const text = textOfBytes(to.body.buf, start, Math.min(end, start + TEXT_BYTES_MAX)).toWellFormed();
  if (message.kind === KIND_DATABASE_LOG) return withoutSql(text);
  if (message.kind === KIND_API_EVENT) return withoutUser(withoutCommand(text), message.apiEvent?.user);
  if (message.kind !== KIND_APP && message.kind !== KIND_METRIC) return withoutCommand(text);
  return text;
}

/** Who did it is a person, whether or not by an address. */
function withoutUser(text: string, user: string | undefined): string {
  const at = user === undefined || user === '' ? -1 : text.lastIndexOf(user);
  return at < 0 ? text : `${text.slice(0, at)}{user}${text.slice(at + (user?.length ?? 0))}`;
}

/** A router line written anew from what was read of it, redacted: path, address and id as the request's row has them. */
function routerLine(
  to: Target,
  message: Message,
): Pick<LogLine, 'procid' | 'code' | 'status' | 'requestId' | 'text'> {
  const { requests, texts } = to.section;
  const { buf } = to.body;
  const fields = message.request;
  const row = requests.length - 1;
  const text = (column: Uint32Array): string => texts[column[row]!] ?? '';
  const code = codeText(requests.code[row]!) || null;
  const status = requests.status[row]!;
  const requestId = requestIdOf(to.section, row);
  const ms = (value: number): string => (value === ABSENT ? '' : `${value}ms`);
  const parts = [
    `at=${quietText(buf, fields.at)}`,
    ...(code === null ? [] : [`code=${code}`]),
    ...(fields.odd ? oddParts(to, fields) : []),
    `method=${text(requests.method)} path="${text(requests.path)}" host=${text(requests.host)}`,
    `request_id=${requestId ?? ''} fwd="${text(requests.client)}" dyno=${text(requests.dyno)}`,
    `connect=${ms(requests.connectMs[row]!)} service=${ms(requests.serviceMs[row]!)}`,
    `status=${status === ABSENT ? '' : status} bytes=${requests.bytes[row] === ABSENT ? '' : requests.bytes[row]}`,
    `protocol=${text(requests.protocol)}`,
    ...(fields.tls < 0 ? [] : [`tls=${fields.tls === 1}`]),
    ...(fields.tlsVersion.end > fields.tlsVersion.start
      ? [`tls_version=${quietText(buf, fields.tlsVersion)}`]
      : []),
  ];
  return {
    procid: 'router',
    code,
    status: status === ABSENT ? null : status,
    requestId,
    text: parts.join(' '),
  };
}

/** Fields that a usual line does not have. */
const ODD = ['desc', 'cause', 'agent', 'sock'] as const;
const ODD_MAX = 200;

function oddParts(to: Target, fields: Message['request']): string[] {
  return ODD.flatMap((name) => {
    const span = fields[name];
    if (span.end <= span.start) return [];
    const { text, redactions } = redactText(cleanText(textOfSpan(to.body.buf, span), ODD_MAX), ODD_MAX);
    to.entry.redactions += redactions;
    return [`${name}=${/[\s"]/.test(text) || text === '' ? `"${text.replaceAll('"', "'")}"` : text}`];
  });
}

/** A field of few known words. */
function quietText(buf: Uint8Array, span: Span): string {
  return cleanText(textOfSpan(buf, span), 16).replace(/[^\w.]/g, '');
}
