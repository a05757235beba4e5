#!/usr/bin/env node
/**
 * The command line. Exit status: 0 done, 1 could not be done, 2 called wrongly. With --json standard output holds
 * JSON only; everything else goes to standard error.
 */
import { createInterface } from 'node:readline/promises';
import { type CommandContext, CommandError, type Terminal, UsageError } from './commands/command.ts';
import { buildContext, readVersion } from './commands/context.ts';
import { explainFailure } from './explain.ts';

type Run = (args: string[], context: CommandContext) => Promise<number>;

interface Command {
  /** One usage line a form. */
  usage: string[];
  summary: string;
  /** Loaded when asked for: `parse` must not wait for a database driver. */
  load(): Promise<Run>;
}

const COMMANDS: Record<string, Command> = {
  app: {
    usage: [
      'app add NAME [--history 48h]',
      'app rotate NAME [--now]',
      'app list',
      'app remove NAME [--yes]',
      'app erase-lines NAME TEXT [--yes]',
    ],
    summary:
      'register an app and get its drain URL; change its secret; list; remove; erase lines of its log with a text',
    load: async () => (await import('./commands/app.ts')).runApp,
  },
  token: {
    usage: ['token create --role viewer|editor|admin [--name TEXT]'],
    summary: 'make an API token, shown once, good for 90 days',
    load: async () => (await import('./commands/token.ts')).runToken,
  },
  parse: {
    usage: ['parse [--sender logplex|shuttle] [FILE|-]'],
    summary: 'read one request body and print one JSON object per message',
    load: async () => (await import('./commands/parse.ts')).runParseCommand,
  },
  replay: {
    usage: ['replay FILE --to URL [--rate N]'],
    summary: 'send recorded lines as a faithful Logplex sender',
    load: async () => (await import('./commands/replay.ts')).runReplay,
  },
  logs: {
    usage: [
      'logs APP [--tail] [-n 100] [--since 2h] [--source S] [--dyno D] [--code H12] [--status 5xx] [--level error] [--grep TEXT] [--exclude TEXT] [--request ID]',
    ],
    summary: 'lines of a log as they are kept; --tail goes on as they come',
    load: async () => (await import('./commands/logs.ts')).runLogs,
  },
  slo: {
    usage: [
      'slo backtest --target 0.999 --csv FILE|- [--period 30d] [--tiers JSON] [--for 2m] [--keep 10m] [--min-bad 5] [--coverage] [--hold]',
      'slo list [--app NAME]',
      'slo export [--app NAME] [FILE]',
      'slo import FILE|- [--app NAME] [--dry-run]',
    ],
    summary: 'back-test over a CSV of minutes; objectives as they stand; OpenSLO in and out',
    load: async () => (await import('./commands/slo.ts')).runSlo,
  },
  config: {
    usage: ['config export [FILE]', 'config import FILE|- [--dry-run]'],
    summary: 'apps, objectives, rules, receivers, schedules, routes as one file, secrets left out',
    load: async () => (await import('./commands/config.ts')).runConfig,
  },
  doctor: {
    usage: ['doctor'],
    summary: 'check configuration, database, Redis, clocks, drains; exit status 1 when something fails',
    load: async () => (await import('./commands/doctor.ts')).runDoctor,
  },
  help: {
    usage: ['help'],
    summary: 'this text',
    load: async () => async (_args, context) => {
      context.terminal.out(context.json ? JSON.stringify({ usage: usageLines() }) : renderUsage());
      return 0;
    },
  },
  version: {
    usage: ['version'],
    summary: 'the version of this package',
    load: async () => async (_args, context) => {
      const version = readVersion();
      context.terminal.out(context.json ? JSON.stringify({ version }) : version);
      return 0;
    },
  },
};

function usageLines(): string[] {
  return Object.values(COMMANDS).flatMap((command) => command.usage);
}

function renderUsage(): string {
  const lines = ['Usage: drainboard COMMAND [--json]', ''];
  for (const command of Object.values(COMMANDS)) {
    for (const usage of command.usage) lines.push(`  ${usage}`);
    lines.push(`      ${command.summary}`);
  }
  lines.push('', 'The server itself: npm start, or npm run demo for one with simulated traffic.');
  return lines.join('\n');
}

/** Takes --json out of the arguments, wherever it stands before a `--`. */
export function takeJsonFlag(args: string[]): { args: string[]; json: boolean } {
  const end = args.indexOf('--') < 0 ? args.length : args.indexOf('--');
  const rest = args.filter((arg, index) => index >= end || arg !== '--json');
  return { args: rest, json: rest.length < args.length };
}

function findCommand(name: string | undefined): Command {
  const asked =
    name === '--help' || name === '-h' ? 'help' : name === '--version' || name === '-v' ? 'version' : name;
  const command = asked !== undefined && Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  if (command) return command;
  throw new UsageError(asked === undefined ? 'no command given' : `there is no command "${asked}"`);
}

/** Runs one command line; gives the exit status. */
export async function runDrainboard(argv: string[], terminal: Terminal, nowMs: number): Promise<number> {
  const { args, json } = takeJsonFlag(argv);
  const [name, ...rest] = args;
  try {
    const command = findCommand(name);
    if (rest.includes('--help') || rest.includes('-h')) {
      terminal.out(
        json
          ? JSON.stringify({ usage: command.usage })
          : [...command.usage.map((line) => `drainboard ${line}`), `    ${command.summary}`].join('\n'),
      );
      return 0;
    }
    const run = await command.load();
    return await run(rest, buildContext(terminal, json, nowMs));
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

/** Postgres' code for a table that is not there. */
const UNDEFINED_TABLE = '42P01';

function reportFailure(error: unknown, terminal: Terminal): number {
  const code = (error as { code?: unknown }).code;
  if (code === UNDEFINED_TABLE) {
    terminal.say(
      'drainboard: the database has no tables of ours yet: run node bin/release.ts (npm start does it too)',
    );
    return 1;
  }
  if (error instanceof UsageError || (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS'))) {
    terminal.say(`drainboard: ${(error as Error).message}\n\n${renderUsage()}`);
    return 2;
  }
  const sentence = explainFailure(error);
  if (sentence !== undefined) {
    terminal.say(`drainboard: ${sentence}`);
    return 1;
  }
  // A stack helps only against a fault of ours; the others carry a sentence made for people.
  const own = error instanceof CommandError || (error instanceof Error && error.constructor !== Error);
  const text =
    error instanceof Error ? (own ? error.message : (error.stack ?? error.message)) : String(error);
  terminal.say(`drainboard: ${text}`);
  return 1;
}

const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(`${text}\n`),
  say: (text) => void process.stderr.write(`${text}\n`),
  ask: async (question) => {
    if (!process.stdin.isTTY) return null;
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  },
};

if (import.meta.main) {
  // `| head` closes our standard output early: that is no fault worth a stack.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  process.exitCode = await runDrainboard(process.argv.slice(2), processTerminal, Date.now());
}
