/** `drainboard config export | import`. */
import { parseArgs } from 'node:util';
import { configFile, exportConfig } from '../../api/config-file.ts';
import { importConfig } from '../../api/config-import.ts';
import type { ConfigFile, ConfigImportAnswer } from '../../api/contract/alerting.ts';
import { insertAudit } from '../../store/audit.ts';
import { withTransaction } from '../../store/pool.ts';
import { type CommandContext, CommandError, UsageError, withStore } from './command.ts';
import { closing, countOf } from './slo-store.ts';
import { readText, writeText } from './text-file.ts';

export async function runConfig(args: string[], context: CommandContext): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === 'export') return exportFile(rest, context);
  if (verb === 'import') return importFile(rest, context);
  throw new UsageError(verb === undefined ? 'config what? export or import' : `there is no "config ${verb}"`);
}

async function exportFile(args: string[], context: CommandContext): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} });
  if (positionals.length > 1) throw new UsageError('config export writes one file');
  const [path] = positionals;
  const { nowMs } = context;
  const file = await withStore(context, ({ pool }) =>
    withTransaction(pool, async (tx) => {
      const made = await exportConfig(tx, nowMs);
      const subject = countOf(made.apps.length, 'app');
      await insertAudit(tx, { atMs: nowMs, actor: 'cli', action: 'config.export', subject, address: '' });
      return made;
    }),
  );
  writeText(path, `${JSON.stringify(file, null, context.json && path === undefined ? 0 : 2)}\n`, context);
  context.terminal.say(
    `${countOf(file.apps.length, 'app')}, ${countOf(file.receivers.length, 'receiver')}; secrets are left out${path === undefined ? '' : `: ${path}`}.`,
  );
  return 0;
}

async function importFile(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { 'dry-run': { type: 'boolean', default: false } },
  });
  const [path] = positionals;
  if (path === undefined || positionals.length !== 1) throw new UsageError('config import what? FILE, or -');
  const file = parseFile(readText(path));
  const answer = await withStore(context, ({ pool, key, baseUrl, ownAppName }) =>
    importConfig(pool, {
      file,
      dryRun: values['dry-run'],
      doer: { caller: { kind: 'cli' }, nowMs: context.nowMs, address: '' },
      key,
      ownAppName,
      baseUrl,
    }),
  );
  context.terminal.out(context.json ? JSON.stringify(answer) : renderChanges(answer));
  return answer.changes.some(({ outcome }) => outcome === 'refused') ? 1 : 0;
}

function parseFile(text: string): ConfigFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CommandError('This is no JSON: config import takes what config export wrote.');
  }
  const parsed = configFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  throw new CommandError(
    `This is no configuration of Drainboard: ${first ? `${first.path.join('.')} ${first.message}`.trim() : 'its form is another'}.`,
  );
}

function renderChanges({ changes, created, secretsNeeded, isKept, dryRun }: ConfigImportAnswer): string {
  const told = changes.filter(({ outcome }) => outcome !== 'unchanged');
  const lines = told.flatMap(({ what, name, outcome, faults }) => [
    `${outcome.padEnd(8)}  ${what} ${name}`,
    ...faults.map((fault) => `            ${fault}`),
  ]);
  const same = changes.length - told.length;
  if (same > 0) lines.push(`${same} unchanged.`);
  for (const { app, drainUrl } of created) {
    lines.push(`The drain URL of ${app}, shown this once: ${drainUrl}`);
  }
  for (const { receiver, secrets } of secretsNeeded) {
    lines.push(`${receiver} cannot send until its secrets are entered: ${secrets.join(', ')}.`);
  }
  return [...lines, closing(isKept, dryRun)].join('\n');
}
