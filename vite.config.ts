/** Builds ui/ into dist/ui and prints what a first view costs to load. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** UX.md: the first view stays under this many bytes of compressed script. */
const FIRST_VIEW_MAX_BYTES = 100 * 1024;

/** A chunk of script: its compressed size, what it needs at once, and what it fetches when a page is opened. */
interface Chunk {
  bytes: number;
  imports: string[];
  pages: string[];
  isEntry: boolean;
}

/** Bytes that come with a chunk: itself and everything it imports. */
function closure(chunks: ReadonlyMap<string, Chunk>, name: string, into = new Set<string>()): Set<string> {
  if (into.has(name)) return into;
  into.add(name);
  for (const other of chunks.get(name)?.imports ?? []) closure(chunks, other, into);
  return into;
}

/** The entry with the dearest of its pages, bytes. */
function firstView(chunks: ReadonlyMap<string, Chunk>): number {
  const sum = (names: Set<string>) =>
    [...names].reduce((bytes, name) => bytes + (chunks.get(name)?.bytes ?? 0), 0);
  let most = 0;
  for (const [name, { isEntry, pages }] of chunks) {
    if (!isEntry) continue;
    for (const page of [name, ...pages]) {
      most = Math.max(most, sum(closure(chunks, page, closure(chunks, name))));
    }
  }
  return most;
}

/** After the build: what the dearest first view costs compressed, and its bound. */
function printSizes(): Plugin {
  const chunks = new Map<string, Chunk>();
  let styleBytes = 0;
  return {
    name: 'drainboard-sizes',
    apply: 'build',
    writeBundle({ dir = '' }, bundle) {
      for (const [name, part] of Object.entries(bundle)) {
        const bytes = gzipSync(readFileSync(join(dir, name)), { level: 9 }).length;
        if (name.endsWith('.css')) styleBytes += bytes;
        if (part.type !== 'chunk') continue;
        const { imports, dynamicImports: pages, isEntry } = part;
        chunks.set(name, { bytes, imports, pages, isEntry });
      }
    },
    closeBundle() {
      const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
      const first = firstView(chunks);
      const all = [...chunks.values()].reduce((sum, { bytes }) => sum + bytes, 0);
      console.log(
        `script of a first view, gzip: ${kib(first)} of ${kib(FIRST_VIEW_MAX_BYTES)} allowed; of all pages: ${kib(all)}; style: ${kib(styleBytes)}`,
      );
      if (first === 0) throw new Error('no script was found');
      if (first > FIRST_VIEW_MAX_BYTES) throw new Error('the script is larger than a first view may be');
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
