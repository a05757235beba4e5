/**
 * What a line's text tells beside itself: its level, the request it belongs to; and what must be taken out of it before
 * it is kept (SEC-44, SEC-45). Every pattern is linear (SEC-38).
 */
import { shortenAddresses } from './address-in-text.ts';
import { LOG_TEXT_MAX, type LogLevel } from './log-line.ts';
import { hideQueryValues } from './query-in-text.ts';
import { type Redacted, redactText } from './redact.ts';

/** Levels stand near the beginning of a line. */
const LEVEL_WITHIN = 160;
/** …but for JSON, where any key may come first. */
const JSON_WITHIN = 2_000;

const LEVELS: Record<string, LogLevel> = {
  emerg: 'error',
  emergency: 'error',
  alert: 'error',
  panic: 'error',
  fatal: 'error',
  crit: 'error',
  critical: 'error',
  severe: 'error',
  error: 'error',
  err: 'error',
  warn: 'warn',
  warning: 'warn',
  notice: 'info',
  info: 'info',
  information: 'info',
  log: 'info',
  debug: 'debug',
  verbose: 'debug',
  trace: 'debug',
};
const WORDS =
  'emerg(?:ency)?|alert|panic|fatal|crit(?:ical)?|severe|err(?:or)?|warn(?:ing)?|notice|info(?:rmation)?|debug|verbose|trace';

/** `"level":"error"`, `"severity": "WARNING"`, and pino's numbers. */
const JSON_LEVEL =
  /"(?:log\.)?(?:level|severity|lvl|levelname|log_?level)"\s{0,4}:\s{0,4}(?:"([a-z]{3,11})"|(\d{2})\b)/i;
/** `level=error`, `lvl="warn"`, `severity=INFO`, and `at=error` as Heroku's own lines have it. */
const PAIR_LEVEL = new RegExp(`(?:^|[\\s,;|[])(?:level|lvl|severity|log_?level|at)=["']?(${WORDS})\\b`, 'i');
/** `[error]`, `[INFO/ForkPoolWorker-1]`, `<warn>`. */
const BRACKET_LEVEL = new RegExp(`[[<(](${WORDS})(?:/[\\w-]{1,40})?[\\])>]`, 'i');
/** `ERROR`, `WARN:` in capitals anywhere near the front; other words would be prose. */
const CAPITAL_LEVEL = new RegExp(`(?:^|[\\s|:,-])(${WORDS.toUpperCase()})(?=$|[\\s|:,\\]-])`);
/** `error: …`, `Warning: …` at the very front. */
const FRONT_LEVEL = new RegExp(`^(${WORDS})(?::|!| -)\\s`, 'i');
/** How the usual languages begin to tell of what they did not expect. */
const EXCEPTION =
  /^(?:[\w.:$]{0,120}(?:Error|Exception)\b(?::| \(|$)|Traceback \(most recent call last\)|panic: |fatal error: |Unhandled(?:PromiseRejection| rejection| exception)|Uncaught |Caused by: |npm ERR!|goroutine \d{1,9} \[)/;
/** One step of a stack trace: no level of its own, and of no use without the others. */
const TRACE =
  /^(?:\s{1,20}at \S|\s{1,8}File "[^"]{1,300}", line \d|\s{0,8}from \S{1,300}:\d{1,7}:in |\S{1,300}\.(?:rb|erb|rake|haml):\d{1,7}(?::in |$)|\s{0,8}\S{1,300}\.go:\d{1,7}|\s{1,8}\.\.\. \d{1,4} more)/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken off
const COLOURS = /\u001b\[[\d;]{0,20}m/g;

/** The level a text states in one of the usual ways; null when it states none. */
export function levelOf(text: string): LogLevel | null {
  const plain =
    text.charCodeAt(0) === 0x1b || text.includes('\u001b[') ? text.slice(0, 400).replace(COLOURS, '') : text;
  const front = plain.trimStart();
  if (front.startsWith('{')) return jsonLevel(front.slice(0, JSON_WITHIN));
  const head = front.slice(0, LEVEL_WITHIN);
  const word = (FRONT_LEVEL.exec(head) ??
    PAIR_LEVEL.exec(head) ??
    BRACKET_LEVEL.exec(head) ??
    CAPITAL_LEVEL.exec(head))?.[1];
  if (word !== undefined) return LEVELS[word.toLowerCase()] ?? null;
  return EXCEPTION.test(untagged(head)) ? 'error' : null;
}

function jsonLevel(text: string): LogLevel | null {
  const found = JSON_LEVEL.exec(text);
  if (found === null) return null;
  if (found[1] !== undefined) return LEVELS[found[1].toLowerCase()] ?? null;
  const number = Number(found[2]);
  if (number >= 50) return 'error';
  if (number >= 40) return 'warn';
  return number >= 30 ? 'info' : 'debug';
}

/** Whether a text is a step of a stack trace. */
export function isTraceStep(text: string): boolean {
  return TRACE.test(untagged(text.slice(0, 400)));
}

/** Without the tags that a logger puts in front, such as a request's id; what is indented behind them stays so. */
function untagged(text: string): string {
  return text.startsWith('[') ? text.replace(/^(?:\[[\w.:-]{8,64}\] ){1,4}/, '') : text;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** `request_id=…`, `X-Request-ID: …`, `"requestId":"…"`. What a client sends as its id may have any form. */
const NAMED_REQUEST =
  /\b(?:x[-_])?req(?:uest)?[-_. ]?id["']?\s{0,4}[:=]\s{0,4}["']?([A-Za-z0-9][A-Za-z0-9_+/=.:-]{7,119})/i;
/** `"req":{"id":"…"`. */
const NESTED_REQUEST = /"req(?:uest)?":\{(?:[^{}]{0,200},)?"id":"([A-Za-z0-9][\w+/=.:-]{7,119})"/;
/** Rails' tag `[…] Started GET`, and rack-timeout's `id=…`. */
const TAGGED_REQUEST = new RegExp(`(?:^|\\s)\\[(${UUID})\\]|(?:^|\\s)id=(${UUID})(?=\\s|$)`, 'i');

/** The id of the request that a text says it belongs to; null when it says none. */
export function requestIdOf(text: string): string | null {
  const found =
    NAMED_REQUEST.exec(text) ?? NESTED_REQUEST.exec(text) ?? TAGGED_REQUEST.exec(text.slice(0, 400));
  return found === null ? null : (found[1] ?? found[2] ?? null);
}

/**
 * A line's text as it may be kept: without secrets and personal data, without values of queries, visitors' addresses
 * shortened unless told otherwise; at most LOG_TEXT_MAX long.
 */
export function redactLogText(
  text: string,
  { storeClientAddresses }: { storeClientAddresses: boolean },
): Redacted {
  const redacted = redactText(text, LOG_TEXT_MAX);
  const counter = { redactions: redacted.redactions };
  const result = hideQueryValues(redacted.text, counter);
  return { text: storeClientAddresses ? result : shortenAddresses(result), redactions: counter.redactions };
}

/** What follows in an entry of a database's log is SQL or its values: personal data (FORMATS 6.3). */
const SQL_BEHIND =
  /((?:STATEMENT|DETAIL|CONTEXT|QUERY):\s{1,4}|duration: [\d.]{1,20} ms {1,4}(?=\S)|statement: )[\s\S]{1,}/;
const QUOTED_VALUE = /(: )"[^"]{0,400}"$/;
/** `[GREEN] [14-2] …`: a later part of an entry, in a frame of its own. */
const LATER_PART = /^(\[[\w-]{1,64}\] \[\d{1,10}-(?!1\])\d{1,10}\])\s{1,4}(?! ?sql_error_code)[\s\S]+$/;
/** Who was connected to what, as log_line_prefix tells it. */
const SESSION = / ?\b(?:pid|session_id|database|user|application_name|client|host)\s?=\s?"[^"]{0,200}"/g;

/** A line of the database's own log without SQL, values and names of sessions. */
export function withoutSql(text: string): string {
  const later = LATER_PART.exec(text);
  if (later !== null) return `${later[1]} {sql}`;
  return text.replace(SESSION, '').replace(SQL_BEHIND, '$1{sql}').replace(QUOTED_VALUE, '$1{value}');
}

/** A started command keeps its first word: configuration may have been put in its place (FORMATS 7.2). */
export function withoutCommand(text: string): string {
  return text.replace(/^(Starting process with command:? `)(\S{0,80}?)(?:[\s`][\s\S]*)?$/, '$1$2 …`');
}
