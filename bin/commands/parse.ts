/** `drainboard parse`: needs no database and no configuration. */
import { runParse } from '../parse.ts';
import type { CommandContext } from './command.ts';

export async function runParseCommand(args: string[], _context: CommandContext): Promise<number> {
  return runParse(args);
}
