/** `drainboard app add | rotate | list | remove | erase-lines`. */
import { parseArgs } from 'node:util';
import { attachCommands, drainUrl, isReachableByHeroku, rotateCommands } from '../../api/onboarding.ts';
import { DAY } from '../../model/time.ts';
import {
  AppNameError,
  type AppRow,
  appNameFault,
  createApp,
  listApps,
  readApp,
  removeApp,
  rotateSecret,
} from '../../store/apps.ts';
import { insertAudit } from '../../store/audit.ts';
import { type Queryable, withTransaction } from '../../store/pool.ts';
import { type CommandContext, CommandError, UsageError, withStore } from './command.ts';
import { parseDurationMs } from './duration.ts';

/** Old lines can keep their time for a week at most: the finest buckets do not go further back. */
const HISTORY_MAX_MS = 7 * DAY;

export async function runApp(args: string[], context: CommandContext): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === 'add') return addApp(rest, context);
  if (verb === 'rotate') return rotateApp(rest, context);
  if (verb === 'list') return printApps(rest, context);
  if (verb === 'remove') return dropApp(rest, context);
  if (verb === 'erase-lines') return (await import('./app-erase-lines.ts')).eraseLines(rest, context);
  throw new UsageError(
    verb === undefined ? 'app what? add, rotate, list, remove or erase-lines' : `there is no "app ${verb}"`,
  );
}

async function addApp(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { history: { type: 'string' } },
  });
  const name = onlyName(positionals);
  const historyMs = values.history === undefined ? 0 : parseDurationMs(values.history);
  if (historyMs === null || historyMs > HISTORY_MAX_MS) {
    throw new UsageError('--history is a span such as 48h, at most 7d');
  }
  // Before anything is opened: a bad name needs no database to be refused.
  const fault = appNameFault(name);
  if (fault) throw new CommandError(fault.message);
  const { base, secret } = await withStore(context, async ({ pool, key, baseUrl, ownAppName }) => {
    const made = await withTransaction(pool, async (tx) => {
      const input = { name, historyMs, key, nowMs: context.nowMs, ownAppName };
      const app = await createApp(tx, input).catch(asCommandError);
      await audit(tx, context, 'app.create', name, { historyMs });
      return app;
    });
    return { base: baseUrl, secret: made.secret };
  });
  printCredentials(context, name, base, secret);
  return 0;
}

function asCommandError(error: unknown): never {
  throw error instanceof AppNameError ? new CommandError(error.message) : error;
}

function printCredentials(context: CommandContext, app: string, base: string, secret: string): void {
  const url = drainUrl(base, app, secret);
  const commands = attachCommands(app, url);
  if (!isReachableByHeroku(base)) {
    context.terminal.say(
      `Note: Heroku cannot reach ${new URL(base).origin}. Set DRAINBOARD_BASE_URL to the public address for a real drain.`,
    );
  }
  if (context.json) {
    context.terminal.out(JSON.stringify({ app, drainUrl: url, commands }));
    return;
  }
  context.terminal.out(`${app} is registered. Its drain URL, shown this once:\n\n  ${url}\n`);
  context.terminal.out(`Run these to attach it:\n\n${commands.map((line) => `  ${line}`).join('\n')}`);
}

async function rotateApp(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { now: { type: 'boolean', default: false } },
  });
  const name = onlyName(positionals);
  const { base, rotated } = await withStore(context, async ({ pool, key, baseUrl }) => {
    const made = await withTransaction(pool, async (tx) => {
      const app = await needApp(tx, name);
      const secret = await rotateSecret(tx, { appId: app.id, key, nowMs: context.nowMs, atOnce: values.now });
      if (!secret) throw new CommandError(`There is no app named "${name}".`);
      await audit(tx, context, 'app.rotate', name, { oldValidUntilMs: secret.oldValidUntilMs });
      return secret;
    });
    return { base: baseUrl, rotated: made };
  });
  const url = drainUrl(base, name, rotated.secret);
  const commands = rotateCommands(name, url, new URL(base).host);
  const oldValidUntil = new Date(rotated.oldValidUntilMs).toISOString();
  if (context.json) {
    context.terminal.out(JSON.stringify({ app: name, drainUrl: url, commands, oldValidUntil }));
  } else {
    context.terminal.out(`The new drain URL of ${name}, shown this once:\n\n  ${url}\n`);
    context.terminal.out(
      values.now ? 'The old one is refused from now on.' : `The old one stays valid until ${oldValidUntil}.`,
    );
    context.terminal.out(`\nRun these:\n\n${commands.map((line) => `  ${line}`).join('\n')}`);
  }
  return 0;
}

async function printApps(args: string[], context: CommandContext): Promise<number> {
  parseArgs({ args, options: {} });
  const apps = await withStore(context, ({ pool }) => listApps(pool));
  if (context.json) {
    context.terminal.out(
      JSON.stringify(
        apps.map((app) => ({ app: app.name, createdAt: new Date(app.createdAtMs).toISOString() })),
      ),
    );
  } else if (apps.length === 0) {
    context.terminal.out('No apps yet. Register one with: drainboard app add NAME');
  } else {
    for (const app of apps) {
      context.terminal.out(`${app.name.padEnd(32)} since ${new Date(app.createdAtMs).toISOString()}`);
    }
  }
  return 0;
}

async function dropApp(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { yes: { type: 'boolean', short: 'y', default: false } },
  });
  const name = onlyName(positionals);
  return withStore(context, async ({ pool, baseUrl }) => {
    await needApp(pool, name);
    if (!values.yes && !(await confirmRemoval(name, context))) return 1;
    await withTransaction(pool, async (tx) => {
      const app = await needApp(tx, name);
      await removeApp(tx, app.id, context.nowMs);
      await audit(tx, context, 'app.remove', name);
    });
    const command = `heroku drains:remove "https://${name}:SECRET@${new URL(baseUrl).host}/drain" -a ${name}`;
    if (context.json) {
      context.terminal.out(
        JSON.stringify({ app: name, removed: true, deletes: DELETES, commands: [command] }),
      );
    } else {
      context.terminal.out(`${name} is removed. ${DELETES}\nTell Heroku too:\n\n  ${command}`);
    }
    return 0;
  });
}

const DELETES =
  'Its drain is refused within a minute; its numbers, events, kept requests and lines are deleted by the next retention round, within 24 hours.';

async function confirmRemoval(name: string, context: CommandContext): Promise<boolean> {
  const answer = await context.terminal.ask(`Remove ${name}? ${DELETES}\nType the name to confirm: `);
  if (answer === null) throw new UsageError('nobody is here to confirm: add --yes');
  if (answer.trim() === name) return true;
  context.terminal.say('Not removed.');
  return false;
}

function onlyName(positionals: string[]): string {
  const [name] = positionals;
  if (name === undefined || positionals.length !== 1) throw new UsageError('give the name of one app');
  return name;
}

async function needApp(db: Queryable, name: string): Promise<AppRow> {
  const app = await readApp(db, name);
  if (!app) throw new CommandError(`There is no app named "${name}".`);
  return app;
}

async function audit(
  db: Queryable,
  context: CommandContext,
  action: string,
  subject: string,
  after?: Record<string, unknown>,
): Promise<void> {
  await insertAudit(db, { atMs: context.nowMs, actor: 'cli', action, subject, address: '', after });
}
