import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_FOLDER } from './settings.ts';

/** What the built pages are made from. */
const SOURCES = ['ui/**/*', 'api/contract/**/*', 'model/**/*', 'vite.config.ts', 'package-lock.json'];
const BUILT = join('dist', 'ui', 'index.html');

/** Whether the pages in `folder` are there and newer than everything they are made from. */
export function isUiBuilt(folder: string): boolean {
  const built = statSync(join(folder, BUILT), { throwIfNoEntry: false });
  if (built === undefined) return false;
  const changed = globSync(SOURCES, { cwd: folder }).filter((name) => !/\.test\.tsx?$/.test(name));
  return changed.every((name) => statSync(join(folder, name)).mtimeMs <= built.mtimeMs);
}

/** Before `npm start` and `npm run demo`: builds the pages unless that is done. Gives the exit status. */
function buildUi(folder: string): number {
  if (isUiBuilt(folder)) return 0;
  const vite = join(folder, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(vite)) {
    // Installed without development packages: what was built before is used, or the API runs alone.
    const said = existsSync(join(folder, BUILT))
      ? 'the built pages are used'
      : 'there are no pages: run npm ci, then npm run build';
    process.stderr.write(`Vite is not installed; ${said}.\n`);
    return 0;
  }
  process.stderr.write('Building the pages …\n');
  const run = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'error'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (run.status !== 0) process.stderr.write(`${run.stdout}${run.stderr}`);
  return run.status ?? 1;
}

if (import.meta.main) process.exitCode = buildUi(PROJECT_FOLDER);
