/** What the demo can be told. */
import { parseArgs } from 'node:util';

export interface DemoOptions {
  seed: number;
  /** Live time after the backlog; endless when left out. */
  minutes: number | undefined;
  apps: number;
  port: number | undefined;
  /** How far back the story begins. */
  historyHours: number;
  /** Open the browser when everything is up. */
  open: boolean;
  /** Compare at the end; the exit status tells. */
  check: boolean;
}

export const USAGE = `Usage: npm run demo -- [options]

  --seed N       another story (1)
  --minutes M    stop after M minutes of live traffic (endless)
  --apps N       number of simulated apps, 1 to 30 (6)
  --history H    hours of history sent first, 0 to 47 (24)
  --port P       port of the dashboard (PORT, or 5000)
  --check        at the end compare what was sent with what was counted; exit status 1 if anything differs
  --no-open      do not open a browser`;

/** @throws with a sentence for the person who called, when an option is unknown or out of its range */
export function parseOptions(args: string[]): DemoOptions {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string' },
      apps: { type: 'string', default: '6' },
      history: { type: 'string', default: '24' },
      port: { type: 'string' },
      open: { type: 'boolean', default: true },
      check: { type: 'boolean', default: false },
    },
  });
  return {
    seed: numberIn('seed', values.seed, 0, 2 ** 31),
    minutes: values.minutes === undefined ? undefined : numberIn('minutes', values.minutes, 0, 100_000),
    apps: numberIn('apps', values.apps, 1, 30),
    historyHours: numberIn('history', values.history, 0, 47),
    port: values.port === undefined ? undefined : numberIn('port', values.port, 1, 65_535),
    open: values.open,
    check: values.check,
  };
}

function numberIn(name: string, text: string, low: number, high: number): number {
  const value = Number(text);
  const whole = name === 'minutes' || name === 'history' || Number.isInteger(value);
  if (text.trim() !== '' && whole && value >= low && value <= high) return value;
  throw new RangeError(`--${name} is a number from ${low} to ${high}`);
}
