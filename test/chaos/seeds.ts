/**
 * Random runs that are played with every push, some seconds each: seeds that once failed, and what they showed. A seed
 * of `npm run chaos` that fails joins them.
 */
export const SEEDS: readonly { seed: number; minutes: number; showed: string }[] = [
  {
    seed: 12,
    minutes: 0.1,
    showed: 'a kill point met while a dyno of two processes stops in order; with a spool',
  },
  { seed: 7, minutes: 0.1, showed: 'the first run of three processes behind a transaction pooler' },
];
