/** `drainboard logs APP [--tail]`: lines as `heroku logs` prints them, from what is kept. */
import { parseArgs } from 'node:util';
import { LogFollower } from '../../api/log-follower.ts';
import { readMissed } from '../../api/log-missed.ts';
import {
  compileLogFilter,
  type LogFilter,
  type LogFilterField,
  parseLogFilter,
} from '../../model/log-filter.ts';
import { compareLogLines, formatLogKey, type LogLine } from '../../model/log-line.ts';
import { MINUTE, SECOND } from '../../model/time.ts';
import { readApp } from '../../store/apps.ts';
import type { LogPosition, ReadStore } from '../../store/reads/log-pieces.ts';
import { placeAt, searchLogs } from '../../store/reads/logs.ts';
import { type CommandContext, CommandError, UsageError, withStore } from './command.ts';
import { parseDurationMs } from './duration.ts';

const LINES = 100;
const LINES_MAX = 10_000;
const PAGE_MAX = 500;
/** Progress is told about so often. */
const BUDGET = { timeMs: 2 * SECOND, bytes: 1024 * 1024 * 1024 };
/** As long as anything can be kept. */
const SINCE_MAX_MS = 744 * 60 * MINUTE;

interface Asked {
  app: string;
  filter: LogFilter;
  lines: number;
  sinceMs: number;
  isTail: boolean;
}

/** @param signal ends `--tail`; without one it goes on until the process is ended */
export async function runLogs(
  args: string[],
  context: CommandContext,
  signal?: AbortSignal,
): Promise<number> {
  const asked = readArgs(args);
  return withStore(context, async ({ pool }) => {
    const app = await readApp(pool, asked.app);
    if (!app) throw new CommandError(`There is no app named "${asked.app}".`);
    const read: ReadStore = (work) => work(pool);
    const { lines, position } = await readLast(read, app.id, asked, context);
    for (const line of lines) print(line, context);
    if (asked.isTail)
      await follow({ read, appId: app.id, asked, position, context, last: lines.at(-1), signal });
    else if (lines.length === 0) context.terminal.say('No lines that fit are kept.');
    return 0;
  });
}

function readArgs(args: string[]): Asked {
  const text = { type: 'string', multiple: true } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      tail: { type: 'boolean', short: 't', default: false },
      num: { type: 'string', short: 'n' },
      since: { type: 'string' },
      source: { ...text, short: 's' },
      dyno: { ...text, short: 'd' },
      'process-type': { ...text, short: 'p' },
      code: text,
      status: text,
      level: text,
      grep: { ...text, short: 'g' },
      exclude: { ...text, short: 'x' },
      request: { type: 'string' },
    },
  });
  const [app] = positionals;
  if (app === undefined || positionals.length !== 1) throw new UsageError('give the name of one app');
  const lines = values.num === undefined ? LINES : Number(values.num);
  if (!(Number.isInteger(lines) && lines >= 0 && lines <= LINES_MAX)) {
    throw new UsageError(`-n is a number of lines, at most ${LINES_MAX}`);
  }
  const sinceMs = values.since === undefined ? SINCE_MAX_MS : parseDurationMs(values.since);
  if (sinceMs === null || sinceMs > SINCE_MAX_MS)
    throw new UsageError('--since is a span such as 2h, at most 31d');
  const given: Partial<Record<LogFilterField, string[] | undefined>> = {
    ...{ source: values.source, code: values.code, status: values.status, level: values.level },
    dyno: [...(values.dyno ?? []), ...(values['process-type'] ?? [])],
    ...{ q: values.grep, not: values.exclude, rid: values.request === undefined ? [] : [values.request] },
  };
  const parsed = parseLogFilter((field) => given[field] ?? []);
  if (!parsed.ok)
    throw new UsageError(`--${OPTIONS[parsed.error.field] ?? parsed.error.field} ${parsed.error.message}`);
  return { app, filter: parsed.value, lines, sinceMs, isTail: values.tail };
}

const OPTIONS: Partial<Record<LogFilterField, string>> = { q: 'grep', not: 'exclude', rid: 'request' };

/** The newest lines, asked on until there are enough; how far the search got is told where it takes long. */
async function readLast(
  read: ReadStore,
  appId: number,
  { filter, lines: wanted, sinceMs }: Asked,
  { nowMs, terminal }: CommandContext,
): Promise<{ lines: LogLine[]; position: LogPosition | null }> {
  const span = { fromMs: nowMs - sinceMs, toMs: nowMs + 5 * MINUTE };
  let lines: LogLine[] = [];
  let before = placeAt(span.toMs);
  let position: LogPosition | null = null;
  let isFirst = true;
  while (isFirst || lines.length < wanted) {
    const limit = Math.max(1, Math.min(PAGE_MAX, wanted - lines.length));
    const found = await searchLogs(read, { appId, ...span, filter, before, limit, nowMs, budget: BUDGET });
    if (isFirst) position = found.position;
    isFirst = false;
    lines = [...found.lines, ...lines];
    if (found.older === null) break;
    if (found.stopped !== 'limit')
      terminal.say(`Searched back to ${new Date(found.reachedMs).toISOString()}`);
    before = found.older;
  }
  return { lines: wanted === 0 ? [] : lines, position };
}

interface Following {
  read: ReadStore;
  appId: number;
  asked: Asked;
  position: LogPosition | null;
  last: LogLine | undefined;
  context: CommandContext;
  signal: AbortSignal | undefined;
}

/** What is committed from the search on, until the signal. */
async function follow({ read, appId, asked, position, last, context, signal }: Following): Promise<void> {
  const fits = compileLogFilter(asked.filter);
  const told = new Set<string>();
  const early: LogLine[] = [];
  let isLive = false;
  const tell = (line: LogLine) => {
    if (!told.has(formatLogKey(line))) print(line, context);
  };
  await new Promise<void>((resolve, reject) => {
    const follower = new LogFollower({
      ...{ appId, read, nowMs: Date.now },
      onBatch: ({ lines }) => {
        const fitting = lines.filter(fits);
        if (isLive) fitting.forEach(tell);
        else early.push(...fitting);
      },
      onLost: () =>
        reject(new CommandError('The database was away for too long: some lines are missing. Start again.')),
    });
    signal?.addEventListener('abort', () => {
      follower.stop();
      resolve();
    });
    const start = async () => {
      await follower.ready;
      const cursor = { key: last ?? placeAt(context.nowMs), position };
      const until = follower.position;
      const missed = await readMissed(read, {
        appId,
        filter: asked.filter,
        cursor,
        until,
        nowMs: Date.now(),
      });
      for (const line of missed.lines) {
        tell(line);
        told.add(formatLogKey(line));
      }
      isLive = true;
      early.sort(compareLogLines).forEach(tell);
    };
    start().catch((error: unknown) => {
      follower.stop();
      reject(error as Error);
    });
  });
}

function print(line: LogLine, { terminal, json }: CommandContext): void {
  terminal.out(json ? JSON.stringify({ id: formatLogKey(line), ...plain(line) }) : renderLine(line));
}

function plain({ atMs, source, procid, level, code, status, requestId, text }: LogLine) {
  return { at: new Date(atMs).toISOString(), source, procid, level, code, status, requestId, text };
}

/** `2026-11-21T10:42:17.123Z app[web.1]: text`, as `heroku logs` prints it. */
export function renderLine({ atMs, source, procid, text }: LogLine): string {
  const from = source === 'app' || source === 'postgres' || source === 'redis' ? 'app' : 'heroku';
  return `${new Date(atMs).toISOString()} ${from}[${procid}]: ${harmless(text)}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is kept and taken out
const COLOURS = /(\u001b\[[\d;]{0,20}m)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Colours stay; whatever else would move the cursor, name the window or turn the text round is written out. */
function harmless(text: string): string {
  const shown = text
    .split(COLOURS)
    .map((part) =>
      COLOURS.test(part)
        ? part
        : part.replace(CONTROLS, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    )
    .join('');
  // A colour that a line leaves on would colour the next one.
  return COLOURS.test(text) ? `${shown}\u001b[0m` : shown;
}
