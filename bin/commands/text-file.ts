/** A file that a command reads or writes; `-` is standard input. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type CommandContext, CommandError } from './command.ts';

/** The whole text; throws a CommandError that names the file. */
export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file === '-' ? 'standard input' : file} cannot be read: ${reasonOf(error)}`);
  }
}

/** To the file, or to standard output without one. Only its owner may read what is made. */
export function writeText(file: string | undefined, text: string, context: CommandContext): void {
  if (file === undefined || file === '-') {
    context.terminal.out(text.replace(/\n$/, ''));
    return;
  }
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    throw new CommandError(`${file} cannot be written: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
