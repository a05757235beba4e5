/** `drainboard parse`: needs no database and no configuration; prints JSON always. */
import { runParse } from '../parse.ts';
import type { CommandContext } from './command.ts';

export async function runParseCommand(args: string[], context: CommandContext): Promise<number> {
  const { stdin, stdout, stderr } = process;
  return runParse(args, { stdin, stdout, stderr, nowMs: context.nowMs });
}
