/** Builds ui/ into dist/ui and prints what a first view costs to load. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** UX.md: the first view stays under this many bytes of compressed script. */
const FIRST_VIEW_MAX_BYTES = 100 * 1024;

/** After the build: gzip size of every script and style, and their sum against the bound. */
function printSizes(): Plugin {
  let outDir = '';
  return {
    name: 'drainboard-sizes',
    apply: 'build',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    closeBundle() {
      const sizes = { js: 0, css: 0 };
      for (const file of readdirSync(join(outDir, 'assets'))) {
        const kind = file.endsWith('.js') ? 'js' : file.endsWith('.css') ? 'css' : null;
        if (kind) sizes[kind] += gzipSync(readFileSync(join(outDir, 'assets', file)), { level: 9 }).length;
      }
      const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
      console.log(
        `all script, gzip: ${kib(sizes.js)} of ${kib(FIRST_VIEW_MAX_BYTES)} allowed in a first view; style: ${kib(sizes.css)}`,
      );
      if (sizes.js > FIRST_VIEW_MAX_BYTES) throw new Error('the script is larger than a first view may be');
    },
  };
}

export default defineConfig({
  root: 'ui',
  // The page is served under a policy without inline script, so everything is a file of our own.
  build: {
    outDir: '../dist/ui',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [printSizes()],
  server: {
    proxy: { '/api': 'http://localhost:3000', '/drain': 'http://localhost:3000' },
  },
});
