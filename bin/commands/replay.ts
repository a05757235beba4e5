/** `drainboard replay FILE --to URL [--rate N] [--retime]`. */
import { parseArgs } from 'node:util';
import { replay } from '../../sim/replay.ts';
import { type CommandContext, CommandError, UsageError } from './command.ts';

const RATE_MAX = 100_000;

export async function runReplay(args: string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      to: { type: 'string' },
      rate: { type: 'string' },
      retime: { type: 'boolean', default: false },
    },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length !== 1) throw new UsageError('give one file to send');
  if (values.to === undefined || !isDrainUrl(values.to)) {
    throw new UsageError('--to is a drain URL such as https://APP:SECRET@host/drain');
  }
  const rate = values.rate === undefined ? undefined : Number(values.rate);
  if (rate !== undefined && !(Number.isFinite(rate) && rate > 0 && rate <= RATE_MAX)) {
    throw new UsageError(`--rate is a number of lines a second, at most ${RATE_MAX}`);
  }
  const options = { file, to: values.to, retime: values.retime, ...(rate !== undefined && { rate }) };
  const summary = await replay(options).catch((error: unknown) => {
    throw new CommandError(error instanceof Error ? error.message : String(error));
  });
  if (context.json) context.terminal.out(JSON.stringify(summary));
  else {
    const outcomes = Object.entries(summary.outcomes).map(([outcome, count]) => `${outcome} ×${count}`);
    context.terminal.out(
      `${summary.messages} messages in ${(summary.tookMs / 1000).toFixed(1)} s: ${summary.delivered} taken, ` +
        `${summary.lost} lost, ${summary.unknown} unanswered (${outcomes.join(', ') || 'nothing sent'})`,
    );
  }
  return summary.lost + summary.unknown === 0 ? 0 : 1;
}

function isDrainUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
