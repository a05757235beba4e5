/** `drainboard slo …`: what concerns objectives. */
import { type CommandContext, UsageError } from './command.ts';
import { runBacktest } from './slo-backtest.ts';

export async function runSlo(args: string[], context: CommandContext): Promise<number> {
  const [what, ...rest] = args;
  if (what === 'backtest') return runBacktest(rest, context);
  if (what === 'list' || what === 'import' || what === 'export') {
    // Loaded when asked for: a back-test must not wait for a database driver.
    const { runSloStore } = await import('./slo-store.ts');
    return runSloStore(what, rest, context);
  }
  throw new UsageError(what === undefined ? 'slo what?' : `there is no command "slo ${what}"`);
}
