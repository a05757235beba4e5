import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTestApi } from '../test/api-client.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drainboard-pages-'));
  mkdirSync(join(folder, 'assets'));
  mkdirSync(join(folder, '.git'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Drainboard</title>');
  writeFileSync(join(folder, 'favicon.svg'), '<svg/>');
  writeFileSync(join(folder, 'assets', 'main-Bd8x_2Qa.js'), 'console.log(1)');
  writeFileSync(join(folder, 'assets', 'main-Bd8x_2Qa.js.map'), '{}');
  writeFileSync(join(folder, '.git', 'config.json'), '{}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function get(path: string, headers: Record<string, string> = {}) {
  const { browser } = buildTestApi({} as never, { uiDir: folder });
  return browser().raw(path, { headers });
}

test('an address of the page gives the page, which is asked for anew each time', async () => {
  for (const path of ['/', '/setup', '/a/shop', '/a/shop/codes/H12', '/a/shop/dynos/web.1']) {
    const response = await get(path);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
  }
});

test('a file with a hash in its name is kept for ever, others are checked by their tag', async () => {
  const script = await get('/assets/main-Bd8x_2Qa.js');
  expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  const icon = await get('/favicon.svg');
  expect(icon.headers.get('cache-control')).toBe('no-cache');
  const again = await get('/favicon.svg', { 'if-none-match': icon.headers.get('etag') ?? '' });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

test('a browser that takes brotli gets it', async () => {
  const response = await get('/', { 'accept-encoding': 'gzip, br' });
  expect(response.headers.get('content-encoding')).toBe('br');
  expect(brotliDecompressSync(Buffer.from(await response.arrayBuffer())).toString()).toContain('Drainboard');
});

test('SEC-58 nothing else is served: no source maps, no hidden files, nothing outside, no other method', async () => {
  for (const path of [
    '/assets/main-Bd8x_2Qa.js.map',
    '/assets/other-00000000.js',
    '/.git/config.json',
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/etc/passwd.txt',
    '/package.json',
    '/drain/x',
    '/api/other',
  ]) {
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  }
  const { browser } = buildTestApi({} as never, { uiDir: folder });
  expect((await browser().raw('/', { method: 'POST' })).status).toBe(404);
});
