/** The dashboard's files in dist/ui: built when they are missing or older than their sources. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
/** What goes into the build. */
const SOURCES = ['ui', 'api/contract', 'model', 'vite.config.ts', 'package-lock.json'];

/** Builds if need be and gives what a person should know; empty when nothing had to be done. Throws when it fails. */
export function ensureUiBuilt(): string {
  const built = join(PROJECT, 'dist/ui/index.html');
  if (existsSync(built) && newestMs(SOURCES.map((path) => join(PROJECT, path))) <= statSync(built).mtimeMs)
    return '';
  const vite = join(PROJECT, 'node_modules/vite/bin/vite.js');
  if (!existsSync(vite)) {
    // A pruned installation keeps what its build made.
    if (existsSync(built)) return '';
    throw new Error(
      'The dashboard is not built and its build tool is not installed: run "npm ci && npm run build".',
    );
  }
  const { status, stderr } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'error'], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The dashboard could not be built:\n${stderr}`);
  return 'Dashboard: built.';
}

function newestMs(paths: string[]): number {
  let newest = 0;
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const stat = statSync(path);
    if (stat.isDirectory())
      newest = Math.max(newest, newestMs(readdirSync(path).map((name) => join(path, name))));
    else newest = Math.max(newest, stat.mtimeMs);
  }
  return newest;
}
