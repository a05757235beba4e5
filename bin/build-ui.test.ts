import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isUiBuilt } from './build-ui.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drainboard-build-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, atS: number): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), '');
  utimesSync(join(folder, name), atS, atS);
}

test('pages are built when they are absent or older than what they are made from, tests aside', () => {
  write('ui/main.tsx', 100);
  expect(isUiBuilt(folder)).toBe(false);
  write('dist/ui/index.html', 200);
  expect(isUiBuilt(folder)).toBe(true);
  write('ui/format.test.ts', 300);
  expect(isUiBuilt(folder)).toBe(true);
  write('model/time.ts', 300);
  expect(isUiBuilt(folder)).toBe(false);
});
