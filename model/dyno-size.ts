/**
 * Sizes of dynos (Heroku Dev Center, "Dyno Types"; heroku/cli src/commands/ps/type.ts). The memory quota of a dyno is
 * taken from its own runtime metrics; this table only serves lines without one. Cores are nowhere published for the sizes
 * of Cedar, where the small ones share theirs: they are known from the names of Fir, or from the user.
 */
import { processTypeOf } from './heroku.ts';

const GIB = 1024;

/** Memory quota in MiB by size, as lines write it. */
export const DYNO_QUOTAS_MIB: Readonly<Record<string, number>> = {
  Eco: 512,
  Basic: 512,
  'Standard-1X': 512,
  'Standard-2X': GIB,
  'Performance-M': 2.5 * GIB,
  'Performance-L': 14 * GIB,
  'Performance-L-RAM': 30 * GIB,
  'Performance-XL': 62 * GIB,
  'Performance-2XL': 126 * GIB,
  'Private-S': GIB,
  'Private-M': 2.5 * GIB,
  'Private-L': 14 * GIB,
  'Private-L-RAM': 30 * GIB,
  'Private-XL': 62 * GIB,
  'Private-2XL': 126 * GIB,
  'Shield-S': GIB,
  'Shield-M': 2.5 * GIB,
  'Shield-L': 14 * GIB,
  'Shield-L-RAM': 30 * GIB,
  'Shield-XL': 62 * GIB,
  'Shield-2XL': 126 * GIB,
};

/** Names people may choose from. */
export const DYNO_SIZES: readonly string[] = Object.keys(DYNO_QUOTAS_MIB);

/** `dyno-2c-8gb`: cores and memory are in the name. */
const FIR_SIZE = /^dyno-(\d{1,3})c-(\d{1,3}(?:\.\d)?)gb$/i;

/** Memory quota of a size in MiB; null when the size is not known. Letter case does not matter. */
export function quotaMibOf(size: string): number | null {
  const fir = FIR_SIZE.exec(size)?.[2];
  if (fir !== undefined) return Number(fir) * GIB;
  const name = DYNO_SIZES.find((one) => one.toLowerCase() === size.toLowerCase());
  return name === undefined ? null : (DYNO_QUOTAS_MIB[name] ?? null);
}

/** Cores of a size where its name tells them; null where nobody says. */
export function coresOf(size: string): number | null {
  const cores = Number(FIR_SIZE.exec(size)?.[1] ?? 0);
  return cores > 0 ? cores : null;
}

/** Process type of a name under which series are kept: that of `web.1` is `web`, `run` stands for all of its kind. */
export function typeOfDyno(dyno: string): string {
  return processTypeOf(dyno) ?? dyno;
}
