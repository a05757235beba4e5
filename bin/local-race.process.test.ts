import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLog } from '../model/log.ts';
import { startEmbedded } from './embedded/server.ts';
import { openStoreForCli } from './local.ts';

/** What happens between finding a server and being connected to it. */
const meanwhile = vi.hoisted(() => ({ happens: async (): Promise<void> => {} }));
vi.mock('../store/migrate.ts', async (original) => {
  const real = await original<typeof import('../store/migrate.ts')>();
  return {
    ...real,
    migrate: async (...all: Parameters<typeof real.migrate>) => {
      const { happens } = meanwhile;
      meanwhile.happens = async () => {};
      await happens();
      return real.migrate(...all);
    },
  };
});

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'drainboard-race-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

test('a command whose server is stopped by another one as it comes starts it again', async () => {
  const other = await startEmbedded({ dataDir, log: silentLog });
  meanwhile.happens = () => other.stop();
  const store = await openStoreForCli({ DRAINBOARD_DATA_DIR: dataDir }, silentLog);
  const { rows } = await store.pool.query<{ apps: number }>('SELECT count(*)::int AS apps FROM apps');
  expect(rows[0]?.apps).toBe(0);
  await store.close();
  expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
  // Secrets are whole files, and nothing of their making is left.
  expect(readdirSync(dataDir).filter((name) => name.endsWith('.new'))).toEqual([]);
});
