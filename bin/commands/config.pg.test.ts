import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../../store/apps.ts';
import { listSlos } from '../../store/slos.ts';
import { createTestDatabase, type TestDatabase } from '../../test/pg.ts';
import type { CommandContext } from './command.ts';
import { runConfig } from './config.ts';
import { runSlo } from './slo.ts';

const KEY = 'a key for the tests of the command line';
const folder = mkdtempSync(join(tmpdir(), 'drainboard-config-'));
const nowMs = Date.UTC(2026, 10, 21, 12);
let database: TestDatabase;
let copy: TestDatabase;

beforeAll(async () => {
  [database, copy] = [await createTestDatabase(), await createTestDatabase()];
  await createApp(database.pool, { name: 'shop', key: KEY, nowMs });
});
afterAll(async () => {
  await database.close();
  await copy.close();
  rmSync(folder, { recursive: true });
});

type Run = (args: string[], context: CommandContext) => Promise<number>;

async function run(
  command: Run,
  args: string[],
  { json = false, on = database }: { json?: boolean; on?: TestDatabase } = {},
) {
  const told = { out: '', say: '' };
  const context: CommandContext = {
    json,
    nowMs,
    terminal: {
      out: (text) => {
        told.out += `${text}\n`;
      },
      say: (text) => {
        told.say += `${text}\n`;
      },
      ask: async () => null,
    },
    openStore: async () => ({
      pool: on.pool,
      key: KEY,
      baseUrl: 'https://drains.example.com',
      ownAppName: undefined,
      close: async () => {},
    }),
  };
  const status = await command(args, context);
  return { status, ...told };
}

const OPENSLO = `apiVersion: openslo/v1
kind: SLO
metadata:
  name: success
  displayName: Requests succeed
spec:
  service: shop
  indicator:
    metadata:
      name: success
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: heroku-router
            spec:
              app: shop
        total:
          metricSource:
            type: heroku-router
            spec:
              app: shop
  timeWindow:
    - duration: 30d
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - target: 0.999
`;

test('slo import makes what a file says, export writes it again, list says how it stands', async () => {
  const file = join(folder, 'success.yaml');
  writeFileSync(file, OPENSLO);
  const dry = await run(runSlo, ['import', file, '--dry-run']);
  expect([dry.status, dry.out], dry.out).toEqual([0, expect.stringContaining('created    shop/success')]);
  expect(dry.out).toContain('A dry run: nothing was changed.');
  expect(await listSlos(database.pool)).toEqual([]);
  expect((await run(runSlo, ['import', file])).status).toBe(0);
  const listed = await run(runSlo, ['list']);
  expect(listed.out).toBe('shop/success  99.9 % of requests succeed  no requests    learning\n');
  const exported = join(folder, 'out.yaml');
  expect((await run(runSlo, ['export', exported, '--app', 'shop'])).say).toBe(
    `1 objective in ${exported}.\n`,
  );
  const again = await run(runSlo, ['import', exported], { json: true });
  expect(JSON.parse(again.out).results).toMatchObject([{ outcome: 'unchanged', slug: 'success' }]);
});

test('what cannot be taken in is told in words, with exit status 1', async () => {
  const file = join(folder, 'bad.yaml');
  writeFileSync(file, OPENSLO.replace('0.999', '99.9').replaceAll('shop', 'nowhere'));
  const { status, out } = await run(runSlo, ['import', file]);
  expect(status).toBe(1);
  expect(out).toContain('refused');
  expect(out).toContain('Nothing was changed, for something was refused.');
  await expect(run(runSlo, ['import', join(folder, 'none.yaml')])).rejects.toThrow('cannot be read');
  await expect(run(runSlo, ['import'])).rejects.toThrow('slo import what?');
  await expect(run(runSlo, ['list', '--app', 'nowhere'])).rejects.toThrow('There is no app named "nowhere".');
});

test('config export writes a file that config import makes the same of, elsewhere', async () => {
  const file = join(folder, 'config.json');
  const exported = await run(runConfig, ['export', file]);
  expect(exported.say).toBe(`1 app, 0 receivers; secrets are left out: ${file}.\n`);
  const config = JSON.parse(readFileSync(file, 'utf8'));
  expect(config.apps[0].slos[0].slug).toBe('success');
  const dry = await run(runConfig, ['import', file, '--dry-run'], { on: copy });
  expect(dry.out).toContain('created   app shop\n');
  expect(await listSlos(copy.pool)).toEqual([]);
  const taken = await run(runConfig, ['import', file], { on: copy });
  expect([taken.status, taken.out]).toEqual([
    0,
    expect.stringMatching(
      /The drain URL of shop, shown this once: https:\/\/shop:\w+@drains\.example\.com\/drain/,
    ),
  ]);
  const same = await run(runConfig, ['import', file], { on: copy, json: true });
  expect(new Set(JSON.parse(same.out).changes.map((change: { outcome: string }) => change.outcome))).toEqual(
    new Set(['unchanged']),
  );
  const { rows } = await copy.pool.query<{ actor: string }>(
    `SELECT actor FROM audit_log WHERE action IN ('config.import', 'slo.create')`,
  );
  expect(rows.map((row) => row.actor)).toEqual(['cli', 'cli', 'cli']);
});

test('another file is no configuration, and says so', async () => {
  const file = join(folder, 'other.json');
  writeFileSync(file, '{"apps": []}');
  await expect(run(runConfig, ['import', file])).rejects.toThrow(
    'This is no configuration of Drainboard: format',
  );
  writeFileSync(file, 'apps:');
  await expect(run(runConfig, ['import', file])).rejects.toThrow('This is no JSON');
});
