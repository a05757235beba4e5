import { defineConfig } from 'vitest/config';

const SPECIAL = ['property', 'pg', 'redis', 'browser', 'process'];
/** Files that test/run.ts leaves out, because this machine lacks a program that they need. */
const LEFT_OUT = (process.env.TEST_LEAVE_OUT ?? '').split(',').filter((file) => file !== '');
const EVERYWHERE = ['**/node_modules/**', '**/dist/**', '**/data/**', ...LEFT_OUT];

/** Tests of a kind carry it in their name: `x.pg.test.ts`; plain `x.test.ts` are unit tests. */
function kind(name: string, suffix: string, more: object = {}) {
  return {
    extends: true as const,
    test: { name, include: [`**/*.${suffix}.test.{ts,tsx}`], exclude: EVERYWHERE, ...more },
  };
}

export default defineConfig({
  test: {
    // Two cores, and half of the tests wait; what shares a server (Postgres, a browser) is told apart by database.
    maxWorkers: 3,
    testTimeout: 10_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...EVERYWHERE, ...SPECIAL.map((suffix) => `**/*.${suffix}.test.{ts,tsx}`)],
        },
      },
      kind('property', 'property', { testTimeout: 30_000 }),
      kind('postgres', 'pg', { globalSetup: ['test/setup.postgres.ts'], testTimeout: 30_000 }),
      // One file at a time: some cut every connection of the server that they share.
      kind('redis', 'redis', {
        globalSetup: ['test/setup.redis.ts'],
        testTimeout: 30_000,
        fileParallelism: false,
      }),
      kind('browser', 'browser', {
        globalSetup: ['test/setup.postgres.ts'],
        testTimeout: 90_000,
        hookTimeout: 90_000,
      }),
      // Outages wait half of the time: beside the others, each with servers and ports of its own.
      kind('process', 'process', { testTimeout: 120_000, hookTimeout: 60_000 }),
    ],
  },
});
