/** `drainboard app erase-lines NAME TEXT`: lines of a log that hold what must not be kept, and requests with it (SEC-49). */
import { parseArgs } from 'node:util';
import { eraseFromSection } from '../../drain/section-erasure.ts';
import { ERASED_TEXT_MIN, erasedText } from '../../model/erased-text.ts';
import { readApp } from '../../store/apps.ts';
import { eraseLogLines } from '../../store/log-erasure.ts';
import { eraseFromRequests } from '../../store/request-erasure.ts';
import { type CommandContext, CommandError, UsageError, withStore } from './command.ts';

export async function eraseLines(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { yes: { type: 'boolean', short: 'y', default: false } },
  });
  const [name, text] = positionals;
  if (name === undefined || text === undefined || positionals.length !== 2) {
    throw new UsageError('give the name of one app and a text, in quotes where it has blanks');
  }
  if (text.trim().length < ERASED_TEXT_MIN) {
    throw new UsageError(`the text has ${ERASED_TEXT_MIN} characters at least`);
  }
  return withStore(context, async ({ pool }) => {
    const app = await readApp(pool, name);
    if (!app) throw new CommandError(`There is no app named "${name}".`);
    if (!values.yes && !(await confirm(name, context))) return 1;
    const who = { app, nowMs: context.nowMs, actor: 'cli' };
    const lines = await eraseLogLines(pool, { ...who, text });
    const rest = await eraseFromRequests(pool, { ...who, text: erasedText(text), eraseFromSection });
    if (context.json) context.terminal.out(JSON.stringify({ app: name, ...lines, ...rest }));
    else {
      context.terminal.out(
        `${lines.lines} lines of ${name} are erased, and the text is masked in ${rest.requests} kept requests, ` +
          `${rest.sections} parts of the durable log and ${rest.names} names of routes and hosts; ${rest.unreadable} ` +
          'pieces of unreadable bytes are deleted. Lines and requests on their way were not seen: run it again in a ' +
          'minute. Events, notes, incidents and messages that were sent stay as they are.',
      );
    }
    return 0;
  });
}

async function confirm(name: string, context: CommandContext): Promise<boolean> {
  const answer = await context.terminal.ask(
    `Erase every line of ${name}'s log with that text, and the text in its requests, for good? Type the name to confirm: `,
  );
  if (answer === null) throw new UsageError('nobody is here to confirm: add --yes');
  if (answer.trim() === name) return true;
  context.terminal.say('Nothing was erased.');
  return false;
}
