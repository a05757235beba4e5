/** `drainboard slo list | export | import`: objectives of the database. */
import { parseArgs } from 'node:util';
import type { SloImportAnswer, SloListAnswer } from '../../api/contract/slos.ts';
import { exportText, importText } from '../../api/routes/slo-text.ts';
import { readSloList } from '../../api/routes/slos.ts';
import { sayNumber, sayShare } from '../../model/notice-numbers.ts';
import { type AppRow, listApps } from '../../store/apps.ts';
import { type Queryable, withTransaction } from '../../store/pool.ts';
import { type CommandContext, CommandError, UsageError, withStore } from './command.ts';
import { readText, writeText } from './text-file.ts';

export async function runSloStore(
  what: 'list' | 'import' | 'export',
  args: string[],
  context: CommandContext,
): Promise<number> {
  if (what === 'list') return list(args, context);
  return what === 'export' ? exportSlos(args, context) : importSlos(args, context);
}

/** One app by name, or all. */
async function needApps(db: Queryable, name: string | undefined): Promise<AppRow[]> {
  const apps = (await listApps(db)).filter((app) => name === undefined || app.name === name);
  if (name !== undefined && apps.length === 0) throw new CommandError(`There is no app named "${name}".`);
  return apps;
}

async function list(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({ args, options: { app: { type: 'string' } } });
  const answer = await withStore(context, ({ pool }) =>
    withTransaction(pool, async (db) => readSloList(db, await needApps(db, values.app), context.nowMs), {
      readOnly: true,
    }),
  );
  context.terminal.out(context.json ? JSON.stringify(answer.slos) : renderList(answer));
  return 0;
}

function renderList({ slos }: SloListAnswer): string {
  if (slos.length === 0) return 'No objectives yet. The dashboard proposes some from your own traffic.';
  const lines = slos.map((slo) => {
    const left = slo.budget.remaining === null ? 'no requests' : `${sayShare(slo.budget.remaining)} left`;
    const burn = slo.burn[0]?.burn;
    const now = burn === null || burn === undefined ? '' : `burns ${sayNumber(burn)}×`;
    return [`${slo.app}/${slo.slug}`, slo.objective, left, now, slo.state];
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

async function exportSlos(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { app: { type: 'string' } },
  });
  if (positionals.length > 1) throw new UsageError('slo export writes one file');
  const answer = await withStore(context, async ({ pool }) =>
    exportText(pool, await needApps(pool, values.app)),
  );
  const [file] = positionals;
  if (context.json && file === undefined) context.terminal.out(JSON.stringify(answer));
  else if (answer.count > 0 || file !== undefined) writeText(file, answer.text, context);
  context.terminal.say(`${countOf(answer.count, 'objective')}${file === undefined ? '' : ` in ${file}`}.`);
  return 0;
}

async function importSlos(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { app: { type: 'string' }, 'dry-run': { type: 'boolean', default: false } },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length !== 1) throw new UsageError('slo import what? FILE, or -');
  const text = readText(file);
  const answer = await withStore(context, async ({ pool }) => {
    if (values.app !== undefined) await needApps(pool, values.app);
    return importText(pool, {
      text,
      app: values.app,
      dryRun: values['dry-run'],
      doer: { caller: { kind: 'cli' }, nowMs: context.nowMs, address: '' },
    });
  });
  if (context.json) context.terminal.out(JSON.stringify(answer));
  else context.terminal.out(renderImport(answer));
  return answer.results.some(({ outcome }) => outcome === 'refused') ? 1 : 0;
}

function renderImport({ results, isKept, dryRun }: SloImportAnswer): string {
  const lines = results.flatMap(({ name, app, slug, outcome, faults, warnings }) => [
    `${outcome.padEnd(9)}  ${slug === null ? name : `${app ?? '?'}/${slug}`}`,
    ...faults.map((fault) => `             ${fault}`),
    ...warnings.map((warning) => `             note: ${warning}`),
  ]);
  return [...lines, closing(isKept, dryRun)].join('\n');
}

export function closing(isKept: boolean, dryRun: boolean): string {
  if (dryRun) return 'A dry run: nothing was changed.';
  return isKept ? 'Done.' : 'Nothing was changed, for something was refused.';
}

/** `1 objective`, `2 objectives`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
